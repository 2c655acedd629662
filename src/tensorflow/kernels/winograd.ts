/**
 * Convolutions with 3 x 3 filters at stride 1 and their gradients after Winograd, as ops of our own
 * (`setup/native/conv-winograd.cc`): a quarter of the multiplications, at a third to a half of the time of TensorFlow's.
 *
 * The filter is brought to its frequencies by an op of its own, since all views of a step share it: identical ops of a
 * recording become one.
 */
import * as tf from '../tf.js';
import { hasOwnOp, rawOps, type RawOp } from './raw.js';

const FILTER = 'CareWinogradFilter';
const CONVOLUTION = 'CareWinogradConv2D';
const FILTER_GRADIENT = 'CareWinogradFilterGradient';

/** Multiples of it fill the panels of the ops on any processor; other numbers of channels are left to TensorFlow. */
const PANEL = 16;

/**
 * Rows and columns of a tile of the output. Where the output is smaller, most of what a tile computes is thrown away, and
 * what is left is a small difference of large terms, with their rounding errors.
 */
const TILE = 4;

function raw() {
  const ops = rawOps();
  if (ops === null) throw new Error('Winograd convolution: there is no native backend.');
  return ops;
}

function transformed(op: RawOp, filter: tf.Tensor, turned: boolean): tf.Tensor {
  return op(FILTER, [raw().attributes.int('turned', turned ? 1 : 0)], [filter]);
}

function isThere(): boolean {
  return hasOwnOp(FILTER, (op) => tf.tidy(() => transformed(op, tf.zeros([3, 3, PANEL, PANEL]), false)));
}

/**
 * Whether the ops are there and take this convolution.
 *
 * @param x - its input, `[batch, height, width, in]`
 * @param filter - `[rows, columns, in, out]`
 */
export function hasWinograd(
  { shape: [, height = 0, width = 0] }: { readonly shape: readonly number[] },
  { shape: [rows, columns, inputs = 1, outputs = 1] }: { readonly shape: readonly number[] },
  { stride, padding }: { readonly stride: number; readonly padding: number },
): boolean {
  const fits = rows === 3 && columns === 3 && stride === 1 && padding <= 2;
  const fillsTiles = Math.min(height, width) + 2 * padding - 2 >= TILE;
  return fits && fillsTiles && inputs % PANEL === 0 && outputs % PANEL === 0 && isThere();
}

function convolution(x: tf.Tensor, filter: tf.Tensor, outputs: number, padding: number): tf.Tensor {
  const { op, attributes } = raw();
  return op(
    CONVOLUTION,
    [attributes.int('outputs', outputs), attributes.int('padding', padding)],
    [x, filter],
  );
}

/**
 * The convolution `[batch, height + 2 padding - 2, width + 2 padding - 2, out]` of `x`, `[batch, height, width, in]`, with
 * `filter`, `[3, 3, in, out]`. Rounding errors are about twice those of a direct sum of float32 numbers.
 */
export function winogradConv2d(x: tf.Tensor, filter: tf.Tensor4D, padding: number): tf.Tensor {
  return convolution(x, transformed(raw().op, filter, false), filter.shape[3], padding);
}

/** The gradient by the input: the convolution of `dy`, the gradient by the output, with the turned filter. */
export function winogradInputGradient(dy: tf.Tensor, filter: tf.Tensor4D, padding: number): tf.Tensor {
  return convolution(dy, transformed(raw().op, filter, true), filter.shape[2], 2 - padding);
}

/**
 * The gradient by the filter, `[3, 3, in, out]`, of the convolution of `x` whose output has the gradient `dy`. It sums in
 * an order that does not depend on the number of threads.
 */
export function winogradFilterGradient(x: tf.Tensor, dy: tf.Tensor, padding: number): tf.Tensor {
  const { op, attributes } = raw();
  return op(FILTER_GRADIENT, [attributes.int('padding', padding)], [x, dy]);
}
