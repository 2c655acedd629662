/**
 * Reads numbers from MATLAB files of version 5 (MathWorks, "MAT-File Format", chapter 1), little-endian, compressed or
 * not: what the label files of Flowers-102 are. The readers on npm are unmaintained.
 */
import { inflateSync } from 'node:zlib';

import { DataError } from './data-error.js';

/** A matrix of real numbers. */
export interface MatMatrix {
  readonly rows: number;
  readonly columns: number;
  /** Column-major. */
  readonly values: Float64Array;
}

const HEADER = 128;
const MATRIX = 14;
const COMPRESSED = 15;
/** Classes of arrays that hold numbers: double, single, and integers of 8 to 64 bits. */
const FIRST_NUMERIC_CLASS = 6;
const LAST_NUMERIC_CLASS = 15;
const COMPLEX_FLAG = 0x08;
/** Label files have a few kilobytes. */
const MAX_INFLATED = 2 ** 26;

interface Element {
  readonly type: number;
  readonly data: Buffer;
}

/** How numbers of each type are read: bytes of one, and the reader. */
const NUMBERS: Readonly<Record<number, readonly [number, (data: Buffer, at: number) => number]>> = {
  1: [1, (data, at) => data.readInt8(at)],
  2: [1, (data, at) => data.readUInt8(at)],
  3: [2, (data, at) => data.readInt16LE(at)],
  4: [2, (data, at) => data.readUInt16LE(at)],
  5: [4, (data, at) => data.readInt32LE(at)],
  6: [4, (data, at) => data.readUInt32LE(at)],
  7: [4, (data, at) => data.readFloatLE(at)],
  9: [8, (data, at) => data.readDoubleLE(at)],
  12: [8, (data, at) => Number(data.readBigInt64LE(at))],
  13: [8, (data, at) => Number(data.readBigUInt64LE(at))],
};

/**
 * The two-dimensional matrices of real numbers of a file, by name; variables of other kinds are passed over.
 *
 * @param name - of the file, for messages.
 * @throws DataError when this is no such file or it is damaged; the message says at which byte.
 */
export function readMatFile(content: Buffer, name: string): ReadonlyMap<string, MatMatrix> {
  if (content.length < HEADER || content.toString('latin1', 126, 128) !== 'IM') {
    throw new DataError(
      `${name}: byte 126: this is no little-endian MATLAB file of version 5.`,
      'Take the file from its official place.',
    );
  }
  const matrices = new Map<string, MatMatrix>();
  try {
    for (const element of elements(content, HEADER)) {
      const inner = element.type === COMPRESSED ? [...elements(inflated(element.data), 0)] : [element];
      for (const { type, data } of inner) {
        const found = type === MATRIX ? readMatrix(data) : undefined;
        if (found !== undefined) matrices.set(found.name, found.matrix);
      }
    }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new DataError(`${name}: the file is damaged (${reason}).`, 'Fetch it again.');
  }
  return matrices;
}

function inflated(data: Buffer): Buffer {
  return inflateSync(data, { maxOutputLength: MAX_INFLATED });
}

/** Elements one after another: a tag of 8 bytes and the data, padded to 8 bytes; or both in one tag of 8 bytes. */
function* elements(content: Buffer, start: number): Generator<Element> {
  for (let at = start; at < content.length;) {
    if (at + 8 > content.length) throw new Error(`a tag is cut off at byte ${at}`);
    const word = content.readUInt32LE(at);
    const small = word >>> 16;
    const type = small > 0 ? word & 0xffff : word;
    const bytes = small > 0 ? small : content.readUInt32LE(at + 4);
    const from = small > 0 ? at + 4 : at + 8;
    if (from + bytes > content.length || small > 4)
      throw new Error(`an element of ${bytes} bytes is cut off at byte ${at}`);
    yield { type, data: content.subarray(from, from + bytes) };
    // Compressed elements alone are not padded.
    at = small > 0 ? at + 8 : from + (type === COMPRESSED ? bytes : Math.ceil(bytes / 8) * 8);
  }
}

/** Flags, dimensions, name and real part, in this order; undefined for what is no real matrix. */
function readMatrix(data: Buffer): { readonly name: string; readonly matrix: MatMatrix } | undefined {
  const [flags, dimensions, title, real] = elements(data, 0);
  if (flags === undefined || dimensions === undefined || title === undefined || real === undefined)
    return undefined;
  const word = flags.data.readUInt32LE(0);
  const kind = word & 0xff;
  if (kind < FIRST_NUMERIC_CLASS || kind > LAST_NUMERIC_CLASS || ((word >>> 8) & COMPLEX_FLAG) !== 0)
    return undefined;
  const shape = numbersOf(dimensions);
  const [rows = 0, columns = 0] = shape;
  if (shape.length !== 2) return undefined;
  const values = numbersOf(real);
  if (values.length !== rows * columns) {
    throw new Error(`a matrix of ${rows} x ${columns} has ${values.length} numbers`);
  }
  return { name: title.data.toString('latin1'), matrix: { rows, columns, values } };
}

function numbersOf({ type, data }: Element): Float64Array {
  const reader = NUMBERS[type];
  if (reader === undefined) throw new Error(`numbers of the unknown type ${type}`);
  const [bytes, read] = reader;
  return Float64Array.from({ length: Math.floor(data.length / bytes) }, (_, index) =>
    read(data, index * bytes),
  );
}
