import { describe, expect, it } from 'vitest';

import { readMatFile } from '../../src/data/mat-file.js';
import golden from '../golden/mat_file.json' with { type: 'json' };

const decoded = (text: string): Buffer => Buffer.from(text, 'base64');

describe('a MATLAB file of version 5', () => {
  it.each(['compressed', 'plain'] as const)('written %s by SciPy gives its matrices', (kind) => {
    const matrices = readMatFile(decoded(golden[kind]), 'x.mat');
    expect([...matrices.keys()]).toEqual(Object.keys(golden.values));
    for (const [name, { shape, values }] of Object.entries(golden.values)) {
      const matrix = matrices.get(name);
      expect([matrix?.rows, matrix?.columns]).toEqual(shape);
      expect([...(matrix?.values ?? [])]).toEqual(values);
    }
  });

  it('that is none, or cut off anywhere, is an error and never nonsense', () => {
    expect(() => readMatFile(Buffer.from('hello'), 'x.mat')).toThrow('x.mat: byte 126: this is no');
    expect(() => readMatFile(Buffer.alloc(400), 'x.mat')).toThrow('no little-endian MATLAB file');
    const whole = decoded(golden.plain);
    const all = readMatFile(whole, 'x.mat');
    for (let length = 129; length < whole.length; length += 13) {
      try {
        for (const [name, { values }] of readMatFile(whole.subarray(0, length), 'x.mat'))
          expect([...values]).toEqual([...(all.get(name)?.values ?? [])]);
      } catch (error) {
        expect(String(error)).toContain('x.mat: the file is damaged (');
      }
    }
    const damaged = decoded(golden.compressed);
    damaged.fill(0x55, 150, 160);
    expect(() => readMatFile(damaged, 'x.mat')).toThrow('x.mat: the file is damaged');
  });
});
