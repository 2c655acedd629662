/** Each switch by which the official code departs from the paper: where the presets set it, and what it changes. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, vi } from 'vitest';
import {
  BEST_WEIGHTS_FILE,
  keepBestWeights,
  readBestWeights,
} from '../../../src/experiments/images/best-weights.js';
import { measureSchema, type ImageConfig } from '../../../src/experiments/images/config.js';
import { imageMeasureSchema } from '../../../src/experiments/images/measure-config.js';
import { IMAGE_MEASURES } from '../../../src/experiments/images/measures.js';
import { imageOptimizer } from '../../../src/experiments/images/model.js';
import { DEPARTURES, RECIPES } from '../../../src/experiments/images/presets.js';
import { pretrain } from '../../../src/experiments/images/pretrain.js';
import { imageConfig, probeLayer } from '../../../src/experiments/images/settings.js';
import { imageTraining } from '../../../src/experiments/images/training.js';
import { PROBE_PRESETS } from '../../../src/measure/linear-probe.js';
import type { MethodName } from '../../../src/methods/methods.js';
import { resolveConfig } from '../../../src/runs/configuration.js';
import type { PresetName } from '../../../src/runs/presets.js';
import { PROFILE_NAMES, type ProfileName } from '../../../src/runs/profiles.js';
import type { Json } from '../../../src/runs/record.js';
import { openStore } from '../../../src/runs/store.js';
import { startEngine } from '../../../src/tensorflow/engine.js';
import type { TensorDataMap } from '../../../src/tensorflow/tensor-data.js';
import { noiseImages, tinyConfig } from './tiny.js';

// Steps take milliseconds, but programs are made by the dozen, on machines that may be busy.
vi.setConfig({ testTimeout: 180_000 });

startEngine({ intraOpThreads: 1, interOpThreads: 1 });

const folder = mkdtempSync(join(tmpdir(), 'care-presets-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const data = noiseImages(20);

function settingsOf(preset: PresetName, name = 'cifar10', method: MethodName = 'care'): ImageConfig {
  const values: Record<string, Json> = { method, 'data.name': name };
  return imageConfig({ preset, profile: 'paper', options: { source: 'the test', values } }).config;
}

const both = (name?: string, method?: MethodName) =>
  (['paper', 'official-code'] as const).map((preset) => settingsOf(preset, name, method).training);

/** The terms of a first step, run op by op. */
function firstStep(training: Record<string, unknown>, method: MethodName = 'care'): Record<string, number> {
  const { program, inputsAt } = imageTraining(tinyConfig({ method, training }), method, data, 'eager');
  const outputs = program.run('step', inputsAt(0));
  program.dispose();
  return Object.fromEntries(Object.entries(outputs).map(([name, { values }]) => [name, values[0] ?? NaN]));
}

describe('the presets', () => {
  it('differ in every departure, or say why not', () => {
    for (const departure of DEPARTURES) {
      if ('measures' in departure) {
        const { paper, 'official-code': official } = departure.measures;
        expect(official, departure.point).not.toBe(paper);
        for (const measure of [paper, official]) expect(IMAGE_MEASURES).toHaveProperty(measure);
        continue;
      }
      const { setting, data: name, method, alike } = departure;
      const key = setting.replace('training.', '') as keyof ImageConfig['training'];
      const [paper, official] = both(name, method);
      if (alike === undefined) expect(official?.[key], setting).not.toEqual(paper?.[key]);
      else expect(official?.[key], setting).toEqual(paper?.[key]);
    }
  });

  it("have the paper's training settings by data set", () => {
    const of = (name: string, method?: MethodName) => settingsOf('paper', name, method).training;
    expect(of('cifar10')).toMatchObject({ temperature: 0.5, lambda: 0.01, chunks: 16, optimizer: 'adam' });
    expect(of('cifar100')).toMatchObject({ temperature: 0.5, lambda: 0.001, chunks: 4, learningRate: 1e-3 });
    expect(of('stl10')).toMatchObject({
      lambda: 0.01,
      chunks: 8,
      optimizer: 'sgd',
      learningRate: 0.06,
      warmup: 10,
    });
    expect(of('imagenet100')).toMatchObject({
      temperature: 0.2,
      lambda: 0.005,
      chunks: 4,
      learningRate: 0.8,
    });
    expect(of('cifar10', 'moco-v2+care')).toMatchObject({ temperature: 0.1, lambda: 0.01, chunks: 16 });
    expect(of('imagenet100', 'moco-v2')).toMatchObject({ temperature: 0.2, lambda: 0.01, chunks: 8 });
    expect(settingsOf('paper', 'imagenet100', 'moco-v2').moco.momentum).toBe(0.99);
    expect(settingsOf('paper', 'cifar10', 'moco-v2').moco.momentum).toBe(0.999);
    expect(settingsOf('paper', 'stl10').data.size).toBe(32);
    // Sets that the paper does not have are trained as CIFAR-10.
    expect(of('generated')).toEqual(of('cifar10'));
  });

  it('have the sizes of the paper by data set in its profile, and those of others elsewhere', () => {
    const sizesOf = (name: string, profile: ProfileName) => {
      const values: Record<string, Json> = { method: 'care', 'data.name': name };
      const options = { source: 'the test', values };
      const { epochs, batch } = imageConfig({ preset: 'paper', profile, options }).config.training;
      return [epochs, batch];
    };
    expect(RECIPES.map((name) => sizesOf(name, 'paper'))).toEqual([
      [400, 256],
      [400, 256],
      [400, 256],
      [200, 512],
    ]);
    expect(sizesOf('generated', 'paper')).toEqual([400, 256]);
    expect(sizesOf('imagenet100', 'smoke')).toEqual(sizesOf('cifar10', 'smoke'));
    expect(sizesOf('cifar10', 'laptop')).toEqual([3, 64]);
  });

  it('look at the kNN accuracy several times in each profile, the last time at the end', () => {
    for (const profile of PROFILE_NAMES) {
      for (const name of RECIPES) {
        const options = { source: 'the test', values: { 'data.name': name } };
        const { config, measures } = imageConfig({ preset: 'paper', profile, options });
        const looks = config.training.epochs / measures.knnEvery;
        expect(Number.isInteger(looks), `${profile} on ${name}`).toBe(true);
        expect(looks).toBeGreaterThan(1);
      }
    }
  });

  it("have the paper's linear probe by data set where the profile is the paper's", () => {
    const probeOf = (profile: ProfileName, name: string, overrides: Record<string, Json> = {}) =>
      resolveConfig(imageMeasureSchema, probeLayer(profile, name), { source: '-p', values: overrides }).probe;
    expect(RECIPES.map((name) => probeOf('paper', name).optimizer)).toEqual(['adam', 'adam', 'adam', 'sgd']);
    expect(probeOf('workstation', 'imagenet100').optimizer).toBe('adam');
    expect(probeOf('paper', 'imagenet100', { 'probe.optimizer': 'adam' }).optimizer).toBe('adam');
    // What the optimizer brings with it, unless it is set.
    expect(probeOf('paper', 'imagenet100')).toMatchObject({ epochs: null, batch: null, learningRate: null });
    expect(PROBE_PRESETS.sgd).toMatchObject({
      epochs: 60,
      batch: 128,
      learningRate: 30,
      milestones: [30, 40, 50],
    });
  });

  it('have shorter steps of Adam for a ResNet on small batches, unless the user sets them', () => {
    const rateOf = (profile: ProfileName, values: Record<string, Json>) => {
      const overrides = { source: 'the test', values };
      return imageConfig({ profile, preset: 'paper', overrides }).config.training.learningRate;
    };
    const resnet = { 'model.architecture': 'resnet18' };
    expect([rateOf('laptop', resnet), rateOf('overnight', resnet)]).toEqual([3e-4, 3e-4]);
    expect([rateOf('laptop', {}), rateOf('workstation', resnet), rateOf('paper', resnet)]).toEqual([
      1e-3, 1e-3, 1e-3,
    ]);
    expect(rateOf('laptop', { ...resnet, 'training.learningRate': 0.01 })).toBe(0.01);
    // SGD's are the preset's.
    expect(rateOf('laptop', { ...resnet, 'data.name': 'stl10' })).toBe(0.06);
  });

  it('give way to profiles and to what the user sets', () => {
    const values = { method: 'care', 'data.name': 'cifar10' };
    const { config } = imageConfig({
      preset: 'paper',
      profile: 'smoke',
      options: { source: 'the test', values },
      overrides: { source: '-p', values: { 'training.lambda': '7' }, isText: true },
    });
    expect(config.training).toMatchObject({ lambda: 7, chunks: 4, pairs: 'per-chunk' });
  });
});

describe('what a switch changes:', () => {
  it('lambda, the weight of L_equi in the loss', () => {
    const [paper, official] = both().map(({ lambda }) => firstStep({ lambda }));
    expect(official?.['equivariance']).toBe(paper?.['equivariance']);
    expect((official?.['loss'] ?? NaN) - (paper?.['loss'] ?? NaN)).toBeCloseTo(
      0.02 * (paper?.['equivariance'] ?? NaN),
      5,
    );
    expect(paper?.['equivariance']).toBeGreaterThan(0.01);
  });

  it('pairs, whether chunks have augmentations of their own', () => {
    const cropsOf = (pairs: string) => {
      const training = imageTraining(tinyConfig({ training: { pairs } }), 'care', data, 'eager');
      const crops = training.inputsAt(0)['chunkedFirst.cropRows'] ?? [];
      training.program.dispose();
      const each = crops.length / 8;
      return new Set(Array.from({ length: 8 }, (_, i) => crops.slice(i * each, (i + 1) * each).join())).size;
    };
    expect(both().map(({ pairs }) => cropsOf(pairs))).toEqual([2, 1]);
  });

  it('reduction, by how much L_equi is scaled: 2 (c - 1) for chunks of c', () => {
    const of = (reduction: string) => firstStep({ reduction })['equivariance'] ?? NaN;
    // Two chunks of 4.
    expect(of('official-sum') / of('mean')).toBeCloseTo(6, 4);
  });

  it('warmupUnit, how long the learning rate rises', () => {
    const perEpoch = 20;
    const rates = (['paper', 'official-code'] as const).map((preset) => {
      const config = settingsOf(preset, 'stl10');
      const { inputsAt } = imageOptimizer(config, 400 * perEpoch, perEpoch);
      return [0, 9, 10, 200].map((step) => inputsAt(step)['sgd.rate']?.[0] ?? NaN);
    });
    const [steps, epochs] = rates as [number[], number[]];
    // After 10 steps at its full height; after 10 epochs, which are 200 steps.
    expect(steps[2]).toBeCloseTo(0.06, 5);
    expect(epochs[2]).toBeLessThan(0.5 * 0.06);
    expect(epochs[3]).toBeCloseTo(0.06, 3);
    expect(steps[0]).toBeLessThan(0.01);
  });

  it('chunks, over how many images L_equi is taken', () => {
    const of = (chunks: number) => firstStep({ chunks, reduction: 'mean' })['equivariance'];
    expect(of(4)).not.toBeCloseTo(of(2) ?? NaN, 4);
  });

  it('negativeGroups, how many negatives an anchor has', () => {
    const of = (negativeGroups: number, method: MethodName) =>
      firstStep({ negativeGroups }, method)['infoNce'] ?? NaN;
    expect(of(4, 'simclr')).toBeLessThan(of(1, 'simclr') - 0.5);
    expect(() => of(8, 'simclr')).toThrow('cannot be cut into 8 groups of at least 2 images');
  });

  it('kept, whether the best weights on the way are there beside the last ones', async () => {
    const record = async (kept: string) => {
      const store = openStore(join(folder, kept));
      const config: ImageConfig = {
        ...tinyConfig({ training: { kept, epochs: 4 } }),
        data: { name: 'generated', size: 16, limit: 24, seed: 0 },
      };
      const measures = measureSchema.parse({ k: 5 });
      const found = await pretrain({ store, config, measures, profile: 'smoke', preset: 'paper' });
      const file = join(store.dir, found.id, BEST_WEIGHTS_FILE);
      return {
        knn: found.measurements['knn']?.estimates ?? {},
        series: found.series['knn']?.values ?? [],
        file,
      };
    };
    const [last, best] = [await record('last'), await record('last-and-best')];
    expect(existsSync(last.file)).toBe(false);
    expect(last.knn['best']).toBeUndefined();
    expect(best.series).toEqual(last.series);
    expect(best.series).toHaveLength(4);
    // What the looks found to be the highest.
    expect(best.knn['best']?.value).toBeCloseTo(100 * Math.max(...best.series), 6);
    expect(best.knn['accuracy']).toEqual(last.knn['accuracy']);
    expect(readBestWeights(best.file)?.accuracy).toBe(Math.max(...best.series));
  });
});

describe('the best weights', () => {
  const weights = (value: number): TensorDataMap => ({
    w: { shape: [1], dtype: 'float32', values: Float32Array.of(value) },
  });

  it('are the first with the highest accuracy, also when looks are repeated', () => {
    const path = join(folder, 'best.safetensors');
    expect(readBestWeights(path)).toBeNull();
    for (const [accuracy, value] of [
      [0.2, 1],
      [0.5, 2],
      [0.5, 3],
      [0.4, 4],
      [0.2, 1],
    ] as const) {
      keepBestWeights(path, accuracy, () => weights(value));
    }
    expect(readBestWeights(path)).toEqual({ accuracy: 0.5, weights: weights(2) });
  });
});
