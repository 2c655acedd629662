import type { Estimate } from '../runs/record.js';
import { checkPair, nonZeroNorms, type Embeddings } from './embeddings.js';
import { estimateOver } from './statistics.js';

/** A histogram over equal bins. */
export interface Histogram {
  /** Edges of the bins, ascending; one more than there are bins. A bin holds its lower edge, the last one both. */
  readonly edges: readonly number[];
  readonly counts: readonly number[];
}

/** Cosines of positive pairs. */
export interface PositiveCosine {
  /** Mean with the standard deviation over items (`samples`). */
  readonly mean: Estimate;
  readonly histogram: Histogram;
  /** The cosine of every item. */
  readonly cosines: Float64Array;
}

/** Counts of values in `[low, high]`, in equal bins. Values outside, e.g. by rounding, go to the nearest bin. */
export function histogramOf(values: ArrayLike<number>, low: number, high: number, bins: number): Histogram {
  if (!Number.isInteger(bins) || bins < 1) {
    throw new RangeError(`histogram: bins is ${bins}; it must be a whole number >= 1.`);
  }
  const width = (high - low) / bins;
  const counts = new Array<number>(bins).fill(0);
  for (let i = 0; i < values.length; i++) {
    const bin = Math.min(bins - 1, Math.max(0, Math.floor(((values[i] ?? NaN) - low) / width)));
    counts[bin] = (counts[bin] ?? 0) + 1;
  }
  return { edges: Array.from({ length: bins + 1 }, (_, k) => low + k * width), counts };
}

/**
 * Cosines between the two views of every item, `f(a x).f(a' x) / (||f(a x)|| ||f(a' x)||)`, and their histogram over
 * [-1, 1].
 *
 * @param first embeddings of one view of each item.
 * @param second embeddings of another view of the same items.
 * @throws RangeError for sizes that differ, numbers that are not finite, or a row that is zero.
 * @see CARE, figures 6 and 11 to 16.
 */
export function positiveCosine(
  first: Embeddings,
  second: Embeddings,
  { bins = 40 }: { readonly bins?: number } = {},
): PositiveCosine {
  checkPair('positiveCosine', first, second, 1, ['first', 'second']);
  const norms = nonZeroNorms('positiveCosine', 'first', first);
  const otherNorms = nonZeroNorms('positiveCosine', 'second', second);
  const { dim } = first;
  const cosines = norms.map((norm, i) => {
    let sum = 0;
    for (let k = i * dim; k < (i + 1) * dim; k++) sum += (first.values[k] ?? NaN) * (second.values[k] ?? NaN);
    return sum / (norm * (otherNorms[i] ?? NaN));
  });
  return { mean: estimateOver(cosines, 'samples'), histogram: histogramOf(cosines, -1, 1, bins), cosines };
}
