/** How an encoder answers one augmentation of all images: the cosines of Figure 6. */
import type { Estimate } from '../runs/record.js';
import type { EmbeddingPair } from './embeddings.js';
import { histogramOf, positiveCosine, type Histogram } from './positive-cosine.js';
import { estimateOver, mean } from './statistics.js';
import { mapTrials } from './wahba.js';

/** The cosines under one augmentation. */
export interface CosinesOfOne {
  readonly mean: number;
  /** Over items, divided by their number; 0 when all embeddings turn by the same angle. */
  readonly variance: number;
  /** Share of the items whose cosine is at most -1/2: they end up on the other side. */
  readonly opposed: number;
  readonly histogram: Histogram;
}

/** The cosines under several augmentations. */
export interface AugmentationCosines {
  /** Mean over augmentations of the variance within one, which Figure 6 compares: 0 to 1. */
  readonly variance: Estimate;
  /** Mean cosine, with its standard deviation over augmentations. */
  readonly mean: Estimate;
  /** Share of the items with a cosine in [-1, -1/2]. */
  readonly opposed: Estimate;
  readonly perAugmentation: readonly CosinesOfOne[];
}

/** Cosines up to this count as opposed. */
const OPPOSED = -0.5;

function cosinesOfOne({ from, to }: EmbeddingPair, bins: number): CosinesOfOne {
  const { cosines } = positiveCosine(from, to, { bins });
  const centre = mean(cosines);
  return {
    mean: centre,
    variance: mean(cosines.map((cosine) => (cosine - centre) ** 2)),
    opposed: cosines.filter((cosine) => cosine <= OPPOSED).length / cosines.length,
    histogram: histogramOf(cosines, -1, 1, bins),
  };
}

/**
 * Cosines of the angle between `f(x)` and `f(a(x))` over all items, for each of several augmentations a.
 *
 * On the circle S^1, where Figure 6 has them, a rotation turns all embeddings by one angle: an equivariant encoder has
 * variance 0 whatever a is, while an invariant one has it with mean 1. In more dimensions one rotation turns different
 * embeddings by different angles, so that there a variance is no sign against equivariance; Wahba's error is.
 *
 * @param augmentations embeddings of the same items before and after each augmentation, taken one after the other.
 * @returns estimates with their standard deviation over augmentations (`trials`).
 * @throws RangeError of no augmentation, for sizes that differ, numbers that are not finite, or a row that is zero.
 * @see Figure 6 of CARE.
 */
export function augmentationCosines(
  augmentations: Iterable<EmbeddingPair>,
  { bins = 40 }: { readonly bins?: number } = {},
): AugmentationCosines {
  const perAugmentation = mapTrials(augmentations, (pair) => cosinesOfOne(pair, bins));
  if (perAugmentation.length === 0) {
    throw new RangeError('augmentationCosines: there are no augmentations to average.');
  }
  const over = (of: (one: CosinesOfOne) => number) => estimateOver(perAugmentation.map(of), 'trials');
  return {
    variance: over((one) => one.variance),
    mean: over((one) => one.mean),
    opposed: over((one) => one.opposed),
    perAugmentation,
  };
}
