/**
 * Two-dimensional convolution with symmetric padding, as in PyTorch, and its two gradients, one TensorFlow op each.
 *
 * tfjs offers explicit padding forwards only; its gradient refuses it, and padding with a separate op copies every
 * activation.
 */
import * as tf from '../tf.js';
import { convolvedInputGradient } from './conv2d-input-gradient.js';
import { hasOwnFilterGradient, ownFilterGradient } from './conv2d-filter-gradient.js';
import { convolutionAttributes } from './conv2d-attributes.js';
import { rawOps } from './raw.js';
import { hasWinograd, winogradConv2d, winogradFilterGradient, winogradInputGradient } from './winograd.js';

export interface Conv2dOptions {
  /** Step of the filter in both directions; 1 or more. */
  readonly stride: number;
  /** Rows and columns of zeros on each of the four sides. */
  readonly padding: number;
  /**
   * Whether the gradient with respect to the input can be asked for; yes where left out. A network's first layer has no
   * use for it, and would compute it nevertheless.
   */
  readonly inputGradient?: boolean;
}

/** Length of an axis after a convolution or pooling: `floor((length + 2 padding - size) / stride) + 1`. */
export function outputLength(length: number, size: number, stride: number, padding: number): number {
  return Math.floor((length + 2 * padding - size) / stride) + 1;
}

function checkShapes(x: tf.Tensor4D, filter: tf.Tensor4D, { stride, padding }: Conv2dOptions): void {
  const [, height, width, channels] = x.shape;
  const [rows, columns, inputs] = filter.shape;
  if (channels !== inputs) {
    throw new Error(`Conv2d: the input has ${channels} channels; the filter takes ${inputs}.`);
  }
  if (outputLength(height, rows, stride, padding) < 1 || outputLength(width, columns, stride, padding) < 1) {
    throw new Error(
      `Conv2d: an input of ${height} x ${width} with padding ${padding} is smaller than the ${rows} x ${columns} filter.`,
    );
  }
}

/** The plain twin of {@link conv2d}. */
export function conv2dPlain(x: tf.Tensor4D, filter: tf.Tensor4D, options: Conv2dOptions): tf.Tensor4D {
  const { stride, padding } = options;
  checkShapes(x, filter, options);
  const padded = zeroPadded(x, padding);
  if (isSampling(filter, options)) return tf.conv2d(sampled(padded, stride), filter, 1, 'valid');
  return tf.conv2d(padded, filter, stride, 'valid');
}

function zeroPadded(x: tf.Tensor4D, padding: number): tf.Tensor4D {
  const sides: [number, number] = [padding, padding];
  return padding === 0 ? x : tf.pad(x, [[0, 0], sides, sides, [0, 0]]);
}

/** Whether a filter of one pixel only looks at every `stride`-th row and column. */
function isSampling({ shape: [rows, columns] }: tf.Tensor4D, { stride }: Conv2dOptions): boolean {
  return rows === 1 && columns === 1 && stride > 1;
}

/** Every `stride`-th row and column, by ops of which tfjs knows the gradients (it has none of `stridedSlice`). */
function sampled(x: tf.Tensor4D, stride: number): tf.Tensor4D {
  const [batch, height, width, channels] = x.shape;
  const rows = outputLength(height, 1, stride, 0);
  const columns = outputLength(width, 1, stride, 0);
  const padded = tf.pad(x, [
    [0, 0],
    [0, rows * stride - height],
    [0, columns * stride - width],
    [0, 0],
  ]);
  const firstOf = (t: tf.Tensor, count: number, length: number) =>
    tf.slice(tf.reshape(t, [count, stride, length]), [0, 0, 0], [count, 1, length]);
  const chosenRows = firstOf(padded, batch * rows, columns * stride * channels);
  return tf.reshape(firstOf(chosenRows, batch * rows * columns, channels), [batch, rows, columns, channels]);
}

/**
 * Two-dimensional convolution without bias (cross-correlation, as in every deep-learning library).
 *
 * @param x - `[batch, height, width, in]`
 * @param filter - `[rows, columns, in, out]`, TensorFlow's layout; PyTorch keeps `[out, in, rows, columns]`
 * @returns `[batch, floor((height + 2 padding - rows) / stride) + 1, ..., out]`
 * @throws Error when channels differ or the padded input is smaller than the filter.
 */
export function conv2d(x: tf.Tensor4D, filter: tf.Tensor4D, options: Conv2dOptions): tf.Tensor4D {
  const raw = rawOps();
  if (raw === null) return conv2dPlain(x, filter, options);
  checkShapes(x, filter, options);
  const { op } = raw;
  const attributes = convolutionAttributes(raw.attributes, options);
  const winograd = hasWinograd(x, filter, options);
  const value = (input: tf.Tensor, weights: tf.Tensor4D): tf.Tensor =>
    winograd ? winogradConv2d(input, weights, options.padding) : op('Conv2D', attributes, [input, weights]);
  const inputGradient = (input: tf.Tensor, weights: tf.Tensor4D, dy: tf.Tensor): tf.Tensor => {
    if (winograd) return winogradInputGradient(dy, weights, options.padding);
    const convolved = convolvedInputGradient(input.shape, weights, dy, options);
    if (convolved !== null) return convolved;
    return op('Conv2DBackpropInput', attributes, [tf.tensor1d(input.shape, 'int32'), weights, dy]);
  };
  const filterGradient = (input: tf.Tensor, dy: tf.Tensor) => {
    if (winograd) return winogradFilterGradient(input, dy, options.padding);
    if (hasOwnFilterGradient(filter, options)) return ownFilterGradient(input, dy, filter, options);
    const filterShape = tf.tensor1d(filter.shape, 'int32');
    if (!isSampling(filter, options)) return op('Conv2DBackpropFilter', attributes, [input, filterShape, dy]);
    // oneDNN's own sampling for this gradient goes beyond its memory where rows or columns are left over at the end:
    // TensorFlow 2.21 then crashes now and then, e.g. for 12 x 6 images of 5 channels with stride 2.
    const { stride, padding } = options;
    const padded = zeroPadded(input as tf.Tensor4D, padding);
    const chosen = tf.stridedSlice(padded, [0, 0, 0, 0], padded.shape, [1, stride, stride, 1]);
    const plain = convolutionAttributes(raw.attributes, { stride: 1, padding: 0 });
    return op('Conv2DBackpropFilter', plain, [chosen, filterShape, dy]);
  };

  if (options.inputGradient === false) {
    const ofFilter = tf.customGrad((...args) => {
      const [weights, save] = args as unknown as [tf.Tensor4D, tf.GradSaveFunc];
      save([x]);
      return {
        value: value(x, weights),
        gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => filterGradient(saved[0] as tf.Tensor, dy),
      };
    });
    return ofFilter(filter) as tf.Tensor4D;
  }
  const convolution = tf.customGrad((...args) => {
    const [input, weights, save] = args as unknown as [tf.Tensor4D, tf.Tensor4D, tf.GradSaveFunc];
    save([input, weights]);
    return {
      value: value(input, weights),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const [savedInput, savedWeights] = saved as [tf.Tensor, tf.Tensor4D];
        return [inputGradient(savedInput, savedWeights, dy), filterGradient(savedInput, dy)];
      },
    };
  });
  return convolution(x, filter) as tf.Tensor4D;
}
