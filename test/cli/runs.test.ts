import { readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { registerRuns } from '../../src/cli/runs.js';
import type { RunRecord } from '../../src/runs/record.js';
import { openStore } from '../../src/runs/store.js';
import { UserError } from '../../src/runs/user-error.js';
import { temporaryFolder } from '../runs/compiled-sources.js';
import { someEnvironment, someSpec } from '../runs/spec.js';

const dir = temporaryFolder('cli-runs');
const store = openStore(dir);
const tensors = { w: { shape: [3], dtype: 'float32' as const, values: Float32Array.of(1, 2, 3) } };
const measure = { settings: {}, key: 'k', measuredAt: '2025-11-24T02:36:00.000Z', seconds: 1 };
let care = '';
let simclr = '';
let killed = '';

function make(label: string, lambda: number, angle: number): string {
  const run = store.begin(someSpec({ label, config: { steps: 20, lambda, optimizer: { rate: 0.001 } } }));
  run.startSession(someEnvironment, 0);
  for (let step = 0; step < 20; step++) run.metrics(step, { loss: 1 / (step + 1) });
  run.progress({
    step: 20,
    seconds: 75,
    viewsPerSecond: 1234.5,
    peakMemoryBytes: 2 ** 29,
    peakDeviceMemoryBytes: 3 * 2 ** 29,
  });
  run.saveCheckpoint({ step: 20, tensors });
  const estimates = { mean: { value: angle, unit: 'degrees', sd: 0.126, n: 3, kind: 'trials' as const } };
  run.addMeasurement({ ...measure, name: 'wahba-error', estimates, tables: { errors: { angle: [1] } } });
  run.finish({ tensors });
  run.close();
  return run.id;
}

beforeAll(() => {
  care = make('CARE seed 0', 0.01, 3.2149);
  simclr = make('SimCLR seed 0', 0, 88.5);
  const run = store.begin(
    someSpec({
      label: 'L_unif+L_equi with a long name, seed 2',
      config: { steps: 1500 },
      plannedSteps: 1500,
    }),
  );
  run.startSession(someEnvironment, 0);
  run.saveCheckpoint({ step: 1200, tensors });
  killed = run.id;
  const lock = join(run.dir, 'lock-1');
  // As a killed process leaves it: the record says running, and the lock's process is gone.
  const left = JSON.stringify({ ...(JSON.parse(readFileSync(lock, 'utf8')) as object), pid: 2 ** 22 + 9 });
  writeFileSync(lock, left);
});
afterAll(() => {
  rmSync(dir, { recursive: true });
});
afterEach(() => {
  process.exitCode = undefined;
  vi.unstubAllEnvs();
});

async function output(...args: string[]): Promise<string> {
  const lines: string[] = [];
  const write = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    lines.push(String(text));
    return true;
  });
  try {
    const program = new Command().exitOverride();
    registerRuns(program);
    await program.parseAsync(['runs', ...args], { from: 'user' });
  } finally {
    write.mockRestore();
  }
  return lines.join('');
}

async function problemOf(...args: string[]): Promise<UserError> {
  try {
    await output(...args);
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
  throw new Error('The command succeeded.');
}

function expectNarrow(text: string): void {
  for (const line of text.split('\n')) {
    // The one line that names the folder is as long as the folder's name.
    if (!line.includes(dir)) expect(Array.from(line).length).toBeLessThanOrEqual(80);
  }
}

describe('care runs list', () => {
  it('is an aligned table of 80 columns that tells the killed run and its step', async () => {
    const text = await output('list', '--runs', dir);
    expectNarrow(text);
    const [titles, ...rows] = text.split('\n');
    expect(titles).toMatch(/^id {8}label +profile {2}status +steps {2}date$/);
    expect(rows[0]).toMatch(
      new RegExp(`^${care.slice(0, 8)}  CARE seed 0 +smoke +finished +20  \\w{3} \\d+$`),
    );
    expect(rows[2]).toMatch(
      new RegExp(`^${killed.slice(0, 8)}  L_unif.*….* 2  smoke +killed at step 1200 +1500  `),
    );
    expect(text).toContain(`3 runs of protein in ${dir}: 2 finished, 1 killed.`);
  });

  it('tells runs of one label apart by the settings in which they differ', async () => {
    const folder = temporaryFolder('cli-list');
    const own = openStore(folder);
    for (const [label, lambda] of [
      ['CARE', 3],
      ['CARE', 30],
      ['SimCLR', 4],
    ] as const)
      own.begin(someSpec({ label, config: { data: { seed: 0 }, training: { lambda, steps: 5 } } })).close();
    const text = await output('list', '--runs', folder);
    expect(text).toMatch(/ CARE, lambda 3 /);
    expect(text).toMatch(/ CARE, lambda 30 /);
    expect(text).toMatch(/\bSimCLR {2}/);
    rmSync(folder, { recursive: true });
  });

  it('takes the folder from CARE_RUNS_DIR and says when there is nothing', async () => {
    vi.stubEnv('CARE_RUNS_DIR', join(dir, 'none'));
    expect(await output('list')).toBe(`No runs in ${join(dir, 'none')}.\n`);
    expect(await output('list', '--json')).toBe('[]\n');
  });

  it('prints JSON', async () => {
    const entries = JSON.parse(await output('list', '--json', '--runs', dir)) as {
      id: string;
      state: string;
      step: number;
    }[];
    expect(entries.map(({ id, state, step }) => [id, state, step])).toEqual([
      [care, 'finished', 20],
      [simclr, 'finished', 20],
      [killed, 'killed', 1200],
    ]);
  });
});

describe('a folder that is not there', () => {
  const nowhere = join(dir, 'nowhere');

  it.each([['list'], ['list', '--json'], ['verify'], ['show', 'ab'], ['diff', 'ab', 'cd']])(
    'is an error of %j where it was named',
    async (...args) => {
      const problem = await problemOf(...args, '--runs', nowhere);
      expect(problem.message).toBe(`There is no folder ${nowhere}.`);
    },
  );

  it('holds no runs yet where it is the usual one, and an empty one holds none', async () => {
    vi.stubEnv('CARE_RUNS_DIR', nowhere);
    expect(await output('verify')).toBe(`No runs in ${nowhere}.\n`);
    const empty = temporaryFolder('cli-no-runs');
    try {
      expect(await output('list', '--runs', empty)).toBe(`No runs in ${empty}.\n`);
      expect(await output('verify', '--runs', empty)).toBe(`No runs in ${empty}.\n`);
    } finally {
      rmSync(empty, { recursive: true });
    }
  });
});

describe('care runs show', () => {
  it('tells how the run was made and what was measured', async () => {
    const text = await output('show', care.slice(0, 6), '--runs', dir);
    expectNarrow(text);
    for (const part of [
      `CARE seed 0  (${care})`,
      /finished, 20 steps, 1 min 15 s of training, 1235 views\/s, peak 512 MiB,\s+GPU\s+peak\s+1536\s+MiB,\s+chained/,
      /optimizer\.rate +0\.001/,
      'TensorFlow 2.18.0, Some CPU, 2 cores, 2 threads, oneDNN on',
      /loss +1 +0\.05\d* +0\.05\d* +19/,
      /wahba-error\n +mean +3\.21 ± 0\.13 degrees \(n = 3 trials\)/,
      'weights.safetensors, 3 parameters',
    ]) {
      expect(text).toMatch(part);
    }
  });

  it('suggests the id that was meant', async () => {
    const wrong = care.slice(0, 5) + (care[5] === '0' ? '1' : '0');
    const problem = await problemOf('show', wrong, '--runs', dir);
    expect(problem.message).toContain(`There is no run "${wrong}"`);
    expect(problem.hint).toContain(`Did you mean ${care}?`);
  });

  it('prints the record as JSON', async () => {
    const { record } = JSON.parse(await output('show', care, '--json', '--runs', dir)) as {
      record: RunRecord;
    };
    expect(record).toEqual(store.read(care));
  });
});

describe('care runs diff', () => {
  it('names what differs and puts measurements side by side', async () => {
    const text = await output('diff', care, simclr, '--runs', dir);
    expectNarrow(text);
    for (const part of [
      /Configuration\n {2}lambda +0\.01 +0\n/,
      'Data: the same',
      'Environment: the same',
      /wahba-error\.mean +3\.21 ± 0\.13 degrees +88\.50 ± 0\.13 degrees +85\.29/,
    ]) {
      expect(text).toMatch(part);
    }
    const json = JSON.parse(await output('diff', care, simclr, '--json', '--runs', dir)) as {
      config: object[];
    };
    expect(json.config).toEqual([{ name: 'lambda', a: 0.01, b: 0 }]);
  });
});

describe('care runs diff with one id', () => {
  it('asks for two, with an example of the folder', async () => {
    const problem = await problemOf('diff', 'nonsense', '--runs', dir);
    expect(problem.message).toBe('care runs diff takes the ids of two runs.');
    const [a, b] = [care, simclr].map((id) => id.slice(0, 8));
    expect(problem.hint).toContain(`care runs diff ${a ?? ''} ${b ?? ''} (`);
  });
});

describe('care runs verify', () => {
  it('finds sound runs sound', async () => {
    const text = await output('verify', '--runs', dir);
    expect(text).toContain(`3 runs checked in ${dir}: all ok.`);
    expect(process.exitCode).toBeUndefined();
  });

  it('says what is wrong and exits with 1', async () => {
    truncateSync(join(dir, simclr, 'weights.safetensors'), 20);
    const text = await output('verify', '--runs', dir);
    expect(process.exitCode).toBe(1);
    expect(text).toMatch(new RegExp(`${simclr}  SimCLR seed 0: WRONG\n  weights +WRONG`));
    expect(text).toContain('3 runs checked');
    expect(text).toContain('1 wrong.');
    process.exitCode = undefined;
    await output('verify', care, '--runs', dir);
    expect(process.exitCode).toBeUndefined();
    const [json] = JSON.parse(await output('verify', simclr, '--json', '--runs', dir)) as { ok: boolean }[];
    expect(json?.ok).toBe(false);
    expect(process.exitCode).toBe(1);
  });
});
