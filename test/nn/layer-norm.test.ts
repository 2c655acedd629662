import { beforeAll, describe, expect, it } from 'vitest';
import { batchNorm1d } from '../../src/nn/batch-norm.js';
import { layerNorm } from '../../src/nn/layer-norm.js';
import { scopeOf } from '../../src/nn/module.js';
import { startEngine } from '../../src/tensorflow/engine.js';
import * as tf from '../../src/tensorflow/tf.js';
import { finiteDifferences, largestGap, matrix, unitRows } from '../losses/reference.js';

beforeAll(() => {
  startEngine();
});

const WEIGHT = [1, -2, 0.5];
const BIAS = [0, 1, 3];

function loop(rows: readonly (readonly number[])[]): number[][] {
  return rows.map((row) => {
    const mean = row.reduce((a, b) => a + b, 0) / row.length;
    const variance = row.reduce((sum, x) => sum + (x - mean) ** 2, 0) / row.length;
    return row.map(
      (x, j) => ((WEIGHT[j] ?? NaN) * (x - mean)) / Math.sqrt(variance + 1e-5) + (BIAS[j] ?? NaN),
    );
  });
}

describe('layer norm', () => {
  const rows = unitRows(1, 4, 3).map((row, i) => row.map((x) => (i + 1) * x + i));
  const scope = () => scopeOf({ 'n.weight': tf.tensor1d(WEIGHT), 'n.bias': tf.tensor1d(BIAS) }, true);
  const layer = layerNorm('n', 3);

  it('is the loop over rows, and by hand: [0, 0, 3] has mean 1 and variance 2', () => {
    const found = tf.tidy(() => layer.apply(scope(), matrix(rows)).dataSync());
    expect(largestGap(found, loop(rows).flat())).toBeLessThan(1e-5);
    const byHand = tf.tidy(() => layer.apply(scope(), matrix([[0, 0, 3]])).dataSync());
    const root = Math.sqrt(2);
    expect(largestGap(byHand, [-1 / root, 2 / root + 1, 1 / root + 3])).toBeLessThan(1e-4);
  });

  it('has the gradient of finite differences', () => {
    const weights = unitRows(9, 4, 3);
    const gradient = tf.tidy(() =>
      Array.from(
        tf
          .grad((x) => tf.sum(tf.mul(layer.apply(scope(), x as tf.Tensor2D), matrix(weights))))(matrix(rows))
          .dataSync(),
      ),
    );
    const expected = finiteDifferences(
      (x) =>
        loop(x).reduce(
          (sum, row, i) => sum + row.reduce((s, y, j) => s + y * (weights[i]?.[j] ?? NaN), 0),
          0,
        ),
      rows,
    );
    expect(largestGap(gradient, expected)).toBeLessThan(1e-4);
  });
});

describe('batch norm without a scale', () => {
  it('has buffers alone, and is the one with scale 1 and offset 0', () => {
    const [plain, affine] = [batchNorm1d('n', 3, { affine: false }), batchNorm1d('n', 3)];
    expect(plain.variables.map(({ name }) => name)).toEqual(['n.running_mean', 'n.running_var']);
    const x = unitRows(2, 6, 3);
    const held = () => ({
      'n.weight': tf.ones([3]),
      'n.bias': tf.zeros([3]),
      'n.running_mean': tf.zeros([3]),
      'n.running_var': tf.ones([3]),
    });
    const of = (layer: typeof plain) =>
      tf.tidy(() => layer.apply(scopeOf(held(), true), matrix(x)).dataSync());
    expect(largestGap(of(plain), of(affine))).toBe(0);
    expect(Math.max(...of(plain))).toBeGreaterThan(0.5);
  });
});
