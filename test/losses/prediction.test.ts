import { beforeAll, describe, expect, it } from 'vitest';
import { predictionLoss } from '../../src/losses/prediction.js';
import { startEngine } from '../../src/tensorflow/engine.js';
import { gradientGap } from './gradients.js';
import { matrix, predictionLoop, unitRows, valueOf } from './reference.js';

beforeAll(() => {
  startEngine();
});

const scaled = (rows: number[][], by: number) => rows.map((row) => row.map((x) => by * x));
const value = (a: number[][], b: number[][]): number => valueOf(() => predictionLoss(matrix(a), matrix(b)));

describe('predictionLoss', () => {
  it('is the loop over items, on a grid, whatever the lengths of the rows', () => {
    for (const batch of [1, 2, 9]) {
      for (const dim of [2, 3, 16]) {
        for (const by of [0.01, 1, 30]) {
          const [a, b] = [scaled(unitRows(1, batch, dim), by), unitRows(2, batch, dim)];
          expect(value(a, b)).toBeCloseTo(predictionLoop(a, b), 5);
        }
      }
    }
  });

  it('by hand: the same direction, a right angle and the opposite give 0, 2 and 4', () => {
    expect(value([[3, 0]], [[0.5, 0]])).toBeCloseTo(0, 6);
    expect(value([[3, 0]], [[0, 2]])).toBeCloseTo(2, 6);
    expect(value([[3, 0]], [[-1, 0]])).toBeCloseTo(4, 6);
  });

  it('has the gradient of finite differences', () => {
    const [a, b] = [scaled(unitRows(3, 3, 4), 2), scaled(unitRows(4, 3, 4), 0.7)];
    expect(gradientGap(predictionLoss, predictionLoop, a, b)).toBeLessThan(1e-5);
  });

  it('refuses shapes that differ', () => {
    expect(() => value(unitRows(1, 4, 3), unitRows(1, 2, 3))).toThrow(/shapes must be equal/);
  });
});
