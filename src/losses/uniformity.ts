import * as tf from '../tensorflow/tf.js';
import { checkBatch, checkTemperature, checkViews } from './check-batch.js';
import { EXCLUDED, logSumExp } from './log-sum-exp.js';

/** Settings of the uniformity loss. */
export interface UniformityOptions {
  /** Divides the inner products; the paper's L_unif has 1. */
  readonly temperature?: number;
}

/**
 * L_unif, the uniformity part: how much embeddings of different items point the same way.
 *
 * `L_unif = log( mean over pairs (i, k) of different items of exp(z_i.z_k / t) )`
 *
 * With one view an item the pairs are i != k. With two, both views are pooled, and all four combinations of views of
 * two different items count; the two views of one item are no pair, because x and x' are drawn independently.
 *
 * @param first embeddings `[batch, dim]`, rows on the unit sphere.
 * @param second embeddings `[batch, dim]` of a second view of the same items, or nothing.
 * @returns a scalar in [-1/t, 1/t] on the unit sphere; 0 when all pairs are orthogonal, 1/t when all coincide.
 * @throws RangeError on shapes that do not match, a batch of 1 (no pairs), or a temperature <= 0.
 * @see L_unif of CARE; Wang and Isola (2020), who use a Gaussian kernel in place of the exponential.
 */
export function uniformity(
  first: tf.Tensor2D,
  second?: tf.Tensor2D,
  options: UniformityOptions = {},
): tf.Scalar {
  const { temperature = 1 } = options;
  const why = 'since one item alone has no pairs';
  const { batch } = checkBatch('uniformity', 'first', first, 2, why);
  if (second) checkViews('uniformity', first, second, 2, why);
  checkTemperature('uniformity', temperature);

  const views = second ? tf.concat([first, second], 0) : first;
  const copies = second ? 2 : 1;
  const similarity = tf.matMul(tf.mul(views, 1 / temperature), views, false, true);
  const sameItem = tf.tile(tf.oneHot(tf.range(0, batch, 1, 'int32'), batch, EXCLUDED, 0) as tf.Tensor2D, [
    copies,
    copies,
  ]);
  const logits = tf.reshape(tf.add(similarity, sameItem), [-1]);
  const pairs = copies * copies * batch * (batch - 1);
  return tf.sub(logSumExp(logits), Math.log(pairs));
}
