/**
 * Writing files that are never seen half written: aside, synced to the disk, renamed, and the folder synced, so that
 * after a crash or a power cut either the old or the new content stands there.
 */
import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, openSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { makeFolder } from '../tensorflow/setup/folders.js';
import { UserError } from './user-error.js';

const ASIDE = /^\..+\.aside$/;

const HINTS: Readonly<Record<string, string>> = {
  ENOSPC:
    'Free some space on that disk, or choose a folder on another one; what was saved before is untouched.',
  EDQUOT: 'Your quota on that disk is used up: free some space; what was saved before is untouched.',
  EROFS: 'That disk is read-only: choose a folder that can be written.',
  EACCES: 'You may not write there: change the permissions, or choose another folder.',
  EPERM: 'You may not write there: change the permissions, or choose another folder.',
  ENOTDIR: 'Part of that path is a file, not a folder: move it away, or choose another folder.',
  EEXIST: 'Something else has that name: move it away, or choose another folder.',
  ENOENT: 'No folder can be made there: choose another one.',
  EISDIR: 'A folder has that name: move it away, or choose another folder.',
};

/** The system's error code (`ENOSPC`, ...), or an empty text for other errors. */
export function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}

/** The error to show when `what` could not be written to `path`. */
export function writeError(what: string, path: string, cause: unknown): UserError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  const hint =
    HINTS[errorCode(cause)] ?? 'Check the disk and the folder; what was saved before is untouched.';
  return new UserError(`Cannot write ${what} to ${path}: ${reason}`, hint, { cause });
}

/** Makes the names in a folder durable. Some systems cannot sync a folder; there the rename has to do. */
export function syncFolder(dir: string): void {
  let descriptor: number;
  try {
    descriptor = openSync(dir, 'r');
  } catch {
    return;
  }
  try {
    fsyncSync(descriptor);
  } catch (error) {
    if (!['EINVAL', 'EPERM', 'EISDIR', 'ENOTSUP', 'EBADF'].includes(errorCode(error))) throw error;
  } finally {
    closeSync(descriptor);
  }
}

function writeSynced(path: string, content: Uint8Array | string): void {
  const descriptor = openSync(path, 'wx');
  try {
    writeFileSync(descriptor, content);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/**
 * Replaces the file at `path`, making its folder where needed; a reader sees the old content or the new, never a part.
 *
 * @param what Names the file in the error, e.g. `the run record`.
 * @throws UserError when the disk is full, the folder read-only, ...; the old content then still stands.
 */
export function writeFileAtomically(path: string, content: Uint8Array | string, what: string): void {
  const dir = dirname(path);
  const aside = join(dir, `.${basename(path)}.${process.pid}-${randomBytes(4).toString('hex')}.aside`);
  try {
    makeFolder(dir);
    writeSynced(aside, content);
    renameSync(aside, path);
    syncFolder(dir);
  } catch (error) {
    removeQuietly(aside);
    throw writeError(what, path, error);
  }
}

/** Removes what writers that were killed left aside in a folder. Call it only where nobody else is writing. */
export function removeAsides(dir: string): void {
  for (const name of readdirSync(dir)) if (ASIDE.test(name)) rmSync(join(dir, name), { force: true });
}

function removeQuietly(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // The error that led here says more than one about the clearing up.
  }
}
