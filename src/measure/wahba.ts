import { determinant, Matrix, SingularValueDecomposition } from 'ml-matrix';
import type { Estimate } from '../runs/record.js';
import { checkPair, STILL, type EmbeddingPair, type Embeddings } from './embeddings.js';
import { crossMoment, mapRows } from './products.js';
import { estimateOver } from './statistics.js';

/** `SO`: rotations only. `O`: rotations and reflections. */
export type OrthogonalGroup = 'SO' | 'O';

/** Settings of Wahba's problem. */
export interface WahbaOptions {
  readonly group: OrthogonalGroup;
}

/**
 * Weight of the identity that is added to F_a F^T, relative to its size: far below any direction that holds data in
 * float32, far above what rounding leaves in one that holds none.
 */
const LEAST_TURN = 1e-12;

/** An orthogonal map fitted to embeddings. */
export interface OrthogonalFit {
  readonly group: OrthogonalGroup;
  readonly dim: number;
  /** R, `[dim, dim]`, row-major; `R f(x_i)` stands for `f(a(x_i))`. */
  readonly rotation: Float64Array;
  /** Singular values of F_a F^T, largest first. */
  readonly singularValues: readonly number[];
  /**
   * Rank of F_a F^T. Below dim - 1 the embeddings leave directions free in which R is not determined by them; of all
   * maps with the least error, R is then the one nearest to the identity.
   */
  readonly rank: number;
}

/** How well an orthogonal map takes one set of embeddings to another. */
export interface OrthogonalError {
  readonly rows: number;
  /** `||R F - F_a||_F`, the items as columns. */
  readonly error: number;
  /** Root mean square over items, `error / sqrt(rows)`: comparable between data sets of different sizes. */
  readonly rms: number;
  /** `||F_a - F||_F`: how far the embeddings moved. */
  readonly moved: number;
  /**
   * `error / moved`. On the embeddings that R was fitted to it is at most 1, since R = I is allowed. Where nothing moved
   * (see `still`) it is 0: R = I explains that exactly, and trivially.
   */
  readonly relative: number;
  /** True when the embeddings moved by no more than float32 rounding: an invariant encoder. */
  readonly still: boolean;
  /** `||R f(x_i) - f(a(x_i))||` of every item. */
  readonly residuals: Float64Array;
}

/** The solution of Wahba's problem with its error. */
export type WahbaResult = OrthogonalFit & OrthogonalError;

/**
 * The rotation that takes `from` closest to `to`.
 *
 * `argmin_R ||R F - F_a||_F = U diag(1, ..., 1, det U det V) V^T` with `U S V^T` the SVD of `F_a F^T` (in float64); over
 * O(d) the diagonal is all 1. Works for any rank, and for fewer items than dimensions.
 *
 * @throws RangeError for fewer than two rows, sizes that differ, or numbers that are not finite.
 * @see Wahba (1965); W_f of CARE, figure 5.
 */
export function fitRotation(from: Embeddings, to: Embeddings, { group }: WahbaOptions): OrthogonalFit {
  checkPair('wahba', from, to);
  const moment = crossMoment(to, from);
  const size = moment.norm('frobenius');
  // Where the embeddings leave directions free, this picks the least turn there; elsewhere it is below rounding.
  const least = size > 0 ? LEAST_TURN * size : 1;
  const decomposition = new SingularValueDecomposition(Matrix.add(moment, Matrix.eye(from.dim).mul(least)));
  const left = decomposition.leftSingularVectors;
  const right = decomposition.rightSingularVectors;
  const singularValues = [...decomposition.diagonal];
  const signs = new Array<number>(from.dim).fill(1);
  // Singular values come largest first, so the flip costs least in the last direction.
  if (group === 'SO' && determinant(left) * determinant(right) < 0) signs[from.dim - 1] = -1;
  const rotation = left.mmul(Matrix.diag(signs)).mmul(right.transpose());
  return {
    group,
    dim: from.dim,
    rotation: Float64Array.from(rotation.to1DArray()),
    singularValues,
    rank: singularValues.filter((value) => value > 10 * least).length,
  };
}

/** How well a given map, `[dim, dim]` row-major, takes `from` to `to`. @throws as {@link fitRotation}. */
export function rotationError(from: Embeddings, to: Embeddings, rotation: Float64Array): OrthogonalError {
  checkPair('rotationError', from, to);
  const { rows, dim } = from;
  const mapped = mapRows(from, rotation);
  const residuals = new Float64Array(rows);
  let error = 0;
  let moved = 0;
  let length = 0;
  for (let i = 0; i < rows; i++) {
    let residual = 0;
    for (let k = i * dim; k < (i + 1) * dim; k++) {
      const target = to.values[k] ?? NaN;
      const source = from.values[k] ?? NaN;
      residual += ((mapped[k] ?? NaN) - target) ** 2;
      moved += (target - source) ** 2;
      length += source ** 2;
    }
    residuals[i] = Math.sqrt(residual);
    error += residual;
  }
  const still = moved <= STILL ** 2 * length;
  return {
    rows,
    error: Math.sqrt(error),
    rms: Math.sqrt(error / rows),
    moved: Math.sqrt(moved),
    relative: still ? 0 : Math.sqrt(error / moved),
    still,
    residuals,
  };
}

/**
 * Wahba's error of one augmentation: how far embeddings are from having been rotated as one body.
 *
 * `W_f = min_{R in SO(d)} ||R F - F_a||_F`
 *
 * @param from `f(x_i)`.
 * @param to `f(a(x_i))`, the same a for every item.
 * @throws RangeError for fewer than two rows, sizes that differ, or numbers that are not finite.
 */
export function wahba(from: Embeddings, to: Embeddings, options: WahbaOptions): WahbaResult {
  const fit = fitRotation(from, to, options);
  return { ...fit, ...rotationError(from, to, fit.rotation) };
}

/** The errors of several augmentations: means with their standard deviation over trials, and the worst. */
export interface ErrorSummary {
  /** Mean over trials of `||R F - F_a||_F`. */
  readonly error: Estimate;
  /** Mean over trials of the root mean square error of an item. */
  readonly rms: Estimate;
  /** Mean over trials of the error relative to the movement. */
  readonly relative: Estimate;
  readonly worst: { readonly error: number; readonly rms: number; readonly relative: number };
  /** Trials in which the embeddings did not move. */
  readonly stillTrials: number;
}

/** Mean, standard deviation and worst of the errors of several trials. @throws RangeError of no trial. */
export function summariseErrors(errors: readonly OrthogonalError[]): ErrorSummary {
  if (errors.length === 0) throw new RangeError('wahba: there are no trials to average.');
  const of = (name: 'error' | 'rms' | 'relative'): number[] => errors.map((e) => e[name]);
  return {
    error: estimateOver(of('error'), 'trials'),
    rms: estimateOver(of('rms'), 'trials'),
    relative: estimateOver(of('relative'), 'trials'),
    worst: {
      error: Math.max(...of('error')),
      rms: Math.max(...of('rms')),
      relative: Math.max(...of('relative')),
    },
    stillTrials: errors.filter((e) => e.still).length,
  };
}

/**
 * Wahba's error over several augmentations, one a trial (figure 5 of the paper has 20).
 *
 * @throws RangeError of no trial, and as {@link wahba} does, with the trial named.
 */
export function wahbaTrials(
  pairs: readonly EmbeddingPair[],
  options: WahbaOptions,
): ErrorSummary & { readonly trials: readonly WahbaResult[] } {
  const trials = pairs.map(({ from, to }, trial) => inTrial(trial, () => wahba(from, to, options)));
  return { ...summariseErrors(trials), trials };
}

/** Runs `measure`, and names the trial in its error. */
export function inTrial<T>(trial: number, measure: () => T): T {
  try {
    return measure();
  } catch (error) {
    if (error instanceof RangeError) throw new RangeError(`Trial ${trial}: ${error.message}`);
    throw error;
  }
}
