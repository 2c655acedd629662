import { describe, expect, it } from 'vitest';
import {
  simclrAugmentation,
  type SimclrAugmentation,
  type SimclrOptions,
  type SimclrParameters,
} from '../../src/augment/simclr.js';
import { compileProgram, type Execution } from '../../src/tensorflow/compile.js';
import { startEngine } from '../../src/tensorflow/engine.js';
import { randomStream } from '../../src/tensorflow/random.js';
import * as tf from '../../src/tensorflow/tf.js';
import golden from '../golden/augment.json' with { type: 'json' };
import { formulaImages, largestGap } from './formula.js';
import { goldenDraws } from './golden-draws.js';

startEngine();

const CIFAR = { height: 32, width: 32 };

/** Runs the augmentation as a program, once for each draw. */
function viewsOf(
  augmentation: SimclrAugmentation,
  draws: readonly SimclrParameters[],
  execution: Execution,
): Float32Array[] {
  const { image } = augmentation.settings;
  const count = draws[0]?.count ?? 0;
  const program = compileProgram(
    {
      name: 'augment',
      state: {},
      functions: {
        views: {
          inputs: {
            images: { shape: [count, image.height, image.width, 3], dtype: 'float32' },
            ...augmentation.inputs(count),
          },
          run: (_, inputs) => ({
            outputs: { views: augmentation.apply(inputs['images'] as tf.Tensor4D, inputs) },
          }),
        },
      },
    },
    execution,
  );
  const images = formulaImages(0, count, image.height, image.width).dataSync() as Float32Array;
  const views = draws.map(
    (drawn) =>
      program.run('views', { images, ...augmentation.inputValues(drawn) })['views']?.values as Float32Array,
  );
  program.dispose();
  return views;
}

describe('simclrAugmentation', () => {
  it.each(['eager', 'chained', 'fast'] as const)('gives the views of torchvision, %s', (execution) => {
    const [views] = viewsOf(simclrAugmentation({ image: CIFAR }), [goldenDraws()], execution);
    const kept = (views ?? []).filter((_, i) => i % golden.whole.every === 0);
    // Normalised values reach 2.7; torchvision divides by .2.
    expect(largestGap(kept, golden.whole.pixels)).toBeLessThan(2e-5);
  });

  it('gives in one recorded graph what it gives eagerly, whatever is drawn', () => {
    for (const options of [
      { image: CIFAR },
      { image: { height: 21, width: 35 }, output: { height: 12, width: 16 }, jitter: { hue: 0.5, p: 0.3 } },
      { image: CIFAR, crop: null, blur: { p: 0 }, grayscale: { p: 0 }, normalize: null },
      { image: { height: 9, width: 8 }, jitter: { p: 0 }, flip: { p: 0 }, blur: { kernel: 5 } },
    ] satisfies SimclrOptions[]) {
      const augmentation = simclrAugmentation(options);
      const draws = [0, 1, 2].map((step) => augmentation.draw(randomStream(9, step), 10));
      const graph = viewsOf(augmentation, draws, 'chained');
      viewsOf(augmentation, draws, 'eager').forEach((eager, i) => {
        expect(largestGap(graph[i] ?? [], eager)).toBeLessThan(2e-5);
        const { height, width } = augmentation.settings.output;
        expect(eager).toHaveLength(10 * height * width * 3);
      });
    }
  });

  it('draws the same for the same seed, step and view, and something else for another', () => {
    const augmentation = simclrAugmentation({ image: CIFAR });
    const of = (step: number, view: number) => augmentation.draw(randomStream(1, 7, step, view), 16);
    // Step 1,000 of a resumed run needs nothing of the steps before it.
    expect(of(1000, 1)).toEqual(of(1000, 1));
    expect(of(1000, 1)).not.toEqual(of(1000, 0));
    expect(of(1000, 1)).not.toEqual(of(1001, 1));
  });

  it('draws the same within a chunk and something else for the next', () => {
    const augmentation = simclrAugmentation({ image: CIFAR });
    const drawn = augmentation.drawChunked(randomStream(2), 12, 3);
    const { names, values } = augmentation.describe(drawn);
    const row = (i: number) => [...values.subarray(i * names.length, (i + 1) * names.length)];
    for (let i = 0; i < 12; i++) {
      expect(row(i)).toEqual(row(i - (i % 4)));
      if (i >= 4) expect(row(i)).not.toEqual(row(i - 4));
    }
    expect(() => augmentation.drawChunked(randomStream(2), 12, 5)).toThrow(/12 images cannot be cut into 5/);
    expect(() => augmentation.drawChunked(randomStream(2), 2, 4)).toThrow(/2 images cannot be cut into 4/);

    // The same draw does the same to the same image.
    const [views] = viewsOf(augmentation, [drawn], 'chained');
    expect(views).toHaveLength(12 * 3072);
    const alike = augmentation.apply(
      tf.tile(formulaImages(0, 1, 32, 32), [12, 1, 1, 1]),
      Object.fromEntries(
        Object.entries(augmentation.inputs(12)).map(([name, { shape, dtype }]) => [
          name,
          tf.tensor(augmentation.inputValues(drawn)[name] ?? [], [...shape], dtype),
        ]),
      ),
    );
    const pixels = alike.arraySync();
    expect(largestGap(pixels[1]?.flat(2) ?? [], pixels[0]?.flat(2) ?? [])).toBeLessThan(1e-6);
    expect(largestGap(pixels[4]?.flat(2) ?? [], pixels[0]?.flat(2) ?? [])).toBeGreaterThan(0.1);
  });

  it('repeats one draw for a whole data set', () => {
    const augmentation = simclrAugmentation({ image: CIFAR });
    const one = augmentation.draw(randomStream(3), 1);
    const all = augmentation.repeat(one, 7);
    expect(all.count).toBe(7);
    expect([...all.crop.width]).toEqual(new Array(7).fill(one.crop.width[0]));
    expect([...all.jitter.order.subarray(24)]).toEqual([...one.jitter.order]);
    expect(() => augmentation.repeat(all, 10)).toThrow(/7 images cannot be repeated for 10/);
  });

  it('describes parameters as numbers', () => {
    const { names, values } = simclrAugmentation({ image: { height: 32, width: 64 } }).describe(
      goldenDraws(),
    );
    const first = Object.fromEntries(names.map((name, k) => [name, values[k]]));
    expect(first).toMatchObject({
      cropTop: 3 / 32,
      cropLeft: 5 / 64,
      cropHeight: 20 / 32,
      cropWidth: 17 / 64,
      flipped: 1,
      jittered: 1,
      saturationPlace: 0,
      brightnessPlace: 1,
      huePlace: 2,
      contrastPlace: 3,
      grey: 0,
    });
    expect(first['brightness']).toBeCloseTo(1.3, 6);
    expect(first['blurSigma']).toBeCloseTo(1.1, 6);
    expect(values).toHaveLength(5 * names.length);
  });

  it('can be a change of colour only', () => {
    const colour = simclrAugmentation({
      image: CIFAR,
      crop: null,
      flip: { p: 0 },
      grayscale: { p: 0 },
      blur: { p: 0 },
      jitter: { p: 1, brightness: 0, contrast: 0, saturation: 0, hue: 0 },
      normalize: null,
    });
    const [views] = viewsOf(colour, [colour.draw(randomStream(4), 3)], 'chained');
    expect(largestGap(views ?? [], formulaImages(0, 3, 32, 32).dataSync())).toBeLessThan(1e-5);
  });

  it('refuses settings and images that make no sense', () => {
    const make = (options: object) => () => simclrAugmentation({ image: CIFAR, ...options });
    expect(make({ crop: { scale: [0.1, 1.5] } })).toThrow(/scale/);
    expect(make({ blur: { kernel: 2 } })).toThrow(/odd/);
    expect(make({ blur: { sigma: [-1, 1] } })).toThrow(/sigma/);
    expect(make({ image: { height: 2, width: 2 }, blur: { kernel: 7 } })).toThrow(
      /kernel of 7 pixels reaches/,
    );
    expect(make({ flip: { p: 3 } })).toThrow(/probability 3/);
    expect(make({ normalize: { mean: [0, 0, 0], std: [1, 0, 1] } })).toThrow(/deviations above 0/);

    const augmentation = simclrAugmentation({ image: CIFAR });
    const apply = (shape: [number, number, number, number], dtype: 'float32' | 'int32' = 'float32') =>
      augmentation.apply(tf.zeros(shape, dtype), {});
    expect(() => apply([2, 32, 32, 1])).toThrow(/must be float32 \[n, 32, 32, 3\]/);
    expect(() => apply([2, 28, 32, 3])).toThrow(/float32 \[2, 28, 32, 3\]/);
    expect(() => apply([2, 32, 32, 3], 'int32')).toThrow(/int32 .* imagesFromBytes/);
  });
});
