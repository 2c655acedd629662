import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { randomRotation, axisRotation } from '../../../src/augment/rotations.js';
import { trainingSchema, type TrainingConfig } from '../../../src/experiments/protein/config.js';
import { proteinEncoder } from '../../../src/experiments/protein/encoder.js';
import { cloudTensor, initialWeights, proteinModel } from '../../../src/experiments/protein/training.js';
import { scopeOf } from '../../../src/nn/module.js';
import { startEngine } from '../../../src/tensorflow/engine.js';
import { randomStream } from '../../../src/tensorflow/random.js';
import { toTensor } from '../../../src/tensorflow/tensor-data.js';
import * as tf from '../../../src/tensorflow/tf.js';

beforeAll(() => {
  startEngine();
});

const POINTS = 6;
const STRUCTURES = 5;
const noise = randomStream(11);
const coordinates = Float32Array.from({ length: STRUCTURES * POINTS * 3 }, noise.normal);
const IDENTITY = Float32Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1);

function configOf(pooling: 'mean' | 'max' | 'sum'): TrainingConfig {
  return trainingSchema.parse({ model: { phi: [7, 9], pooling, rho: [8, 5] } });
}

/** The points of a structure, each turned: `R x`, written out. */
function turned(structure: number, rotation: Float32Array): number[] {
  const cloud = coordinates.subarray(structure * POINTS * 3, (structure + 1) * POINTS * 3);
  return Array.from({ length: POINTS }, (_, p) =>
    [0, 1, 2].map((i) =>
      [0, 1, 2].reduce((sum, j) => sum + (rotation[3 * i + j] ?? NaN) * (cloud[3 * p + j] ?? NaN), 0),
    ),
  ).flat();
}

/** The model itself, on one cloud. */
function embeddedAlone(config: TrainingConfig, cloud: readonly number[]): number[] {
  return tf.tidy(() => {
    const weights = Object.entries(initialWeights(config)).map(
      ([name, data]) => [name, toTensor(data)] as const,
    );
    const scope = scopeOf(Object.fromEntries(weights), false);
    const result = proteinModel(config).apply(scope, tf.tensor3d([...cloud], [1, POINTS, 3]));
    return Array.from(result.dataSync());
  });
}

function rowOf({ dim, values }: { dim: number; values: Float32Array }, row: number): number[] {
  return Array.from(values.subarray(row * dim, (row + 1) * dim));
}

function expectClose(actual: readonly number[], expected: readonly number[], within = 1e-5): void {
  expect(actual).toHaveLength(expected.length);
  actual.forEach((value, i) => expect(Math.abs(value - (expected[i] ?? NaN))).toBeLessThan(within));
}

describe.each(['mean', 'max', 'sum'] as const)('embeddings with %s pooling', (pooling) => {
  const config = configOf(pooling);

  it('are those of the model on each turned cloud alone, also in a short last batch', () => {
    const encoder = proteinEncoder(config, initialWeights(config), cloudTensor(coordinates, POINTS));
    try {
      // 128 rows go through at a time: one whole batch, and three rows in the last.
      const structures = Array.from({ length: 131 }, (_, row) => (3 * row + 1) % STRUCTURES);
      const stream = randomStream(3);
      const rotations = structures.map(() => randomRotation(stream));
      const found = encoder.embed(structures, (row) => rotations[row] ?? IDENTITY);
      expect([found.rows, found.dim, found.values.length]).toEqual([131, 5, 131 * 5]);
      for (const row of [0, 1, 2, 64, 127, 128, 129, 130]) {
        const cloud = turned(structures[row] ?? 0, rotations[row] ?? IDENTITY);
        expectClose(rowOf(found, row), embeddedAlone(config, cloud));
        expect(Math.hypot(...rowOf(found, row))).toBeCloseTo(1, 5);
      }
    } finally {
      encoder.dispose();
    }
  });
});

describe('an encoder', () => {
  const config = configOf('max');
  const encoder = () => proteinEncoder(config, initialWeights(config), cloudTensor(coordinates, POINTS));

  it('turns each row by its own rotation, asked for by the number of the row', () => {
    const made = encoder();
    const asked: number[] = [];
    const quarter = axisRotation(2, Math.PI / 2);
    const structures = new Array<number>(130).fill(2);
    const found = made.embed(structures, (row) => {
      asked.push(row);
      return row === 129 ? quarter : IDENTITY;
    });
    made.dispose();
    expect(asked).toEqual(structures.map((_, row) => row));
    const still = embeddedAlone(config, turned(2, IDENTITY));
    const moved = embeddedAlone(config, turned(2, quarter));
    expectClose(rowOf(found, 128), still);
    expectClose(rowOf(found, 129), moved);
    // The rotation tells: this network is not invariant.
    expect(Math.hypot(...still.map((value, i) => value - (moved[i] ?? NaN)))).toBeGreaterThan(0.01);
  });

  it('gives no rows for no structures', () => {
    const made = encoder();
    expect(made.embed([], () => IDENTITY)).toEqual({ rows: 0, dim: 5, values: new Float32Array(0) });
    made.dispose();
  });

  it('leaves no tensor behind', () => {
    const count = () => tf.memory().numTensors;
    const before = count();
    const made = encoder();
    made.embed([0, 1], () => IDENTITY);
    const during = count();
    made.embed([2, 3, 4], () => IDENTITY);
    expect(count()).toBe(during);
    made.dispose();
    expect(count()).toBe(before);
  });
});

describe('the order of the points', () => {
  // Copies of one structure with its points in many orders, all in one encoder: rows of one call.
  const ORDERS = 40;
  const config = configOf('mean');
  const base = coordinates.subarray(0, POINTS * 3);
  const orders = fc.sample(
    fc.shuffledSubarray([...Array(POINTS).keys()], { minLength: POINTS, maxLength: POINTS }),
    { numRuns: ORDERS, seed: 1 },
  );
  const shuffled = Float32Array.from(
    orders.flatMap((order) => order.flatMap((point) => Array.from(base.subarray(3 * point, 3 * point + 3)))),
  );
  let encoder: ReturnType<typeof proteinEncoder> | undefined;
  beforeAll(() => {
    encoder = proteinEncoder(config, initialWeights(config), cloudTensor(shuffled, POINTS));
  });
  afterAll(() => encoder?.dispose());

  it('does not change the embedding, in any orientation', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat({ max: ORDERS - 1 }), fc.nat({ max: ORDERS - 1 }), (seed, a, b) => {
        const rotation = randomRotation(randomStream(seed));
        const found = encoder?.embed([a, b], () => rotation);
        if (found === undefined) throw new Error('There is no encoder.');
        expectClose(rowOf(found, 0), rowOf(found, 1));
      }),
      { numRuns: 20 },
    );
    expect(new Set(orders.map(String)).size).toBeGreaterThan(ORDERS / 2);
  });
});
