/** Embeddings that fill all directions alike, without which a form can be preserved by seeing none of it. */
import * as tf from '../tensorflow/tf.js';
import { checkBatch } from './check-batch.js';

/**
 * How far the second moment of embeddings is from a multiple of the identity:
 *
 * `L = || d C / tr C - I ||_F^2 / d`, with `C = mean_i z_i z_i^T`
 *
 * Embeddings in a subspace on which a bilinear form vanishes, such as a Lagrangian one of the symplectic form, have L_equi of
 * that form 0 whatever augmentations do; full directions exclude that. On the sphere the uniform distribution has L = 0.
 *
 * @param embeddings `[batch, dim]`, anywhere.
 * @returns a scalar from 0, where all directions are alike, to dim - 1, where the embeddings lie on a line.
 * @throws RangeError for no embeddings.
 */
export function isotropy(embeddings: tf.Tensor2D): tf.Scalar {
  const { dim } = checkBatch('isotropy', 'embeddings', embeddings, 1, 'since there is nothing to average');
  const moment = tf.matMul(embeddings, embeddings, true, false);
  const size = tf.sum(tf.square(embeddings));
  const relative = tf.sub(tf.mul(tf.div(moment, tf.maximum(size, 1e-12)), dim), tf.eye(dim));
  return tf.div(tf.sum<tf.Scalar>(tf.square(relative)), dim);
}
