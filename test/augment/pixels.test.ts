/** Pixels for given parameters, held to torchvision's (test/golden/augment.py). */
import { describe, expect, it } from 'vitest';
import {
  applyColorJitter,
  colorJitterValues,
  jitterPlanes,
  jitterPlanesPlain,
  drawColorJitter,
  type JitterParameters,
  type JitterTensors,
} from '../../src/augment/color-jitter.js';
import { applyGaussianBlur, gaussianBlurValues } from '../../src/augment/gaussian-blur.js';
import { applyGrayscale, grayscaleValues } from '../../src/augment/grayscale.js';
import { applyHorizontalFlip } from '../../src/augment/horizontal-flip.js';
import {
  imagesFromBytes,
  imagesFromPlanes,
  imagesFromWords,
  packBytes,
  planesFromImages,
} from '../../src/augment/images.js';
import { applyNormalize, CIFAR_NORMALIZE } from '../../src/augment/normalize.js';
import { applyRandomResizedCrop, randomResizedCropValues } from '../../src/augment/random-resized-crop.js';
import { startEngine } from '../../src/tensorflow/engine.js';
import { randomStream } from '../../src/tensorflow/random.js';
import * as tf from '../../src/tensorflow/tf.js';
import golden from '../golden/augment.json' with { type: 'json' };
import { formulaBytes, formulaImage, formulaImages, largestGap } from './formula.js';

startEngine();

/** Float32 through a few products, against values stored with 6 digits. */
const TOLERANCE = 3e-6;

const images = (list: readonly number[][], height: number, width: number) =>
  tf.tensor4d(list.flat(), [list.length, height, width, 3], 'float32');

function jitterTensors(drawn: JitterParameters): JitterTensors {
  const count = drawn.jittered.length;
  const values = colorJitterValues(drawn);
  return {
    jitterOrder: tf.tensor1d(values.jitterOrder, 'int32'),
    jitterBack: tf.tensor1d(values.jitterBack, 'int32'),
    jitterCuts: tf.tensor1d(values.jitterCuts, 'int32'),
    jitterBlends: tf.tensor3d(values.jitterBlends, [6 * count, 3, 3]),
    jitterMeans: tf.tensor3d(values.jitterMeans, [6 * count, 3, 1]),
    jitterHue: tf.tensor3d(values.jitterHue, [count, 1, 1]),
  };
}

/** Every image jittered with the same factors and order. */
function jitterAlike(count: number, factors: readonly number[], order: readonly number[]): JitterParameters {
  const filled = (value = NaN) => new Float32Array(count).fill(value);
  return {
    jittered: new Uint8Array(count).fill(1),
    brightness: filled(factors[0]),
    contrast: filled(factors[1]),
    saturation: filled(factors[2]),
    hue: filled(factors[3]),
    order: Uint8Array.from(Array.from({ length: count }, () => order).flat()),
  };
}

describe('random resized crop', () => {
  it.each(golden.crops)('gives the pixels of resized_crop with antialias, $height x $width', (example) => {
    const [height = 0, width = 0] = example.size;
    const image = { height: example.height, width: example.width };
    const column = (k: number) => Int32Array.from(example.boxes, (box) => box[k] ?? NaN);
    const options = { image, output: { height, width }, scale: [0.08, 1], ratio: [0.75, 1.33] } as const;
    const drawn = { top: column(0), left: column(1), height: column(2), width: column(3) };
    const count = example.boxes.length;
    const values = (flipped?: Uint8Array) => {
      const { cropRows, cropColumns } = randomResizedCropValues(drawn, options, flipped);
      return applyRandomResizedCrop(formulaImages(0, count, image.height, image.width), {
        cropRows: tf.tensor3d(cropRows, [count, height, image.height]),
        cropColumns: tf.tensor3d(cropColumns, [count, width, image.width]),
      });
    };
    expect(values().shape).toEqual([count, height, width, 3]);
    expect(largestGap(values().dataSync(), example.pixels)).toBeLessThan(TOLERANCE);

    // Flipping by the matrix is flipping the result.
    const flipped = Uint8Array.from({ length: count }, (_, i) => i % 2);
    const byFlip = applyHorizontalFlip(values(), { flipped: tf.tensor1d(Float32Array.from(flipped)) });
    expect(largestGap(values(flipped).dataSync(), byFlip.dataSync())).toBeLessThan(1e-7);
  });
});

describe('horizontal flip', () => {
  it('mirrors the chosen images bit by bit and no others', () => {
    const x = formulaImages(0, 2, 2, 3);
    const flipped = applyHorizontalFlip(x, { flipped: tf.tensor1d([0, 1]) }).arraySync();
    const given = x.arraySync();
    expect(flipped[0]).toEqual(given[0]);
    expect(flipped[1]).toEqual(given[1]?.map((row) => [...row].reverse()));
  });
});

describe('colour jitter', () => {
  it.each(golden.single)('does step $step with $factor as torchvision does', (example) => {
    const factors = [1, 1, 1, 0];
    factors[example.step] = example.factor;
    const x = images([formulaImage(example.number, 5, 9)], 5, 9);
    const tensors = jitterTensors(jitterAlike(1, factors, [0, 1, 2, 3]));
    expect(largestGap(applyColorJitter(x, tensors).dataSync(), example.pixels)).toBeLessThan(TOLERANCE);
  });

  it('does all orders in one batch as torchvision does, leaving out images that are not jittered', () => {
    const count = golden.orders.length;
    const drawn = jitterAlike(2 * count, [1, 1, 1, 0], [0, 1, 2, 3]);
    const expected: number[] = [];
    // Every second image is left alone, to see that sorting and cutting keep them apart.
    const list = golden.orders.flatMap((example, i) => {
      (['brightness', 'contrast', 'saturation', 'hue'] as const).forEach((name, step) => {
        drawn[name][2 * i] = example.factors[step] ?? NaN;
      });
      drawn.order.set(example.order, 8 * i);
      drawn.jittered[2 * i + 1] = 0;
      const image = formulaImage(example.number, 4, 8);
      expected.push(...example.pixels, ...image);
      return [image, image];
    });
    const jittered = applyColorJitter(images(list, 4, 8), jitterTensors(drawn), 0.1);
    expect(largestGap(jittered.dataSync(), expected)).toBeLessThan(TOLERANCE);
  });

  it('gives what its plain twin gives, for draws of every kind of batch', () => {
    for (const [p, count] of [
      [0.8, 40],
      [0, 3],
      [1, 5],
      [0.5, 1],
    ] as const) {
      const options = { p, brightness: 0.8, contrast: 0.8, saturation: 0.8, hue: 0.5 };
      const tensors = jitterTensors(drawColorJitter(randomStream(5, count), count, options));
      const planes = planesFromImages(formulaImages(0, count, 5, 9));
      const actual = jitterPlanes(planes, tensors, 0.5);
      expect(largestGap(actual.dataSync(), jitterPlanesPlain(planes, tensors, 0.5).dataSync())).toBeLessThan(
        1e-5,
      );
    }
  });
});

describe('grayscale', () => {
  it('gives the grey of torchvision to the chosen images and leaves the others', () => {
    golden.greys.forEach((expected, number) => {
      const image = formulaImage(number, 4, 8);
      const { tones } = grayscaleValues({ grey: Uint8Array.of(1, 0) });
      const grey = applyGrayscale(images([image, image], 4, 8), { tones: tf.tensor3d(tones, [2, 3, 3]) });
      expect(largestGap(grey.dataSync(), [...expected, ...image])).toBeLessThan(TOLERANCE);
    });
  });
});

describe('gaussian blur', () => {
  it.each(golden.blurs)('gives the pixels of gaussian_blur, kernel $kernel', (example) => {
    const { height, width, kernel, sigmas } = example;
    const { blurTaps } = gaussianBlurValues(
      { sigma: Float32Array.from(sigmas) },
      { p: 1, kernel, sigma: [0.1, 2] },
    );
    const taps = tf.tensor2d(blurTaps, [sigmas.length, (kernel + 1) / 2]);
    const blurred = applyGaussianBlur(formulaImages(0, sigmas.length, height, width), { blurTaps: taps });
    expect(largestGap(blurred.dataSync(), example.pixels)).toBeLessThan(TOLERANCE);
  });

  it('leaves images with sigma 0 as they are', () => {
    const { blurTaps } = gaussianBlurValues(
      { sigma: Float32Array.of(0) },
      { p: 1, kernel: 5, sigma: [1, 2] },
    );
    expect([...blurTaps]).toEqual([1, 0, 0]);
  });
});

describe('normalise', () => {
  it('gives the values of torchvision', () => {
    const x = images([formulaImage(0, 3, 4)], 3, 4);
    expect(largestGap(applyNormalize(x, CIFAR_NORMALIZE).dataSync(), golden.normalized)).toBeLessThan(
      TOLERANCE,
    );
  });
});

describe('images from bytes', () => {
  const bytes = [...formulaBytes(0, 5, 4), ...formulaBytes(1, 5, 4)];
  const expected = bytes.map((byte) => byte / 255);

  it('are bytes / 255, given one or four to an int32', () => {
    const single = imagesFromBytes(tf.tensor4d(bytes, [2, 5, 4, 3], 'int32'));
    expect(single.dtype).toBe('float32');
    expect(largestGap(single.dataSync(), expected)).toBeLessThan(1e-7);
    const words = tf.tensor2d(packBytes(Uint8Array.from(bytes)), [2, 15], 'int32');
    const packed = imagesFromWords(words, { height: 5, width: 4 });
    expect(packed.shape).toEqual([2, 5, 4, 3]);
    expect(largestGap(packed.dataSync(), expected)).toBeLessThan(1e-7);
  });

  it('are refused when they do not fill their words', () => {
    expect(() => packBytes(new Uint8Array(6))).toThrow(/6 bytes are no whole number/);
    const words = tf.tensor2d([1, 2], [1, 2], 'int32');
    expect(() => imagesFromWords(words, { height: 2, width: 2 })).toThrow(/2 x 2 pixels have 12 bytes/);
  });

  it('are packed from bytes at any place of a buffer', () => {
    const shifted = Uint8Array.of(9, 1, 2, 3, 4).subarray(1);
    expect([...new Uint8Array(packBytes(shifted).buffer)]).toEqual([1, 2, 3, 4]);
  });
});

describe('planes', () => {
  it('go back to the same images', () => {
    const x = formulaImages(0, 2, 3, 5);
    const back = imagesFromPlanes(planesFromImages(x), { height: 3, width: 5 });
    expect(largestGap(back.dataSync(), x.dataSync())).toBeLessThan(1e-7);
  });
});
