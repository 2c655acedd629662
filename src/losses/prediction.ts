import { normalizeRows } from '../nn/normalize-rows.js';
import * as tf from '../tensorflow/tf.js';
import { checkViews } from './check-batch.js';

/**
 * BYOL's regression loss: the mean squared distance on the unit sphere between what was predicted and the target.
 *
 * `L = 1/B sum_b || q_b / ||q_b|| - z_b / ||z_b|| ||^2 = 2 - 2/B sum_b cos(q_b, z_b)`
 *
 * @param predictions `[batch, dim]`, of any length.
 * @param targets `[batch, dim]` of the same items, of any length; BYOL sends no gradient through them.
 * @returns a scalar from 0 to 4.
 * @throws RangeError on shapes that do not match.
 * @see Grill et al., BYOL (NeurIPS 2020), equation 2.
 */
export function predictionLoss(predictions: tf.Tensor2D, targets: tf.Tensor2D): tf.Scalar {
  checkViews('predictionLoss', predictions, targets, 1, 'since a mean over nothing is undefined');
  const products = tf.sum(tf.mul(normalizeRows(predictions), normalizeRows(targets)), 1);
  return tf.sub<tf.Scalar>(2, tf.mul(tf.mean(products), 2));
}
