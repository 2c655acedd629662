/** Horizontal flip: images mirrored left to right with some probability. */
import type { RandomStream } from '../tensorflow/random.js';
import * as tf from '../tensorflow/tf.js';
import { checkImages, checkProbability, type InputSpecs } from './images.js';

export interface HorizontalFlipOptions {
  /** Probability that an image is mirrored. */
  readonly p: number;
}

export interface FlipParameters {
  /** 1 for images that are mirrored, 0 for others. */
  readonly flipped: Uint8Array;
}

/** For each image whether something of probability `p` happens: 1 or 0. */
export function drawChoices(random: RandomStream, count: number, p: number): Uint8Array {
  const choices = new Uint8Array(count);
  for (let i = 0; i < count; i++) choices[i] = random.uniform() < p ? 1 : 0;
  return choices;
}

/** @throws RangeError for a probability outside 0..1. */
export function drawHorizontalFlip(
  random: RandomStream,
  count: number,
  { p }: HorizontalFlipOptions,
): FlipParameters {
  checkProbability(p, 'Horizontal flip');
  return { flipped: drawChoices(random, count, p) };
}

export function horizontalFlipInputs(count: number): InputSpecs {
  return { flipped: { shape: [count], dtype: 'float32' } };
}

export function horizontalFlipValues({ flipped }: FlipParameters): Record<'flipped', Float32Array> {
  return { flipped: Float32Array.from(flipped) };
}

/**
 * Mirrors the images that are chosen, bit by bit.
 *
 * @param images - `[n, height, width, 3]`
 * @param tensors - `flipped`: `[n]`, 1 or 0
 */
export function applyHorizontalFlip(
  images: tf.Tensor4D,
  { flipped }: { readonly flipped: tf.Tensor1D },
): tf.Tensor4D {
  checkImages(images, 'Horizontal flip');
  const chosen = tf.reshape(flipped, [-1, 1, 1, 1]);
  const mirrored = tf.mul(tf.reverse(images, 2), chosen);
  return tf.add<tf.Tensor4D>(mirrored, tf.mul(images, tf.sub(1, chosen)));
}
