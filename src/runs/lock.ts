/**
 * One process at a time on one run.
 *
 * Locks are files `lock-1`, `lock-2`, ... in the run's folder, each made at once with its whole content. The highest
 * number counts: while its process lives, the run is taken; when it was released or its process is gone, the next
 * number may be made, which the file system lets exactly one process do. No file of another process is ever removed
 * while it counts, so a stale lock is taken over without a moment in which two believe they hold it.
 */
import { randomBytes } from 'node:crypto';
import { linkSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { errorCode, writeError, writeFileAtomically } from '../train/atomic-file.js';
import { UserError } from './user-error.js';

/** Who holds, or held, a lock. */
export interface LockHolder {
  readonly pid: number;
  readonly host: string;
  /** Identity of the host's boot, null where the system does not tell. */
  readonly boot: string | null;
  /** Start of the process in clock ticks since boot (a pid is used again, this pair is not); null where not told. */
  readonly processStart: string | null;
  /** ISO 8601, UTC. */
  readonly since: string;
}

interface LockFile extends LockHolder {
  readonly token: string;
  readonly released: boolean;
}

/** A lock held by this process. */
export interface Lock {
  /** False when the file was removed by hand or another process took over. */
  isHeld(): boolean;
  release(): void;
}

const LOCK_NAME = /^lock-(\d+)$/;
const ASIDE_NAME = /^lock-\d+\.[0-9a-f]{8}$/;
/** A lock file whose content is unreadable for this long was left by a crash of the machine. */
const TORN_AFTER_MS = 5000;
const ATTEMPTS = 200;

function readText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}

/** State (`R`, `S`, `Z`, ...) and start time of a process, from `/proc/<pid>/stat`; null where there is none. */
function processStat(pid: number): { readonly state: string; readonly start: string } | null {
  // The second field is the program's name in brackets and may hold anything; the rest is counted from its end.
  const fields = readText(`/proc/${pid}/stat`)
    ?.replace(/^.*\)\s/s, '')
    .split(' ');
  const [state, start] = [fields?.[0], fields?.[19]];
  return state === undefined || start === undefined ? null : { state, start };
}

function thisProcess(): LockHolder {
  return {
    pid: process.pid,
    host: hostname(),
    boot: readText('/proc/sys/kernel/random/boot_id')?.trim() ?? null,
    processStart: processStat(process.pid)?.start ?? null,
    since: new Date().toISOString(),
  };
}

function processExists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errorCode(error) === 'EPERM';
  }
}

/** Whether the holder still works. On another host that cannot be seen, and it is taken to do so. */
function isAlive(holder: LockHolder): boolean {
  const here = thisProcess();
  if (holder.host !== here.host) return true;
  if (holder.boot !== here.boot || !processExists(holder.pid)) return false;
  const stat = processStat(holder.pid);
  // A zombie has ended; only its parent has not taken note yet.
  if (stat !== null && ['Z', 'X'].includes(stat.state)) return false;
  return holder.processStart === null || stat === null || holder.processStart === stat.start;
}

function parseLock(text: string | null): LockFile | null {
  try {
    return text === null ? null : (JSON.parse(text) as LockFile);
  } catch {
    return null;
  }
}

interface Newest {
  readonly number: number;
  readonly path: string;
  readonly file: LockFile | null;
}

function lockNumbers(dir: string): readonly number[] {
  let names: readonly string[];
  try {
    names = readdirSync(dir);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return [];
    throw error;
  }
  return names.flatMap((name) => LOCK_NAME.exec(name)?.[1] ?? []).map(Number);
}

function newestLock(dir: string): Newest | null {
  const numbers = lockNumbers(dir);
  if (numbers.length === 0) return null;
  const number = Math.max(...numbers);
  const path = join(dir, `lock-${number}`);
  return { number, path, file: parseLock(readText(path)) };
}

function isTorn(path: string): boolean {
  try {
    return Date.now() - statSync(path).mtimeMs > TORN_AFTER_MS;
  } catch {
    return false;
  }
}

/** Makes a file with its whole content, or returns false because the name is taken. */
function createExclusively(path: string, content: string): boolean {
  const aside = `${path}.${randomBytes(4).toString('hex')}`;
  try {
    writeFileSync(aside, content, { flag: 'wx' });
    linkSync(aside, path);
    return true;
  } catch (error) {
    const code = errorCode(error);
    if (code === 'EEXIST') return false;
    if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'].includes(code)) throw error;
    return createWithoutLinks(path, content);
  } finally {
    rmSync(aside, { force: true });
  }
}

/** For file systems without hard links: as exclusive, but for a moment the file is empty (see TORN_AFTER_MS). */
function createWithoutLinks(path: string, content: string): boolean {
  try {
    writeFileSync(path, content, { flag: 'wx' });
    return true;
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    throw error;
  }
}

function pause(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}

/** The living process that holds the lock of a run's folder, or null. */
export function lockHolder(dir: string): LockHolder | null {
  const file = newestLock(dir)?.file ?? null;
  return file === null || file.released || !isAlive(file) ? null : file;
}

/** Where the lock that counts is, for somebody who must remove it by hand. */
export function lockPath(dir: string): string | null {
  return newestLock(dir)?.path ?? null;
}

function heldLock(dir: string, number: number, file: LockFile): Lock {
  const path = join(dir, `lock-${number}`);
  const isHeld = (): boolean => {
    const newest = newestLock(dir);
    return newest?.number === number && newest.file?.token === file.token && !newest.file.released;
  };
  const release = (): void => {
    // The number stays taken: were it freed, a process that is just taking over might end up below a newer lock.
    if (isHeld()) writeFileAtomically(path, JSON.stringify({ ...file, released: true }), 'the lock');
  };
  return { isHeld, release };
}

/**
 * Takes the lock of a run's folder.
 *
 * @returns The lock, or the living process that has it.
 * @throws UserError when the folder cannot be written.
 */
export function acquireLock(dir: string): { readonly lock: Lock } | { readonly holder: LockHolder } {
  const file: LockFile = { ...thisProcess(), token: randomBytes(16).toString('hex'), released: false };
  try {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const newest = newestLock(dir);
      if (newest?.file && !newest.file.released && isAlive(newest.file)) return { holder: newest.file };
      const beingWritten = newest !== null && newest.file === null && !isTorn(newest.path);
      const number = (newest?.number ?? 0) + 1;
      if (!beingWritten && createExclusively(join(dir, `lock-${number}`), JSON.stringify(file))) {
        // Somebody may have passed by between the look and the making: the highest number counts.
        if (newestLock(dir)?.number === number) return { lock: takenLock(dir, number, file) };
        rmSync(join(dir, `lock-${number}`), { force: true });
      }
      pause(30 + Math.random() * 20);
    }
  } catch (error) {
    throw writeError('the lock', dir, error);
  }
  throw new UserError(
    `The lock in ${dir} could not be taken in ${ATTEMPTS} attempts.`,
    'Try again in a moment.',
  );
}

/** Clears up behind processes that are gone: older locks, and what they left aside while making one. */
function takenLock(dir: string, number: number, file: LockFile): Lock {
  for (const older of lockNumbers(dir))
    if (older < number) rmSync(join(dir, `lock-${older}`), { force: true });
  for (const name of readdirSync(dir).filter((found) => ASIDE_NAME.test(found))) {
    const aside = parseLock(readText(join(dir, name)));
    if (aside !== null && !isAlive(aside)) rmSync(join(dir, name), { force: true });
  }
  return heldLock(dir, number, file);
}
