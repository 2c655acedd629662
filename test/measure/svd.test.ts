import fc from 'fast-check';
import { Matrix } from 'ml-matrix';
import { beforeAll, describe, expect, it } from 'vitest';
import { squareSvd } from '../../src/measure/svd.js';
import { startEngine } from '../../src/tensorflow/engine.js';
import * as tf from '../../src/tensorflow/tf.js';
import { gaussian, largestGap } from './helpers.js';

beforeAll(() => {
  startEngine();
});

/** Products of rank `rank`: the rest of the singular values are 0. */
function ofRank(seed: number, dim: number, rank: number): Matrix {
  return gaussian(seed, dim, rank).mmul(gaussian(seed + 1, rank, dim));
}

describe('squareSvd', () => {
  it('rebuilds the matrix from orthogonal factors, of any rank, in float64 and in float32', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 999 }), fc.integer({ min: 2, max: 12 }), (seed, dim) => {
        const rank = 1 + (seed % dim);
        const matrix = ofRank(seed, dim, rank).mul(10 ** ((seed % 9) - 4));
        const size = matrix.norm('frobenius');
        for (const [limit, tolerance] of [
          [100, 1e-12],
          [0, 1e-5],
        ] as const) {
          const { left, right, values, rounding } = squareSvd(matrix, limit);
          const rebuilt = left.mmul(Matrix.diag([...values])).mmul(right.transpose());
          expect(Matrix.sub(rebuilt, matrix).norm('frobenius')).toBeLessThan(tolerance * size);
          for (const factor of [left, right]) {
            const gap = largestGap(factor.transpose().mmul(factor).to1DArray(), Matrix.eye(dim).to1DArray());
            expect(gap).toBeLessThan(tolerance);
          }
          expect([...values].sort((a, b) => b - a)).toEqual([...values]);
          // What lies beyond the rank is told from what lies within it.
          expect(values[rank] ?? 0).toBeLessThan(rounding * (values[0] ?? 0) + 1e-300);
        }
      }),
      { numRuns: 40 },
    );
  });

  it('takes a matrix of zeros apart, and leaves no tensor behind', () => {
    const before = tf.memory().numTensors;
    expect(squareSvd(Matrix.zeros(40, 40)).values.every((value) => value === 0)).toBe(true);
    squareSvd(gaussian(1, 40, 40));
    expect(tf.memory().numTensors).toBe(before);
  });
});
