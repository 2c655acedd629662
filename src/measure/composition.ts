import { Matrix } from 'ml-matrix';
import type { Estimate } from '../runs/record.js';
import { STILL, type Embeddings } from './embeddings.js';
import { crossMoment } from './products.js';
import { estimateOver, mean } from './statistics.js';
import { fitRotation, mapTrials, wahba, type WahbaOptions } from './wahba.js';

/** Embeddings of the same items under an augmentation a, another a', and a after which a' was applied. */
export interface CompositionTrial {
  /** `f(x)`. */
  readonly plain: Embeddings;
  /** `f(a(x))`. */
  readonly first: Embeddings;
  /** `f(a'(x))`. */
  readonly second: Embeddings;
  /** `f(a'(a(x)))`. */
  readonly both: Embeddings;
}

/** Whether compositions of augmentations compose in the embedding. */
export interface CompositionResult {
  /** `||R_{a'a} - R_{a'} R_a||_F`, mean over trials. */
  readonly error: Estimate;
  /** The same difference as it acts on the embeddings, `||(R_{a'a} - R_{a'} R_a) F||_F / ||F||_F`: directions without data do not count. */
  readonly onEmbeddings: Estimate;
  /** Mean of `||R_{a'a} - R_{b'} R_b||_F` with a, a' and b, b' of different trials: what unrelated augmentations give. Its standard error, and that of `relative`, leave out one trial at a time (jackknife). */
  readonly unrelated: Estimate;
  /** `error / unrelated`: 0 is perfect composition, 1 none. Also 0 when nothing ever moved (`unrelated` is 0 up to rounding). */
  readonly relative: Estimate;
  /** `sqrt(2 d)`: root mean square distance of two independent uniformly random rotations of R^d (d >= 2). */
  readonly haar: number;
  /** `||R_{a'a} - I||_F`, mean over trials: how far the composed augmentation turns at all. */
  readonly movement: Estimate;
  /** Mean Wahba error of R_{a'a} relative to the movement: whether there is a rotation to speak of. */
  readonly fit: Estimate;
}

interface Fitted {
  readonly composed: Matrix;
  readonly product: Matrix;
  readonly fit: number;
  readonly onEmbeddings: number;
}

const distance = (a: Matrix, b: Matrix): number => Matrix.sub(a, b).norm('frobenius');

function fitTrial({ plain, first, second, both }: CompositionTrial, options: WahbaOptions): Fitted {
  const { dim } = plain;
  const matrixOf = (rotation: Float64Array): Matrix => Matrix.from1DArray(dim, dim, rotation);
  const whole = wahba(plain, both, options);
  const composed = matrixOf(whole.rotation);
  const product = matrixOf(fitRotation(plain, second, options).rotation).mmul(
    matrixOf(fitRotation(plain, first, options).rotation),
  );
  // ||D F||^2 = tr(D F F^T D^T), which needs no second copy of the items.
  const moment = crossMoment(plain, plain);
  const difference = Matrix.sub(composed, product);
  const squared = difference.mmul(moment).mul(difference).sum();
  const onEmbeddings = moment.trace() === 0 ? 0 : Math.sqrt(Math.max(0, squared) / moment.trace());
  return { composed, product, fit: whole.relative, onEmbeddings };
}

/**
 * Corollary 1, measured: for an encoder with L_equi = 0, `R_{a'a} = R_{a'} R_a`.
 *
 * Each R is the solution of Wahba's problem between `f(x)` and the augmented embeddings. The error is set against that
 * of unrelated augmentations, because R's that all lie near I are near each other whatever they do.
 *
 * @param trials at least two, each with its own a and a' on the same kind of items.
 * @throws RangeError for fewer than two trials, and as {@link fitRotation} does, with the trial named.
 */
export function compositionError(
  trials: Iterable<CompositionTrial>,
  options: WahbaOptions = { group: 'O' },
): CompositionResult {
  const fitted = mapTrials(trials, (trial) => fitTrial(trial, options));
  if (fitted.length < 2) {
    throw new RangeError(
      `compositionError: ${fitted.length} trials were given; two are needed to compare unrelated augmentations.`,
    );
  }
  const dim = fitted[0]?.composed.rows ?? 0;
  const haar = Math.sqrt(2 * dim);
  const errors = fitted.map(({ composed, product }) => distance(composed, product));
  const others = fitted.map((one, k) =>
    fitted.map((other, l) => (l === k ? NaN : distance(one.composed, other.product))),
  );
  const every = fitted.map((_, k) => k);
  const unrelatedOf = (kept: readonly number[]): number =>
    mean(kept.flatMap((k) => kept.filter((l) => l !== k).map((l) => others[k]?.[l] ?? NaN)));
  const relativeOf = (kept: readonly number[]): number => {
    const unrelated = unrelatedOf(kept);
    return unrelated <= STILL * haar ? 0 : mean(kept.map((k) => errors[k] ?? NaN)) / unrelated;
  };
  const overTrials = (read: (one: Fitted) => number) => estimateOver(fitted.map(read), 'trials');
  return {
    error: estimateOver(errors, 'trials'),
    onEmbeddings: overTrials((one) => one.onEmbeddings),
    unrelated: jackknifed(every, unrelatedOf),
    relative: jackknifed(every, relativeOf),
    haar,
    movement: overTrials(({ composed }) => distance(composed, Matrix.eye(dim))),
    fit: overTrials((one) => one.fit),
  };
}

/** A number of all trials, with the standard error of leaving out one at a time; none with two, of which one cannot be compared. */
function jackknifed(every: readonly number[], measure: (kept: readonly number[]) => number): Estimate {
  const n = every.length;
  const value = measure(every);
  if (n < 3) return { value };
  const without = every.map((left) => measure(every.filter((k) => k !== left)));
  const centre = mean(without);
  const sum = without.reduce((total, one) => total + (one - centre) ** 2, 0);
  return { value, sd: Math.sqrt(((n - 1) / n) * sum), n, kind: 'standard error over trials' };
}
