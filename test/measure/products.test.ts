import { Matrix } from 'ml-matrix';
import { beforeAll, describe, expect, it } from 'vitest';
import { crossMoment, mapRows, symmetricEigen } from '../../src/measure/products.js';
import { startEngine } from '../../src/tensorflow/engine.js';
import * as tf from '../../src/tensorflow/tf.js';
import { gaussian, largestGap, onSphere } from './helpers.js';

beforeAll(() => {
  startEngine();
});

describe('products', () => {
  const a = onSphere(1, 9000, 3);
  const b = onSphere(2, 9000, 4);

  it('crossMoment is A^T B of the row matrices, by loop and by blocks', () => {
    const expected = Matrix.from1DArray(9000, 3, a.values)
      .transpose()
      .mmul(Matrix.from1DArray(9000, 4, b.values))
      .to1DArray();
    expect(largestGap(crossMoment(a, b).to1DArray(), expected)).toBeLessThan(1e-9);
    // 9000 rows are two whole blocks and a part; float32 sums of 4096 terms.
    expect(largestGap(crossMoment(a, b, 0).to1DArray(), expected)).toBeLessThan(1e-2);
    expect(Math.max(...expected.map(Math.abs))).toBeGreaterThan(1);
  });

  it('mapRows is R f_i, by loop and by blocks, and leaves no tensor behind', () => {
    const map = gaussian(3, 3, 3);
    const expected = Matrix.from1DArray(9000, 3, a.values).mmul(map.transpose()).to1DArray();
    const flat = Float64Array.from(map.to1DArray());
    const before = tf.memory().numTensors;
    expect(largestGap(mapRows(a, flat), expected)).toBeLessThan(1e-12);
    expect(largestGap(mapRows(a, flat, 0), expected)).toBeLessThan(1e-5);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('symmetricEigen rebuilds the matrix, largest value first', () => {
    const half = gaussian(4, 5, 5);
    const symmetric = Matrix.add(half, half.transpose());
    const { values, vectors } = symmetricEigen(symmetric);
    expect([...values].sort((x, y) => y - x)).toEqual([...values]);
    const rebuilt = vectors.mmul(Matrix.diag([...values])).mmul(vectors.transpose());
    expect(largestGap(rebuilt.to1DArray(), symmetric.to1DArray())).toBeLessThan(1e-12);
  });
});
