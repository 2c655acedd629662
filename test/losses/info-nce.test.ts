import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { infoNce } from '../../src/losses/info-nce.js';
import { startEngine } from '../../src/tensorflow/engine.js';
import * as tf from '../../src/tensorflow/tf.js';
import { finiteDifferences, infoNceLoop, largestGap, matrix, unitRows, valueOf } from './reference.js';

beforeAll(() => {
  startEngine();
});

const value = (a: number[][], b: number[][], temperature: number): number =>
  valueOf(() => infoNce(matrix(a), matrix(b), { temperature }));

describe('infoNce', () => {
  it('is the loop over anchors, on a grid', () => {
    for (const batch of [2, 3, 8, 17]) {
      for (const dim of [1, 2, 16]) {
        for (const temperature of [0.1, 0.5, 1, 5]) {
          const [a, b] = [unitRows(1, batch, dim), unitRows(2, batch, dim)];
          const expected = infoNceLoop(a, b, temperature);
          expect(Math.abs(value(a, b, temperature) - expected)).toBeLessThan(1e-5 * Math.max(1, expected));
        }
      }
    }
  });

  it('by hand: two items on orthogonal axes, both views equal, give log(1 + 2 / e^(1/t))', () => {
    // Each anchor has its positive at cosine 1 and two negatives at cosine 0.
    const axes = [
      [1, 0],
      [0, 1],
    ];
    expect(value(axes, axes, 1)).toBeCloseTo(Math.log(1 + 2 / Math.E), 6);
    expect(value(axes, axes, 0.5)).toBeCloseTo(Math.log(1 + 2 / Math.E ** 2), 6);
  });

  it('of a collapsed encoder is the log of the number of candidates', () => {
    const same = Array.from({ length: 5 }, () => [0.6, 0.8]);
    expect(value(same, same, 0.2)).toBeCloseTo(Math.log(9), 5);
  });

  it('neither overflows nor loses the loss at a very low temperature', () => {
    const axes = [
      [1, 0],
      [0, 1],
    ];
    const swapped = [
      [0, 1],
      [1, 0],
    ];
    // The positive is at cosine 0, one negative at cosine 1: 1/t + log(1 + 2 e^(-1/t)).
    expect(value(axes, swapped, 0.001)).toBeCloseTo(1000, 3);
    expect(value(axes, axes, 0.001)).toBeCloseTo(0, 6);
  });

  it('does not change when the items are permuted, or the views exchanged', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1000 }), fc.integer({ min: 1, max: 5 }), (seed, shift) => {
        const [a, b] = [unitRows(seed, 6, 4), unitRows(seed + 5000, 6, 4)];
        const turn = (rows: number[][]): number[][] => [...rows.slice(shift), ...rows.slice(0, shift)];
        const expected = value(a, b, 0.5);
        expect(value(turn(a), turn(b), 0.5)).toBeCloseTo(expected, 5);
        expect(value(b, a, 0.5)).toBeCloseTo(expected, 5);
      }),
      { numRuns: 20 },
    );
  });

  it('has the gradient of finite differences', () => {
    const [a, b] = [unitRows(3, 4, 3), unitRows(4, 4, 3)];
    const gradients = tf.tidy(() =>
      tf
        .grads((x, y) => infoNce(x as tf.Tensor2D, y as tf.Tensor2D, { temperature: 0.3 }))([
          matrix(a),
          matrix(b),
        ])
        .map((g) => Array.from(g.dataSync())),
    );
    expect(
      largestGap(
        gradients[0] ?? [],
        finiteDifferences((x) => infoNceLoop(x, b, 0.3), a),
      ),
    ).toBeLessThan(1e-5);
    expect(
      largestGap(
        gradients[1] ?? [],
        finiteDifferences((x) => infoNceLoop(a, x, 0.3), b),
      ),
    ).toBeLessThan(1e-5);
  });

  it('leaves no tensor behind', () => {
    const [a, b] = [matrix(unitRows(1, 4, 3)), matrix(unitRows(2, 4, 3))];
    const before = tf.memory().numTensors;
    valueOf(() => tf.grad((x) => infoNce(x as tf.Tensor2D, b, { temperature: 0.5 }))(a));
    expect(tf.memory().numTensors).toBe(before);
    tf.dispose([a, b]);
  });

  it('says what is wrong with its input', () => {
    const rows = matrix(unitRows(1, 4, 3));
    expect(() => infoNce(rows, matrix(unitRows(1, 3, 3)), { temperature: 1 })).toThrow(/\[4, 3\].*\[3, 3\]/);
    expect(() => infoNce(rows, matrix(unitRows(1, 4, 2)), { temperature: 1 })).toThrow(/\[4, 3\].*\[4, 2\]/);
    expect(() => infoNce(rows, rows, { temperature: 0 })).toThrow(/temperature is 0/);
    expect(() => infoNce(rows, rows, { temperature: NaN })).toThrow(/temperature is NaN/);
    const one = matrix(unitRows(1, 1, 3));
    expect(() => infoNce(one, one, { temperature: 1 })).toThrow(/no negatives/);
    const flat = tf.zeros([4]) as unknown as tf.Tensor2D;
    expect(() => infoNce(flat, flat, { temperature: 1 })).toThrow(/matrix \[batch, dim\]/);
  });
});
