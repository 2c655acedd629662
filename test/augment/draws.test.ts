/** Distributions of what is drawn, held to torchvision's (test/golden/augment.py), and what is refused. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { drawColorJitter, type ColorJitterOptions } from '../../src/augment/color-jitter.js';
import { drawGaussianBlur } from '../../src/augment/gaussian-blur.js';
import { drawGrayscale } from '../../src/augment/grayscale.js';
import { drawHorizontalFlip } from '../../src/augment/horizontal-flip.js';
import { drawRandomResizedCrop } from '../../src/augment/random-resized-crop.js';
import { randomStream } from '../../src/tensorflow/random.js';
import golden from '../golden/augment.json' with { type: 'json' };
import { expectSameSpread } from './formula.js';

const COUNT = 60_000;
const JITTER: ColorJitterOptions = { p: 1, brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0.1 };

/** Five standard errors of a share among `COUNT` draws, or of its difference to a share among `other` draws too. */
const shareError = (p: number, other = Infinity) => 5 * Math.sqrt(p * (1 - p) * (1 / COUNT + 1 / other));
const share = (choices: Uint8Array) => choices.reduce((sum, choice) => sum + choice, 0) / choices.length;

describe('random resized crop', () => {
  it.each(golden.cropSpreads)('draws rectangles as torchvision, image $image', (example) => {
    const [height = 0, width = 0] = example.image;
    const options = {
      image: { height, width },
      output: { height: 32, width: 32 },
      scale: [example.scale[0] ?? NaN, example.scale[1] ?? NaN],
      ratio: [example.ratio[0] ?? NaN, example.ratio[1] ?? NaN],
    } as const;
    const drawn = drawRandomResizedCrop(randomStream(3), COUNT, options);
    for (const name of ['top', 'left', 'height', 'width'] as const) {
      expectSameSpread(drawn[name], example.columns[name], 1);
    }
    const within = (start: Int32Array, length: Int32Array, size: number) =>
      start.every((at, i) => at >= 0 && (length[i] ?? NaN) > 0 && at + (length[i] ?? NaN) <= size);
    expect(within(drawn.top, drawn.height, height)).toBe(true);
    expect(within(drawn.left, drawn.width, width)).toBe(true);
  });

  it('takes the largest central part of the nearest ratio when no draw fits', () => {
    const central = (height: number, width: number) => {
      const options = {
        image: { height, width },
        output: { height: 1, width: 1 },
        scale: [1, 1],
        ratio: [1.25, 1.25],
      } as const;
      const { top, left, height: h, width: w } = drawRandomResizedCrop(randomStream(0), 1, options);
      return [top[0], left[0], h[0], w[0]];
    };
    // 9 x 1.25 = 11.25; (40 - 11) / 2 = 14.5 is cut off.
    expect(central(9, 40)).toEqual([0, 14, 9, 11]);
    // 10 / 1.25 = 8 of 40 rows. Halves are rounded to even: 10 x 1.25 = 12.5 -> 12.
    expect(central(40, 10)).toEqual([16, 0, 8, 10]);
    expect(central(10, 90)).toEqual([0, 39, 10, 12]);
  });

  it('refuses scales, ratios and sizes that make no sense', () => {
    const good = {
      image: { height: 8, width: 8 },
      output: { height: 8, width: 8 },
      scale: [0.5, 1],
      ratio: [1, 1],
    } as const;
    const draw = (change: object) => () => drawRandomResizedCrop(randomStream(0), 1, { ...good, ...change });
    expect(draw({})).not.toThrow();
    expect(draw({ scale: [0.5, 1.2] })).toThrow(/scale .* is from 0.5 to 1.2/);
    expect(draw({ scale: [0, 1] })).toThrow(RangeError);
    expect(draw({ scale: [0.9, 0.5] })).toThrow(/two numbers in order/);
    expect(draw({ ratio: [-1, 1] })).toThrow(/ratio/);
    expect(draw({ scale: [NaN, 1] })).toThrow(RangeError);
    expect(draw({ image: { height: 8.5, width: 8 } })).toThrow(/the image is 8.5 x 8 pixels/);
    expect(draw({ output: { height: 0, width: 8 } })).toThrow(/the output is 0 x 8/);
  });
});

describe('colour jitter', () => {
  const drawn = drawColorJitter(randomStream(4), COUNT, JITTER);

  it.each(['brightness', 'contrast', 'saturation', 'hue'] as const)('draws %s as torchvision', (name) => {
    const column = golden.jitterSpread.columns[name];
    expectSameSpread(drawn[name], column);
    const half = (name === 'hue' ? 0.1 : 0.4) * 1.000001;
    const middle = name === 'hue' ? 0 : 1;
    expect(Math.min(...drawn[name].subarray(0, 20_000))).toBeGreaterThanOrEqual(middle - half);
    expect(Math.max(...drawn[name].subarray(0, 20_000))).toBeLessThanOrEqual(middle + half);
    expect(Math.abs(Math.max(...drawn[name].subarray(0, 20_000)) - column.max)).toBeLessThan(half / 500);
  });

  it('puts every step at every place of the order as often as torchvision, and every order as often', () => {
    const orders = new Map<string, number>();
    const places = Array.from({ length: 4 }, () => [0, 0, 0, 0]);
    for (let i = 0; i < COUNT; i++) {
      const order = [...drawn.order.subarray(4 * i, 4 * i + 4)];
      orders.set(order.join(), (orders.get(order.join()) ?? 0) + 1);
      order.forEach((step, place) => {
        const row = places[step] ?? [];
        row[place] = (row[place] ?? 0) + 1 / COUNT;
      });
    }
    golden.jitterSpread.places.flat().forEach((expected, k) => {
      const found = places.flat()[k] ?? NaN;
      expect(Math.abs(found - expected)).toBeLessThan(shareError(0.25, golden.jitterSpread.count));
    });
    expect(orders.size).toBe(24);
    orders.forEach((times) => expect(Math.abs(times / COUNT - 1 / 24)).toBeLessThan(shareError(1 / 24)));
  });

  it('leaves an image alone with probability 1 - p, and then changes nothing of it', () => {
    const some = drawColorJitter(randomStream(5), COUNT, { ...JITTER, p: 0.8 });
    expect(Math.abs(share(some.jittered) - 0.8)).toBeLessThan(shareError(0.8));
    const alone = some.jittered.indexOf(0);
    expect([some.brightness[alone], some.contrast[alone], some.saturation[alone], some.hue[alone]]).toEqual([
      1, 1, 1, 0,
    ]);
  });

  it('has no factor below 0', () => {
    const { contrast } = drawColorJitter(randomStream(6), 2000, { ...JITTER, contrast: 3 });
    expect(Math.min(...contrast)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...contrast)).toBeGreaterThan(3.9);
  });

  it('refuses negative strengths and hues above half a turn', () => {
    const draw = (change: object) => () => drawColorJitter(randomStream(0), 1, { ...JITTER, ...change });
    expect(draw({ brightness: -0.1 })).toThrow(/brightness/);
    expect(draw({ hue: 0.6 })).toThrow(/hue .* from 0 to 0.5/);
    expect(draw({ p: 1.1 })).toThrow(/probability 1.1/);
    expect(draw({ saturation: NaN })).toThrow(RangeError);
  });
});

describe('gaussian blur', () => {
  it('draws sigma as torchvision, for the share p of the images', () => {
    const { sigma } = drawGaussianBlur(randomStream(7), COUNT, { p: 1, kernel: 3, sigma: [0.1, 2] });
    expectSameSpread(sigma, golden.sigmaSpread);
    const half = drawGaussianBlur(randomStream(8), COUNT, { p: 0.5, kernel: 3, sigma: [0.1, 2] });
    const blurred = Uint8Array.from(half.sigma, (value) => Number(value > 0));
    expect(Math.abs(share(blurred) - 0.5)).toBeLessThan(shareError(0.5));
  });

  it('refuses even kernels and sigmas that are not above 0', () => {
    const draw = (change: object) => () =>
      drawGaussianBlur(randomStream(0), 1, { p: 0.5, kernel: 3, sigma: [0.1, 2], ...change });
    expect(draw({ kernel: 4 })).toThrow(/kernel has 4 pixels; give an odd/);
    expect(draw({ sigma: [-1, 2] })).toThrow(/sigma .* is from -1 to 2/);
    expect(draw({ sigma: [0, 2] })).toThrow(RangeError);
    expect(draw({ p: -0.1 })).toThrow(/probability -0.1/);
  });
});

describe('flip and grayscale', () => {
  it('choose the share p of the images, all of them for 1 and none for 0', () => {
    fc.assert(
      fc.property(fc.constantFrom(0, 0.2, 0.5, 1), fc.nat(), (p, seed) => {
        const { flipped } = drawHorizontalFlip(randomStream(seed), 4000, { p });
        const { grey } = drawGrayscale(randomStream(seed, 1), 4000, { p });
        const error = 6 * Math.sqrt((p * (1 - p)) / 4000);
        expect(Math.abs(share(flipped) - p)).toBeLessThanOrEqual(error);
        expect(Math.abs(share(grey) - p)).toBeLessThanOrEqual(error);
      }),
      { numRuns: 40 },
    );
    expect(() => drawHorizontalFlip(randomStream(0), 1, { p: 2 })).toThrow(/probability 2/);
    expect(() => drawGrayscale(randomStream(0), 1, { p: NaN })).toThrow(RangeError);
  });
});
