/** A lock file that does not outlive its process. */
import { closeSync, openSync, readFileSync, rmSync, statSync, utimesSync, writeSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { makeFolder } from './folders.js';
import { isAlive, processStart } from './processes.js';

/** Who holds a lock. */
export interface Holder {
  readonly pid: number;
  readonly host: string;
  readonly start: string | null;
}

/** The holder touches its lock this often, so that other machines on a shared disk can tell that it lives. */
const HEARTBEAT_MS = 5_000;
/** A lock of another machine, or one whose holder is not yet written, is taken for dead after this long untouched. */
const SILENCE_MS = 60_000;
const POLL_MS = 300;

/**
 * Runs `work` while holding the lock file at `path`; waits while a living process holds it, after one call of
 * `onWait`. A lock of a process that died is taken over.
 *
 * Taking over is not atomic: in a window of microseconds two processes may both get in. What the lock guards must be
 * safe then, too (staged aside and renamed); the lock only saves the second process from doing the work again.
 */
export async function withLock<T>(
  path: string,
  onWait: (holder: Holder | null) => void,
  work: () => Promise<T>,
): Promise<T> {
  makeFolder(dirname(path));
  for (let waited = false; !tryLock(path);) {
    if (isAbandoned(path)) {
      rmSync(path, { force: true });
      continue;
    }
    if (!waited) onWait(readHolder(path));
    waited = true;
    await sleep(POLL_MS);
  }
  const heartbeat = setInterval(() => touch(path), HEARTBEAT_MS);
  heartbeat.unref();
  try {
    return await work();
  } finally {
    clearInterval(heartbeat);
    if (readHolder(path)?.pid === process.pid) rmSync(path, { force: true });
  }
}

function tryLock(path: string): boolean {
  let file: number;
  try {
    file = openSync(path, 'wx');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
  const holder: Holder = { pid: process.pid, host: hostname(), start: processStart(process.pid) };
  writeSync(file, JSON.stringify(holder));
  closeSync(file);
  return true;
}

function readHolder(path: string): Holder | null {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Holder;
  } catch {
    return null;
  }
}

function isAbandoned(path: string): boolean {
  const holder = readHolder(path);
  if (holder?.host === hostname()) return !isAlive(holder.pid, holder.start);
  try {
    return Date.now() - statSync(path).mtimeMs > SILENCE_MS;
  } catch {
    return false;
  }
}

function touch(path: string): void {
  try {
    utimesSync(path, new Date(), new Date());
  } catch {
    // The lock was removed by hand; the work goes on, and is safe without it.
  }
}
