import type * as FileSystem from 'node:fs';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { loadLatestCheckpoint, saveCheckpoint } from '../../src/train/checkpoint.js';
import { UserError } from '../../src/train/user-error.js';

/** Which of the writes from now on fails: 0 the next one, -1 none. */
const disk = vi.hoisted(() => ({ failAt: -1 }));

vi.mock('node:fs', async (importOriginal) => {
  const real = await importOriginal<typeof FileSystem>();
  return {
    ...real,
    writeFileSync: (file: number, content: Uint8Array | string) => {
      if (disk.failAt-- !== 0) {
        real.writeFileSync(file, content);
        return;
      }
      // As a full disk does: part of the content is there.
      real.writeFileSync(file, content.slice(0, content.length / 2));
      throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
    },
  };
});

const dir = mkdtempSync(join(tmpdir(), 'care-full-'));
afterAll(() => {
  rmSync(dir, { recursive: true });
});

function save(step: number): void {
  saveCheckpoint(dir, {
    step,
    tensors: { w: { shape: [2], dtype: 'float32', values: Float32Array.of(step, 1) } },
  });
}

describe('a full disk', () => {
  it.each([
    ['tensors', 0],
    ['state', 1],
  ])('while the %s are written leaves the previous checkpoint and nothing half written', (_, failAt) => {
    save(10 + failAt);
    disk.failAt = failAt;
    let problem: unknown;
    try {
      save(20);
    } catch (error) {
      problem = error;
    }
    disk.failAt = -1;
    expect(problem).toBeInstanceOf(UserError);
    expect((problem as UserError).message).toMatch(/Cannot write the checkpoint of step 20 .*ENOSPC/);
    expect((problem as UserError).hint).toMatch(/Free some space on that disk/);
    expect(loadLatestCheckpoint(dir)).toMatchObject({ state: { step: 10 + failAt }, remarks: [] });
    expect(readdirSync(dir).filter((name) => name.endsWith('.aside'))).toEqual([]);
  });
});
