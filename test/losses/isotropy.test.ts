import { beforeAll, describe, expect, it } from 'vitest';
import { isotropy } from '../../src/losses/isotropy.js';
import { startEngine } from '../../src/tensorflow/engine.js';
import * as tf from '../../src/tensorflow/tf.js';
import { finiteDifferences, largestGap, matrix, unitRows, valueOf, type Rows } from './reference.js';

beforeAll(() => {
  startEngine();
});

function loop(rows: Rows): number {
  const dim = rows[0]?.length ?? 0;
  const at = (p: number, q: number) => rows.reduce((sum, row) => sum + (row[p] ?? NaN) * (row[q] ?? NaN), 0);
  const trace = Array.from({ length: dim }, (_, p) => at(p, p)).reduce((a, b) => a + b, 0);
  let total = 0;
  for (let p = 0; p < dim; p++)
    for (let q = 0; q < dim; q++) total += ((dim * at(p, q)) / trace - (p === q ? 1 : 0)) ** 2;
  return total / dim;
}

describe('isotropy', () => {
  it('by hand: 0 for a basis, dim - 1 on a line, whatever the length', () => {
    const of = (rows: number[][]) => valueOf(() => isotropy(matrix(rows)));
    expect(
      of([
        [3, 0],
        [0, -3],
      ]),
    ).toBeCloseTo(0, 6);
    expect(of([[1, 2, 2], [-2, -4, -4]])).toBeCloseTo(2, 5); // prettier-ignore
  });

  it('is the loop, and has the gradient of finite differences', () => {
    const rows = unitRows(4, 6, 3).map((row, i) => row.map((x) => x * (1 + i)));
    expect(valueOf(() => isotropy(matrix(rows)))).toBeCloseTo(loop(rows), 5);
    const gradient = tf.tidy(() =>
      Array.from(
        tf
          .grad((x) => isotropy(x as tf.Tensor2D))(matrix(rows))
          .dataSync(),
      ),
    );
    expect(largestGap(gradient, finiteDifferences(loop, rows))).toBeLessThan(1e-4);
  });
});
