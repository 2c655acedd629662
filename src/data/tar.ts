/** Reading tar archives, plain or gzipped, without trusting them. */
import { createReadStream, createWriteStream, existsSync } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { Parser, type ReadEntry } from 'tar';

import { DataError } from './data-error.js';

/** What is done with an entry of an archive. */
export interface TarEntry {
  /** Path in the archive, with forward slashes and without `./`. */
  readonly path: string;
  readonly kind: 'file' | 'folder';
  readonly bytes: number;
  /** Content of a file; an entry whose content is not asked for is passed over. */
  readonly content: () => Promise<Buffer>;
  /** Writes the content of a file to `target`. */
  readonly save: (target: string) => Promise<void>;
}

/** More than any single image; keeps a hostile archive from filling the memory. */
const MAX_CONTENT = 2 ** 28;

/**
 * Goes through a tar archive in order; the next entry comes when the content of the one before was read or passed over.
 *
 * @throws DataError for an entry that would lead out of the folder it is unpacked to (a path that is absolute or has
 * `..`), for links and devices, and for an archive that is damaged or cut off.
 */
export async function readTar(
  path: string,
  name: string,
  onEntry: (entry: TarEntry) => Promise<void>,
): Promise<void> {
  if (!existsSync(path)) {
    throw new DataError(
      `${path}: there is no such archive.`,
      'Check the path, or fetch it (care data fetch).',
    );
  }
  const source = createReadStream(path, { highWaterMark: 1 << 18 });
  const parser = new Parser({ strict: true });
  let visiting = Promise.resolve();
  try {
    await new Promise<void>((resolve, reject) => {
      parser.on('entry', (entry: ReadEntry) => {
        const visited = visit(entry, name, onEntry);
        visited.catch(reject);
        visiting = Promise.all([visiting, visited]).then(() => undefined);
        visiting.catch(() => undefined);
      });
      parser.on('end', resolve);
      parser.on('error', reject);
      source.on('error', reject);
      source.pipe(parser);
    });
    // The archive ends as soon as its last entry is read, when `onEntry` may still be at work on it.
    await visiting;
  } catch (error) {
    throw error instanceof DataError ? error : archiveError(error, name);
  } finally {
    source.destroy();
  }
}

async function visit(
  entry: ReadEntry,
  name: string,
  onEntry: (entry: TarEntry) => Promise<void>,
): Promise<void> {
  const kind = checkedKind(entry, name);
  const path = checkedPath(entry, name);
  const state = { isRead: false };
  await onEntry({
    path,
    kind,
    bytes: entry.size,
    content: () => {
      state.isRead = true;
      if (entry.size > MAX_CONTENT) throw refused(name, entry.path, `larger than ${MAX_CONTENT} bytes`);
      return entry.concat();
    },
    save: async (target) => {
      state.isRead = true;
      await pipeline(entry, createWriteStream(target, { flags: 'wx' }));
    },
  });
  if (!state.isRead) entry.resume();
}

function checkedKind({ type, path, linkpath }: ReadEntry, name: string): TarEntry['kind'] {
  if (type === 'File' || type === 'OldFile' || type === 'ContiguousFile') return 'file';
  if (type === 'Directory' || type === 'GNUDumpDir') return 'folder';
  const what =
    type === 'Link' || type === 'SymbolicLink' ? `a link to ${linkpath ?? '?'}` : `of type ${type}`;
  throw refused(name, path, what);
}

function checkedPath({ path }: ReadEntry, name: string): string {
  const parts = path.replaceAll('\\', '/').split('/');
  if (/^([/\\]|[A-Za-z]:)/.test(path)) throw refused(name, path, 'an absolute path');
  if (parts.includes('..')) throw refused(name, path, 'a path that leads out of its folder');
  if (path.includes('\0')) throw refused(name, path, 'a path with a zero byte');
  return parts.filter((part) => part !== '' && part !== '.').join('/');
}

function refused(name: string, path: string, what: string): DataError {
  return new DataError(
    `${name}: the entry ${JSON.stringify(path)} is ${what}, and is refused.`,
    'Take the archive from its official place, or pack the folder again without such entries.',
  );
}

function archiveError(error: unknown, name: string): DataError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const message = error instanceof Error ? error.message : String(error);
  const what =
    code === 'Z_BUF_ERROR' || /truncated/i.test(message)
      ? 'the archive is cut off'
      : `the archive is damaged or no tar archive (${message})`;
  return new DataError(`${name}: ${what}.`, 'Fetch or copy it again.');
}
