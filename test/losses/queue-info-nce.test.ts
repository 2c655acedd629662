import { beforeAll, describe, expect, it } from 'vitest';
import { queueInfoNce } from '../../src/losses/queue-info-nce.js';
import { startEngine } from '../../src/tensorflow/engine.js';
import { gradientGap } from './gradients.js';
import { matrix, queueInfoNceLoop, unitRows, valueOf } from './reference.js';

beforeAll(() => {
  startEngine();
});

const value = (q: number[][], k: number[][], queue: number[][], temperature: number): number =>
  valueOf(() => queueInfoNce(matrix(q), matrix(k), matrix(queue), { temperature }));

describe('queueInfoNce', () => {
  it('is the loop over queries, on a grid', () => {
    for (const batch of [1, 3, 8]) {
      for (const dim of [2, 16]) {
        for (const size of [1, 8, 33]) {
          for (const temperature of [0.07, 0.5, 2]) {
            const [q, k] = [unitRows(1, batch, dim), unitRows(2, batch, dim)];
            const queue = unitRows(3, size, dim);
            const expected = queueInfoNceLoop(q, k, queue, temperature);
            expect(Math.abs(value(q, k, queue, temperature) - expected)).toBeLessThan(
              1e-5 * Math.max(1, expected),
            );
          }
        }
      }
    }
  });

  it('by hand: key at cosine 1, two in the queue at cosines 0 and -1, give log(1 + e^(-1/t) + e^(-2/t))', () => {
    const queue = [
      [0, 1],
      [-1, 0],
    ];
    for (const t of [1, 0.5]) {
      const expected = Math.log(1 + Math.exp(-1 / t) + Math.exp(-2 / t));
      expect(value([[1, 0]], [[1, 0]], queue, t)).toBeCloseTo(expected, 6);
    }
  });

  it('of a collapsed encoder is the log of the number of candidates, and does not overflow', () => {
    const same = (rows: number) => Array.from({ length: rows }, () => [0.6, 0.8]);
    expect(value(same(3), same(3), same(7), 0.2)).toBeCloseTo(Math.log(8), 5);
    expect(value([[1, 0]], [[0, 1]], [[1, 0]], 0.001)).toBeCloseTo(1000, 3);
  });

  it('has the gradient of finite differences, by queries and by keys', () => {
    const [q, k, queue] = [unitRows(4, 3, 4), unitRows(5, 3, 4), unitRows(6, 5, 4)];
    const gap = gradientGap(
      (a, b) => queueInfoNce(a, b, matrix(queue), { temperature: 0.3 }),
      (a, b) => queueInfoNceLoop(a, b, queue, 0.3),
      q,
      k,
    );
    expect(gap).toBeLessThan(1e-5);
  });

  it('says what is wrong with its input', () => {
    const rows = matrix(unitRows(1, 4, 3));
    const of = (temperature: number) => queueInfoNce(rows, rows, rows, { temperature });
    for (const temperature of [0, -1, NaN, Infinity]) {
      expect(() => of(temperature)).toThrow(`temperature is ${temperature}; it must be a positive number`);
    }
    expect(() => queueInfoNce(rows, matrix(unitRows(1, 3, 3)), rows, { temperature: 1 })).toThrow(
      /shapes must be equal/,
    );
    expect(() => queueInfoNce(rows, rows, matrix(unitRows(1, 4, 2)), { temperature: 1 })).toThrow(
      'the queue has shape [4, 2], but embeddings have 3 columns',
    );
  });
});
