/** Whether an augmentation acts on embeddings by a linear map that preserves a bilinear form (section 3.2 of the paper). */
import { Matrix } from 'ml-matrix';
import type { BilinearForm } from '../losses/bilinear-equivariance.js';
import { randomStream } from '../tensorflow/random.js';
import {
  checkEmbeddings,
  checkPair,
  rowNorms,
  selectRows,
  STILL,
  type EmbeddingPair,
  type Embeddings,
} from './embeddings.js';
import { crossMoment, symmetricEigen } from './products.js';

/**
 * The matrix M of a form, `B(u, v) = u^T M v`, as in `bilinearEquivariance`.
 *
 * @throws RangeError for a dimension that the form does not have.
 */
export function formMatrix(form: BilinearForm, dim: number): Matrix {
  if (form === 'inner') return Matrix.eye(dim);
  if (form === 'minkowski') {
    if (dim < 2) throw new RangeError(`formMatrix: Minkowski's form needs 2 dimensions or more, not ${dim}.`);
    return Matrix.diag(Array.from({ length: dim }, (_, i) => (i === 0 ? -1 : 1)));
  }
  if (dim % 2 !== 0)
    throw new RangeError(`formMatrix: the symplectic form needs an even dimension, not ${dim}.`);
  const half = dim / 2;
  const matrix = Matrix.zeros(dim, dim);
  for (let i = 0; i < half; i++) matrix.set(i, half + i, 1).set(half + i, i, -1);
  return matrix;
}

/** Rows as a matrix, an item a row. */
function matrixOf({ rows, dim, values }: Embeddings): Matrix {
  return Matrix.from1DArray(rows, dim, values);
}

/** Every item's place given to another, by a permutation that leaves none where it was. */
function derangement(rows: number, seed: number): readonly number[] {
  const order = randomStream(seed).shuffle(Array.from({ length: rows }, (_, i) => i));
  const next = new Array<number>(rows);
  order.forEach((item, i) => (next[item] = order[(i + 1) % rows] ?? item));
  return next;
}

/** Items whose values with all others are in memory at a time: it grows with the items, not with their square. */
const BLOCK = 256;

/** Values of the form between items from `first` to before `last` and all items. */
function gramRows(
  { rows, dim, values }: Embeddings,
  matrix: Matrix,
): (first: number, last: number) => Matrix {
  const right = matrix.mmul(Matrix.from1DArray(rows, dim, values).transpose());
  return (first, last) =>
    Matrix.from1DArray(last - first, dim, values.subarray(first * dim, last * dim)).mmul(right);
}

/** Root mean square over pairs of different items of what `of` gives for them; `block` holds what it needs of some rows. */
function rmsOverPairs<Block>(
  rows: number,
  block: (first: number, last: number) => Block,
  of: (block: Block, row: number, i: number, j: number) => number,
): number {
  let sum = 0;
  for (let first = 0; first < rows; first += BLOCK) {
    const last = Math.min(rows, first + BLOCK);
    const held = block(first, last);
    for (let i = first; i < last; i++) {
      for (let j = 0; j < rows; j++) if (i !== j) sum += of(held, i - first, i, j) ** 2;
    }
  }
  return Math.sqrt(sum / (rows * (rows - 1)));
}

export interface GramChange {
  /** Root mean square over pairs of `B(f(a x_i), f(a x_j)) - B(f(x_i), f(x_j))`. */
  readonly change: number;
  /** The same with the items before the augmentation exchanged for others. */
  readonly unrelated: number;
  /** `change / unrelated`: 0 where the augmentation leaves the form's values, about 1 where it might as well exchange items; 0 where all items coincide. */
  readonly relative: number;
}

/**
 * How much an augmentation changes the form's values between items, which L_equi of the form asks to stay.
 *
 * @throws RangeError for fewer than three rows, sizes that differ, or numbers that are not finite.
 */
export function gramChange({ from, to }: EmbeddingPair, form: BilinearForm, seed: number): GramChange {
  checkPair('gramChange', from, to, 3);
  const matrix = formMatrix(form, from.dim);
  const after = gramRows(to, matrix);
  const changeFrom = (items: Embeddings): number => {
    const before = gramRows(items, matrix);
    return rmsOverPairs(
      from.rows,
      (first, last) => Matrix.sub(after(first, last), before(first, last)),
      (block, row, _, j) => block.get(row, j),
    );
  };
  const change = changeFrom(from);
  const unrelated = changeFrom(selectRows(from, derangement(from.rows, seed)));
  return { change, unrelated, relative: unrelated === 0 ? 0 : change / unrelated };
}

/**
 * Eigenvalues below this share of the largest are directions with next to no data: a map that is fitted there to noise would
 * say more of the noise than of the augmentation.
 */
const NO_DATA = 1e-2;

/**
 * The linear map that takes `from` closest to `to`, by least squares: `argmin_A ||A F - F_a||_F`, items as columns. In
 * directions without data, where any map does, it is the identity.
 *
 * @returns A, `[dim, dim]`.
 * @throws RangeError for fewer than two rows, sizes that differ, or numbers that are not finite.
 */
export function leastSquaresMap({ from, to }: EmbeddingPair): Matrix {
  checkPair('leastSquaresMap', from, to);
  const { values, vectors } = symmetricEigen(crossMoment(from, from));
  const floor = NO_DATA * Math.max(0, values[0] ?? 0);
  const inverse = Matrix.diag(values.map((value) => (value > floor ? 1 / value : 0)));
  const movement = Matrix.sub(crossMoment(to, from), crossMoment(from, from));
  return Matrix.eye(from.dim).add(movement.mmul(vectors).mmul(inverse).mmul(vectors.transpose()));
}

/** `||A^T M A - M||_F / ||M||_F`: 0 exactly where A is in the form's stabiliser. */
export function stabiliserDefect(map: Matrix, form: BilinearForm): number {
  const matrix = formMatrix(form, map.rows);
  return Matrix.sub(map.transpose().mmul(matrix).mmul(map), matrix).norm() / matrix.norm();
}

/**
 * How large the form's values are: root mean square over pairs of `B(f(x_i), f(x_j)) / (||f(x_i)|| ||f(x_j)||)`. Near 0 the
 * embeddings lie where the form vanishes, and anything preserves it.
 *
 * @throws RangeError for fewer than two rows, or numbers that are not finite.
 */
export function formSize(embeddings: Embeddings, form: BilinearForm): number {
  checkEmbeddings('formSize', 'embeddings', embeddings, 2);
  const norms = rowNorms(embeddings);
  return rmsOverPairs(
    embeddings.rows,
    gramRows(embeddings, formMatrix(form, embeddings.dim)),
    (block, row, i, j) => {
      const lengths = (norms[i] ?? NaN) * (norms[j] ?? NaN);
      return lengths > 0 ? block.get(row, j) / lengths : 0;
    },
  );
}

export interface LinearAction {
  /** Fitted on a random half of the items. */
  readonly map: Matrix;
  /** `||A F - F_a|| / ||F_a - F||` on the other half; 0 where nothing moved. */
  readonly unseen: number;
  /** `||F_a - F|| / ||F_s - F||` with items exchanged in F_s: how far the augmentation moves, beside the distance between items. */
  readonly movement: number;
  /** The map fitted to items that were exchanged: what least squares gives where there is nothing to find. */
  readonly unrelated: Matrix;
}

/**
 * The linear map by which an augmentation acts, fitted on half of the items and tried on the others.
 *
 * @throws RangeError for fewer than four rows, sizes that differ, or numbers that are not finite.
 */
export function linearAction({ from, to }: EmbeddingPair, seed: number): LinearAction {
  checkPair('linearAction', from, to, 4);
  const order = randomStream(seed).shuffle(Array.from({ length: from.rows }, (_, i) => i));
  const half = Math.ceil(from.rows / 2);
  const [fitted, rest] = [order.slice(0, half), order.slice(half)];
  const pairOf = (rows: readonly number[]): EmbeddingPair => ({
    from: selectRows(from, rows),
    to: selectRows(to, rows),
  });
  const map = leastSquaresMap(pairOf(fitted));
  const [before, after] = [matrixOf(pairOf(rest).from), matrixOf(pairOf(rest).to)];
  const moved = Matrix.sub(after, before).norm();
  const error = Matrix.sub(before.mmul(map.transpose()), after).norm();
  const exchanged = selectRows(to, derangement(to.rows, seed));
  const apart = Matrix.sub(matrixOf(exchanged), matrixOf(from)).norm();
  return {
    map,
    unseen: moved <= STILL * before.norm() ? 0 : error / moved,
    movement: apart === 0 ? 0 : Matrix.sub(matrixOf(to), matrixOf(from)).norm() / apart,
    unrelated: leastSquaresMap({ from: selectRows(from, fitted), to: selectRows(exchanged, fitted) }),
  };
}
