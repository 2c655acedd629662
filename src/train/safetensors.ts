/**
 * The safetensors file format, float32 and int32: eight bytes with the header's length, a JSON header padded with
 * spaces so that the data start at a multiple of eight, then the tensors, little-endian and without gaps.
 * https://github.com/huggingface/safetensors#format
 */
import type { TensorData, TensorDataMap } from './checkpoint-state.js';
import { UserError } from './user-error.js';

/** What stands in one file. */
export interface SafetensorsContent {
  readonly tensors: TensorDataMap;
  /** The header's `__metadata__`: texts only. */
  readonly metadata: Readonly<Record<string, string>>;
}

const LENGTH_BYTES = 8;
const ALIGNMENT = 8;
/** The format's own limit; a longer header is taken for damage. */
const MAX_HEADER_BYTES = 100_000_000;
const METADATA = '__metadata__';
const BYTES_PER_VALUE = 4;
const DTYPES = { float32: 'F32', int32: 'I32' } as const;

/** Number of values of a tensor of that shape; 1 for a scalar. */
export function sizeOfShape(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}

function checkTensor(name: string, tensor: TensorData): void {
  if (name === METADATA)
    throw new Error(`A tensor cannot be named ${METADATA}: the file format uses that name.`);
  if (tensor.shape.some((length) => !Number.isSafeInteger(length) || length < 0)) {
    throw new Error(`Tensor ${name} has the impossible shape [${tensor.shape.join(', ')}].`);
  }
  if (sizeOfShape(tensor.shape) !== tensor.values.length) {
    const shape = tensor.shape.join(', ');
    throw new Error(`Tensor ${name} of shape [${shape}] comes with ${tensor.values.length} values.`);
  }
  const isFloat = tensor.values instanceof Float32Array;
  if (isFloat !== (tensor.dtype === 'float32')) {
    throw new Error(
      `Tensor ${name} says ${tensor.dtype} but its values are ${isFloat ? 'float32' : 'int32'}.`,
    );
  }
}

/** The order of the reference implementation (float32 before int32, then names by their bytes): equal bytes for equal tensors. */
function inFileOrder(tensors: TensorDataMap): [string, TensorData][] {
  return Object.entries(tensors).sort(([nameA, a], [nameB, b]) => {
    if (a.dtype !== b.dtype) return a.dtype === 'float32' ? -1 : 1;
    return Buffer.compare(Buffer.from(nameA), Buffer.from(nameB));
  });
}

function paddedHeader(fields: readonly string[]): Buffer {
  const header = Buffer.from(`{${fields.join(',')}}`);
  const padding = (ALIGNMENT - (header.length % ALIGNMENT)) % ALIGNMENT;
  return Buffer.concat([header, Buffer.alloc(padding, ' ')]);
}

/**
 * The bytes of a safetensors file: the same for the same tensors in whatever order they are named.
 *
 * @throws Error on a tensor whose shape, dtype and values do not agree.
 */
export function encodeSafetensors(
  tensors: TensorDataMap,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const entries = inFileOrder(tensors);
  const fields: string[] = [];
  if (Object.keys(metadata).length > 0) fields.push(`"${METADATA}":${JSON.stringify(metadata)}`);
  let end = 0;
  for (const [name, tensor] of entries) {
    checkTensor(name, tensor);
    const begin = end;
    end += tensor.values.length * BYTES_PER_VALUE;
    const field = { dtype: DTYPES[tensor.dtype], shape: tensor.shape, data_offsets: [begin, end] };
    fields.push(`${JSON.stringify(name)}:${JSON.stringify(field)}`);
  }
  const header = paddedHeader(fields);
  const bytes = new Uint8Array(LENGTH_BYTES + header.length + end);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(header.length), true);
  bytes.set(header, LENGTH_BYTES);
  let position = LENGTH_BYTES + header.length;
  for (const [, { values }] of entries) {
    bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), position);
    position += values.byteLength;
  }
  return bytes;
}

function damaged(file: string, byte: number, what: string): UserError {
  return new UserError(
    `${file}: byte ${byte}: ${what}`,
    'The file is no whole safetensors file of float32 and int32 tensors: restore it, or make it anew.',
  );
}

/** The first name that stands twice in one object of a valid JSON text, which `JSON.parse` would pass over. */
function repeatedKey(json: string): { readonly key: string; readonly at: number } | null {
  const objects: (Set<string> | null)[] = [];
  for (const match of json.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\]]/g)) {
    const token = match[0];
    if (token === '{') objects.push(new Set());
    else if (token === '[') objects.push(null);
    else if (token === '}' || token === ']') objects.pop();
    else if (/^\s*:/.test(json.slice(match.index + token.length, match.index + token.length + 64))) {
      const key = JSON.parse(token) as string;
      const names = objects.at(-1);
      if (names?.has(key)) return { key, at: match.index };
      names?.add(key);
    }
  }
  return null;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

interface Entry {
  readonly name: string;
  /** Null for a tensor that is passed over. */
  readonly dtype: TensorData['dtype'] | null;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

function isLengths(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && Number(item) >= 0);
}

function readEntry(
  name: string,
  field: unknown,
  passOver: boolean,
  fail: (what: string) => UserError,
): Entry {
  if (!isObject(field)) throw fail('is no object with dtype, shape and data_offsets');
  const known = field.dtype === 'F32' ? 'float32' : field.dtype === 'I32' ? 'int32' : null;
  const dtype = passOver ? null : known;
  if (dtype === null && !passOver)
    throw fail(`has dtype ${JSON.stringify(field.dtype)}; only F32 and I32 are read`);
  const { shape, data_offsets: offsets } = field;
  if (!isLengths(shape)) throw fail(`has shape ${JSON.stringify(shape)}`);
  const [begin, end] = isLengths(offsets) && offsets.length === 2 ? offsets : [];
  if (begin === undefined || end === undefined || end < begin) {
    throw fail(`has data_offsets ${JSON.stringify(offsets)}`);
  }
  if (dtype !== null && sizeOfShape(shape) * BYTES_PER_VALUE !== end - begin) {
    throw fail(`of shape [${shape.join(', ')}] has ${end - begin} bytes`);
  }
  return { name, dtype, shape, begin, end };
}

function readMetadata(value: unknown, fail: (what: string) => UserError): Readonly<Record<string, string>> {
  if (value === undefined) return {};
  if (!isObject(value)) throw fail('is no object');
  const texts: [string, string][] = [];
  for (const [key, text] of Object.entries(value)) {
    if (typeof text !== 'string') throw fail(`has ${JSON.stringify(key)} that is no text`);
    texts.push([key, text]);
  }
  return Object.fromEntries(texts);
}

function readHeader(
  bytes: Buffer,
  file: string,
): { readonly header: Readonly<Record<string, unknown>>; readonly dataStart: number } {
  if (bytes.length < LENGTH_BYTES)
    throw damaged(file, bytes.length, 'the file ends within the header length');
  const length = bytes.readBigUInt64LE(0);
  if (length > BigInt(MAX_HEADER_BYTES))
    throw damaged(file, 0, `a header of ${length.toString()} bytes is too long`);
  const dataStart = LENGTH_BYTES + Number(length);
  if (dataStart > bytes.length) {
    throw damaged(
      file,
      bytes.length,
      `the file ends within the header, which should end at byte ${dataStart}`,
    );
  }
  const text = bytes.toString('utf8', LENGTH_BYTES, dataStart);
  let header: unknown;
  try {
    header = JSON.parse(text);
  } catch (error) {
    throw damaged(
      file,
      LENGTH_BYTES,
      `the header is no JSON: ${error instanceof Error ? error.message : ''}`,
    );
  }
  if (!isObject(header)) throw damaged(file, LENGTH_BYTES, 'the header is no JSON object');
  const repeated = repeatedKey(text);
  if (repeated !== null) {
    const at = LENGTH_BYTES + Buffer.byteLength(text.slice(0, repeated.at));
    throw damaged(file, at, `the name ${JSON.stringify(repeated.key)} stands twice in the header`);
  }
  return { header, dataStart };
}

/** Every byte of the data belongs to one tensor: no gap, no overlap, nothing behind the last. */
function checkCoverage(entries: readonly Entry[], dataStart: number, fileBytes: number, file: string): void {
  let end = 0;
  for (const entry of [...entries].sort((a, b) => a.begin - b.begin || a.end - b.end)) {
    const at = dataStart + entry.begin;
    if (entry.begin < end)
      throw damaged(file, at, `tensor ${JSON.stringify(entry.name)} overlaps the one before it`);
    if (entry.begin > end) throw damaged(file, dataStart + end, `bytes up to ${at} belong to no tensor`);
    end = entry.end;
    if (dataStart + end > fileBytes) {
      const missing = `the file ends within tensor ${JSON.stringify(entry.name)}, which should end at byte ${dataStart + end}`;
      throw damaged(file, fileBytes, missing);
    }
  }
  if (dataStart + end < fileBytes) throw damaged(file, dataStart + end, 'bytes behind the last tensor');
}

function readValues(bytes: Buffer, entry: Entry, dataStart: number): TensorData | null {
  if (entry.dtype === null) return null;
  const count = sizeOfShape(entry.shape);
  const values = entry.dtype === 'float32' ? new Float32Array(count) : new Int32Array(count);
  // Copied byte by byte: a header of odd length would leave the data where a typed array cannot look at them.
  new Uint8Array(values.buffer).set(bytes.subarray(dataStart + entry.begin, dataStart + entry.end));
  return { shape: entry.shape, dtype: entry.dtype, values };
}

/**
 * Reads a safetensors file that was loaded into memory.
 *
 * @param file Its name, for the errors.
 * @param passOver Which tensors to leave out, of whatever dtype they are; none where left out.
 * @throws UserError with file and byte when it is truncated, its header too long or no JSON, a name stands twice,
 *   offsets overlap, leave gaps or point outside, or a dtype is neither F32 nor I32.
 */
export function decodeSafetensors(
  content: Uint8Array,
  file: string,
  passOver: (name: string) => boolean = () => false,
): SafetensorsContent {
  const bytes = Buffer.from(content.buffer, content.byteOffset, content.byteLength);
  const { header, dataStart } = readHeader(bytes, file);
  const fail = (name: string) => (what: string) => {
    const at = bytes.indexOf(JSON.stringify(name));
    return damaged(file, at === -1 ? LENGTH_BYTES : at, `${JSON.stringify(name)} ${what}`);
  };
  const entries = Object.entries(header)
    .filter(([name]) => name !== METADATA)
    .map(([name, field]) => readEntry(name, field, passOver(name), fail(name)));
  checkCoverage(entries, dataStart, bytes.length, file);
  // As entries: a tensor may be called `__proto__`, which an assignment would lose.
  const tensors = entries.flatMap((entry) => {
    const tensor = readValues(bytes, entry, dataStart);
    return tensor === null ? [] : [[entry.name, tensor] as const];
  });
  return {
    tensors: Object.fromEntries(tensors),
    metadata: readMetadata(header[METADATA], fail(METADATA)),
  };
}
