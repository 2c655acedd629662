/** Gaussian blur with some probability: a separable kernel of few taps, mirrored at the border (torchvision's). */
import type { RandomStream } from '../tensorflow/random.js';
import * as tf from '../tensorflow/tf.js';
import {
  CHANNELS,
  checkImages,
  checkInterval,
  checkProbability,
  type ImageSize,
  type InputSpecs,
} from './images.js';

export interface GaussianBlurOptions {
  /** Probability that an image is blurred. */
  readonly p: number;
  /** Side of the kernel in pixels: odd. */
  readonly kernel: number;
  /** Least and greatest standard deviation in pixels, above 0. */
  readonly sigma: readonly [number, number];
}

export interface BlurParameters {
  /** Standard deviation in pixels; 0 for images that are not blurred. */
  readonly sigma: Float32Array;
}

/** @throws RangeError for an even kernel, a sigma that is not above 0, or a probability outside 0..1. */
export function checkGaussianBlur({ p, kernel, sigma }: GaussianBlurOptions): void {
  checkProbability(p, 'Gaussian blur');
  if (!Number.isInteger(kernel) || kernel < 1 || kernel % 2 === 0) {
    throw new RangeError(`Gaussian blur: the kernel has ${kernel} pixels; give an odd whole number.`);
  }
  checkInterval(sigma, [Number.MIN_VALUE, Infinity], 'Gaussian blur: sigma (pixels)');
}

/**
 * Draws for each image whether it is blurred, and sigma, uniform.
 *
 * @throws RangeError as {@link checkGaussianBlur}.
 */
export function drawGaussianBlur(
  random: RandomStream,
  count: number,
  options: GaussianBlurOptions,
): BlurParameters {
  checkGaussianBlur(options);
  const [low, high] = options.sigma;
  const sigma = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    if (random.uniform() < options.p) sigma[i] = low + (high - low) * random.uniform();
  }
  return { sigma };
}

const tapsOf = (kernel: number) => (kernel + 1) / 2;

export function gaussianBlurInputs(count: number, { kernel }: GaussianBlurOptions): InputSpecs {
  return { blurTaps: { shape: [count, tapsOf(kernel)], dtype: 'float32' } };
}

/** Values of the inputs: the weights of the middle pixel, of its neighbours, of theirs ...; together 1. */
export function gaussianBlurValues(
  { sigma }: BlurParameters,
  { kernel }: GaussianBlurOptions,
): Record<'blurTaps', Float32Array> {
  const taps = tapsOf(kernel);
  const blurTaps = new Float32Array(sigma.length * taps);
  sigma.forEach((value, i) => {
    if (value === 0) {
      blurTaps[i * taps] = 1;
      return;
    }
    let total = 1;
    for (let k = 1; k < taps; k++) total += 2 * Math.exp(-0.5 * (k / value) ** 2);
    for (let k = 0; k < taps; k++) blurTaps[i * taps + k] = Math.exp(-0.5 * (k / value) ** 2) / total;
  });
  return { blurTaps };
}

/** @throws RangeError for a kernel that reaches beyond the mirror image of images of this size. */
export function checkBlurFits({ kernel }: { readonly kernel: number }, { height, width }: ImageSize): void {
  if (tapsOf(kernel) <= Math.min(height, width)) return;
  throw new RangeError(
    `Gaussian blur: a kernel of ${kernel} pixels reaches beyond the mirror image of ${height} x ${width} pixels; ` +
      'take a smaller kernel or larger images.',
  );
}

/** For each tap the matrix `[size, size]` that adds the pixels so far away on both sides, mirrored at the border. */
function tapMatrices(size: number, taps: number): tf.Tensor2D {
  const matrices = new Float32Array(taps * size * size);
  const mirrored = (at: number) => (at < 0 ? -at : at >= size ? 2 * (size - 1) - at : at);
  const add = (tap: number, to: number, from: number) => {
    const at = (tap * size + to) * size + mirrored(from);
    matrices[at] = (matrices[at] ?? 0) + 1;
  };
  for (let tap = 0; tap < taps; tap++) {
    for (let to = 0; to < size; to++) {
      add(tap, to, to - tap);
      if (tap > 0) add(tap, to, to + tap);
    }
  }
  return tf.tensor2d(matrices, [taps, size * size]);
}

/**
 * Blurs planes and puts their channels together again: two batched products.
 *
 * @param planes - `[n, 3, height * width]`
 * @param tensors - `blurTaps`: `[n, taps]`
 * @returns `[n, height, width, 3]`, intensities as in the planes
 */
export function blurToImages(
  planes: tf.Tensor3D,
  { blurTaps }: { readonly blurTaps: tf.Tensor2D },
  { height, width }: ImageSize,
): tf.Tensor4D {
  const [count, taps] = blurTaps.shape;
  checkBlurFits({ kernel: 2 * taps - 1 }, { height, width });
  const blurOf = (size: number): tf.Tensor3D =>
    tf.reshape(tf.matMul(blurTaps, tapMatrices(size, taps)), [count, size, size]);
  const columns = blurOf(width);
  const rows = height === width ? columns : blurOf(height);
  // [n, (c y), x] -> [n, x', (c y)] = [n, (x' c), y] -> [n, y', (x' c)]
  const across = tf.matMul<tf.Tensor3D>(
    columns,
    tf.reshape(planes, [count, CHANNELS * height, width]),
    false,
    true,
  );
  const turned = tf.reshape(across, [count, width * CHANNELS, height]);
  return tf.reshape(tf.matMul(rows, turned, false, true), [count, height, width, CHANNELS]);
}

/**
 * Blurs images.
 *
 * @param images - `[n, height, width, 3]`
 * @param tensors - `blurTaps`: `[n, taps]`
 * @throws RangeError for a kernel that reaches beyond the mirrored image.
 */
export function applyGaussianBlur(
  images: tf.Tensor4D,
  tensors: { readonly blurTaps: tf.Tensor2D },
): tf.Tensor4D {
  checkImages(images, 'Gaussian blur');
  const [count, height, width] = images.shape;
  const pixels = tf.reshape<tf.Rank.R3>(images, [count, height * width, CHANNELS]);
  return blurToImages(tf.transpose(pixels, [0, 2, 1]), tensors, { height, width });
}
