/** Colours and blur of views in one op of our own, against its plain twin, the composition of tfjs ops. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { simclrAugmentation, type SimclrOptions } from '../../src/augment/simclr.js';
import { CIFAR_NORMALIZE } from '../../src/augment/normalize.js';
import { viewsOfPlanes, viewsOfPlanesPlain } from '../../src/augment/view-colours.js';
import { nativeBackend, startEngine } from '../../src/tensorflow/engine.js';
import { hasViewColours, viewColours } from '../../src/tensorflow/kernels/view-colours.js';
import { randomStream } from '../../src/tensorflow/random.js';
import * as tf from '../../src/tensorflow/tf.js';
import { notBuilt } from '../cli/program.js';
import { expectCloseOnAvx2, expectSameBitsByThreads } from '../tensorflow/kernels/bits-by-threads.js';
import { largestGap } from './formula.js';

startEngine();
const onCpu = nativeBackend() !== null && nativeBackend()?.binding.isUsingGpuDevice() === false;
const native = describe.runIf(onCpu);

/** Planes from 0 to 6 as crops leave them, some images grey, some pixels black or white. */
function planesOf(count: number, pixels: number, seed: number): tf.Tensor3D {
  const random = randomStream(seed);
  const values = new Float32Array(count * 3 * pixels);
  for (let i = 0; i < count; i++) {
    const isGrey = random.uniform() < 0.2;
    for (let p = 0; p < pixels; p++) {
      const grey = 6 * random.uniform();
      const extreme = random.uniform() < 0.1;
      for (let c = 0; c < 3; c++) {
        const value = extreme ? 6 * random.integer(2) : 6 * random.uniform();
        values[(i * 3 + c) * pixels + p] = isGrey ? grey : value;
      }
    }
  }
  return tf.tensor3d(values, [count, 3, pixels]);
}

const probability = fc.constantFrom(0, 0.5, 1);
const batches = fc.record({
  count: fc.integer({ min: 1, max: 20 }),
  height: fc.integer({ min: 4, max: 19 }),
  width: fc.integer({ min: 4, max: 35 }),
  jitter: fc.constantFrom(0.3, 1),
  strength: fc.constantFrom(0, 0.4, 1),
  hue: fc.constantFrom(0, 0.1, 0.5),
  grayscale: probability,
  blur: probability,
  kernel: fc.constantFrom(1, 3, 7),
  normalize: fc.constantFrom(null, CIFAR_NORMALIZE),
  seed: fc.nat(1e6),
});

native('colours and blur of views', () => {
  it('are there as an op, and agree with the composition for all settings and sizes', () => {
    expect(hasViewColours()).toBe(true);
    fc.assert(
      fc.property(batches, ({ count, height, width, strength, hue, seed, ...some }) => {
        const image = { height, width };
        const options: SimclrOptions = {
          image,
          jitter: { p: some.jitter, brightness: strength, contrast: strength, saturation: strength, hue },
          grayscale: { p: some.grayscale },
          blur: { p: some.blur, kernel: some.kernel },
          normalize: some.normalize,
        };
        const augmentation = simclrAugmentation(options);
        const values = augmentation.inputValues(augmentation.draw(randomStream(seed), count));
        tf.tidy(() => {
          const inputs = Object.fromEntries(
            Object.entries(augmentation.inputs(count)).map(([name, { shape, dtype }]) => [
              name,
              tf.tensor(values[name] ?? [], [...shape], dtype),
            ]),
          );
          const planes = planesOf(count, height * width, seed);
          const views = viewsOfPlanes(augmentation.settings, planes, inputs);
          expect(views.shape).toEqual([count, height, width, 3]);
          const expected = viewsOfPlanesPlain(augmentation.settings, planes, inputs);
          // Normalised values reach 2.7.
          expect(largestGap(views.dataSync(), expected.dataSync())).toBeLessThan(2e-5);
        });
      }),
      { numRuns: 60 },
    );
  });

  it('refuses sizes that do not fit, and places outside the batch', () => {
    tf.tidy(() => {
      const tensors = {
        back: tf.tensor1d([0, 1], 'int32'),
        blends: tf.zeros<tf.Rank.R3>([12, 3, 3]),
        means: tf.zeros<tf.Rank.R3>([12, 3, 1]),
        hue: tf.zeros<tf.Rank.R3>([2, 1, 1]),
        tones: tf.zeros<tf.Rank.R3>([1, 3, 3]),
        offsets: tf.zeros<tf.Rank.R1>([3]),
        taps: tf.ones<tf.Rank.R2>([1, 1]),
      };
      const planes = tf.zeros<tf.Rank.R3>([2, 3, 12]);
      const size = { height: 3, width: 4 };
      expect(viewColours(planes, tensors, size).shape).toEqual([2, 3, 4, 3]);
      expect(() => viewColours(planes, tensors, { height: 3, width: 3 })).toThrow(
        /CareViewColours: the sizes of the inputs do not fit each other/,
      );
      expect(() => viewColours(planes, { ...tensors, hue: tf.zeros([1, 1, 1]) }, size)).toThrow(
        /CareViewColours: the sizes of the inputs do not fit each other/,
      );
      expect(() => viewColours(planes, { ...tensors, taps: tf.ones([1, 4]) }, size)).toThrow(
        /CareViewColours: the blur reaches beyond the mirror image/,
      );
      expect(() => viewColours(planes, { ...tensors, back: tf.tensor1d([0, 2], 'int32') }, size)).toThrow(
        /CareViewColours: a place is not in the batch/,
      );
    });
  });

  const views = `
    const { simclrAugmentation } = await load('../augment/simclr');
    const { viewsOfPlanes, viewsOfPlanesPlain } = await load('../augment/view-colours');
    const { randomStream } = await load('random');
    const count = 23;
    const { settings, ...augmentation } = simclrAugmentation({ image: { height: 9, width: 19 }, jitter: { hue: 0.5 } });
    const given = augmentation.inputValues(augmentation.draw(randomStream(3), count));
    const inputs = Object.fromEntries(Object.entries(augmentation.inputs(count)).map(([name, { shape, dtype }]) =>
      [name, tf.tensor(given[name], shape, dtype)]));
    const planes = tf.tensor(values(count * 3 * 171, 0.4).map((value) => 3 + 3 * value), [count, 3, 171]);`;

  it.runIf(notBuilt === null)('give the same bits with one thread and with many', () => {
    expectSameBitsByThreads(`${views}
    return [viewsOfPlanes(settings, planes, inputs)];`);
  });

  it.runIf(notBuilt === null)('agree with the composition on a processor held to AVX2', () => {
    expectCloseOnAvx2(
      `${views}
    return [[viewsOfPlanes(settings, planes, inputs), viewsOfPlanesPlain(settings, planes, inputs)]];`,
      1e-5,
    );
  });
});
