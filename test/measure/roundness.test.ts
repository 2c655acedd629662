import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { roundness, roundnessInSpace } from '../../src/measure/roundness.js';
import { randomStream } from '../../src/tensorflow/random.js';
import { golden, largestGap, orthogonal } from './helpers.js';

/** n points of a path at equal angles. */
function path(n: number, at: (angle: number) => readonly number[]): number[] {
  return Array.from({ length: n }, (_, k) => at((2 * Math.PI * k) / n)).flat();
}

const circle = (n: number, times = 1): number[] => path(n, (t) => [Math.cos(times * t), Math.sin(times * t)]);

function noise(seed: number, points: number, dim: number): number[] {
  const stream = randomStream(seed, 8);
  return Array.from({ length: points * dim }, () => stream.normal());
}

describe('roundness', () => {
  it('is 1 on a circle of any centre, radius, phase, direction and number of points', () => {
    fc.assert(
      fc.property(
        fc.double({ min: -10, max: 10, noNaN: true }),
        fc.double({ min: 0.01, max: 100, noNaN: true }),
        fc.double({ min: 0, max: 7, noNaN: true }),
        fc.constantFrom(1, -1),
        fc.integer({ min: 3, max: 101 }),
        (centre, radius, phase, direction, n) => {
          const found = roundness(
            path(n, (t) => [
              centre + radius * Math.cos(t + phase),
              radius * Math.sin(direction * (t + phase)) - centre,
            ]),
          );
          expect(found.roundness).toBeCloseTo(1, 6);
          expect(found.share).toBeCloseTo(1, 6);
          expect(found.radius / radius).toBeCloseTo(1, 6);
          expect(found.bestHarmonic).toBe(1);
          expect(found.winding).toBe(direction);
          expect(found.degenerate).toBe(false);
        },
      ),
      { numRuns: 50 },
    );
  });

  it('is 2ab / (a^2 + b^2) on an ellipse, and 0 on a line', () => {
    for (const [a, b] of [
      [2, 1],
      [1, 5],
      [3, 0.1],
      [1, 0],
    ] as const) {
      const found = roundness(path(50, (t) => [a * Math.cos(t), b * Math.sin(t)]));
      expect(found.roundness).toBeCloseTo((2 * a * b) / (a * a + b * b), 9);
      expect(found.share).toBeCloseTo(1, 9);
    }
    const zigzag = path(20, (t) => [t < 3 ? t : 6 - t, 0]);
    expect(roundness(zigzag).roundness).toBeCloseTo(0, 9);
    expect(roundness(zigzag).winding).toBe(0);
  });

  it('tells a circle traversed twice from one traversed once', () => {
    const twice = circle(40, 2);
    expect(roundness(twice).roundness).toBeCloseTo(0, 9);
    expect(roundness(twice, { harmonic: 2 }).roundness).toBeCloseTo(1, 9);
    expect(roundness(twice)).toMatchObject({ bestHarmonic: 2, winding: 2 });
    expect(roundness(twice).bestShare).toBeCloseTo(1, 9);
  });

  it('falls when the circle is not traversed at constant speed', () => {
    const uneven = roundness(
      path(60, (t) => [Math.cos(t + 0.8 * Math.sin(t)), Math.sin(t + 0.8 * Math.sin(t))]),
    );
    expect(uneven.roundness).toBeLessThan(0.9);
    expect(uneven.roundness).toBeGreaterThan(0.3);
    expect(uneven.winding).toBe(1);
  });

  it("is numpy's Fourier transform, harmonic by harmonic, for odd and even numbers of points", () => {
    for (const c of golden.roundness) {
      const found = roundness(c.path);
      expect(found.roundness).toBeCloseTo(c.roundness, 9);
      expect(largestGap(found.shares, c.shares)).toBeLessThan(1e-9);
    }
  });

  it('is 1 / (n - 1) on average for noise', () => {
    // The powers of the n - 1 harmonics are equally distributed exponentials: the mean absolute difference of two, over
    // the sum of all, is 1 / (n - 1). Its standard deviation is about as large as that.
    for (const n of [5, 20, 100]) {
      const trials = 3000;
      let sum = 0;
      for (let k = 0; k < trials; k++) sum += roundness(noise(k, n, 2)).roundness;
      expect(Math.abs((sum / trials) * (n - 1) - 1)).toBeLessThan(0.1);
    }
  });

  it('is defined, and flagged, for a point', () => {
    const point = path(10, () => [0.6, 0.8]);
    expect(roundness(point)).toMatchObject({
      roundness: 0,
      share: 0,
      bestHarmonic: 0,
      winding: 0,
      degenerate: true,
    });
    const rounded = path(10, (t) => [0.6 + 3e-8 * Math.cos(t), 0.8]);
    expect(roundness(rounded).degenerate).toBe(true);
    expect(roundness(path(10, () => [0, 0])).degenerate).toBe(true);
  });

  it('does not change under turning, mirroring, scaling, shifting, reversal, or where the path starts', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 9999 }),
        fc.double({ min: 0.1, max: 10, noNaN: true }),
        fc.integer({ min: 0, max: 11 }),
        fc.constantFrom<1 | -1>(1, -1),
        (seed, scale, start, sign) => {
          const base = noise(seed, 12, 2);
          const map = orthogonal(seed, 2, sign).mul(scale);
          const points = Array.from({ length: 12 }, (_, k) => base.slice(2 * k, 2 * k + 2));
          const reordered = [...points.slice(start), ...points.slice(0, start)].reverse();
          const moved = reordered.flatMap(([x = 0, y = 0]) => [
            map.get(0, 0) * x + map.get(0, 1) * y + 5,
            map.get(1, 0) * x + map.get(1, 1) * y - 2,
          ]);
          const [before, after] = [roundness(base), roundness(moved)];
          expect(after.roundness).toBeCloseTo(before.roundness, 6);
          expect(after.bestHarmonic).toBe(before.bestHarmonic);
          expect(after.winding).toBe(-sign * before.winding + 0);
          expect(after.radius / scale).toBeCloseTo(before.radius, 6);
        },
      ),
      { numRuns: 50 },
    );
  });

  it('in more dimensions: 1 on a circle that lies askew, less where other harmonics join in', () => {
    const turn = orthogonal(4, 5);
    const [a, b] = [turn.getColumn(0), turn.getColumn(1)];
    const askew = path(30, (t) => a.map((x, j) => 1 + x * Math.cos(t) + (b[j] ?? 0) * Math.sin(t)));
    expect(roundnessInSpace(askew, 5).roundness).toBeCloseTo(1, 9);
    const [c, d] = [turn.getColumn(2), turn.getColumn(3)];
    const joined = path(30, (t) =>
      a.map(
        (x, j) =>
          x * Math.cos(t) +
          (b[j] ?? 0) * Math.sin(t) +
          (c[j] ?? 0) * Math.cos(2 * t) +
          (d[j] ?? 0) * Math.sin(2 * t),
      ),
    );
    // Two circles of the same size: half of the variance each.
    expect(roundnessInSpace(joined, 5).share).toBeCloseTo(0.5, 9);
    expect(roundnessInSpace(joined, 5).roundness).toBeCloseTo(0.5, 9);
    expect(roundnessInSpace(joined, 5).shares[1]).toBeCloseTo(0.5, 9);
  });

  it('in the plane is the same in both forms', () => {
    const base = noise(1, 15, 2);
    expect(roundness(base)).toMatchObject(roundnessInSpace(base, 2));
  });

  it('says what is wrong with its input', () => {
    expect(() => roundness(circle(2))).toThrow(/2 points; harmonic 1 needs at least 3/);
    expect(() => roundness(circle(6), { harmonic: 3 })).toThrow(/needs at least 7/);
    expect(() => roundness(circle(6), { harmonic: 0 })).toThrow(/harmonic is 0/);
    expect(() => roundness([1, 2, 3, 4, 5, 6, 7])).toThrow(/7 numbers/);
    expect(() => roundness([1, 2, 3, 4, 5, NaN])).toThrow(/point 2 of the path is NaN/);
  });
});
