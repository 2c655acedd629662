/** L_unif for embeddings that lie on no sphere: pairs repel each other by their distance. */
import * as tf from '../tensorflow/tf.js';
import { checkBatch, checkTemperature } from './check-batch.js';
import { EXCLUDED, logSumExp } from './log-sum-exp.js';

/**
 * How close embeddings of different items are, with a Gaussian kernel:
 *
 * `L = log( mean over i != j of exp( -||z_i - z_j||^2 / (2 t) ) )`
 *
 * On the unit sphere `||u - v||^2 = 2 - 2 u.v`, so there it is L_unif at temperature t, less 1 / t; elsewhere it needs no
 * inner product, as where another bilinear form takes its place (section 3.2).
 *
 * @param embeddings `[batch, dim]`, anywhere.
 * @param temperature t, in units of squared distance.
 * @returns a scalar <= 0; 0 when all coincide.
 * @throws RangeError for a batch of 1 (no pairs), or a temperature <= 0.
 * @see L_unif of CARE; Wang and Isola (2020).
 */
export function gaussianUniformity(embeddings: tf.Tensor2D, temperature: number): tf.Scalar {
  const { batch } = checkBatch(
    'gaussianUniformity',
    'embeddings',
    embeddings,
    2,
    'since one item alone has no pairs',
  );
  checkTemperature('gaussianUniformity', temperature);
  const squares = tf.sum(tf.square(embeddings), 1, true);
  const products = tf.matMul(embeddings, embeddings, false, true);
  const distances = tf.sub(tf.add(squares, tf.transpose(squares)), tf.mul(products, 2));
  const sameItem = tf.oneHot(tf.range(0, batch, 1, 'int32'), batch, EXCLUDED, 0);
  const logits = tf.add(tf.mul(distances, -1 / (2 * temperature)), sameItem);
  return tf.sub(logSumExp(tf.reshape(logits, [-1])), Math.log(batch * (batch - 1)));
}
