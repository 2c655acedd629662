import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { effectiveRank } from '../../src/measure/effective-rank.js';
import { embeddingsFrom } from '../../src/measure/embeddings.js';
import { golden, goldenEmbeddings, largestGap, mapped, onSphere, orthogonal } from './helpers.js';

describe('effectiveRank', () => {
  it("is numpy's, from eigenvalues and from singular values", () => {
    const found = effectiveRank(goldenEmbeddings(golden.spectrum, golden.spectrum.values));
    expect(found.value).toBeCloseTo(golden.spectrum.effectiveRank, 6);
    expect(found.ofSingularValues).toBeCloseTo(golden.spectrum.ofSingularValues, 6);
    expect(largestGap(found.variances, golden.spectrum.variances)).toBeLessThan(1e-6);
  });

  it('by hand: a cross has as many dimensions as arms, a line one, a point none', () => {
    const cross = embeddingsFrom([
      [1, 0, 0],
      [-1, 0, 0],
      [0, 1, 0],
      [0, -1, 0],
      [0, 0, 1],
      [0, 0, -1],
    ]);
    expect(effectiveRank(cross).value).toBeCloseTo(3, 9);
    expect(
      effectiveRank(
        embeddingsFrom([
          [1, 2],
          [2, 4],
          [4, 8],
        ]),
      ).value,
    ).toBeCloseTo(1, 6);
    expect(
      effectiveRank(
        embeddingsFrom([
          [0.6, 0.8],
          [0.6, 0.8],
          [0.6, 0.8],
        ]),
      ),
    ).toMatchObject({
      value: 0,
      ofSingularValues: 0,
    });
  });

  it('by hand: variances 2/3 and 1/3 of the whole', () => {
    const rows = [
      [Math.SQRT2, 0],
      [-Math.SQRT2, 0],
      [0, 1],
      [0, -1],
    ];
    const expected = Math.exp(-(2 / 3) * Math.log(2 / 3) - (1 / 3) * Math.log(1 / 3));
    expect(effectiveRank(embeddingsFrom(rows)).value).toBeCloseTo(expected, 6);
  });

  it('lies between 1 and dim, and does not change under turns, shifts and scaling', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 9999 }), fc.integer({ min: 2, max: 7 }), (seed, dim) => {
        const base = onSphere(seed, 15, dim);
        const { value } = effectiveRank(base);
        expect(value).toBeGreaterThan(1);
        expect(value).toBeLessThan(dim + 1e-9);
        const turned = mapped(base, orthogonal(seed, dim));
        const moved = { ...turned, values: turned.values.map((x) => 3 * x + 1) };
        expect(effectiveRank(moved).value).toBeCloseTo(value, 4);
      }),
      { numRuns: 20 },
    );
  });
});
