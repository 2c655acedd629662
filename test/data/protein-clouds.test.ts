import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';

import { findDataDir } from '../../src/data/data-dir.js';
import { DataError } from '../../src/data/data-error.js';
import { splitByStructure } from '../../src/data/groups.js';
import { loadProteinClouds, proteinClouds } from '../../src/data/protein-clouds.js';
import { filesSha256 } from '../../src/data/provenance.js';
import { atomLine, residueLines } from './pdb-lines.js';

let root = '';
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'care-data-'));
});
afterAll(() => rmSync(root, { recursive: true }));
afterEach(() => vi.unstubAllEnvs());

/** A data folder with these files in `pdb/`. */
function dataFolder(name: string, files: Record<string, string | Uint8Array>): string {
  const folder = join(root, name);
  mkdirSync(join(folder, 'pdb'), { recursive: true });
  for (const [file, content] of Object.entries(files)) writeFileSync(join(folder, 'pdb', file), content);
  return folder;
}

/** A chain that is not straight, so that it has a shape. */
const bent = (n: number, bend: number): string =>
  Array.from({ length: n }, (_, i) =>
    atomLine({ number: i + 1, at: [3.8 * i, 9 * Math.sin(i * bend), 0] }),
  ).join('\n');
const options = { points: 16, seed: 1 };

describe('loadProteinClouds', () => {
  it('reads plain and compressed files by name, with their provenance', () => {
    const packed = gzipSync(bent(30, 0.3));
    const dataDir = dataFolder('good', {
      '2BBB_l_u.pdb.gz': packed,
      '1AAA_l_u.pdb': bent(10, 0.7),
      '1AAA_r_u.ent': bent(20, 1.1),
      'README.txt': 'no structure',
    });
    const set = loadProteinClouds({ dataDir, ...options });
    expect(set.names).toEqual(['1AAA_l_u', '1AAA_r_u', '2BBB_l_u']);
    expect(set.atoms).toEqual([10, 20, 30]);
    expect(set).toMatchObject({ generated: false, points: 16, name: 'PDB structures' });
    expect(set.coordinates).toHaveLength(3 * 16 * 3);
    expect(set.files.map((file) => file.name)).toEqual([
      'pdb/1AAA_l_u.pdb',
      'pdb/1AAA_r_u.ent',
      'pdb/2BBB_l_u.pdb.gz',
    ]);
    expect(set.files[2]?.bytes).toBe(packed.length);
    expect(set.sha256).toBe(filesSha256(set.files));
    expect(set.remarks.join(' ')).toContain('2 structures have more C-alpha atoms');
    expect(set.remarks.join(' ')).toContain('1 have fewer');
  });

  it('does not depend on the other structures in the folder', () => {
    const dataDir = dataFolder('order', { 'b.pdb': bent(40, 0.4) });
    const alone = loadProteinClouds({ dataDir, ...options }).coordinates;
    writeFileSync(join(dataDir, 'pdb', 'a.pdb'), bent(50, 0.9));
    expect(loadProteinClouds({ dataDir, ...options }).coordinates.slice(48)).toEqual(alone);
  });

  it('takes the first by name up to the limit', () => {
    const dataDir = dataFolder('limit', { 'b.pdb': bent(9, 1), 'a.pdb': bent(8, 1), 'c.pdb': bent(7, 1) });
    expect(loadProteinClouds({ dataDir, ...options, limit: 2 }).names).toEqual(['a', 'b']);
    expect(() => loadProteinClouds({ dataDir, ...options, limit: 0 })).toThrow(/limit of 0/);
  });

  it('leaves out what cannot be used in a folder, and says why', () => {
    const dataDir = dataFolder('mixed', {
      'bad.pdb': bent(8, 1).replace('0.000', '  NaN'),
      'cut.pdb.gz': gzipSync(bent(300, 1)).subarray(0, 200),
      'good.pdb': bent(8, 1),
      'good.pdb.gz': gzipSync(bent(8, 1)),
      'small.pdb': bent(3, 1),
    });
    const set = loadProteinClouds({ dataDir, ...options });
    expect(set.names).toEqual(['good']);
    expect(set.files).toHaveLength(1);
    const leftOut = set.remarks.filter((remark) => remark.startsWith('Left out: '));
    expect(leftOut).toEqual([
      expect.stringMatching(/pdb\/bad\.pdb, line 1: .*no finite number/),
      expect.stringMatching(/pdb\/cut\.pdb\.gz: .*at byte 200: the file is truncated/),
      expect.stringMatching(/good\.pdb\.gz: there is another file of the structure good/),
      expect.stringMatching(/pdb\/small\.pdb: 3 C-alpha atoms are too few/),
    ]);
  });

  it('refuses a file that was named and cannot be used', () => {
    const dataDir = dataFolder('named', { 'small.pdb': bent(3, 1), 'good.pdb': bent(8, 1) });
    const files = ['good.pdb', 'small.pdb'].map((name) => join(dataDir, 'pdb', name));
    expect(() => loadProteinClouds({ dataDir, files, ...options })).toThrow(/3 C-alpha atoms are too few/);
    expect(loadProteinClouds({ dataDir, files: files.slice(0, 1), ...options }).names).toEqual(['good']);
    // By backbone atoms, three residues are enough.
    writeFileSync(
      join(dataDir, 'pdb', 'b.pdb'),
      [1, 2, 3].flatMap((number) => residueLines(number, { number })).join('\n'),
    );
    const backbone = {
      dataDir,
      files: [join(dataDir, 'pdb', 'b.pdb')],
      ...options,
      atoms: 'backbone',
    } as const;
    expect(loadProteinClouds(backbone).atoms).toEqual([12]);
  });

  it('says what is missing: the folder, files in it, usable files in it', () => {
    const load =
      (dataDir: string): (() => unknown) =>
      () =>
        loadProteinClouds({ dataDir, ...options });
    expect(load(join(root, 'nowhere'))).toThrow(/nowhere: the data folder does not exist/);
    expect(load(root)).toThrow(/pdb: there is no such folder/);
    expect(load(dataFolder('empty', { 'a.txt': '' }))).toThrow(/there is no PDB file in the folder/);
    expect(load(dataFolder('bad', { 'a.pdb': '' }))).toThrow(/None of 1 PDB files can be used\. .*empty/);
    expect(load(root)).toThrow(DataError);
  });

  it('names a few of the files that cannot be used, and how many more there are', () => {
    const files = Object.fromEntries(Array.from({ length: 8 }, (_, i) => [`bad${i}.pdb`, '']));
    const dataDir = dataFolder('all-bad', files);
    const shown = [0, 1, 2, 3].map((i) => `  pdb/bad${i}.pdb: the file is empty.`);
    expect(() => loadProteinClouds({ dataDir, ...options })).toThrow(
      ['None of 8 PDB files can be used.', ...shown, '  and 4 more'].join('\n'),
    );
  });

  it('takes a data folder that holds the structures itself for a mistake, not for one without data', () => {
    const inside = join(dataFolder('too-deep', { 'a.pdb': bent(8, 1), 'b.ent.gz': '' }), 'pdb');
    for (const load of [loadProteinClouds, proteinClouds]) {
      const error = (() => {
        try {
          load({ dataDir: inside, ...options });
        } catch (thrown) {
          return thrown as DataError;
        }
        return null;
      })();
      expect(error).toBeInstanceOf(DataError);
      expect(error?.message).toContain('holds PDB files itself (2)');
      expect(error?.hint).toContain(`Did you mean its parent, ${join(root, 'too-deep')}?`);
    }
    const other = join(root, 'structures');
    mkdirSync(other);
    writeFileSync(join(other, 'a.pdb'), bent(8, 1));
    vi.stubEnv('CARE_DATA_DIR', other);
    expect(() => proteinClouds(options)).toThrow(/holds PDB files itself \(1\)/);
  });

  it('tells what was decided while reading', () => {
    const dataDir = dataFolder('notes', { 'a.pdb': [bent(8, 1), 'ENDMDL', bent(8, 1)].join('\n') });
    const remarks = loadProteinClouds({ dataDir, ...options }).remarks.join('\n');
    expect(remarks).toContain('Of files with several models the first was used (1 of 1 structures).');
    expect(remarks).not.toContain('alternative locations');
  });
});

describe('proteinClouds', () => {
  it('takes real data where there are any', () => {
    const dataDir = dataFolder('real', { 'a.pdb': bent(8, 1) });
    expect(proteinClouds({ dataDir, ...options })).toMatchObject({ generated: false, names: ['a'] });
  });

  it('generates chains where there are none, and says so first', () => {
    const dataDir = join(root, 'without');
    mkdirSync(dataDir);
    const set = proteinClouds({ dataDir, ...options, limit: 2 });
    expect(set).toMatchObject({ generated: true, points: 16 });
    expect(set.names).toHaveLength(2);
    expect(set.remarks[0]).toMatch(/^Generated data, .*No PDB files were found: the folder without/);
  });

  it('does not take a mistyped CARE_DATA_DIR, or an empty folder pdb, for no data', () => {
    vi.stubEnv('CARE_DATA_DIR', join(root, 'mistyped'));
    expect(() => proteinClouds(options)).toThrow(/mistyped: the data folder in CARE_DATA_DIR/);
    vi.stubEnv('CARE_DATA_DIR', dataFolder('hollow', {}));
    expect(() => proteinClouds(options)).toThrow(/there is no PDB file in the folder/);
  });
});

const dataDir = findDataDir();
const pdbFolder = join(dataDir ?? '', 'pdb');
const benchmarkIsHere = dataDir !== undefined && existsSync(join(pdbFolder, '1A2K_l_u.pdb.gz'));
const why = benchmarkIsHere ? '' : ' (skipped: no docking benchmark in the folder pdb of CARE_DATA_DIR)';

describe.skipIf(!benchmarkIsHere)(`the docking benchmark${why}`, () => {
  const set = benchmarkIsHere ? loadProteinClouds({ points: 128, seed: 0 }) : undefined;

  it('is read whole', () => {
    expect(set?.remarks.filter((remark) => remark.startsWith('Left out'))).toEqual([]);
    expect(set?.names).toHaveLength(readdirSync(pdbFolder).filter((name) => name.endsWith('.pdb.gz')).length);
    expect(set?.coordinates.every(Number.isFinite)).toBe(true);
  });

  it("has as many C-alpha atoms as Biopython's parser counts", () => {
    const counts = JSON.parse(
      readFileSync(new URL('../golden/pdb-ca-counts.json', import.meta.url), 'utf8'),
    ) as Record<string, number>;
    const names = Object.keys(counts).filter((name) => set?.names.includes(name) === true);
    expect(names.length).toBeGreaterThan(20);
    const ours = Object.fromEntries(names.map((name) => [name, set?.atoms[set.names.indexOf(name)]]));
    expect(ours).toEqual(Object.fromEntries(names.map((name) => [name, counts[name]])));
  });

  it('holds both halves of the dimer in a file with CONECT records between them', () => {
    // Biopython stops reading at the first CONECT and finds 382 residues; the second half follows, numbered + 500.
    expect(set?.atoms[set.names.indexOf('3BP8_r_u')]).toBe(2 * 382);
  });

  it('is split with complexes and relatives kept together', () => {
    if (set === undefined) throw new Error('not loaded');
    const { train, test } = splitByStructure(set, { seed: 0, testFraction: 0.2 });
    expect(test.length).toBeGreaterThan(0.18 * set.names.length);
    const complexes = new Set(train.map((index) => set.names[index]?.slice(0, 4)));
    expect(test.filter((index) => complexes.has(set.names[index]?.slice(0, 4)))).toEqual([]);
  });
});
