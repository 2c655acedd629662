import { beforeAll, describe, expect, it } from 'vitest';
import { gaussianUniformity } from '../../src/losses/gaussian-uniformity.js';
import { uniformity } from '../../src/losses/uniformity.js';
import { startEngine } from '../../src/tensorflow/engine.js';
import { randomStream } from '../../src/tensorflow/random.js';
import * as tf from '../../src/tensorflow/tf.js';
import { finiteDifferences, largestGap, matrix, unitRows, valueOf, type Rows } from './reference.js';

beforeAll(() => {
  startEngine();
});

function loop(rows: Rows, temperature: number): number {
  let [sum, pairs] = [0, 0];
  rows.forEach((a, i) =>
    rows.forEach((b, j) => {
      if (i === j) return;
      sum += Math.exp(-(Math.hypot(...a.map((x, k) => x - (b[k] ?? NaN))) ** 2) / (2 * temperature));
      pairs += 1;
    }),
  );
  return Math.log(sum / pairs);
}

function anyRows(seed: number, batch: number, dim: number): number[][] {
  const stream = randomStream(seed);
  return Array.from({ length: batch }, () => Array.from({ length: dim }, () => stream.normal()));
}

describe('uniformity with a Gaussian kernel', () => {
  it('is the loop over pairs, wherever the embeddings lie', () => {
    for (const [batch, dim, temperature] of [
      [2, 1, 1],
      [5, 3, 0.4],
      [12, 8, 2],
    ] as const) {
      const rows = anyRows(batch, batch, dim);
      expect(valueOf(() => gaussianUniformity(matrix(rows), temperature))).toBeCloseTo(
        loop(rows, temperature),
        4,
      );
    }
  });

  it('is L_unif less 1 / t on the unit sphere', () => {
    const rows = unitRows(3, 9, 4);
    for (const temperature of [0.2, 1]) {
      const ours = valueOf(() => gaussianUniformity(matrix(rows), temperature));
      const known = valueOf(() => uniformity(matrix(rows), undefined, { temperature }));
      expect(ours).toBeCloseTo(known - 1 / temperature, 4);
    }
  });

  it('has the gradient of finite differences', () => {
    const rows = anyRows(7, 5, 3);
    const gradient = tf.tidy(() =>
      Array.from(
        tf
          .grad((x) => gaussianUniformity(x as tf.Tensor2D, 0.7))(matrix(rows))
          .dataSync(),
      ),
    );
    expect(
      largestGap(
        gradient,
        finiteDifferences((moved) => loop(moved, 0.7), rows),
      ),
    ).toBeLessThan(1e-4);
  });

  it('refuses one item alone, and a temperature that is none', () => {
    expect(() => gaussianUniformity(matrix([[1, 2]]), 1)).toThrow(/at least 2 rows/);
    expect(() => gaussianUniformity(matrix(unitRows(1, 3, 2)), 0)).toThrow(/temperature is 0/);
  });
});
