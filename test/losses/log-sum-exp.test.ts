import { beforeAll, describe, expect, it } from 'vitest';
import { EXCLUDED, logSumExp } from '../../src/losses/log-sum-exp.js';
import { startEngine } from '../../src/tensorflow/engine.js';
import * as tf from '../../src/tensorflow/tf.js';

beforeAll(() => {
  startEngine();
});

describe('logSumExp', () => {
  it("is tfjs's own, over the last axis, value and gradient", () => {
    const x = tf.tensor2d([
      [0.5, -1, 2],
      [30, 31, -5],
    ]);
    const mine = tf.valueAndGrad((t) => tf.sum(logSumExp(t)))(x);
    const stock = tf.valueAndGrad((t) => tf.sum(tf.logSumExp(t, 1)))(x);
    expect(mine.value.dataSync()[0]).toBeCloseTo(stock.value.dataSync()[0] ?? NaN, 5);
    mine.grad.dataSync().forEach((g, i) => expect(g).toBeCloseTo(stock.grad.dataSync()[i] ?? NaN, 6));
  });

  it('neither overflows nor underflows, and gives tied maxima equal shares', () => {
    expect(logSumExp(tf.tensor1d([1000, 1000])).dataSync()[0]).toBeCloseTo(1000 + Math.LN2, 3);
    expect(logSumExp(tf.tensor1d([-1000, -1000])).dataSync()[0]).toBeCloseTo(-1000 + Math.LN2, 3);
    const shares = tf
      .grad((t) => logSumExp(t))(tf.tensor1d([3, 3]))
      .dataSync();
    expect(shares[0]).toBeCloseTo(0.5, 6);
    expect(shares[1]).toBeCloseTo(0.5, 6);
  });

  it('leaves excluded terms out exactly, in value and gradient', () => {
    const x = tf.tensor1d([2, EXCLUDED]);
    expect(logSumExp(x).dataSync()[0]).toBe(2);
    expect(
      Array.from(
        tf
          .grad((t) => logSumExp(t))(x)
          .dataSync(),
      ),
    ).toEqual([1, 0]);
  });
});
