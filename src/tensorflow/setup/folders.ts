/** Making folders, for all rooms. */
import { existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/**
 * Makes a folder and those above it that are missing; one that is there is left as it is.
 *
 * Node 20's `mkdirSync(path, { recursive: true })` never comes back where the system answers ENOENT although the
 * folder above is there, as under /proc. Here each level is made once, from the nearest folder that exists.
 *
 * @throws the system's error, with the level that could not be made in `path`.
 */
export function makeFolder(path: string): void {
  for (const level of missingLevels(resolve(path))) {
    try {
      mkdirSync(level);
    } catch (error) {
      // Another process may have made it meanwhile.
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || !isFolder(level)) throw error;
    }
  }
}

/** The folder and those above it that have to be made, from the top; the folder alone where there is something. */
function missingLevels(folder: string): string[] {
  if (isFolder(folder)) return [];
  const levels = [folder];
  for (let above = dirname(folder); !existsSync(above); above = dirname(above)) {
    levels.unshift(above);
    if (above === dirname(above)) break;
  }
  return levels;
}

/** False also where nothing can be seen: making the folder says why. */
function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}
