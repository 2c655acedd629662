import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  axisRotation,
  randomRotation,
  rotateClouds,
  rotationPerChunk,
  rotationPerItem,
} from '../../src/augment/rotations.js';
import { startEngine } from '../../src/tensorflow/engine.js';
import { randomStream } from '../../src/tensorflow/random.js';
import * as tf from '../../src/tensorflow/tf.js';

startEngine();

const at = (m: ArrayLike<number>, row: number, column: number) => m[3 * row + column] ?? NaN;

function determinant(m: ArrayLike<number>): number {
  const minor = (a: number, b: number) => at(m, 1, a) * at(m, 2, b) - at(m, 1, b) * at(m, 2, a);
  return at(m, 0, 0) * minor(1, 2) - at(m, 0, 1) * minor(0, 2) + at(m, 0, 2) * minor(0, 1);
}

describe('randomRotation', () => {
  it('is orthogonal with determinant 1', () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const r = randomRotation(randomStream(seed));
        for (let i = 0; i < 3; i++) {
          for (let j = 0; j < 3; j++) {
            let dot = 0;
            for (let k = 0; k < 3; k++) dot += at(r, i, k) * at(r, j, k);
            expect(dot).toBeCloseTo(i === j ? 1 : 0, 5);
          }
        }
        expect(determinant(r)).toBeCloseTo(1, 5);
      }),
    );
  });

  it('is uniform: the moments of the Haar measure, and the density of the angle', () => {
    const stream = randomStream(11);
    const count = 40_000;
    let trace = 0;
    let traceSquared = 0;
    let entrySquared = 0;
    let small = 0;
    for (let i = 0; i < count; i++) {
      const r = randomRotation(stream);
      const t = at(r, 0, 0) + at(r, 1, 1) + at(r, 2, 2);
      trace += t / count;
      traceSquared += (t * t) / count;
      entrySquared += at(r, 0, 1) ** 2 / count;
      if (Math.acos(Math.max(-1, Math.min(1, (t - 1) / 2))) < Math.PI / 2) small++;
    }
    // The character of the vector representation: E tr = 0, E tr^2 = 1; each squared entry has mean 1/3.
    expect(Math.abs(trace)).toBeLessThan(5 / Math.sqrt(count));
    expect(Math.abs(traceSquared - 1)).toBeLessThan(5 * Math.sqrt(2 / count));
    expect(Math.abs(entrySquared - 1 / 3)).toBeLessThan(5 * Math.sqrt(4 / 45 / count));
    // The angle has density (1 - cos t) / pi, so P(angle < pi/2) = 1/2 - 1/pi.
    const expected = 1 / 2 - 1 / Math.PI;
    expect(Math.abs(small / count - expected)).toBeLessThan(
      5 * Math.sqrt((expected * (1 - expected)) / count),
    );
  });
});

describe('axisRotation', () => {
  it('turns a quarter about each axis, right-handed', () => {
    const close = (m: Float32Array, expected: number[]) =>
      expected.forEach((v, i) => expect(m[i]).toBeCloseTo(v, 6));
    close(axisRotation(0, Math.PI / 2), [1, 0, 0, 0, 0, -1, 0, 1, 0]);
    close(axisRotation(1, Math.PI / 2), [0, 0, 1, 0, 1, 0, -1, 0, 0]);
    close(axisRotation(2, Math.PI / 2), [0, -1, 0, 1, 0, 0, 0, 0, 1]);
  });
});

describe('rotations of a batch', () => {
  it('share one rotation within a chunk and none between chunks', () => {
    const r = rotationPerChunk(randomStream(3), 6, 2);
    const matrix = (i: number) => [...r.slice(9 * i, 9 * i + 9)];
    expect(matrix(1)).toEqual(matrix(0));
    expect(matrix(2)).toEqual(matrix(0));
    expect(matrix(4)).toEqual(matrix(3));
    expect(matrix(3)).not.toEqual(matrix(0));
    const each = rotationPerItem(randomStream(3), 2);
    expect([...each.slice(0, 9)]).not.toEqual([...each.slice(9)]);
    expect(() => rotationPerChunk(randomStream(3), 6, 4)).toThrow(/6 items cannot be cut into 4/);
  });

  it('turn every point of a cloud by the matrix of that cloud', () => {
    const clouds = tf.tensor3d([1, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3], [2, 2, 3]);
    const rotations = tf.tensor3d([...axisRotation(2, Math.PI / 2), ...axisRotation(0, Math.PI)], [2, 3, 3]);
    const expected = [0, 1, 0, -2, 0, 0, 0, 0, -3, 1, -2, -3];
    rotateClouds(clouds, rotations)
      .dataSync()
      .forEach((value, i) => expect(value).toBeCloseTo(expected[i] ?? NaN, 6));
  });
});
