import * as tf from '../tensorflow/tf.js';
import { checkViews } from './check-batch.js';
import { checkWeight } from './check-weight.js';

/** Settings of the Barlow Twins loss. */
export interface BarlowTwinsOptions {
  /** Weight of the entries off the diagonal, >= 0; .0051 in its paper. */
  readonly offDiagonal: number;
}

/** Added to a variance, as in the batch norm with which the authors standardise. */
const EPSILON = 1e-5;

/** Every column with mean 0 and (biased) variance 1 over the batch. */
function standardized(x: tf.Tensor2D): tf.Tensor2D {
  const centred = tf.sub(x, tf.mean(x, 0, true));
  const variance = tf.mean(tf.square(centred), 0, true);
  return tf.div<tf.Tensor2D>(centred, tf.sqrt(tf.add(variance, EPSILON)));
}

/**
 * Barlow Twins: the cross-correlation of two views' projections is pulled to the identity.
 *
 * `C = 1/B sum_b z_b z'_b^T` with every dimension of z and z' standardised over the batch;
 * `L = sum_i (1 - C_ii)^2 + offDiagonal sum_{i != j} C_ij^2`
 *
 * @param first projections `[batch, dim]`, not normalised: lengths of rows count, those of columns do not.
 * @param second projections `[batch, dim]` of another view of the same items, in the same order.
 * @returns a scalar >= 0; a sum over dimensions, so that it grows with `dim`.
 * @throws RangeError on shapes that do not match, a batch of 1, or a negative weight.
 * @see Zbontar et al., Barlow Twins (ICML 2021), equations 1 and 2.
 */
export function barlowTwins(
  first: tf.Tensor2D,
  second: tf.Tensor2D,
  { offDiagonal }: BarlowTwinsOptions,
): tf.Scalar {
  const why = 'since one item alone has no correlations';
  const { batch, dim } = checkViews('barlowTwins', first, second, 2, why);
  checkWeight('barlowTwins', 'offDiagonal', offDiagonal, 0.005);
  const correlation = tf.mul(tf.matMul(standardized(first), standardized(second), true, false), 1 / batch);
  const numbers = tf.range(0, dim, 1, 'int32');
  const diagonal = tf.cast(tf.equal(tf.reshape(numbers, [dim, 1]), numbers), 'float32');
  const weights = tf.add(tf.mul(diagonal, 1 - offDiagonal), offDiagonal);
  return tf.sum<tf.Scalar>(tf.mul(tf.square(tf.sub(correlation, diagonal)), weights));
}
