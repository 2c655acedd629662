import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import type { Measurement } from '../../src/runs/record.js';
import { readMetrics } from '../../src/runs/metrics.js';
import type { OpenRun } from '../../src/runs/open-run.js';
import { idOf, openStore, type RunStore } from '../../src/runs/store.js';
import { UserError } from '../../src/runs/user-error.js';
import type { CheckpointState } from '../../src/train/checkpoint-state.js';
import { compileSources, ended, firstLine, startChild, temporaryFolder } from './compiled-sources.js';
import { someEnvironment, someSpec } from './spec.js';

const root = temporaryFolder('store');
const sources = compileSources();
let store: RunStore = openStore(root);
let count = 0;
beforeEach(() => {
  store = openStore(join(root, `store-${count++}`));
});
afterAll(() => {
  for (const folder of [root, sources]) rmSync(folder, { recursive: true });
});

function state(step: number): CheckpointState {
  return { step, tensors: { w: { shape: [2], dtype: 'float32', values: Float32Array.of(step, 0.5) } } };
}

/** Runs steps, with a metric each, and saves a checkpoint behind them. */
function train(run: OpenRun, from: number, to: number): void {
  for (let step = from; step < to; step++) run.metrics(step, { loss: 1 / (step + 1) });
  run.progress({ step: to, seconds: (to - from) / 10, viewsPerSecond: 640, peakMemoryBytes: 2 ** 20 });
  run.saveCheckpoint(state(to), { order: to });
}

function finished(spec = someSpec()): string {
  const run = store.begin(spec);
  run.startSession(someEnvironment, 0);
  train(run, 0, 20);
  run.finish({ tensors: state(20).tensors });
  run.close();
  return run.id;
}

/** A run that was stopped at step 10. */
function stoppedRun(): string {
  const run = store.begin(someSpec());
  run.startSession(someEnvironment, 0);
  train(run, 0, 5);
  train(run, 5, 10);
  run.stop();
  run.close();
  return run.dir;
}

function problemOf(action: () => unknown): UserError {
  try {
    action();
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
  throw new Error('Nothing was thrown.');
}

const measurement: Measurement = {
  name: 'wahba-error',
  settings: { trials: 10 },
  key: 'k1',
  estimates: { mean: { value: 3.2, unit: 'degrees', sd: 0.1, n: 10, kind: 'trials' } },
  measuredAt: '2025-11-24T02:36:00.000Z',
  seconds: 0.1,
};

describe('a run', () => {
  it('is created, trained, finished, and found again', () => {
    const id = finished();
    expect(id).toBe(idOf(someSpec()));
    const record = store.read(id);
    expect(record).toMatchObject({
      id,
      status: 'finished',
      label: 'CARE seed 0',
      steps: { planned: 20, done: 20 },
      trainingSeconds: 2,
      viewsPerSecond: 640,
      peakMemoryBytes: 2 ** 20,
      sessions: [{ fromStep: 0, toStep: 20, outcome: 'finished', seconds: 2 }],
      weights: { file: 'weights.safetensors', parameters: 2 },
      notes: [],
    });
    expect(record.series.loss?.steps).toEqual(Array.from({ length: 20 }, (_, step) => step));
    expect(store.weights(id)).toEqual(state(20).tensors);
    const again = store.begin(someSpec());
    expect(again.record).toEqual(record);
    expect(again.weights()).toEqual(state(20).tensors);
    expect(() => again.startSession(someEnvironment, 0)).toThrow(/finished: there is nothing to train/);
    again.close();
    expect(store.read(id)).toEqual(record);
    expect(store.list()).toMatchObject([{ id, state: 'finished', holder: null, step: 20 }]);
  });

  it('takes measurements and notes, also when it is finished', () => {
    const id = finished();
    const run = store.begin(someSpec());
    run.addMeasurement(measurement);
    run.addMeasurement({ ...measurement, key: 'k2' });
    run.note('measured twice');
    run.note('measured twice');
    expect(() =>
      run.addMeasurement({ ...measurement, name: 'bad', estimates: { mean: { value: NaN } } }),
    ).toThrow(/cannot hold NaN/);
    run.close();
    const { measurements, notes } = store.read(id);
    expect(measurements).toEqual({ 'wahba-error': { ...measurement, key: 'k2' } });
    expect(notes).toEqual(['measured twice']);
  });

  it('thins its series to 200 points and keeps them all in the file', () => {
    const run = store.begin(someSpec({ plannedSteps: 1000 }));
    run.startSession(someEnvironment, 0);
    train(run, 0, 1000);
    run.finish({ tensors: state(1000).tensors });
    run.close();
    expect(run.record.series.loss?.steps).toHaveLength(200);
    expect(readMetrics(join(run.dir, 'metrics.jsonl')).lines).toHaveLength(1000);
  });

  it('goes on from its last checkpoint and doubles no metric', () => {
    const dir = stoppedRun();
    const run = store.begin(someSpec());
    expect(run.record).toMatchObject({ status: 'stopped', steps: { done: 10 } });
    expect(run.latestCheckpoint()).toEqual({ state: state(10), extra: { order: 10 }, remarks: [] });
    run.startSession(someEnvironment, 10);
    expect(run.record.status).toBe('running');
    train(run, 10, 20);
    run.finish({ tensors: state(20).tensors });
    run.close();
    const { lines } = readMetrics(join(dir, 'metrics.jsonl'));
    expect(lines.map(({ step }) => step)).toEqual(Array.from({ length: 20 }, (_, step) => step));
    expect(run.record).toMatchObject({ trainingSeconds: 1.5, notes: [] });
    expect(run.record.sessions).toMatchObject([
      { fromStep: 0, toStep: 10, outcome: 'interrupted' },
      { fromStep: 10, toStep: 20, outcome: 'finished' },
    ]);
  });

  it('falls back behind a torn checkpoint and says so in its notes; metrics go back with it', () => {
    const dir = stoppedRun();
    truncateSync(join(dir, 'checkpoints', 'step-00000010.json'), 50);
    const run = store.begin(someSpec());
    const from = run.latestCheckpoint()?.state.step ?? 0;
    run.startSession(someEnvironment, from);
    expect(from).toBe(5);
    expect(run.record.notes).toHaveLength(1);
    expect(run.record.notes[0]).toMatch(/step 10 is damaged .* went back to step 5/);
    expect(readMetrics(join(dir, 'metrics.jsonl')).lines.map(({ step }) => step)).toEqual([0, 1, 2, 3, 4]);
    run.close();
  });

  it('starts over when no checkpoint is left, and says so', () => {
    const dir = stoppedRun();
    for (const step of ['05', '10']) truncateSync(join(dir, 'checkpoints', `step-000000${step}.json`), 50);
    const run = store.begin(someSpec());
    expect(run.latestCheckpoint()).toBeNull();
    expect(run.record.notes).toHaveLength(2);
    expect(run.record.notes[1]).toMatch(/started over from step 0/);
    run.close();
  });

  it('is trained again from its last checkpoint when its weights were lost', () => {
    const id = finished();
    truncateSync(join(store.dir, id, 'weights.safetensors'), 20);
    expect(problemOf(() => store.weights(id)).message).toMatch(/was changed/);
    const run = store.begin(someSpec());
    expect(run.record).toMatchObject({
      status: 'stopped',
      notes: [expect.stringMatching(/weights were lost/)],
    });
    expect(run.record.weights).toBeUndefined();
    run.startSession(someEnvironment, run.latestCheckpoint()?.state.step ?? 0);
    run.finish({ tensors: state(20).tensors });
    run.close();
    expect(store.weights(id)).toEqual(state(20).tensors);
  });

  it('notes when it goes on in another environment or another way', () => {
    stoppedRun();
    const run = store.begin(someSpec({ execution: 'fast' }));
    run.startSession({ ...someEnvironment, intraOpThreads: 8, node: '22.0.0' }, 10);
    run.close();
    expect(run.record.execution).toBe('fast');
    expect(run.record.notes).toEqual([
      'Begun chained, went on fast after step 10.',
      'From step 10 on the run went on in another environment: intraOpThreads 2 -> 8.',
    ]);
  });

  it('keeps the last checkpoint and the reason when it fails', () => {
    const run = store.begin(someSpec());
    run.startSession(someEnvironment, 0);
    train(run, 0, 5);
    run.metrics(5, { loss: NaN });
    run.fail(new Error('The loss is NaN at step 5.'));
    run.close();
    expect(store.list()).toMatchObject([{ state: 'failed', step: 6 }]);
    expect(run.record).toMatchObject({
      steps: { done: 5 },
      sessions: [{ outcome: 'The loss is NaN at step 5.', toStep: 5 }],
      series: { loss: { steps: [0, 1, 2, 3, 4] } },
    });
    expect(store.begin(someSpec()).latestCheckpoint()?.state.step).toBe(5);
  });

  it('is stopped by close, and nothing can be done with it afterwards', () => {
    const run = store.begin(someSpec());
    run.startSession(someEnvironment, 0);
    train(run, 0, 5);
    run.close();
    run.close();
    expect(store.read(run.id)).toMatchObject({ status: 'stopped', sessions: [{ outcome: 'interrupted' }] });
    expect(() => run.metrics(5, { loss: 1 })).toThrow(/was closed/);
    expect(() => run.note('late')).toThrow(/was closed/);
    const next = store.begin(someSpec());
    expect(() => next.saveCheckpoint(state(6))).toThrow(/call startSession first/);
    next.close();
  });

  it('writes nothing more once its lock was taken away', () => {
    const run = store.begin(someSpec());
    run.startSession(someEnvironment, 0);
    train(run, 0, 5);
    rmSync(join(run.dir, 'lock-1'));
    const other = store.begin(someSpec());
    expect(problemOf(() => train(run, 5, 10)).message).toMatch(/taken away from this process/);
    expect(other.latestCheckpoint()?.state.step).toBe(5);
    other.close();
  });

  it('says so when the store cannot be written', () => {
    writeFileSync(join(root, 'file'), '');
    const problem = problemOf(() => openStore(join(root, 'file')).begin(someSpec()));
    expect(problem.message).toMatch(/Cannot write the run to .*file/);
    expect(problem.hint).toMatch(/choose another folder/);
  });

  it('is not opened when its record has another configuration than its id says', () => {
    const id = finished();
    const path = join(store.dir, id, 'record.json');
    writeFileSync(path, readFileSync(path, 'utf8').replace('"lambda": 0.01', '"lambda": 0.02'));
    expect(problemOf(() => store.begin(someSpec())).message).toMatch(/another configuration/);
    expect(problemOf(() => store.begin(someSpec())).message).toMatch(/another configuration/);
  });
});

describe('finding runs', () => {
  it('takes a whole id or a beginning that only one run has', () => {
    for (const id of ['aaaa00000000', 'aabb00000000', 'cccc00000000']) {
      mkdirSync(join(store.dir, id), { recursive: true });
      writeFileSync(join(store.dir, id, 'record.json'), '{}');
    }
    mkdirSync(join(store.dir, 'dddd00000000'));
    expect(store.find('cccc00000000')).toBe('cccc00000000');
    expect(store.find('AAB')).toBe('aabb00000000');
    expect(problemOf(() => store.find('aa')).message).toMatch(
      /beginning of 2 runs: aaaa00000000, aabb00000000/,
    );
    const unknown = problemOf(() => store.find('ccbc'));
    expect(unknown.message).toMatch(/There is no run "ccbc"/);
    expect(unknown.hint).toBe(
      'Did you mean cccc00000000? There are: aaaa00000000, aabb00000000, cccc00000000.',
    );
    expect(problemOf(() => store.find('')).message).toMatch(/beginning of 3 runs/);
    expect(problemOf(() => openStore(join(root, 'none')).find('aa')).message).toMatch(/has no runs/);
    expect(problemOf(() => store.read('cccc')).message).toMatch(/Run cccc00000000: record.json does not fit/);
  });

  it('lists what it can read and says what it cannot', () => {
    const id = finished();
    mkdirSync(join(store.dir, '000000000000'));
    writeFileSync(join(store.dir, '000000000000', 'record.json'), '{');
    writeFileSync(join(store.dir, 'notes.txt'), '');
    const [torn, whole] = store.list();
    expect(torn).toMatchObject({ id: '000000000000', state: 'unreadable' });
    expect(torn).toHaveProperty('problem', expect.stringMatching(/cannot be read/));
    expect(whole).toMatchObject({ id, state: 'finished' });
    expect(openStore(join(root, 'none')).list()).toEqual([]);
    expect(existsSync(join(root, 'none'))).toBe(false);
  });
});

describe('manifests', () => {
  const manifest = {
    name: 'PDB',
    generated: false,
    sha256: 'ef'.repeat(32),
    items: 1,
    files: [{ name: 'pdb/1AHW.pdb.gz', bytes: 3, sha256: 'ab'.repeat(32) }],
  };

  it('are kept by hash', () => {
    expect(store.readManifest(manifest.sha256)).toBeNull();
    store.saveManifest(manifest);
    store.saveManifest(manifest);
    expect(readdirSync(store.dir)).toEqual(['data-efefefefefef.json']);
    expect(store.readManifest(manifest.sha256)).toEqual(manifest);
  });

  it('are not taken for those of another data set, nor read when torn', () => {
    store.saveManifest(manifest);
    const other = `${manifest.sha256.slice(0, 12)}${'0'.repeat(52)}`;
    expect(problemOf(() => store.readManifest(other)).message).toMatch(
      /is not that of data set efefefefefef/,
    );
    truncateSync(join(store.dir, 'data-efefefefefef.json'), 10);
    expect(problemOf(() => store.readManifest(manifest.sha256)).hint).toMatch(
      /^Remove .*data-efefefefefef.json/,
    );
  });
});

describe('other processes', () => {
  /** Trains 300 steps of a toy whose state depends on all steps before, with a checkpoint every 4. */
  const trainer = `
    import { openStore } from './dist/runs/store.js';
    const [, , dir, spec, environment, pause] = process.argv;
    const run = openStore(dir).begin(JSON.parse(spec));
    const last = run.latestCheckpoint();
    const w = last === null ? new Float32Array(500).fill(1) : last.state.tensors.w.values;
    let step = last?.state.step ?? 0;
    run.startSession(JSON.parse(environment), step);
    process.stdout.write('at ' + step + '\\n');
    const tensors = () => ({ w: { shape: [w.length], dtype: 'float32', values: w } });
    while (step < 300) {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, Number(pause));
      for (let i = 0; i < w.length; i++) w[i] = Math.fround(Math.sin(w[i] * (step + i + 1)));
      run.metrics(step, { first: w[0] });
      step++;
      if (step % 4 === 0) run.saveCheckpoint({ step, tensors: tensors() });
    }
    run.finish({ tensors: tensors() });
    run.close();`;
  const spec = someSpec({ plannedSteps: 300 });
  const start = (dir: string, pause: number): ReturnType<typeof startChild> => {
    const args = [dir, JSON.stringify(spec), JSON.stringify(someEnvironment), String(pause)];
    return startChild(sources, 'trainer', trainer, args);
  };

  it('killed at 20 random moments go on to the same bits', { timeout: 180_000 }, async () => {
    const whole = openStore(`${store.dir}-whole`);
    await ended(start(whole.dir, 0));
    for (let round = 0; round < 20; round++) {
      const child = start(store.dir, 2);
      await firstLine(child);
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 25));
      child.kill('SIGKILL');
      await ended(child);
      expect(child.signalCode).toBe('SIGKILL');
      expect(store.list()).toMatchObject([{ state: 'killed' }]);
    }
    await ended(start(store.dir, 0));
    const id = idOf(spec);
    expect(store.read(id).sessions).toHaveLength(21);
    const [mine, theirs] = [store.read(id), whole.read(id)];
    expect(mine.weights).toEqual(theirs.weights);
    expect(mine.series).toEqual(theirs.series);
    expect(mine.notes).toEqual([]);
    const metrics = [store, whole].map(({ dir }) => readFileSync(join(dir, id, 'metrics.jsonl'), 'utf8'));
    expect(metrics[0]).toBe(metrics[1]);
    const leftovers = readdirSync(join(store.dir, id)).filter((name) => name.endsWith('.aside'));
    expect(leftovers).toEqual([]);
  });

  it('are told who has the run and how far it is; a killed one gives way', async () => {
    const child = startChild(
      sources,
      'holder',
      `import { openStore } from './dist/runs/store.js';
       const [, , dir, spec, environment] = process.argv;
       const run = openStore(dir).begin(JSON.parse(spec));
       run.startSession(JSON.parse(environment), 0);
       const tensors = { w: { shape: [1], dtype: 'float32', values: new Float32Array(1) } };
       for (let step = 0; step < 8; step++) run.metrics(step, { loss: 1 });
       run.saveCheckpoint({ step: 8, tensors });
       process.stdout.write('ready\\n');
       setInterval(() => undefined, 1000);`,
      [store.dir, JSON.stringify(spec), JSON.stringify(someEnvironment)],
    );
    await firstLine(child);
    const problem = problemOf(() => store.begin(spec));
    expect(problem.message).toMatch(
      new RegExp(
        `\\(CARE seed 0\\) is being worked on by process ${child.pid} on .+ since .+Z; .* step 8 of 300\\.`,
      ),
    );
    expect(problem.hint).toMatch(/goes on from its last checkpoint/);
    expect(store.list()).toMatchObject([{ state: 'running', holder: { pid: child.pid }, step: 8 }]);
    child.kill('SIGKILL');
    await ended(child);
    expect(store.list()).toMatchObject([{ state: 'killed', holder: null, step: 8 }]);
    const run = store.begin(spec);
    expect(run.latestCheckpoint()?.state.step).toBe(8);
    expect(run.record).toMatchObject({ status: 'stopped', sessions: [{ outcome: 'killed', toStep: 8 }] });
    run.close();
  });

  it('that begin one run at the same moment are one winner and others that are told', async () => {
    const program = `
      import { openStore } from './dist/runs/store.js';
      const [, , dir, spec] = process.argv;
      try {
        openStore(dir).begin(JSON.parse(spec));
        process.stdout.write('won\\n');
        setTimeout(() => undefined, 3000);
      } catch (error) {
        process.stdout.write(error.name + ': ' + error.message + '\\n');
      }`;
    const children = Array.from({ length: 4 }, () =>
      startChild(sources, 'beginner', program, [store.dir, JSON.stringify(spec)]),
    );
    const lines = await Promise.all(children.map(firstLine));
    expect(lines.filter((line) => line === 'won')).toHaveLength(1);
    expect(
      lines.filter((line) => /^UserError: Run .* is being worked on by process \d+/.test(line)),
    ).toHaveLength(3);
    for (const child of children) child.kill('SIGKILL');
    await Promise.all(children.map(ended));
  });
});
