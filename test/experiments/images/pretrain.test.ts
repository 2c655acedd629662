import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { imagesFromBytes } from '../../../src/augment/images.js';
import { CIFAR_NORMALIZE } from '../../../src/augment/normalize.js';
import type { DataSet } from '../../../src/data/data-set.js';
import { InterruptedError } from '../../../src/experiments/execute-run.js';
import { measureSchema, type ImageConfig } from '../../../src/experiments/images/config.js';
import { embeddingProgram, embedImages } from '../../../src/experiments/images/embedding.js';
import { imageModel, initialWeights } from '../../../src/experiments/images/model.js';
import {
  loadImageTask,
  pretrain,
  type ImageTask,
  type PretrainOptions,
} from '../../../src/experiments/images/pretrain.js';
import { imageTraining } from '../../../src/experiments/images/training.js';
import { embeddingsFrom } from '../../../src/measure/embeddings.js';
import { knn } from '../../../src/measure/knn.js';
import { scopeOf } from '../../../src/nn/module.js';
import type { RunRecord } from '../../../src/runs/record.js';
import { openStore, type RunStore } from '../../../src/runs/store.js';
import { startEngine } from '../../../src/tensorflow/engine.js';
import { toTensor, type TensorDataMap } from '../../../src/tensorflow/tensor-data.js';
import * as tf from '../../../src/tensorflow/tf.js';
import { saveCheckpoint } from '../../../src/train/checkpoint.js';
import { decodeSafetensors } from '../../../src/train/safetensors.js';
import { UserError } from '../../../src/train/user-error.js';
import { noiseImages, tinyConfig, type TinyChange } from './tiny.js';

// Steps take milliseconds, but programs are made by the dozen, on machines that may be busy.
vi.setConfig({ testTimeout: 180_000 });

startEngine({ intraOpThreads: 1, interOpThreads: 1 });

const folder = mkdtempSync(join(tmpdir(), 'care-pretrain-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let stores = 0;
const newStore = () => openStore(join(folder, `runs-${stores++}`));

/** 24 generated images of 16 x 16 pixels: three steps an epoch, nine in all. */
const IMAGES = 24;
const STEPS = 9;
const configOf = (change: TinyChange = {}): ImageConfig => ({
  ...tinyConfig({ ...change, training: { epochs: 3, ...change.training } }),
  data: { name: 'generated', size: 16, limit: IMAGES, seed: 0 },
});
const measuresOf = (change: Record<string, unknown> = {}) => measureSchema.parse({ k: 5, ...change });

/** Trains, and keeps what happened: the phases, and the steps of training. */
async function pretrained(store: RunStore, change: Partial<PretrainOptions> = {}) {
  const phases: string[] = [];
  const steps: number[] = [];
  const remarks: string[] = [];
  const record = await pretrain({
    store,
    config: configOf(),
    measures: measuresOf(),
    profile: 'smoke',
    preset: 'paper',
    onRemark: (remark) => remarks.push(remark),
    onPhase: (phase, progress) => {
      phases.push(phase);
      if (progress !== undefined) steps.push(progress.step);
    },
    ...change,
  });
  return { record, steps, remarks, phases: [...new Set(phases)] };
}

function fileOf(store: RunStore, record: RunRecord, name: string): Buffer {
  return readFileSync(join(store.dir, record.id, name));
}

function weightsOf(store: RunStore, record: RunRecord): TensorDataMap {
  return decodeSafetensors(fileOf(store, record, 'weights.safetensors'), 'weights').tensors;
}

/** The run of the default settings, left alone: made once, for the tests that only look at it. */
let made: { store: RunStore; record: RunRecord; steps: number[]; remarks: string[] } | undefined;
async function undisturbed() {
  if (made === undefined) {
    const store = newStore();
    made = { store, ...(await pretrained(store)) };
  }
  return made;
}

type MetricLine = Readonly<Record<string, number>>;

function metricsOf(store: RunStore, record: RunRecord): MetricLine[] {
  const lines = fileOf(store, record, 'metrics.jsonl').toString().trim().split('\n');
  return lines.map((line) => JSON.parse(line) as MetricLine);
}

/** The steps with kNN metrics. */
function looksOf(store: RunStore, record: RunRecord): number[] {
  return metricsOf(store, record).flatMap(({ step, knn }) => (knn === undefined ? [] : [step ?? NaN]));
}

/** Features of images by the model itself, one image at a time. */
function featuresOf(config: ImageConfig, weights: TensorDataMap, images: DataSet): number[][] {
  const model = imageModel(config);
  const { mean, std } = CIFAR_NORMALIZE;
  return Array.from({ length: images.length }, (_, i) =>
    tf.tidy(() => {
      const held = Object.fromEntries(Object.entries(weights).map(([name, data]) => [name, toTensor(data)]));
      const bytes = tf.tensor4d(Array.from(images.batch([i])), [1, images.height, images.width, 3], 'int32');
      const normal = imagesFromBytes(bytes)
        .sub(tf.tensor1d([...mean]))
        .div(tf.tensor1d([...std]));
      return Array.from(model.features.apply(scopeOf(held, false), normal as tf.Tensor4D).dataSync());
    }),
  );
}

describe('pretraining that was interrupted', () => {
  it.each([1, 5, 8])('after step %d ends in the same bits and metrics as undisturbed', async (stop) => {
    const left = await undisturbed();
    expect(left.steps.at(-1)).toBe(STEPS);
    const store = newStore();
    const controller = new AbortController();
    const first = pretrained(store, {
      signal: controller.signal,
      onPhase: (_, progress) => progress?.step === stop && controller.abort(),
    });
    await expect(first).rejects.toThrow(InterruptedError);
    await expect(first).rejects.toThrow(`at step ${stop} of ${STEPS}`);
    const { record, steps } = await pretrained(store);
    expect(steps[0]).toBe(stop + 1);
    const bytes = fileOf(store, record, 'weights.safetensors');
    expect(bytes.equals(fileOf(left.store, left.record, 'weights.safetensors'))).toBe(true);
    expect(metricsOf(store, record)).toEqual(metricsOf(left.store, left.record));
    const { estimates } = record.measurements['knn'] ?? {};
    expect(estimates).toEqual(left.record.measurements['knn']?.estimates);
    expect(record.sessions).toHaveLength(2);
  });
});

describe('the monitor', () => {
  it('looks after every epoch', async () => {
    const { store, record } = await undisturbed();
    expect(looksOf(store, record)).toEqual([2, 5, 8]);
    expect(record.measurements['knn']?.estimates['accuracy']?.n).toBe(IMAGES);
  });

  it.each([
    [2, [5, 8]],
    [0, []],
  ])('looks every %d epochs and at the end, and leaves the weights alone', async (knnEvery, steps) => {
    const store = newStore();
    const { record } = await pretrained(store, { measures: measuresOf({ knnEvery }) });
    expect(looksOf(store, record)).toEqual(steps);
    expect(record.weights).toEqual((await undisturbed()).record.weights);
  });

  it('finds at the end what is measured afterwards, which is what the model itself gives', async () => {
    const config = configOf();
    const { store, record } = await undisturbed();
    const estimates = record.measurements['knn']?.estimates ?? {};
    const last = metricsOf(store, record).at(-1);
    expect(estimates['accuracy']?.value).toBeCloseTo(100 * (last?.['knn'] ?? NaN), 6);
    const task = await loadImageTask(config);
    const accuracyOf = (weights: TensorDataMap) => {
      const labelled = (set: DataSet) => ({
        embeddings: embeddingsFrom(featuresOf(config, weights, set)),
        labels: set.labels,
      });
      return knn(labelled(task.train), labelled(task.test), { k: 5, temperature: 0.5 });
    };
    const weights = weightsOf(store, record);
    const trained = accuracyOf(weights);
    expect(estimates['accuracy']).toEqual({
      value: 100 * trained.accuracy,
      unit: '%',
      sd: 100 * trained.standardError,
      n: IMAGES,
      kind: 'standard error over samples',
    });
    expect(estimates['untrained']?.value).toBe(100 * accuracyOf(initialWeights(config)).accuracy);
    expect(estimates['chance']?.value).toBeCloseTo(100 / task.train.classNames.length, 6);
  });

  it('says when fewer images can vote than were asked for, and records how many did', async () => {
    const { record, remarks } = await pretrained(newStore(), { measures: measuresOf({ k: 200 }) });
    expect(remarks).toContain(`measures.k is 200, but ${IMAGES} images can vote; all of them do.`);
    expect(record.measurements['knn']?.settings).toMatchObject({ k: IMAGES });
    const limited = await pretrained(newStore(), { measures: measuresOf({ k: 9, knnLimit: 7 }) });
    expect(limited.remarks).toContain('measures.k is 9, but 7 images can vote; all of them do.');
    expect(limited.record.measurements['knn']?.estimates['accuracy']?.n).toBe(7);
    expect((await undisturbed()).remarks).toEqual([]);
  });
});

describe('a run that is there', () => {
  it('is found without training or measuring, and not written to', async () => {
    const { store, record } = await undisturbed();
    const before = readdirSync(join(store.dir, record.id), { recursive: true });
    const again = await pretrained(store);
    expect(again.phases).toEqual(['ready']);
    expect(again.record).toEqual(record);
    expect(readdirSync(join(store.dir, record.id), { recursive: true })).toEqual(before);
  });

  it('is only measured anew under other settings of measures', async () => {
    const store = newStore();
    const { record } = await pretrained(store);
    const again = await pretrained(store, { measures: measuresOf({ k: 3 }) });
    expect(again.phases).toEqual(['measuring', 'ready']);
    expect([again.record.id, again.record.weights]).toEqual([record.id, record.weights]);
    expect(again.record.measurements['knn']?.key).not.toBe(record.measurements['knn']?.key);
    expect(again.record.measurements['knn']?.settings).toMatchObject({ k: 3 });
  });

  it('is another one for every setting of training', async () => {
    const store = newStore();
    const ids = new Set<string>();
    const changes: TinyChange[] = [
      {},
      { seed: 1 },
      { method: 'simclr' },
      { training: { pairs: 'per-batch' } },
      { augmentation: { blur: 0 } },
    ];
    for (const change of changes) {
      const config = configOf({ ...change, training: { ...change.training, epochs: 0 } });
      ids.add((await pretrained(store, { config })).record.id);
    }
    expect(ids.size).toBe(changes.length);
  });

  it('holds the initial weights where it was not trained', async () => {
    const store = newStore();
    const config = configOf({ method: 'untrained' });
    const { record, phases } = await pretrained(store, { config });
    expect(phases).toEqual(['measuring', 'ready']);
    expect(weightsOf(store, record)).toEqual(initialWeights(config));
    const { accuracy, untrained } = record.measurements['knn']?.estimates ?? {};
    expect(accuracy?.value).toBe(untrained?.value);
  });
});

describe('pretraining refuses', () => {
  it.each<[string, TinyChange, string]>([
    ['a batch larger than the data', { training: { batch: 32 } }, 'The batch of 32 is larger than the 24'],
    ['chunks of one image', { training: { chunks: 8 } }, 'cannot be cut into 8 chunks'],
    ['pieces that do not fit', { training: { microBatch: 3 } }, 'cannot be cut into pieces of 3'],
  ])('%s, and writes nothing', async (_, change, message) => {
    const store = newStore();
    await expect(pretrained(store, { config: configOf(change) })).rejects.toThrow(message);
    expect(store.list()).toEqual([]);
    expect(existsSync(store.dir)).toBe(false);
  });
});

describe('a checkpoint of another architecture', () => {
  it('is refused with the first parameters that differ, in which shapes, and stays', async () => {
    const store = newStore();
    const controller = new AbortController();
    const stopped = pretrained(store, {
      signal: controller.signal,
      onPhase: (_, progress) => progress?.step === 2 && controller.abort(),
    });
    await expect(stopped).rejects.toThrow(InterruptedError);
    const [entry] = store.list();
    const checkpoints = join(entry?.dir ?? '', 'checkpoints');
    const other = configOf({ model: { width: 3 } });
    const training = imageTraining(other, 'care', (await loadImageTask(other)).train, 'eager');
    saveCheckpoint(checkpoints, { step: 3, tensors: training.program.readState() });
    training.program.dispose();
    const resumed = pretrained(store);
    await expect(resumed).rejects.toThrow(UserError);
    await expect(resumed).rejects.toThrow(
      'The checkpoint of step 3 does not fit what is to be trained. small care: this state is of another program: ' +
        '"encoder.conv1.weight" is float32 [3, 3, 3, 3], expected float32 [3, 3, 3, 2]',
    );
    expect(readdirSync(checkpoints)).toContain('step-00000003.json');
  });
});

describe('embeddings of images', () => {
  it('are those of the model on each image alone, also in a short last batch', () => {
    const config = tinyConfig();
    const images = noiseImages(131);
    const weights = initialWeights(config);
    const program = embeddingProgram(config, weights, images);
    const found = embedImages(program, images);
    program.dispose();
    const dim = imageModel(config).features.dim;
    expect([found.features.rows, found.features.dim, found.features.values.length]).toEqual([
      131,
      dim,
      131 * dim,
    ]);
    expect([found.embeddings.rows, found.embeddings.dim]).toEqual([131, config.model.dim]);
    const expected = featuresOf(config, weights, images);
    expected.forEach((row, i) =>
      row.forEach((value, j) =>
        expect(Math.abs((found.features.values[i * dim + j] ?? NaN) - value)).toBeLessThan(1e-5),
      ),
    );
    for (const row of [0, 127, 128, 130]) {
      const embedding = found.embeddings.values.subarray(row * 4, row * 4 + 4);
      expect(Math.hypot(...embedding)).toBeCloseTo(1, 5);
    }
  });
});

describe('the task', () => {
  it('has the same images for every seed of training, and others for another seed of data', async () => {
    const of = async (seed: number, data: number): Promise<ImageTask> =>
      loadImageTask({ ...configOf({ seed }), data: { ...configOf().data, seed: data } });
    const [a, b, c] = [await of(0, 0), await of(1, 0), await of(0, 1)];
    expect(b.train.provenance).toEqual(a.train.provenance);
    expect(c.train.provenance.sha256).not.toBe(a.train.provenance.sha256);
    expect([a.train.length, a.test.length, a.train.height]).toEqual([IMAGES, IMAGES, 16]);
    expect(a.train.batch([0])).not.toEqual(a.test.batch([0]));
  });
});
