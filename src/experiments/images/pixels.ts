/** How pixels come to the device: as bytes, four to an int32, once for a whole data set or with each batch. */
import { CHANNELS, imagesFromWords, packBytes, type ImageSize } from '../../augment/images.js';
import type { DataSet } from '../../data/data-set.js';
import type { InputSpec, Tensors } from '../../tensorflow/compile.js';
import { gatherRows } from '../../tensorflow/kernels/gather-rows.js';
import type { TensorDataMap } from '../../tensorflow/tensor-data.js';
import type * as tf from '../../tensorflow/tf.js';

/** Bytes of a data set up to which it lies on the device, so that a step is given numbers of images only. */
export const RESIDENT_LIMIT = 2 ** 30;

const PIXELS = 'data.pixels';

/** Int32 values that hold one image. */
function wordsOf({ height, width }: ImageSize): number {
  const bytes = height * width * CHANNELS;
  if (bytes % 4 !== 0) {
    throw new RangeError(
      `Images of ${height} x ${width} pixels have ${bytes} bytes, no multiple of 4; give an even size.`,
    );
  }
  return bytes / 4;
}

/** Where the images of a program's batches come from. */
export interface PixelSource {
  /** What the program keeps. */
  readonly frozen: TensorDataMap;
  /** The input of a function that takes `count` images. */
  readonly inputs: (count: number) => Readonly<Record<string, InputSpec>>;
  /** Its value for the images at `indices`. */
  readonly values: (indices: readonly number[]) => Record<string, Int32Array>;
  /** The images inside the function, `[count, height, width, 3]` from 0 to 1. */
  readonly images: (state: Tensors, inputs: Tensors) => tf.Tensor4D;
}

/** All images on the device. */
function residentPixels(data: DataSet): PixelSource {
  const all = packBytes(data.batch(Array.from({ length: data.length }, (_, i) => i)));
  return {
    frozen: { [PIXELS]: { shape: [data.length, wordsOf(data)], dtype: 'int32', values: all } },
    inputs: (count) => ({ indices: { shape: [count], dtype: 'int32' } }),
    values: (indices) => ({ indices: Int32Array.from(indices) }),
    images: (state, inputs) =>
      imagesFromWords(gatherRows(state[PIXELS] as tf.Tensor2D, inputs['indices'] as tf.Tensor1D), data),
  };
}

/** Images that are sent with each batch, as the function that takes them sees them. */
export function sentPixels(size: ImageSize): Pick<PixelSource, 'inputs' | 'images'> {
  return {
    inputs: (count) => ({ pixels: { shape: [count, wordsOf(size)], dtype: 'int32' } }),
    images: (_state, inputs) => imagesFromWords(inputs['pixels'] as tf.Tensor2D, size),
  };
}

/** Every batch read when it is needed. */
export function streamedPixels(data: DataSet): PixelSource {
  return {
    ...sentPixels(data),
    frozen: {},
    values: (indices) => ({ pixels: packBytes(data.batch(indices)) }),
  };
}

/**
 * The images on the device where they fit, else sent with each batch; both give the same numbers.
 *
 * @throws RangeError for images of an odd number of pixels, which fill no whole words.
 */
export function pixelSource(data: DataSet, limit = RESIDENT_LIMIT): PixelSource {
  const bytes = 4 * data.length * wordsOf(data);
  return bytes <= limit ? residentPixels(data) : streamedPixels(data);
}
