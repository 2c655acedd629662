import * as tf from '../tensorflow/tf.js';

/**
 * Added to a logit to leave it out of a log-sum-exp: large enough that its exponential is exactly 0 in float32, finite
 * so that no gradient becomes `0 * Infinity`.
 */
export const EXCLUDED = -1e9;

const lastAxis = tf.customGrad((x, save) => {
  const logits = x as tf.Tensor;
  const axis = logits.rank - 1;
  const largest = tf.max(logits, axis, true);
  const kept = tf.add(tf.log(tf.sum(tf.exp(tf.sub(logits, largest)), axis, true)), largest);
  (save as tf.GradSaveFunc)([logits, kept]);
  return {
    value: tf.reshape(kept, logits.shape.slice(0, -1)),
    gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
      const [savedLogits, savedKept] = saved as [tf.Tensor, tf.Tensor];
      return tf.mul(tf.reshape(dy, savedKept.shape), tf.exp(tf.sub(savedLogits, savedKept)));
    },
  };
});

/**
 * `log sum_j exp(x_ij)` over the last axis, shifted by the largest term so that nothing overflows.
 *
 * It has its own gradient (the softmax) because that of tfjs also runs through the maximum, where it cancels: that
 * costs five more ops over the whole matrix and splits ties.
 *
 * @param x `[..., n]` with n >= 1.
 * @returns `[...]`.
 */
export function logSumExp(x: tf.Tensor): tf.Tensor {
  return lastAxis(x);
}
