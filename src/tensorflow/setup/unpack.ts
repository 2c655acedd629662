/** Taking chosen members out of a wheel, which is a zip archive. */
import { chmodSync, createWriteStream, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import yauzl, { type Entry, type ZipFile } from 'yauzl';

import { SetupError } from './error.js';
import { makeFolder } from './folders.js';
import type { Reporter } from './reporter.js';

/** A member that was unpacked: its path in the archive and its size in bytes. */
export interface Unpacked {
  readonly path: string;
  readonly bytes: number;
}

/**
 * Unpacks the members of a zip archive whose path matches into `folder`, keeping their paths.
 * @throws SetupError if the archive is damaged or nothing in it matches.
 */
export async function unpack(
  archive: string,
  folder: string,
  members: RegExp,
  reporter: Reporter,
): Promise<Unpacked[]> {
  const zip = await open(archive);
  try {
    const chosen = (await entries(zip, archive)).filter(
      ({ fileName }) => members.test(fileName) && !fileName.endsWith('/'),
    );
    if (chosen.length === 0) throw damaged(archive, `nothing in it matches ${String(members)}`);
    const total = chosen.reduce((sum, entry) => sum + entry.uncompressedSize, 0);
    // A wheel's name begins with what it is and its version; the rest are tags.
    const title = `Unpacking ${basename(archive).split('-').slice(0, 2).join(' ')}`;
    const work = reporter.begin(title, total);
    let done = 0;
    try {
      for (const entry of chosen) {
        await extract(zip, entry, join(folder, entry.fileName), archive, (bytes) =>
          work.update((done += bytes)),
        );
      }
    } finally {
      work.end();
    }
    return chosen.map(({ fileName, uncompressedSize }) => ({ path: fileName, bytes: uncompressedSize }));
  } finally {
    zip.close();
  }
}

function open(archive: string): Promise<ZipFile> {
  return new Promise((resolve, reject) => {
    yauzl.open(archive, { lazyEntries: true, autoClose: false }, (error: Error | null, zip) => {
      if (error) reject(damaged(archive, error.message));
      else resolve(zip);
    });
  });
}

function entries(zip: ZipFile, archive: string): Promise<Entry[]> {
  return new Promise((resolve, reject) => {
    const all: Entry[] = [];
    zip.on('entry', (entry: Entry) => {
      all.push(entry);
      zip.readEntry();
    });
    zip.on('end', () => resolve(all));
    zip.on('error', (error: Error) => reject(damaged(archive, error.message)));
    zip.readEntry();
  });
}

async function extract(
  zip: ZipFile,
  entry: Entry,
  target: string,
  archive: string,
  onBytes: (bytes: number) => void,
): Promise<void> {
  makeFolder(dirname(target));
  const source = await new Promise<NodeJS.ReadableStream>((resolve, reject) => {
    zip.openReadStream(entry, (error: Error | null, stream) => {
      if (error) reject(damaged(archive, error.message));
      else resolve(stream);
    });
  });
  const count = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      onBytes(chunk.length);
      done(null, chunk);
    },
  });
  try {
    await pipeline(source, count, createWriteStream(target, { highWaterMark: 1 << 20 }));
  } catch (error) {
    rmSync(target, { force: true });
    const system = (error as NodeJS.ErrnoException).syscall !== undefined;
    throw system ? error : damaged(archive, `${entry.fileName}: ${(error as Error).message}`);
  }
  const isProgram = ((entry.externalFileAttributes >>> 16) & 0o111) !== 0;
  if (isProgram) chmodSync(target, 0o755);
}

function damaged(archive: string, why: string): SetupError {
  return new SetupError(
    `The archive ${archive} cannot be unpacked: ${why}.`,
    'Run `npm run care -- setup` again to fetch it anew.',
  );
}
