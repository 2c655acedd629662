import { createHash } from 'node:crypto';

import { describe, expect, it } from 'vitest';

import { dataProvenance, filesSha256 } from '../../src/data/provenance.js';

const files = [
  { name: 'pdb/b.pdb', bytes: 20, sha256: 'bb' },
  { name: 'pdb/a.pdb', bytes: 10, sha256: 'aa' },
];

describe('filesSha256', () => {
  it('hashes the sorted lines, whatever the order of reading', () => {
    const expected = createHash('sha256').update('pdb/a.pdb\t10\taa\npdb/b.pdb\t20\tbb\n').digest('hex');
    expect(filesSha256(files)).toBe(expected);
    expect(filesSha256([...files].reverse())).toBe(expected);
  });
});

describe('dataProvenance', () => {
  it('says name, hash, and numbers of files and structures', () => {
    const set = {
      name: 'PDB structures',
      generated: false,
      names: ['a', 'b'],
      points: 4,
      coordinates: new Float32Array(24),
      atoms: [4, 4],
      files,
      sha256: 'cc',
      remarks: [],
    };
    const expected = { name: 'PDB structures', generated: false, sha256: 'cc', files: 2, items: 2 };
    expect(dataProvenance(set)).toEqual(expected);
  });
});
