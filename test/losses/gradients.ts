/** Gradients of losses of two matrices, beside finite differences of loops. */
import * as tf from '../../src/tensorflow/tf.js';
import { finiteDifferences, largestGap, matrix, type Rows } from './reference.js';

type Loss = (first: tf.Tensor2D, second: tf.Tensor2D) => tf.Scalar;
type Loop = (first: Rows, second: Rows) => number;

/** The largest gap between gradient and finite differences, for either argument, relative to the largest difference. */
export function gradientGap(loss: Loss, loop: Loop, first: Rows, second: Rows): number {
  const gradients = tf.tidy(() =>
    tf
      .grads((a, b) => loss(a as tf.Tensor2D, b as tf.Tensor2D))([matrix(first), matrix(second)])
      .map((gradient) => Array.from(gradient.dataSync())),
  );
  const expected = [
    finiteDifferences((rows) => loop(rows, second), first),
    finiteDifferences((rows) => loop(first, rows), second),
  ];
  const scale = Math.max(...expected.flat().map(Math.abs));
  if (!(scale > 1e-3)) throw new Error('The gradient is too small to compare anything with it.');
  return Math.max(...expected.map((values, i) => largestGap(gradients[i] ?? [], values))) / scale;
}
