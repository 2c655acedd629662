import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { embeddingsFrom } from '../../src/measure/embeddings.js';
import type { LabelledEmbeddings } from '../../src/measure/labels.js';
import {
  epochCalls,
  linearProbe,
  PROBE_PRESETS,
  trainProbes,
  type ProbeOptions,
  type ProbeSettings,
} from '../../src/measure/linear-probe.js';
import { PROBE_BIAS, PROBE_WEIGHT } from '../../src/measure/probe-step.js';
import { startEngine } from '../../src/tensorflow/engine.js';
import { randomStream } from '../../src/tensorflow/random.js';
import * as tf from '../../src/tensorflow/tf.js';
import { largestGap } from './helpers.js';

beforeAll(() => {
  startEngine();
});

interface GoldenProbe {
  readonly weight: number[];
  readonly bias: number[];
  readonly predictions: number[];
}

// Made by test/golden/linear_probe.py, nn.Linear in PyTorch.
const golden = JSON.parse(
  readFileSync(new URL('../golden/linear_probe.json', import.meta.url), 'utf8'),
) as Readonly<Record<'rows' | 'dim' | 'classes' | 'epochs' | 'batch', number>> &
  Readonly<Record<'features' | 'labels' | 'test' | 'weight' | 'bias', number[]>> &
  Readonly<Record<'adam' | 'adamFast' | 'sgd', GoldenProbe>> & { readonly orders: number[][] };

/** Classes as clouds about centres that lie `apart`. */
function clouds(seed: number, rows: number, dim: number, apart: number, classes = 3): LabelledEmbeddings {
  const stream = randomStream(seed, 1);
  const centres = randomStream(77);
  const centre = Array.from({ length: classes * dim }, () => apart * centres.normal());
  const labels = Array.from({ length: rows }, (_, i) => i % classes);
  const values = Float32Array.from({ length: rows * dim }, (_, k) => {
    const label = labels[Math.floor(k / dim)] ?? 0;
    return (centre[label * dim + (k % dim)] ?? NaN) + stream.normal();
  });
  return { embeddings: { rows, dim, values }, labels };
}

const quick: ProbeOptions = { epochs: 20, batch: 32, learningRate: 0.05 };

describe('linearProbe', () => {
  const small = { epochs: golden.epochs, batch: golden.batch };
  it.each<[keyof Pick<typeof golden, 'adam' | 'adamFast' | 'sgd'>, ProbeSettings]>([
    ['adam', { ...PROBE_PRESETS.adam, ...small }],
    ['adamFast', { ...PROBE_PRESETS.adam, ...small, learningRate: 0.1, weightDecay: 0.01 }],
    ['sgd', { ...PROBE_PRESETS.sgd, ...small, milestones: [2, 3] }],
  ])("ends in PyTorch's weights from the same start, in the same order: %s", (name, settings) => {
    const expected = golden[name];
    const { rows, dim, classes } = golden;
    const train = {
      embeddings: { rows, dim, values: Float32Array.from(golden.features) },
      labels: golden.labels,
    };
    const test = { rows: 9, dim, values: Float32Array.from(golden.test) };
    const weights = {
      [PROBE_WEIGHT]: {
        shape: [classes, dim],
        dtype: 'float32' as const,
        values: Float32Array.from(golden.weight),
      },
      [PROBE_BIAS]: { shape: [classes], dtype: 'float32' as const, values: Float32Array.from(golden.bias) },
    };
    const start = { weights, orderOf: (epoch: number) => golden.orders[epoch] ?? [] };
    const before = tf.memory().numTensors;
    const [first, second] = trainProbes(train, test, settings, [start, start]);
    expect(tf.memory().numTensors).toBe(before);
    const size = Math.max(...expected.weight.map(Math.abs));
    expect(largestGap(first?.weights[PROBE_WEIGHT]?.values ?? [], expected.weight)).toBeLessThan(2e-5 * size);
    expect(largestGap(first?.weights[PROBE_BIAS]?.values ?? [], expected.bias)).toBeLessThan(2e-5 * size);
    expect(Array.from(first?.predictions ?? [])).toEqual(expected.predictions);
    // Nothing of the first classifier is left in the second.
    expect(second).toEqual(first);
    // It learnt: the weights are not those that it began with.
    expect(largestGap(expected.weight, golden.weight)).toBeGreaterThan(1e-3);
  });

  it('tells classes apart that lie apart, and not those that do not', () => {
    const apart = linearProbe(clouds(1, 300, 8, 3), clouds(2, 200, 8, 3), quick);
    expect(apart.accuracy.value).toBeGreaterThan(0.97);
    expect(apart.accuracy).toMatchObject({ n: 3, kind: 'classifier seeds' });
    const none = linearProbe(clouds(1, 300, 8, 0), clouds(2, 300, 8, 0), quick);
    expect(Math.abs(none.accuracy.value - 1 / 3)).toBeLessThan(0.1);
    expect(none.chance).toBeCloseTo(1 / 3, 9);
    // sqrt(1/3 * 2/3 / 300) is .027.
    expect(none.standardError).toBeCloseTo(0.027, 2);
  });

  it('is the same for the same seeds and another for others', () => {
    const [train, test] = [clouds(1, 200, 6, 0.6), clouds(2, 500, 6, 0.6)];
    const found = linearProbe(train, test, { ...quick, seeds: [4, 5] });
    expect(linearProbe(train, test, { ...quick, seeds: [4, 5] })).toEqual(found);
    expect(linearProbe(train, test, { ...quick, seeds: [5] }).perSeed[0]).toBe(found.perSeed[1]);
    const one = linearProbe(train, test, { ...quick, epochs: 1, seeds: [1] });
    const other = linearProbe(train, test, { ...quick, epochs: 1, seeds: [2] });
    expect(Array.from(other.predictions)).not.toEqual(Array.from(one.predictions));
  });

  it.each([
    [5000, 512],
    [50_000, 512],
    [100, 128],
    [1024, 32],
    [513, 512],
  ])('takes every one of %d items once an epoch, in batches of %d and a rest', (count, batch) => {
    const sizes = epochCalls(count, batch).flatMap((call) => call.sizes);
    expect(sizes.reduce((a, b) => a + b)).toBe(count);
    expect(sizes.slice(0, -1).every((size) => size === batch)).toBe(true);
    expect(sizes).toHaveLength(Math.ceil(count / batch));
    // Calls of one name have one shape: they are one function of the program.
    const shapes = new Set(epochCalls(count, batch).map(({ name, sizes: of }) => `${name} ${of.join()}`));
    expect(shapes.size).toBeLessThanOrEqual(2);
  });

  it('goes through an epoch of several calls as through one', () => {
    // 40 batches of 5 are two calls of 16 and a tail of 8; the same order in one batch a call would give the same.
    const [train, test] = [clouds(1, 200, 6, 2), clouds(2, 300, 6, 2)];
    expect(linearProbe(train, test, { ...quick, batch: 5, epochs: 5 }).accuracy.value).toBeGreaterThan(0.9);
  });
});

describe('linearProbe refuses', () => {
  const train = clouds(1, 12, 4, 1);
  const test = clouds(2, 6, 4, 1);
  const nan = { ...test.embeddings, values: test.embeddings.values.map((x, k) => (k === 9 ? NaN : x)) };
  it.each<[string, LabelledEmbeddings, LabelledEmbeddings, ProbeOptions, string]>([
    ['too few labels', { ...train, labels: [0, 1] }, test, {}, 'train has 12 rows and 2 labels'],
    [
      'an unlabelled item',
      train,
      { ...test, labels: [0, 1, -1, 0, 1, 2] },
      {},
      'row 2 of test has the label -1',
    ],
    ['NaN', train, { ...test, embeddings: nan }, {}, 'test has NaN in row 2, column 1'],
    ['two encoders', train, clouds(2, 6, 5, 1), {}, 'train has 4 numbers a row, test 5'],
    [
      'one class',
      { ...train, labels: train.embeddings.values.slice(0, 12).map(() => 1) },
      test,
      {},
      'single class',
    ],
    ['no items', { embeddings: embeddingsFrom([]), labels: [] }, test, {}, 'train'],
    ['no seeds', train, test, { seeds: [] }, 'there are no seeds'],
    ['no epochs', train, test, { epochs: 0 }, 'epochs is 0; it must be a whole number from 1'],
    ['half a batch', train, test, { batch: 0.5 }, 'batch is 0.5'],
    ['a learning rate of 0', train, test, { learningRate: 0 }, 'learningRate is 0; it must be above 0'],
    ['a momentum of 1', train, test, { momentum: 1 }, 'momentum is 1'],
    ['a negative decay', train, test, { weightDecay: -1 }, 'weightDecay is -1'],
    [
      'a classifier that diverges',
      train,
      test,
      { optimizer: 'sgd', learningRate: 1e38, epochs: 30, batch: 4 },
      'the classifier diverged; lower learningRate',
    ],
  ])('%s', (_, given, asked, options, message) => {
    expect(() => linearProbe(given, asked, options)).toThrow(RangeError);
    expect(() => linearProbe(given, asked, options)).toThrow(message);
  });
});
