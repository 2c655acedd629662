import { expect, test } from 'vitest';

import { startEngine } from '../../../src/tensorflow/engine.js';
import { timeMatMul, trainRegression } from '../../../src/tensorflow/setup/self-test.js';
import * as tf from '../../../src/tensorflow/tf.js';

test('the regression finds its answer on whatever engine there is, and leaves no tensor behind', () => {
  startEngine();
  const before = tf.memory().numTensors;
  const check = trainRegression();
  expect(check.passed).toBe(true);
  expect(tf.memory().numTensors).toBe(before);
  // At w = 0 the loss is mean(y^2); y = sum_j w_j cos((j + 1)(i + 1/2)), here summed by hand.
  let sum = 0;
  for (let i = 0; i < 64; i++) {
    const a = i + 0.5;
    sum += (0.5 * Math.cos(a) - 1.5 * Math.cos(2 * a) + 2 * Math.cos(3 * a)) ** 2;
  }
  expect(check.firstLoss).toBeCloseTo(sum / 64, 5);
  expect(check.coefficientError).toBeLessThan(1e-4);
});

test('a matrix product is counted as 2 n^3 operations', () => {
  startEngine();
  const { size, milliseconds, gflops } = timeMatMul(64);
  expect(size).toBe(64);
  expect(gflops * milliseconds * 1e6).toBeCloseTo(2 * 64 ** 3, 3);
});
