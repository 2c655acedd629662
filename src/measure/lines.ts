import { Matrix } from 'ml-matrix';
import { symmetricEigen } from './products.js';

/** A line through the origin of R^3, as a unit vector; v and -v are the same line. */
export type Line = readonly [number, number, number];

const DEGREES = 180 / Math.PI;

/**
 * Mean angle between two independent, uniformly random lines in R^3, in degrees: 1 radian.
 *
 * The angle lies in [0, 90] degrees with density sin(t), whose mean is `[sin t - t cos t]` from 0 to pi/2, i.e. 1.
 */
export const MEAN_RANDOM_ANGLE = DEGREES;

/** The angle between two lines in degrees, 0 to 90. Accurate near 0, where the arc cosine is not. */
export function lineAngle(a: Line, b: Line): number {
  const cross = Math.hypot(a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]);
  return DEGREES * Math.atan2(cross, Math.abs(a[0] * b[0] + a[1] * b[1] + a[2] * b[2]));
}

/** Number of entries that a line is encoded in. */
export const LINE_ENTRIES = 6;

/**
 * A line as the six different entries of `v v^T`, the same for v and -v: a target without a sign.
 *
 * Those off the diagonal are times sqrt 2, so that distances between encodings are Frobenius distances of matrices.
 */
export function encodeLine([x, y, z]: Line): number[] {
  const w = Math.SQRT2;
  return [x * x, y * y, z * z, w * x * y, w * x * z, w * y * z];
}

/** The line nearest to a predicted encoding: the leading eigenvector of the symmetric matrix. */
export function decodeLine(entries: ArrayLike<number>, offset = 0): Line {
  const at = (k: number): number => entries[offset + k] ?? NaN;
  const [xy, xz, yz] = [at(3) / Math.SQRT2, at(4) / Math.SQRT2, at(5) / Math.SQRT2];
  const { vectors } = symmetricEigen(
    new Matrix([
      [at(0), xy, xz],
      [xy, at(1), yz],
      [xz, yz, at(2)],
    ]),
  );
  return [vectors.get(0, 0), vectors.get(1, 0), vectors.get(2, 0)];
}
