import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { uniformity } from '../../src/losses/uniformity.js';
import { startEngine } from '../../src/tensorflow/engine.js';
import * as tf from '../../src/tensorflow/tf.js';
import { finiteDifferences, largestGap, matrix, uniformityLoop, unitRows, valueOf } from './reference.js';

beforeAll(() => {
  startEngine();
});

describe('uniformity', () => {
  it('is the loop over pairs of different items, on a grid, with one view and with two', () => {
    for (const batch of [2, 3, 10]) {
      for (const dim of [1, 2, 16]) {
        for (const temperature of [0.2, 1, 3]) {
          const [a, b] = [unitRows(1, batch, dim), unitRows(2, batch, dim)];
          const one = valueOf(() => uniformity(matrix(a), undefined, { temperature }));
          const two = valueOf(() => uniformity(matrix(a), matrix(b), { temperature }));
          expect(one).toBeCloseTo(uniformityLoop([a], temperature), 5);
          expect(two).toBeCloseTo(uniformityLoop([a, b], temperature), 5);
        }
      }
    }
  });

  it('by hand: 0 for orthogonal items, 1 for coinciding ones, -1 for opposite ones', () => {
    const of = (rows: number[][]): number => valueOf(() => uniformity(matrix(rows)));
    expect(
      of([
        [1, 0, 0],
        [0, 1, 0],
        [0, 0, 1],
      ]),
    ).toBeCloseTo(0, 6);
    expect(
      of([
        [0.6, 0.8],
        [0.6, 0.8],
        [0.6, 0.8],
      ]),
    ).toBeCloseTo(1, 6);
    expect(
      of([
        [1, 0],
        [-1, 0],
      ]),
    ).toBeCloseTo(-1, 6);
  });

  it('does not count the two views of one item as a pair', () => {
    const rows = [
      [1, 0],
      [0, 1],
    ];
    // Were the equal views counted, the mean would be above e^0.
    expect(valueOf(() => uniformity(matrix(rows), matrix(rows)))).toBeCloseTo(0, 6);
  });

  it('does not overflow at a very low temperature', () => {
    const same = [
      [0.6, 0.8],
      [0.6, 0.8],
    ];
    expect(valueOf(() => uniformity(matrix(same), undefined, { temperature: 0.001 }))).toBeCloseTo(1000, 2);
  });

  it('is bounded by the temperature on the sphere', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 9999 }), fc.constantFrom(0.1, 1, 2), (seed, temperature) => {
        const found = valueOf(() => uniformity(matrix(unitRows(seed, 5, 3)), undefined, { temperature }));
        expect(Math.abs(found)).toBeLessThanOrEqual(1 / temperature + 1e-5);
      }),
      { numRuns: 20 },
    );
  });

  it('has the gradient of finite differences', () => {
    const [a, b] = [unitRows(3, 4, 3), unitRows(4, 4, 3)];
    const gradient = tf.tidy(() =>
      Array.from(
        tf
          .grad((x) => uniformity(x as tf.Tensor2D, matrix(b)))(matrix(a))
          .dataSync(),
      ),
    );
    const expected = finiteDifferences((x) => uniformityLoop([x, b], 1), a);
    expect(largestGap(gradient, expected)).toBeLessThan(1e-5);
  });

  it('says what is wrong with its input', () => {
    expect(() => uniformity(matrix([[1, 0]]))).toThrow(/no pairs/);
    const rows = matrix(unitRows(1, 4, 3));
    expect(() => uniformity(rows, undefined, { temperature: -1 })).toThrow(/temperature is -1/);
    expect(() => uniformity(rows, matrix(unitRows(1, 4, 2)))).toThrow(/shapes must be equal/);
  });
});
