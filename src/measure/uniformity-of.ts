import { checkEmbeddings, nonZeroNorms, type Embeddings } from './embeddings.js';
import { visitPairs } from './pairs.js';

/** Settings of the uniformity measure. */
export interface UniformityOfOptions {
  /** Divides the cosines; the paper's L_unif has 1. */
  readonly temperature?: number;
  /** Where there are more pairs, that many are drawn at random. */
  readonly maxPairs?: number;
  readonly seed?: number;
}

/**
 * L_unif of a set of embeddings, in float64: `log mean over pairs i != k of exp(cos(z_i, z_k) / t)`.
 *
 * 1/t means complete collapse; on a sphere of many dimensions, uniformly spread embeddings come near 0.
 *
 * @param embeddings one per item; rows are brought to the unit sphere.
 * @throws RangeError for fewer than two rows, numbers that are not finite, a row that is zero, or a temperature <= 0.
 */
export function uniformityOf(embeddings: Embeddings, options: UniformityOfOptions = {}): number {
  const { temperature = 1, maxPairs = 1_000_000, seed = 0 } = options;
  checkEmbeddings('uniformityOf', 'embeddings', embeddings);
  if (!(temperature > 0)) {
    throw new RangeError(`uniformityOf: temperature is ${temperature}; it must be a positive number.`);
  }
  const norms = nonZeroNorms('uniformityOf', 'embeddings', embeddings);
  const { rows, dim, values } = embeddings;
  // Shifted by the largest possible term, 1/t, so that nothing overflows.
  let sum = 0;
  const pairs = visitPairs(rows, maxPairs, [seed, 0], (i, j) => {
    let dot = 0;
    for (let k = 0; k < dim; k++) dot += (values[i * dim + k] ?? NaN) * (values[j * dim + k] ?? NaN);
    const cosine = dot / ((norms[i] ?? NaN) * (norms[j] ?? NaN));
    sum += Math.exp((cosine - 1) / temperature);
  });
  return Math.log(sum / pairs) + 1 / temperature;
}
