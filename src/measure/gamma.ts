import type { Estimate } from '../runs/record.js';
import { checkPair, rmsNorm, STILL, type EmbeddingPair, type Embeddings } from './embeddings.js';
import { visitPairs } from './pairs.js';
import { estimateOver, mean } from './statistics.js';
import { mapTrials } from './wahba.js';

/** Settings of gamma_f. */
export interface GammaOptions {
  /** Pairs (x, x') per augmentation; where there are more, that many are drawn at random. */
  readonly maxPairs?: number;
  /** Seed of the draw. */
  readonly seed?: number;
}

/** Relative rotational equivariance. */
export interface GammaResult {
  /** gamma_f: mean over augmentations of the mean over pairs. */
  readonly gamma: Estimate;
  /**
   * The same with the ratio taken last, `E[numerator] / E[denominator]` within an augmentation: pairs that hardly moved
   * cannot dominate it.
   */
  readonly pooled: Estimate;
  readonly perAugmentation: readonly number[];
  /** Pairs that were used per augmentation. */
  readonly pairs: number;
  /** Fraction of pairs in which neither item moved, which count as 0. */
  readonly stillShare: number;
}

const DEFAULT_MAX_PAIRS = 200_000;

function squaredDistance(a: Embeddings, i: number, b: Embeddings, j: number): number {
  let sum = 0;
  for (let k = 0; k < a.dim; k++) {
    sum += ((a.values[i * a.dim + k] ?? NaN) - (b.values[j * a.dim + k] ?? NaN)) ** 2;
  }
  return sum;
}

function gammaOfOne({ from, to }: EmbeddingPair, maxPairs: number, seed: readonly [number, number]) {
  checkPair('gammaF', from, to);
  const movement = Float64Array.from({ length: from.rows }, (_, i) => squaredDistance(to, i, from, i));
  const floor = (STILL * rmsNorm(from)) ** 2;
  let ratios = 0;
  let numerators = 0;
  let denominators = 0;
  let still = 0;
  const pairs = visitPairs(from.rows, maxPairs, seed, (i, j) => {
    const moved = (movement[i] ?? NaN) + (movement[j] ?? NaN);
    if (moved <= floor) {
      still += 1;
      return;
    }
    const change = squaredDistance(to, j, to, i) - squaredDistance(from, j, from, i);
    ratios += change ** 2 / moved ** 2;
    numerators += change ** 2;
    denominators += moved ** 2;
  });
  return {
    gamma: ratios / pairs,
    pooled: denominators === 0 ? 0 : numerators / denominators,
    pairs,
    stillShare: still / pairs,
  };
}

/**
 * gamma_f, the relative rotational equivariance: how much distances between embeddings change under an augmentation,
 * relative to how far the embeddings move. Lower is more equivariant without being invariant.
 *
 * `E_a E_{x,x'} (||f(ax') - f(ax)||^2 - ||f(x') - f(x)||^2)^2 / (||f(ax') - f(x')||^2 + ||f(ax) - f(x)||^2)^2`
 *
 * The pairs are those of different items. A pair of which neither item moved by more than float32 rounding is 0/0; it
 * counts as 0, as R = I is exact for it (`stillShare` says how many there were). So an exactly invariant encoder has
 * gamma_f 0 and stillShare 1, an exactly equivariant one 0 and stillShare 0.
 *
 * @param augmentations embeddings of the same items before and after each augmentation, taken one after the other.
 * @returns estimates with their standard deviation over augmentations (`trials`).
 * @throws RangeError of no augmentation, for fewer than two rows, sizes that differ, or numbers that are not finite.
 * @see gamma_f of CARE, figure 8.
 */
export function gammaF(augmentations: Iterable<EmbeddingPair>, options: GammaOptions = {}): GammaResult {
  const { maxPairs = DEFAULT_MAX_PAIRS, seed = 0 } = options;
  const found = mapTrials(augmentations, (pair, trial) => gammaOfOne(pair, maxPairs, [seed, trial]));
  if (found.length === 0) throw new RangeError('gammaF: there are no augmentations to average.');
  const perAugmentation = found.map((one) => one.gamma);
  return {
    gamma: estimateOver(perAugmentation, 'trials'),
    pooled: estimateOver(
      found.map((one) => one.pooled),
      'trials',
    ),
    perAugmentation,
    pairs: Math.min(...found.map((one) => one.pairs)),
    stillShare: mean(found.map((one) => one.stillShare)),
  };
}

/**
 * The invariance loss `E_a E_x ||f(a(x)) - f(x)||^2`, reported beside gamma_f.
 *
 * @returns the mean with its standard deviation over augmentations; 0 to 4 on the unit sphere.
 * @throws RangeError of no augmentation, or as {@link gammaF} does.
 */
export function invarianceLoss(augmentations: Iterable<EmbeddingPair>): Estimate {
  const losses = mapTrials(augmentations, ({ from, to }) => {
    checkPair('invarianceLoss', from, to, 1);
    return mean(Float64Array.from({ length: from.rows }, (_, i) => squaredDistance(to, i, from, i)));
  });
  if (losses.length === 0) {
    throw new RangeError('invarianceLoss: there are no augmentations to average.');
  }
  return estimateOver(losses, 'trials');
}
