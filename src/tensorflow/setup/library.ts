/**
 * TensorFlow's library in the cache folder: `<cache>/tensorflow/<version>-<variant>-<arch>/`, laid out as pip would
 * install the wheels (`tensorflow/` and `nvidia/` side by side, since the library looks for CUDA in `../nvidia`).
 *
 * A folder is complete when its manifest, written last, names the pinned wheels and every file has the size noted
 * there. The folder gets its name only then, so an interrupted set-up never leaves one that looks complete.
 */
import { readFileSync, rmSync, statfsSync, statSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

import { explainFileError, SetupError } from './error.js';
import { makeFolder } from './folders.js';
import { type Holder, withLock } from './lock.js';
import { downloadWheel, findPip } from './python.js';
import type { Reporter } from './reporter.js';
import { cleanLeftovers, makeStagingFolder, publish } from './staging.js';
import { unpack, type Unpacked } from './unpack.js';
import { HEADERS, LIBRARIES, type LibraryPlan, type Variant } from './wheels.js';

/** A library that is there: fetched (`cpu`, `gpu`) or the user's own. */
export interface Library {
  readonly kind: Variant | 'own';
  /** Folder that holds the shared libraries and `include/`. */
  readonly folder: string;
}

interface Manifest {
  readonly format: 1;
  readonly version: string;
  readonly variant: Variant;
  /** sha256 of each wheel. */
  readonly wheels: readonly string[];
  readonly files: readonly Unpacked[];
}

/** What fetching needs to know of its surroundings. */
export interface FetchOptions {
  readonly cache: string;
  readonly env: NodeJS.ProcessEnv;
  readonly reporter: Reporter;
  /** Fetch anew even if the library is complete. */
  readonly force?: boolean;
}

/** Folder for all that is large: `CARE_CACHE_DIR`, else `XDG_CACHE_HOME/care`, else `~/.cache/care`. */
export function cacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  if (env['CARE_CACHE_DIR']) return resolve(env['CARE_CACHE_DIR']);
  if (env['XDG_CACHE_HOME']) return resolve(env['XDG_CACHE_HOME'], 'care');
  return join(env['HOME'] ?? homedir(), '.cache', 'care');
}

/** Removes what set-ups that were killed left of this library in the cache. */
export function cleanCache(plan: LibraryPlan, cache: string): void {
  cleanLeftovers(libraryRoot(plan, cache));
}

/** The planned library if it is complete in the cache, else null. Reads sizes only, so it takes milliseconds. */
export function cachedLibrary(plan: LibraryPlan, cache: string): Library | null {
  const root = libraryRoot(plan, cache);
  const manifest = readManifest(root);
  if (manifest === null || manifest.wheels.join() !== pinned(plan).join()) return null;
  const complete = manifest.files.every(({ path, bytes }) => fileSize(join(root, path)) === bytes);
  return complete ? { kind: plan.variant, folder: join(root, 'tensorflow') } : null;
}

/**
 * The user's own library at `CARE_TENSORFLOW_DIR`.
 * @throws SetupError that names the file that is missing there.
 */
export function ownLibrary(folder: string): Library {
  const missing = [...LIBRARIES, ...HEADERS].filter((file) => fileSize(join(folder, file)) === null);
  if (missing.length === 0) return { kind: 'own', folder: resolve(folder) };
  throw new SetupError(
    `${resolve(folder)} is no TensorFlow library: ${missing.join(', ')} not found there.`,
    `Point CARE_TENSORFLOW_DIR at the folder that holds ${LIBRARIES.join(', ')} and include/ (in a Python environment: site-packages/tensorflow), or unset it.`,
  );
}

/**
 * Fetches the planned library into the cache unless it is complete there. Several processes may do so at once: the
 * second waits for the first. Work goes on in a folder beside the target, which is renamed at the end.
 * @throws SetupError if it cannot be had.
 */
export async function fetchLibrary(plan: LibraryPlan, options: FetchOptions): Promise<Library> {
  const { cache, reporter } = options;
  const root = libraryRoot(plan, cache);
  try {
    return await withLock(
      `${root}.lock`,
      (holder) => reporter.note(waiting(holder)),
      async () => {
        // Another process may have done it while this one waited.
        const found = options.force ? null : cachedLibrary(plan, cache);
        if (found !== null) return found;
        cleanCache(plan, cache);
        await fetchInto(root, plan, options);
        return demandComplete(plan, cache);
      },
    );
  } catch (error) {
    throw explainFileError(error, root);
  }
}

function waiting(holder: Holder | null): string {
  const who = holder === null ? 'another process' : `process ${holder.pid} on ${holder.host}`;
  return `Waiting for ${who}, which is setting up the same library ...`;
}

async function fetchInto(root: string, plan: LibraryPlan, { env, reporter }: FetchOptions): Promise<void> {
  const python = await findPip(env);
  demandSpace(dirname(root), plan);
  const staging = makeStagingFolder(root);
  try {
    const files: Unpacked[] = [];
    for (const wheel of plan.wheels) {
      const download = join(staging, 'download');
      const archive = await downloadWheel(python, wheel, download, env, reporter);
      files.push(...(await unpack(archive, staging, wheel.members, reporter)));
      rmSync(download, { recursive: true, force: true });
    }
    const { version, variant } = plan;
    const manifest: Manifest = { format: 1, version, variant, wheels: pinned(plan), files };
    writeFileSync(join(staging, 'manifest.json'), `${JSON.stringify(manifest, null, 1)}\n`);
    publish(staging, root);
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
}

function demandComplete(plan: LibraryPlan, cache: string): Library {
  const library = cachedLibrary(plan, cache);
  if (library !== null) return library;
  throw new SetupError(
    `The library that was just unpacked to ${libraryRoot(plan, cache)} is not complete.`,
    'Something removes or changes files there. Run `npm run care -- setup --force`, or set CARE_CACHE_DIR to another folder.',
  );
}

function demandSpace(folder: string, plan: LibraryPlan): void {
  makeFolder(folder);
  const { bavail, bsize } = statfsSync(folder);
  const free = bavail * bsize;
  // Some network and overlay file systems report 0 for "unknown".
  if (free === 0 || free >= plan.spaceBytes) return;
  const gigabytes = (bytes: number) => (bytes / 1e9).toFixed(1);
  throw new SetupError(
    `The disk is too full: ${folder} has ${gigabytes(free)} GB free, the library needs ${gigabytes(plan.spaceBytes)} GB while it is set up.`,
    'Make room, or set CARE_CACHE_DIR to a folder on another disk, and run `npm run care -- setup` again.',
  );
}

function libraryRoot(plan: LibraryPlan, cache: string): string {
  return join(cache, 'tensorflow', `${plan.version}-${plan.variant}-${plan.arch}`);
}

function pinned(plan: LibraryPlan): string[] {
  return plan.wheels.map(({ sha256 }) => sha256);
}

function readManifest(root: string): Manifest | null {
  try {
    const manifest = JSON.parse(
      readFileSync(join(root, 'manifest.json'), 'utf8'),
    ) as Partial<Manifest> | null;
    return manifest?.format === 1 && manifest.wheels && manifest.files ? (manifest as Manifest) : null;
  } catch {
    return null;
  }
}

function fileSize(path: string): number | null {
  try {
    return statSync(path).size;
  } catch {
    return null;
  }
}
