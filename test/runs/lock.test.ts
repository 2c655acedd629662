import { mkdirSync, readFileSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { acquireLock, lockHolder, type Lock } from '../../src/runs/lock.js';
import { UserError } from '../../src/runs/user-error.js';
import { compileSources, ended, firstLine, startChild, temporaryFolder } from './compiled-sources.js';

const root = temporaryFolder('locks');
const sources = compileSources();
let dir = '';
let count = 0;
beforeEach(() => {
  dir = join(root, String(count++));
  mkdirSync(dir);
});
afterAll(() => {
  for (const folder of [root, sources]) rmSync(folder, { recursive: true });
});

function take(): Lock {
  const taken = acquireLock(dir);
  if ('holder' in taken) throw new Error(`Process ${taken.holder.pid} has it.`);
  return taken.lock;
}

/** The lock file of this process, changed, as if another one had left it. */
function leaveLock(change: object): void {
  const lock = take();
  const path = join(dir, 'lock-1');
  const file = JSON.parse(readFileSync(path, 'utf8')) as object;
  expect(lock.isHeld()).toBe(true);
  writeFileSync(path, JSON.stringify({ ...file, token: 'other', ...change }));
}

describe('acquireLock', () => {
  it('is held until released, and tells who has it', () => {
    const lock = take();
    expect(acquireLock(dir)).toMatchObject({ holder: { pid: process.pid, host: hostname() } });
    expect(lockHolder(dir)?.pid).toBe(process.pid);
    expect(Date.now() - Date.parse(lockHolder(dir)?.since ?? '')).toBeLessThan(10_000);
    lock.release();
    expect(lock.isHeld()).toBe(false);
    expect(lockHolder(dir)).toBeNull();
    const next = take();
    lock.release();
    expect(next.isHeld()).toBe(true);
    expect(readdirSync(dir)).toEqual(['lock-2']);
  });

  it('notices when its file was removed by hand', () => {
    const lock = take();
    rmSync(join(dir, 'lock-1'));
    expect(lock.isHeld()).toBe(false);
    const other = take();
    expect(lock.isHeld()).toBe(false);
    lock.release();
    expect(other.isHeld()).toBe(true);
  });

  it.each<[string, object]>([
    ['whose process is gone', { pid: 2 ** 22 + 7 }],
    ['whose pid was given to another process since', { processStart: '1' }],
    ['from before the last boot', { boot: 'before' }],
  ])('takes over a lock %s', (_, change) => {
    leaveLock(change);
    expect(take().isHeld()).toBe(true);
    expect(readdirSync(dir)).toEqual(['lock-2']);
  });

  it('does not judge a process on another host', () => {
    leaveLock({ host: 'elsewhere', pid: 2 ** 22 + 7 });
    expect(acquireLock(dir)).toMatchObject({ holder: { host: 'elsewhere' } });
  });

  it('takes over a torn lock once nobody can still be writing it', () => {
    writeFileSync(join(dir, 'lock-4'), '{"pid"');
    utimesSync(join(dir, 'lock-4'), new Date(0), new Date(0));
    expect(take().isHeld()).toBe(true);
    expect(readdirSync(dir)).toEqual(['lock-5']);
  });

  it('says so when there is no folder', () => {
    expect(() => acquireLock(join(dir, 'none'))).toThrow(UserError);
  });

  it('does not take a zombie for a living process', async () => {
    // The parent never waits for its child, which therefore stays a zombie while the parent lives.
    const child = startChild(
      sources,
      'zombie',
      `import { spawn } from 'node:child_process';
       const shell = spawn('sh', ['-c', 'sleep 0 & echo $!; exec sleep 20'], { stdio: ['ignore', 'inherit', 'ignore'] });
       process.on('SIGTERM', () => { shell.kill('SIGKILL'); process.exit(0); });`,
      [],
    );
    const pid = Number(await firstLine(child));
    await new Promise((resolve) => setTimeout(resolve, 200));
    leaveLock({ pid, processStart: null });
    const taken = acquireLock(dir);
    child.kill('SIGTERM');
    await ended(child);
    expect(taken).toHaveProperty('lock');
  });
});

describe('processes that compete', () => {
  /** Takes the lock again and again; inside it makes a file that must not be there. Ends without giving the lock back. */
  const competitor = `
    import { rmSync, writeFileSync } from 'node:fs';
    import { acquireLock } from './dist/runs/lock.js';
    const [, , dir, rounds] = process.argv;
    let overlaps = 0;
    for (let round = 0; round < Number(rounds); ) {
      const taken = acquireLock(dir);
      if ('holder' in taken) { await new Promise((next) => setTimeout(next, Math.random() * 3)); continue; }
      try { writeFileSync(dir + '/inside', '', { flag: 'wx' }); } catch { overlaps++; }
      if (Math.random() < 0.3) await new Promise((next) => setTimeout(next, 2));
      if (!taken.lock.isHeld()) overlaps++;
      rmSync(dir + '/inside', { force: true });
      round++;
      if (round < Number(rounds)) taken.lock.release();
    }
    process.stdout.write('overlaps ' + overlaps + '\\n');`;

  it('are never inside at the same time, though each leaves a stale lock behind', async () => {
    const children = Array.from({ length: 5 }, () =>
      startChild(sources, 'competitor', competitor, [dir, '25']),
    );
    expect(await Promise.all(children.map(firstLine))).toEqual(Array.from({ length: 5 }, () => 'overlaps 0'));
    await Promise.all(children.map(ended));
    expect(lockHolder(dir)).toBeNull();
    expect(readdirSync(dir)).toHaveLength(1);
  });
});
