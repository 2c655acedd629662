import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import {
  inspectCheckpoints,
  loadLatestCheckpoint,
  loadWeights,
  saveCheckpoint,
  saveWeights,
} from '../../src/train/checkpoint.js';
import type { CheckpointState } from '../../src/train/checkpoint-state.js';
import { UserError } from '../../src/train/user-error.js';
import { compileSources, ended, firstLine, startChild, temporaryFolder } from '../runs/compiled-sources.js';

const folders: string[] = [];
let dir = '';
beforeEach(() => {
  dir = temporaryFolder('checkpoints');
  folders.push(dir);
});
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

function state(step: number, length = 10): CheckpointState {
  const values = Float32Array.from({ length }, (_, i) => step + i / 7);
  return {
    step,
    tensors: {
      'phi.0.weight': { shape: [length], dtype: 'float32', values },
      'adam.step': { shape: [], dtype: 'int32', values: Int32Array.of(step) },
    },
  };
}

function files(): readonly string[] {
  return readdirSync(dir).sort();
}

function hasFailedWith(action: () => unknown): UserError {
  try {
    action();
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
  throw new Error('Nothing was thrown.');
}

describe('saveCheckpoint and loadLatestCheckpoint', () => {
  it('gives back the state bit by bit, with what was kept beside it', () => {
    saveCheckpoint(dir, state(120), { order: [3, 1, 2], note: 'ä' });
    const loaded = loadLatestCheckpoint(dir);
    expect(loaded).toEqual({ state: state(120), extra: { order: [3, 1, 2], note: 'ä' }, remarks: [] });
  });

  it('finds nothing in a folder that is empty or missing', () => {
    expect(loadLatestCheckpoint(dir)).toBeNull();
    expect(loadLatestCheckpoint(join(dir, 'none'))).toBeNull();
  });

  it('keeps the last two and nothing else', () => {
    writeFileSync(join(dir, '.step-00000001.json.77-abcd.aside'), 'left by a killed writer');
    for (const step of [10, 20, 30]) saveCheckpoint(dir, state(step));
    expect(files().map((name) => name.replace(/-[0-9a-f]{8}\.safe/, '-#.safe'))).toEqual([
      'step-00000020-#.safetensors',
      'step-00000020.json',
      'step-00000030-#.safetensors',
      'step-00000030.json',
    ]);
    expect(inspectCheckpoints(dir)).toEqual([
      { step: 30, file: 'step-00000030.json', problem: null },
      { step: 20, file: 'step-00000020.json', problem: null },
    ]);
  });

  it('goes on from an earlier checkpoint: later ones are removed by the next save, a damaged one is not kept', () => {
    for (const step of [10, 20]) saveCheckpoint(dir, state(step));
    truncateSync(join(dir, files().find((name) => /20-.*safetensors/.test(name)) ?? ''), 40);
    expect(loadLatestCheckpoint(dir)?.state.step).toBe(10);
    saveCheckpoint(dir, state(15));
    expect(inspectCheckpoints(dir).map(({ step }) => step)).toEqual([15, 10]);
    truncateSync(join(dir, 'step-00000015.json'), 30);
    saveCheckpoint(dir, state(25));
    expect(inspectCheckpoints(dir)).toMatchObject([
      { step: 25, problem: null },
      { step: 10, problem: null },
    ]);
  });

  it('replaces a checkpoint of the same step', () => {
    saveCheckpoint(dir, state(10));
    saveCheckpoint(dir, { ...state(11), step: 10 }, 'second');
    expect(loadLatestCheckpoint(dir)).toMatchObject({
      extra: 'second',
      state: { tensors: state(11).tensors },
    });
    expect(files()).toHaveLength(2);
  });

  it('falls back to the one before, whatever was cut from either file of the last one, and says so', () => {
    for (const step of [100, 200]) saveCheckpoint(dir, state(step));
    const whole = `${dir}-whole`;
    folders.push(whole);
    cpSync(dir, whole, { recursive: true });
    const last = files().filter((name) => name.includes('200'));
    expect(last).toHaveLength(2);
    fc.assert(
      fc.property(
        fc.constantFrom(...last),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (name, part) => {
          const size = statSync(join(whole, name)).size;
          truncateSync(join(dir, name), Math.floor(part * size));
          const loaded = loadLatestCheckpoint(dir);
          copyFileSync(join(whole, name), join(dir, name));
          expect(loaded?.state).toEqual(state(100));
          expect(loaded?.remarks).toHaveLength(1);
          expect(loaded?.remarks[0]).toMatch(
            /^The checkpoint of step 200 is damaged \(.+\); went back to step 100\.$/,
          );
        },
      ),
      { numRuns: 300 },
    );
    expect(loadLatestCheckpoint(dir)).toMatchObject({ state: { step: 200 }, remarks: [] });
  });

  it('notices every changed byte of the last one', () => {
    for (const step of [100, 200]) saveCheckpoint(dir, state(step), { kept: 1 });
    const last = files().filter((name) => name.includes('200'));
    fc.assert(
      fc.property(
        fc.constantFrom(...last),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        (name, place, change) => {
          const path = join(dir, name);
          const whole = readFileSync(path);
          const changed = Buffer.from(whole);
          const at = place % whole.length;
          changed[at] = (whole[at] ?? 0) ^ change;
          writeFileSync(path, changed);
          const step = loadLatestCheckpoint(dir)?.state.step;
          writeFileSync(path, whole);
          expect(step).toBe(100);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('is null when nothing intact is left, and inspectCheckpoints says why', () => {
    saveCheckpoint(dir, state(5));
    rmSync(join(dir, files().find((name) => name.endsWith('.safetensors')) ?? ''));
    expect(loadLatestCheckpoint(dir)).toBeNull();
    expect(inspectCheckpoints(dir)[0]?.problem).toMatch(/ENOENT/);
  });

  it('does not read a checkpoint of another format version', () => {
    saveCheckpoint(dir, state(5));
    const path = join(dir, 'step-00000005.json');
    const { checksum: _old, ...other } = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
    other.format = 2;
    const checksum = createHash('sha256').update(JSON.stringify(other)).digest('hex');
    writeFileSync(path, JSON.stringify({ ...other, checksum }));
    expect(inspectCheckpoints(dir)[0]?.problem).toBe('it has format 2, not 1');
  });

  it.each([-1, 0.5, NaN])('refuses step %d', (step) => {
    expect(() => saveCheckpoint(dir, { ...state(1), step })).toThrow(/whole number/);
    expect(files()).toEqual([]);
  });

  it('says so when the folder is a file', () => {
    const path = join(dir, 'checkpoints');
    writeFileSync(path, 'in the way');
    const error = hasFailedWith(() => saveCheckpoint(path, state(1)));
    expect(error.message).toMatch(/Cannot write the checkpoint of step 1 to .*checkpoints/);
    expect(error.hint).toMatch(/choose another folder/);
    expect(readFileSync(path, 'utf8')).toBe('in the way');
    expect(hasFailedWith(() => loadLatestCheckpoint(path)).hint).toMatch(/folder you may read/);
  });
});

/** A file system of 256 KiB, where this machine lets us make one. */
function mountTiny(at: string, options: string): boolean {
  mkdirSync(at, { recursive: true });
  return spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', at], { stdio: 'ignore' }).status === 0;
}

describe('disks that do not take it', () => {
  it('keeps the last checkpoint when the disk is full', ({ skip }) => {
    const tiny = join(dir, 'tiny');
    if (!mountTiny(tiny, 'size=256k'))
      skip('no tmpfs can be mounted here; checkpoint-full-disk.test.ts simulates it');
    try {
      saveCheckpoint(tiny, state(10, 20_000));
      saveCheckpoint(tiny, state(20, 20_000));
      const error = hasFailedWith(() => saveCheckpoint(tiny, state(30, 60_000)));
      expect(error.message).toMatch(/Cannot write the checkpoint of step 30 .*ENOSPC/);
      expect(error.hint).toMatch(/Free some space/);
      expect(loadLatestCheckpoint(tiny)).toEqual({ state: state(20, 20_000), extra: null, remarks: [] });
      expect(readdirSync(tiny).filter((name) => name.endsWith('.aside'))).toEqual([]);
    } finally {
      spawnSync('umount', [tiny]);
    }
  });

  it('keeps the last checkpoint when the folder becomes read-only', ({ skip }) => {
    const tiny = join(dir, 'read-only');
    if (!mountTiny(tiny, 'size=256k')) skip('no tmpfs can be mounted here');
    try {
      saveCheckpoint(tiny, state(10));
      spawnSync('mount', ['-o', 'remount,ro', tiny]);
      const error = hasFailedWith(() => saveCheckpoint(tiny, state(20)));
      expect(error.hint).toMatch(/read-only: choose a folder that can be written/);
      expect(loadLatestCheckpoint(tiny)?.state.step).toBe(10);
    } finally {
      spawnSync('umount', [tiny]);
    }
  });
});

describe('kill -9', () => {
  /** Writes checkpoints without a pause, each from the one before: tensors are full of the step. */
  const writer = `
    import { loadLatestCheckpoint, saveCheckpoint } from './dist/train/checkpoint.js';
    const dir = process.argv[2];
    let step = loadLatestCheckpoint(dir)?.state.step ?? 0;
    for (;;) {
      step += 1;
      const values = new Float32Array(20000).fill(step);
      saveCheckpoint(dir, { step, tensors: { w: { shape: [20000], dtype: 'float32', values } } });
      if (step % 2 === 1) process.stdout.write(step + '\\n');
    }`;

  it('at 20 random moments never costs a checkpoint that was saved', { timeout: 180_000 }, async () => {
    const sources = compileSources();
    folders.push(sources);
    let before = 0;
    for (let round = 0; round < 20; round++) {
      const child = startChild(sources, 'writer', writer, [dir]);
      const saved = Number(await firstLine(child));
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 40));
      child.kill('SIGKILL');
      await ended(child);
      const loaded = loadLatestCheckpoint(dir);
      expect(loaded?.remarks).toEqual([]);
      const step = loaded?.state.step ?? 0;
      expect(step).toBeGreaterThanOrEqual(saved);
      expect(saved).toBeGreaterThan(before);
      expect(loaded?.state.tensors.w?.values.every((value) => value === step)).toBe(true);
      before = step;
    }
    saveCheckpoint(dir, state(before + 1));
    expect(files()).toHaveLength(4);
  });
});

describe('saveWeights and loadWeights', () => {
  it('returns the sha256 of the file, which loading checks', () => {
    const path = join(dir, 'deep', 'weights.safetensors');
    const sha256 = saveWeights(path, state(3).tensors);
    expect(sha256).toBe(createHash('sha256').update(readFileSync(path)).digest('hex'));
    expect(loadWeights(path, sha256)).toEqual(state(3).tensors);
    saveWeights(path, state(4).tensors);
    const error = hasFailedWith(() => loadWeights(path, sha256));
    expect(error.message).toMatch(/was changed/);
    expect(error.hint).toMatch(/Restore the file/);
  });

  it('names a missing file', () => {
    const path = join(dir, 'none.safetensors');
    expect(hasFailedWith(() => loadWeights(path)).message).toContain(path);
    expect(existsSync(path)).toBe(false);
  });
});
