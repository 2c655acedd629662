/** Losses of methods with heads, targets and queues of their own, beside loops over plain numbers. */
import { beforeAll, describe, expect, it } from 'vitest';
import { byol } from '../../src/methods/byol.js';
import { equimod } from '../../src/methods/equimod.js';
import { essl } from '../../src/methods/e-ssl.js';
import { QUEUE, QUEUE_PLACE } from '../../src/methods/key-queue.js';
import type { MethodModel, NetworkMethod, NetworkStep, ViewName } from '../../src/methods/method.js';
import { mocoV2 } from '../../src/methods/moco-v2.js';
import { simclr } from '../../src/methods/simclr.js';
import { initialise, scopeOf, type Variable } from '../../src/nn/module.js';
import { startEngine } from '../../src/tensorflow/engine.js';
import { randomStream } from '../../src/tensorflow/random.js';
import { toTensor, type TensorDataMap } from '../../src/tensorflow/tensor-data.js';
import * as tf from '../../src/tensorflow/tf.js';
import {
  crossEntropyLoop,
  dot,
  infoNceLoop,
  matrix,
  predictionLoop,
  queueInfoNceLoop,
  unitRows,
  type Rows,
} from '../losses/reference.js';

beforeAll(() => {
  startEngine();
});

const BATCH = 6;
const DIM = 4;
const FEATURES = 5;

/** A model of one weight: a projection is the first pixels of an image, times the weight. */
const WEIGHT: Variable = { name: 'w', shape: [1], kind: 'parameter', initial: () => Float32Array.of(2) };
const model: MethodModel = {
  variables: [WEIGHT],
  project: (scope, images) =>
    tf.mul<tf.Tensor2D>(
      tf.slice(tf.reshape(images, [images.shape[0], -1]), [0, 0], [-1, DIM]),
      scope.get('w'),
    ),
  features: FEATURES,
  dim: DIM,
};

const long = (rows: Rows, by: number): number[][] => rows.map((row) => row.map((x) => by * x));
const unit = (rows: Rows): number[][] => rows.map((row) => row.map((x) => x / Math.sqrt(dot(row, row))));
const projections: Partial<Record<ViewName, number[][]>> = {
  first: long(unitRows(1, BATCH, DIM), 3),
  second: long(unitRows(2, BATCH, DIM), 0.5),
};
const projected = (view: ViewName): number[][] => projections[view] ?? [];

/** `x W^T + b`, W being `[out, in]`. */
function linearLoop(rows: Rows, weight: Rows, bias: readonly number[] = []): number[][] {
  return rows.map((row) => weight.map((w, i) => dot(row, w) + (bias[i] ?? 0)));
}
/** Each column with mean 0 and variance 1, with a new module's scale 1 and offset 0. */
function batchNormLoop(rows: Rows): number[][] {
  const columns = (rows[0] ?? []).map((_, j) => {
    const column = rows.map((row) => row[j] ?? NaN);
    const mean = column.reduce((a, b) => a + b, 0) / column.length;
    const variance = column.reduce((sum, x) => sum + (x - mean) ** 2, 0) / column.length;
    return column.map((x) => (x - mean) / Math.sqrt(variance + 1e-5));
  });
  return rows.map((_, i) => columns.map((column) => column[i] ?? NaN));
}
const layerNormLoop = (rows: Rows): number[][] =>
  rows.map((row) => {
    const mean = row.reduce((a, b) => a + b, 0) / row.length;
    const variance = row.reduce((sum, x) => sum + (x - mean) ** 2, 0) / row.length;
    return row.map((x) => (x - mean) / Math.sqrt(variance + 1e-5));
  });
const reluLoop = (rows: Rows): number[][] => rows.map((row) => row.map((x) => Math.max(0, x)));

/** A matrix or vector of the parts, as rows. */
function rowsOf(parts: TensorDataMap, name: string): number[][] {
  const data = parts[name];
  if (data === undefined) throw new Error(`There is no ${name}.`);
  const columns = data.shape.at(-1) ?? 1;
  const rows = data.values.length / columns;
  return Array.from({ length: rows }, (_, i) =>
    Array.from(data.values.slice(i * columns, (i + 1) * columns)),
  );
}

function initialParts(method: NetworkMethod): TensorDataMap {
  return initialise({ variables: method.network.parts ?? [], apply: (_, x) => x }, randomStream(5));
}

/** The loss with its terms, of a step that has what the test gives it. */
function lossOf(
  method: NetworkMethod,
  tensors: TensorDataMap,
  step: (tensors: Readonly<Record<string, tf.Tensor>>) => Partial<NetworkStep>,
): Record<string, number> {
  const none = (): never => {
    throw new Error('The method asked for what it does not need.');
  };
  return tf.tidy(() => {
    const held = Object.fromEntries(Object.entries(tensors).map(([name, data]) => [name, toTensor(data)]));
    const updates = {};
    const { total, terms } = method.loss((view) => matrix(projected(view)), {
      images: none,
      inputs: {},
      features: none,
      encode: none,
      parameters: none,
      targets: {},
      scope: scopeOf(held, true, updates),
      ...step(held),
    });
    tf.dispose(updates);
    return Object.fromEntries(
      Object.entries({ loss: total, ...terms }).map(([name, value]) => [name, value.dataSync()[0] ?? NaN]),
    );
  });
}

describe('MoCo-v2', () => {
  const method = mocoV2(model, {
    batch: BATCH,
    temperature: 0.2,
    momentum: 0.9,
    queue: 12,
    shuffleGroups: 1,
  });
  const state = method.network.state?.(
    { w: { shape: [1], dtype: 'float32', values: Float32Array.of(2) } },
    randomStream(1),
  );
  const keys = unitRows(8, BATCH, DIM);

  it('is InfoNCE of queries against keys and queue', () => {
    const found = lossOf(method, state ?? {}, () => ({ targets: { keys: matrix(keys) } }));
    const expected = queueInfoNceLoop(unit(projected('first')), keys, rowsOf(state ?? {}, QUEUE), 0.2);
    expect(found['loss']).toBeCloseTo(expected, 5);
    expect(found['infoNce']).toBe(found['loss']);
  });

  it("takes its keys from the momentum encoder's weights, on the sphere, of the second view", () => {
    const images = (view: ViewName) => tf.reshape<tf.Rank.R4>(matrix(projected(view)), [BATCH, 1, 1, DIM]);
    const found = tf.tidy(() => {
      const scope = scopeOf({ 'momentum.w': tf.tensor1d([-3]), w: tf.tensor1d([2]) }, true);
      return (method.network.targets?.({ images, scope, inputs: {} })['keys'] as tf.Tensor2D).arraySync();
    });
    const expected = unit(long(projected('second'), -1));
    found.forEach((row, i) => row.forEach((x, j) => expect(x).toBeCloseTo(expected[i]?.[j] ?? NaN, 5)));
  });

  it('brings shuffled keys back to their own images: without batch norm they are those of no shuffle', () => {
    const images = (view: ViewName) => tf.reshape<tf.Rank.R4>(matrix(projected(view)), [BATCH, 1, 1, DIM]);
    const keysIn = (shuffleGroups: number) =>
      tf.tidy(() => {
        const settings = { batch: BATCH, temperature: 0.2, momentum: 0.9, queue: 12, shuffleGroups };
        const { network } = mocoV2(model, settings);
        const drawn = network.inputsAt?.({ random: randomStream(5), step: 0, steps: 1 }) ?? {};
        const places = Object.entries(drawn).filter(([, values]) => values.length === BATCH);
        const inputs = Object.fromEntries(
          places.map(([name, values]) => [name, tf.tensor1d(Array.from(values), 'int32')] as const),
        );
        const scope = scopeOf({ 'momentum.w': tf.tensor1d([-3]), w: tf.tensor1d([2]) }, true);
        const keys = network.targets?.({ images, scope, inputs })['keys'] as tf.Tensor2D;
        return { order: places.map(([, values]) => Array.from(values)), keys: keys.arraySync() };
      });
    const [plain, shuffled] = [keysIn(1), keysIn(3)];
    expect(plain.order).toEqual([]);
    // An order that leaves every image where it is would show nothing.
    expect(shuffled.order[0]).not.toEqual(Array.from({ length: BATCH }, (_, i) => i));
    expect(shuffled.order[0]).not.toEqual(shuffled.order[1]);
    expect(shuffled.keys).toEqual(plain.keys);
  });

  it('then moves the momentum encoder towards the new weights and puts the keys into the queue', () => {
    const [queue, place, slow] = tf.tidy(() => {
      const next = method.network.after?.({
        state: {
          [QUEUE]: matrix(rowsOf(state ?? {}, QUEUE)),
          [QUEUE_PLACE]: tf.scalar(1, 'int32'),
          'momentum.w': tf.tensor1d([10]),
          w: tf.tensor1d([2]),
        },
        updated: { w: tf.tensor1d([3]) },
        targets: { keys: matrix(keys) },
        inputs: { 'momentum.rate': tf.scalar(0.9) },
      });
      return [QUEUE, QUEUE_PLACE, 'momentum.w'].map((name) => Array.from(next?.[name]?.dataSync() ?? []));
    });
    expect(slow?.[0]).toBeCloseTo(0.9 * 10 + 0.1 * 3, 5);
    expect(place).toEqual([0]);
    const before = rowsOf(state ?? {}, QUEUE).slice(0, BATCH);
    expect(queue).toEqual([...before.flat(), ...keys.flat().map(Math.fround)]);
  });
});

/** BYOL's predictor on a view's projections. */
function byolPredicted(parts: TensorDataMap, view: ViewName): number[][] {
  const hidden = batchNormLoop(linearLoop(projected(view), rowsOf(parts, 'predictor.0.weight')));
  return linearLoop(
    reluLoop(hidden),
    rowsOf(parts, 'predictor.3.weight'),
    rowsOf(parts, 'predictor.3.bias')[0],
  );
}

describe('BYOL', () => {
  const method = byol(model, { momentum: 0.99, hidden: 7 });

  it("is the predictor's distance to the other view's target, both ways", () => {
    const parts = initialParts(method);
    const targets = { first: long(unitRows(3, BATCH, DIM), 2), second: unitRows(4, BATCH, DIM) };
    const predicted = (view: ViewName) => byolPredicted(parts, view);
    const found = lossOf(method, parts, () => ({
      targets: { first: matrix(targets.first), second: matrix(targets.second) },
    }));
    const expected =
      predictionLoop(predicted('first'), targets.second) + predictionLoop(predicted('second'), targets.first);
    expect(found['loss']).toBeCloseTo(expected, 4);
    // Not that of a view with itself.
    const swapped =
      predictionLoop(predicted('first'), targets.first) + predictionLoop(predicted('second'), targets.second);
    expect(Math.abs(expected - swapped)).toBeGreaterThan(0.05);
  });
});

describe('EquiMod', () => {
  const own = { weight: 0.7, temperature: 0.2, hidden: 6, parameters: 3 };
  const features: Partial<Record<ViewName, number[][]>> = {
    original: unitRows(11, BATCH, FEATURES),
    first: unitRows(12, BATCH, FEATURES),
    second: unitRows(13, BATCH, FEATURES),
  };
  const parameters: Partial<Record<ViewName, number[][]>> = {
    first: unitRows(14, BATCH, 3),
    second: unitRows(15, BATCH, 3),
  };
  const given = {
    features: (view: ViewName) => matrix(features[view] ?? []),
    parameters: (view: ViewName) => matrix(parameters[view] ?? []),
  };

  /** InfoNCE of the views with what is predicted of original and parameters, all by the network that is trained. */
  function displacementLoop(parts: TensorDataMap): number {
    const layer = (rows: Rows, name: string) =>
      batchNormLoop(linearLoop(rows, rowsOf(parts, `equimod.${name}`)));
    const all = [...(features.original ?? []), ...(features.first ?? []), ...(features.second ?? [])];
    const embedded = layer(
      reluLoop(layer(reluLoop(layer(all, 'head.0.weight')), 'head.3.weight')),
      'head.6.weight',
    );
    const described = layer(
      [...(parameters.first ?? []), ...(parameters.second ?? [])],
      'parameters.0.weight',
    );
    const origin = embedded.slice(0, BATCH);
    const joined = [...origin, ...origin].map((row, i) => [...row, ...(described[i] ?? [])]);
    const predicted = layer(joined, 'predictor.0.weight');
    return infoNceLoop(unit(embedded.slice(BATCH)), unit(predicted), 0.2);
  }

  it('on SimCLR is InfoNCE, and InfoNCE of the views with what is predicted of original and parameters', () => {
    const method = equimod(model, simclr({ temperature: 0.5, negativeGroups: 1 }), own);
    const parts = initialParts(method);
    const contrast = infoNceLoop(unit(projected('first')), unit(projected('second')), 0.5);
    const displacement = displacementLoop(parts);
    const found = lossOf(method, parts, () => given);
    expect(found['infoNce']).toBeCloseTo(contrast, 4);
    expect(found['displacement']).toBeCloseTo(displacement, 3);
    expect(found['loss']).toBeCloseTo(contrast + 0.7 * displacement, 3);
  });

  it("on BYOL is BYOL's loss and the same module; the momentum network gives targets to BYOL alone", () => {
    const base = byol(model, { momentum: 0.99, hidden: 7 });
    const method = equimod(model, base, own);
    const parts = initialParts(method);
    const targets = { first: long(unitRows(3, BATCH, DIM), 2), second: unitRows(4, BATCH, DIM) };
    const found = lossOf(method, parts, () => ({
      ...given,
      targets: { first: matrix(targets.first), second: matrix(targets.second) },
    }));
    const prediction =
      predictionLoop(byolPredicted(parts, 'first'), targets.second) +
      predictionLoop(byolPredicted(parts, 'second'), targets.first);
    const displacement = displacementLoop(parts);
    expect(found['prediction']).toBeCloseTo(prediction, 4);
    expect(found['displacement']).toBeCloseTo(displacement, 3);
    expect(found['loss']).toBeCloseTo(prediction + 0.7 * displacement, 3);
    // What BYOL keeps and computes besides is BYOL's: its momentum encoder has encoder and head, and no part of the module.
    const weights: TensorDataMap = { w: { shape: [1], dtype: 'float32', values: Float32Array.of(2) } };
    expect(Object.keys(method.network.state?.({ ...weights, ...parts }, randomStream(1)) ?? {})).toEqual([
      'momentum.w',
    ]);
  });

  it('sends its gradient into the features of the original and of both views alike', () => {
    const method = equimod(model, byol(model, { momentum: 0.99, hidden: 7 }), own);
    const parts = initialParts(method);
    const names = ['original', 'first', 'second'] as const;
    const lossWith = (held: readonly tf.Tensor[]) => {
      const tensors = Object.fromEntries(Object.entries(parts).map(([name, data]) => [name, toTensor(data)]));
      return method.loss((view) => matrix(projected(view)), {
        images: () => tf.zeros([BATCH, 1, 1, DIM]),
        inputs: {},
        encode: () => tf.zeros([BATCH, FEATURES]),
        ...given,
        features: (view) => held[names.indexOf(view as (typeof names)[number])] as tf.Tensor2D,
        targets: { first: matrix(projected('first')), second: matrix(projected('second')) },
        scope: scopeOf(tensors, true, {}),
      }).terms['displacement'] as tf.Scalar;
    };
    const [value, sizes] = tf.tidy(() => {
      const held = names.map((name) => matrix(features[name] ?? []));
      const { value: loss, grads } = tf.valueAndGrads((...given) => lossWith(given))(held);
      return [
        loss.dataSync()[0] ?? NaN,
        grads.map((gradient) => Math.hypot(...(gradient.dataSync() as Float32Array))),
      ] as const;
    });
    expect(value).toBeGreaterThan(0);
    for (const size of sizes) expect(size).toBeGreaterThan(1e-3);
  });
});

describe('E-SSL', () => {
  it('is InfoNCE, and the cross-entropy of four turns by the features of turned images', () => {
    // Features are the pixels themselves: images of 2 x 2 with 3 channels.
    const pixels = { ...model, features: 12 };
    const method = essl(pixels, { temperature: 0.5, negativeGroups: 1, weight: 0.4, hidden: 6 });
    const parts = initialParts(method);
    const images = unitRows(21, BATCH, 12);
    // Where the pixel of each place comes from, by turn.
    const from = [
      [0, 1, 2, 3],
      [1, 3, 0, 2],
      [3, 2, 1, 0],
      [2, 0, 3, 1],
    ];
    const turned = from.flatMap((places) =>
      images.map((image) => places.flatMap((place) => image.slice(3 * place, 3 * place + 3))),
    );
    const layer = (rows: Rows, name: string) =>
      linearLoop(
        rows,
        rowsOf(parts, `essl.predictor.${name}.weight`),
        rowsOf(parts, `essl.predictor.${name}.bias`)[0],
      );
    const hidden = reluLoop(layerNormLoop(layer(turned, '0')));
    const logits = layer(reluLoop(layerNormLoop(layer(hidden, '3'))), '6');
    const labels = from.flatMap((_, turn) => images.map(() => turn));
    const rotation = crossEntropyLoop(logits, labels);
    const contrast = infoNceLoop(unit(projected('first')), unit(projected('second')), 0.5);
    const found = lossOf(method, parts, () => ({
      images: () => tf.reshape<tf.Rank.R4>(matrix(images), [BATCH, 2, 2, 3]),
      encode: (given) => tf.reshape<tf.Rank.R2>(given, [-1, 12]),
    }));
    expect(found['rotation']).toBeCloseTo(rotation, 4);
    expect(found['loss']).toBeCloseTo(contrast + 0.4 * rotation, 4);
  });
});
