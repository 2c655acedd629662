/** Random resized crop: a random part of an image, made the size of the output (torchvision's RandomResizedCrop). */
import type { RandomStream } from '../tensorflow/random.js';
import * as tf from '../tensorflow/tf.js';
import {
  CHANNELS,
  WHITE,
  checkImages,
  checkInterval,
  checkSize,
  imagesFromPlanes,
  type ImageSize,
  type InputSpecs,
} from './images.js';

export interface RandomResizedCropOptions {
  /** Size of the images that come in. */
  readonly image: ImageSize;
  /** Size of the images that go out. */
  readonly output: ImageSize;
  /** Least and greatest share of the image's area that is kept, above 0 and at most 1; before rounding to pixels. */
  readonly scale: readonly [number, number];
  /** Least and greatest width by height of what is kept. */
  readonly ratio: readonly [number, number];
}

/** For each image the rectangle that is kept, in pixels. */
export interface CropParameters {
  readonly top: Int32Array;
  readonly left: Int32Array;
  readonly height: Int32Array;
  readonly width: Int32Array;
}

/** Tries before the central part is taken. */
const TRIES = 10;

/** @throws RangeError for sizes that are no whole numbers, a scale outside ]0, 1] or a ratio that is not positive. */
export function checkRandomResizedCrop({ image, output, scale, ratio }: RandomResizedCropOptions): void {
  checkSize(image, 'Random resized crop: the image');
  checkSize(output, 'Random resized crop: the output');
  checkInterval(scale, [Number.MIN_VALUE, 1], 'Random resized crop: the scale (share of the area)');
  checkInterval(ratio, [Number.MIN_VALUE, Infinity], 'Random resized crop: the ratio (width / height)');
}

/** Rounds as Python does: halves go to the even neighbour. */
function roundHalfEven(value: number): number {
  const down = Math.floor(value);
  const rest = value - down;
  if (rest !== 0.5) return Math.round(value);
  return down % 2 === 0 ? down : down + 1;
}

type Rectangle = readonly [top: number, left: number, height: number, width: number];

/** The largest central rectangle whose ratio is allowed. */
function centralRectangle({ image, ratio }: RandomResizedCropOptions): Rectangle {
  const has = image.width / image.height;
  let { height, width } = image;
  if (has < ratio[0]) height = roundHalfEven(width / ratio[0]);
  else if (has > ratio[1]) width = roundHalfEven(height * ratio[1]);
  return [(image.height - height) >> 1, (image.width - width) >> 1, height, width];
}

function drawRectangle(random: RandomStream, options: RandomResizedCropOptions): Rectangle {
  const { image, scale, ratio } = options;
  const [low, high] = [Math.log(ratio[0]), Math.log(ratio[1])];
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const area = image.height * image.width * (scale[0] + (scale[1] - scale[0]) * random.uniform());
    const aspect = Math.exp(low + (high - low) * random.uniform());
    const width = roundHalfEven(Math.sqrt(area * aspect));
    const height = roundHalfEven(Math.sqrt(area / aspect));
    if (width > 0 && width <= image.width && height > 0 && height <= image.height) {
      const top = random.integer(image.height - height + 1);
      const left = random.integer(image.width - width + 1);
      return [top, left, height, width];
    }
  }
  return centralRectangle(options);
}

/**
 * Draws the rectangles of `count` images: the area uniform in `scale`, the logarithm of the ratio uniform, both sides
 * rounded to pixels, the place uniform; drawn anew, at most ten times, while the rectangle is larger than the image.
 *
 * @throws RangeError as {@link checkRandomResizedCrop}.
 */
export function drawRandomResizedCrop(
  random: RandomStream,
  count: number,
  options: RandomResizedCropOptions,
): CropParameters {
  checkRandomResizedCrop(options);
  const [top, left, height, width] = Array.from({ length: 4 }, () => new Int32Array(count)) as [
    Int32Array,
    Int32Array,
    Int32Array,
    Int32Array,
  ];
  for (let i = 0; i < count; i++) {
    [top[i], left[i], height[i], width[i]] = drawRectangle(random, options) as [
      number,
      number,
      number,
      number,
    ];
  }
  return { top, left, height, width };
}

/**
 * Writes the weights by which one axis is cropped and resized: `out[i] = sum_j weight[i, j] in[j]`.
 *
 * The weights are those of PIL and of torchvision with `antialias=True`: a triangle about the centre of the output pixel,
 * one input pixel to each side, or as many as an output pixel covers where the crop is larger than the output; pixels
 * outside the crop have no part in it.
 */
function writeAxisWeights(
  weights: Float32Array,
  offset: number,
  sizes: { readonly from: number; readonly to: number },
  crop: { readonly start: number; readonly length: number },
  { flipped, factor }: { readonly flipped: boolean; readonly factor: number },
): void {
  const scale = crop.length / sizes.to;
  const reach = Math.max(scale, 1);
  for (let i = 0; i < sizes.to; i++) {
    const centre = scale * (i + 0.5);
    const first = Math.max(Math.floor(centre - reach + 0.5), 0);
    const end = Math.min(Math.floor(centre + reach + 0.5), crop.length);
    let total = 0;
    for (let j = first; j < end; j++) total += Math.max(0, 1 - Math.abs(j + 0.5 - centre) / reach);
    const row = offset + (flipped ? sizes.to - 1 - i : i) * sizes.from + crop.start;
    for (let j = first; j < end; j++) {
      weights[row + j] = (Math.max(0, 1 - Math.abs(j + 0.5 - centre) / reach) * factor) / total;
    }
  }
}

/** The inputs by which rectangles enter a program. */
export function randomResizedCropInputs(
  count: number,
  { image, output }: RandomResizedCropOptions,
): InputSpecs {
  return {
    cropRows: { shape: [count, output.height, image.height], dtype: 'float32' },
    cropColumns: { shape: [count, output.width, image.width], dtype: 'float32' },
  };
}

/**
 * Values of the inputs: for each image and axis the matrix that crops and resizes it.
 *
 * @param flipped - images whose result is to be mirrored (not 0), for nothing more than the order of a matrix's rows.
 */
export function randomResizedCropValues(
  { top, left, height, width }: CropParameters,
  { image, output }: RandomResizedCropOptions,
  flipped?: Uint8Array,
): Record<'cropRows' | 'cropColumns', Float32Array> {
  const count = top.length;
  const cropRows = new Float32Array(count * output.height * image.height);
  const cropColumns = new Float32Array(count * output.width * image.width);
  const rows = { from: image.height, to: output.height };
  const columns = { from: image.width, to: output.width };
  for (let i = 0; i < count; i++) {
    const [start = 0, length = 0] = [top[i], height[i]];
    writeAxisWeights(
      cropRows,
      i * rows.from * rows.to,
      rows,
      { start, length },
      { flipped: false, factor: WHITE },
    );
    writeAxisWeights(
      cropColumns,
      i * columns.from * columns.to,
      columns,
      { start: left[i] ?? 0, length: width[i] ?? 0 },
      { flipped: flipped?.[i] === 1, factor: 1 },
    );
  }
  return { cropRows, cropColumns };
}

/** The tensors that {@link randomResizedCropInputs} describes. */
export interface CropTensors {
  readonly cropRows: tf.Tensor3D;
  readonly cropColumns: tf.Tensor3D;
}

/**
 * Crops and resizes into planes: two batched products, ordered so that the second leaves the channels apart.
 *
 * @param images - `[n, height, width, 3]` from 0 to 1
 * @returns planes `[n, 3, height' * width']`
 */
export function cropToPlanes(images: tf.Tensor4D, { cropRows, cropColumns }: CropTensors): tf.Tensor3D {
  const [count, height, width] = images.shape;
  const [, rows] = cropRows.shape;
  const [, columns] = cropColumns.shape;
  checkImages(images, 'Random resized crop', {
    height: cropRows.shape[2],
    width: cropColumns.shape[2],
  });
  // [n, y, (x c)] -> [n, (x c), y'] = [n, x, (c y')] -> [n, (c y'), x']
  const lines = tf.reshape(images, [count, height, width * CHANNELS]);
  const resized = tf.matMul(lines, cropRows, true, true);
  const turned = tf.reshape(resized, [count, width, CHANNELS * rows]);
  return tf.reshape(tf.matMul(turned, cropColumns, true, true), [count, CHANNELS, rows * columns]);
}

/**
 * Crops and resizes images by given rectangles.
 *
 * @param images - `[n, height, width, 3]` from 0 to 1
 * @returns `[n, height', width', 3]`
 */
export function applyRandomResizedCrop(images: tf.Tensor4D, tensors: CropTensors): tf.Tensor4D {
  const [height, width] = [tensors.cropRows.shape[1], tensors.cropColumns.shape[1]];
  return imagesFromPlanes(cropToPlanes(images, tensors), { height, width });
}
