import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { embeddingsFrom, type Embeddings } from '../../src/measure/embeddings.js';
import { nearest } from '../../src/measure/nearest.js';
import { colourTraits, retrieval, type ImageTraits } from '../../src/measure/retrieval.js';
import { startEngine } from '../../src/tensorflow/engine.js';
import { randomStream } from '../../src/tensorflow/random.js';
import * as tf from '../../src/tensorflow/tf.js';
import { onSphere } from './helpers.js';

beforeAll(() => {
  startEngine();
});

function distanceOf(a: Embeddings, i: number, b: Embeddings, j: number): number {
  return Math.hypot(
    ...Array.from(
      { length: a.dim },
      (_, k) => (a.values[i * a.dim + k] ?? NaN) - (b.values[j * b.dim + k] ?? NaN),
    ),
  );
}

describe('nearest', () => {
  it('finds what brute force finds, in blocks, without the item itself', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 999 }), fc.integer({ min: 1, max: 6 }), (seed, k) => {
        const scaled = onSphere(seed, 30, 5);
        // Rows of different lengths: Euclidean neighbours are not those by cosine.
        const gallery = { ...scaled, values: scaled.values.map((x, i) => x * (1 + (Math.floor(i / 5) % 4))) };
        const queries = onSphere(seed + 1, 30, 5);
        const before = tf.memory().numTensors;
        const found = nearest(gallery, queries, { k, without: (query) => query, block: 7 });
        expect(tf.memory().numTensors).toBe(before);
        for (let query = 0; query < 30; query++) {
          const expected = Array.from({ length: 30 }, (_, j) => j)
            .filter((j) => j !== query)
            .map((j) => distanceOf(queries, query, gallery, j))
            .sort((a, b) => a - b)
            .slice(0, k);
          for (let place = 0; place < k; place++) {
            const index = found.indices[query * k + place] ?? -1;
            expect(index).not.toBe(query);
            expect(distanceOf(queries, query, gallery, index)).toBeCloseTo(expected[place] ?? NaN, 5);
            expect(found.distances[query * k + place]).toBeCloseTo(expected[place] ?? NaN, 5);
          }
        }
      }),
      { numRuns: 25 },
    );
  });

  it('refuses what it cannot find', () => {
    const three = onSphere(1, 3, 4);
    expect(() => nearest(three, three, { k: 4 })).toThrow(/k is 4; .* from 1 to the 3 items/);
    expect(() => nearest(three, three, { k: 3, without: (i) => i })).toThrow(/from 1 to the 2 items/);
    expect(() => nearest(three, onSphere(1, 3, 5), { k: 1 })).toThrow(
      /gallery has 4 numbers a row, the queries 5/,
    );
    expect(() => nearest(three, three, { k: 1, block: 0 })).toThrow(/block of 0/);
    expect(() => nearest(embeddingsFrom([[NaN, 1]]), three, { k: 1 })).toThrow(/the gallery has NaN/);
  });
});

describe('colourTraits', () => {
  it('has the hues of the colour circle, by hand', () => {
    const pure = [1, 0, 0, 0, 1, 0, 0, 0, 1, 1, 1, 0, 0.5, 0.5, 0.5, 1, 0, 1];
    const { colours, hues } = colourTraits(pure, 6);
    expect(Array.from(colours)).toEqual(pure);
    const expected = [0, 1 / 3, 2 / 3, 1 / 6, NaN, 5 / 6];
    expected.forEach((hue, i) => {
      if (Number.isNaN(hue)) expect(hues[i]).toBeNaN();
      else expect(hues[i]).toBeCloseTo(hue, 12);
    });
  });

  it('averages pixels: red and green are yellow, red and cyan grey', () => {
    const { colours, hues } = colourTraits([1, 0, 0, 0, 1, 0, 1, 0, 0, 0, 1, 1], 2);
    expect(Array.from(colours)).toEqual([0.5, 0.5, 0, 0.5, 0.5, 0.5]);
    expect(hues[0]).toBeCloseTo(1 / 6, 12);
    expect(hues[1]).toBeNaN();
    expect(() => colourTraits([1, 2, 3, 4], 1)).toThrow(/no 1 images/);
  });
});

/** Images of one colour each, of `classes` shapes: embeddings that hold the hue, and some that hold the shape. */
function world(rows: number, classes: number) {
  const random = randomStream(3);
  const hues = Array.from({ length: rows }, () => random.uniform());
  const labels = Array.from({ length: rows }, (_, i) => i % classes);
  const turned = hues.map((hue) => (hue + 0.25 + 0.5 * random.uniform()) % 1);
  const traits = (of: readonly number[]): ImageTraits => ({
    ...colourTraits(
      of.flatMap((hue) => [0, 1 / 3, 2 / 3].map((pure) => 0.5 + 0.4 * Math.cos(2 * Math.PI * (hue - pure)))),
      rows,
    ),
    labels,
  });
  const byHue = (of: readonly number[]) =>
    embeddingsFrom(of.map((hue) => [Math.cos(2 * Math.PI * hue), Math.sin(2 * Math.PI * hue)]));
  const byShape = embeddingsFrom(
    labels.map((label) => [
      Math.cos(label) + 0.01 * random.normal(),
      Math.sin(label) + 0.01 * random.normal(),
    ]),
  );
  return { hues, turned, before: traits(hues), after: traits(turned), byHue, byShape };
}

describe('retrieval', () => {
  const { hues, turned, before, after, byHue, byShape } = world(200, 4);

  it('sees an encoder that follows the colour: its neighbours have the hue of the changed image', () => {
    const found = retrieval({
      gallery: byHue(hues),
      galleryTraits: before,
      queries: byHue(turned),
      queryTraits: after,
    });
    // 200 hues on a circle of 360 degrees: the fifth neighbour is within some degrees.
    expect(found.hue?.found.value).toBeLessThan(10);
    expect(Math.abs((found.hue?.permuted.value ?? 0) - 90)).toBeLessThan(8);
    expect(found.hue?.score.value).toBeGreaterThan(0.9);
    // Without moving, neighbours have the hue of before, 90 to 180 degrees away.
    expect(found.hue?.unmoved.value).toBeGreaterThan(100);
    expect(found.colour.score.value).toBeGreaterThan(0.8);
    expect(Math.abs(found.class.score.value)).toBeLessThan(0.1);
    expect(found.hued).toBe(1);
    expect(found.hue?.found).toMatchObject({ n: 200, kind: 'samples', unit: 'degrees' });
    expect(found.hue?.permuted).toMatchObject({ n: 20, kind: 'permutations' });
  });

  it('sees one that ignores it: classes match, colours are those of chance', () => {
    const found = retrieval({
      gallery: byShape,
      galleryTraits: before,
      queries: byShape,
      queryTraits: after,
    });
    expect(found.class.found.value).toBe(1);
    expect(found.class.score.value).toBe(1);
    expect(Math.abs(found.class.permuted.value - 0.25)).toBeLessThan(0.05);
    expect(Math.abs(found.hue?.score.value ?? 1)).toBeLessThan(0.15);
    // f(a(x)) = f(x): both kinds of neighbours are the same.
    expect(found.colour.unmoved).toEqual(found.colour.found);
  });

  it('is the loop over queries and their neighbours', () => {
    const input = { gallery: byShape, galleryTraits: before, queries: byHue(turned), queryTraits: after };
    const found = retrieval(input, { k: 3 });
    let sum = 0;
    for (let query = 0; query < 200; query++) {
      const near = Array.from({ length: 200 }, (_, j) => j)
        .filter((j) => j !== query)
        .sort(
          (a, b) =>
            distanceOf(input.queries, query, byShape, a) - distanceOf(input.queries, query, byShape, b),
        )
        .slice(0, 3);
      for (const item of near) {
        const gap = Math.abs((after.hues[query] ?? NaN) - (before.hues[item] ?? NaN));
        sum += (360 * Math.min(gap, 1 - gap)) / 600;
      }
    }
    expect(found.hue?.found.value).toBeCloseTo(sum, 9);
    expect(retrieval(input, { k: 3, seed: 0 })).toEqual(found);
    expect(retrieval(input, { k: 3, seed: 1 }).hue?.permuted.value).not.toBe(found.hue?.permuted.value);
  });

  it('says nothing of hues where all is grey, and refuses what is missing', () => {
    const grey = { ...before, hues: new Float64Array(200).fill(NaN) };
    const input = { gallery: byShape, galleryTraits: grey, queries: byShape, queryTraits: grey };
    expect(retrieval(input)).toMatchObject({ hue: null, hued: 0 });
    expect(() => retrieval(input, { k: 200 })).toThrow(/from 1 to the 199 items/);
    expect(() => retrieval(input, { permutations: 1 })).toThrow(/permutations is 1/);
    const unlabelled = { ...grey, labels: new Int32Array(200).fill(-1) };
    expect(() => retrieval({ ...input, queryTraits: unlabelled })).toThrow(
      /image 0 of the queries has no class/,
    );
    expect(() => retrieval({ ...input, queries: onSphere(1, 5, 2) })).toThrow(/200 images and 5 augmented/);
    expect(() => retrieval({ ...input, galleryTraits: { ...grey, labels: [1] } })).toThrow(
      /200 rows and 1 labels/,
    );
  });
});
