/** Grayscale: images that lose their colour with some probability, `grey = .2989 R + .587 G + .114 B`. */
import type { RandomStream } from '../tensorflow/random.js';
import * as tf from '../tensorflow/tf.js';
import { drawChoices } from './horizontal-flip.js';
import {
  CHANNELS,
  GREY,
  WHITE,
  checkImages,
  checkProbability,
  imagesOfPlanes,
  planesFromImages,
  type InputSpecs,
} from './images.js';

export interface GrayscaleOptions {
  /** Probability that an image loses its colour. */
  readonly p: number;
}

export interface GrayscaleParameters {
  /** 1 for images that lose their colour, 0 for others. */
  readonly grey: Uint8Array;
}

/** @throws RangeError for a probability outside 0..1. */
export function drawGrayscale(
  random: RandomStream,
  count: number,
  { p }: GrayscaleOptions,
): GrayscaleParameters {
  checkProbability(p, 'Grayscale');
  return { grey: drawChoices(random, count, p) };
}

export function grayscaleInputs(count: number): InputSpecs {
  return { tones: { shape: [count, CHANNELS, CHANNELS], dtype: 'float32' } };
}

/**
 * For each image the matrix of its channels, from intensities of planes to those of images.
 *
 * @param deviations - what each channel is then divided by, where images are normalised.
 */
export function grayscaleValues(
  { grey }: GrayscaleParameters,
  deviations: readonly [number, number, number] = [1, 1, 1],
): Record<'tones', Float32Array> {
  const size = CHANNELS * CHANNELS;
  const tones = new Float32Array(grey.length * size);
  for (let i = 0; i < grey.length; i++) {
    for (let to = 0; to < CHANNELS; to++) {
      for (let from = 0; from < CHANNELS; from++) {
        const weight = grey[i] === 1 ? (GREY[from] ?? 0) : Number(from === to);
        tones[i * size + to * CHANNELS + from] = weight / (WHITE * (deviations[to] ?? 1));
      }
    }
  }
  return { tones };
}

/** Planes `[n, 3, pixels]` after the channels were weighed with `tones`, `[n, 3, 3]`. */
export function tonePlanes(planes: tf.Tensor3D, { tones }: { readonly tones: tf.Tensor3D }): tf.Tensor3D {
  return tf.matMul(tones, planes);
}

/**
 * Takes the colour from the images that are chosen.
 *
 * @param images - `[n, height, width, 3]` from 0 to 1
 */
export function applyGrayscale(images: tf.Tensor4D, tensors: { readonly tones: tf.Tensor3D }): tf.Tensor4D {
  checkImages(images, 'Grayscale');
  const [, height, width] = images.shape;
  return imagesOfPlanes(tonePlanes(planesFromImages(images), tensors), { height, width });
}
