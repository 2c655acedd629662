import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { augmentedEncoder, withoutNormalize } from '../../../src/experiments/images/augmented-embedding.js';
import { imageMeasureSchema } from '../../../src/experiments/images/measure-config.js';
import { measureImageRun } from '../../../src/experiments/images/measure-run.js';
import { IMAGE_MEASURES, type ImageSubject } from '../../../src/experiments/images/measures.js';
import { imageAugmentation, imageModel, initialWeights } from '../../../src/experiments/images/model.js';
import { officialProbe } from '../../../src/experiments/images/official-probe.js';
import { pretrain } from '../../../src/experiments/images/pretrain.js';
import { canTransfer } from '../../../src/experiments/images/transfer.js';
import { imageConfig } from '../../../src/experiments/images/settings.js';
import { EMBED_BATCH } from '../../../src/experiments/images/embedding.js';
import { PROBE_PRESETS } from '../../../src/measure/linear-probe.js';
import { scopeOf } from '../../../src/nn/module.js';
import { openStore } from '../../../src/runs/store.js';
import { startEngine } from '../../../src/tensorflow/engine.js';
import { randomStream } from '../../../src/tensorflow/random.js';
import { toTensor } from '../../../src/tensorflow/tensor-data.js';
import * as tf from '../../../src/tensorflow/tf.js';
import type { ProfileName } from '../../../src/runs/profiles.js';
import type { Json } from '../../../src/runs/record.js';
import { solidPng, writeFiles } from '../../data/image-files.js';
import { noiseImages, tinyConfig } from './tiny.js';

vi.setConfig({ testTimeout: 180_000 });
startEngine({ intraOpThreads: 1, interOpThreads: 1 });

const folder = mkdtempSync(join(tmpdir(), 'care-measures-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const config = tinyConfig();
const task = { train: noiseImages(40), test: noiseImages(30, { seed: 2 }) };
const elsewhere = {
  train: noiseImages(40, { classes: 5, seed: 3 }),
  test: noiseImages(20, { classes: 5, seed: 4 }),
};
const subject: ImageSubject = { config, task, elsewhere, weights: initialWeights(config) };
const settings = imageMeasureSchema.parse({
  augmentations: 3,
  compositions: 2,
  neighbours: { k: 5 },
  probe: { epochs: 2, batch: 16 },
  classifierSeeds: [0, 1],
});

/** Features of images after a function of tensors, op by op. */
function featuresOf(change: (images: tf.Tensor4D) => tf.Tensor4D): number[] {
  return tf.tidy(() => {
    const weights = Object.fromEntries(
      Object.entries(subject.weights).map(([name, data]) => [name, toTensor(data)]),
    );
    const bytes = task.test.batch(Array.from({ length: task.test.length }, (_, i) => i));
    const pixels = Float32Array.from(bytes, (byte) => byte / 255);
    const images = change(tf.tensor4d(pixels, [task.test.length, 16, 16, 3]));
    return Array.from(imageModel(config).features.apply(scopeOf(weights, false), images).dataSync());
  });
}

describe('augmentedEncoder', () => {
  it('embeds every image after the one augmentation that was drawn, or after two of them', () => {
    const second = imageAugmentation(config, task.test);
    const first = withoutNormalize(second);
    const draw = (seed: number) => second.draw(randomStream(seed), 1);
    const encoder = augmentedEncoder(config, subject.weights, task.test, {
      one: [second],
      both: [first, second],
    });
    const forBatch = (seed: number) => second.repeat(draw(seed), EMBED_BATCH);
    const one = encoder.augmented('one', task.test, () => [forBatch(1)]);
    const both = encoder.augmented('both', task.test, () => [forBatch(1), forBatch(2)]);
    encoder.dispose();
    const apply = (augmentation: typeof first, images: tf.Tensor4D, seed: number) => {
      const drawn = augmentation.repeat(draw(seed), task.test.length);
      const values = augmentation.inputValues(drawn);
      const inputs = Object.fromEntries(
        Object.entries(augmentation.inputs(task.test.length)).map(([key, { shape, dtype }]) => [
          key,
          tf.tensor(values[key] ?? [], [...shape], dtype),
        ]),
      );
      return augmentation.apply(images, inputs);
    };
    const expectedOne = featuresOf((images) => apply(second, images, 1));
    const expectedBoth = featuresOf((images) => apply(second, apply(first, images, 1), 2));
    expect(one.features.rows).toBe(30);
    for (const [found, expected] of [
      [one, expectedOne],
      [both, expectedBoth],
    ] as const) {
      expect(found.features.values.length).toBe(expected.length);
      expected.forEach((value, k) =>
        expect(Math.abs((found.features.values[k] ?? NaN) - value)).toBeLessThan(1e-4),
      );
    }
    expect(expectedOne).not.toEqual(expectedBoth);
  });
});

describe('the measures of images', () => {
  it.each(Object.keys(IMAGE_MEASURES) as (keyof typeof IMAGE_MEASURES)[])(
    '%s gives finite numbers, before and after the head, the same for the same seed',
    (name) => {
      const before = tf.memory().numTensors;
      const found = IMAGE_MEASURES[name].measure(subject, settings);
      expect(tf.memory().numTensors).toBe(before);
      const names = Object.keys(found.estimates);
      expect(names.length).toBeGreaterThan(0);
      for (const estimate of Object.values(found.estimates)) {
        expect(Number.isFinite(estimate.value)).toBe(true);
        if (estimate.sd !== undefined) expect(estimate.kind).toBeDefined();
      }
      for (const table of Object.values(found.tables ?? {})) {
        expect(new Set(Object.values(table).map((column) => column.length)).size).toBe(1);
      }
      if (name !== 'probe-official') {
        expect(names.some((key) => key.startsWith('features.'))).toBe(true);
        expect(names.some((key) => key.startsWith('embedding.'))).toBe(true);
      }
      expect(IMAGE_MEASURES[name].measure(subject, settings)).toEqual(found);
    },
  );

  it('tells by transfer how a probe reads the other images, and nothing of its own', () => {
    const found = IMAGE_MEASURES.transfer.measure(subject, settings);
    const { elsewhere: _none, ...there } = { ...subject, task: elsewhere };
    const { images, ...tables } = found.tables ?? {};
    expect({ ...found, tables }).toEqual(IMAGE_MEASURES.probe.measure(there, settings));
    expect(images).toMatchObject({ name: ['cifar100'], train: [40], test: [20] });
    expect(tables['features.seeds']).toMatchObject({ seed: [0, 1] });
    expect(found.estimates['features.chance']?.value).toBe(20);
    expect(found).not.toEqual(IMAGE_MEASURES.probe.measure(subject, settings));
  });

  it('sees other augmentations with another seed, and no features where they are not asked for', () => {
    const of = (seed: number) =>
      IMAGE_MEASURES.gamma.measure(subject, { ...settings, seed, beforeHead: false }).estimates;
    expect(of(1)['embedding.gamma']?.value).not.toBe(of(2)['embedding.gamma']?.value);
    expect(Object.keys(of(1)).every((name) => name.startsWith('embedding.'))).toBe(true);
  });

  it('finds an encoder that ignores its input still: it is invariant and collapsed', () => {
    const weights = Object.fromEntries(
      Object.entries(subject.weights).map(([name, data]) => [
        name,
        // The stem's filters are 0, so that nothing of the image gets through; offsets make the embedding some vector.
        {
          ...data,
          values: data.values.map((x, i) =>
            data.shape.length === 4 ? 0 : x + (name.endsWith('bias') ? 1 + i : 0),
          ),
        },
      ]),
    );
    const found = IMAGE_MEASURES.gamma.measure({ ...subject, weights }, settings).estimates;
    expect(found['embedding.gamma']?.value).toBe(0);
    expect(found['embedding.stillShare']?.value).toBe(1);
    expect(found['embedding.invarianceLoss']?.value).toBeLessThan(1e-10);
  });
});

describe('wahba-colour and gamma-colour', () => {
  const movedBy = (augmentation: Record<string, number>) => {
    const still: ImageSubject = { ...subject, config: tinyConfig({ augmentation }) };
    const { tables } = IMAGE_MEASURES['wahba-colour'].measure(still, settings);
    return (tables?.['embedding.trials']?.moved ?? []).map(Number);
  };

  it('leave crop, flip and blur out: without strength of colour nothing moves', () => {
    const colourless = { brightness: 0, contrast: 0, saturation: 0, hue: 0, grayscale: 0, flip: 1, blur: 1 };
    for (const moved of movedBy(colourless)) expect(moved).toBeLessThan(1e-4);
    const still: ImageSubject = { ...subject, config: tinyConfig({ augmentation: colourless }) };
    const loss = IMAGE_MEASURES['gamma-colour'].measure(still, settings).estimates[
      'embedding.invarianceLoss'
    ];
    expect(loss?.value).toBeLessThan(1e-8);
    const all = IMAGE_MEASURES.wahba.measure(still, settings).tables?.['embedding.trials']?.moved ?? [];
    for (const moved of all) expect(moved).toBeGreaterThan(0.01);
  });

  it('change colours in every trial, also where training rarely does', () => {
    for (const moved of movedBy({ jitter: 0, grayscale: 0 })) expect(moved).toBeGreaterThan(1e-3);
    for (const moved of movedBy({ brightness: 0, contrast: 0, saturation: 0, hue: 0, grayscale: 1 }))
      expect(moved).toBeGreaterThan(1e-3);
  });
});

describe('positives', () => {
  it('are the cosines of two views of every image, whose augmentations are drawn by image and by view', () => {
    const { estimates, tables } = IMAGE_MEASURES.positives.measure(subject, settings);
    const augmentation = imageAugmentation(config, task.test);
    // The streams by which they are drawn: (seed, 6, view, first image of the batch).
    const [first, second] = [0, 1].map((view) => {
      const drawn = augmentation.draw(randomStream(settings.seed, 6, view, 0), EMBED_BATCH);
      const values = augmentation.inputValues(drawn);
      const inputs = Object.fromEntries(
        Object.entries(augmentation.inputs(EMBED_BATCH)).map(([key, { shape, dtype }]) => [
          key,
          tf.tensor(values[key] ?? [], [...shape], dtype),
        ]),
      );
      return featuresOf((images) => {
        // As many as were drawn for, the images that are left over being blank.
        const rest = tf.zeros<tf.Rank.R4>([EMBED_BATCH - task.test.length, 16, 16, 3]);
        const views = augmentation.apply(tf.concat([images, rest], 0), inputs);
        return tf.slice(views, [0, 0, 0, 0], [task.test.length, -1, -1, -1]);
      });
    }) as [number[], number[]];
    const dim = first.length / task.test.length;
    const cosines = Array.from({ length: task.test.length }, (_, i) => {
      const [a, b] = [first, second].map((rows) => rows.slice(i * dim, (i + 1) * dim)) as [
        number[],
        number[],
      ];
      const dot = (u: number[], v: number[]) => u.reduce((sum, x, k) => sum + x * (v[k] ?? NaN), 0);
      return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
    });
    const mean = cosines.reduce((sum, x) => sum + x, 0) / cosines.length;
    const variance = cosines.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (cosines.length - 1);
    expect(estimates['features.mean']).toMatchObject({ n: 30, kind: 'samples' });
    expect(estimates['features.mean']?.value).toBeCloseTo(mean, 4);
    expect(estimates['features.mean']?.sd).toBeCloseTo(Math.sqrt(variance), 4);
    const { from = [], count = [] } = tables?.['features.histogram'] ?? {};
    const places = cosines.map((cosine) => Math.min(39, Math.floor((cosine + 1) / 0.05)));
    expect(from[0]).toBe(-1);
    expect(count).toEqual(from.map((_, bin) => places.filter((place) => place === bin).length));
  });
});

describe('officialProbe', () => {
  const probe = { ...PROBE_PRESETS.adam, epochs: 2, batch: 16 };

  it('lets the statistics of frozen batch norms drift, so that another network is judged', () => {
    const found = officialProbe(
      config,
      subject.weights,
      task.train,
      task.test,
      { ...probe, learningRate: 1e-9 },
      [0],
    );
    // With a learning rate of nearly 0 the classifier is that of the start in both, and only the statistics differ.
    const frozen = IMAGE_MEASURES.probe.measure(subject, {
      ...settings,
      classifierSeeds: [0],
      probe: { ...settings.probe, learningRate: 1e-9 },
    });
    expect(found.predictions).toHaveLength(30);
    expect(found.perSeed[0]).not.toBe((frozen.estimates['features.accuracy']?.value ?? NaN) / 100);
  });

  it('is the same for the same seeds, each from the run’s own weights', () => {
    const of = (seeds: readonly number[]) =>
      officialProbe(config, subject.weights, task.train, task.test, probe, seeds).perSeed;
    expect(of([3, 4])[1]).toBe(of([4])[0]);
  });
});

describe('measureImageRun', () => {
  const { config: trained, measures } = imageConfig({
    profile: 'smoke',
    preset: 'paper',
    overrides: {
      source: 'the test',
      values: {
        'data.size': 16,
        'data.limit': 32,
        'model.width': 2,
        'model.hidden': 6,
        'model.dim': 4,
        'training.epochs': 1,
        'training.batch': 8,
        'training.chunks': 2,
        'measures.k': 5,
      },
    },
  });
  const store = openStore(join(folder, 'runs'));
  const layers = [{ source: 'the test', values: { augmentations: 2, probe: { epochs: 1 } } }];

  it('keeps what it found in the record, and does not measure twice', async () => {
    const record = await pretrain({ store, config: trained, measures, profile: 'smoke', preset: 'paper' });
    const made: string[] = [];
    const options = {
      store,
      record,
      names: ['wahba', 'gamma'],
      layers,
      onMeasure: (name: string) => made.push(name),
    };
    const first = await measureImageRun(options);
    expect(made).toEqual(['wahba', 'gamma']);
    expect(store.read(record.id).measurements['wahba']).toEqual(first.record.measurements['wahba']);
    expect(Object.keys(first.record.measurements).sort()).toEqual(['gamma', 'knn', 'wahba']);
    const second = await measureImageRun(options);
    expect(made).toHaveLength(2);
    expect(second.record).toEqual(first.record);
    await measureImageRun({
      ...options,
      names: ['gamma'],
      layers: [...layers, { source: 'x', values: { seed: 5 } }],
    });
    expect(made).toEqual(['wahba', 'gamma', 'gamma']);
  });

  it('transfers to images of the data folder, and does it again where those are others', async () => {
    const image = async (red: number) => solidPng(red, 120, 40);
    const dataDir = join(folder, 'elsewhere');
    const write = async (red: number) =>
      writeFiles(
        dataDir,
        Object.fromEntries(
          await Promise.all(
            ['train', 'test'].flatMap((split) =>
              ['a', 'b'].flatMap((name) =>
                [1, 2, 3, 4].map(
                  async (i) => [`other/${split}/${name}/${i}.png`, await image(red + 20 * i)] as const,
                ),
              ),
            ),
          ),
        ),
      );
    const record = await pretrain({ store, config: trained, measures, profile: 'smoke', preset: 'paper' });
    const measured = async () => {
      const values = { probe: { epochs: 1 }, transfer: { data: `folder:${join(dataDir, 'other')}` } };
      const found = await measureImageRun({
        store,
        record,
        names: ['transfer'],
        layers: [{ source: 'the test', values }],
        dataDir,
      });
      const { transfer } = found.record.measurements;
      return { key: transfer?.key, chance: transfer?.estimates['features.chance']?.value };
    };
    await write(30);
    const first = await measured();
    expect(first.chance).toBe(50);
    expect(await measured()).toEqual(first);
    await write(35);
    expect((await measured()).key).not.toBe(first.key);
    // CIFAR-100 is there, but not in the run's 16 pixels: what is usual leaves it out, and asking for it is an error.
    const config = imageMeasureSchema.parse({});
    expect(canTransfer(trained, config, undefined)).toBe(false);
    expect(canTransfer(trained, { transfer: { data: 'generated' } }, undefined)).toBe(false);
    expect(canTransfer(trained, { transfer: { data: `folder:${join(dataDir, 'other')}` } }, dataDir)).toBe(
      true,
    );
    await expect(
      measureImageRun({
        store,
        record,
        names: ['transfer'],
        layers: [{ source: 'the test', values: { transfer: { data: 'generated' } } }],
      }),
    ).rejects.toThrow(/was trained on generated, so it cannot be transferred to it/);
  });

  it("takes the linear probe of the run's profile and data set, unless another is asked for", async () => {
    const dataDir = join(folder, 'data');
    const image = await solidPng(230, 120, 40);
    const names = ['train', 'val'].flatMap((split) =>
      ['a', 'b'].flatMap((name) => [1, 2, 3, 4].map((i) => `imagenet100/${split}/${name}/${i}.png`)),
    );
    writeFiles(dataDir, Object.fromEntries(names.map((name) => [name, image])));
    const own = openStore(join(folder, 'probes'));
    const optimizerOf = async (profile: ProfileName, layer: Record<string, Json> = {}) => {
      const values: Record<string, Json> = {
        method: 'untrained',
        'data.name': 'imagenet100',
        'data.size': 16,
        'model.architecture': 'small',
        'model.stem': 'cifar',
        'model.width': 8,
        'model.hidden': 6,
        'model.dim': 4,
        'measures.k': 2,
      };
      const chosen = { profile, preset: 'paper' } as const;
      const { config, measures } = imageConfig({ ...chosen, overrides: { source: 'the test', values } });
      const record = await pretrain({ store: own, config, measures, ...chosen, dataDir });
      const layers = [{ source: 'the test', values: { 'probe.epochs': 1, ...layer } }];
      const found = await measureImageRun({ store: own, record, names: ['probe'], layers, dataDir });
      return (found.record.measurements['probe']?.settings as typeof settings).probe.optimizer;
    };
    expect(await optimizerOf('paper')).toBe('sgd');
    expect(await optimizerOf('paper', { 'probe.optimizer': 'adam' })).toBe('adam');
    expect(await optimizerOf('smoke')).toBe('adam');
  });

  it('names weights that were changed, and leaves the record as it is', async () => {
    const [entry] = store.list();
    if (entry?.state !== 'finished') throw new Error('There is no run to measure.');
    const file = join(store.dir, entry.id, entry.record.weights?.file ?? '');
    const whole = readFileSync(file);
    const options = { store, record: entry.record, names: ['collapse'], layers };
    writeFileSync(file, Buffer.concat([whole, Buffer.of(0)]));
    await expect(measureImageRun(options)).rejects.toThrow(/weights\.safetensors was changed: its sha256 is/);
    expect(store.read(entry.id)).toEqual(entry.record);
    writeFileSync(file, whole);
    expect((await measureImageRun(options)).record.measurements).toHaveProperty('collapse');
  });

  it('refuses unknown measures, settings and other data', async () => {
    const record = store.list()[0];
    if (record?.state !== 'finished') throw new Error('There is no run to measure.');
    const options = { store, record: record.record, names: [] as string[], layers };
    await expect(measureImageRun({ ...options, names: ['wabha'] })).rejects.toThrow(/no measure "wabha"/);
    await expect(
      measureImageRun({ ...options, layers: [{ source: '-p', values: { augmentation: 3 } }] }),
    ).rejects.toThrow(/did you mean augmentations/);
    const other = { ...record.record, data: { ...record.record.data, sha256: '0'.repeat(64) } };
    await expect(measureImageRun({ ...options, record: other })).rejects.toThrow(/was made from other data/);
    const unfinished = { ...record.record, status: 'stopped' as const };
    await expect(measureImageRun({ ...options, record: unfinished })).rejects.toThrow(/is stopped/);
  });
});
