import { expect } from 'vitest';
import { randomStream } from '../../../src/tensorflow/random.js';
import * as tf from '../../../src/tensorflow/tf.js';

type TensorOf<S extends readonly number[]> = S extends readonly [number]
  ? tf.Tensor1D
  : S extends readonly [number, number]
    ? tf.Tensor2D
    : S extends readonly [number, number, number, number]
      ? tf.Tensor4D
      : tf.Tensor;

/** Standard normal values, the same for the same seed. */
export function normal<const S extends readonly number[]>(shape: S, seed: number): TensorOf<S> {
  const stream = randomStream(seed);
  const size = shape.reduce((a, b) => a * b, 1);
  return tf.tensor(Float32Array.from({ length: size }, stream.normal), [...shape]) as TensorOf<S>;
}

/** The largest difference, relative to the largest expected value where that is above 1. */
export function expectSame(actual: tf.Tensor, expected: tf.Tensor, tolerance = 1e-4): void {
  expect(actual.shape).toEqual(expected.shape);
  const worst = tf.max(tf.abs(tf.sub(actual, expected))).dataSync()[0] ?? NaN;
  const scale = Math.max(1, tf.max(tf.abs(expected)).dataSync()[0] ?? 0);
  expect(worst / scale).toBeLessThan(tolerance);
}

/** Values and gradients of `sum(weights * f(inputs))` by each input. */
export function gradients(
  f: (...inputs: tf.Tensor[]) => tf.Tensor,
  inputs: tf.Tensor[],
  weights: tf.Tensor,
): tf.Tensor[] {
  return tf.grads((...tensors: tf.Tensor[]) => tf.sum(tf.mul(f(...tensors), weights)))(inputs);
}

/**
 * Holds the gradients of `f` to central differences of `sum(weights * f)`, at a few places of each input.
 */
export function expectFiniteDifferences(
  f: (...inputs: tf.Tensor[]) => tf.Tensor,
  inputs: tf.Tensor[],
  weights: tf.Tensor,
  { step = 1e-2, tolerance = 2e-2 } = {},
): void {
  const found = gradients(f, inputs, weights).map((tensor) => tensor.dataSync());
  // Summed here in double precision: the difference of two float32 sums would be rounding.
  const fixed = weights.dataSync();
  const value = (tensors: tf.Tensor[]) =>
    Array.from(f(...tensors).dataSync()).reduce((sum, v, i) => sum + v * (fixed[i] ?? NaN), 0);
  inputs.forEach((input, which) => {
    const places = [0, Math.floor(input.size / 3), input.size - 1];
    for (const place of places) {
      const shifted = (by: number) => {
        const values = input.dataSync().slice();
        values[place] = (values[place] ?? NaN) + by;
        return value(inputs.map((other, i) => (i === which ? tf.tensor(values, input.shape) : other)));
      };
      const difference = (shifted(step) - shifted(-step)) / (2 * step);
      const gradient = found[which]?.[place] ?? NaN;
      expect(Math.abs(difference - gradient)).toBeLessThan(tolerance * Math.max(1, Math.abs(gradient)));
    }
  });
}
