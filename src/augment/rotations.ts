/** Rotations of point clouds: the augmentation of the protein experiment (section 5.1 of the paper). */
import type { RandomStream } from '../tensorflow/random.js';
import * as tf from '../tensorflow/tf.js';

/** Numbers in a 3 x 3 matrix. */
export const MATRIX_SIZE = 9;

/**
 * A rotation drawn from the Haar measure on SO(3), row-major 3 x 3: a unit quaternion with normally distributed
 * components before it is scaled, which is uniform on the 3-sphere.
 */
export function randomRotation(random: RandomStream): Float32Array {
  for (;;) {
    const q = [random.normal(), random.normal(), random.normal(), random.normal()] as const;
    const length = Math.hypot(...q);
    // So short that its direction would be rounding noise; it does not happen in practice.
    if (length > 1e-9)
      return rotationOfQuaternion(q[0] / length, q[1] / length, q[2] / length, q[3] / length);
  }
}

/** The rotation matrix (row-major 3 x 3) of the unit quaternion `w + xi + yj + zk`. */
export function rotationOfQuaternion(w: number, x: number, y: number, z: number): Float32Array {
  return Float32Array.of(
    1 - 2 * (y * y + z * z),
    2 * (x * y - w * z),
    2 * (x * z + w * y),
    2 * (x * y + w * z),
    1 - 2 * (x * x + z * z),
    2 * (y * z - w * x),
    2 * (x * z - w * y),
    2 * (y * z + w * x),
    1 - 2 * (x * x + y * y),
  );
}

/** The rotation (row-major 3 x 3) by `angle` radians about coordinate axis 0, 1 or 2, right-handed. */
export function axisRotation(axis: 0 | 1 | 2, angle: number): Float32Array {
  const half = angle / 2;
  const vector = [0, 0, 0];
  vector[axis] = Math.sin(half);
  const [x = 0, y = 0, z = 0] = vector;
  return rotationOfQuaternion(Math.cos(half), x, y, z);
}

/** One rotation for each item: `[count, 3, 3]`. */
export function rotationPerItem(random: RandomStream, count: number): Float32Array {
  const result = new Float32Array(count * MATRIX_SIZE);
  for (let i = 0; i < count; i++) result.set(randomRotation(random), i * MATRIX_SIZE);
  return result;
}

/**
 * One rotation for each of `chunks` consecutive chunks, repeated for every item of its chunk: `[count, 3, 3]`.
 *
 * @throws RangeError when `count` is no multiple of `chunks`.
 */
export function rotationPerChunk(random: RandomStream, count: number, chunks: number): Float32Array {
  if (!Number.isInteger(chunks) || chunks < 1 || count % chunks !== 0) {
    throw new RangeError(`Rotations: ${count} items cannot be cut into ${chunks} equal chunks.`);
  }
  const size = count / chunks;
  const result = new Float32Array(count * MATRIX_SIZE);
  for (let chunk = 0; chunk < chunks; chunk++) {
    const rotation = randomRotation(random);
    for (let i = 0; i < size; i++) result.set(rotation, (chunk * size + i) * MATRIX_SIZE);
  }
  return result;
}

/**
 * Rotates each cloud by its matrix, `x -> R x` for every point x.
 *
 * @param clouds - `[batch, points, 3]`
 * @param rotations - `[batch, 3, 3]`
 */
export function rotateClouds(clouds: tf.Tensor3D, rotations: tf.Tensor3D): tf.Tensor3D {
  return tf.matMul(clouds, rotations, false, true);
}
