import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { GLOBAL_SCALE, makeCloud, resample, streamOfName } from '../../src/data/cloud.js';
import { randomStream } from '../../src/tensorflow/random.js';

/** Coordinates of 4 to 60 atoms, as in a PDB file. */
const atomsArbitrary = fc
  .array(fc.tuple(coordinate(), coordinate(), coordinate()), { minLength: 4, maxLength: 60 })
  .map((atoms) => Float32Array.from(atoms.flat()))
  .filter((atoms) => new Set(atoms).size > 3);

function coordinate(): fc.Arbitrary<number> {
  return fc.integer({ min: -99_999, max: 99_999 }).map((value) => value / 1000);
}

const rows = (cloud: Float32Array): number[][] =>
  Array.from({ length: cloud.length / 3 }, (_, i) => Array.from(cloud.subarray(3 * i, 3 * i + 3)));

describe('resample', () => {
  const line = (n: number): Float32Array => Float32Array.from({ length: 3 * n }, (_, i) => Math.floor(i / 3));

  it('keeps a subset without repetition in chain order when there are more atoms', () => {
    const chosen = rows(resample(line(50), 20, randomStream(1))).map((row) => row[0] ?? -1);
    expect(new Set(chosen).size).toBe(20);
    expect(chosen).toEqual([...chosen].sort((a, b) => a - b));
  });

  it('takes each atom equally often over many seeds', () => {
    const counts = new Array<number>(10).fill(0);
    for (let seed = 0; seed < 4000; seed++) {
      for (const [index = 0] of rows(resample(line(10), 3, randomStream(seed)))) {
        counts[index] = (counts[index] ?? 0) + 1;
      }
    }
    // 4000 draws with probability 0.3: standard deviation 29; five of them.
    for (const count of counts) expect(Math.abs(count - 1200)).toBeLessThan(145);
  });

  it('repeats evenly and in order when there are fewer', () => {
    expect(rows(resample(line(4), 10, randomStream(1))).map((row) => row[0])).toEqual([
      0, 0, 0, 1, 1, 2, 2, 2, 3, 3,
    ]);
    expect(resample(line(7), 7, randomStream(1))).toEqual(line(7));
  });
});

describe('makeCloud', () => {
  it('gives n centred points of mean squared norm 1', () => {
    fc.assert(
      fc.property(atomsArbitrary, fc.integer({ min: 4, max: 80 }), fc.nat(1000), (atoms, points, seed) => {
        const cloud = makeCloud(atoms, 'x', { points, seed });
        expect(cloud).toHaveLength(points * 3);
        for (const axis of [0, 1, 2]) {
          const mean = rows(cloud).reduce((sum, row) => sum + (row[axis] ?? 0), 0) / points;
          expect(Math.abs(mean)).toBeLessThan(1e-5);
        }
        const squares = cloud.reduce((sum, value) => sum + value * value, 0);
        expect(squares / points).toBeCloseTo(1, 5);
      }),
    );
  });

  it('turns with the atoms', () => {
    fc.assert(
      fc.property(atomsArbitrary, fc.double({ min: 0, max: 6.28, noNaN: true }), (atoms, angle) => {
        const [c, s] = [Math.cos(angle), Math.sin(angle)];
        const turn = (a: Float32Array): Float32Array =>
          Float32Array.from(rows(a).flatMap(([x = 0, y = 0, z = 0]) => [c * x - s * y, s * x + c * y, z]));
        const options = { points: 12, seed: 3 };
        const expected = turn(makeCloud(atoms, 'x', options));
        makeCloud(turn(atoms), 'x', options).forEach((value, i) => {
          expect(Math.abs(value - (expected[i] ?? 0))).toBeLessThan(1e-4);
        });
      }),
    );
  });

  it('keeps size with the global scale: a square of half diagonal 17 A has unit corners', () => {
    const r = GLOBAL_SCALE;
    const square = Float32Array.of(r, 0, 5, 0, r, 5, -r, 0, 5, 0, -r, 5);
    const corners = [1, 0, 0, 0, 1, 0, -1, 0, 0, 0, -1, 0];
    expect(makeCloud(square, 'x', { points: 4, seed: 0, scale: 'global' })).toEqual(
      Float32Array.from(corners),
    );
    const half = square.map((value) => value / 2);
    expect(makeCloud(half, 'x', { points: 4, seed: 0, scale: 'global' })[0]).toBe(0.5);
    expect(makeCloud(half, 'x', { points: 4, seed: 0, scale: 'rms' })[0]).toBe(1);
  });

  it('depends on seed and name alone', () => {
    const atoms = Float32Array.from({ length: 300 }, (_, i) => Math.sin(i * i));
    const options = { points: 20, seed: 5 };
    expect(makeCloud(atoms, 'a', options)).toEqual(makeCloud(atoms, 'a', options));
    expect(makeCloud(atoms, 'a', options)).not.toEqual(makeCloud(atoms, 'b', options));
    expect(makeCloud(atoms, 'a', options)).not.toEqual(makeCloud(atoms, 'a', { ...options, seed: 6 }));
    expect(streamOfName(1, 'a', 0).uniform()).not.toBe(streamOfName(1, 'a', 1).uniform());
  });

  it('refuses too few points and a structure without extent', () => {
    const atoms = new Float32Array(12);
    expect(() => makeCloud(atoms, 'x', { points: 3, seed: 0 })).toThrow(/^3 points per cloud/);
    expect(() => makeCloud(atoms, 'x', { points: 4.5, seed: 0 })).toThrow(/^4.5 points per cloud/);
    expect(() => makeCloud(atoms, 'x', { points: 4, seed: 0 })).toThrow(/^x: all atoms are at the same/);
  });
});
