import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nativeBackend, startEngine } from '../../../src/tensorflow/engine.js';
import { batchNorm, batchNormPlain } from '../../../src/tensorflow/kernels/batch-norm.js';
import { conv2d, conv2dPlain } from '../../../src/tensorflow/kernels/conv2d.js';
import { dense, densePlain } from '../../../src/tensorflow/kernels/dense.js';
import { maxPool, maxPoolPlain } from '../../../src/tensorflow/kernels/max-pool.js';
import { relu, reluPlain } from '../../../src/tensorflow/kernels/relu.js';
import * as tf from '../../../src/tensorflow/tf.js';
import { expectFiniteDifferences, expectSame, gradients, normal } from './compare.js';

startEngine();
// Without the native library a kernel is its twin, and comparing them would prove nothing.
const native = describe.runIf(nativeBackend() !== null);

const small = fc.integer({ min: 1, max: 5 });
const side = fc.integer({ min: 1, max: 11 });

/** Padded at least to the filter's size. */
const convolution = fc
  .record({
    batch: fc.integer({ min: 1, max: 3 }),
    height: side,
    width: side,
    inputs: small,
    outputs: small,
    size: fc.constantFrom(1, 2, 3, 5, 7),
    stride: fc.integer({ min: 1, max: 3 }),
    padding: fc.integer({ min: 0, max: 3 }),
    seed: fc.nat(1e6),
  })
  .filter(({ height, width, size, padding }) => Math.min(height, width) + 2 * padding >= size);

type Convolution = typeof convolution extends fc.Arbitrary<infer T> ? T : never;

/** What a residual network is made of, and the awkward sizes. */
const KNOWN: readonly Omit<Convolution, 'seed'>[] = [
  { batch: 1, height: 7, width: 5, inputs: 3, outputs: 4, size: 1, stride: 1, padding: 0 },
  { batch: 1, height: 7, width: 7, inputs: 3, outputs: 4, size: 1, stride: 2, padding: 0 },
  { batch: 2, height: 8, width: 8, inputs: 4, outputs: 6, size: 1, stride: 2, padding: 0 },
  { batch: 2, height: 9, width: 6, inputs: 4, outputs: 5, size: 3, stride: 2, padding: 1 },
  { batch: 1, height: 1, width: 1, inputs: 8, outputs: 8, size: 3, stride: 1, padding: 1 },
  { batch: 2, height: 15, width: 16, inputs: 3, outputs: 8, size: 7, stride: 2, padding: 3 },
];

function checkConvolution({
  batch,
  height,
  width,
  inputs,
  outputs,
  size,
  stride,
  padding,
  seed,
}: Convolution) {
  tf.tidy(() => {
    const x = normal([batch, height, width, inputs], seed);
    const filter = normal([size, size, inputs, outputs], seed + 1);
    const options = { stride, padding };
    const expected = conv2dPlain(x, filter, options);
    expectSame(conv2d(x, filter, options), expected);
    const dy = normal(expected.shape, seed + 2);
    const of = (layer: typeof conv2d) =>
      gradients((a, b) => layer(a as tf.Tensor4D, b as tf.Tensor4D, options), [x, filter], dy);
    const wanted = of(conv2dPlain);
    of(conv2d).forEach((gradient, i) => expectSame(gradient, wanted[i] as tf.Tensor));
    // As a network's first layer: the same gradient of the filter.
    const first = tf.grad((w: tf.Tensor) =>
      tf.sum(tf.mul(conv2d(x, w as tf.Tensor4D, { ...options, inputGradient: false }), dy)),
    )(filter);
    expectSame(first, wanted[1] as tf.Tensor);
  });
}

describe('the plain convolution', () => {
  it('is the sum over window and channels, written out', () => {
    fc.assert(
      fc.property(convolution, ({ height, width, inputs, outputs, size, stride, padding, seed }) => {
        const x = normal([1, height, width, inputs], seed);
        const filter = normal([size, size, inputs, outputs], seed + 1);
        const result = conv2dPlain(x, filter, { stride, padding });
        const xs = x.dataSync();
        const ws = filter.dataSync();
        const [, rows, columns] = result.shape;
        expect(rows).toBe(Math.floor((height + 2 * padding - size) / stride) + 1);
        const found = result.dataSync();
        const at = (r: number, c: number, i: number) =>
          r < 0 || c < 0 || r >= height || c >= width ? 0 : (xs[(r * width + c) * inputs + i] ?? NaN);
        for (let place = 0; place < rows * columns; place++) {
          const [r, c] = [Math.floor(place / columns), place % columns];
          let sum = 0;
          for (let a = 0; a < size; a++) {
            for (let b = 0; b < size; b++) {
              for (let i = 0; i < inputs; i++) {
                const weight = ws[((a * size + b) * inputs + i) * outputs] ?? NaN;
                sum += at(r * stride + a - padding, c * stride + b - padding, i) * weight;
              }
            }
          }
          expect(found[place * outputs]).toBeCloseTo(sum, 3);
        }
      }),
      { numRuns: 15 },
    );
  });
});

native('conv2d', () => {
  it.each(KNOWN)('is its plain twin: $size x $size, stride $stride, padding $padding', (shape) =>
    checkConvolution({ ...shape, seed: 7 }),
  );

  it('gives values and gradients of its plain twin over random shapes, strides and paddings', () => {
    fc.assert(fc.property(convolution, checkConvolution), { numRuns: 60 });
  });

  // A process that ends here has run into the fault of oneDNN that the kernel works around.
  it.each([
    [12, 6, 5, 1],
    [16, 10, 1, 3],
  ])('survives one-pixel filters with stride on images of %i x %i', (height, width, inputs, outputs) => {
    const x = normal([3, height, width, inputs], 1);
    const filter = normal([1, 1, inputs, outputs], 2);
    const dy = normal([3, height / 2, width / 2, outputs], 3);
    const layer = (a: tf.Tensor, b: tf.Tensor) =>
      conv2d(a as tf.Tensor4D, b as tf.Tensor4D, { stride: 2, padding: 0 });
    for (let i = 0; i < 300; i++) tf.tidy(() => gradients(layer, [x, filter], dy)[1]?.dataSync());
  });

  it('has the gradients of finite differences', () => {
    const x = normal([2, 5, 6, 3], 1);
    const filter = normal([3, 3, 3, 4], 2);
    const layer = (a: tf.Tensor, b: tf.Tensor) =>
      conv2d(a as tf.Tensor4D, b as tf.Tensor4D, { stride: 2, padding: 1 });
    expectFiniteDifferences(layer, [x, filter], normal([2, 3, 3, 4], 3));
  });

  it('refuses other channels and an input smaller than the filter', () => {
    const filter = normal([3, 3, 4, 2], 1);
    const options = { stride: 1, padding: 0 };
    expect(() => conv2d(normal([1, 5, 5, 3], 2), filter, options)).toThrow(/3 channels; the filter takes 4/);
    expect(() => conv2d(normal([1, 2, 5, 4], 2), filter, options)).toThrow(/smaller than the 3 x 3 filter/);
  });
});

native('relu', () => {
  it('gives values and gradients of its plain twin, none at zero', () => {
    fc.assert(
      fc.property(side, side, fc.nat(1e6), (rows, columns, seed) => {
        tf.tidy(() => {
          const x = normal([rows, columns], seed);
          const dy = normal([rows, columns], seed + 1);
          expectSame(relu(x), reluPlain(x));
          expectSame(
            gradients((t) => relu(t), [x], dy)[0] as tf.Tensor,
            gradients((t) => reluPlain(t), [x], dy)[0] as tf.Tensor,
          );
        });
      }),
      { numRuns: 20 },
    );
    const atZero = tf.grad((t: tf.Tensor) => tf.sum(relu(t)))(tf.tensor1d([0, -1, 2]));
    expect([...atZero.dataSync()]).toEqual([0, 0, 1]);
  });
});

native('maxPool', () => {
  const pooling = fc
    .record({
      batch: fc.integer({ min: 1, max: 3 }),
      height: side,
      width: side,
      channels: small,
      size: fc.integer({ min: 1, max: 4 }),
      stride: fc.integer({ min: 1, max: 3 }),
      padding: fc.integer({ min: 0, max: 2 }),
      seed: fc.nat(1e6),
    })
    .filter(({ size, padding }) => 2 * padding <= size)
    .filter(({ height, width, size, padding }) => Math.min(height, width) + 2 * padding >= size);

  it('gives values and gradients of its plain twin over random shapes, strides and paddings', () => {
    fc.assert(
      fc.property(pooling, ({ batch, height, width, channels, seed, ...options }) => {
        tf.tidy(() => {
          const x = normal([batch, height, width, channels], seed);
          const expected = maxPoolPlain(x, options);
          expectSame(maxPool(x, options), expected);
          const dy = normal(expected.shape, seed + 1);
          const of = (pool: typeof maxPool) => gradients((t) => pool(t as tf.Tensor4D, options), [x], dy)[0];
          expectSame(of(maxPool) as tf.Tensor, of(maxPoolPlain) as tf.Tensor);
        });
      }),
      { numRuns: 60 },
    );
  });

  it('takes padding for minus infinity, not zero', () => {
    const x = tf.tensor4d([-5, -6, -7, -8], [1, 2, 2, 1]);
    const options = { size: 3, stride: 2, padding: 1 };
    expect([...maxPool(x, options).dataSync()]).toEqual([-5]);
    const gradient = tf.grad((t: tf.Tensor) => tf.sum(maxPool(t as tf.Tensor4D, options)))(x);
    expect([...gradient.dataSync()]).toEqual([1, 0, 0, 0]);
  });

  it('refuses padding of more than half a window', () => {
    expect(() => maxPool(normal([1, 4, 4, 1], 1), { size: 3, stride: 1, padding: 2 })).toThrow(/half/);
  });
});

native('batchNorm', () => {
  const input = fc
    .record({
      batch: fc.integer({ min: 1, max: 4 }),
      height: fc.integer({ min: 1, max: 6 }),
      width: fc.integer({ min: 1, max: 6 }),
      channels: fc.integer({ min: 1, max: 9 }),
      training: fc.boolean(),
      momentum: fc.constantFrom(0.1, 0.5, 1),
      seed: fc.nat(1e6),
    })
    // Of two or three values the normalised ones are constants, and their gradient is a difference that vanishes.
    .filter(({ batch, height, width }) => batch * height * width > 3);

  it('gives values, running statistics and gradients of its plain twin in both modes', () => {
    fc.assert(
      fc.property(input, ({ batch, height, width, channels, seed, ...options }) => {
        tf.tidy(() => {
          const x = tf.add<tf.Tensor4D>(normal([batch, height, width, channels], seed), 3);
          const [scale, offset, mean] = [1, 2, 3].map((i) => normal([channels], seed + i)) as [
            tf.Tensor1D,
            tf.Tensor1D,
            tf.Tensor1D,
          ];
          const variance = tf.add<tf.Tensor1D>(tf.square(normal([channels], seed + 4)), 0.1);
          const actual = batchNorm(x, scale, offset, mean, variance, options);
          const expected = batchNormPlain(x, scale, offset, mean, variance, options);
          expectSame(actual.y, expected.y);
          expectSame(actual.mean, expected.mean);
          expectSame(actual.variance, expected.variance);
          const dy = normal(x.shape, seed + 5);
          const of = (layer: typeof batchNorm) =>
            gradients(
              (a, b, c) =>
                layer(a as tf.Tensor4D, b as tf.Tensor1D, c as tf.Tensor1D, mean, variance, options).y,
              [x, scale, offset],
              dy,
            );
          const wanted = of(batchNormPlain);
          of(batchNorm).forEach((gradient, i) => expectSame(gradient, wanted[i] as tf.Tensor, 5e-4));
        });
      }),
      { numRuns: 60 },
    );
  });

  it.each([true, false])('has the gradients of finite differences, training: %s', (training) => {
    const mean = normal([2], 1);
    const variance = tf.tensor1d([0.7, 1.9]);
    const layer = (...tensors: tf.Tensor[]) => {
      const [x, scale, offset] = tensors as [tf.Tensor4D, tf.Tensor1D, tf.Tensor1D];
      return batchNorm(x, scale, offset, mean, variance, { training }).y;
    };
    const inputs = [normal([2, 3, 3, 2], 4), normal([2], 5), normal([2], 6)];
    expectFiniteDifferences(layer, inputs, normal([2, 3, 3, 2], 7));
  });

  it('blends running statistics as PyTorch does, by hand', () => {
    // Values 1, 2, 3, 6: mean 3, biased variance 3.5, unbiased 14/3.
    const x = tf.tensor4d([1, 2, 3, 6], [2, 1, 2, 1]);
    const one = tf.tensor1d([1]);
    const zero = tf.tensor1d([0]);
    const result = batchNorm(x, one, zero, tf.tensor1d([10]), tf.tensor1d([20]), { training: true });
    expect(result.mean.dataSync()[0]).toBeCloseTo(0.9 * 10 + 0.1 * 3, 5);
    expect(result.variance.dataSync()[0]).toBeCloseTo(0.9 * 20 + (0.1 * 14) / 3, 5);
    expect(result.y.dataSync()[3]).toBeCloseTo(3 / Math.sqrt(3.5), 4);
  });

  it('refuses to train on one value a channel', () => {
    const c = normal([3], 1);
    expect(() => batchNorm(normal([1, 1, 1, 3], 2), c, c, c, c, { training: true })).toThrow(/1 value/);
  });

  it('leaves no tensor behind', () => {
    const before = tf.memory().numTensors;
    tf.tidy(() => {
      const c = normal([3], 1);
      const run = (x: tf.Tensor) => {
        const { y, mean } = batchNorm(x as tf.Tensor4D, c, c, c, c, { training: true });
        return tf.add(tf.sum(tf.square(y)), tf.sum(mean));
      };
      tf.grad(run)(normal([2, 2, 2, 3], 2));
    });
    expect(tf.memory().numTensors).toBe(before);
  });
});

native('dense without bias', () => {
  it('gives values and gradients of its plain twin', () => {
    const x = normal([5, 4], 1);
    const w = normal([3, 4], 2);
    const dy = normal([5, 3], 3);
    for (const activation of ['relu', 'none'] as const) {
      const of = (layer: typeof dense) =>
        gradients((a, b) => layer(a as tf.Tensor2D, b as tf.Tensor2D, null, activation), [x, w], dy);
      const wanted = of(densePlain);
      expectSame(dense(x, w, null, activation), densePlain(x, w, null, activation));
      of(dense).forEach((gradient, i) => expectSame(gradient, wanted[i] as tf.Tensor));
    }
  });
});
