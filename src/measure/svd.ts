/** Singular values and vectors of a square matrix, whatever its rank. */
import { determinant, Matrix, SingularValueDecomposition } from 'ml-matrix';
import { rawOps } from '../tensorflow/kernels/raw.js';
import * as tf from '../tensorflow/tf.js';
import { valuesOf } from './products.js';

/** `M = U diag(s) V^T` with U and V orthogonal. */
export interface SquareSvd {
  readonly left: Matrix;
  readonly right: Matrix;
  /** Largest first. */
  readonly values: readonly number[];
  /** Singular values up to this, relative to the largest, are what rounding makes of 0. */
  readonly rounding: number;
}

/**
 * Up to this dimension the decomposition is ml-matrix's, in float64; above, TensorFlow's in float32, which takes a seventh
 * of the time at 128.
 */
const FLOAT64_LIMIT = 32;
const ROUNDING_64 = 1e-11;
const ROUNDING_32 = 2e-6;

function toTensor(matrix: Matrix): tf.Tensor2D {
  return tf.tensor2d(Float32Array.from(matrix.to1DArray()), [matrix.rows, matrix.columns]);
}

function fromTensor(tensor: tf.Tensor, dim: number): Matrix {
  return Matrix.from1DArray(dim, dim, tensor.dataSync());
}

/** The factors of TensorFlow's `Svd`, for the caller to dispose of; null where there is no native library. */
function svdTensors(input: tf.Tensor2D): readonly [tf.Tensor1D, tf.Tensor2D, tf.Tensor2D] | null {
  const raw = rawOps();
  if (raw === null) return null;
  const { ops, attributes } = raw;
  const settings = [
    attributes.bool('compute_uv', true),
    attributes.bool('full_matrices', true),
    attributes.type('T', 'float32'),
  ];
  return ops('Svd', settings, [input], 3) as [tf.Tensor1D, tf.Tensor2D, tf.Tensor2D];
}

/** The decomposition by TensorFlow, or null where there is no native library. */
function nativeSvd(matrix: Matrix): SquareSvd | null {
  const dim = matrix.rows;
  const input = toTensor(matrix);
  const factors = svdTensors(input);
  input.dispose();
  if (factors === null) return null;
  const [values, left, right] = factors;
  const found = {
    left: fromTensor(left, dim),
    right: fromTensor(right, dim),
    values: Array.from(values.dataSync()),
    rounding: ROUNDING_32,
  };
  tf.dispose([...factors]);
  return found;
}

/**
 * The singular value decomposition of a square matrix.
 *
 * @param matrix - finite numbers; its size is brought to 1 first, so that none is lost in float32.
 * @param float64Limit - dimension up to which it is computed in float64.
 */
export function squareSvd(matrix: Matrix, float64Limit = FLOAT64_LIMIT): SquareSvd {
  const dim = matrix.rows;
  const size = matrix.norm('frobenius');
  if (size === 0) {
    return {
      left: Matrix.eye(dim),
      right: Matrix.eye(dim),
      values: new Array<number>(dim).fill(0),
      rounding: ROUNDING_64,
    };
  }
  const scaled = Matrix.div(matrix, size);
  const found = (dim > float64Limit ? nativeSvd(scaled) : null) ?? float64Svd(scaled);
  return { ...found, values: found.values.map((value) => value * size) };
}

function float64Svd(matrix: Matrix): SquareSvd {
  const decomposition = new SingularValueDecomposition(matrix);
  return {
    left: decomposition.leftSingularVectors,
    right: decomposition.rightSingularVectors,
    values: [...decomposition.diagonal],
    rounding: ROUNDING_64,
  };
}

/**
 * `U V^T` of orthogonal factors. Of large ones in float32, then brought back to the orthogonal matrices by a step of Newton
 * and Schulz, `R (3 I - R^T R) / 2`: TensorFlow's factors are all a little too long.
 */
export function orthogonalProduct(left: Matrix, right: Matrix): Matrix {
  const dim = left.rows;
  if (dim <= FLOAT64_LIMIT) return left.mmul(right.transpose());
  const values = valuesOf(() => straightened(tf.matMul(toTensor(left), toTensor(right), false, true)));
  return Matrix.from1DArray(dim, dim, values);
}

/** An orthogonal map and the singular values that it was found from. */
export interface NearestMap {
  /** `[dim, dim]`, row-major. */
  readonly map: Float64Array;
  /** Of the given matrix, largest first. */
  readonly values: readonly number[];
}

/**
 * The orthogonal map nearest to a large square matrix, `U V^T` or in SO(d) `U diag(1, ..., 1, det U det V) V^T`, without a
 * factor leaving TensorFlow: what the functions above do for any matrix, for those of full rank.
 *
 * @param matrix - `[dim, dim]`, row-major
 * @param size - its Frobenius norm, above 0
 * @returns null for small matrices, for those that lack rank, and where there is no native library.
 */
export function nearestMap(
  matrix: Float64Array,
  dim: number,
  size: number,
  group: 'SO' | 'O',
): NearestMap | null {
  if (dim <= FLOAT64_LIMIT) return null;
  const input = tf.tensor2d(scaledTo1(matrix, size), [dim, dim]);
  const factors = svdTensors(input);
  input.dispose();
  if (factors === null) return null;
  const [values, left, right] = factors;
  try {
    const found = values.dataSync();
    if (!((found[dim - 1] ?? 0) > ROUNDING_32 * (found[0] ?? NaN))) return null;
    const mapOf = (factor: tf.Tensor2D) =>
      valuesOf(() => straightened(tf.matMul(factor, right, false, true)));
    let map = mapOf(left);
    if (group === 'SO' && determinantSign(map, dim) < 0) {
      const signs = tf.tensor1d(Float32Array.from({ length: dim }, (_, i) => (i === dim - 1 ? -1 : 1)));
      const flipped = tf.mul<tf.Tensor2D>(left, signs);
      map = mapOf(flipped);
      tf.dispose([signs, flipped]);
    }
    return { map: new Float64Array(map), values: Array.from(found, (value) => value * size) };
  } finally {
    tf.dispose([...factors]);
  }
}

/** A matrix by its size, divided in float64. A loop: `from` with a function takes as long as the decomposition. */
function scaledTo1(matrix: Float64Array, size: number): Float32Array {
  const scaled = new Float32Array(matrix.length);
  for (let k = 0; k < matrix.length; k++) scaled[k] = (matrix[k] ?? NaN) / size;
  return scaled;
}

/** A step of Newton and Schulz, `R (3 I - R^T R) / 2`, towards the orthogonal matrices. */
function straightened(product: tf.Tensor2D): tf.Tensor2D {
  const excess = tf.matMul(product, tf.matMul(product, product, true, false));
  return tf.sub(tf.mul(product, 1.5), tf.mul(excess, 0.5));
}

function determinantSign(orthogonal: Float32Array, dim: number): 1 | -1 {
  const raw = rawOps();
  if (raw === null) return determinant(Matrix.from1DArray(dim, dim, orthogonal)) > 0 ? 1 : -1;
  const [found] = valuesOf(() =>
    raw.op('MatrixDeterminant', [raw.attributes.type('T', 'float32')], [tf.tensor2d(orthogonal, [dim, dim])]),
  );
  return (found ?? NaN) > 0 ? 1 : -1;
}

/** The determinant of an orthogonal matrix: 1 for a rotation, -1 for one with a reflection. */
export function orientation(orthogonal: Matrix): 1 | -1 {
  const dim = orthogonal.rows;
  if (dim <= FLOAT64_LIMIT || rawOps() === null) return determinant(orthogonal) > 0 ? 1 : -1;
  return determinantSign(Float32Array.from(orthogonal.to1DArray()), dim);
}
