import * as tf from '../tensorflow/tf.js';
import { checkViews } from './check-batch.js';

/**
 * How the squared differences of the Gram matrices become one number; the weight lambda means nothing without it.
 *
 * - `mean`: the mean over the pairs i != j, as the paper writes it.
 * - `official-sum`: `2 * mean_i sum_{j != i}`, as the official code computes it. With chunks of c items it is
 *   2 (c - 1) times the mean.
 */
export type EquivarianceReduction = 'mean' | 'official-sum';

/** Settings of the equivariance loss. */
export interface EquivarianceOptions {
  /** Number of chunks (`n_split` in the paper); the rows of a chunk share one pair of augmentations. */
  readonly chunks: number;
  readonly reduction: EquivarianceReduction;
}

/** Rows of a chunk. @throws RangeError when the batch cannot be cut into chunks of at least 2. */
export function chunkSize(batch: number, chunks: number): number {
  if (!Number.isInteger(chunks) || chunks < 1) {
    throw new RangeError(`equivariance: chunks is ${chunks}; it must be a whole number >= 1.`);
  }
  if (batch % chunks !== 0) {
    throw new RangeError(
      `equivariance: ${batch} rows cannot be cut into ${chunks} equal chunks; make the batch a multiple of chunks.`,
    );
  }
  const size = batch / chunks;
  if (size < 2) {
    throw new RangeError(
      `equivariance: ${batch} rows in ${chunks} chunks leave 1 row a chunk, hence no pairs; use at most ` +
        `${Math.floor(batch / 2)} chunks.`,
    );
  }
  return size;
}

/** By what the sum of the squared differences over all chunks is multiplied. @throws RangeError for an unknown reduction. */
export function equivarianceScale(reduction: EquivarianceReduction, chunks: number, size: number): number {
  switch (reduction) {
    case 'mean':
      return 1 / (chunks * size * (size - 1));
    case 'official-sum':
      return 2 / (chunks * size);
    default:
      throw new RangeError(
        `equivariance: unknown reduction ${String(reduction)}; use 'mean' or 'official-sum'.`,
      );
  }
}

/**
 * L_equi: how far the angles between embeddings of one chunk change from one augmentation to another.
 *
 * `L_equi = mean over chunks of mean over i != j of ( f(a x_i).f(a x_j) - f(a' x_i).f(a' x_j) )^2`
 *
 * It is 0 exactly when within each chunk an orthogonal map takes one view to the other (Proposition 1).
 *
 * @param first embeddings `[batch, dim]`; the rows are `chunks` consecutive chunks of equal size, and all rows of a
 *   chunk went through the *same* augmentation a of that chunk.
 * @param second the same items in the same order, each chunk under its second augmentation a'.
 * @returns a scalar >= 0; at most 4 on the unit sphere under `mean`.
 * @throws RangeError on shapes that do not match, a batch that is no multiple of `chunks`, or chunks of one row.
 * @see L_equi of CARE, Proposition 1 and Algorithm 1.
 */
export function equivariance(
  first: tf.Tensor2D,
  second: tf.Tensor2D,
  options: EquivarianceOptions,
): tf.Scalar {
  const { chunks, reduction } = options;
  const { batch, dim } = checkViews('equivariance', first, second, 2, 'since one item alone has no pairs');
  const size = chunkSize(batch, chunks);
  const scale = equivarianceScale(reduction, chunks, size);

  const gram = (x: tf.Tensor2D): tf.Tensor3D => {
    const parts = tf.reshape(x, [chunks, size, dim]);
    return tf.matMul(parts, parts, false, true);
  };
  // The diagonal is 0 on the unit sphere up to rounding; it is left out so that the loss is also right off it.
  const pairs = tf.oneHot(tf.range(0, size, 1, 'int32'), size, 0, 1);
  const change = tf.mul(tf.sub(gram(first), gram(second)), pairs);
  return tf.mul(tf.sum<tf.Scalar>(tf.square(change)), scale);
}
