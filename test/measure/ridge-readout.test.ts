import { Matrix, solve } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import type { Regression } from '../../src/measure/readout.js';
import { fitRidge, RIDGE_PENALTIES } from '../../src/measure/ridge-readout.js';
import { gaussian, largestGap } from './helpers.js';

const weights = gaussian(1, 4, 2);

function regression(seed: number, rows: number, noise: number): Regression {
  const features = gaussian(seed, rows, 4);
  const targets = features
    .mmul(weights)
    .add(3)
    .add(gaussian(seed + 1, rows, 2).mul(noise));
  return { features, targets };
}

const squaredError =
  ({ targets }: Regression) =>
  (predictions: Matrix): number =>
    Matrix.sub(predictions, targets).norm('frobenius') ** 2;

describe('fitRidge', () => {
  it('solves the normal equations of both parts with the penalty it chose', () => {
    const [train, validation] = [regression(10, 12, 2), regression(20, 8, 2)];
    const found = fitRidge(train, validation, squaredError(validation));
    const x = new Matrix([...train.features.to2DArray(), ...validation.features.to2DArray()]);
    const y = new Matrix([...train.targets.to2DArray(), ...validation.targets.to2DArray()]);
    const [centre, level] = [x.mean('column'), y.mean('column')];
    const [xc, yc] = [x.clone().subRowVector(centre), y.clone().subRowVector(level)];
    const left = xc
      .transpose()
      .mmul(xc)
      .add(Matrix.eye(4).mul(20 * found.chosen));
    const w = solve(left, xc.transpose().mmul(yc));
    const probe = gaussian(30, 5, 4);
    const expected = probe.clone().subRowVector(centre).mmul(w).addRowVector(level);
    expect(largestGap(found.predict(probe).to1DArray(), expected.to1DArray())).toBeLessThan(1e-9);
  });

  it('chooses the penalty by the validation part: small for clean data, large for noise', () => {
    const clean = regression(2, 30, 0);
    expect(fitRidge(regression(1, 30, 0), clean, squaredError(clean)).chosen).toBe(RIDGE_PENALTIES[0]);
    const pure = (seed: number): Regression => ({
      features: gaussian(seed, 8, 4),
      targets: gaussian(seed + 1, 8, 2),
    });
    const held = { features: gaussian(60, 500, 4), targets: gaussian(61, 500, 2) };
    expect(fitRidge(pure(50), held, squaredError(held)).chosen).toBeGreaterThanOrEqual(1);
  });

  it('holds up when features are the same or missing altogether', () => {
    const { features, targets } = regression(3, 20, 0);
    const twice = { features: new Matrix(features.to2DArray().map((r) => [...r, ...r, 0])), targets };
    const found = fitRidge(twice, twice, squaredError(twice));
    expect(largestGap(found.predict(twice.features).to1DArray(), targets.to1DArray())).toBeLessThan(1e-3);
  });
});
