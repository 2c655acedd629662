import fc from 'fast-check';
import { Matrix, QrDecomposition } from 'ml-matrix';
import { beforeAll, describe, expect, it } from 'vitest';
import { equivariance } from '../../src/losses/equivariance.js';
import { randomStream } from '../../src/tensorflow/random.js';
import { startEngine } from '../../src/tensorflow/engine.js';
import * as tf from '../../src/tensorflow/tf.js';
import { equivarianceLoop, finiteDifferences, largestGap, matrix, unitRows, valueOf } from './reference.js';

beforeAll(() => {
  startEngine();
});

const meanOf = (a: number[][], b: number[][], chunks: number): number =>
  valueOf(() => equivariance(matrix(a), matrix(b), { chunks, reduction: 'mean' }));

/** A random orthogonal matrix: the Q of a Gaussian matrix. */
function orthogonal(seed: number, dim: number): Matrix {
  const stream = randomStream(seed, 77);
  const gaussian = Array.from({ length: dim }, () => Array.from({ length: dim }, () => stream.normal()));
  return new QrDecomposition(new Matrix(gaussian)).orthogonalMatrix;
}

const mapped = (rows: number[][], map: Matrix): number[][] => new Matrix(rows).mmul(map).to2DArray();

describe('equivariance', () => {
  it('is the loop over pairs of each chunk, on a grid, in both reductions', () => {
    for (const [batch, chunks] of [
      [2, 1],
      [6, 1],
      [6, 2],
      [6, 3],
      [16, 4],
    ] as const) {
      for (const dim of [1, 3, 16]) {
        for (const reduction of ['mean', 'official-sum'] as const) {
          const [a, b] = [unitRows(1, batch, dim), unitRows(2, batch, dim)];
          const found = valueOf(() => equivariance(matrix(a), matrix(b), { chunks, reduction }));
          const expected = equivarianceLoop(a, b, chunks, reduction);
          expect(Math.abs(found - expected)).toBeLessThan(1e-5 * Math.max(1, expected));
        }
      }
    }
  });

  it('by hand: an angle that opens from 90 to 60 degrees gives a quarter', () => {
    const before = [
      [1, 0],
      [0, 1],
    ];
    const after = [
      [1, 0],
      [0.5, Math.sqrt(0.75)],
    ];
    expect(meanOf(before, after, 1)).toBeCloseTo(0.25, 6);
  });

  it('official-sum is 2 (c - 1) times the mean, for chunks of c', () => {
    const [a, b] = [unitRows(1, 12, 5), unitRows(2, 12, 5)];
    for (const chunks of [1, 2, 3, 6]) {
      const sum = valueOf(() => equivariance(matrix(a), matrix(b), { chunks, reduction: 'official-sum' }));
      expect(sum / meanOf(a, b, chunks)).toBeCloseTo(2 * (12 / chunks - 1), 4);
    }
  });

  it('is 0 when each chunk was turned by an orthogonal map of its own (Proposition 1)', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 9999 }), fc.integer({ min: 2, max: 8 }), (seed, dim) => {
        const rows = unitRows(seed, 8, dim);
        const turned = [
          ...mapped(rows.slice(0, 4), orthogonal(seed, dim)),
          ...mapped(rows.slice(4), orthogonal(seed + 1, dim)),
        ];
        expect(meanOf(rows, turned, 2)).toBeLessThan(1e-10);
        // Not so as one chunk, since no single map serves both halves; two turns of the plane can be about the same by chance.
        const apart = Matrix.sub(orthogonal(seed, dim), orthogonal(seed + 1, dim)).norm();
        if (apart > 0.5) expect(meanOf(rows, turned, 1)).toBeGreaterThan(1e-4);
      }),
      { numRuns: 25 },
    );
  });

  it('is above 0 under a shear', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 9999 }),
        fc.double({ min: 0.2, max: 2, noNaN: true }),
        (seed, by) => {
          const rows = unitRows(seed, 6, 3);
          const shear = new Matrix([
            [1, by, 0],
            [0, 1, 0],
            [0, 0, 1],
          ]);
          expect(meanOf(rows, mapped(rows, shear), 1)).toBeGreaterThan(1e-5);
        },
      ),
      { numRuns: 25 },
    );
  });

  it('leaves out the lengths of the embeddings: only pairs count', () => {
    // Orthogonal rows of any length have the same Gram matrix off the diagonal.
    expect(
      meanOf(
        [
          [1, 0],
          [0, 1],
        ],
        [
          [3, 0],
          [0, 7],
        ],
        1,
      ),
    ).toBe(0);
  });

  it('does not change when a chunk is permuted, but does when rows change chunks', () => {
    const [a, b] = [unitRows(1, 6, 4), unitRows(2, 6, 4)];
    const order = (rows: number[][], indices: number[]): number[][] => indices.map((i) => rows[i] ?? []);
    const expected = meanOf(a, b, 2);
    const within = [2, 0, 1, 4, 5, 3];
    const across = [3, 1, 2, 0, 4, 5];
    expect(meanOf(order(a, within), order(b, within), 2)).toBeCloseTo(expected, 6);
    expect(Math.abs(meanOf(order(a, across), order(b, across), 2) - expected)).toBeGreaterThan(1e-3);
  });

  it('has the gradient of finite differences', () => {
    const [a, b] = [unitRows(3, 6, 3), unitRows(4, 6, 3)];
    const gradients = tf.tidy(() =>
      tf
        .grads((x, y) =>
          equivariance(x as tf.Tensor2D, y as tf.Tensor2D, { chunks: 2, reduction: 'official-sum' }),
        )([matrix(a), matrix(b)])
        .map((g) => Array.from(g.dataSync())),
    );
    const loop = (x: number[][], y: number[][]): number => equivarianceLoop(x, y, 2, 'official-sum');
    expect(
      largestGap(
        gradients[0] ?? [],
        finiteDifferences((x) => loop(x, b), a),
      ),
    ).toBeLessThan(1e-5);
    expect(
      largestGap(
        gradients[1] ?? [],
        finiteDifferences((y) => loop(a, y), b),
      ),
    ).toBeLessThan(1e-5);
  });

  it('says what is wrong with its input', () => {
    const rows = matrix(unitRows(1, 6, 3));
    const of = (chunks: number): tf.Scalar => equivariance(rows, rows, { chunks, reduction: 'mean' });
    expect(() => of(4)).toThrow(/6 rows cannot be cut into 4/);
    expect(() => of(6)).toThrow(/at most 3 chunks/);
    expect(() => of(0)).toThrow(/chunks is 0/);
    expect(() => of(1.5)).toThrow(/chunks is 1.5/);
    expect(() => equivariance(rows, rows, { chunks: 1, reduction: 'sum' as 'mean' })).toThrow(
      /unknown reduction sum/,
    );
    expect(() => equivariance(rows, matrix(unitRows(1, 6, 2)), { chunks: 1, reduction: 'mean' })).toThrow(
      /shapes/,
    );
  });
});
