import { readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { embeddingsFrom } from '../../src/measure/embeddings.js';
import { knn, type KnnOptions, type LabelledEmbeddings } from '../../src/measure/knn.js';
import { nativeBackend, startEngine } from '../../src/tensorflow/engine.js';
import { randomStream } from '../../src/tensorflow/random.js';
import * as tf from '../../src/tensorflow/tf.js';

beforeAll(() => {
  startEngine();
});

interface Golden {
  readonly dim: number;
  readonly bank: number[][];
  readonly bankLabels: number[];
  readonly queries: number[][];
  readonly queryLabels: number[];
  readonly cases: readonly (KnnOptions & {
    readonly predictions: number[];
    readonly accuracy: number;
  })[];
}

// Made by test/golden/knn.py, the official code's monitor in PyTorch.
const golden = JSON.parse(readFileSync(new URL('../golden/knn.json', import.meta.url), 'utf8')) as Golden;

const setOf = (rows: readonly (readonly number[])[], labels: readonly number[]): LabelledEmbeddings => ({
  embeddings: embeddingsFrom(rows),
  labels,
});

function randomSet(seed: number, rows: number, dim: number, classes: number): LabelledEmbeddings {
  const stream = randomStream(seed, rows, dim);
  const values = Float32Array.from({ length: rows * dim }, () => stream.normal());
  return {
    embeddings: { rows, dim, values },
    labels: Array.from({ length: rows }, () => stream.integer(classes)),
  };
}

function rowOf({ embeddings: { dim, values } }: LabelledEmbeddings, row: number): number[] {
  return Array.from(values.subarray(row * dim, (row + 1) * dim));
}

function cosine(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, x, i) => sum + x * (b[i] ?? NaN), 0) / (Math.hypot(...a) * Math.hypot(...b));
}

/**
 * The definition as a loop: the votes of each query's k nearest, by class. Also the least gap by which something was
 * decided, between the k-th and the next neighbour and between the two classes with the most votes, as a share of those.
 */
function knnLoop(bank: LabelledEmbeddings, queries: LabelledEmbeddings, { k, temperature }: KnnOptions) {
  let gap = Infinity;
  const predictions = Array.from({ length: queries.embeddings.rows }, (_, q) => {
    const query = rowOf(queries, q);
    const neighbours = Array.from(bank.labels, (label, i) => ({ label, s: cosine(query, rowOf(bank, i)) }));
    neighbours.sort((a, b) => b.s - a.s);
    gap = Math.min(gap, (neighbours[k - 1]?.s ?? NaN) - (neighbours[k]?.s ?? -Infinity));
    const votes = new Map<number, number>();
    for (const { label, s } of neighbours.slice(0, k)) {
      votes.set(label, (votes.get(label) ?? 0) + Math.exp(s / temperature));
    }
    const ranking = [...votes].sort(([, a], [, b]) => b - a);
    const [first, second] = ranking;
    gap = Math.min(gap, 1 - (second?.[1] ?? 0) / (first?.[1] ?? NaN));
    return first?.[0] ?? NaN;
  });
  return { predictions, gap };
}

describe('knn', () => {
  it('gives the predictions of the loop over all neighbours', () => {
    let compared = 0;
    fc.assert(
      fc.property(
        fc.record({
          seed: fc.nat(1e6),
          bankRows: fc.integer({ min: 1, max: 30 }),
          rows: fc.integer({ min: 1, max: 12 }),
          dim: fc.integer({ min: 2, max: 6 }),
          classes: fc.integer({ min: 1, max: 5 }),
          share: fc.double({ min: 0, max: 1, noNaN: true }),
          temperature: fc.constantFrom(0.05, 0.5, 3),
          block: fc.constantFrom(undefined, 1, 5, 100),
        }),
        ({ seed, bankRows, rows, dim, classes, share, temperature, block }) => {
          const bank = randomSet(seed, bankRows, dim, classes);
          const queries = randomSet(seed + 1, rows, dim, classes);
          const options = { k: Math.max(1, Math.round(share * bankRows)), temperature };
          const expected = knnLoop(bank, queries, options);
          // What hangs on the last bits of a float32 is not compared.
          fc.pre(expected.gap > 1e-5);
          compared++;
          const found = knn(bank, queries, { ...options, ...(block === undefined ? {} : { block }) });
          expect(Array.from(found.predictions)).toEqual(expected.predictions);
          const right = expected.predictions.filter((label, i) => label === queries.labels[i]).length;
          expect(found.n).toBe(rows);
          expect(found.accuracy).toBeCloseTo(right / rows, 12);
        },
      ),
      { numRuns: 150 },
    );
    expect(compared).toBe(150);
  });

  it('weighs votes: two far neighbours of one class against a near one of another', () => {
    // Angles of 10, 50 and 55 degrees from the query: cosines .985, .643, .574.
    const at = (degrees: number) => [
      Math.cos((degrees * Math.PI) / 180),
      Math.sin((degrees * Math.PI) / 180),
    ];
    const bank = setOf([at(10), at(50), at(-55), at(180)], [0, 1, 1, 2]);
    const queries = setOf([[7, 0]], [1]);
    // exp(.985 / .5) = 7.17 against exp(.643 / .5) + exp(.574 / .5) = 3.62 + 3.15 = 6.77.
    expect(knn(bank, queries, { k: 3, temperature: 0.5 }).predictions[0]).toBe(0);
    // exp(.985) = 2.68 against 1.90 + 1.77 = 3.68.
    const warm = knn(bank, queries, { k: 3, temperature: 1 });
    expect([warm.predictions[0], warm.accuracy, warm.standardError]).toEqual([1, 1, 0]);
    expect(knn(bank, queries, { k: 1, temperature: 1 }).predictions[0]).toBe(0);
  });

  it('has the binomial standard error', () => {
    const bank = setOf([[1, 0], [0, 1]], [0, 1]); // prettier-ignore
    const queries = setOf([[1, 0], [0, 1], [1, 0], [1, 0]], [0, 1, 0, 1]); // prettier-ignore
    const { accuracy, standardError } = knn(bank, queries, { k: 1, temperature: 1 });
    expect(accuracy).toBe(0.75);
    // sqrt(.75 * .25 / 4)
    expect(standardError).toBeCloseTo(0.2165064, 6);
  });

  it('decides equal votes for the smaller class', () => {
    const bank = setOf([[0, 1], [0, -1]], [3, 1]); // prettier-ignore
    expect(knn(bank, setOf([[1, 0]], [0]), { k: 2, temperature: 1 }).predictions[0]).toBe(1);
  });

  it('counts a class that the bank does not have as wrong', () => {
    const bank = setOf([[1, 0]], [0]);
    const found = knn(bank, setOf([[1, 0]], [9]), { k: 1, temperature: 1 });
    expect([found.predictions[0], found.accuracy]).toEqual([0, 0]);
  });

  it.each([1e-3, 1e-6])('neither overflows nor loses all votes at temperature %d', (temperature) => {
    // The cosines are -.6 and -.8: exp(-600) has no place in a double.
    const bank = setOf([[-0.8, 0.6], [-0.6, 0.8]], [0, 1]); // prettier-ignore
    const found = knn(bank, setOf([[1, 0]], [1]), { k: 2, temperature });
    expect(found.predictions[0]).toBe(1);
    const opposite = knn(bank, setOf([[-1, 0]], [0]), { k: 2, temperature });
    expect(opposite.predictions[0]).toBe(0);
  });

  it.each(golden.cases.map((c) => [`k ${c.k}, temperature ${c.temperature}`, c] as const))(
    'gives the predictions of the official monitor in PyTorch (test/golden/knn.py), %s',
    (_, { k, temperature, predictions, accuracy }) => {
      const bank = setOf(golden.bank, golden.bankLabels);
      const queries = setOf(golden.queries, golden.queryLabels);
      for (const block of [undefined, 4]) {
        const found = knn(bank, queries, { k, temperature, ...(block === undefined ? {} : { block }) });
        expect(Array.from(found.predictions)).toEqual(predictions);
        expect(found.accuracy).toBeCloseTo(accuracy, 12);
      }
    },
  );

  it('does not look at the lengths of the vectors', () => {
    const bank = randomSet(1, 40, 5, 3);
    const queries = randomSet(2, 20, 5, 3);
    const scaled = {
      labels: bank.labels,
      embeddings: {
        ...bank.embeddings,
        values: bank.embeddings.values.map((value, i) => value * 2 ** ((Math.floor(i / 5) % 7) - 3)),
      },
    };
    const options = { k: 5, temperature: 0.1 };
    expect(knn(scaled, queries, options)).toEqual(knn(bank, queries, options));
  });

  it('goes through a bank of 50,000 in blocks, of which one is in memory at a time', () => {
    const [bankRows, rows, dim] = [50_000, 640, 64];
    const bank = randomSet(5, bankRows, dim, 10);
    // The queries are items of the bank, scaled: each is its own nearest neighbour.
    const chosen = Array.from({ length: rows }, (_, i) => 71 * i);
    const values = Float32Array.from(
      chosen.flatMap((row) => rowOf(bank, row)),
      (value) => 3 * value,
    );
    const queries = {
      embeddings: { rows, dim, values },
      labels: chosen.map((row) => bank.labels[row] ?? -1),
    };
    const before = tf.memory();
    const backend = nativeBackend();
    const single = backend === null ? undefined : vi.spyOn(backend, 'executeSingleOutput');
    const found = knn(bank, queries, { k: 1, temperature: 0.5 });
    const products = single?.mock.results.map(({ value }) => (value as tf.Tensor).size) ?? [];
    single?.mockRestore();
    expect(found.accuracy).toBe(1);
    const after = tf.memory();
    expect([after.numTensors, after.numBytes]).toEqual([before.numTensors, before.numBytes]);
    // The whole product would be 640 * 50,000 * 4 = 128 MB in one piece.
    const most = 2 ** 25 / 4;
    for (const size of products) expect(size).toBeLessThanOrEqual(most);
    if (single !== undefined) expect(products.reduce((sum, size) => sum + size, 0)).toBe(rows * bankRows);
  });
});

describe('knn refuses', () => {
  const bank = setOf([[1, 0], [0, 1], [1, 1]], [0, 1, 1]); // prettier-ignore
  const queries = setOf([[1, 2]], [1]);
  const options = { k: 1, temperature: 0.5 };
  const changed = (set: LabelledEmbeddings, at: number, value: number): LabelledEmbeddings => {
    const values = set.embeddings.values.slice();
    values[at] = value;
    return { ...set, embeddings: { ...set.embeddings, values } };
  };

  it.each<[string, LabelledEmbeddings, LabelledEmbeddings, KnnOptions, string]>([
    [
      'no labels',
      { embeddings: bank.embeddings } as LabelledEmbeddings,
      queries,
      options,
      'has no labels; give one',
    ],
    ['a k of 0', bank, queries, { ...options, k: 0 }, 'k is 0; it must be a whole number from 1 to the 3'],
    ['a k larger than the bank', bank, queries, { ...options, k: 4 }, 'k is 4; it must be a whole number'],
    ['half a neighbour', bank, queries, { ...options, k: 1.5 }, 'k is 1.5'],
    ['a temperature of 0', bank, queries, { ...options, temperature: 0 }, 'the temperature is 0; it must be'],
    ['a negative temperature', bank, queries, { ...options, temperature: -1 }, 'the temperature is -1'],
    ['a temperature that is none', bank, queries, { ...options, temperature: NaN }, 'the temperature is NaN'],
    ['a block of 0 rows', bank, queries, { ...options, block: 0 }, 'a block of 0 rows was asked for'],
    ['a negative block', bank, queries, { ...options, block: -3 }, 'a block of -3 rows'],
    ['too few labels', { ...bank, labels: [0, 1] }, queries, options, 'the bank has 3 rows and 2 labels'],
    [
      'an unlabelled item',
      { ...bank, labels: [0, -1, 1] },
      queries,
      options,
      'row 1 of the bank has the label -1; labels are whole numbers from 0. Unlabelled images cannot vote.',
    ],
    ['half a label', bank, { ...queries, labels: [0.5] }, options, 'row 0 of the queries has the label 0.5'],
    [
      'vectors of two lengths',
      bank,
      setOf([[1, 2, 3]], [0]),
      options,
      "the bank's vectors have 2 numbers, those of the queries 3",
    ],
    ['a number that is none', changed(bank, 3, NaN), queries, options, 'the bank'],
    ['an infinite number', bank, changed(queries, 1, Infinity), options, 'the queries'],
    [
      'a vector without direction',
      changed(bank, 0, 0),
      queries,
      options,
      'row 0 of the bank is all zeros and has no direction',
    ],
    ['no bank', { embeddings: embeddingsFrom([]), labels: [] }, queries, options, 'the bank'],
    ['no queries', bank, { embeddings: embeddingsFrom([]), labels: [] }, options, 'the queries'],
  ])('%s', (_, votes, asked, settings, message) => {
    const before = tf.memory().numTensors;
    expect(() => knn(votes, asked, settings)).toThrow(RangeError);
    expect(() => knn(votes, asked, settings)).toThrow(message);
    expect(tf.memory().numTensors).toBe(before);
  });
});
