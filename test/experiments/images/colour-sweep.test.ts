/** The sweep over colours: on encoders made by hand, where its numbers are known, and on images changed by loops. */
import { describe, expect, it, vi } from 'vitest';
import type { JitterParameters } from '../../../src/augment/color-jitter.js';
import { CIFAR_NORMALIZE } from '../../../src/augment/normalize.js';
import { COLOUR_PARAMETERS, colourSweep, jitterOf } from '../../../src/experiments/images/colour-sweep.js';
import { EMBED_BATCH, type ImageEmbeddings } from '../../../src/experiments/images/embedding.js';
import { imageMeasureSchema } from '../../../src/experiments/images/measure-config.js';
import { IMAGE_MEASURES, type ImageSubject } from '../../../src/experiments/images/measures.js';
import { imageModel, initialWeights } from '../../../src/experiments/images/model.js';
import { embeddingsFrom } from '../../../src/measure/embeddings.js';
import { scopeOf } from '../../../src/nn/module.js';
import { startEngine } from '../../../src/tensorflow/engine.js';
import { toTensor } from '../../../src/tensorflow/tensor-data.js';
import * as tf from '../../../src/tensorflow/tf.js';
import { noiseImages, tinyConfig } from './tiny.js';

vi.setConfig({ testTimeout: 180_000 });
startEngine({ intraOpThreads: 1, interOpThreads: 1 });

const settings = imageMeasureSchema.parse({ beforeHead: false, classifierSeeds: [0, 1] });
const ITEMS = 400;

interface Strengths {
  readonly hue: number;
  readonly brightness: number;
  readonly saturation: number;
  readonly contrast: number;
}

/** An encoder that knows what was done: embeddings of items by their number and strengths. */
function madeByHand(embed: (item: number, strengths: Strengths) => readonly number[]) {
  return (jitterFrom: (start: number) => JitterParameters): ImageEmbeddings => {
    const rows = Array.from({ length: ITEMS }, (_, item) => {
      const jitter = jitterFrom(item - (item % EMBED_BATCH));
      const at = (values: Float32Array) => values[item % EMBED_BATCH] ?? NaN;
      const { hue, brightness, saturation, contrast } = jitter;
      return embed(item, {
        hue: at(hue),
        brightness: at(brightness),
        saturation: at(saturation),
        contrast: at(contrast),
      });
    });
    const embeddings = embeddingsFrom(rows);
    return { embeddings, features: embeddings };
  };
}

/** Directions on a circle, one an item. */
const angleOf = (item: number) => 2.4 * item;

type Table = Readonly<Record<string, readonly (number | string)[]>>;
function rowsOf(table: Table | undefined, parameter: string): Record<string, number>[] {
  if (table === undefined) throw new Error('There is no table.');
  const places = (table['parameter'] ?? []).flatMap((name, i) => (name === parameter ? [i] : []));
  return places.map((i) =>
    Object.fromEntries(
      Object.keys(table)
        .filter((name) => name !== 'parameter')
        .map((name) => [name, table[name]?.[i] as number]),
    ),
  );
}

describe('the sweep of an encoder that turns all embeddings by the hue', () => {
  const turning = madeByHand((item, { hue }) => {
    const angle = angleOf(item) + 2 * Math.PI * hue;
    return [Math.cos(angle), Math.sin(angle)];
  });
  const { estimates, tables } = colourSweep(turning, settings);
  const table = tables?.['embedding.strengths'];

  it('has one row for each strength of each parameter', () => {
    const { hue, factor } = settings.colourSweep;
    expect(rowsOf(table, 'hue').map(({ strength }) => strength)).toEqual(hue);
    for (const name of ['brightness', 'saturation', 'contrast']) {
      expect(rowsOf(table, name).map(({ strength }) => strength)).toEqual(factor);
    }
  });

  it('finds the distance of the turn, and one rotation that explains it, on unseen items too', () => {
    for (const { strength = NaN, moved, relative, unseen, gamma } of rowsOf(table, 'hue')) {
      expect(moved).toBeCloseTo(2 - 2 * Math.cos(2 * Math.PI * strength), 5);
      for (const error of [relative, unseen, gamma]) expect(error).toBeLessThan(1e-4);
    }
    const moving = settings.colourSweep.hue.filter((hue) => hue !== 0);
    const distance = moving.map((hue) => 2 - 2 * Math.cos(2 * Math.PI * hue));
    expect(estimates['embedding.hueMoved']).toMatchObject({ n: 8, kind: 'trials' });
    expect(estimates['embedding.hueMoved']?.value).toBeCloseTo(distance.reduce((a, b) => a + b) / 8, 5);
  });

  it('finds it still under what it does not see', () => {
    for (const name of ['brightness', 'saturation', 'contrast'] as const) {
      for (const { moved, relative, unseen, gamma } of rowsOf(table, name)) {
        expect([moved, relative, unseen, gamma]).toEqual([0, 0, 0, 0]);
      }
      expect(estimates[`embedding.${name}Read`]?.value).toBeLessThan(0.05);
    }
  });
});

describe('what is read of strengths', () => {
  it('is all of them where the embedding tells them, and nothing of others', () => {
    const telling = madeByHand((item, { hue, brightness }) => {
      const angle = 2 * Math.PI * hue;
      const row = [Math.cos(angle), Math.sin(angle), brightness, 0.3 * Math.cos(angleOf(item))];
      // So that the length is the same for all, and the sphere changes no row's direction apart.
      return [...row, Math.sqrt(9 - row.reduce((sum, x) => sum + x * x, 0))];
    });
    const { estimates } = colourSweep(telling, settings);
    expect(estimates['embedding.hueRead']?.value).toBeGreaterThan(0.999);
    expect(estimates['embedding.brightnessRead']?.value).toBeGreaterThan(0.999);
    expect(estimates['embedding.hueRead']).toMatchObject({ n: 2, kind: 'classifier seeds' });
    for (const name of ['saturation', 'contrast']) {
      expect(estimates[`embedding.${name}Read`]?.value).toBeLessThan(0.05);
    }
  });

  it('is drawn for each item from the whole grid, anew with another seed', () => {
    const seen: number[][] = [];
    const watching = (jitterFrom: (start: number) => JitterParameters): ImageEmbeddings => {
      const { contrast } = jitterFrom(0);
      if (new Set(contrast).size > 1) seen.push(Array.from(contrast));
      return madeByHand((item, strengths) => [Math.cos(item), Math.sin(item), strengths.contrast])(
        jitterFrom,
      );
    };
    for (const seed of [0, 0, 1]) colourSweep(watching, { ...settings, seed });
    expect(seen).toHaveLength(3);
    expect(seen[1]).toEqual(seen[0]);
    expect(seen[2]).not.toEqual(seen[0]);
    const [low, high] = [Math.min(...(seen[0] ?? [])), Math.max(...(seen[0] ?? []))];
    expect(low).toBeGreaterThanOrEqual(Math.fround(0.4));
    expect(high).toBeLessThanOrEqual(Math.fround(1.6));
    expect(high - low).toBeGreaterThan(1.1);
  });
});

describe('a jitter of one parameter', () => {
  it.each(COLOUR_PARAMETERS)('changes %s alone', (parameter) => {
    const strengths = Float32Array.of(0.25, 0.5);
    const { jittered, order, ...rest } = jitterOf(parameter, strengths);
    const neutral = { hue: [0, 0], brightness: [1, 1], saturation: [1, 1], contrast: [1, 1] };
    const found = Object.fromEntries(
      Object.entries(rest).map(([name, values]) => [name, Array.from(values)]),
    );
    expect(found).toEqual({ ...neutral, [parameter]: [0.25, 0.5] });
    expect(Array.from(jittered)).toEqual([1, 1]);
    expect(Array.from(order)).toEqual([0, 1, 2, 3, 0, 1, 2, 3]);
  });
});

describe('the sweep of a network', () => {
  const config = tinyConfig();
  const task = { train: noiseImages(8), test: noiseImages(30, { seed: 2 }) };
  const subject: ImageSubject = { config, task, weights: initialWeights(config) };
  const GREY = [0.299, 0.587, 0.114] as const;
  const clamped = (x: number) => Math.min(1, Math.max(0, x));

  /** A pixel whose hue is turned, through HSV. */
  function turnedHue(pixel: readonly number[], turns: number): number[] {
    const [r, g, b] = pixel as [number, number, number];
    const [value, least] = [Math.max(r, g, b), Math.min(r, g, b)];
    const chroma = value - least;
    if (chroma === 0) return [r, g, b];
    const sextant =
      value === r ? (g - b) / chroma : value === g ? 2 + (b - r) / chroma : 4 + (r - g) / chroma;
    return [5, 3, 1].map((n) => {
      const k = (((n + sextant + 6 * turns) % 6) + 6) % 6;
      return value - chroma * Math.max(0, Math.min(k, 4 - k, 1));
    });
  }

  /** An image, `[pixels][3]` from 0 to 1, after one change, as torchvision documents it. */
  function changed(image: readonly (readonly number[])[], parameter: string, factor: number): number[][] {
    if (parameter === 'hue') return image.map((pixel) => turnedHue(pixel, factor));
    const greyOf = (pixel: readonly number[]) => GREY.reduce((sum, w, c) => sum + w * (pixel[c] ?? NaN), 0);
    const mean = image.reduce((sum, pixel) => sum + greyOf(pixel), 0) / image.length;
    const otherOf = { brightness: () => 0, saturation: greyOf, contrast: () => mean }[parameter];
    return image.map((pixel) =>
      pixel.map((x) => clamped(factor * x + (1 - factor) * (otherOf?.(pixel) ?? NaN))),
    );
  }

  /** Embeddings on the sphere of images after a change in loops, op by op. */
  function embedded(parameter: string, factor: number): number[][] {
    const { test } = task;
    const bytes = test.batch(Array.from({ length: test.length }, (_, i) => i));
    const { mean, std } = CIFAR_NORMALIZE;
    const pixels = Array.from({ length: test.length }, (_, i) => {
      const image = Array.from({ length: 256 }, (_, p) =>
        [0, 1, 2].map((c) => (bytes[(256 * i + p) * 3 + c] ?? NaN) / 255),
      );
      return changed(image, parameter, factor).map((pixel) =>
        pixel.map((x, c) => (x - (mean[c] ?? NaN)) / (std[c] ?? NaN)),
      );
    });
    return tf.tidy(() => {
      const weights = Object.fromEntries(
        Object.entries(subject.weights).map(([name, data]) => [name, toTensor(data)]),
      );
      const images = tf.tensor4d(Float32Array.from(pixels.flat(2)), [test.length, 16, 16, 3]);
      return imageModel(config).apply(scopeOf(weights, false), images).arraySync();
    });
  }

  it.each(COLOUR_PARAMETERS)('moves embeddings as far as loops over pixels, by %s', (name) => {
    const { tables } = IMAGE_MEASURES['colour-sweep'].measure(subject, settings);
    const neutral = name === 'hue' ? 0 : 1;
    const plain = embedded(name, neutral);
    for (const { strength = NaN, moved = NaN } of rowsOf(tables?.['embedding.strengths'], name)) {
      const after = embedded(name, strength);
      const distances = after.map((row, i) =>
        row.reduce((sum, x, k) => sum + (x - (plain[i]?.[k] ?? NaN)) ** 2, 0),
      );
      const expected = distances.reduce((a, b) => a + b) / distances.length;
      expect(Math.abs(moved - expected)).toBeLessThan(1e-3 * expected + 1e-9);
      expect(moved > 0).toBe(strength !== neutral);
    }
  });

  it('needs different strengths, in the range that there is', () => {
    const of = (colourSweep: object) => imageMeasureSchema.safeParse({ colourSweep });
    expect(of({ hue: [0.1, 0.1] }).error?.issues[0]?.message).toContain('two different strengths');
    expect(of({ hue: [0, 0.6] }).success).toBe(false);
    expect(of({ factor: [-1, 1] }).success).toBe(false);
    expect(of({ factor: [0, 3], hue: [-0.1, 0.1] }).success).toBe(true);
  });
});
