import { createHash } from 'node:crypto';

import { randomStream, type RandomStream } from '../tensorflow/random.js';
import { DataError } from './data-error.js';

/**
 * How a cloud is scaled. `rms` divides each cloud by its own root-mean-square radius, so that the mean squared norm of
 * its points is 1; `global` divides every cloud by 17 angstrom and keeps differences in size.
 */
export type CloudScale = 'rms' | 'global';

/**
 * Divisor of the `global` scale in angstrom, near the median RMS radius (16.8) of the 459 structures of the docking
 * benchmark. A constant, not a statistic of the data at hand, so that nothing of a test set goes into a training set.
 */
export const GLOBAL_SCALE = 17;

/** Counter that keeps the draws of resampling apart from other uses of the seed. */
const RESAMPLING = 0x5e5a;

/** What to make of a structure's atoms. */
export interface CloudOptions {
  /** Points of the cloud, at least 4. */
  readonly points: number;
  /**
   * Default `rms`. Size does not change under rotation and varies by a factor of six between proteins, so with
   * `global` a contrastive encoder can tell most structures apart by size alone and need not look at their shape.
   */
  readonly scale?: CloudScale;
  readonly seed: number;
}

/** Random numbers that belong to a structure's name, whatever the order or number of the other structures. */
export function streamOfName(seed: number, name: string, purpose: number): RandomStream {
  const hash = createHash('sha256').update(name).digest();
  return randomStream(seed, purpose, hash.readUInt32LE(0), hash.readUInt32LE(4));
}

/**
 * Point cloud of a structure: resampled to `points`, centred at the origin, scaled. The choice of atoms depends on
 * seed, name and the number of atoms only, so a rotated structure gives the rotated cloud.
 *
 * @param atoms - `[n, 3]` row-major, in angstrom.
 * @returns `[points, 3]` row-major; mean 0 and, with `rms`, mean squared norm 1.
 * @throws DataError when there are fewer than 4 points, or all atoms are at the same place.
 */
export function makeCloud(atoms: Float32Array, name: string, options: CloudOptions): Float32Array {
  checkPoints(options.points);
  const chosen = resample(atoms, options.points, streamOfName(options.seed, name, RESAMPLING));
  const centred = centre(chosen);
  const divisor = (options.scale ?? 'rms') === 'rms' ? rmsRadius(centred) : GLOBAL_SCALE;
  if (divisor === 0) {
    throw new DataError(`${name}: all atoms are at the same place.`, 'Leave the structure out.');
  }
  return Float32Array.from(centred, (value) => value / divisor);
}

/** @throws DataError unless `points` is an integer of at least 4. */
export function checkPoints(points: number): void {
  if (Number.isInteger(points) && points >= 4) return;
  throw new DataError(
    `${points} points per cloud were asked for.`,
    'Give an integer of at least 4: fewer points lie in a plane.',
  );
}

/**
 * Brings `n` points to `points`: a random subset without replacement when there are more, each repeated
 * floor or ceil of points/n times when there are fewer. The order of the chain is kept.
 *
 * @param coordinates - `[n, 3]` row-major.
 * @returns `[points, 3]` row-major.
 */
export function resample(coordinates: Float32Array, points: number, random: RandomStream): Float32Array {
  const available = coordinates.length / 3;
  const indices = available > points ? subset(available, points, random) : repeats(available, points);
  const result = new Float32Array(points * 3);
  indices.forEach((index, at) => result.set(coordinates.subarray(index * 3, index * 3 + 3), at * 3));
  return result;
}

/** Selection sampling (Knuth, TAOCP 2, algorithm 3.4.2 S): every subset is equally likely, and comes out sorted. */
function subset(available: number, wanted: number, random: RandomStream): number[] {
  const chosen: number[] = [];
  for (let index = 0; chosen.length < wanted; index++) {
    if (random.uniform() * (available - index) < wanted - chosen.length) chosen.push(index);
  }
  return chosen;
}

function repeats(available: number, wanted: number): number[] {
  return Array.from({ length: wanted }, (_, at) => Math.floor((at * available) / wanted));
}

/** Points minus their mean; in double precision, so that rounding happens once. */
function centre(coordinates: Float32Array): Float64Array {
  const points = coordinates.length / 3;
  const mean = [0, 0, 0];
  coordinates.forEach((value, at) => (mean[at % 3] = (mean[at % 3] ?? 0) + value / points));
  return Float64Array.from(coordinates, (value, at) => value - (mean[at % 3] ?? 0));
}

function rmsRadius(centred: Float64Array): number {
  return Math.sqrt(centred.reduce((sum, value) => sum + value * value, 0) / (centred.length / 3));
}
