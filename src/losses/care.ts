import * as tf from '../tensorflow/tf.js';
import { checkWeight } from './check-weight.js';
import { equivariance, type EquivarianceOptions } from './equivariance.js';
import { infoNce, type InfoNceOptions } from './info-nce.js';

/** The four batches of embeddings of one step of Algorithm 1, each `[batch, dim]` with rows on the unit sphere. */
export interface CareViews {
  /** Two views of each item, every item under its own augmentation; for InfoNCE. */
  readonly first: tf.Tensor2D;
  readonly second: tf.Tensor2D;
  /** Two views of each item, all items of a chunk under the same augmentation; for L_equi. */
  readonly chunkedFirst: tf.Tensor2D;
  readonly chunkedSecond: tf.Tensor2D;
}

/** Settings of the CARE loss. */
export interface CareOptions extends InfoNceOptions, EquivarianceOptions {
  /** Weight of L_equi, >= 0; its meaning depends on `reduction`. */
  readonly lambda: number;
}

/** The loss with its terms apart; L_equi is given without its weight. */
export interface CareTerms {
  readonly total: tf.Scalar;
  readonly infoNce: tf.Scalar;
  readonly equivariance: tf.Scalar;
}

/**
 * The CARE loss, `L = InfoNCE + lambda L_equi`, and its two terms.
 *
 * @throws RangeError when lambda is negative or not finite, and as {@link infoNce} and {@link equivariance} do.
 * @see L_CARE and Algorithm 1 of CARE.
 */
export function careLoss(views: CareViews, options: CareOptions): CareTerms {
  const { lambda } = options;
  checkWeight('careLoss', 'lambda', lambda, 0.01);
  const contrast = infoNce(views.first, views.second, options);
  const equivariant = equivariance(views.chunkedFirst, views.chunkedSecond, options);
  return {
    total: tf.add(contrast, tf.mul(equivariant, lambda)),
    infoNce: contrast,
    equivariance: equivariant,
  };
}
