/** The images of test/golden/augment.py, and ways to compare with what it stored. */
import { expect } from 'vitest';
import * as tf from '../../src/tensorflow/tf.js';

/** Image `number` of the golden script, `[height, width, 3]` row-major, from 0 to 1. */
export function formulaImage(number: number, height: number, width: number): number[] {
  return formulaBytes(number, height, width).map((byte) => Math.fround(byte / 255));
}

export function formulaBytes(number: number, height: number, width: number): number[] {
  const bytes: number[] = [];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < 3; c++) {
        const k = number % 4 === 3 ? 0 : c;
        const value = (3 * x * x + 7 * y * (k + 1) + x * y + 40 * number * (k + 1) + 31 * k) % 256;
        bytes.push(y === 0 && x < 8 ? 255 * ((x >> k) & 1) : value);
      }
    }
  }
  return bytes;
}

/** Images `first ... first + count - 1`: `[count, height, width, 3]`. */
export function formulaImages(first: number, count: number, height: number, width: number): tf.Tensor4D {
  const images = Array.from({ length: count }, (_, i) => formulaImage(first + i, height, width));
  return tf.tensor4d(images.flat(), [count, height, width, 3], 'float32');
}

/** The largest difference of two lists of one length. */
export function largestGap(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  expect(actual.length).toBe(expected.length);
  let worst = 0;
  for (let i = 0; i < expected.length; i++) {
    const gap = Math.abs((actual[i] ?? NaN) - (expected[i] ?? NaN));
    if (!(gap <= worst)) worst = gap;
  }
  return worst;
}

/** What the golden script stores of a distribution. */
export interface Spread {
  readonly count: number;
  readonly mean: number;
  readonly sd: number;
  readonly min: number;
  readonly max: number;
  readonly quantiles: readonly number[];
}

const AT = [0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99];

/**
 * Expects values to be drawn like those of a golden distribution: mean and standard deviation within five standard
 * errors of their difference, and of each quantile its place in our sample within five standard errors.
 *
 * @param step - 1 for whole numbers: a quantile then covers all that lies within one of it.
 */
export function expectSameSpread(values: ArrayLike<number>, golden: Spread, step: 0 | 1 = 0): void {
  const x = Float64Array.from(values).sort();
  const share = Math.sqrt(1 / x.length + 1 / golden.count);
  const mean = x.reduce((sum, v) => sum + v, 0) / x.length;
  const sd = Math.sqrt(x.reduce((sum, v) => sum + (v - mean) ** 2, 0) / (x.length - 1));
  expect(Math.abs(mean - golden.mean)).toBeLessThanOrEqual(5 * golden.sd * share);
  // The fourth moment of what is drawn here is at most about 9, so the error of an sd at most sqrt(2) of its own share.
  expect(Math.abs(sd - golden.sd)).toBeLessThanOrEqual(5 * Math.SQRT2 * golden.sd * share);
  AT.forEach((quantile, k) => {
    const value = golden.quantiles[k] ?? NaN;
    const error = 5 * share * Math.sqrt(quantile * (1 - quantile)) + 1e-9;
    const lower = x.filter((v) => v < value - step / 2 - 1e-5).length / x.length;
    const upper = x.filter((v) => v <= value + step / 2 + 1e-5).length / x.length;
    expect(lower).toBeLessThanOrEqual(quantile + error);
    expect(upper).toBeGreaterThanOrEqual(quantile - error);
  });
}
