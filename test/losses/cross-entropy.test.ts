import { beforeAll, describe, expect, it } from 'vitest';
import { crossEntropy } from '../../src/losses/cross-entropy.js';
import { startEngine } from '../../src/tensorflow/engine.js';
import * as tf from '../../src/tensorflow/tf.js';
import { crossEntropyLoop, finiteDifferences, largestGap, matrix, unitRows, valueOf } from './reference.js';

beforeAll(() => {
  startEngine();
});

const labelled = (logits: number[][], labels: number[]): number =>
  valueOf(() => crossEntropy(matrix(logits), tf.tensor1d(labels, 'int32')));

describe('crossEntropy', () => {
  it('is the loop over rows, on a grid', () => {
    for (const rows of [1, 4, 9]) {
      for (const classes of [1, 4, 10]) {
        const logits = unitRows(rows, rows, classes).map((row) => row.map((x) => 3 * x));
        const labels = logits.map((_, i) => (3 * i) % classes);
        expect(labelled(logits, labels)).toBeCloseTo(crossEntropyLoop(logits, labels), 5);
      }
    }
  });

  it('by hand: equal logits give the log of the classes, a certain one 0', () => {
    expect(labelled([[1, 1, 1, 1]], [2])).toBeCloseTo(Math.log(4), 6);
    expect(labelled([[1000, 0]], [0])).toBe(0);
    expect(labelled([[1000, 0]], [1])).toBe(1000);
  });

  it('has the gradient of finite differences', () => {
    const [logits, labels] = [unitRows(2, 5, 4), [0, 3, 1, 1, 2]];
    const gradient = tf.tidy(() =>
      Array.from(
        tf
          .grad((x) => crossEntropy(x as tf.Tensor2D, tf.tensor1d(labels, 'int32')))(matrix(logits))
          .dataSync(),
      ),
    );
    const expected = finiteDifferences((rows) => crossEntropyLoop(rows, labels), logits);
    expect(largestGap(gradient, expected)).toBeLessThan(1e-5);
  });

  it('refuses labels of another number', () => {
    expect(() => labelled([[1, 2]], [0, 1])).toThrow(
      'labels have shape [2]; give one for each of the 1 rows',
    );
  });
});
