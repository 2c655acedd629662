/** Normalisation: `(x - mean) / std` for each channel. Nothing is drawn. */
import * as tf from '../tensorflow/tf.js';
import { checkImages } from './images.js';

export interface NormalizeOptions {
  /** Mean and standard deviation of red, green and blue, for images from 0 to 1. */
  readonly mean: readonly [number, number, number];
  readonly std: readonly [number, number, number];
}

/** Those of the training images of CIFAR-10, as the official code has them. */
export const CIFAR_NORMALIZE: NormalizeOptions = {
  mean: [0.4914, 0.4822, 0.4465],
  std: [0.2023, 0.1994, 0.201],
};

/** @throws RangeError for a standard deviation that is not above 0, or a mean that is no number. */
export function checkNormalize({ mean, std }: NormalizeOptions): void {
  if (std.every((value) => value > 0 && value < Infinity) && mean.every(Number.isFinite)) return;
  throw new RangeError(
    `Normalise: mean [${mean.join(', ')}] and std [${std.join(', ')}]; give finite means and deviations above 0.`,
  );
}

/** The constant that is left to add to `x / std`: `-mean / std` for each channel. */
export function normalizeOffsets({ mean, std }: NormalizeOptions): [number, number, number] {
  return [-mean[0] / std[0], -mean[1] / std[1], -mean[2] / std[2]];
}

/** @param images - `[n, height, width, 3]` from 0 to 1 */
export function applyNormalize(images: tf.Tensor4D, options: NormalizeOptions): tf.Tensor4D {
  checkNormalize(options);
  checkImages(images, 'Normalise');
  return tf.div<tf.Tensor4D>(tf.sub(images, tf.tensor1d([...options.mean])), tf.tensor1d([...options.std]));
}
