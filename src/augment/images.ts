/**
 * Images as the augmentations see them.
 *
 * Outside: `[n, height, width, 3]`, float32, red, green and blue from 0 to 1. Inside, between two augmentations: *planes*,
 * `[n, 3, height * width]`, each channel of an image in one piece, from 0 to {@link WHITE}. TensorFlow clamps to 0..6 in
 * one pass over memory (Relu6) and to any other range in two, and what weighs channels works on long rows of planes but
 * on rows of three otherwise.
 */
import type { InputSpec } from '../tensorflow/compile.js';
import { unpackBytes } from '../tensorflow/kernels/unpack-bytes.js';
import * as tf from '../tensorflow/tf.js';

/** The intensity in planes that is 1 in images. */
export const WHITE = 6;

export const CHANNELS = 3;

/** Weights of red, green and blue in the grey of an image, as torchvision has them (their sum is 0.9999). */
export const GREY = [0.2989, 0.587, 0.114] as const;

/** Height and width in pixels. */
export interface ImageSize {
  readonly height: number;
  readonly width: number;
}

/** Inputs of an augmentation by name: what a program must be given. */
export type InputSpecs = Readonly<Record<string, InputSpec>>;

/** @throws RangeError unless the images are `[n, height, width, 3]` in float32, and of this size where one is given. */
export function checkImages(images: tf.Tensor, who: string, size?: ImageSize): void {
  const [, height, width, channels] = images.shape;
  const right = size === undefined || (height === size.height && width === size.width);
  if (images.rank === 4 && channels === CHANNELS && images.dtype === 'float32' && right) return;
  const wanted = `[n, ${size?.height ?? 'height'}, ${size?.width ?? 'width'}, 3]`;
  throw new RangeError(
    `${who}: the images are ${images.dtype} [${images.shape.join(', ')}], but must be float32 ${wanted} with values ` +
      'from 0 to 1. Convert bytes with imagesFromBytes, and give grey images three equal channels.',
  );
}

export function checkSize(size: ImageSize, what: string): void {
  const { height, width } = size;
  if (![height, width].every((side) => Number.isInteger(side) && side > 0)) {
    throw new RangeError(`${what} is ${height} x ${width} pixels; give two whole numbers above 0.`);
  }
}

export function checkProbability(p: number, what: string): void {
  if (!(p >= 0 && p <= 1)) throw new RangeError(`${what} has probability ${p}; give a number from 0 to 1.`);
}

/** @throws RangeError unless `from <= to` are both within the bounds. */
export function checkInterval(
  [from, to]: readonly [number, number],
  [least, most]: readonly [number, number],
  what: string,
): void {
  if (from >= least && from <= to && to <= most) return;
  throw new RangeError(
    `${what} is from ${from} to ${to}; give two numbers in order` +
      (most === Infinity ? `, at least ${least}.` : `, from ${least} to ${most}.`),
  );
}

/**
 * Images from bytes, `x / 255`.
 *
 * @param bytes - int32 `[n, height, width, 3]` with values from 0 to 255.
 * @returns float32 `[n, height, width, 3]` from 0 to 1
 */
export function imagesFromBytes(bytes: tf.Tensor4D): tf.Tensor4D {
  return tf.mul<tf.Tensor4D>(tf.cast(bytes, 'float32'), 1 / 255);
}

/**
 * Images from bytes that lie four to an int32, as {@link packBytes} puts them: a quarter of the memory, and of what
 * crosses from JavaScript to TensorFlow.
 *
 * @param words - int32 `[n, height * width * 3 / 4]`
 * @returns float32 `[n, height, width, 3]` from 0 to 1
 */
export function imagesFromWords(words: tf.Tensor2D, { height, width }: ImageSize): tf.Tensor4D {
  const [count, length] = words.shape;
  if (length * 4 !== height * width * CHANNELS) {
    throw new RangeError(
      `Images of ${height} x ${width} pixels have ${height * width * CHANNELS} bytes, but ${length} words of four bytes ` +
        'were given for each. Pack whole images, and give the size that they have.',
    );
  }
  return tf.mul<tf.Tensor4D>(tf.reshape(unpackBytes(words), [count, height, width, CHANNELS]), 1 / 255);
}

/**
 * The same bytes, read four to an int32 (little-endian, as every machine that TensorFlow is built for): no copy where
 * the bytes begin at a multiple of four.
 *
 * @throws RangeError when their number is no multiple of four.
 */
export function packBytes(bytes: Uint8Array): Int32Array {
  if (bytes.length % 4 !== 0) {
    throw new RangeError(
      `${bytes.length} bytes are no whole number of int32; an image must fill its last word.`,
    );
  }
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice();
  return new Int32Array(aligned.buffer, aligned.byteOffset, aligned.length / 4);
}

/** Planes of images: `[n, height, width, 3]` from 0 to 1 -> `[n, 3, height * width]` from 0 to {@link WHITE}. */
export function planesFromImages(images: tf.Tensor4D): tf.Tensor3D {
  const [count, height, width] = images.shape;
  const pixels = tf.reshape(images, [count, height * width, CHANNELS]);
  return tf.mul<tf.Tensor3D>(tf.transpose(pixels, [0, 2, 1]), WHITE);
}

/** Images of planes, with their intensities as they are: `[n, 3, height * width]` -> `[n, height, width, 3]`. */
export function imagesOfPlanes(planes: tf.Tensor3D, { height, width }: ImageSize): tf.Tensor4D {
  return tf.reshape(tf.transpose(planes, [0, 2, 1]), [planes.shape[0], height, width, CHANNELS]);
}

/** Images of planes: `[n, 3, height * width]` from 0 to {@link WHITE} -> `[n, height, width, 3]` from 0 to 1. */
export function imagesFromPlanes(planes: tf.Tensor3D, size: ImageSize): tf.Tensor4D {
  return tf.mul<tf.Tensor4D>(imagesOfPlanes(planes, size), 1 / WHITE);
}
