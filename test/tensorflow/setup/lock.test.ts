import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';

import { withLock, type Holder } from '../../../src/tensorflow/setup/lock.js';
import { processStart } from '../../../src/tensorflow/setup/processes.js';
import { temporaryFolder } from './fakes.js';

const neverWaits = () => {
  throw new Error('waited for a lock that is free');
};

function deadPid(): number {
  return spawnSync(process.execPath, ['-e', '']).pid;
}

test('two pieces of work never overlap, and the second is told whom it waits for, once', async () => {
  const path = join(temporaryFolder(), 'deep', 'x.lock');
  const events: string[] = [];
  const waits: (Holder | null)[] = [];
  const work = (name: string) => async () => {
    events.push(`${name} in`);
    await sleep(700);
    events.push(`${name} out`);
  };
  const first = withLock(path, neverWaits, work('a'));
  await Promise.all([first, withLock(path, (holder) => void waits.push(holder), work('b'))]);
  expect(events).toEqual(['a in', 'a out', 'b in', 'b out']);
  expect(waits).toEqual([{ pid: process.pid, host: hostname(), start: processStart(process.pid) }]);
  expect(existsSync(path)).toBe(false);
});

test('the lock is given back when the work fails', async () => {
  const path = join(temporaryFolder(), 'x.lock');
  await expect(withLock(path, neverWaits, () => Promise.reject(new Error('work broke')))).rejects.toThrow(
    'work broke',
  );
  expect(existsSync(path)).toBe(false);
});

test('a lock of a dead process is taken over without waiting', async () => {
  const path = join(temporaryFolder(), 'x.lock');
  writeFileSync(path, JSON.stringify({ pid: deadPid(), host: hostname(), start: null }));
  const holder = await withLock(path, neverWaits, () => Promise.resolve(readFileSync(path, 'utf8')));
  expect(JSON.parse(holder)).toMatchObject({ pid: process.pid });
});

test.runIf(process.platform === 'linux')(
  'a number that another process has by now does not hold the lock',
  async () => {
    const path = join(temporaryFolder(), 'x.lock');
    writeFileSync(path, JSON.stringify({ pid: process.pid, host: hostname(), start: '1' }));
    await expect(withLock(path, neverWaits, () => Promise.resolve('done'))).resolves.toBe('done');
  },
);

test.each([
  ['of another machine', JSON.stringify({ pid: 1, host: 'elsewhere', start: null })],
  ['that was never written to its end', '{"pid":'],
])('a lock %s counts while it is touched, and no longer after a minute of silence', async (_, text) => {
  const path = join(temporaryFolder(), 'x.lock');
  writeFileSync(path, text);
  let waited = 0;
  const done = withLock(
    path,
    () => void (waited += 1),
    () => Promise.resolve('done'),
  );
  await sleep(400);
  expect(waited).toBe(1);
  const longAgo = new Date(Date.now() - 120_000);
  utimesSync(path, longAgo, longAgo);
  await expect(done).resolves.toBe('done');
});
