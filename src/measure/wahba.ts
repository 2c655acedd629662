import { Matrix } from 'ml-matrix';
import type { Estimate } from '../runs/record.js';
import { checkPair, checkSizes, STILL, type EmbeddingPair, type Embeddings } from './embeddings.js';
import { pairBlocks, type PairBlocks } from './pair-blocks.js';
import { crossMoment, isLooped, mapRows } from './products.js';
import { estimateOver } from './statistics.js';
import { nearestMap, orientation, orthogonalProduct, squareSvd } from './svd.js';

/** `SO`: rotations only. `O`: rotations and reflections. */
export type OrthogonalGroup = 'SO' | 'O';

/** Settings of Wahba's problem. */
export interface WahbaOptions {
  readonly group: OrthogonalGroup;
}

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
  /** Mean of the residuals, with their standard deviation over items. */
  readonly perSample: Estimate;
  /** `||R f(x_i) - f(a(x_i))||` of every item. */
  readonly residuals: Float64Array;
}

/** The solution of Wahba's problem with its error. */
export type WahbaResult = OrthogonalFit & OrthogonalError;

/** Columns `start` to the end of a matrix. */
function columnsFrom(matrix: Matrix, start: number): Matrix {
  return matrix.subMatrix(0, matrix.rows - 1, start, matrix.columns - 1);
}

/**
 * U and V with the columns beyond `rank`, which the embeddings leave free, chosen so that `U V^T` turns as little as it
 * can: with `A S B^T` the SVD of `U_0^T V_0`, the trace of `U_0 A (V_0 B)^T` is the largest there is.
 */
function leastTurn(left: Matrix, right: Matrix, rank: number): readonly [Matrix, Matrix] {
  if (rank === left.rows) return [left, right];
  const [freeLeft, freeRight] = [columnsFrom(left, rank), columnsFrom(right, rank)];
  const aligned = squareSvd(freeLeft.transpose().mmul(freeRight));
  return [
    left.clone().setSubMatrix(freeLeft.mmul(aligned.left), 0, rank),
    right.clone().setSubMatrix(freeRight.mmul(aligned.right), 0, rank),
  ];
}

/** @throws RangeError for what is no group: from JavaScript anything may come. */
function checkedGroup(options: WahbaOptions): OrthogonalGroup {
  const group: unknown = (options as WahbaOptions | undefined)?.group;
  if (group !== 'SO' && group !== 'O') {
    throw new RangeError(
      `wahba: the group is ${JSON.stringify(group)}; give { group: 'SO' } or { group: 'O' }.`,
    );
  }
  return group;
}

/** The orthogonal map from U and V; in SO(d) the last direction is flipped where it has to be, which costs least there. */
function orthogonalMap(left: Matrix, right: Matrix, group: OrthogonalGroup): Matrix {
  const map = orthogonalProduct(left, right);
  if (group === 'O' || orientation(map) > 0) return map;
  return orthogonalProduct(left.clone().mulColumn(left.columns - 1, -1), right);
}

/**
 * The rotation that takes `from` closest to `to`.
 *
 * `argmin_R ||R F - F_a||_F = U diag(1, ..., 1, det U det V) V^T` with `U S V^T` the SVD of `F_a F^T`; over O(d) the
 * diagonal is all 1. Works for any rank, and for fewer items than dimensions. In float64 up to 32 dimensions and some
 * million multiplications, above in float32, in which encoders give their embeddings anyway.
 *
 * @throws RangeError for fewer than two rows, sizes that differ, or numbers that are not finite.
 * @see Wahba (1965); W_f of CARE, figure 5.
 */
export function fitRotation(from: Embeddings, to: Embeddings, options: WahbaOptions): OrthogonalFit {
  return withPair('wahba', from, to, (pair) => fitPair(pair, options));
}

/** How well a given map, `[dim, dim]` row-major, takes `from` to `to`. @throws as {@link fitRotation}. */
export function rotationError(from: Embeddings, to: Embeddings, rotation: Float64Array): OrthogonalError {
  checkPair('rotationError', from, to);
  return withPair('rotationError', from, to, (pair) => errorOfPair(pair, rotation));
}

/** A pair with what is computed of it, in float64 loops or, of large ones, block by block in float32. */
interface PairProducts extends PairBlocks {
  readonly dim: number;
  /** What rounding makes of 0 in the moment, relative to its size. */
  readonly rounding: number;
}

function loopedPair(from: Embeddings, to: Embeddings): PairProducts {
  const { rows, dim } = from;
  return {
    dim,
    rounding: 1e-12,
    moment: () => Float64Array.from(crossMoment(to, from).to1DArray()),
    squares(rotation) {
      const mapped = mapRows(from, rotation);
      const residual = new Float64Array(rows);
      let [moved, length] = [0, 0];
      for (let k = 0; k < rows * dim; k++) {
        const row = Math.floor(k / dim);
        const [source, target] = [from.values[k] ?? NaN, to.values[k] ?? NaN];
        residual[row] = (residual[row] ?? 0) + ((mapped[k] ?? NaN) - target) ** 2;
        moved += (target - source) ** 2;
        length += source ** 2;
      }
      return { residual, moved, length };
    },
    dispose: () => undefined,
  };
}

function withPair<T>(measure: string, from: Embeddings, to: Embeddings, use: (pair: PairProducts) => T): T {
  checkSizes(measure, from, to);
  const pair = isLooped(from)
    ? loopedPair(from, to)
    : { dim: from.dim, rounding: 1e-6, ...pairBlocks(from, to) };
  const { moment } = pair;
  try {
    return use({ ...pair, moment: () => checkedMoment(measure, from, to, moment()) });
  } finally {
    pair.dispose();
  }
}

/** Frobenius norm. */
function sizeOf(values: Float64Array): number {
  let sum = 0;
  for (const value of values) sum += value * value;
  return Math.sqrt(sum);
}

/** Every number goes into the moment: where that is finite, all are, and need not be looked at one by one. */
function checkedMoment(
  measure: string,
  from: Embeddings,
  to: Embeddings,
  moment: Float64Array,
): Float64Array {
  if (Number.isFinite(sizeOf(moment))) return moment;
  checkPair(measure, from, to);
  throw new RangeError(
    `${measure}: the products of these embeddings overflow; scale them to the unit sphere.`,
  );
}

function fitPair({ dim, moment, rounding }: PairProducts, options: WahbaOptions): OrthogonalFit {
  const group = checkedGroup(options);
  const found = moment();
  const size = sizeOf(found);
  const nearest = size > 0 ? nearestMap(found, dim, size, group) : null;
  if (nearest !== null) {
    return { group, dim, rotation: nearest.map, singularValues: nearest.values, rank: dim };
  }
  const { left, right, values, rounding: ofSvd } = squareSvd(Matrix.from1DArray(dim, dim, found));
  const floor = Math.max(rounding, ofSvd) * (values[0] ?? 0);
  const rank = values.filter((value) => value > floor).length;
  const rotation = orthogonalMap(...leastTurn(left, right, rank), group);
  return {
    group,
    dim,
    rotation: Float64Array.from(rotation.to1DArray()),
    singularValues: values,
    rank,
  };
}

function sumOf(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i] ?? NaN;
  return sum;
}

function errorOfPair({ squares }: PairProducts, rotation: Float64Array): OrthogonalError {
  const { residual, moved, length } = squares(rotation);
  const rows = residual.length;
  const error = sumOf(residual);
  const residuals = new Float64Array(rows);
  for (let i = 0; i < rows; i++) residuals[i] = Math.sqrt(residual[i] ?? NaN);
  const still = moved <= STILL ** 2 * length;
  return {
    rows,
    error: Math.sqrt(error),
    rms: Math.sqrt(error / rows),
    moved: Math.sqrt(moved),
    relative: still ? 0 : Math.sqrt(error / moved),
    still,
    perSample: estimateOver(residuals, 'samples'),
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
  return withPair('wahba', from, to, (pair) => {
    const fit = fitPair(pair, options);
    return { ...fit, ...errorOfPair(pair, fit.rotation) };
  });
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
 * @param pairs taken one after the other, so that a generator needs the memory of one pair only.
 * @throws RangeError of no trial, and as {@link wahba} does, with the trial named.
 */
export function wahbaTrials(
  pairs: Iterable<EmbeddingPair>,
  options: WahbaOptions,
): ErrorSummary & { readonly trials: readonly WahbaResult[] } {
  const trials = mapTrials(pairs, ({ from, to }) => wahba(from, to, options));
  return { ...summariseErrors(trials), trials };
}

/** Measures one trial after the other, and names the trial in an error. */
export function mapTrials<Trial, Result>(
  trials: Iterable<Trial>,
  measure: (trial: Trial, index: number) => Result,
): Result[] {
  const results: Result[] = [];
  for (const trial of trials) results.push(inTrial(results.length, () => measure(trial, results.length)));
  return results;
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
