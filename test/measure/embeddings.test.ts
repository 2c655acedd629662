import { describe, expect, it } from 'vitest';
import {
  checkEmbeddings,
  checkPair,
  embeddingsFrom,
  meanRow,
  nonZeroNorms,
  rmsNorm,
  rowNorms,
  selectRows,
  spread,
} from '../../src/measure/embeddings.js';

const triangle = embeddingsFrom([
  [3, 4],
  [0, 0],
  [3, -4],
]);

describe('embeddings', () => {
  it('measures lengths, mean and spread, by hand', () => {
    expect(Array.from(rowNorms(triangle))).toEqual([5, 0, 5]);
    expect(rmsNorm(triangle)).toBeCloseTo(Math.sqrt(50 / 3), 12);
    expect(Array.from(meanRow(triangle))).toEqual([2, 0]);
    // Squared distances from (2, 0): 17, 4, 17.
    expect(spread(triangle)).toBeCloseTo(Math.sqrt(38 / 3), 12);
  });

  it('selects rows in the order asked for', () => {
    expect(Array.from(selectRows(triangle, [2, 0]).values)).toEqual([3, -4, 3, 4]);
    expect(() => selectRows(triangle, [3])).toThrow(/index 3 is outside the 3 rows/);
  });

  it('names the row and column of a number that is not finite', () => {
    const bad = embeddingsFrom([
      [1, 2],
      [3, NaN],
    ]);
    expect(() => checkEmbeddings('m', 'x', bad)).toThrow(/x has NaN in row 1, column 1/);
    bad.values[3] = Infinity;
    expect(() => checkEmbeddings('m', 'x', bad)).toThrow(/Infinity in row 1/);
  });

  it('refuses too few rows, wrong sizes, and pairs that do not match', () => {
    const one = embeddingsFrom([[1, 2]]);
    expect(() => checkEmbeddings('m', 'x', one)).toThrow(/x has 1 row; at least 2/);
    expect(() => checkEmbeddings('m', 'x', { ...triangle, rows: 4 })).toThrow(
      /4 rows of 2 and holds 6 numbers/,
    );
    expect(() =>
      checkPair(
        'm',
        triangle,
        embeddingsFrom([
          [1, 2],
          [3, 4],
        ]),
      ),
    ).toThrow(/from is 3 x 2 and to is 2 x 2/);
    expect(() => embeddingsFrom([[1, 2], [3]])).toThrow(/row 1 has 1 numbers/);
  });

  it('names the row that has no direction', () => {
    expect(() => nonZeroNorms('m', 'x', triangle)).toThrow(/row 1 of x is zero/);
  });
});
