import { createHash } from 'node:crypto';

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import {
  BACKGROUNDS,
  coverageOf,
  generateImages,
  renderImages,
  rgbOfHue,
  type ImageFactors,
} from '../../src/data/generated-images.js';
import { SHAPE_NAMES, SHAPES } from '../../src/data/image-shapes.js';

const plain: ImageFactors = {
  shape: 0,
  hue: 0.1,
  x: 0.5,
  y: 0.5,
  scale: 0.3,
  rotation: 0,
  lightAngle: 0,
  brightness: 1,
  background: 0,
  backgroundHue: 0.6,
  backgroundAngle: 0.3,
  backgroundPeriod: 0.3,
};

function covered(factors: ImageFactors, size: number): number {
  const coverage = coverageOf(factors, size);
  let sum = 0;
  for (let row = 0; row < size; row++)
    for (let column = 0; column < size; column++) sum += coverage(column, row);
  return sum;
}

describe('the shapes of generated images', () => {
  it.each(SHAPE_NAMES.map((name, shape) => [name, shape] as const))(
    '%s: the coverage adds up to its area, counted by fine sampling',
    (name, shape) => {
      const distance = SHAPES[name] ?? (() => 1);
      const steps = 1200;
      let inside = 0;
      for (let row = 0; row < steps; row++)
        for (let column = 0; column < steps; column++)
          if (distance((2.4 * (column + 0.5)) / steps - 1.2, (2.4 * (row + 0.5)) / steps - 1.2) < 0)
            inside += 1;
      const area = inside * (2.4 / steps) ** 2;
      const [size, scale] = [64, 0.33];
      const expected = area * (scale * size) ** 2;
      // Rotation and a place between pixels must not matter to an antialiased shape.
      for (const [rotation, x] of [
        [0, 0.5],
        [0.3, 0.487],
      ] as const) {
        const sum = covered({ ...plain, shape, scale, rotation, x }, size);
        expect(Math.abs(sum - expected) / expected).toBeLessThan(0.02);
      }
    },
  );

  it('have areas known in closed form', () => {
    const areaOf = (name: string): number => {
      const shape = SHAPE_NAMES.indexOf(name);
      return covered({ ...plain, shape, scale: 0.35 }, 256) / (0.35 * 256) ** 2;
    };
    expect(areaOf('disc')).toBeCloseTo(Math.PI * 0.81, 2);
    expect(areaOf('square')).toBeCloseTo(1.56 ** 2, 2);
    expect(areaOf('triangle')).toBeCloseTo((1.9 * 1.75) / 2, 2);
    expect(areaOf('ring')).toBeCloseTo(Math.PI * (0.97 ** 2 - 0.53 ** 2), 2);
    expect(areaOf('cross')).toBeCloseTo(2 * 1.9 * 0.64 - 0.64 ** 2, 2);
  });
});

describe('rendering', () => {
  it('paints hues as everyone does', () => {
    const close = (hue: number, rgb: readonly number[]): void =>
      rgbOfHue(hue, 1, 1).forEach((value, at) => expect(value).toBeCloseTo(rgb[at] ?? NaN, 12));
    close(0, [1, 0, 0]);
    close(1 / 6, [1, 1, 0]);
    close(1 / 3, [0, 1, 0]);
    close(2 / 3, [0, 0, 1]);
    close(0.75, [0.5, 0, 1]);
    expect(rgbOfHue(0.4, 0, 0.7)).toEqual([0.7, 0.7, 0.7]);
  });

  it('puts the lit colour into the middle, and the background into the corner', () => {
    const [size, brightness] = [32, 0.8];
    const pixels = renderImages([{ ...plain, shape: 2, brightness }], size);
    const [red, green, blue] = rgbOfHue(plain.hue, 0.75, 0.95);
    const at = (row: number, column: number): number[] => [
      ...pixels.slice((row * size + column) * 3, (row * size + column) * 3 + 3),
    ];
    // Half a pixel to the right of the middle, light comes from the right.
    const light = 255 * brightness * (1 + (0.6 * 0.5) / size);
    expect(at(16, 16)).toEqual([red, green, blue].map((value) => Math.round(light * value)));
    const corner = 255 * brightness * (1 - (0.6 * 15.5) / size) * 0.8;
    expect(at(0, 0)).toEqual(
      rgbOfHue(plain.backgroundHue, 0.45, 0.8).map((value) => Math.round(corner * value)),
    );
  });

  it('changes with every factor, and with one at a time', () => {
    const first = renderImages([plain], 24);
    const changes: Partial<ImageFactors>[] = [
      { shape: 3 },
      { hue: 0.3 },
      { x: 0.55 },
      { y: 0.55 },
      { scale: 0.33 },
      { shape: 2, rotation: 0.2 },
      { lightAngle: 1 },
      { brightness: 0.9 },
      { background: 1 },
      { backgroundHue: 0.7 },
      { background: 1, backgroundAngle: 0.5 },
      { background: 1, backgroundPeriod: 0.4 },
    ];
    const images = renderImages([plain, ...changes.map((change) => ({ ...plain, ...change }))], 24);
    const bytes = 24 * 24 * 3;
    const each = Array.from({ length: changes.length + 1 }, (_, at) =>
      images.slice(at * bytes, (at + 1) * bytes).toString(),
    );
    expect(each[0]).toBe(first.toString());
    expect(new Set(each).size).toBe(changes.length + 1);
  });

  it('refuses shapes, backgrounds and sizes that there are not', () => {
    expect(() => renderImages([{ ...plain, shape: SHAPE_NAMES.length }], 32)).toThrow('was asked for');
    expect(() => renderImages([{ ...plain, background: BACKGROUNDS.length }], 32)).toThrow('Background 4');
    expect(() => renderImages([plain], 7)).toThrow('size 7');
    expect(() => generateImages({ split: 'train', count: 0 })).toThrow('0 generated images');
    expect(() => generateImages({ split: 'train', count: 2.5 })).toThrow('2.5 generated images');
  });
});

describe('generated images', () => {
  it('are the same bytes for the same seed, on every machine and in every version', () => {
    const { set } = generateImages({ split: 'train', count: 60, seed: 7 });
    const all = set.batch(Array.from({ length: 60 }, (_, at) => at));
    // If this changes, raise GENERATOR_VERSION: runs on generated images are then other runs.
    expect(createHash('sha256').update(all).digest('hex')).toBe(
      'd27812e0ccc22f7609bf68d9a1ea29bcf37d28728f57a4eebf044d4678edf219',
    );
    expect(set.provenance.sha256).toBe('a2467d9e05492890eabc9f7aa14353fa03179904fcc0824febd51c1ae405171b');
  });

  it('do not depend on how many there are, but on seed and split', () => {
    const few = generateImages({ split: 'train', count: 10, seed: 1 });
    const more = generateImages({ split: 'train', count: 30, seed: 1 });
    expect(more.factors.slice(0, 10)).toEqual(few.factors);
    expect(more.set.batch([9])).toEqual(few.set.batch([9]));
    expect(generateImages({ split: 'test', count: 10, seed: 1 }).factors).not.toEqual(few.factors);
    expect(generateImages({ split: 'train', count: 10, seed: 2 }).factors).not.toEqual(few.factors);
    expect(few.set.provenance).toMatchObject({ generated: true, files: 0, items: 10 });
    expect(more.set.provenance.sha256).not.toBe(few.set.provenance.sha256);
  });

  it('have classes of equal size and factors within their ranges', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 40 }), (seed) => {
        const { set, factors } = generateImages({ split: 'test', count: 24, size: 8, seed });
        expect([...set.labels]).toEqual(factors.map(({ shape }) => shape));
        for (let shape = 0; shape < 12; shape++)
          expect(set.labels.filter((label) => label === shape)).toHaveLength(2);
        for (const each of factors) {
          expect(each.scale).toBeGreaterThanOrEqual(0.2);
          expect(Math.min(each.x, 1 - each.x, each.y, 1 - each.y)).toBeGreaterThanOrEqual(
            0.8 * each.scale - 1e-12,
          );
          const apart = Math.abs(each.hue - each.backgroundHue);
          expect(Math.min(apart, 1 - apart)).toBeGreaterThanOrEqual(0.2 - 1e-12);
        }
      }),
      { numRuns: 20 },
    );
  });

  it('cannot be told apart by their colours: nearest mean colours do as badly as chance', () => {
    const [train, test] = (['train', 'test'] as const).map((split) => {
      const { set } = generateImages({ split, count: 2400 });
      const bytes = set.height * set.width * 3;
      const all = set.batch(Array.from({ length: set.length }, (_, at) => at));
      const means = Array.from({ length: set.length }, (_, image) => {
        const sums = [0, 0, 0];
        for (let at = 0; at < bytes; at++)
          sums[at % 3] = (sums[at % 3] ?? 0) + (all[image * bytes + at] ?? 0);
        return sums.map((sum) => (3 * sum) / bytes);
      });
      return { means, labels: set.labels };
    });
    const distance = (a: readonly number[], b: readonly number[]): number =>
      a.reduce((sum, value, at) => sum + (value - (b[at] ?? 0)) ** 2, 0);
    const centres = SHAPE_NAMES.map((_, shape) => {
      const own = (train?.means ?? []).filter((_, at) => train?.labels[at] === shape);
      return [0, 1, 2].map((at) => own.reduce((sum, mean) => sum + (mean[at] ?? 0), 0) / own.length);
    });
    const right = (test?.means ?? []).filter((mean, at) => {
      const distances = centres.map((centre) => distance(centre, mean));
      return distances.indexOf(Math.min(...distances)) === test?.labels[at];
    }).length;
    // Chance is 1/12; five standard deviations of 2,400 draws are 2.8 %.
    expect(right / 2400).toBeLessThan(1 / 12 + 0.05);
  });

  it('are quick: 5,000 of 32 x 32', () => {
    const start = performance.now();
    generateImages({ split: 'train' });
    // About 1 s on an idle core; the bound is for machines that are busy.
    expect(performance.now() - start).toBeLessThan(10_000);
  });
});
