/**
 * The gradient of a convolution by its input, as a convolution of `dy`: TensorFlow's own op for it takes two to nine times
 * as long as a convolution of the same size on a CPU. A GPU's is as fast, and is left as it is.
 */
import { nativeBackend } from '../engine.js';
import * as tf from '../tf.js';
import { convolutionAttributes } from './conv2d-attributes.js';
import { rawOps } from './raw.js';

interface Options {
  readonly stride: number;
  readonly padding: number;
}

/** Channels from which the detour by sub-pixels is worth it: it multiplies zeros in 7 of 16 places. */
const SUB_PIXEL_CHANNELS = 128;

/** The filter `[rows, columns, in, out]` turned by 180 degrees, with its channels changed over. */
export function turnedFilter(filter: tf.Tensor4D): tf.Tensor4D {
  const [rows, columns] = filter.shape;
  const turned = rows === 1 && columns === 1 ? filter : tf.reverse(filter, [0, 1]);
  return tf.transpose(turned, [0, 1, 3, 2]);
}

/**
 * The filter by which the gradient at stride 2 is a convolution at stride 1, for 3 x 3 filters with padding 1.
 *
 * Even rows of the input meet the middle row of the filter, at one row of `dy`; odd rows meet its last row there and its
 * first row one further down; likewise for columns. So `[3, 3, in, out]` becomes `[2, 2, out, 4 in]`: two rows and columns
 * of `dy` for each of the four kinds of pixels, with zeros where a kind does not see one.
 */
export function subPixelFilter(filter: tf.Tensor4D): tf.Tensor4D {
  const [, , inputs, outputs] = filter.shape;
  /** Places 1, 2, none, 0 along an axis: (first of dy: even, odd), (second of dy: even, odd). */
  const spread = (x: tf.Tensor4D, axis: 0 | 1): tf.Tensor4D => {
    const parts = tf.split(x, 3, axis) as [tf.Tensor4D, tf.Tensor4D, tf.Tensor4D];
    return tf.concat([parts[1], parts[2], tf.zerosLike(parts[0]), parts[0]], axis);
  };
  const places = tf.reshape(spread(spread(filter, 0), 1), [2, 2, 2, 2, inputs, outputs]);
  return tf.reshape(tf.transpose(places, [0, 2, 5, 1, 3, 4]), [2, 2, outputs, 4 * inputs]);
}

function isSubPixel(
  [, height = 0, width = 0]: readonly number[],
  filter: tf.Tensor4D,
  { stride, padding }: Options,
) {
  const [rows, columns, inputs] = filter.shape;
  const fits = rows === 3 && columns === 3 && stride === 2 && padding === 1;
  return fits && height % 2 === 0 && width % 2 === 0 && inputs >= SUB_PIXEL_CHANNELS;
}

/**
 * The gradient by the input, `[batch, height, width, in]`, or null where no convolution gives it any faster.
 *
 * @param shape - the input's shape
 * @param filter - `[rows, columns, in, out]`
 * @param dy - the gradient by the output
 */
export function convolvedInputGradient(
  shape: readonly number[],
  filter: tf.Tensor4D,
  dy: tf.Tensor,
  options: Options,
): tf.Tensor | null {
  const raw = rawOps();
  if (raw === null || nativeBackend()?.binding.isUsingGpuDevice() === true) return null;
  const { op, attributes } = raw;
  const [rows, columns] = filter.shape;
  if (options.stride === 1 && rows === columns && options.padding < rows) {
    const full = convolutionAttributes(attributes, { stride: 1, padding: rows - 1 - options.padding });
    return op('Conv2D', full, [dy, turnedFilter(filter)]);
  }
  if (!isSubPixel(shape, filter, options)) return null;
  const below = convolutionAttributes(attributes, { stride: 1, padding: [0, 1] });
  return tf.depthToSpace(op('Conv2D', below, [dy, subPixelFilter(filter)]) as tf.Tensor4D, 2);
}
