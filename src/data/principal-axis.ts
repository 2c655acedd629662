import { EigenvalueDecomposition, Matrix } from 'ml-matrix';

import { DataError } from './data-error.js';

/** The principal component of a point cloud, and how well it is determined. */
export interface PrincipalComponent {
  /** Unit vector along which the cloud is widest. Its sign means nothing; the largest entry is made positive. */
  readonly axis: readonly [number, number, number];
  /** Eigenvalues of the covariance, largest first, in the square of the coordinates' unit. */
  readonly eigenvalues: readonly [number, number, number];
  /**
   * (l1 - l2) / l1, from 0 (two directions are equally wide: the axis is arbitrary) to 1 (the points lie on a line);
   * 0 for a cloud without extent.
   */
  readonly gap: number;
}

/**
 * First principal component of a cloud: the eigenvector of the largest eigenvalue of its covariance
 * (1/n) sum_i (x_i - mean)(x_i - mean)^T. The target of the paper's Figure 4, which is defined up to sign.
 *
 * @param points - `[n, 3]` row-major; need not be centred.
 * @throws DataError when `points` is empty, has a length that is no multiple of 3, or a value that is not finite.
 */
export function principalComponent(points: Float32Array): PrincipalComponent {
  if (points.length === 0 || points.length % 3 !== 0) {
    throw new DataError(
      `${points.length} coordinates are no cloud of points.`,
      'Give [n, 3] coordinates, n > 0.',
    );
  }
  if (!points.every(Number.isFinite)) {
    throw new DataError('The cloud has a coordinate that is not finite.', 'Check where it was made.');
  }
  const decomposition = new EigenvalueDecomposition(covariance(points), { assumeSymmetric: true });
  const order = [0, 1, 2].sort(
    (a, b) => at(decomposition.realEigenvalues, b) - at(decomposition.realEigenvalues, a),
  );
  // Rounding can make the eigenvalues of a flat cloud slightly negative.
  const sorted = order.map((index) => Math.max(0, at(decomposition.realEigenvalues, index)));
  const eigenvalues = [at(sorted, 0), at(sorted, 1), at(sorted, 2)] as const;
  const axis = positiveSign(decomposition.eigenvectorMatrix.getColumn(at(order, 0)));
  const gap = eigenvalues[0] === 0 ? 0 : (eigenvalues[0] - eigenvalues[1]) / eigenvalues[0];
  return { axis, eigenvalues, gap };
}

/** The axis of {@link principalComponent} alone. */
export function principalAxis(points: Float32Array): readonly [number, number, number] {
  return principalComponent(points).axis;
}

function covariance(points: Float32Array): Matrix {
  const n = points.length / 3;
  const mean = [0, 0, 0];
  points.forEach((value, index) => (mean[index % 3] = at(mean, index % 3) + value / n));
  const result = Matrix.zeros(3, 3);
  for (let start = 0; start < points.length; start += 3) {
    const centred = mean.map((value, axis) => (points[start + axis] ?? 0) - value);
    for (let row = 0; row < 3; row++) {
      for (let column = 0; column < 3; column++) {
        result.set(row, column, result.get(row, column) + (at(centred, row) * at(centred, column)) / n);
      }
    }
  }
  return result;
}

function positiveSign(vector: readonly number[]): readonly [number, number, number] {
  const largest = vector.reduce((best, value) => (Math.abs(value) > Math.abs(best) ? value : best), 0);
  const sign = largest < 0 ? -1 : 1;
  return [sign * at(vector, 0), sign * at(vector, 1), sign * at(vector, 2)];
}

function at(values: readonly number[], index: number): number {
  return values[index] ?? Number.NaN;
}
