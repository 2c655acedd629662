/** Reading the files that data sets come in, with what is needed to recognise them. */
import { createHash, type Hash } from 'node:crypto';
import {
  closeSync,
  createReadStream,
  existsSync,
  fstatSync,
  openSync,
  readFileSync,
  readSync,
} from 'node:fs';
import { relative, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';

import { DataError } from './data-error.js';
import type { SourceFile } from './point-clouds.js';

/** How a file is called in messages and manifests: relative to the data folder, with forward slashes. */
export function nameInDataDir(path: string, dataDir: string): string {
  return relative(dataDir, path).split(sep).join('/');
}

/** A file as a whole, with its size and sha256. */
export function readSourceFile(path: string, dataDir: string): { content: Buffer; file: SourceFile } {
  const name = nameInDataDir(path, dataDir);
  demandFile(path);
  const content = readFileSync(path);
  const sha256 = createHash('sha256').update(content).digest('hex');
  return { content, file: { name, bytes: content.length, sha256 } };
}

/** Size and sha256 of a file that need not fit into memory. */
export async function describeFile(path: string, dataDir: string): Promise<SourceFile> {
  const { bytes, digest } = await hashFile(path, 'sha256');
  return { name: nameInDataDir(path, dataDir), bytes, sha256: digest };
}

/** Hexadecimal digest of a file's content, and its size. */
export async function hashFile(
  path: string,
  algorithm: 'sha256' | 'md5',
  onBytes: (bytes: number) => void = () => undefined,
): Promise<{ readonly bytes: number; readonly digest: string }> {
  demandFile(path);
  const hash: Hash = createHash(algorithm);
  let bytes = 0;
  await pipeline(
    createReadStream(path, { highWaterMark: 1 << 20 }),
    async (source: AsyncIterable<Buffer>) => {
      for await (const chunk of source) {
        hash.update(chunk);
        bytes += chunk.length;
        onBytes(bytes);
      }
    },
  );
  return { bytes, digest: hash.digest('hex') };
}

/**
 * Calls `onRecord` for every record of a file of records of one length, reading a few megabytes at a time, and returns
 * size and hash of the file.
 */
export function readRecords(
  path: string,
  dataDir: string,
  recordBytes: number,
  onRecord: (record: Uint8Array, index: number) => void,
): SourceFile {
  const name = nameInDataDir(path, dataDir);
  const count = countRecords(path, name, recordBytes);
  const perRead = Math.max(1, Math.floor((4 << 20) / recordBytes));
  const buffer = Buffer.alloc(perRead * recordBytes);
  const hash = createHash('sha256');
  const file = openSync(path, 'r');
  try {
    for (let first = 0; first < count; first += perRead) {
      const records = Math.min(perRead, count - first);
      const chunk = buffer.subarray(0, records * recordBytes);
      readFully(file, chunk, first * recordBytes, name);
      hash.update(chunk);
      for (let at = 0; at < records; at++) {
        onRecord(chunk.subarray(at * recordBytes, (at + 1) * recordBytes), first + at);
      }
    }
  } finally {
    closeSync(file);
  }
  return { name, bytes: count * recordBytes, sha256: hash.digest('hex') };
}

/**
 * Number of records of a file, from its size.
 *
 * @throws DataError when there is no such file, it is empty, or its size is no whole number of records.
 */
export function countRecords(path: string, name: string, recordBytes: number): number {
  demandFile(path);
  const file = openSync(path, 'r');
  const { size } = fstatSync(file);
  closeSync(file);
  const count = Math.floor(size / recordBytes);
  if (size > 0 && size % recordBytes === 0) return count;
  const what =
    size === 0
      ? 'the file is empty'
      : `its ${size} bytes are no whole number of records of ${recordBytes} bytes: the last one, at byte ${count * recordBytes}, is cut off`;
  throw new DataError(`${name}: ${what}.`, 'Fetch it again (care data fetch), or complete the copy.');
}

/** Fills `target` from a position of an open file. */
export function readFully(file: number, target: Uint8Array, position: number, name: string): void {
  for (let done = 0; done < target.length;) {
    const bytes = readSync(file, target, done, target.length - done, position + done);
    if (bytes === 0) {
      throw new DataError(
        `${name}: the file ends at byte ${position + done}, in the middle of a record.`,
        'It was cut off while it was read; fetch or copy it again.',
      );
    }
    done += bytes;
  }
}

function demandFile(path: string): void {
  if (existsSync(path)) return;
  throw new DataError(`${path}: there is no such file.`, 'Complete the copy, or fetch it (care data fetch).');
}
