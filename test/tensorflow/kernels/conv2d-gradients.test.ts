import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nativeBackend, startEngine } from '../../../src/tensorflow/engine.js';
import { conv2d, conv2dPlain } from '../../../src/tensorflow/kernels/conv2d.js';
import {
  hasOwnFilterGradient,
  ownFilterGradient,
} from '../../../src/tensorflow/kernels/conv2d-filter-gradient.js';
import {
  convolvedInputGradient,
  subPixelFilter,
  turnedFilter,
} from '../../../src/tensorflow/kernels/conv2d-input-gradient.js';
import * as tf from '../../../src/tensorflow/tf.js';
import { notBuilt } from '../../cli/program.js';
import { expectCloseOnAvx2, expectSameBitsByThreads } from './bits-by-threads.js';
import { expectSame, gradients, normal } from './compare.js';

startEngine();
const onCpu = nativeBackend() !== null && nativeBackend()?.binding.isUsingGpuDevice() === false;
const native = describe.runIf(onCpu);

/** The gradient by the filter, written out: `[rows, columns, in, out]` in double precision. */
function filterGradientByLoop(
  x: tf.Tensor4D,
  dy: tf.Tensor4D,
  size: number,
  stride: number,
  padding: number,
): number[] {
  const [batch, height, width, inputs] = x.shape;
  const [, outHeight, outWidth, outputs] = dy.shape;
  const [xs, ys] = [x.dataSync(), dy.dataSync()];
  const sums = new Array<number>(size * size * inputs * outputs).fill(0);
  for (let n = 0; n < batch; n++)
    for (let h = 0; h < outHeight; h++)
      for (let w = 0; w < outWidth; w++)
        for (let r = 0; r < size; r++)
          for (let c = 0; c < size; c++) {
            const [row, column] = [h * stride + r - padding, w * stride + c - padding];
            if (row < 0 || row >= height || column < 0 || column >= width) continue;
            for (let i = 0; i < inputs; i++)
              for (let o = 0; o < outputs; o++) {
                const at = ((r * size + c) * inputs + i) * outputs + o;
                const from = xs[((n * height + row) * width + column) * inputs + i] ?? NaN;
                sums[at] =
                  (sums[at] ?? 0) + from * (ys[((n * outHeight + h) * outWidth + w) * outputs + o] ?? NaN);
              }
          }
  return sums;
}

const shapes = fc
  .record({
    batch: fc.integer({ min: 1, max: 5 }),
    height: fc.integer({ min: 1, max: 9 }),
    width: fc.integer({ min: 1, max: 9 }),
    inputs: fc.constantFrom(8, 16, 24),
    outputs: fc.constantFrom(32, 64),
    size: fc.constantFrom(1, 2, 3, 5),
    stride: fc.integer({ min: 1, max: 3 }),
    padding: fc.integer({ min: 0, max: 2 }),
    seed: fc.nat(1e6),
  })
  .filter(({ height, width, size, padding }) => Math.min(height, width) + 2 * padding >= size);

native('the filter gradient of our own', () => {
  it('is there, and is not asked for shapes that it does not take', () => {
    expect(hasOwnFilterGradient({ shape: [3, 3, 64, 64] }, { stride: 1 })).toBe(true);
    expect(hasOwnFilterGradient({ shape: [3, 3, 3, 64] }, { stride: 1 })).toBe(false);
    expect(hasOwnFilterGradient({ shape: [3, 3, 64, 40] }, { stride: 1 })).toBe(false);
    expect(hasOwnFilterGradient({ shape: [1, 1, 64, 64] }, { stride: 1 })).toBe(false);
    expect(hasOwnFilterGradient({ shape: [1, 1, 64, 64] }, { stride: 2 })).toBe(true);
  });

  it('agrees with a loop, for odd sizes, one image, strides and paddings', () => {
    fc.assert(
      fc.property(shapes, ({ batch, height, width, inputs, outputs, size, stride, padding, seed }) => {
        tf.tidy(() => {
          const reach = (length: number) => Math.floor((length + 2 * padding - size) / stride) + 1;
          const x = normal([batch, height, width, inputs], seed);
          const dy = normal([batch, reach(height), reach(width), outputs], seed + 1);
          const filter = { shape: [size, size, inputs, outputs] };
          const own = ownFilterGradient(x, dy, filter, { stride, padding });
          expect(own.shape).toEqual(filter.shape);
          const expected = filterGradientByLoop(x, dy, size, stride, padding);
          own.dataSync().forEach((value, i) => {
            expect(Math.abs(value - (expected[i] ?? NaN))).toBeLessThan(1e-4);
          });
        });
      }),
      { numRuns: 25 },
    );
  });

  it('cuts large batches into groups without losing an image', () => {
    tf.tidy(() => {
      // 36 x 36 x (64 + 64) floats an image: some seven images fill a group.
      const x = normal([17, 34, 34, 64], 3);
      const dy = normal([17, 34, 34, 64], 4);
      const own = ownFilterGradient(x, dy, { shape: [3, 3, 64, 64] }, { stride: 1, padding: 1 });
      const parts = Array.from({ length: 17 }, (_, n) =>
        ownFilterGradient(
          tf.slice(x, [n, 0, 0, 0], [1, 34, 34, 64]),
          tf.slice(dy, [n, 0, 0, 0], [1, 34, 34, 64]),
          { shape: [3, 3, 64, 64] },
          { stride: 1, padding: 1 },
        ),
      );
      const largest = tf.max(tf.abs(tf.sub(own, tf.addN(parts)))).dataSync()[0] ?? NaN;
      expect(largest).toBeLessThan(1e-2);
      expect(tf.max(tf.abs(own)).dataSync()[0]).toBeGreaterThan(100);
    });
  });

  it('refuses sizes that do not fit', () => {
    const x = tf.zeros([1, 4, 4, 8]);
    const wrong = tf.zeros([1, 3, 4, 32]);
    const run = () => ownFilterGradient(x, wrong, { shape: [3, 3, 8, 32] }, { stride: 1, padding: 1 });
    expect(run).toThrow(/sizes of both inputs do not fit the filter/);
    tf.dispose([x, wrong]);
  });

  it.runIf(notBuilt === null)('gives the same bits with one thread and with many', () => {
    expectSameBitsByThreads(`
      const { ownFilterGradient } = await load('kernels/conv2d-filter-gradient');
      const x = tf.tensor(values(3 * 81 * 64, 1.1), [3, 9, 9, 64]);
      const dy = tf.tensor(values(3 * 81 * 96, 0.7), [3, 9, 9, 96]);
      return [ownFilterGradient(x, dy, { shape: [3, 3, 64, 96] }, { stride: 1, padding: 1 })];`);
  });

  it.runIf(notBuilt === null)("agrees with TensorFlow's on a processor held to AVX2", () => {
    expectCloseOnAvx2(
      `
      const { ownFilterGradient } = await load('kernels/conv2d-filter-gradient');
      const x = tf.tensor(values(3 * 81 * 64, 1.1), [3, 9, 9, 64]);
      const dy = tf.tensor(values(3 * 25 * 96, 0.7), [3, 5, 5, 96]);
      const filter = tf.zeros([3, 3, 64, 96]);
      const padded = tf.pad(x, [[0, 0], [1, 1], [1, 1], [0, 0]]);
      const expected = tf.grad((w) => tf.sum(tf.mul(tf.conv2d(padded, w, 2, 'valid'), dy)))(filter);
      return [[ownFilterGradient(x, dy, filter, { stride: 2, padding: 1 }), expected]];`,
      1e-5,
    );
  });
});

describe('filters of the input gradient', () => {
  it('are turned by 180 degrees with channels changed over', () => {
    const filter = tf.tensor4d(
      Array.from({ length: 3 * 3 * 2 }, (_, i) => i),
      [3, 3, 1, 2],
    );
    const turned = turnedFilter(filter);
    expect(turned.shape).toEqual([3, 3, 2, 1]);
    // Place (0, 0) holds what stood at (2, 2), place (0, 2) what stood at (2, 0).
    expect(Array.from(turned.dataSync().slice(0, 2))).toEqual([16, 17]);
    expect(Array.from(turned.dataSync().slice(4, 6))).toEqual([12, 13]);
    tf.dispose([filter, turned]);
  });

  it('hold, for sub-pixels, each place of the filter once and zeros elsewhere', () => {
    const filter = tf.tensor4d([1, 2, 3, 4, 5, 6, 7, 8, 9], [3, 3, 1, 1]);
    const places = subPixelFilter(filter);
    expect(places.shape).toEqual([2, 2, 1, 4]);
    // Kinds of pixels: even row and column, even row, even column, neither.
    expect(Array.from(places.dataSync())).toEqual([
      ...[5, 6, 8, 9],
      ...[0, 4, 0, 7],
      ...[0, 0, 2, 3],
      ...[0, 0, 0, 1],
    ]);
    tf.dispose([filter, places]);
  });
});

native('the input gradient by convolutions', () => {
  it.each([
    { height: 8, width: 8, inputs: 128, outputs: 32, stride: 2 },
    { height: 2, width: 6, inputs: 130, outputs: 3, stride: 2 },
    { height: 5, width: 7, inputs: 4, outputs: 6, stride: 1 },
  ])(
    'is the plain one: $height x $width x $inputs, stride $stride',
    ({ height, width, inputs, outputs, stride }) => {
      tf.tidy(() => {
        const x = normal([2, height, width, inputs], 5);
        const filter = normal([3, 3, inputs, outputs], 6);
        const options = { stride, padding: 1 };
        const dy = normal(conv2dPlain(x, filter, options).shape, 7);
        expect(convolvedInputGradient(x.shape, filter, dy, options)).not.toBeNull();
        const of = (run: typeof conv2d) =>
          gradients((a, b) => run(a as tf.Tensor4D, b as tf.Tensor4D, options), [x, filter], dy);
        const [ours, plain] = [of(conv2d), of(conv2dPlain)];
        ours.forEach((gradient, i) => expectSame(gradient, plain[i] as tf.Tensor, 1e-3));
      });
    },
  );

  it('leaves odd sizes at stride 2 and few channels to TensorFlow', () => {
    tf.tidy(() => {
      const filter = normal([3, 3, 128, 8], 1);
      const few = normal([3, 3, 64, 8], 1);
      const options = { stride: 2, padding: 1 };
      expect(convolvedInputGradient([1, 7, 8, 128], filter, tf.zeros([1, 4, 4, 8]), options)).toBeNull();
      expect(convolvedInputGradient([1, 8, 8, 64], few, tf.zeros([1, 4, 4, 8]), options)).toBeNull();
    });
  });
});
