import { describe, expect, it, vi } from 'vitest';
import { EMBED_BATCH } from '../../../src/experiments/images/embedding.js';
import { imageMeasureSchema } from '../../../src/experiments/images/measure-config.js';
import { IMAGE_MEASURES } from '../../../src/experiments/images/measures.js';
import { initialWeights } from '../../../src/experiments/images/model.js';
import {
  recolouredImages,
  recolouring,
  recolouringDraws,
} from '../../../src/experiments/images/recolouring.js';
import { limitedNumbers } from '../../../src/experiments/images/subject.js';
import { startEngine } from '../../../src/tensorflow/engine.js';
import { noiseImages, tinyConfig } from './tiny.js';

vi.setConfig({ testTimeout: 180_000 });
startEngine({ intraOpThreads: 1, interOpThreads: 1 });

const images = noiseImages(EMBED_BATCH + 5);
const config = tinyConfig();

/** Mean over pixels of the brightness, 0 to 255. */
const brightness = (pixels: Uint8Array) => pixels.reduce((sum, x) => sum + x, 0) / pixels.length;

describe('recoloured images', () => {
  it('are what was drawn for the query, in its batch and place', () => {
    const settings = imageMeasureSchema.parse({});
    const augmentation = recolouring(config, images, null);
    const described = augmentation.describe(recolouringDraws(augmentation, settings)(EMBED_BATCH));
    const column = described.names.indexOf('brightness');
    const query = EMBED_BATCH + 3;
    const factor = described.values[3 * described.names.length + column] ?? NaN;
    const [changed] = recolouredImages(config, images, settings, [query]);
    // Contrast and saturation keep the mean of noise about where it is, and what is too bright is cut off.
    const ratio = brightness(changed ?? new Uint8Array(1)) / brightness(images.batch([query]));
    expect(ratio).toBeGreaterThan(0.85 * factor);
    expect(ratio).toBeLessThan(1.1 * factor);
    expect(changed).toHaveLength(16 * 16 * 3);
  });

  it('do not depend on which others are asked for', () => {
    const settings = imageMeasureSchema.parse({});
    const together = recolouredImages(config, images, settings, [2, EMBED_BATCH + 1]);
    const alone = recolouredImages(config, images, settings, [EMBED_BATCH + 1]);
    expect(together[1]).toEqual(alone[0]);
    expect(together[0]).not.toEqual(together[1]);
  });
});

describe('the record of retrieval', () => {
  it('has the queries\u2019 numbers in the test set, and how each was recoloured', () => {
    const test = noiseImages(30, { seed: 2 });
    const settings = imageMeasureSchema.parse({ images: 12, retrieval: { permutations: 2 } });
    const { tables } = IMAGE_MEASURES.retrieval.measure(
      { config, task: { train: noiseImages(8), test }, weights: initialWeights(config) },
      settings,
    );
    const { image = [], ...changes } = tables?.['queries'] ?? {};
    expect(image).toEqual(limitedNumbers(test, 12));
    expect(image).toHaveLength(12);
    expect(Object.keys(changes)).toEqual(expect.arrayContaining(['brightness', 'hue']));
    const augmentation = recolouring(config, test, null);
    const { names, values } = augmentation.describe(recolouringDraws(augmentation, settings)(0));
    const hues = image.map((_, row) => values[row * names.length + names.indexOf('hue')] ?? NaN);
    changes['hue']?.forEach((hue, row) => expect(Number(hue)).toBeCloseTo(hues[row] ?? NaN, 4));
  });
});
