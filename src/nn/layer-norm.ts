import * as tf from '../tensorflow/tf.js';
import { constant } from './initialisers.js';
import type { Module } from './module.js';

/** Added to a variance, PyTorch's. */
const EPSILON = 1e-5;

/**
 * Layer normalisation of vectors `[batch, width]`, as PyTorch's `nn.LayerNorm(width)`:
 * `y = weight (x - mean) / sqrt(variance + 1e-5) + bias`, with mean and biased variance of each row.
 *
 * @param name - prefix of its variables `weight` and `bias`.
 * @see Ba et al., "Layer normalization" (2016).
 */
export function layerNorm(name: string, width: number): Module<tf.Tensor2D, tf.Tensor2D> {
  const variable = (part: string, value: number) => ({
    name: `${name}.${part}`,
    shape: [width],
    kind: 'parameter' as const,
    initial: () => constant(value, width),
  });
  return {
    variables: [variable('weight', 1), variable('bias', 0)],
    apply(scope, x) {
      const centred = tf.sub(x, tf.mean(x, 1, true));
      const variance = tf.mean(tf.square(centred), 1, true);
      const normal = tf.div(centred, tf.sqrt(tf.add(variance, EPSILON)));
      return tf.add(tf.mul(normal, scope.get(`${name}.weight`)), scope.get(`${name}.bias`));
    },
  };
}
