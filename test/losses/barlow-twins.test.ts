import { beforeAll, describe, expect, it } from 'vitest';
import { barlowTwins } from '../../src/losses/barlow-twins.js';
import { startEngine } from '../../src/tensorflow/engine.js';
import { gradientGap } from './gradients.js';
import { barlowTwinsLoop, matrix, unitRows, valueOf } from './reference.js';

beforeAll(() => {
  startEngine();
});

const value = (a: number[][], b: number[][], offDiagonal: number): number =>
  valueOf(() => barlowTwins(matrix(a), matrix(b), { offDiagonal }));

describe('barlowTwins', () => {
  it('is the loop over pairs of dimensions, on a grid', () => {
    for (const batch of [2, 5, 16]) {
      for (const dim of [1, 3, 16]) {
        for (const weight of [0, 0.0051, 1]) {
          const [a, b] = [unitRows(1, batch, dim), unitRows(2, batch, dim)];
          const expected = barlowTwinsLoop(a, b, weight);
          expect(Math.abs(value(a, b, weight) - expected)).toBeLessThan(2e-5 * Math.max(1, expected));
        }
      }
    }
  });

  it('by hand: views alike with uncorrelated columns give 0; one column turned over gives 4', () => {
    // Columns of mean 0 and variance 1e4, beside which the 1e-5 of the denominator is nothing.
    const rows = [
      [100, 100],
      [100, -100],
      [-100, 100],
      [-100, -100],
    ];
    const turned = rows.map(([x = NaN, y = NaN]) => [x, -y]);
    expect(value(rows, rows, 0.5)).toBeCloseTo(0, 5);
    // C is diag(1, -1): (1 + 1)^2.
    expect(value(rows, turned, 0.5)).toBeCloseTo(4, 5);
    // Columns changed over: C is [[0, 1], [1, 0]], so 2 on the diagonal and 2 weights off it.
    expect(
      value(
        rows,
        rows.map(([x = NaN, y = NaN]) => [y, x]),
        0.5,
      ),
    ).toBeCloseTo(2 + 0.5 * 2, 5);
  });

  it('leaves out scale and offset of each dimension', () => {
    const [a, b] = [unitRows(3, 8, 3), unitRows(4, 8, 3)].map((rows) =>
      rows.map((row) => row.map((x) => 50 * x)),
    );
    const changed = (b ?? []).map((row) => row.map((x, j) => (j + 2) * x - 10 * j));
    expect(value(a ?? [], changed, 0.3)).toBeCloseTo(value(a ?? [], b ?? [], 0.3), 4);
  });

  it('has the gradient of finite differences', () => {
    const gap = gradientGap(
      (a, b) => barlowTwins(a, b, { offDiagonal: 0.2 }),
      (a, b) => barlowTwinsLoop(a, b, 0.2),
      unitRows(5, 6, 3),
      unitRows(6, 6, 3),
    );
    expect(gap).toBeLessThan(1e-4);
  });

  it('says what is wrong with its input', () => {
    const rows = unitRows(1, 4, 3);
    expect(() => value(rows, rows, -0.1)).toThrow('offDiagonal is -0.1; it must be a number >= 0');
    expect(() => value([[1, 2]], [[1, 2]], 1)).toThrow(/no correlations/);
    expect(() => value(rows, unitRows(1, 4, 2), 1)).toThrow(/shapes must be equal/);
  });
});
