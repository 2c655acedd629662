import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { readPdbFile } from '../../src/data/pdb-file.js';
import { PdbError } from '../../src/data/pdb.js';
import { straightChain } from './pdb-lines.js';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'care-pdb-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const text = straightChain(300).join('\n');
const packed = gzipSync(text);

function written(name: string, content: Uint8Array | string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

describe('readPdbFile', () => {
  it('reads plain and compressed files alike, and hashes the bytes on disk', () => {
    const plain = readPdbFile(written('a.pdb', text));
    const zipped = readPdbFile(written('b.pdb.gz', packed));
    expect(plain.structure.residues).toHaveLength(300);
    expect(zipped.structure.residues).toEqual(plain.structure.residues);
    expect(zipped.bytes).toBe(packed.length);
    expect(zipped.sha256).toBe(createHash('sha256').update(packed).digest('hex'));
    expect(plain.sha256).toBe(createHash('sha256').update(text).digest('hex'));
  });

  it('recognises compression by content', () => {
    expect(readPdbFile(written('c.pdb', packed)).structure.residues).toHaveLength(300);
    expect(() => readPdbFile(written('d.pdb.gz', text), 'd.pdb.gz')).toThrow(
      /^d\.pdb\.gz: byte 0: no gzip data/,
    );
  });

  it.each([0.1, 0.5, 0.99])('names file and byte of a gzip file truncated at %d of its length', (share) => {
    const bytes = Math.floor(packed.length * share);
    const path = written('t.pdb.gz', packed.subarray(0, bytes));
    const act = (): unknown => readPdbFile(path, 'pdb/t.pdb.gz');
    expect(act).toThrow(PdbError);
    expect(act).toThrow(new RegExp(`^pdb/t\\.pdb\\.gz: .*at byte ${bytes}: the file is truncated`));
  });

  it('names the byte where compressed data are damaged', () => {
    const header = Uint8Array.from(packed);
    header[2] = 99;
    expect(() => readPdbFile(written('h.pdb.gz', header), 'h')).toThrow(/damaged at about byte [23]\b/);
    const sum = Uint8Array.from(packed);
    sum.set([0, 0, 0, 0], packed.length - 8);
    const act = (): unknown => readPdbFile(written('s.pdb.gz', sum), 's');
    const byte = Number(/damaged at about byte (\d+)/.exec(messageOf(act))?.[1]);
    expect(Math.abs(byte - (packed.length - 8))).toBeLessThanOrEqual(4);
  });

  it('refuses empty and missing files', () => {
    expect(() => readPdbFile(written('e.pdb', ''), 'e.pdb')).toThrow(/^e\.pdb: the file is empty/);
    expect(() => readPdbFile(join(folder, 'none.pdb'), 'none.pdb')).toThrow(/^none\.pdb: .*ENOENT/);
  });
});

function messageOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    return error instanceof Error ? error.message : '';
  }
  return '';
}
