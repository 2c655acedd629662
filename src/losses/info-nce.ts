import * as tf from '../tensorflow/tf.js';
import { checkTemperature, checkViews } from './check-batch.js';
import { EXCLUDED, logSumExp } from './log-sum-exp.js';

/** Settings of InfoNCE. */
export interface InfoNceOptions {
  /** tau > 0; the paper uses 0.5 on CIFAR10. */
  readonly temperature: number;
}

/**
 * InfoNCE in SimCLR's form: each of the 2B views is an anchor, its positive is the other view of the same item, its
 * negatives are the 2B - 2 views of other items.
 *
 * `L = -1/(2B) sum_i log( exp(z_i.z_p(i) / tau) / sum_{k != i} exp(z_i.z_k / tau) )`
 *
 * @param first embeddings `[batch, dim]` of one view of each item, rows on the unit sphere.
 * @param second embeddings `[batch, dim]` of another view of the same items, in the same order.
 * @returns a scalar >= 0, in nats.
 * @throws RangeError on shapes that do not match, a batch of 1 (no negatives), or a temperature <= 0.
 * @see Chen et al., SimCLR (2020), equation 1; the InfoNCE term of CARE's Algorithm 1.
 */
export function infoNce(first: tf.Tensor2D, second: tf.Tensor2D, options: InfoNceOptions): tf.Scalar {
  const { temperature } = options;
  const { batch } = checkViews('infoNce', first, second, 2, 'since one item alone has no negatives');
  checkTemperature('infoNce', temperature);

  const views = tf.concat([first, second], 0);
  const similarity = tf.matMul(tf.mul(views, 1 / temperature), views, false, true);
  // One-hot rows rather than a ready-made matrix: a recorded step then holds 2B integers, not 4B^2 floats.
  const itself = tf.oneHot(tf.range(0, 2 * batch, 1, 'int32'), 2 * batch, EXCLUDED, 0);
  const normaliser = tf.mean<tf.Scalar>(logSumExp(tf.add(similarity, itself)));
  // The two views of an item are each other's positive, so every positive pair counts twice in 2B anchors.
  const positive = tf.mul(tf.sum<tf.Scalar>(tf.mul(first, second)), 1 / (temperature * batch));
  return tf.sub(normaliser, positive);
}
