import { STILL } from './embeddings.js';

/** How round a closed path is. */
export interface Roundness {
  /**
   * From 0 to 1. 1: a circle traversed `harmonic` times at constant speed. `2ab / (a^2 + b^2)`: an ellipse with half-axes
   * a and b. 0: a path on a line, a point, or a circle traversed another number of times. Noise of n points in the plane:
   * 1 / (n - 1) on average.
   */
  readonly roundness: number;
  /** Fraction of the path's variance in this harmonic, whatever its shape: 1 for an ellipse and for a line as well. */
  readonly share: number;
  /** The harmonic that carries the largest fraction: how often the path goes round; 0 for a point. */
  readonly bestHarmonic: number;
  /** The fraction that the best harmonic carries. */
  readonly bestShare: number;
  /** Fraction of the variance in each harmonic from 1 up. They sum to 1, but for a harmonic n/2 of an even n. */
  readonly shares: readonly number[];
  /** Root mean square distance from the path's mean, in the path's units. */
  readonly radius: number;
  /** True when all points coincide up to float32 rounding; roundness, share and bestHarmonic are then 0. */
  readonly degenerate: boolean;
}

/** The roundness of a path in the plane. */
export interface PlaneRoundness extends Roundness {
  /** How often the path goes round its mean, counter-clockwise positive; 0 for a point. */
  readonly winding: number;
}

interface Harmonic {
  /** Fraction of the variance. */
  readonly share: number;
  /** Area of the ellipse that it describes, over pi times the path's variance. */
  readonly area: number;
}

/** The path's mean and its variance, i.e. the mean squared distance from it. */
function momentsOf(path: ArrayLike<number>, points: number, dim: number) {
  const mean = new Float64Array(dim);
  for (let k = 0; k < points * dim; k++) mean[k % dim] = (mean[k % dim] ?? 0) + (path[k] ?? NaN) / points;
  let variance = 0;
  let size = 0;
  for (let k = 0; k < points * dim; k++) {
    variance += ((path[k] ?? NaN) - (mean[k % dim] ?? NaN)) ** 2 / points;
    size += (path[k] ?? NaN) ** 2 / points;
  }
  return { mean, variance, size };
}

/** Cosines and sines of the angles `2 pi k / n` of n points. */
interface Angles {
  readonly cosines: Float64Array;
  readonly sines: Float64Array;
}

function equalAngles(points: number): Angles {
  const angles = Float64Array.from({ length: points }, (_, k) => (2 * Math.PI * k) / points);
  return { cosines: angles.map(Math.cos), sines: angles.map(Math.sin) };
}

/** The harmonic h of a path: `A cos(h t) + B sin(h t)` with A and B in R^dim describes an ellipse. */
function harmonicOf(
  path: ArrayLike<number>,
  dim: number,
  h: number,
  { cosines, sines }: Angles,
  variance: number,
): Harmonic {
  const points = cosines.length;
  let aa = 0;
  let bb = 0;
  let ab = 0;
  for (let j = 0; j < dim; j++) {
    let a = 0;
    let b = 0;
    for (let k = 0; k < points; k++) {
      const coordinate = path[k * dim + j] ?? NaN;
      a += coordinate * (cosines[(h * k) % points] ?? NaN);
      b += coordinate * (sines[(h * k) % points] ?? NaN);
    }
    aa += a * a;
    bb += b * b;
    ab += a * b;
  }
  const scale = (2 / points) ** 2 / variance;
  return { share: (scale * (aa + bb)) / 2, area: scale * Math.sqrt(Math.max(0, aa * bb - ab * ab)) };
}

/**
 * How round a closed path in any dimension is.
 *
 * The path's points are taken at equal angles `t_k = 2 pi k / n`. Its harmonic h is `A cos(h t) + B sin(h t)`, an ellipse,
 * and its roundness the area of that ellipse over that of a circle which holds the whole variance of the path:
 *
 * `roundness = |A ^ B| / V`, `|A ^ B|^2 = |A|^2 |B|^2 - (A.B)^2`, `V = 1/n sum_k |z_k - mean|^2`
 *
 * In the plane, with `z = x + iy` and its Fourier coefficients c, this is `| |c_h|^2 - |c_-h|^2 | / V`: the fraction of the
 * variance in pure circular motion one way, less that the other way round. It does not depend on the path's centre,
 * size, phase, direction, or on how it lies in space.
 *
 * @param path `[points, dim]`, row-major, in order of angle, the first point not repeated at the end.
 * @param harmonic how often the path should go round; 1 for a rotation's trajectory.
 * @throws RangeError when the size is not points x dim, there are fewer than 2 harmonic + 1 points, or a number is not
 *   finite.
 */
export function roundnessInSpace(path: ArrayLike<number>, dim: number, harmonic = 1): Roundness {
  const points = path.length / dim;
  if (!Number.isInteger(harmonic) || harmonic < 1) {
    throw new RangeError(`roundness: harmonic is ${harmonic}; it must be a whole number >= 1.`);
  }
  if (!Number.isInteger(points)) {
    throw new RangeError(
      `roundness: the path holds ${path.length} numbers, no multiple of ${dim} coordinates.`,
    );
  }
  if (points < 2 * harmonic + 1) {
    throw new RangeError(
      `roundness: the path has ${points} points; harmonic ${harmonic} needs at least ${2 * harmonic + 1}.`,
    );
  }
  const bad = Array.from(path).findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) {
    throw new RangeError(
      `roundness: point ${Math.floor(bad / dim)} of the path is ${String(path[bad])}; it must be finite.`,
    );
  }
  const { variance, size } = momentsOf(path, points, dim);
  const radius = Math.sqrt(variance);
  if (variance <= STILL ** 2 * size) {
    return { roundness: 0, share: 0, bestHarmonic: 0, bestShare: 0, shares: [], radius, degenerate: true };
  }
  // A harmonic n/2 is left out: it has no area, and its two coefficients are one.
  const angles = equalAngles(points);
  const harmonics = Array.from({ length: Math.floor((points - 1) / 2) }, (_, k) =>
    harmonicOf(path, dim, k + 1, angles, variance),
  );
  const shares = harmonics.map((one) => one.share);
  const bestShare = Math.max(...shares);
  const wanted = harmonics[harmonic - 1];
  return {
    roundness: wanted?.area ?? 0,
    share: wanted?.share ?? 0,
    bestHarmonic: shares.indexOf(bestShare) + 1,
    bestShare,
    shares,
    radius,
    degenerate: false,
  };
}

/** How often a closed path goes round a centre: the sum of the turns from point to point, over 2 pi. */
function windingNumber(path: ArrayLike<number>, [cx, cy]: readonly [number, number]): number {
  const points = path.length / 2;
  let turned = 0;
  for (let k = 0; k < points; k++) {
    const next = (k + 1) % points;
    const [x, y] = [(path[2 * k] ?? NaN) - cx, (path[2 * k + 1] ?? NaN) - cy];
    const [u, v] = [(path[2 * next] ?? NaN) - cx, (path[2 * next + 1] ?? NaN) - cy];
    turned += Math.atan2(x * v - y * u, x * u + y * v);
  }
  // Not -0 for a path that turns nowhere.
  return Math.round(turned / (2 * Math.PI)) + 0;
}

/**
 * How round a closed path in the plane is: {@link roundnessInSpace} with the number of times it goes round its mean.
 *
 * @param path `[points, 2]`, row-major, in order of angle, the first point not repeated at the end.
 * @throws RangeError as {@link roundnessInSpace} does.
 */
export function roundness(
  path: ArrayLike<number>,
  { harmonic = 1 }: { readonly harmonic?: number } = {},
): PlaneRoundness {
  const found = roundnessInSpace(path, 2, harmonic);
  if (found.degenerate) return { ...found, winding: 0 };
  const { mean } = momentsOf(path, path.length / 2, 2);
  return { ...found, winding: windingNumber(path, [mean[0] ?? 0, mean[1] ?? 0]) };
}
