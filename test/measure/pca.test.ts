import fc from 'fast-check';
import { Matrix } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import { embeddingsFrom } from '../../src/measure/embeddings.js';
import { principalComponents } from '../../src/measure/pca.js';
import { golden, goldenEmbeddings, largestGap, onSphere } from './helpers.js';

describe('principalComponents', () => {
  it("is numpy's, signs included", () => {
    const { components, projection, explained, variances } = golden.spectrum;
    const found = principalComponents(goldenEmbeddings(golden.spectrum, golden.spectrum.values), 2);
    expect(largestGap(found.components, components)).toBeLessThan(1e-6);
    expect(largestGap(found.projection, projection)).toBeLessThan(1e-5);
    expect(largestGap(found.explained, explained)).toBeLessThan(1e-7);
    expect(largestGap(found.variances, variances.slice(0, 2))).toBeLessThan(1e-6);
  });

  it('by hand: points on a line along (1, 2)', () => {
    const found = principalComponents(
      embeddingsFrom([
        [0, 0],
        [1, 2],
        [2, 4],
      ]),
      2,
    );
    expect(largestGap(found.components.slice(0, 2), [1 / Math.sqrt(5), 2 / Math.sqrt(5)])).toBeLessThan(1e-9);
    expect(found.explained[0]).toBeCloseTo(1, 9);
    expect(found.projection[0]).toBeCloseTo(-Math.sqrt(5), 6);
  });

  it('keeps all of the data when all components are kept', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 9999 }), fc.integer({ min: 1, max: 6 }), (seed, dim) => {
        const data = onSphere(seed, 9, dim);
        const found = principalComponents(data, dim);
        const components = Matrix.from1DArray(dim, dim, found.components);
        const rebuilt = Matrix.from1DArray(9, dim, found.projection)
          .mmul(components)
          .addRowVector(found.mean);
        expect(largestGap(rebuilt.to1DArray(), data.values)).toBeLessThan(1e-6);
        expect(found.explained.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 6);
      }),
      { numRuns: 20 },
    );
  });

  it('has the variance of the projection as its variance, in falling order', () => {
    const found = principalComponents(onSphere(3, 30, 5), 3);
    for (let c = 0; c < 3; c++) {
      let sum = 0;
      for (let i = 0; i < 30; i++) sum += (found.projection[3 * i + c] ?? NaN) ** 2 / 30;
      expect(sum).toBeCloseTo(found.variances[c] ?? NaN, 6);
    }
    expect([...found.variances].sort((a, b) => b - a)).toEqual([...found.variances]);
  });

  it('shows a collapsed encoder as a point, not as magnified rounding', () => {
    const found = principalComponents(
      embeddingsFrom([
        [0.6, 0.8],
        [0.6 + 1e-8, 0.8],
        [0.6, 0.8 - 6e-8],
      ]),
      2,
    );
    expect(found.collapsed).toBe(true);
    expect(Array.from(found.projection)).toEqual([0, 0, 0, 0, 0, 0]);
    expect(found.explained).toEqual([0, 0]);
  });

  it('says what is wrong with its input', () => {
    expect(() => principalComponents(onSphere(1, 5, 3), 4)).toThrow(
      /k is 4; it must be a whole number from 1 to 3/,
    );
    expect(() => principalComponents(onSphere(1, 1, 3), 1)).toThrow(/at least 2/);
  });
});
