import { existsSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

import { DataError } from './data-error.js';

/** `src/data/` and `dist/data/` lie equally deep, so both find the folder beside the checkout. */
const BESIDE_CHECKOUT = resolve(dirname(fileURLToPath(import.meta.url)), '../../../shared/data');

/**
 * Folder of the data sets: the one given, else `CARE_DATA_DIR`, else `../shared/data` beside the checkout where that
 * exists, else undefined (and callers fall back to generated data).
 *
 * @throws DataError when the folder that was given, or `CARE_DATA_DIR`, is no folder: a mistyped path must not end in
 * generated data unnoticed.
 */
export function findDataDir(given?: string): string | undefined {
  if (given !== undefined) return existingFolder(given, 'the data folder');
  const fromEnvironment = process.env['CARE_DATA_DIR'];
  if (fromEnvironment !== undefined && fromEnvironment !== '') {
    return existingFolder(fromEnvironment, 'the data folder in CARE_DATA_DIR');
  }
  return isFolder(BESIDE_CHECKOUT) ? BESIDE_CHECKOUT : undefined;
}

/** Whether `path` is an existing folder. */
export function isFolder(path: string): boolean {
  return existsSync(path) && statSync(path).isDirectory();
}

function existingFolder(path: string, what: string): string {
  if (isFolder(path)) return resolve(path);
  throw new DataError(
    `${path}: ${what} does not exist or is no folder.`,
    'Correct the path, or unset CARE_DATA_DIR to run on generated data.',
  );
}
