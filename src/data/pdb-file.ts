import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { constants, gunzipSync } from 'node:zlib';

import { PdbError, parsePdb, type PdbStructure } from './pdb.js';

/** Far above what 99,999 atoms need; keeps a broken or hostile archive from filling the memory. */
const MAX_TEXT_BYTES = 256 * 2 ** 20;

/** A structure with what is needed to recognise its file. */
export interface PdbFile {
  readonly structure: PdbStructure;
  /** Size and sha256 of the file as it lies on disk, i.e. of the compressed bytes. */
  readonly bytes: number;
  readonly sha256: string;
}

/**
 * Reads a `.pdb` or gzip-compressed `.pdb.gz` file. Compression is recognised by content.
 *
 * @param path - the file.
 * @param fileName - how messages call it; the path by default.
 * @throws PdbError when the file cannot be read, is empty, its compressed data are damaged (with the byte), or its
 * text cannot be parsed (with the line).
 */
export function readPdbFile(path: string, fileName: string = path): PdbFile {
  const content = readContent(path, fileName);
  if (content.length === 0) throw new PdbError('the file is empty.', 'Fetch it again.', fileName);
  const isGzip = content[0] === 0x1f && content[1] === 0x8b;
  if (!isGzip && path.toLowerCase().endsWith('.gz')) {
    throw new PdbError('byte 0: no gzip data, although the name ends in .gz.', 'Fetch it again.', fileName);
  }
  const text = (isGzip ? gunzip(content, fileName) : content).toString('latin1');
  return {
    structure: parsePdb(text, fileName),
    bytes: content.length,
    sha256: createHash('sha256').update(content).digest('hex'),
  };
}

function readContent(path: string, fileName: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new PdbError(`cannot be read (${errorCode(error)}).`, 'Check the path and permissions.', fileName);
  }
}

function gunzip(content: Buffer, fileName: string): Buffer {
  try {
    return gunzipSync(content, { maxOutputLength: MAX_TEXT_BYTES });
  } catch (error) {
    const code = errorCode(error);
    if (code === 'ERR_BUFFER_TOO_LARGE') {
      throw new PdbError(
        `uncompressed it has more than ${MAX_TEXT_BYTES} bytes: this is no PDB file.`,
        'Leave it out.',
        fileName,
      );
    }
    if (code === 'Z_BUF_ERROR') {
      throw new PdbError(
        `the gzip data end too early, at byte ${content.length}: the file is truncated.`,
        'Fetch it again.',
        fileName,
      );
    }
    throw new PdbError(
      `the gzip data are damaged at about byte ${damagedByte(content)}.`,
      'Fetch the file again.',
      fileName,
    );
  }
}

/** Length of the shortest beginning of `content` that zlib refuses; found by bisection. */
function damagedByte(content: Buffer): number {
  let good = 0;
  let bad = content.length;
  while (bad - good > 1) {
    const middle = Math.floor((good + bad) / 2);
    if (inflates(content.subarray(0, middle))) good = middle;
    else bad = middle;
  }
  return good;
}

/** Whether zlib accepts this beginning of a stream; that it ends early is no fault here. */
function inflates(beginning: Buffer): boolean {
  try {
    gunzipSync(beginning, { finishFlush: constants.Z_SYNC_FLUSH });
    return true;
  } catch (error) {
    return errorCode(error) === 'Z_BUF_ERROR';
  }
}

function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}
