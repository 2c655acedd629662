import { Matrix } from 'ml-matrix';
import { beforeAll, describe, expect, it } from 'vitest';
import { fitMlp, forward, initialState, WEIGHTS } from '../../src/measure/mlp-readout.js';
import type { Regression } from '../../src/measure/readout.js';
import { fitRidge } from '../../src/measure/ridge-readout.js';
import { startEngine } from '../../src/tensorflow/engine.js';
import * as tf from '../../src/tensorflow/tf.js';
import { gaussian, largestGap } from './helpers.js';

beforeAll(() => {
  startEngine();
});

const squaredError =
  ({ targets }: Regression) =>
  (predictions: Matrix): number =>
    Matrix.sub(predictions, targets).norm('frobenius') ** 2;

describe('fitMlp', () => {
  it('learns what no linear map can: the product of two features', () => {
    const product = (seed: number, rows: number): Regression => {
      const features = gaussian(seed, rows, 2);
      return { features, targets: new Matrix(features.to2DArray().map(([a = 0, b = 0]) => [a * b])) };
    };
    const [train, validation, test] = [product(1, 400), product(2, 100), product(3, 200)];
    const rms = (p: Matrix): number => Matrix.sub(p, test.targets).norm('frobenius') / Math.sqrt(200);
    const mlp = fitMlp(train, validation, squaredError(validation), 1);
    const ridge = fitRidge(train, validation, squaredError(validation));
    expect(rms(ridge.predict(test.features))).toBeGreaterThan(0.8);
    expect(rms(mlp.predict(test.features))).toBeLessThan(0.35);
  });

  it('stops when the validation part no longer improves, and keeps the best look', () => {
    const train = { features: gaussian(1, 20, 4), targets: gaussian(2, 20, 2) };
    const validation = { features: gaussian(3, 200, 4), targets: gaussian(4, 200, 2) };
    const scores: number[] = [];
    const criterion = (p: Matrix): number => {
      const score = squaredError(validation)(p);
      scores.push(score);
      return score;
    };
    const found = fitMlp(train, validation, criterion, 1);
    expect(scores.length).toBeLessThan(30);
    expect(found.chosen).toBe(20 * (scores.indexOf(Math.min(...scores)) + 1));
    expect(squaredError(validation)(found.predict(validation.features))).toBeCloseTo(Math.min(...scores), 3);
  });

  it("takes the steps of tfjs's own Adam", () => {
    const train = { features: gaussian(1, 20, 4), targets: gaussian(2, 20, 2) };
    const settings = { hidden: 5, learningRate: 0.05, maxSteps: 7, checkEvery: 7, patience: 1 };
    const found = fitMlp(train, train, () => 1, 3, settings);

    const initial = initialState(train, 5, 3);
    const variables = WEIGHTS.map((name) => {
      const { values, shape } = initial[name] ?? { values: [], shape: [] };
      return tf.variable(tf.tensor(values, [...shape]));
    });
    const [x, y] = [tf.tensor2d(train.features.to2DArray()), tf.tensor2d(train.targets.to2DArray())];
    const adam = tf.train.adam(0.05, 0.9, 0.999, 1e-8);
    const before = Array.from((forward(variables, x) as tf.Tensor2D).dataSync());
    for (let step = 0; step < 7; step++) {
      adam.minimize(() => tf.mean(tf.square(tf.sub(forward(variables, x), y))));
    }
    const after = forward(variables, x).dataSync();
    expect(largestGap(before, after)).toBeGreaterThan(0.1);
    expect(largestGap(found.predict(train.features).to1DArray(), after)).toBeLessThan(1e-4);
    expect(found.chosen).toBe(7);
  });
});
