import { covarianceSpectrum } from './covariance.js';
import { checkEmbeddings, type Embeddings } from './embeddings.js';

/** Principal components and what they show of the data. */
export interface PrincipalComponents {
  readonly mean: Float64Array;
  /** `[k, dim]`, row-major: unit vectors, the direction of largest variance first. */
  readonly components: Float64Array;
  /** `[rows, k]`, row-major: the centred rows in those directions. */
  readonly projection: Float64Array;
  /** Variance along each component (divided by the rows). */
  readonly variances: readonly number[];
  /** Fraction of the total variance along each component; 0 where there is no variance at all. */
  readonly explained: readonly number[];
  /** True when all rows coincide up to float32 rounding: the projection is 0. */
  readonly collapsed: boolean;
}

/** A direction with its sign fixed: the entry largest in size is positive (the first of them on a tie). */
function withFixedSign(direction: readonly number[]): number[] {
  const largest = direction.reduce((best, x) => (Math.abs(x) > Math.abs(best) ? x : best), 0);
  return largest < 0 ? direction.map((x) => -x) : [...direction];
}

/**
 * Principal component analysis: the k orthogonal directions in which the rows vary most.
 *
 * Directions come from the eigenvectors of the `[dim, dim]` covariance in float64; a few hundred dimensions take well
 * under a second.
 *
 * @throws RangeError when k is not from 1 to dim, for fewer than two rows, or numbers that are not finite.
 */
export function principalComponents(matrix: Embeddings, k: number): PrincipalComponents {
  checkEmbeddings('principalComponents', 'matrix', matrix);
  const { rows, dim, values } = matrix;
  if (!Number.isInteger(k) || k < 1 || k > dim) {
    throw new RangeError(`principalComponents: k is ${k}; it must be a whole number from 1 to ${dim}.`);
  }
  const { mean, variances, directions, collapsed } = covarianceSpectrum(matrix);
  const components = Array.from({ length: k }, (_, c) => withFixedSign(directions.getColumn(c)));
  const projection = new Float64Array(rows * k);
  if (!collapsed) {
    for (let i = 0; i < rows; i++) {
      components.forEach((component, c) => {
        let sum = 0;
        for (let j = 0; j < dim; j++) {
          sum += ((values[i * dim + j] ?? NaN) - (mean[j] ?? NaN)) * (component[j] ?? NaN);
        }
        projection[i * k + c] = sum;
      });
    }
  }
  const total = variances.reduce((a, b) => a + b, 0);
  const kept = variances.slice(0, k);
  return {
    mean,
    components: Float64Array.from(components.flat()),
    projection,
    variances: kept,
    explained: kept.map((variance) => (total === 0 ? 0 : variance / total)),
    collapsed,
  };
}
