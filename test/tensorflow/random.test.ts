import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { philox4x32, randomStream } from '../../src/tensorflow/random.js';

describe('philox4x32', () => {
  // Known-answer vectors of the Random123 distribution (kat_vectors, philox4x32 10 rounds).
  it.each([
    [
      [0, 0, 0, 0],
      [0, 0],
      [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
    ],
    [
      [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
      [0xffffffff, 0xffffffff],
      [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
    ],
    [
      [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      [0xa4093822, 0x299f31d0],
      [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
    ],
  ])('gives the published words for counter %j and key %j', (counter, key, expected) => {
    const out = new Uint32Array(4);
    philox4x32(Uint32Array.from(counter), [key[0] ?? 0, key[1] ?? 0], out);
    expect([...out]).toEqual(expected);
  });
});

describe('randomStream', () => {
  const draw = (n: number, next: () => number) => Array.from({ length: n }, next);

  it('repeats itself for the same name and differs for any other', () => {
    const sequence = (seed: number, ...counters: number[]) =>
      draw(8, randomStream(seed, ...counters).uniform);
    expect(sequence(7, 1, 2, 3)).toEqual(sequence(7, 1, 2, 3));
    const others = [sequence(8, 1, 2, 3), sequence(7, 0, 2, 3), sequence(7, 1, 3, 3), sequence(7, 1, 2, 4)];
    others.push(sequence(7 + 2 ** 32, 1, 2, 3));
    for (const other of others) expect(other).not.toEqual(sequence(7, 1, 2, 3));
  });

  it('draws uniform numbers with the moments of U(0, 1)', () => {
    const values = draw(100_000, randomStream(1).uniform);
    const mean = values.reduce((a, b) => a + b) / values.length;
    const second = values.reduce((a, b) => a + b * b, 0) / values.length;
    // Five standard errors: sqrt(1/12/1e5) = 9.1e-4 and sqrt(4/45/1e5) = 9.4e-4.
    expect(Math.abs(mean - 1 / 2)).toBeLessThan(5 * 9.1e-4);
    expect(Math.abs(second - 1 / 3)).toBeLessThan(5 * 9.4e-4);
    expect(Math.min(...values.slice(0, 1000))).toBeGreaterThanOrEqual(0);
    expect(Math.max(...values.slice(0, 1000))).toBeLessThan(1);
  });

  it('draws normal numbers with mean 0, variance 1 and kurtosis 3', () => {
    const values = draw(100_000, randomStream(2).normal);
    const moment = (k: number) => values.reduce((sum, value) => sum + value ** k, 0) / values.length;
    expect(Math.abs(moment(1))).toBeLessThan(5 / Math.sqrt(1e5));
    expect(Math.abs(moment(2) - 1)).toBeLessThan(5 * Math.sqrt(2 / 1e5));
    expect(Math.abs(moment(4) - 3)).toBeLessThan(5 * Math.sqrt(96 / 1e5));
  });

  it('draws integers evenly', () => {
    const counts = new Array<number>(7).fill(0);
    const stream = randomStream(3);
    for (let i = 0; i < 70_000; i++) {
      const value = stream.integer(7);
      counts[value] = (counts[value] ?? 0) + 1;
    }
    const chiSquared = counts.reduce((sum, count) => sum + (count - 10_000) ** 2 / 10_000, 0);
    expect(chiSquared).toBeLessThan(22.46); // 99.9 % quantile of chi-squared with 6 degrees of freedom
  });

  it('shuffles: a permutation, and every place equally likely', () => {
    fc.assert(
      fc.property(fc.array(fc.integer()), fc.nat(), (items, seed) => {
        const shuffled = randomStream(seed).shuffle(items);
        expect([...shuffled].sort()).toEqual([...items].sort());
      }),
    );
    const places = [0, 0, 0, 0];
    for (let seed = 0; seed < 4000; seed++) {
      const place = randomStream(seed).shuffle(['x', 'a', 'b', 'c']).indexOf('x');
      places[place] = (places[place] ?? 0) + 1;
    }
    for (const count of places)
      expect(Math.abs(count - 1000)).toBeLessThan(5 * Math.sqrt(4000 * 0.25 * 0.75));
  });

  it('refuses seeds, counters and bounds out of range', () => {
    expect(() => randomStream(-1)).toThrow(/seed is -1/);
    expect(() => randomStream(1.5)).toThrow(/seed is 1.5/);
    expect(() => randomStream(0, 2 ** 32)).toThrow(/counter 1 is 4294967296/);
    expect(() => randomStream(0, 1, 2, 3, 4)).toThrow(/at most three/);
    expect(() => randomStream(0).integer(0)).toThrow(/bound is 0/);
  });
});
