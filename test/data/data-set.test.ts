import { describe, expect, it } from 'vitest';

import { dataSet, pixelsInMemory, subset } from '../../src/data/data-set.js';
import { filesSha256 } from '../../src/data/provenance.js';

const bytes = Uint8Array.from({ length: 5 * 2 * 3 * 3 }, (_, at) => at);
const files = [{ name: 'a.bin', bytes: 90, sha256: 'ab' }];
const make = (settings: Record<string, number>) =>
  dataSet({
    name: 'five',
    classNames: ['a', 'b'],
    labels: Int32Array.of(0, 1, 0, 1, -1),
    pixels: pixelsInMemory(bytes, 2, 3),
    files,
    settings,
  });

describe('a data set', () => {
  it('gives images in the order of the indices, repeated ones too', () => {
    const set = make({});
    expect(set).toMatchObject({ length: 5, height: 2, width: 3 });
    expect([...set.batch([3, 0, 3])]).toEqual([
      ...bytes.slice(54, 72),
      ...bytes.slice(0, 18),
      ...bytes.slice(54, 72),
    ]);
    expect(set.batch(Int32Array.of())).toHaveLength(0);
  });

  it('refuses indices out of range', () => {
    for (const index of [-1, 5, 1.5, NaN]) expect(() => make({}).batch([0, index])).toThrow(RangeError);
    expect(() => make({}).batch([5])).toThrow('Image 5 was asked for; the set has 5 images');
  });

  it('has the hash of its files, changed by every setting', () => {
    const { provenance } = make({});
    expect(provenance).toEqual({
      name: 'five',
      generated: false,
      sha256: filesSha256(files),
      files: 1,
      items: 5,
    });
    const settings: readonly Record<string, number>[] = [{}, { a: 1 }, { a: 2 }, { b: 1 }];
    const hashes = settings.map((each) => make(each).provenance.sha256);
    expect(new Set(hashes).size).toBe(4);
    expect(make({ a: 1, b: 2 }).provenance.sha256).toBe(make({ b: 2, a: 1 }).provenance.sha256);
  });
});

describe('a subset', () => {
  it('has the images and labels of its indices, and a hash of its own', () => {
    const part = subset(make({}), [4, 1], { limit: 2 });
    expect([...part.labels]).toEqual([-1, 1]);
    expect([...part.batch([1])]).toEqual([...bytes.slice(18, 36)]);
    expect(part.provenance.items).toBe(2);
    expect(part.provenance.sha256).not.toBe(make({}).provenance.sha256);
    expect(() => part.batch([2])).toThrow('the set has 2 images');
    expect(() => subset(make({}), [5], {})).toThrow(RangeError);
  });
});
