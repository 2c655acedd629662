/** Work beside its target, under a name that tells who is at it, so that only finished work gets the real name. */
import { readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';

import { makeFolder } from './folders.js';
import { isAlive } from './processes.js';

/** Work of another machine on a shared disk counts as left over after a day. */
const FOREIGN_MS = 24 * 3600 * 1000;
const FOLDER_IN_THE_WAY = new Set(['ENOTEMPTY', 'EEXIST']);
let counter = 0;

/** A path beside `target`, on the same disk, that no other process uses. */
export function stagingPath(target: string): string {
  counter += 1;
  return join(dirname(target), `.${basename(target)}.tmp-${hostPart()}-${process.pid}-${counter}`);
}

/**
 * Puts a finished file or folder in its place; what stood there goes. A file is exchanged in one step. A folder that
 * is in the way is moved aside first: a reader at that moment finds nothing, never a mixture.
 */
export function publish(staged: string, target: string): void {
  try {
    renameSync(staged, target);
    return;
  } catch (error) {
    if (!FOLDER_IN_THE_WAY.has((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
  const old = stagingPath(target);
  renameSync(target, old);
  renameSync(staged, target);
  rmSync(old, { recursive: true, force: true });
}

/** Removes what dead processes left beside `target`; what cannot be removed stays for the next time. */
export function cleanLeftovers(target: string): void {
  const folder = dirname(target);
  const pattern = new RegExp(`^\\.${escapeRegExp(basename(target))}\\.tmp-(.*)-(\\d+)-\\d+$`);
  for (const name of listOrEmpty(folder)) {
    const [, host, pid] = pattern.exec(name) ?? [];
    if (host === undefined || pid === undefined || !isLeftover(join(folder, name), host, Number(pid)))
      continue;
    try {
      rmSync(join(folder, name), { recursive: true, force: true, maxRetries: 2 });
    } catch {
      // A child of the dead process may still write there, or the folder is read-only: another time, then.
    }
  }
}

/** Makes an empty folder to work in. */
export function makeStagingFolder(target: string): string {
  const folder = stagingPath(target);
  makeFolder(folder);
  return folder;
}

function isLeftover(path: string, host: string, pid: number): boolean {
  if (host === hostPart()) return !isAlive(pid);
  try {
    return Date.now() - statSync(path).mtimeMs > FOREIGN_MS;
  } catch {
    return false;
  }
}

function listOrEmpty(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function hostPart(): string {
  return hostname().replaceAll(/[^A-Za-z0-9]/g, '_');
}

function escapeRegExp(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
