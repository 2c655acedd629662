import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { embeddingsFrom } from '../../src/measure/embeddings.js';
import { gammaF, invarianceLoss } from '../../src/measure/gamma.js';
import { golden, goldenPair, mapped, noisy, onSphere, orthogonal } from './helpers.js';

describe('gammaF', () => {
  it('is the loop over ordered pairs in numpy', () => {
    const found = gammaF([goldenPair(golden.gamma)]);
    expect(found.gamma.value).toBeCloseTo(golden.gamma.gamma, 9);
    expect(found.pooled.value).toBeCloseTo(golden.gamma.pooled, 9);
    expect(found.pairs).toBe(21);
  });

  it('by hand: one of two items moves by 1 away from the other, 2 apart before', () => {
    // Squared distance 4 -> 9, movement 0 + 1: (9 - 4)^2 / 1^2.
    const from = embeddingsFrom([
      [0, 0],
      [2, 0],
    ]);
    const to = embeddingsFrom([
      [0, 0],
      [3, 0],
    ]);
    expect(gammaF([{ from, to }]).gamma.value).toBe(25);
    expect(invarianceLoss([{ from, to }]).value).toBe(0.5);
  });

  it('is 0 for an exactly equivariant encoder, without a pair that stood still', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 9999 }), fc.integer({ min: 2, max: 8 }), (seed, dim) => {
        const from = onSphere(seed, 9, dim);
        const found = gammaF([{ from, to: mapped(from, orthogonal(seed, dim)) }]);
        expect(found.pooled.value).toBeLessThan(1e-10);
        expect(found.stillShare).toBe(0);
      }),
      { numRuns: 25 },
    );
  });

  it('is 0, flagged, for an exactly invariant one, also with float32 rounding', () => {
    const from = onSphere(1, 9, 4);
    for (const to of [from, noisy(from, 1e-8, 1)]) {
      const found = gammaF([{ from, to }]);
      expect(found.gamma.value).toBe(0);
      expect(found.stillShare).toBe(1);
    }
  });

  it('explodes for an encoder that is invariant but for noise: that is what it is for', () => {
    const from = onSphere(1, 30, 4);
    const little = gammaF([{ from, to: noisy(from, 1e-3, 1) }]).gamma.value;
    const turned = gammaF([{ from, to: noisy(mapped(from, orthogonal(2, 4)), 1e-3, 1) }]).gamma.value;
    expect(little / turned).toBeGreaterThan(1e4);
  });

  it('averages over augmentations and estimates from sampled pairs without bias', () => {
    const from = onSphere(1, 60, 4);
    const pairs = [0.2, 0.5].map((size, k) => ({ from, to: noisy(from, size, k) }));
    const all = gammaF(pairs);
    const [a, b] = pairs.map((pair) => gammaF([pair]).gamma.value);
    expect(all.gamma.value).toBeCloseTo(((a ?? 0) + (b ?? 0)) / 2, 9);
    expect(all.gamma).toMatchObject({ n: 2, kind: 'trials' });
    const draws = Array.from(
      { length: 30 },
      (_, seed) => gammaF(pairs, { maxPairs: 300, seed }).pooled.value,
    );
    const average = draws.reduce((x, y) => x + y, 0) / draws.length;
    expect(Math.abs(average / all.pooled.value - 1)).toBeLessThan(0.05);
    expect(new Set(draws).size).toBe(30);
  });

  it('says what is wrong with its input', () => {
    const from = onSphere(1, 4, 3);
    expect(() => gammaF([])).toThrow(/no augmentations/);
    expect(() => gammaF([{ from, to: onSphere(1, 5, 3) }])).toThrow(/Trial 0: .*4 x 3.*5 x 3/);
    expect(() => gammaF([{ from, to: from }], { maxPairs: 0 })).toThrow(/maxPairs is 0/);
    expect(() => invarianceLoss([])).toThrow(/no augmentations/);
  });
});

describe('invarianceLoss', () => {
  it("is numpy's mean squared movement", () => {
    expect(invarianceLoss([goldenPair(golden.gamma)]).value).toBeCloseTo(golden.gamma.invariance, 9);
  });

  it('is 4 for opposite points on the sphere, the most there is', () => {
    const from = onSphere(1, 5, 3);
    const to = { ...from, values: from.values.map((x) => -x) };
    expect(invarianceLoss([{ from, to }]).value).toBeCloseTo(4, 5);
  });
});
