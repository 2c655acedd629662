/** The uncertainty of a number that is computed from all embeddings at once. */
import type { Estimate } from '../runs/record.js';
import { randomStream } from '../tensorflow/random.js';
import { selectRows, type Embeddings } from './embeddings.js';
import { mean } from './statistics.js';

export interface HalfSampleOptions {
  /** Seed of the draws. */
  readonly seed?: number;
  /** Random halves of the items; default 10. */
  readonly halves?: number;
}

/**
 * A number of a set of embeddings with the standard deviation that half-sampling gives it: `sd^2` is the mean of
 * `(value of a random half - value)^2`, which for a mean over n items is the variance of that mean, since half of the
 * items have twice its variance and share half of it.
 *
 * @param measure a number of embeddings.
 * @throws RangeError for fewer than four rows, so that a half has two.
 * @see Efron, "The Jackknife, the Bootstrap and Other Resampling Plans" (1982), chapter 8 on half-sampling.
 */
export function estimateByHalves(
  embeddings: Embeddings,
  measure: (embeddings: Embeddings) => number,
  { seed = 0, halves = 10 }: HalfSampleOptions = {},
): Estimate {
  if (embeddings.rows < 4) {
    throw new RangeError(
      `estimateByHalves: ${embeddings.rows} rows have no two halves of two; give 4 or more.`,
    );
  }
  if (!Number.isInteger(halves) || halves < 1) {
    throw new RangeError(`estimateByHalves: halves is ${halves}; it must be a whole number from 1.`);
  }
  const value = measure(embeddings);
  const rows = Array.from({ length: embeddings.rows }, (_, i) => i);
  const squares = Array.from({ length: halves }, (_, half) => {
    const chosen = randomStream(seed, half)
      .shuffle(rows)
      .slice(0, Math.floor(rows.length / 2));
    return (measure(selectRows(embeddings, chosen)) - value) ** 2;
  });
  return { value, sd: Math.sqrt(mean(squares)), n: halves, kind: 'half-samples' };
}
