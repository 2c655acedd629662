/** The uncertainty of a number that is computed from all embeddings at once. */
import type { Estimate } from '../runs/record.js';
import { randomStream } from '../tensorflow/random.js';
import { selectRows, type Embeddings } from './embeddings.js';
import { estimateOver } from './statistics.js';

export interface HalfSampleOptions {
  /** Seed of the draws. */
  readonly seed?: number;
  /** Random halves of the items, two or more; default 10. */
  readonly halves?: number;
}

/**
 * A number of a set of embeddings with the standard deviation that half-sampling gives it: that of the values
 * of random halves about their own mean. For a mean over n items it is that of the mean, since half of the items have twice its
 * variance and share half of it; for a number that is biased in few items, such as an effective rank, the bias does not count as spread.
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
  if (!Number.isInteger(halves) || halves < 2) {
    throw new RangeError(`estimateByHalves: halves is ${halves}; it must be a whole number from 2.`);
  }
  const value = measure(embeddings);
  const rows = Array.from({ length: embeddings.rows }, (_, i) => i);
  const values = Array.from({ length: halves }, (_, half) => {
    const chosen = randomStream(seed, half)
      .shuffle(rows)
      .slice(0, Math.floor(rows.length / 2));
    return measure(selectRows(embeddings, chosen));
  });
  return { ...estimateOver(values, 'half-samples'), value };
}
