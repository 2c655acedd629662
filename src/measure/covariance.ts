import { Matrix } from 'ml-matrix';
import { meanRow, rmsNorm, spread, STILL, type Embeddings } from './embeddings.js';
import { crossMoment, symmetricEigen } from './products.js';

/** The covariance of embeddings, taken apart. */
export interface CovarianceSpectrum {
  readonly mean: Float64Array;
  /** Variances along the principal directions, largest first, all >= 0; `dim` of them, divided by the rows. */
  readonly variances: readonly number[];
  /** Principal directions as columns. */
  readonly directions: Matrix;
  /** True when the rows coincide up to float32 rounding; the variances are then 0. */
  readonly collapsed: boolean;
}

/** Eigenvalues and eigenvectors of `1/n sum_i (f_i - mean)(f_i - mean)^T`. */
export function covarianceSpectrum(embeddings: Embeddings): CovarianceSpectrum {
  const { rows, dim, values } = embeddings;
  const mean = meanRow(embeddings);
  const collapsed = spread(embeddings) <= STILL * rmsNorm(embeddings);
  if (collapsed) {
    return { mean, variances: new Array<number>(dim).fill(0), directions: Matrix.eye(dim), collapsed };
  }
  // Centred before the product is formed: subtracting the mean's product afterwards would cancel.
  const centred = { rows, dim, values: values.map((value, k) => value - (mean[k % dim] ?? 0)) };
  const eigen = symmetricEigen(crossMoment(centred, centred).div(rows));
  return {
    mean,
    variances: eigen.values.map((value) => Math.max(0, value)),
    directions: eigen.vectors,
    collapsed,
  };
}
