import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TensorData, TensorDataMap } from '../../src/train/checkpoint-state.js';
import { decodeSafetensors, encodeSafetensors } from '../../src/train/safetensors.js';
import { UserError } from '../../src/train/user-error.js';

const golden = new Uint8Array(
  readFileSync(new URL('../golden/safetensors-reference.safetensors', import.meta.url)),
);

/** The tensors of test/golden/safetensors-reference.py. */
const reference: TensorDataMap = {
  step: { shape: [], dtype: 'int32', values: Int32Array.of(7) },
  'phi.0.weight': {
    shape: [2, 3],
    dtype: 'float32',
    values: Float32Array.of(0.5, -1.25, 3, 1e-7, -0, 65504),
  },
  'phi.0.bias': { shape: [2], dtype: 'float32', values: Float32Array.of(0.1, 0.2) },
  seeds: { shape: [3], dtype: 'int32', values: Int32Array.of(-1, 0, 2147483647) },
  empty: { shape: [0, 3], dtype: 'float32', values: new Float32Array(0) },
  größe: { shape: [1], dtype: 'float32', values: Float32Array.of(1.5) },
};

/** A file with any header and data, sound or not. */
function file(
  header: string,
  data: Uint8Array = new Uint8Array(0),
  length = Buffer.byteLength(header),
): Uint8Array {
  const bytes = new Uint8Array(8 + Buffer.byteLength(header) + data.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length), true);
  bytes.set(Buffer.from(header), 8);
  bytes.set(data, 8 + Buffer.byteLength(header));
  return bytes;
}

function entry(shape: number[], from: number, to: number, dtype = 'F32'): string {
  return JSON.stringify({ dtype, shape, data_offsets: [from, to] });
}

function problemOf(bytes: Uint8Array): UserError {
  try {
    decodeSafetensors(bytes, 'w.safetensors');
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
  throw new Error('The damaged file was read.');
}

describe('safetensors and the reference implementation', () => {
  it('reads what it wrote', () => {
    const { tensors, metadata } = decodeSafetensors(golden, 'golden');
    expect(tensors).toEqual(reference);
    expect(Object.is(tensors['phi.0.weight']?.values[4], -0)).toBe(true);
    expect(metadata).toEqual({ format: 'care' });
  });

  it('writes the very bytes that it writes', () => {
    expect(Buffer.from(encodeSafetensors(reference, { format: 'care' })).equals(golden)).toBe(true);
  });
});

const anyShape = fc.array(fc.nat(4), { maxLength: 3 });
const anyTensor: fc.Arbitrary<TensorData> = fc
  .tuple(anyShape, fc.boolean())
  .chain(([shape, isFloat]): fc.Arbitrary<TensorData> => {
    const length = shape.reduce((product, side) => product * side, 1);
    const size = { minLength: length, maxLength: length };
    return isFloat
      ? fc.float32Array(size).map((values) => ({ shape, dtype: 'float32', values }))
      : fc.int32Array(size).map((values) => ({ shape, dtype: 'int32', values }));
  });
const anyTensors = fc.dictionary(
  fc.string().filter((name) => name !== '__metadata__'),
  anyTensor,
  { noNullPrototype: true },
);

describe('safetensors', () => {
  it('gives back every tensor bit by bit, NaN and -0 too, and starts the data at a multiple of eight', () => {
    fc.assert(
      fc.property(
        anyTensors,
        fc.dictionary(fc.string(), fc.string(), { noNullPrototype: true }),
        (tensors, metadata) => {
          const bytes = encodeSafetensors(tensors, metadata);
          expect(new DataView(bytes.buffer).getBigUint64(0, true) % 8n).toBe(0n);
          const read = decodeSafetensors(bytes, 'file');
          expect(Object.keys(read.tensors).sort()).toEqual(Object.keys(tensors).sort());
          for (const [name, { shape, dtype, values }] of Object.entries(tensors)) {
            const found = read.tensors[name];
            expect(found?.shape).toEqual(shape);
            expect(found?.dtype).toBe(dtype);
            expect(Buffer.from(found?.values.buffer ?? new ArrayBuffer(0))).toEqual(
              Buffer.from(values.buffer, values.byteOffset, values.byteLength),
            );
          }
          expect({ ...read.metadata }).toEqual({ ...metadata });
        },
      ),
      { numRuns: 200 },
    );
  });

  it('does not depend on the order in which tensors are named', () => {
    const turned = Object.fromEntries(Object.entries(reference).reverse());
    expect(encodeSafetensors(turned)).toEqual(encodeSafetensors(reference));
  });

  it('reads a file from a buffer at an odd place', () => {
    const shifted = new Uint8Array(golden.length + 3);
    shifted.set(golden, 3);
    expect(decodeSafetensors(shifted.subarray(3), 'golden').tensors).toEqual(reference);
  });

  it('refuses every beginning of a file', () => {
    for (let length = 0; length < golden.length; length++) {
      expect(problemOf(golden.subarray(0, length)).message).toMatch(/^w\.safetensors: byte \d+: /);
    }
  });

  it.each([
    [
      'a header longer than the file',
      file('{}', undefined, 400),
      /byte 10: the file ends within the header, .* byte 408/,
    ],
    [
      'a header beyond all measure',
      file('{}', undefined, 200_000_000),
      /byte 0: a header of 200000000 bytes is too long/,
    ],
    ['a header that is no JSON', file('{"a":'), /byte 8: the header is no JSON/],
    ['a header that is no object', file('[]'), /byte 8: the header is no JSON object/],
    ['a truncated tensor', file(`{"a":${entry([2], 0, 8)}}`, new Uint8Array(5)), /ends within tensor "a"/],
    [
      'overlapping tensors',
      file(`{"a":${entry([2], 0, 8)},"b":${entry([1], 4, 8)}}`, new Uint8Array(8)),
      /tensor "b" overlaps/,
    ],
    [
      'a gap',
      file(`{"a":${entry([1], 0, 4)},"b":${entry([1], 8, 12)}}`, new Uint8Array(12)),
      /bytes up to \d+ belong to no tensor/,
    ],
    [
      'bytes at the end',
      file(`{"a":${entry([1], 0, 4)}}`, new Uint8Array(6)),
      /bytes behind the last tensor/,
    ],
    [
      'offsets that run backwards',
      file(`{"a":${entry([1], 4, 0)}}`, new Uint8Array(4)),
      /"a" has data_offsets \[4,0\]/,
    ],
    ['negative offsets', file(`{"a":${entry([1], -4, 0)}}`, new Uint8Array(4)), /"a" has data_offsets/],
    [
      'a shape that does not fit',
      file(`{"a":${entry([3], 0, 4)}}`, new Uint8Array(4)),
      /shape \[3\] has 4 bytes/,
    ],
    [
      'a shape with half a row',
      file(`{"a":${entry([0.5], 0, 2)}}`, new Uint8Array(2)),
      /"a" has shape \[0.5\]/,
    ],
    [
      'another dtype',
      file(`{"a":${entry([1], 0, 2, 'F16')}}`, new Uint8Array(2)),
      /dtype "F16"; only F32 and I32/,
    ],
    ['a tensor without fields', file('{"a":4}'), /byte 9: "a" is no object/],
    ['metadata that are no texts', file('{"__metadata__":{"a":1}}'), /has "a" that is no text/],
    [
      'a name twice',
      file(`{"ä":${entry([1], 0, 4)}, "\\u00e4" :${entry([1], 0, 4)}}`, new Uint8Array(4)),
      /byte 64: the name "ä" stands twice/,
    ],
  ])('refuses %s, with the byte and what to do', (_, bytes, message) => {
    const problem = problemOf(bytes);
    expect(problem.message).toMatch(message);
    expect(problem.hint).toMatch(/restore it, or make it anew/);
  });

  it('does not take brackets and names in texts for structure', () => {
    const tensors = { 'a":{"a': { shape: [1], dtype: 'int32', values: Int32Array.of(3) } } as const;
    expect(decodeSafetensors(encodeSafetensors(tensors, { '{': '}"{' }), 'file').tensors).toEqual(tensors);
  });

  it('passes over tensors that are not wanted, of whatever dtype, but still checks that they fit', () => {
    const header = `{"a":${entry([1], 0, 4)},"n":${entry([], 4, 12, 'I64')}}`;
    const passOver = (name: string) => name === 'n';
    const { tensors } = decodeSafetensors(file(header, new Uint8Array(12)), 'file', passOver);
    expect(Object.keys(tensors)).toEqual(['a']);
    expect(() => decodeSafetensors(file(header, new Uint8Array(8)), 'file', passOver)).toThrow(/ends within/);
    expect(problemOf(file(header, new Uint8Array(12))).message).toMatch(/"n" has dtype "I64"/);
  });

  it.each<[string, TensorDataMap]>([
    ['values that are too few', { a: { shape: [2], dtype: 'float32', values: new Float32Array(1) } }],
    ['a dtype that its values are not', { a: { shape: [1], dtype: 'int32', values: new Float32Array(1) } }],
    ['an impossible shape', { a: { shape: [-1, -1], dtype: 'float32', values: new Float32Array(1) } }],
    ['the reserved name', { __metadata__: { shape: [1], dtype: 'float32', values: new Float32Array(1) } }],
  ])('does not write %s', (_, tensors) => {
    expect(() => encodeSafetensors(tensors)).toThrow(/ensor/);
  });
});
