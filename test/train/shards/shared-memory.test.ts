import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sharedMemory } from '../../../src/train/shards/shared-memory.js';

const float = (...shape: number[]) => ({ shape, dtype: 'float32' as const });
const sections = {
  first: { a: float(2, 3), b: { shape: [4], dtype: 'int32' as const } },
  second: { a: float(5), scalar: float() },
};
const first = { a: Float32Array.of(1, -0, NaN, 1e-40, 5, 6), b: Int32Array.of(1, -2, 3, 2 ** 31 - 1) };
const second = { a: Float32Array.of(9, 8, 7, 6, 5), scalar: Float32Array.of(0.1) };

describe('shared memory', () => {
  it('gives back what was written, through another opening too, section by section', () => {
    const memory = sharedMemory(sections);
    memory.write('second', second);
    memory.write('first', first);
    const other = sharedMemory(sections, memory.fd);
    expect(other.read('first')).toEqual(first);
    expect(other.read('second')).toEqual(second);
    other.write('first', { ...first, b: Int32Array.of(4, 3, 2, 1) });
    expect(memory.read('first')['b']).toEqual(Int32Array.of(4, 3, 2, 1));
    expect(memory.read('second')).toEqual(second);
    memory.close();
  });

  it('takes parts of larger arrays for what they are', () => {
    fc.assert(
      fc.property(fc.nat({ max: 5 }), (offset) => {
        const memory = sharedMemory({ only: { x: float(3) } });
        const all = Float32Array.from({ length: 8 }, (_, i) => i);
        memory.write('only', { x: all.subarray(offset, offset + 3) });
        expect(memory.read('only')['x']).toEqual(all.slice(offset, offset + 3));
        memory.close();
      }),
      { numRuns: 6 },
    );
  });

  it('refuses other dtypes, lengths and sections', () => {
    const memory = sharedMemory(sections);
    expect(() => memory.write('second', { ...second, a: new Float32Array(4) })).toThrow(
      '"a" of second must be float32 [5]; 4 values',
    );
    expect(() => memory.write('second', { ...second, a: new Int32Array(5) })).toThrow('must be float32 [5]');
    expect(() => memory.write('second', { a: second.a })).toThrow('"scalar" of second');
    expect(() => memory.write('third', {})).toThrow('no section "third"');
    const unwritten = sharedMemory(sections);
    expect(() => unwritten.read('first')).toThrow('nothing was written there');
    unwritten.close();
    memory.close();
  });

  it("is another process's through its descriptor, and leaves no file", () => {
    const memory = sharedMemory({ only: { x: float(2) } });
    memory.write('only', { x: Float32Array.of(1, 2) });
    const script =
      "const fs = require('fs'); const b = new Float32Array(2); fs.readSync(3, b, 0, 8, 0); b.reverse(); fs.writeSync(3, b, 0, 8, 0);";
    execFileSync(process.execPath, ['-e', script], { stdio: ['ignore', 'inherit', 'inherit', memory.fd] });
    expect(memory.read('only')['x']).toEqual(Float32Array.of(2, 1));
    for (const folder of ['/dev/shm', tmpdir()]) {
      expect(readdirSync(folder).filter((name) => name.startsWith('care-shard-'))).toEqual([]);
    }
    memory.close();
  });
});
