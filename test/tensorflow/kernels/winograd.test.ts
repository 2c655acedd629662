import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nativeBackend, startEngine } from '../../../src/tensorflow/engine.js';
import { conv2d, conv2dPlain } from '../../../src/tensorflow/kernels/conv2d.js';
import {
  hasWinograd,
  winogradConv2d,
  winogradFilterGradient,
  winogradInputGradient,
} from '../../../src/tensorflow/kernels/winograd.js';
import * as tf from '../../../src/tensorflow/tf.js';
import { notBuilt } from '../../cli/program.js';
import { expectCloseOnAvx2, expectSameBitsByThreads } from './bits-by-threads.js';
import { expectFiniteDifferences, expectSame, gradients, normal } from './compare.js';

startEngine();
const onCpu = nativeBackend() !== null && nativeBackend()?.binding.isUsingGpuDevice() === false;
const native = describe.runIf(onCpu);

const shapes = fc
  .record({
    batch: fc.integer({ min: 1, max: 5 }),
    height: fc.integer({ min: 1, max: 13 }),
    width: fc.integer({ min: 1, max: 13 }),
    // Panels take 32 channels, or 16 where one of both numbers is no multiple of 32.
    inputs: fc.constantFrom(16, 32, 48, 64, 96),
    outputs: fc.constantFrom(16, 32, 48, 64, 96),
    padding: fc.integer({ min: 0, max: 2 }),
    seed: fc.nat(1e6),
  })
  .filter(({ height, width, padding }) => Math.min(height, width) + 2 * padding >= 3);

/** One output of a convolution in double precision. */
function outputAt(
  x: tf.Tensor4D,
  filter: tf.Tensor4D,
  padding: number,
  [n, h, w, o]: readonly [number, number, number, number],
): number {
  const [, height, width, inputs] = x.shape;
  const [xs, ws] = [x.dataSync(), filter.dataSync()];
  let sum = 0;
  for (let r = 0; r < 3; r++)
    for (let c = 0; c < 3; c++) {
      const [row, column] = [h + r - padding, w + c - padding];
      if (row < 0 || row >= height || column < 0 || column >= width) continue;
      for (let i = 0; i < inputs; i++)
        sum +=
          (xs[((n * height + row) * width + column) * inputs + i] ?? NaN) *
          (ws[((r * 3 + c) * inputs + i) * filter.shape[3] + o] ?? NaN);
    }
  return sum;
}

native('convolution after Winograd', () => {
  it('is there, and is not asked for what it does not take', () => {
    const x = { shape: [1, 4, 4, 64] };
    const plain = { stride: 1, padding: 1 };
    expect(hasWinograd(x, { shape: [3, 3, 64, 64] }, plain)).toBe(true);
    expect(hasWinograd({ shape: [1, 3, 4, 64] }, { shape: [3, 3, 64, 64] }, plain)).toBe(false);
    expect(hasWinograd({ shape: [1, 3, 4, 64] }, { shape: [3, 3, 64, 64] }, { stride: 1, padding: 2 })).toBe(
      true,
    );
    expect(hasWinograd(x, { shape: [3, 3, 64, 64] }, { stride: 2, padding: 1 })).toBe(false);
    expect(hasWinograd(x, { shape: [3, 3, 64, 64] }, { stride: 1, padding: 3 })).toBe(false);
    expect(hasWinograd(x, { shape: [3, 3, 3, 64] }, plain)).toBe(false);
    expect(hasWinograd(x, { shape: [3, 3, 64, 40] }, plain)).toBe(false);
    expect(hasWinograd(x, { shape: [3, 3, 16, 16] }, plain)).toBe(true);
    expect(hasWinograd(x, { shape: [3, 3, 8, 16] }, plain)).toBe(false);
    expect(hasWinograd(x, { shape: [5, 5, 64, 64] }, plain)).toBe(false);
    expect(hasWinograd(x, { shape: [1, 1, 64, 64] }, plain)).toBe(false);
  });

  it('agrees with the direct one, value and both gradients, for odd sizes, one image and paddings', () => {
    fc.assert(
      fc.property(shapes, ({ batch, height, width, inputs, outputs, padding, seed }) => {
        tf.tidy(() => {
          const options = { stride: 1, padding };
          const x = normal([batch, height, width, inputs], seed);
          const filter = normal([3, 3, inputs, outputs], seed + 1);
          const expected = conv2dPlain(x, filter, options);
          expectSame(winogradConv2d(x, filter, padding), expected, 1e-5);
          const dy = normal(expected.shape, seed + 2);
          const [dx, dw] = gradients(
            (a, b) => conv2dPlain(a as tf.Tensor4D, b as tf.Tensor4D, options),
            [x, filter],
            dy,
          ) as [tf.Tensor, tf.Tensor];
          expectSame(winogradInputGradient(dy, filter, padding), dx, 1e-5);
          expectSame(winogradFilterGradient(x, dy, padding), dw, 1e-5);
          const ours = gradients(
            (a, b) => conv2d(a as tf.Tensor4D, b as tf.Tensor4D, options),
            [x, filter],
            dy,
          );
          expectSame(ours[0] as tf.Tensor, dx, 1e-5);
          expectSame(ours[1] as tf.Tensor, dw, 1e-5);
        });
      }),
      { numRuns: 30 },
    );
  });

  it('agrees where there are many blocks of tiles, and where there are few', () => {
    for (const [batch, side, channels] of [
      [9, 20, 64],
      [3, 4, 256],
      [50, 20, 16],
    ] as const) {
      tf.tidy(() => {
        const x = normal([batch, side, side, channels], 3);
        const filter = normal([3, 3, channels, channels], 4);
        const dy = normal(x.shape, 5);
        const of = (layer: typeof conv2d) =>
          gradients(
            (a, b) => layer(a as tf.Tensor4D, b as tf.Tensor4D, { stride: 1, padding: 1 }),
            [x, filter],
            dy,
          );
        const plain = of(conv2dPlain);
        of(conv2d).forEach((gradient, i) => expectSame(gradient, plain[i] as tf.Tensor, 1e-5));
        expectSame(winogradConv2d(x, filter, 1), conv2dPlain(x, filter, { stride: 1, padding: 1 }), 1e-5);
      });
    }
  });

  it('errs by no more than a few times what rounding to float32 costs', () => {
    tf.tidy(() => {
      const x = tf.relu<tf.Tensor4D>(normal([2, 8, 8, 256], 6));
      const filter = tf.mul<tf.Tensor4D>(normal([3, 3, 256, 32], 7), Math.sqrt(2 / (9 * 256)));
      const ours = winogradConv2d(x, filter, 1).dataSync();
      let [errors, squares] = [0, 0];
      const places = Array.from(
        { length: 300 },
        (_, i) => [i % 2, i % 8, (i * 3) % 8, (i * 7) % 32] as const,
      );
      for (const place of places) {
        const [n, h, w, o] = place;
        const exact = outputAt(x, filter, 1, place);
        errors += ((ours[((n * 8 + h) * 8 + w) * 32 + o] ?? NaN) - exact) ** 2;
        squares += exact ** 2;
      }
      // A direct sum of 2,304 float32 products errs by about 6e-7 here.
      expect(Math.sqrt(errors / squares)).toBeLessThan(3e-6);
    });
  });

  it('has the gradients that finite differences show', () => {
    tf.tidy(() => {
      const x = normal([2, 5, 6, 32], 8);
      const filter = normal([3, 3, 32, 32], 9);
      const weights = normal([2, 5, 6, 32], 10);
      expectFiniteDifferences(
        (a, b) => conv2d(a as tf.Tensor4D, b as tf.Tensor4D, { stride: 1, padding: 1 }),
        [x, filter],
        weights,
      );
    });
  });

  it('refuses sizes that do not fit', () => {
    tf.tidy(() => {
      const x = tf.zeros<tf.Rank.R4>([1, 4, 4, 32]);
      expect(() => winogradFilterGradient(x, tf.zeros([1, 3, 4, 32]), 1)).toThrow(
        /CareWinogradFilterGradient: the sizes of both inputs do not fit the filter/,
      );
      expect(() => winogradConv2d(x, tf.zeros([3, 3, 64, 32]), 1)).toThrow(
        /CareWinogradConv2D: the transformed filter is of another size/,
      );
      expect(() => winogradConv2d(x, tf.zeros([3, 3, 32, 40]), 1)).toThrow(
        /CareWinogradFilter: the numbers of channels do not fill whole panels/,
      );
      expect(() => winogradConv2d(tf.zeros([1, 2, 4, 32]), tf.zeros([3, 3, 32, 32]), 0)).toThrow(
        /CareWinogradConv2D: the images are smaller than the filter/,
      );
    });
  });

  describe.each([
    { images: 3, inputs: 64, outputs: 128 },
    // More tiles than the gradient takes at a time, and few channels: it is summed in parts.
    { images: 40, inputs: 16, outputs: 16 },
    { images: 3, inputs: 16, outputs: 48 },
  ])('for $inputs channels and $outputs', ({ images, inputs, outputs }) => {
    const tensors = `
      const { winogradConv2d, winogradInputGradient, winogradFilterGradient } = await load('kernels/winograd');
      const x = tf.tensor(values(${images * 81 * inputs}, 1.1), [${images}, 9, 9, ${inputs}]);
      const dy = tf.tensor(values(${images * 81 * outputs}, 0.7), [${images}, 9, 9, ${outputs}]);
      const filter = tf.tensor(values(${9 * inputs * outputs}, 0.3), [3, 3, ${inputs}, ${outputs}]);`;

    it.runIf(notBuilt === null)('gives the same bits with one thread and with many', () => {
      expectSameBitsByThreads(`${tensors}
      return [winogradConv2d(x, filter, 1), winogradInputGradient(dy, filter, 1), winogradFilterGradient(x, dy, 1)];`);
    });

    it.runIf(notBuilt === null)('agrees with the direct one on a processor held to AVX2', () => {
      expectCloseOnAvx2(
        `${tensors}
      const { conv2dPlain } = await load('kernels/conv2d');
      const plain = (a, b) => conv2dPlain(a, b, { stride: 1, padding: 1 });
      const [dx, dw] = tf.grads((a, b) => tf.sum(tf.mul(plain(a, b), dy)))([x, filter]);
      return [
        [winogradConv2d(x, filter, 1), plain(x, filter)],
        [winogradInputGradient(dy, filter, 1), dx],
        [winogradFilterGradient(x, dy, 1), dw],
      ];`,
        1e-5,
      );
    });
  });
});
