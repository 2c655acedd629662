import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { trainingSchema } from '../../../src/experiments/images/config.js';
import {
  collectImages,
  experimentPlan,
  imagePlan,
  imageReadiness,
  runImages,
  type ImageResults,
  type PlanPart,
} from '../../../src/experiments/images/study.js';
import { mostRecorded, type Experiment, type StudyChoice } from '../../../src/experiments/study.js';
import type { RunRecord } from '../../../src/runs/record.js';
import { openStore } from '../../../src/runs/store.js';
import { startEngine } from '../../../src/tensorflow/engine.js';

vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });
startEngine({ intraOpThreads: 1, interOpThreads: 1 });

const folder = mkdtempSync(join(tmpdir(), 'care-study-'));
const dataDir = mkdtempSync(join(tmpdir(), 'care-no-data-'));
afterAll(() => [folder, dataDir].forEach((each) => rmSync(each, { recursive: true, force: true })));

const TINY = {
  'data.limit': 32,
  'data.size': 16,
  'model.width': 2,
  'model.hidden': 6,
  'model.dim': 4,
  'training.epochs': 1,
  'training.batch': 16,
  'training.chunks': 2,
  'measures.geometryAugmentations': 0,
  'measures.knnLimit': 32,
  'measures.k': 5,
};

const main: PlanPart = {
  part: 'main',
  methods: ['care', 'untrained'],
  seeds: [0, 1],
  data: 'generated',
  values: TINY,
  measures: ['collapse'],
  measureValues: { images: 16 },
};
const lambda: PlanPart = {
  ...main,
  part: 'lambda',
  methods: ['care'],
  seeds: [0],
  variation: { setting: 'training.lambda', values: [0.01, 0.5] },
  measures: [],
};
const absent: PlanPart = { ...main, part: 'absent', seeds: [0], data: 'stl10' };

const choice: StudyChoice = { profile: 'smoke', preset: 'paper' };
const planOf = (parts: readonly PlanPart[], chosen = choice) => imagePlan('tiny', chosen, parts);

describe('imagePlan', () => {
  it('has every method with every seed, part by part, and leaves out a value that varies nothing', () => {
    const { runs } = planOf([main, lambda]);
    expect(runs.map(({ label }) => label)).toEqual([
      'CARE seed 0, main',
      'untrained seed 0, main',
      'CARE seed 1, main',
      'untrained seed 1, main',
      'CARE seed 0, training.lambda 0.5, lambda',
    ]);
    expect(runs.map(({ config }) => config.training.lambda)).toEqual([0.01, 0.01, 0.01, 0.01, 0.5]);
    for (const { config, method, seed } of runs) {
      expect(trainingSchema.parse(config)).toEqual(config);
      expect([config.method, config.seed]).toEqual([method, seed]);
      expect(config.data.name).toBe('generated');
    }
    expect(runs.map(({ variation }) => variation?.value)).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
      0.5,
    ]);
  });

  it("gives the user's settings to training and to measures, over the plan's own", () => {
    const values = { 'training.epochs': 3, 'measure.images': 9, 'measures.k': 7 };
    const [run] = planOf([main], { ...choice, overrides: { source: 'the test', values } }).runs;
    expect(run?.config.training.epochs).toBe(3);
    expect(run?.monitor.k).toBe(7);
    expect(run?.settings.images).toBe(9);
    // Of the profile, where neither the plan nor the user says otherwise.
    expect(run?.settings.augmentations).toBe(4);
    const wrong = { ...choice, overrides: { source: 'the test', values: { 'measure.image': 9 } } };
    expect(() => planOf([main], wrong)).toThrow(/image/);
  });
});

describe('runImages', () => {
  const plan = planOf([main, lambda, absent]);
  const store = openStore(folder);
  const remarks: string[] = [];
  const phases: string[] = [];
  let first: ImageResults | undefined;
  beforeAll(async () => {
    expect((await imageReadiness(plan, { store, dataDir })).runs).toEqual([
      ...Array<string>(5).fill('to train'),
      'no data',
      'no data',
    ]);
    first = await runImages(plan, {
      store,
      dataDir,
      onRemark: (remark) => void remarks.push(remark),
      onEvent: ({ index, phase }) => void phases.push(`${index} ${phase}`),
    });
  });

  it('trains and measures what is missing', () => {
    const outcomes = first?.outcomes ?? [];
    expect(outcomes.map(({ record }) => record?.status)).toEqual([
      ...Array<string>(5).fill('finished'),
      undefined,
      undefined,
    ]);
    expect(outcomes.map(({ record }) => record?.steps.done)).toEqual([2, 0, 2, 0, 2, undefined, undefined]);
    const measured = outcomes.map(({ record }) =>
      Object.keys(record?.measurements ?? {})
        .sort()
        .join(),
    );
    expect(measured).toEqual([...Array<string>(4).fill('collapse,knn'), 'knn', '', '']);
    expect(phases).toContain('0 training');
    expect(phases).toContain('4 ready');
    expect(phases.some((phase) => phase.startsWith('5'))).toBe(false);
  });

  it('leaves out runs whose data is not there, with one remark that says what to do', () => {
    expect(remarks.filter((remark) => /STL/i.test(remark))).toEqual([
      expect.stringMatching(/was not found: what needs it stays not run \(care data list/),
    ]);
  });

  it('trains and measures nothing a second time', async () => {
    expect((await imageReadiness(plan, { store, dataDir })).runs).toEqual([
      ...Array<string>(5).fill('ready'),
      'no data',
      'no data',
    ]);
    const again: string[] = [];
    const second = await runImages(plan, {
      store,
      dataDir,
      onEvent: ({ phase }) => void again.push(phase),
    });
    expect(new Set(again)).toEqual(new Set(['ready']));
    expect(second.outcomes.map(({ record }) => record)).toEqual(first?.outcomes.map(({ record }) => record));
  });

  it('measures anew, without training, where a setting of a measure is another', async () => {
    const other = planOf([{ ...main, measureValues: { images: 24 } }]);
    expect((await imageReadiness(other, { store, dataDir })).runs).toEqual(
      Array<string>(4).fill('to measure'),
    );
  });

  it('is collected from records alone, by configuration; what is not there is null', () => {
    const records = store.list().flatMap((entry) => ('record' in entry ? [entry.record] : []));
    const found = collectImages(plan, records);
    expect(found.outcomes.map(({ record }) => record?.id)).toEqual(
      first?.outcomes.map(({ record }) => record?.id),
    );
    const newer = records.map((record): RunRecord => ({
      ...record,
      id: 'newer',
      sessions: record.sessions.map((session) => ({ ...session, startedAt: '2999-01-01T00:00:00.000Z' })),
    }));
    const newest = collectImages(plan, [...newer, ...records]);
    expect(newest.outcomes[0]?.record?.id).toBe('newer');
    const stopped = records.map((record): RunRecord => ({ ...record, status: 'stopped' }));
    expect(collectImages(plan, stopped).outcomes.every(({ record }) => record === null)).toBe(true);
  });

  it('is shown at the profile and data set of which most is recorded', () => {
    const records = store.list().flatMap((entry) => ('record' in entry ? [entry.record] : []));
    // Tiny at every profile but for the number of epochs, so that only one profile has these runs.
    const experiment: Experiment = {
      name: 'tiny',
      about: 'a test',
      data: ['cifar10'],
      plan: (chosen) => {
        const values = chosen.profile === 'laptop' ? TINY : { ...TINY, 'training.epochs': 2 };
        return experimentPlan(planOf([{ ...main, data: chosen.data ?? 'cifar10', values }], chosen));
      },
    };
    const smokeOnly: Experiment = {
      ...experiment,
      plan: (chosen) => experimentPlan(planOf([{ ...main, data: chosen.data ?? 'cifar10' }], chosen)),
    };
    const shown = mostRecorded(smokeOnly, records, { preset: 'paper' });
    expect([shown.plan.choice.profile, shown.data, shown.recorded]).toEqual(['smoke', 'generated', 4]);
    expect(mostRecorded(experiment, [], { preset: 'paper' }).plan.choice.profile).toBe('paper');
    expect(mostRecorded(smokeOnly, records, { preset: 'paper', profile: 'laptop' }).recorded).toBe(0);
  });
});
