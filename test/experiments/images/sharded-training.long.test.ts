import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import type { ImageConfig } from '../../../src/experiments/images/config.js';
import { embedImages } from '../../../src/experiments/images/embedding.js';
import {
  checkShards,
  shardedImageTraining,
  type ShardedImageTraining,
} from '../../../src/experiments/images/sharded-training.js';
import { imageTraining, objectiveOf, type ImageTraining } from '../../../src/experiments/images/training.js';
import type { MethodName } from '../../../src/methods/methods.js';
import type { Execution } from '../../../src/tensorflow/compile.js';
import { nativeBackend, startEngine } from '../../../src/tensorflow/engine.js';
import type { WaitLimits } from '../../../src/train/shards/processes.js';
import { UserError } from '../../../src/train/user-error.js';
import { noiseImages, stateGap, tinyConfig } from './tiny.js';

process.env['TF_NUM_INTRAOP_THREADS'] = '1';
process.env['NODE_OPTIONS'] = `--import=${new URL('../../typescript-loader.mjs', import.meta.url).href}`;
startEngine({ intraOpThreads: 1, interOpThreads: 1 });

const data = noiseImages(20);
const objective = (config: ImageConfig) => objectiveOf(config) as MethodName;

const open: ShardedImageTraining[] = [];
afterEach(() => {
  for (const training of open.splice(0)) training.program.dispose();
});

function sharded(
  config: ImageConfig,
  count: number,
  { execution = 'chained', limits = {} }: { execution?: Execution; limits?: Partial<WaitLimits> } = {},
): ShardedImageTraining {
  const training = shardedImageTraining(config, objective(config), data, execution, { count }, limits);
  open.push(training);
  return training;
}

/** Runs the steps from `from` to `to`; the last one's outputs. */
function run({ program, inputsAt }: ImageTraining, from: number, to: number): Record<string, number> {
  let outputs: Record<string, number> = {};
  for (let step = from; step < to; step++) {
    const found = program.run('step', inputsAt(step));
    outputs = Object.fromEntries(Object.entries(found).map(([name, { values }]) => [name, values[0] ?? NaN]));
  }
  return outputs;
}

async function isGone(pid: number): Promise<boolean> {
  for (let i = 0; i < 100; i++) {
    try {
      process.kill(pid, 0);
    } catch {
      return true;
    }
    await sleep(50);
  }
  return false;
}

describe.skipIf(nativeBackend() === null)('a divided step', () => {
  it.each([
    ['care', 2, 'sgd', 'chained'],
    ['care', 4, 'sgd', 'chained'],
    ['simclr', 2, 'adam', 'chained'],
    ['simclr', 2, 'sgd', 'eager'],
    ['barlow-twins', 2, 'sgd', 'chained'],
  ] as const)(
    'of %s over %d processes is that of one (%s, %s)',
    async (method, count, optimizer, execution) => {
      const learningRate = optimizer === 'sgd' ? 0.1 : 1e-3;
      const training = { lambda: 0.3, weightDecay: 1e-3, optimizer, learningRate };
      const config = tinyConfig({ method, training });
      const one = imageTraining(config, objective(config), data, execution);
      const many = sharded(config, count, { execution });
      expect([many.viewsPerStep, many.stepsPerEpoch]).toEqual([one.viewsPerStep, one.stepsPerEpoch]);
      const before = one.program.readState();
      const [expected, found] = [run(one, 0, 3), run(many, 0, 3)];
      expect(Object.keys(found)).toEqual(Object.keys(expected));
      for (const [name, value] of Object.entries(expected)) expect(found[name]).toBeCloseTo(value, 4);
      const state = one.program.readState();
      expect(stateGap(state, many.program.readState())).toBeLessThan(1e-5);
      expect(stateGap(state, before)).toBeGreaterThan(1e-3);
      // What the kNN monitor sees.
      const [a, b] = [embedImages(one.program, data), embedImages(many.program, data)];
      const gaps = a.features.values.map((value, i) => Math.abs(value - (b.features.values[i] ?? NaN)));
      expect(gaps.length).toBe(data.length * a.features.dim);
      expect(Math.max(...gaps)).toBeLessThan(1e-3);
      one.program.dispose();
      const pids = many.program.pids();
      expect(pids.length).toBe(count - 1);
      open.splice(0);
      many.program.dispose();
      for (const pid of pids) expect(await isGone(pid)).toBe(true);
    },
  );

  it('gives the same bits every time, also from a state that was written back', () => {
    const config = tinyConfig({ method: 'simclr' });
    const [first, second] = [sharded(config, 2), sharded(config, 2)];
    run(first, 0, 2);
    const saved = first.program.readState();
    const outputs = run(first, 2, 4);
    run(second, 0, 1);
    second.program.writeState(saved);
    expect(run(second, 2, 4)).toEqual(outputs);
    expect(stateGap(first.program.readState(), second.program.readState())).toBe(0);
  });

  it('stops with an error when a process hangs, and when it is killed', async () => {
    const training = sharded(tinyConfig({ method: 'simclr' }), 2, { limits: { least: 3, factor: 0 } });
    const [pid] = training.program.pids() as readonly [number];
    run(training, 0, 4);
    // Stopped, it gives no answer; the limit is short by then.
    process.kill(pid, 'SIGSTOP');
    expect(() => run(training, 4, 5)).toThrow(
      `Shard 2 of 2 (process ${pid}) has given no answer to "forward" for 3 s.`,
    );
    process.kill(pid, 'SIGKILL');
    expect(() => run(training, 4, 5)).toThrow(/^Shard 2 of 2 ended with signal SIGKILL during "forward"/);
    open.splice(0);
    training.program.dispose();
    expect(await isGone(pid)).toBe(true);
  });

  it('says what a process said that does not start', () => {
    const nodeOptions = process.env['NODE_OPTIONS'];
    process.env['NODE_OPTIONS'] =
      `${nodeOptions ?? ''} --import=data:text/javascript,throw(new(Error)('no-luck'))`;
    try {
      expect(() => sharded(tinyConfig(), 2)).toThrow(
        /^Shard 2 of 2 ended with exit code 1 during "start"\. Its last words:[^]*no-luck/,
      );
    } finally {
      process.env['NODE_OPTIONS'] = nodeOptions;
    }
  });
});

interface Line {
  readonly step?: number;
  readonly pids?: readonly number[];
  readonly error?: string;
  readonly sha256?: string;
  readonly sessions?: number;
  readonly notes?: readonly string[];
}

/** Trains in a process of its own; `atStep` is told of it and of its other processes. The last line that it prints. */
async function trainApart(
  store: string,
  atStep: (step: number, child: ChildProcess, pids: readonly number[]) => void = () => undefined,
): Promise<Line & { readonly pids: readonly number[] }> {
  const script = fileURLToPath(new URL('./fixtures/train-sharded.ts', import.meta.url));
  const child = spawn(process.execPath, [script, store], { stdio: ['ignore', 'pipe', 'inherit'] });
  let last: Line = {};
  let pids: readonly number[] = [];
  createInterface({ input: child.stdout }).on('line', (text) => {
    last = JSON.parse(text) as Line;
    pids = last.pids ?? pids;
    if (last.step !== undefined) atStep(last.step, child, pids);
  });
  await new Promise((resolve) => child.on('close', resolve));
  return { ...last, pids };
}

describe.skipIf(nativeBackend() === null)('a divided run', () => {
  const folder = mkdtempSync(join(tmpdir(), 'care-sharded-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('goes on to the same bits after one of its processes was killed, whichever', async () => {
    const store = join(folder, 'killed');
    const [alone, other] = await Promise.all([
      trainApart(join(folder, 'alone')),
      trainApart(store, (step, _child, pids) => {
        if (step === 10) process.kill(pids[0] as number, 'SIGKILL');
      }),
    ]);
    expect(alone.sessions).toBe(1);
    expect(alone.notes).toEqual([expect.stringContaining('over 2 processes')]);
    expect(other.error).toMatch(/^Shard 2 of 2 ended with signal SIGKILL/);
    const first = await trainApart(store, (step, child) => {
      if (step === 20) child.kill('SIGKILL');
    });
    expect(first.error).toBeUndefined();
    expect(first.sha256).toBeUndefined();
    expect(first.pids.length).toBe(1);
    for (const pid of first.pids) expect(await isGone(pid)).toBe(true);

    const end = await trainApart(store);
    expect(end.sessions).toBe(3);
    expect(end.sha256).toBe(alone.sha256);
  }, 180_000);
});

describe('a number of processes that does not divide the views', () => {
  it.each([
    ['care', 3, 'The 4 views', 'Possible are 1, 2 or 4.'],
    ['care', 8, 'The 4 views', 'Possible are 1, 2 or 4.'],
    ['simclr', 4, 'The 2 views', 'Possible are 1 or 2.'],
  ] as const)('is refused: %s, %d', (method, count, message, hint) => {
    const config = tinyConfig({ method });
    let error: unknown;
    try {
      checkShards(config, objective(config), { count });
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(UserError);
    expect((error as UserError).message).toContain(message);
    expect((error as UserError).hint).toBe(hint);
  });

  it('and micro-batches are refused besides', () => {
    const config = tinyConfig({ training: { microBatch: 4 } });
    expect(() => checkShards(config, 'care', { count: 2 })).toThrow('micro-batches of 4');
  });
});
