/** Maximum over windows with symmetric padding, as in PyTorch; tfjs knows no explicit padding here. */
import type { NativeOpAttr } from '../engine.js';
import * as tf from '../tf.js';
import { rawOps, type Attributes } from './raw.js';

export interface MaxPoolOptions {
  /** Rows and columns of a window. */
  readonly size: number;
  readonly stride: number;
  /** Rows and columns on each side that never are the maximum (minus infinity); at most half the size. */
  readonly padding: number;
}

/** Lower than every activation, and finite: a gradient times minus infinity would be NaN. */
const LOWEST = -3.4e38;

function checkPadding({ size, padding }: MaxPoolOptions): void {
  if (padding > size / 2) {
    throw new Error(`Max-pool: padding ${padding} is more than half the window of ${size}.`);
  }
}

/** The plain twin of {@link maxPool}. */
export function maxPoolPlain(x: tf.Tensor4D, options: MaxPoolOptions): tf.Tensor4D {
  const { size, stride, padding } = options;
  checkPadding(options);
  const sides: [number, number] = [padding, padding];
  const padded = padding === 0 ? x : tf.pad(x, [[0, 0], sides, sides, [0, 0]], LOWEST);
  return tf.maxPool(padded, size, stride, 'valid');
}

function poolAttributes(attributes: Attributes, { size, stride, padding }: MaxPoolOptions): NativeOpAttr[] {
  return [
    attributes.type('T', 'float32'),
    attributes.int('ksize', [1, size, size, 1]),
    attributes.int('strides', [1, stride, stride, 1]),
    attributes.string('padding', padding === 0 ? 'VALID' : 'EXPLICIT'),
    attributes.int(
      'explicit_paddings',
      padding === 0 ? [] : [0, 0, padding, padding, padding, padding, 0, 0],
    ),
    attributes.string('data_format', 'NHWC'),
  ];
}

/**
 * The maximum over windows of `size` x `size`; where values tie, the first gets the gradient.
 *
 * @param x - `[batch, height, width, channels]`
 * @returns `[batch, floor((height + 2 padding - size) / stride) + 1, ..., channels]`
 */
export function maxPool(x: tf.Tensor4D, options: MaxPoolOptions): tf.Tensor4D {
  const raw = rawOps();
  if (raw === null) return maxPoolPlain(x, options);
  checkPadding(options);
  const { op } = raw;
  const attributes = poolAttributes(raw.attributes, options);
  const pool = tf.customGrad((...args) => {
    const [input, save] = args as unknown as [tf.Tensor4D, tf.GradSaveFunc];
    const value = op('MaxPool', attributes, [input]);
    save([input, value]);
    return {
      value,
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => op('MaxPoolGrad', attributes, [...saved, dy]),
    };
  });
  return pool(x) as tf.Tensor4D;
}
