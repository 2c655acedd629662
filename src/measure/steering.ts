import { randomStream } from '../tensorflow/random.js';
import { checkPair, selectRows, type EmbeddingPair, type Embeddings } from './embeddings.js';
import {
  fitRotation,
  mapTrials,
  rotationError,
  summariseErrors,
  type ErrorSummary,
  type OrthogonalError,
  type OrthogonalFit,
  type WahbaOptions,
} from './wahba.js';

/** Settings of steering. */
export interface SteeringOptions extends WahbaOptions {
  /** Seed of the split into halves. */
  readonly seed: number;
}

/** How well a rotation that was recovered on some items steers others. */
export interface SteeringResult {
  readonly fit: OrthogonalFit;
  /** Error on the half that R was fitted to. */
  readonly fitted: OrthogonalError;
  /** Error on the other half. Its `relative` can exceed 1: R may be worse than not moving at all. */
  readonly unseen: OrthogonalError;
  /** Rows of the half that R was fitted to. */
  readonly fittedRows: readonly number[];
}

/**
 * Steering of unseen items: R is recovered from a random half of the items by Wahba's problem, and its error is taken on
 * the other half, in the same normalisations.
 *
 * With fewer items than dimensions in a half, R is arbitrary in the directions that the half does not span (`fit.rank`),
 * and the unseen error is then that of guessing there.
 *
 * @throws RangeError for fewer than four rows, sizes that differ, or numbers that are not finite.
 */
export function steering(from: Embeddings, to: Embeddings, options: SteeringOptions): SteeringResult {
  checkPair('steering', from, to, 4);
  const order = randomStream(options.seed).shuffle(Array.from({ length: from.rows }, (_, i) => i));
  const half = Math.ceil(from.rows / 2);
  const fittedRows = order.slice(0, half);
  const rest = order.slice(half);
  const fit = fitRotation(selectRows(from, fittedRows), selectRows(to, fittedRows), options);
  const errorOn = (rows: readonly number[]): OrthogonalError =>
    rotationError(selectRows(from, rows), selectRows(to, rows), fit.rotation);
  return { fit, fitted: errorOn(fittedRows), unseen: errorOn(rest), fittedRows };
}

/**
 * Steering over several augmentations, one a trial; every trial splits the items anew.
 *
 * @throws RangeError of no trial, and as {@link steering} does, with the trial named.
 */
export function steeringTrials(
  pairs: Iterable<EmbeddingPair>,
  options: SteeringOptions,
): {
  readonly fitted: ErrorSummary;
  readonly unseen: ErrorSummary;
  readonly trials: readonly SteeringResult[];
} {
  const trials = mapTrials(pairs, ({ from, to }, trial) =>
    steering(from, to, { ...options, seed: options.seed + trial }),
  );
  return {
    fitted: summariseErrors(trials.map((t) => t.fitted)),
    unseen: summariseErrors(trials.map((t) => t.unseen)),
    trials,
  };
}
