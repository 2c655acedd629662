/**
 * Section 3.2 of the paper: L_equi with another bilinear form in place of the inner product is 0 exactly where
 * augmentations act by maps that preserve the form. Minkowski's form gives the Lorentz group, the symplectic form Sp(2n).
 */
import * as tf from '../tensorflow/tf.js';
import { checkBatch, checkViews } from './check-batch.js';
import { chunkSize, equivarianceScale, type EquivarianceOptions } from './equivariance.js';

/**
 * A bilinear form on R^d, `B(u, v) = u^T M v`.
 *
 * - `inner`: `M = I`, the inner product; its stabiliser is O(d), and the loss is L_equi.
 * - `minkowski`: `M = diag(-1, 1, ..., 1)`, time first; its stabiliser is the Lorentz group O(1, d - 1).
 * - `symplectic`: `M = [[0, I], [-I, 0]]`, d even; its stabiliser is Sp(d).
 */
export type BilinearForm = 'inner' | 'minkowski' | 'symplectic';

/** `v -> M v` for rows, `[..., dim]`. */
function applied(form: BilinearForm, rows: tf.Tensor3D): tf.Tensor3D {
  const dim = rows.shape[2];
  if (form === 'inner') return rows;
  if (form === 'minkowski') {
    const signs = tf.concat([tf.fill([1], -1), tf.ones([dim - 1])]);
    return tf.mul<tf.Tensor3D>(rows, signs);
  }
  const [upper, lower] = tf.split(rows, 2, 2) as [tf.Tensor3D, tf.Tensor3D];
  return tf.concat([lower, tf.neg(upper)], 2);
}

const FORMS: readonly string[] = ['inner', 'minkowski', 'symplectic'] satisfies BilinearForm[];

function checkForm(form: BilinearForm, dim: number): void {
  if (!FORMS.includes(form)) {
    throw new RangeError(`bilinearEquivariance: there is no form "${form}"; there are ${FORMS.join(', ')}.`);
  }
  if (form === 'minkowski' && dim < 2) {
    throw new RangeError(
      `bilinearEquivariance: Minkowski's form needs a time and at least one place, but dim is ${dim}; embed into 2 or more.`,
    );
  }
  if (form === 'symplectic' && dim % 2 !== 0) {
    throw new RangeError(
      `bilinearEquivariance: the symplectic form pairs coordinates, but dim is ${dim}; give an even number.`,
    );
  }
}

/**
 * L_equi for a bilinear form B, over the pairs i != j of each chunk:
 *
 * `L = mean over chunks of mean over i != j of ( B(f(a x_i), f(a x_j)) - B(f(a' x_i), f(a' x_j)) )^2`
 *
 * @param first embeddings `[batch, dim]` in `chunks` consecutive chunks, each under one augmentation; on the sphere for
 *   `inner`, on the hyperboloid for `minkowski` (see {@link toHyperboloid}), anywhere for `symplectic`.
 * @param second the same items under each chunk's second augmentation.
 * @returns a scalar >= 0; 0 when within each chunk a map of the form's stabiliser takes one view to the other.
 * @throws RangeError as `equivariance` does, and for a dimension that the form does not have.
 * @see CARE, section 3.2.
 */
export function bilinearEquivariance(
  first: tf.Tensor2D,
  second: tf.Tensor2D,
  form: BilinearForm,
  { chunks, reduction }: EquivarianceOptions,
): tf.Scalar {
  const { batch, dim } = checkViews(
    'bilinearEquivariance',
    first,
    second,
    2,
    'since one item alone has no pairs',
  );
  checkForm(form, dim);
  const size = chunkSize(batch, chunks);
  const scale = equivarianceScale(reduction, chunks, size);
  const products = (x: tf.Tensor2D): tf.Tensor3D => {
    const parts = tf.reshape<tf.Rank.R3>(x, [chunks, size, dim]);
    return tf.matMul<tf.Tensor3D>(parts, applied(form, parts), false, true);
  };
  const pairs = tf.oneHot(tf.range(0, size, 1, 'int32'), size, 0, 1);
  const change = tf.mul(tf.sub(products(first), products(second)), pairs);
  return tf.mul(tf.sum<tf.Scalar>(tf.square(change)), scale);
}

/**
 * Points of the hyperboloid `-t^2 + ||x||^2 = -1, t > 0` above given places: `x -> (sqrt(1 + ||x||^2), x)`.
 *
 * @param places `[batch, dim]`, any numbers.
 * @returns `[batch, dim + 1]`, time first.
 */
export function toHyperboloid(places: tf.Tensor2D): tf.Tensor2D {
  checkBatch('toHyperboloid', 'places', places, 1, 'since there is nothing to lift');
  const time = tf.sqrt(tf.add(tf.sum(tf.square(places), 1, true), 1));
  return tf.concat([time as tf.Tensor2D, places], 1);
}
