import fc from 'fast-check';
import { determinant, Matrix } from 'ml-matrix';
import { beforeAll, describe, expect, it } from 'vitest';
import { embeddingsFrom } from '../../src/measure/embeddings.js';
import { fitRotation, rotationError, wahba, wahbaTrials } from '../../src/measure/wahba.js';
import { startEngine } from '../../src/tensorflow/engine.js';
import { golden, goldenPair, largestGap, mapped, noisy, onSphere, orthogonal } from './helpers.js';

const asMatrix = (rotation: Float64Array, dim: number): Matrix => Matrix.from1DArray(dim, dim, rotation);
beforeAll(() => {
  startEngine();
});

const seeds = fc.integer({ min: 0, max: 99_999 });

describe('wahba', () => {
  it.each([undefined, {}, { group: 'so' }, 'SO'])('refuses %j, which names no group', (options) => {
    const pair = onSphere(1, 6, 3);
    const given = options as unknown as { readonly group: 'SO' };
    for (const measure of [wahba, fitRotation]) {
      expect(() => measure(pair, pair, given)).toThrow(
        /wahba: the group is .+; give { group: 'SO' } or { group: 'O' }/,
      );
    }
  });

  it('recovers a known rotation of any dimension', () => {
    fc.assert(
      fc.property(seeds, fc.integer({ min: 1, max: 9 }), (seed, dim) => {
        const from = onSphere(seed, 3 * dim + 2, dim);
        const rotation = orthogonal(seed + 1, dim);
        const found = wahba(from, mapped(from, rotation), { group: 'SO' });
        expect(largestGap(found.rotation, rotation.to1DArray())).toBeLessThan(1e-5);
        expect(found.rms).toBeLessThan(1e-6);
        expect(found.rank).toBe(dim);
      }),
      { numRuns: 40 },
    );
  });

  it('refuses a reflection in SO(d) and finds it in O(d)', () => {
    fc.assert(
      fc.property(seeds, fc.integer({ min: 2, max: 6 }), (seed, dim) => {
        const from = onSphere(seed, 40, dim);
        const reflection = orthogonal(seed, dim, -1);
        const to = mapped(from, reflection);
        const proper = wahba(from, to, { group: 'SO' });
        const any = wahba(from, to, { group: 'O' });
        expect(determinant(asMatrix(proper.rotation, dim))).toBeCloseTo(1, 9);
        expect(proper.rms).toBeGreaterThan(0.1);
        expect(determinant(asMatrix(any.rotation, dim))).toBeCloseTo(-1, 9);
        expect(largestGap(any.rotation, reflection.to1DArray())).toBeLessThan(1e-5);
      }),
      { numRuns: 20 },
    );
  });

  it.each(golden.procrustes)('O(d) is scipy.linalg.orthogonal_procrustes ($rows x $dim)', (c) => {
    const { from, to } = goldenPair(c);
    const found = wahba(from, to, { group: 'O' });
    expect(found.error).toBeCloseTo(c.error, 9);
    expect(largestGap(found.rotation, c.rotation)).toBeLessThan(1e-9);
  });

  it.each(golden.align)('SO(3) is scipy Rotation.align_vectors ($error)', (c) => {
    const { from, to } = goldenPair(c);
    const found = wahba(from, to, { group: 'SO' });
    expect(found.error).toBeCloseTo(c.error, 6);
    expect(largestGap(found.rotation, c.rotation)).toBeLessThan(1e-6);
  });

  it('is no worse than any other rotation', () => {
    const from = onSphere(1, 12, 4);
    const to = noisy(mapped(from, orthogonal(2, 4)), 0.3, 3);
    const best = wahba(from, to, { group: 'SO' });
    fc.assert(
      fc.property(seeds, (seed) => {
        const other = orthogonal(seed, 4);
        expect(rotationError(from, to, Float64Array.from(other.to1DArray())).error).toBeGreaterThan(
          best.error,
        );
        // Not even a small turn away from it.
        const turn = Matrix.eye(4);
        turn
          .set(0, 0, Math.cos(0.02))
          .set(1, 1, Math.cos(0.02))
          .set(0, 1, -Math.sin(0.02))
          .set(1, 0, Math.sin(0.02));
        const near = turn.mmul(asMatrix(best.rotation, 4));
        expect(rotationError(from, to, Float64Array.from(near.to1DArray())).error).toBeGreaterThan(
          best.error,
        );
      }),
      { numRuns: 20 },
    );
  });

  it('works for fewer items than dimensions and for embeddings on a line', () => {
    const few = onSphere(5, 3, 10);
    const line = embeddingsFrom([
      [1, 0, 0],
      [2, 0, 0],
      [-1, 0, 0],
    ]);
    const lineTurned = embeddingsFrom([
      [0, 1, 0],
      [0, 2, 0],
      [0, -1, 0],
    ]);
    for (const [from, to, rank] of [
      [few, mapped(few, orthogonal(6, 10)), 3],
      [line, lineTurned, 1],
    ] as const) {
      for (const group of ['SO', 'O'] as const) {
        const found = wahba(from, to, { group });
        const r = asMatrix(found.rotation, from.dim);
        expect(found.error).toBeLessThan(1e-6);
        expect(found.rank).toBe(rank);
        expect(largestGap(r.mmul(r.transpose()).to1DArray(), Matrix.eye(from.dim).to1DArray())).toBeLessThan(
          1e-9,
        );
        if (group === 'SO') expect(determinant(r)).toBeCloseTo(1, 9);
      }
    }
  });

  it('turns no more than it must where the embeddings leave it free', () => {
    // One direction in R^4 is turned by 90 degrees: the trace of the least such turn is 2, that of the identity 4.
    const from = embeddingsFrom([
      [1, 0, 0, 0],
      [2, 0, 0, 0],
    ]);
    const to = embeddingsFrom([
      [0, 1, 0, 0],
      [0, 2, 0, 0],
    ]);
    expect(asMatrix(wahba(from, to, { group: 'SO' }).rotation, 4).trace()).toBeCloseTo(2, 6);
    const still = wahba(from, from, { group: 'SO' });
    expect(largestGap(still.rotation, Matrix.eye(4).to1DArray())).toBeLessThan(1e-9);
  });

  it('by hand: one of two axes turned by 60 degrees can only be shared out', () => {
    // Angle between the images is 30 degrees instead of 90: each axis stays 30 degrees off its target at best.
    const from = embeddingsFrom([
      [1, 0],
      [0, 1],
    ]);
    const to = embeddingsFrom([
      [Math.cos(Math.PI / 3), Math.sin(Math.PI / 3)],
      [0, 1],
    ]);
    const found = wahba(from, to, { group: 'SO' });
    const chord = 2 * Math.sin(Math.PI / 12);
    expect(found.rms).toBeCloseTo(chord, 6);
    expect(found.error).toBeCloseTo(Math.SQRT2 * chord, 6);
    expect(Array.from(found.residuals).every((r) => Math.abs(r - chord) < 1e-6)).toBe(true);
    // ||F_a - F|| is the chord of 60 degrees, which is 1.
    expect(found.moved).toBeCloseTo(1, 6);
    expect(found.relative).toBeCloseTo(Math.SQRT2 * chord, 6);
  });

  it('gives 0 relative error, flagged, where nothing moved; at most 1 otherwise', () => {
    const from = onSphere(1, 10, 4);
    expect(wahba(from, from, { group: 'SO' })).toMatchObject({ still: true, relative: 0, moved: 0 });
    expect(wahba(from, noisy(from, 1e-8, 2), { group: 'SO' }).still).toBe(true);
    const shaken = wahba(from, noisy(from, 0.01, 2), { group: 'SO' });
    expect(shaken.still).toBe(false);
    expect(shaken.relative).toBeGreaterThan(0.5);
    expect(shaken.relative).toBeLessThanOrEqual(1);
    const zero = embeddingsFrom([
      [0, 0],
      [0, 0],
    ]);
    expect(wahba(zero, zero, { group: 'SO' })).toMatchObject({ error: 0, relative: 0, rank: 0 });
  });

  it('recovers a rotation of the size of a real embedding, where it computes in float32', () => {
    const [rows, dim] = [3000, 96];
    const from = onSphere(1, rows, dim);
    const rotation = orthogonal(2, dim);
    const found = wahba(from, mapped(from, rotation), { group: 'SO' });
    expect(largestGap(found.rotation, rotation.to1DArray())).toBeLessThan(1e-5);
    expect(found.rms).toBeLessThan(1e-5);
    expect(found.rank).toBe(dim);
    const mirrored = mapped(from, orthogonal(3, dim, -1));
    expect(determinant(asMatrix(wahba(from, mirrored, { group: 'SO' }).rotation, dim))).toBeCloseTo(1, 4);
    expect(determinant(asMatrix(wahba(from, mirrored, { group: 'O' }).rotation, dim))).toBeCloseTo(-1, 4);
    expect(wahba(from, mirrored, { group: 'O' }).rms).toBeLessThan(1e-5);
    expect(wahba(from, mirrored, { group: 'SO' }).rms).toBeGreaterThan(0.01);
  });

  it('turns nothing that the embeddings leave free, in float32 too: 10 items in 64 dimensions', () => {
    const from = onSphere(1, 10, 64);
    // A rotation of the first two axes alone.
    const turn = Matrix.eye(64);
    turn.set(0, 0, 0).set(0, 1, -1).set(1, 0, 1).set(1, 1, 0);
    const found = wahba(from, mapped(from, turn), { group: 'SO' });
    const r = asMatrix(found.rotation, 64);
    expect(found.rank).toBe(10);
    expect(found.rms).toBeLessThan(1e-5);
    expect(determinant(r)).toBeCloseTo(1, 4);
    // The turn has trace 62 and explains the items; the least turn that does has no smaller one.
    expect(r.trace()).toBeGreaterThan(62 - 1e-3);
  });

  it('says how the error lies over the items of a trial', () => {
    const from = onSphere(1, 30, 4);
    const found = wahba(from, noisy(from, 0.2, 1), { group: 'O' });
    const mean = Array.from(found.residuals).reduce((sum, x) => sum + x / 30, 0);
    const squares = Array.from(found.residuals).reduce((sum, x) => sum + (x - mean) ** 2, 0);
    expect(found.perSample.value).toBeCloseTo(mean, 12);
    expect(found.perSample.sd).toBeCloseTo(Math.sqrt(squares / 29), 12);
    expect(found.perSample).toMatchObject({ n: 30, kind: 'samples' });
  });

  it('takes its trials from a generator, one after the other', () => {
    const from = onSphere(1, 30, 4);
    let alive = 0;
    function* pairs() {
      for (let k = 0; k < 3; k++) {
        alive = k + 1;
        yield { from, to: noisy(from, 0.1, k) };
      }
    }
    const list = [...pairs()];
    expect(wahbaTrials(pairs(), { group: 'SO' })).toEqual(wahbaTrials(list, { group: 'SO' }));
    expect(alive).toBe(3);
  });

  it('summarises trials: mean, standard deviation, worst', () => {
    const from = onSphere(1, 30, 4);
    const pairs = [0.1, 0.2, 0.6].map((size, k) => ({
      from,
      to: noisy(mapped(from, orthogonal(k, 4)), size, k),
    }));
    const found = wahbaTrials(pairs, { group: 'SO' });
    const errors = pairs.map(({ to }) => wahba(from, to, { group: 'SO' }).error);
    expect(found.error.value).toBeCloseTo(
      (errors[0] ?? 0) / 3 + (errors[1] ?? 0) / 3 + (errors[2] ?? 0) / 3,
      9,
    );
    expect(found.error).toMatchObject({ n: 3, kind: 'trials' });
    expect(found.worst.error).toBeCloseTo(errors[2] ?? NaN, 9);
    expect(found.stillTrials).toBe(0);
    expect(() => wahbaTrials([], { group: 'SO' })).toThrow(/no trials/);
  });

  it('names what is wrong, and in which trial', () => {
    const from = onSphere(1, 4, 3);
    const bad = noisy(from, 0, 1);
    bad.values[7] = NaN;
    expect(() => wahba(from, bad, { group: 'O' })).toThrow(/to has NaN in row 2, column 1/);
    expect(() => fitRotation(onSphere(1, 1, 3), onSphere(1, 1, 3), { group: 'O' })).toThrow(/at least 2/);
    expect(() =>
      wahbaTrials(
        [
          { from, to: from },
          { from, to: bad },
        ],
        { group: 'O' },
      ),
    ).toThrow(/^Trial 1: /);
  });
});
