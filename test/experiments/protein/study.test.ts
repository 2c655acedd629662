import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { InterruptedError } from '../../../src/experiments/execute-run.js';
import { ENCODERS } from '../../../src/experiments/protein/config.js';
import { ENCODER_LABELS } from '../../../src/experiments/protein/labels.js';
import { PROTEIN_PROFILES } from '../../../src/experiments/protein/settings.js';
import {
  collectProtein,
  planProtein,
  readiness,
  runProtein,
  type ProteinPlan,
} from '../../../src/experiments/protein/study.js';
import { initialWeights } from '../../../src/experiments/protein/training.js';
import type { StudyOptions } from '../../../src/experiments/study.js';
import type { StudyEvent } from '../../../src/experiments/study-event.js';
import { canonicalJson } from '../../../src/runs/canonical-json.js';
import { parseOverrides } from '../../../src/runs/configuration.js';
import type { RunRecord } from '../../../src/runs/record.js';
import { openStore, type RunStore } from '../../../src/runs/store.js';
import { startEngine } from '../../../src/tensorflow/engine.js';
import type { TensorDataMap } from '../../../src/tensorflow/tensor-data.js';
import { only, tinyPlan } from './tiny.js';

const folder = mkdtempSync(join(tmpdir(), 'care-study-'));
/** A data folder without structures: the tests run on generated ones everywhere. */
const dataDir = join(folder, 'data');
mkdirSync(dataDir);
afterAll(() => rmSync(folder, { recursive: true, force: true }));
beforeAll(() => {
  startEngine();
});

let stores = 0;
function newStore(): RunStore {
  return openStore(join(folder, `runs-${stores++}`));
}

/** Carries a plan out and keeps what happened. */
async function carryOut(plan: ProteinPlan, store: RunStore, change: Partial<StudyOptions> = {}) {
  const events: StudyEvent[] = [];
  const results = await runProtein(plan, {
    store,
    dataDir,
    onEvent: (event) => events.push(event),
    ...change,
  });
  const phases = (phase: StudyEvent['phase']) => events.filter((event) => event.phase === phase).length;
  return { results, events, phases };
}

interface FileState {
  readonly bytes: string;
  readonly changed: number;
}

/** Every file of a store, with its bytes and when it was last written. */
function filesOf(store: RunStore): Record<string, FileState> {
  const files = readdirSync(store.dir, { recursive: true, withFileTypes: true }).filter((f) => f.isFile());
  return Object.fromEntries(
    files.map((file) => {
      const path = join(file.parentPath, file.name);
      return [path, { bytes: readFileSync(path, 'latin1'), changed: statSync(path).mtimeMs }];
    }),
  );
}

function recordsOf(store: RunStore): RunRecord[] {
  return store.list().flatMap((entry) => (entry.state === 'unreadable' ? [] : [entry.record]));
}

function numbersOf(weights: TensorDataMap): Record<string, readonly number[]> {
  return Object.fromEntries(Object.entries(weights).map(([name, { values }]) => [name, Array.from(values)]));
}

function largestDifference(a: TensorDataMap, b: TensorDataMap): number {
  expect(Object.keys(a).sort()).toEqual(Object.keys(b).sort());
  return Math.max(
    ...Object.entries(a).flatMap(([name, { values }]) =>
      Array.from(values, (value, i) => Math.abs(value - (b[name]?.values[i] ?? NaN))),
    ),
  );
}

const CARE_ALONE = only(
  tinyPlan(),
  ({ encoder, seed, variation }) => encoder === 'care' && seed === 0 && !variation,
);

describe('the plan', () => {
  it('holds every encoder with every seed, then the variations with the first seed', () => {
    const { runs } = planProtein({ profile: 'laptop', preset: 'paper' });
    const main = runs.filter(({ variation }) => variation === null);
    expect(main.map(({ encoder, seed }) => `${encoder} ${seed}`)).toEqual(
      PROTEIN_PROFILES.laptop.seeds.flatMap((seed) => ENCODERS.map((encoder) => `${encoder} ${seed}`)),
    );
    for (const { encoder, seed, config, label } of main) {
      expect(config).toMatchObject({ encoder, seed });
      expect(label).toBe(`${ENCODER_LABELS[encoder]} seed ${seed}`);
    }
    const varied = runs.slice(main.length);
    const [seed] = PROTEIN_PROFILES.laptop.seeds;
    const wanted = PROTEIN_PROFILES.laptop.variations.flatMap(({ setting, values, encoders }) =>
      values.flatMap((value) =>
        encoders.map((encoder) => ({ encoder, seed, variation: { setting, value } })),
      ),
    );
    expect(varied).toMatchObject(wanted);
    expect(varied).toHaveLength(wanted.length);
    const pooled = varied.find(({ variation }) => variation?.setting === 'model.pooling');
    expect(pooled?.label).toBe('CARE seed 0, model.pooling "mean"');
    expect(pooled?.config.model.pooling).toBe('mean');
  });

  it('differs from the main run in nothing but the setting that is varied', () => {
    const { runs } = planProtein({ profile: 'laptop', preset: 'paper' });
    const main = runs.find(({ encoder, seed }) => encoder === 'care' && seed === 0);
    const varied = runs.find(({ variation }) => variation?.setting === 'data.points');
    const points = varied?.variation?.value;
    expect(points).not.toBe(main?.config.data.points);
    expect(varied?.config).toEqual({ ...main?.config, data: { ...main?.config.data, points } });
  });

  it('leaves out a variation to the value that all runs have', () => {
    const lambdas = (...overrides: string[]) =>
      planProtein({
        profile: 'laptop',
        preset: 'paper',
        overrides: parseOverrides(overrides),
      }).runs.flatMap(({ variation }) => (variation?.setting === 'training.lambda' ? [variation.value] : []));
    const [first, ...rest] = lambdas();
    expect(first).toBeTypeOf('number');
    expect(lambdas(`training.lambda=${Number(first)}`)).toEqual(rest);
  });

  it.each(['training.lambda=7', 'lambda=7'])(
    'finds runs without L_equi again at another weight: %s',
    (text) => {
      const plain = planProtein({ profile: 'smoke', preset: 'paper' }).runs;
      const other = planProtein({
        profile: 'smoke',
        preset: 'paper',
        overrides: parseOverrides([text]),
      }).runs;
      const changed = other.filter(
        ({ config }) => !plain.some((run) => canonicalJson(run.config) === canonicalJson(config)),
      );
      expect(new Set(changed.map(({ encoder }) => encoder))).toEqual(new Set(['care', 'l-unif+l-equi']));
      expect(changed.every(({ config }) => config.training.lambda === 7)).toBe(true);
    },
  );
});

describe('weights', () => {
  it('begin the same for every encoder of a seed, and differently for another seed', () => {
    const { runs } = tinyPlan();
    const weightsOf = (seed: number) =>
      runs
        .filter((run) => run.seed === seed && run.variation === null)
        .map(({ config }) => numbersOf(initialWeights(config)));
    const [first, ...others] = weightsOf(0);
    expect(others).toHaveLength(ENCODERS.length - 1);
    for (const other of others) expect(other).toEqual(first);
    const [second] = weightsOf(1);
    expect(Object.keys(second ?? {})).toEqual(Object.keys(first ?? {}));
    expect(second?.['phi.0.weight']).not.toEqual(first?.['phi.0.weight']);
  });

  it('of a run of no steps and of the untrained encoder are the initial ones', async () => {
    const store = newStore();
    const plan = only(
      tinyPlan('training.steps=0'),
      ({ encoder, seed, variation }) => seed === 0 && !variation && ['care', 'untrained'].includes(encoder),
    );
    const { results } = await carryOut(plan, store);
    for (const { record, config, encoder } of results.outcomes) {
      expect(record, encoder).toMatchObject({
        status: 'finished',
        steps: { planned: 0, done: 0 },
        series: {},
      });
      expect(numbersOf(store.weights(record?.id ?? ''))).toEqual(numbersOf(initialWeights(config)));
    }
  });

  it('of CARE without its term, lambda 0, end where SimCLR ends', async () => {
    const store = newStore();
    const plan = only(
      tinyPlan('training.lambda=0', 'training.steps=12'),
      ({ encoder, seed, variation }) => seed === 0 && !variation && ['care', 'simclr'].includes(encoder),
    );
    const { results } = await carryOut(plan, store);
    const [care, simclr] = results.outcomes.map(({ record }) => store.weights(record?.id ?? ''));
    const initial = initialWeights(plan.runs[0]?.config ?? CARE_ALONE.runs[0]?.config ?? failed());
    // The gradient of InfoNCE plus zero times that of L_equi: the same up to the rounding of adding zeros.
    expect(largestDifference(care ?? {}, simclr ?? {})).toBeLessThan(1e-6);
    // And not because nothing was trained: Adam moves a weight by about its learning rate, 1e-3, a step.
    expect(largestDifference(care ?? {}, initial)).toBeGreaterThan(5e-3);
  });
});

function failed(): never {
  throw new Error('The plan has no run.');
}

describe('the whole experiment', () => {
  const store = newStore();
  const plan = tinyPlan();

  it('trains and measures every run of the plan', async () => {
    const remarks: string[] = [];
    const { results, events } = await carryOut(plan, store, { onRemark: (remark) => remarks.push(remark) });
    expect(remarks[0]).toMatch(/^Generated data, no real proteins/);
    expect(results.outcomes.map(({ label }) => label)).toEqual(plan.runs.map(({ label }) => label));
    const ids = new Set<string>();
    for (const { record, encoder, seed, config, label } of results.outcomes) {
      const steps = encoder === 'untrained' ? 0 : 4;
      expect(record).toMatchObject({
        label,
        experiment: 'protein',
        status: 'finished',
        profile: 'smoke',
        preset: 'paper',
        execution: 'chained',
        seeds: { pretraining: seed, data: 0 },
        steps: { planned: steps, done: steps },
        data: { generated: true, items: 24 },
      });
      expect(record?.config).toEqual(config);
      expect(record?.code.trainingHash).toMatch(/^[0-9a-f]{64}$/);
      expect(Object.keys(record?.measurements ?? {}).sort()).toEqual(['axis', 'geometry', 'trajectories']);
      ids.add(record?.id ?? '');
      // Terms that an objective has, and no others, are in the series.
      const terms = Object.keys(record?.series ?? {}).filter((name) => name !== 'loss');
      expect(terms.sort(), label).toEqual(
        {
          care: ['equivariance', 'infoNce'],
          simclr: ['infoNce'],
          'l-unif': ['uniformity'],
          'l-unif+l-equi': ['equivariance', 'uniformity'],
          'l-inv': ['alignment'],
          untrained: [],
        }[encoder],
      );
    }
    expect(ids.size).toBe(plan.runs.length);
    // Each run is told of to its end, in order.
    expect(events.filter(({ phase }) => phase === 'ready').map(({ index }) => index)).toEqual([
      ...plan.runs.keys(),
    ]);
    const training = events.filter(({ index, phase }) => index === 0 && phase === 'training');
    expect(training.map(({ progress }) => progress?.step)).toEqual([1, 2, 3, 4]);
  });

  it('does nothing the second time', async () => {
    const before = filesOf(store);
    const { phases } = await carryOut(plan, store);
    expect(phases('training')).toBe(0);
    expect(phases('measuring')).toBe(0);
    expect(phases('ready')).toBe(plan.runs.length);
    expect(filesOf(store)).toEqual(before);
  });

  it('measures anew, without training, when a setting of the measures changes', async () => {
    const few = ({ seed, encoder }: ProteinPlan['runs'][number]) =>
      seed === 0 && ['simclr', 'untrained'].includes(encoder);
    const before = new Map(recordsOf(store).map((record) => [record.id, record]));
    const changed = only(tinyPlan('measures.angles=12'), few);
    const { results, phases } = await carryOut(changed, store);
    expect(phases('training')).toBe(0);
    expect(phases('measuring')).toBe(2);
    for (const { record } of results.outcomes) {
      const old = before.get(record?.id ?? '');
      expect(record?.sessions).toEqual(old?.sessions);
      expect(record?.weights).toEqual(old?.weights);
      const points = record?.measurements.trajectories?.tables?.points?.x;
      // One structure, three axes, twelve angles.
      expect(points).toHaveLength(36);
      expect(record?.measurements.trajectories?.key).not.toBe(old?.measurements.trajectories?.key);
      expect(record?.measurements.trajectories?.settings).toEqual(changed.measures);
      // What does not depend on the setting comes out the same.
      expect(record?.measurements.geometry?.estimates).toEqual(old?.measurements.geometry?.estimates);
      expect(record?.measurements.axis?.tables).toEqual(old?.measurements.axis?.tables);
    }
    await carryOut(only(plan, few), store);
  });

  it('is collected from records by configuration, newest first, with null for what is missing', () => {
    const records = recordsOf(store);
    const complete = collectProtein(plan, records);
    expect(complete.outcomes.map(({ record }) => record?.label)).toEqual(plan.runs.map(({ label }) => label));

    const [care] = records.filter(({ label }) => label === 'CARE seed 0');
    const partial = collectProtein(
      plan,
      records.filter(({ id }) => id !== care?.id),
    );
    expect(partial.outcomes[0]).toMatchObject({ label: 'CARE seed 0', record: null });
    expect(partial.outcomes.slice(1).every(({ record }) => record !== null)).toBe(true);

    // A run of other settings is another run.
    const other = collectProtein(tinyPlan('training.steps=5'), records);
    expect(other.outcomes.map(({ record }) => record)).toEqual(plan.runs.map(() => null));
  });

  it('takes the newest finished run of a configuration', () => {
    const [care] = recordsOf(store).filter(({ label }) => label === 'CARE seed 0');
    if (care === undefined) throw new Error('There is no record.');
    const begun = (startedAt: string) => care.sessions.map((session) => ({ ...session, startedAt }));
    const newer = { ...care, id: 'f'.repeat(12), sessions: begun('2999-01-01T00:00:00.000Z') };
    const unfinished = { ...newer, id: 'e'.repeat(12), status: 'stopped' as const };
    const foreign = { ...newer, id: 'd'.repeat(12), experiment: 'cifar' };
    const found = (records: RunRecord[]) => collectProtein(CARE_ALONE, records).outcomes[0]?.record?.id;
    expect(found([care, newer])).toBe(newer.id);
    expect(found([newer, care])).toBe(newer.id);
    expect(found([unfinished, foreign, care])).toBe(care.id);
    expect(found([unfinished])).toBeUndefined();
  });

  it('leaves out what was measured with other settings: it is not compared', () => {
    const [care] = recordsOf(store).filter(({ label }) => label === 'CARE seed 0');
    const axis = care?.measurements.axis;
    if (care === undefined || axis === undefined) throw new Error('There is no record.');
    const other = { ...axis, settings: { ...(axis.settings as object), classifierSeeds: [7] } };
    const measurements = { ...care.measurements, axis: other };
    const found = collectProtein(CARE_ALONE, [{ ...care, measurements }]).outcomes[0]?.record?.measurements;
    expect(Object.keys(care.measurements)).toContain('axis');
    expect(Object.keys(found ?? {})).toEqual(
      Object.keys(care.measurements).filter((name) => name !== 'axis'),
    );
  });

  it('keeps the earlier ones on the same data beside it', () => {
    const [care] = recordsOf(store).filter(({ label }) => label === 'CARE seed 0');
    if (care === undefined) throw new Error('There is no record.');
    const at = (id: string, year: number): RunRecord => ({
      ...care,
      id: id.repeat(12),
      sessions: care.sessions.map((session) => ({ ...session, startedAt: `${year}-01-01T00:00:00.000Z` })),
    });
    const [newest, older] = [at('f', 2999), at('e', 2998)];
    const otherData = { ...at('d', 2997), data: { ...care.data, sha256: '0'.repeat(64) } };
    const found = collectProtein(CARE_ALONE, [otherData, care, newest, older]).outcomes[0];
    expect(found?.record?.id).toBe(newest.id);
    expect(found?.earlier?.map(({ id }) => id)).toEqual([older.id, care.id]);
    expect(collectProtein(CARE_ALONE, [care]).outcomes[0]).not.toHaveProperty('earlier');
  });
});

describe('an interrupted run', () => {
  const longer = only(
    tinyPlan('training.steps=60'),
    ({ encoder, seed, variation }) => encoder === 'care' && seed === 0 && !variation,
  );

  /** Carries the plan out until a run is at a step. */
  async function until(step: number, store: RunStore): Promise<unknown> {
    const controller = new AbortController();
    const onEvent = ({ progress }: StudyEvent) => {
      if (progress?.step === step) controller.abort();
    };
    return carryOut(longer, store, { signal: controller.signal, onEvent }).catch((error: unknown) => error);
  }

  it('goes on from its checkpoint to the bits of one that was left alone', async () => {
    const alone = newStore();
    const left = await carryOut(longer, alone);
    const store = newStore();
    const error = await until(25, store);
    expect(error).toBeInstanceOf(InterruptedError);
    expect((error as Error).message).toBe(
      'Stopped CARE seed 0 at step 25 of 60; the same command goes on from there.',
    );
    const [stopped] = recordsOf(store);
    expect(stopped).toMatchObject({ status: 'stopped', steps: { planned: 60, done: 25 }, measurements: {} });
    expect(readiness(longer, { store, dataDir }).runs).toEqual(['to continue']);

    const { results, events } = await carryOut(longer, store);
    const steps = events.flatMap(({ progress }) => progress?.step ?? []);
    expect(steps).toEqual(Array.from({ length: 35 }, (_, i) => 26 + i));
    const record = results.outcomes[0]?.record;
    const undisturbed = left.results.outcomes[0]?.record;
    expect(record?.sessions.map(({ fromStep, toStep, outcome }) => [fromStep, toStep, outcome])).toEqual([
      [0, 25, 'interrupted'],
      [25, 60, 'finished'],
    ]);
    expect(record?.id).toBe(undisturbed?.id);
    expect(record?.weights).toEqual(undisturbed?.weights);
    expect(record?.series).toEqual(undisturbed?.series);
    expect(record?.measurements.geometry?.estimates).toEqual(undisturbed?.measurements.geometry?.estimates);
  });

  it('tells when it goes on on another processor', async () => {
    const store = newStore();
    await until(25, store);
    const file = join(store.dir, recordsOf(store)[0]?.id ?? '', 'record.json');
    writeFileSync(file, readFileSync(file, 'utf8').replace(/"cpu": ?"[^"]*"/, '"cpu": "Slow 1"'));
    const remarks: string[] = [];
    await carryOut(longer, store, { onRemark: (remark) => remarks.push(remark) });
    expect(remarks).toContainEqual(
      expect.stringMatching(/^CARE seed 0: From step 25 on .* in another environment: cpu Slow 1 -> /),
    );
    const again: string[] = [];
    await carryOut(longer, store, { onRemark: (remark) => again.push(remark) });
    expect(again.join()).not.toContain('another environment');
  });

  it('while it is measured keeps what was measured, and needs no training to go on', async () => {
    const store = newStore();
    const controller = new AbortController();
    const onEvent = ({ phase }: StudyEvent) => phase === 'measuring' && controller.abort();
    const plan = only(
      tinyPlan(),
      ({ encoder, seed, variation }) => encoder === 'care' && seed === 0 && !variation,
    );
    const error = await carryOut(plan, store, { signal: controller.signal, onEvent }).catch(
      (e: unknown) => e,
    );
    expect(error).toBeInstanceOf(InterruptedError);
    const [stopped] = recordsOf(store);
    expect(Object.keys(stopped?.measurements ?? {})).toHaveLength(1);
    expect(readiness(plan, { store, dataDir }).runs).toEqual(['to measure']);

    const { events, results } = await carryOut(plan, store);
    expect(events.map(({ phase }) => phase)).toEqual(['measuring', 'ready']);
    const measured = results.outcomes[0]?.record?.measurements ?? {};
    expect(Object.keys(measured).length).toBeGreaterThan(1);
    expect(measured).toMatchObject(stopped?.measurements ?? {});
  });

  it('before its first step leaves nothing begun', async () => {
    const store = newStore();
    const error = await carryOut(longer, store, { signal: AbortSignal.abort() }).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(InterruptedError);
    expect((error as Error).message).toContain('Stopped before CARE seed 0');
    expect(store.list()).toEqual([]);
  });
});

describe('readiness', () => {
  it('tells what is there, on which data, and writes nothing', async () => {
    const store = newStore();
    const pair = only(
      tinyPlan(),
      ({ encoder, seed, variation }) => seed === 0 && !variation && ['simclr', 'untrained'].includes(encoder),
    );
    expect(readiness(pair, { store, dataDir })).toMatchObject({
      runs: ['to train', 'to train'],
      data: [{ generated: true, items: 24 }],
    });
    expect(readdirSync(folder)).not.toContain(store.dir.split('/').at(-1));
    await carryOut(
      only(pair, ({ encoder }) => encoder === 'untrained'),
      store,
    );
    expect(readiness(pair, { store, dataDir }).runs).toEqual(['to train', 'ready']);
    const other = { ...pair, measures: { ...pair.measures, seed: 1 } };
    expect(readiness(other, { store, dataDir }).runs).toEqual(['to train', 'to measure']);
  });
});
