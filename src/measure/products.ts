import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import * as tf from '../tensorflow/tf.js';
import type { Embeddings } from './embeddings.js';

/**
 * Up to this many multiplications (some hundredths of a second) products are loops in float64; above, they are
 * TensorFlow's float32 products of blocks of rows, summed in float64.
 */
const LOOP_LIMIT = 2 ** 24;
const BLOCK_ROWS = 4096;

/**
 * The values of a tensor that is made and freed here. It is read outside of `tf.tidy`, which looks for tensors in whatever
 * it returns: among a million numbers that takes over a second.
 */
export function valuesOf(make: () => tf.Tensor): Float32Array {
  const tensor = tf.tidy(make);
  try {
    return tensor.dataSync<'float32'>();
  } finally {
    tensor.dispose();
  }
}

function block({ rows, dim, values }: Embeddings, start: number): tf.Tensor2D {
  const end = Math.min(rows, start + BLOCK_ROWS);
  return tf.tensor2d(values.subarray(start * dim, end * dim), [end - start, dim]);
}

function crossMomentByLoop(a: Embeddings, b: Embeddings): Float64Array {
  const sum = new Float64Array(a.dim * b.dim);
  for (let i = 0; i < a.rows; i++) {
    for (let p = 0; p < a.dim; p++) {
      const factor = a.values[i * a.dim + p] ?? 0;
      for (let q = 0; q < b.dim; q++) {
        const at = p * b.dim + q;
        sum[at] = (sum[at] ?? 0) + factor * (b.values[i * b.dim + q] ?? 0);
      }
    }
  }
  return sum;
}

function crossMomentByBlocks(a: Embeddings, b: Embeddings): Float64Array {
  const sum = new Float64Array(a.dim * b.dim);
  for (let start = 0; start < a.rows; start += BLOCK_ROWS) {
    const part = valuesOf(() => tf.matMul(block(a, start), block(b, start), true, false));
    for (let k = 0; k < sum.length; k++) sum[k] = (sum[k] ?? 0) + (part[k] ?? NaN);
  }
  return sum;
}

/** Whether products with these embeddings are loops in float64. */
export function isLooped({ rows, dim }: Embeddings): boolean {
  return rows * dim * dim <= LOOP_LIMIT;
}

/**
 * `sum_i a_i b_i^T`, i.e. `A B^T` with the items as columns: `[a.dim, b.dim]`.
 *
 * @param loopLimit multiplications up to which it is computed in float64 throughout.
 */
export function crossMoment(a: Embeddings, b: Embeddings, loopLimit = LOOP_LIMIT): Matrix {
  const sum = a.rows * a.dim * b.dim <= loopLimit ? crossMomentByLoop(a, b) : crossMomentByBlocks(a, b);
  return Matrix.from1DArray(a.dim, b.dim, sum);
}

function mapByLoop({ rows, dim, values }: Embeddings, map: Float64Array): Float64Array {
  const mapped = new Float64Array(rows * dim);
  for (let i = 0; i < rows; i++) {
    for (let p = 0; p < dim; p++) {
      let sum = 0;
      for (let q = 0; q < dim; q++) sum += (map[p * dim + q] ?? 0) * (values[i * dim + q] ?? 0);
      mapped[i * dim + p] = sum;
    }
  }
  return mapped;
}

function mapByBlocks(embeddings: Embeddings, map: Float64Array): Float64Array {
  const { rows, dim } = embeddings;
  const mapped = new Float64Array(rows * dim);
  const matrix = tf.tensor2d(new Float32Array(map), [dim, dim]);
  for (let start = 0; start < rows; start += BLOCK_ROWS) {
    mapped.set(
      valuesOf(() => tf.matMul(block(embeddings, start), matrix, false, true)),
      start * dim,
    );
  }
  matrix.dispose();
  return mapped;
}

/** `R f_i` for every row f_i: `[rows, dim]`, row-major. `map` is R, `[dim, dim]`, row-major. */
export function mapRows(embeddings: Embeddings, map: Float64Array, loopLimit = LOOP_LIMIT): Float64Array {
  return embeddings.rows * embeddings.dim ** 2 <= loopLimit
    ? mapByLoop(embeddings, map)
    : mapByBlocks(embeddings, map);
}

/** Eigenvalues of a symmetric matrix, largest first, and the eigenvectors as columns in that order. */
export interface SymmetricEigen {
  readonly values: readonly number[];
  readonly vectors: Matrix;
}

/** The eigendecomposition of a symmetric matrix. */
export function symmetricEigen(matrix: Matrix): SymmetricEigen {
  const decomposition = new EigenvalueDecomposition(matrix, { assumeSymmetric: true });
  const order = decomposition.realEigenvalues
    .map((value, column) => ({ value, column }))
    .sort((a, b) => b.value - a.value);
  return {
    values: order.map(({ value }) => value),
    vectors: decomposition.eigenvectorMatrix.subMatrixColumn(order.map(({ column }) => column)),
  };
}
