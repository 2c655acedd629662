import { beforeAll, describe, expect, it } from 'vitest';
import { alignment } from '../../src/losses/alignment.js';
import { startEngine } from '../../src/tensorflow/engine.js';
import * as tf from '../../src/tensorflow/tf.js';
import { alignmentLoop, finiteDifferences, largestGap, matrix, unitRows, valueOf } from './reference.js';

beforeAll(() => {
  startEngine();
});

function gradientOfFirst(a: number[][], b: number[][]): number[] {
  return tf.tidy(() =>
    Array.from(
      tf
        .grad((x) => alignment(x as tf.Tensor2D, matrix(b)))(matrix(a))
        .dataSync(),
    ),
  );
}

describe('alignment', () => {
  it('is the mean distance, on a grid', () => {
    for (const batch of [1, 2, 9]) {
      for (const dim of [1, 3, 16]) {
        const [a, b] = [unitRows(1, batch, dim), unitRows(2, batch, dim)];
        expect(valueOf(() => alignment(matrix(a), matrix(b)))).toBeCloseTo(alignmentLoop(a, b), 5);
      }
    }
  });

  it('by hand: distances 5 and 1 have the mean 3', () => {
    const a = [
      [0, 0],
      [1, 1],
    ];
    const b = [
      [3, 4],
      [1, 2],
    ];
    expect(valueOf(() => alignment(matrix(a), matrix(b)))).toBeCloseTo(3, 6);
  });

  it('has the gradient of finite differences', () => {
    const [a, b] = [unitRows(5, 3, 4), unitRows(6, 3, 4)];
    const expected = finiteDifferences((x) => alignmentLoop(x, b), a);
    expect(largestGap(gradientOfFirst(a, b), expected)).toBeLessThan(1e-5);
  });

  it('has the gradient 0 where two rows coincide, and leaves the other rows theirs', () => {
    const a = [
      [0.6, 0.8],
      [1, 0],
    ];
    const b = [
      [0.6, 0.8],
      [0, 0],
    ];
    const gradient = gradientOfFirst(a, b);
    expect(gradient).toEqual([0, 0, 0.5, 0]);
  });

  it('stays finite for rows that all but coincide', () => {
    for (const gap of [1e-8, 1e-15, 1e-20, 1e-30]) {
      const gradient = gradientOfFirst([[gap, 0]], [[0, 0]]);
      expect(gradient.every(Number.isFinite)).toBe(true);
      expect(Math.hypot(...gradient)).toBeLessThan(1.0001);
    }
  });

  it('refuses shapes that differ', () => {
    expect(() => alignment(matrix(unitRows(1, 4, 3)), matrix(unitRows(1, 2, 3)))).toThrow(
      /shapes must be equal/,
    );
  });
});
