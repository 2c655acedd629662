import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { startEngine, nativeBackend } from '../../../src/tensorflow/engine.js';
import { dense, densePlain, type DenseActivation } from '../../../src/tensorflow/kernels/dense.js';
import { gatherRows, gatherRowsPlain } from '../../../src/tensorflow/kernels/gather-rows.js';
import { poolPoints, poolPointsPlain, type Pooling } from '../../../src/tensorflow/kernels/pool-points.js';
import { randomStream } from '../../../src/tensorflow/random.js';
import * as tf from '../../../src/tensorflow/tf.js';

startEngine();
// Without the native library a kernel is its twin, and comparing them would prove nothing.
const native = describe.runIf(nativeBackend() !== null);

function normal(shape: number[], seed: number): tf.Tensor {
  const stream = randomStream(seed);
  const size = shape.reduce((a, b) => a * b, 1);
  return tf.tensor(Float32Array.from({ length: size }, stream.normal), shape);
}

function expectSame(actual: tf.Tensor, expected: tf.Tensor, tolerance = 1e-4): void {
  expect(actual.shape).toEqual(expected.shape);
  const worst = tf.max(tf.abs(tf.sub(actual, expected))).dataSync()[0] ?? NaN;
  const scale = 1 + (tf.max(tf.abs(expected)).dataSync()[0] ?? 0);
  expect(worst / scale).toBeLessThan(tolerance);
}

const size = fc.integer({ min: 1, max: 17 });

native('dense', () => {
  it('gives the values and gradients of its plain twin, over random shapes', () => {
    fc.assert(
      fc.property(
        size,
        size,
        size,
        fc.constantFrom<DenseActivation>('relu', 'none'),
        fc.nat(1e6),
        (rows, inputs, outputs, activation, seed) => {
          tf.tidy(() => {
            const args = [
              normal([rows, inputs], seed),
              normal([outputs, inputs], seed + 1),
              normal([outputs], seed + 2),
            ] as [tf.Tensor2D, tf.Tensor2D, tf.Tensor1D];
            const dy = normal([rows, outputs], seed + 3);
            const of = (layer: typeof dense) =>
              tf.valueAndGrads((...tensors: tf.Tensor[]) => {
                const [x, w, b] = tensors as typeof args;
                return tf.sum<tf.Scalar>(tf.mul(layer(x, w, b, activation), dy));
              })(args);
            const actual = of(dense);
            const expected = of(densePlain);
            expectSame(dense(...args, activation), densePlain(...args, activation));
            actual.grads.forEach((gradient, i) => expectSame(gradient, expected.grads[i] as tf.Tensor));
          });
        },
      ),
      { numRuns: 30 },
    );
  });

  it('has the gradient of finite differences', () => {
    const x = normal([3, 4], 1) as tf.Tensor2D;
    const w = normal([5, 4], 2) as tf.Tensor2D;
    const b = normal([5], 3) as tf.Tensor1D;
    const loss = (weight: tf.Tensor2D) => tf.sum<tf.Scalar>(tf.square(dense(x, weight, b, 'relu')));
    const gradient = tf
      .grad((weight: tf.Tensor) => loss(weight as tf.Tensor2D))(w)
      .dataSync();
    const step = 1e-2;
    for (const index of [0, 7, 19]) {
      const shifted = (sign: number) => {
        const values = w.dataSync().slice();
        values[index] = (values[index] ?? 0) + sign * step;
        return loss(tf.tensor2d(values, [5, 4])).dataSync()[0] ?? NaN;
      };
      expect((shifted(1) - shifted(-1)) / (2 * step)).toBeCloseTo(gradient[index] ?? NaN, 1);
    }
  });
});

native('poolPoints', () => {
  it('gives the values and gradients of its plain twin, over random shapes', () => {
    fc.assert(
      fc.property(
        size,
        size,
        size,
        fc.constantFrom<Pooling>('mean', 'max', 'sum'),
        fc.nat(1e6),
        (batch, points, width, pooling, seed) => {
          tf.tidy(() => {
            const x = normal([batch, points, width], seed) as tf.Tensor3D;
            const dy = normal([batch, width], seed + 1);
            const of = (pool: typeof poolPoints) =>
              tf.grad((t: tf.Tensor) => tf.sum(tf.mul(pool(t as tf.Tensor3D, pooling), dy)))(x);
            expectSame(poolPoints(x, pooling), poolPointsPlain(x, pooling));
            expectSame(of(poolPoints), of(poolPointsPlain));
          });
        },
      ),
      { numRuns: 30 },
    );
  });
});

native('gatherRows', () => {
  it('gives the rows of its plain twin', () => {
    const x = normal([6, 2, 3], 4);
    const indices = tf.tensor1d([5, 0, 0, 3], 'int32');
    expectSame(gatherRows(x, indices), gatherRowsPlain(x, indices));
    const whole = tf.tensor2d([1, 2, 3, 4], [2, 2], 'int32');
    expect(gatherRows(whole, tf.tensor1d([1], 'int32')).dtype).toBe('int32');
  });

  it('refuses an index out of range', () => {
    expect(() => gatherRows(normal([3, 2], 5), tf.tensor1d([3], 'int32')).dataSync()).toThrow(
      /not in \[0, 3\)/,
    );
  });
});
