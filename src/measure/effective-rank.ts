import { covarianceSpectrum } from './covariance.js';
import { checkEmbeddings, type Embeddings } from './embeddings.js';

/** Effective rank of embeddings. */
export interface EffectiveRank {
  /**
   * `exp(H(p))`, `p_k = lambda_k / sum lambda` with lambda the eigenvalues (= singular values) of the centred covariance
   * matrix: from 1 (all on a line) to dim (the same variance in all directions); 0 when all embeddings coincide.
   */
  readonly value: number;
  /** The same with `p_k` from the singular values of the centred embeddings, `sqrt(lambda_k)`: weak directions count more. */
  readonly ofSingularValues: number;
  /** Eigenvalues of the covariance, largest first. */
  readonly variances: readonly number[];
}

function expEntropy(weights: readonly number[]): number {
  const total = weights.reduce((a, b) => a + b, 0);
  if (total === 0) return 0;
  const entropy = weights.reduce((sum, weight) => {
    const p = weight / total;
    return p > 0 ? sum - p * Math.log(p) : sum;
  }, 0);
  return Math.exp(entropy);
}

/**
 * Effective rank: in how many directions embeddings vary. A measure of dimensional collapse.
 *
 * @throws RangeError for fewer than two rows or numbers that are not finite.
 * @see Roy and Vetterli, "The effective rank: a measure of effective dimensionality" (EUSIPCO 2007), applied to the
 *   covariance matrix.
 */
export function effectiveRank(embeddings: Embeddings): EffectiveRank {
  checkEmbeddings('effectiveRank', 'embeddings', embeddings);
  const { variances } = covarianceSpectrum(embeddings);
  return { value: expEntropy(variances), ofSingularValues: expEntropy(variances.map(Math.sqrt)), variances };
}
