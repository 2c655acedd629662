import { describe, expect, it } from 'vitest';

import { parsePdb, PdbError, selectAtoms, type PdbStructure } from '../../src/data/pdb.js';
import { atomLine, residueLines, straightChain } from './pdb-lines.js';

const parse = (...lines: (string | string[])[]): PdbStructure => parsePdb(lines.flat().join('\n'), 'x.pdb');
/** x of every C-alpha, in order. */
const caX = (structure: PdbStructure): number[] =>
  structure.residues.flatMap((r) => r.atoms.filter((a) => a.name === 'CA').map((a) => a.x));
const names = (structure: PdbStructure): string[] => structure.residues.map((r) => `${r.name}${r.number}`);

describe('parsePdb', () => {
  it('reads a line by its columns, as in the format description', () => {
    // The example of the PDB format description 3.3, section ATOM, with N and CA of one residue.
    const structure = parsePdb(
      'ATOM     32  N  AARG A  -3      11.281  86.699  94.383  0.50 35.88           N  \n' +
        'ATOM     35  CA AARG A  -3      12.353  85.696  94.456  0.50 36.67           C  \n',
      'x.pdb',
    );
    expect(structure.residues).toEqual([
      {
        chain: 'A',
        segment: 0,
        number: -3,
        insertionCode: '',
        name: 'ARG',
        modified: false,
        atoms: [
          { name: 'N', x: 11.281, y: 86.699, z: 94.383, occupancy: 0.5, line: 1 },
          { name: 'CA', x: 12.353, y: 85.696, z: 94.456, occupancy: 0.5, line: 2 },
        ],
      },
    ]);
  });

  it('reads the same from CRLF lines, and from lines that end after the coordinates', () => {
    const lines = straightChain(5);
    const expected = [0, 3.8, 7.6, 11.4, 15.2];
    expect(caX(parsePdb(lines.join('\r\n'), 'x.pdb'))).toEqual(expected);
    expect(caX(parse(lines.map((line) => line.slice(0, 54))))).toEqual(expected);
  });

  it('takes the first of several models, with or without ENDMDL', () => {
    const model = (y: number): string[] =>
      [0, 4, 8, 12].map((x, i) => atomLine({ number: i, at: [x, y, 0] }));
    const ensemble = parse(
      'MODEL        1',
      model(11),
      'ENDMDL',
      'MODEL        2',
      model(22),
      'ENDMDL',
      'END',
    );
    const ends = parse(model(11), 'END', model(22), 'END');
    for (const structure of [ensemble, ends]) {
      expect(structure.residues.map((r) => r.atoms[0]?.y)).toEqual([11, 11, 11, 11]);
      expect(structure.notes.models).toBe(2);
    }
  });

  it('reads all chains, and a chain identifier used again after TER as another stretch', () => {
    const structure = parse(
      straightChain(2),
      'TER',
      straightChain(2, { chain: 'B' }, 10),
      'TER',
      straightChain(2, {}, 20),
      'END',
    );
    expect(structure.residues.map((r) => `${r.chain}${r.segment}`)).toEqual([
      'A0',
      'A0',
      'B0',
      'B0',
      'A1',
      'A1',
    ]);
    expect(structure.notes).toMatchObject({ gaps: 0, duplicates: 0 });
  });

  it('takes the alternative location of highest occupancy, the first identifier among equals', () => {
    const alternatives = (a: number, b: number): string[] => [
      atomLine({ altLoc: 'B', at: [2, 0, 0], occupancy: b }),
      atomLine({ altLoc: 'A', at: [1, 0, 0], occupancy: a }),
    ];
    expect(caX(parse(alternatives(0.3, 0.7)))).toEqual([2]);
    expect(caX(parse(alternatives(0.5, 0.5)))).toEqual([1]);
    expect(parse(alternatives(0.5, 0.5)).notes).toMatchObject({ alternatives: 1, duplicates: 0 });
  });

  it('never mixes two conformers in a residue', () => {
    // By atom, B would win for N and A for CA; by residue A has the higher mean occupancy.
    const structure = parse(
      atomLine({ name: ' N  ', altLoc: 'A', at: [1, 0, 0], occupancy: 0.4 }),
      atomLine({ name: ' N  ', altLoc: 'B', at: [2, 0, 0], occupancy: 0.5 }),
      atomLine({ altLoc: 'A', at: [3, 0, 0], occupancy: 0.8 }),
      atomLine({ altLoc: 'B', at: [4, 0, 0], occupancy: 0.2 }),
      atomLine({ name: ' C  ', at: [5, 0, 0] }),
    );
    expect(structure.residues[0]?.atoms.map((atom) => atom.x)).toEqual([1, 3, 5]);
  });

  it('keeps the C-alpha when another conformer is more occupied but has none', () => {
    const structure = parse(
      atomLine({ altLoc: 'A', at: [1, 0, 0], occupancy: 0.2 }),
      atomLine({ name: ' O  ', altLoc: 'C', at: [9, 0, 0], occupancy: 0.9 }),
    );
    expect(caX(structure)).toEqual([1]);
  });

  it('joins alternative locations that stand in a block of their own, and different residues in one place', () => {
    const structure = parse(
      atomLine({ altLoc: 'A', residue: 'SER', at: [0, 0, 0], occupancy: 0.4 }),
      atomLine({ number: 2, at: [3.8, 0, 0] }),
      atomLine({ altLoc: 'B', residue: 'THR', at: [0.5, 0, 0], occupancy: 0.6 }),
    );
    expect(names(structure)).toEqual(['THR1', 'ALA2']);
    const mixed = parse(
      atomLine({ record: 'HETATM', altLoc: 'A', residue: 'MSE', at: [0, 0, 0], occupancy: 0.3 }),
      atomLine({ altLoc: 'B', residue: 'MET', at: [0.5, 0, 0], occupancy: 0.7 }),
      atomLine({ number: 2, at: [3.8, 0, 0] }),
    );
    expect(names(mixed)).toEqual(['MET1', 'ALA2']);
  });

  it('tells residues apart by insertion code, and by name where the code was lost', () => {
    const codes = parse(
      atomLine({ number: 52, at: [0, 0, 0] }),
      atomLine({ number: 52, insertion: 'A', at: [3.8, 0, 0] }),
      atomLine({ number: 52, insertion: 'B', at: [7.6, 0, 0] }),
      atomLine({ number: 53, at: [11.4, 0, 0] }),
    );
    expect(codes.residues.map((r) => `${r.number}${r.insertionCode}`)).toEqual(['52', '52A', '52B', '53']);
    const lost = parse(
      atomLine({ number: 52, residue: 'SER', at: [0, 0, 0] }),
      atomLine({ number: 52, residue: 'TYR', at: [3.8, 0, 0] }),
    );
    expect(names(lost)).toEqual(['SER52', 'TYR52']);
  });

  it('keeps apart residues whose numbers started again, and takes an atom that is repeated once', () => {
    const wrapped = parse(
      atomLine({ number: 9999, at: [0, 0, 0] }),
      atomLine({ number: 0, at: [3.8, 0, 0] }),
      atomLine({ number: 9999, at: [7.6, 0, 0] }),
    );
    expect(caX(wrapped)).toEqual([0, 3.8, 7.6]);
    const repeated = parse(straightChain(3), straightChain(1), atomLine({ number: 3, at: [7.6, 0, 0] }));
    expect(caX(repeated)).toEqual([0, 3.8, 7.6]);
    expect(repeated.notes.duplicates).toBe(2);
    const moved = parse(atomLine({ at: [1, 0, 0] }), atomLine({ at: [1.1, 0, 0] }));
    expect(caX(moved)).toEqual([1]);
    expect(moved.notes.duplicates).toBe(1);
  });

  it('never takes calcium for a C-alpha', () => {
    const chain = straightChain(4);
    const ions = [
      atomLine({ record: 'HETATM', name: 'CA  ', residue: 'CA', number: 90, at: [99, 0, 0], element: 'CA' }),
      atomLine({ record: 'HETATM', name: 'CA  ', residue: 'CA', number: 91, at: [99, 0, 0], element: '' }),
      atomLine({ record: 'ATOM', name: ' CA ', residue: 'CA', number: 92, at: [99, 0, 0], element: '' }),
      atomLine({ record: 'ATOM', name: 'CA  ', residue: 'CA2', number: 93, at: [99, 0, 0], element: '' }),
      atomLine({ record: 'ATOM', name: ' CA ', residue: 'GLY', number: 94, at: [99, 0, 0], element: 'CA' }),
      // Right behind the chain, where a modified residue would be bonded.
      atomLine({ record: 'HETATM', name: 'CA  ', residue: 'CA', number: 5, at: [15.2, 0, 0], element: 'CA' }),
    ];
    const structure = parse(chain, ions);
    expect(caX(structure)).toEqual([0, 3.8, 7.6, 11.4]);
    expect(structure.notes.leftOut).toBe(0);
  });

  it('takes C-alpha atoms of files without elements, with names pushed left, or with other text in the columns', () => {
    const structure = parse(
      atomLine({ number: 1, at: [1, 0, 0], element: '' }),
      atomLine({ number: 2, name: 'CA  ', residue: 'GLY', at: [2, 0, 0], element: '' }),
      atomLine({ number: 3, at: [3, 0, 0], element: '17' }),
      atomLine({ number: 4, at: [4, 0, 0], element: 'A' }),
    );
    expect(caX(structure)).toEqual([1, 2, 3, 4]);
  });

  it('keeps modified residues that are bonded into a chain, whichever side and however many', () => {
    const modified = (number: number): string[] =>
      residueLines(number, { record: 'HETATM', residue: 'MSE', number });
    const normal = (number: number): string[] => residueLines(number, { number });
    const structure = parse(modified(1), modified(2), normal(3), modified(4), normal(5), modified(6));
    expect(names(structure)).toEqual(['MSE1', 'MSE2', 'ALA3', 'MSE4', 'ALA5', 'MSE6']);
    expect(structure.notes).toMatchObject({ modified: 4, gaps: 0, leftOut: 0 });
  });

  it('leaves out free amino acids, ligands and waters, also those after TER', () => {
    const structure = parse(
      [1, 2, 3, 4].flatMap((number) => residueLines(number, { number })),
      residueLines(30, { record: 'HETATM', residue: 'GLU', number: 301 }),
      'TER',
      residueLines(5, { record: 'HETATM', residue: 'MSE', number: 5 }),
      atomLine({ record: 'HETATM', name: ' C  ', residue: 'GDP', number: 302, at: [50, 0, 0] }),
      atomLine({ record: 'HETATM', name: ' O  ', residue: 'HOH', number: 401, at: [60, 0, 0] }),
      atomLine({ name: ' O  ', residue: 'HOH', number: 402, at: [60, 0, 0] }),
    );
    expect(names(structure)).toEqual(['ALA1', 'ALA2', 'ALA3', 'ALA4']);
    expect(structure.notes).toMatchObject({ leftOut: 2, modified: 0 });
  });

  it('keeps a modified residue between two gaps when MODRES declares it', () => {
    const lonely = residueLines(40, { record: 'HETATM', residue: 'SEP', number: 40 });
    const modres = 'MODRES 1ABC SEP A   40  SER  PHOSPHOSERINE';
    expect(names(parse(modres, residueLines(1), lonely))).toEqual(['ALA1', 'SEP40']);
    expect(names(parse(residueLines(1), lonely))).toEqual(['ALA1']);
  });

  it('counts gaps, residues without C-alpha and atoms without occupancy, and keeps them', () => {
    const structure = parse(
      residueLines(1, { number: 1 }),
      residueLines(2, { number: 2 }).filter((line) => !line.includes(' CA ')),
      residueLines(9, { number: 9, occupancy: 0 }),
    );
    expect(structure.notes).toMatchObject({ gaps: 1, withoutCa: 1, unoccupied: 1 });
    expect(Array.from(selectAtoms(structure, 'backbone'))).toHaveLength(11 * 3);
  });

  it.each([
    ['NaN', '     NaN', 'y coordinate in columns 39-46'],
    ['blank', '        ', 'y coordinate in columns 39-46'],
    ['overflown', '********', 'y coordinate in columns 39-46'],
    ['infinite', 'Infinity', 'y coordinate in columns 39-46'],
    ['shifted', '1.0 2.00', 'y coordinate in columns 39-46'],
  ])('refuses a coordinate with file, line and columns: %s', (_, text, message) => {
    const lines = straightChain(4);
    const broken = `${lines[2]?.slice(0, 38) ?? ''}${text}${lines[2]?.slice(46) ?? ''}`;
    const act = (): unknown => parse('HEADER', lines.slice(0, 2), broken, lines.slice(3));
    expect(act).toThrow(PdbError);
    expect(act).toThrow(/^x\.pdb, line 4: the y coordinate/);
    expect(act).toThrow(message);
  });

  it('checks the coordinates of side chains too, but not those of water', () => {
    const broken = (fields: object): string => {
      const line = atomLine({ at: [1, 2, 3], ...fields });
      return `${line.slice(0, 30)}     nan${line.slice(38)}`;
    };
    expect(() => parse(straightChain(4), broken({ name: ' CB ', number: 4 }))).toThrow(/line 5/);
    const water = broken({ record: 'HETATM', name: ' O  ', residue: 'HOH', number: 9 });
    expect(parse(straightChain(4), water).residues).toHaveLength(4);
  });

  it('refuses lines that are cut short, and residue numbers and occupancies that are none', () => {
    const line = atomLine({ at: [1, 2, 3] });
    expect(() => parse(straightChain(4), line.slice(0, 40))).toThrow(/line 5: the line has 40 columns/);
    const number = `${line.slice(0, 22)}A000${line.slice(26)}`;
    expect(() => parse(number)).toThrow(/line 1: the residue number in columns 23-26 is "A000"/);
    expect(() => parse(atomLine({ at: [1, 2, 3], occupancy: 'x' }))).toThrow(/line 1: the occupancy/);
  });

  it('refuses a file without protein', () => {
    expect(() => parse('HEADER', 'END')).toThrow(/^x\.pdb: no protein atoms/);
    const dna = atomLine({ name: ' P  ', residue: 'DA', at: [0, 0, 0] });
    expect(() => parse(dna)).toThrow(/no protein atoms/);
    const ion = atomLine({ record: 'HETATM', name: 'CA  ', residue: 'CA', at: [0, 0, 0], element: 'CA' });
    expect(() => parse(ion)).toThrow(/no protein atoms/);
  });

  it('reads 99,999 atoms and refuses 100,000, naming the line', () => {
    const lines = Array.from({ length: 100_000 }, (_, i) =>
      atomLine({ name: ' CB ', number: i % 10_000, at: [i % 100, i % 90, i % 80] }),
    );
    lines[0] = atomLine({ at: [0, 0, 0] });
    expect(() => parse(lines)).toThrow(/^x\.pdb, line 100000: more than 99,999 atoms/);
    expect(parse(lines.slice(0, 99_999)).residues).toHaveLength(1);
  });
});

describe('selectAtoms', () => {
  const structure = parse([1, 2, 3, 4].flatMap((number) => residueLines(number, { number })));

  it('returns C-alpha atoms, or the backbone in the order N, CA, C, O', () => {
    const ca = [3.8, 0, 0, 7.6, 0, 0, 11.4, 0, 0, 15.2, 0, 0];
    expect(selectAtoms(structure, 'ca')).toEqual(Float32Array.from(ca));
    const backbone = selectAtoms(structure, 'backbone');
    expect(backbone).toHaveLength(16 * 3);
    const first = [3.8 - 1.2, 0, 0, 3.8, 0, 0, 3.8 + 1.3, 0, 0, 3.8 + 1.3, 1.2, 0];
    expect(Array.from(backbone.slice(0, 12))).toEqual(first.map((v) => expect.closeTo(v, 3) as number));
  });

  it('refuses fewer than 4 atoms', () => {
    const short = parse(straightChain(3));
    expect(() => selectAtoms(short, 'ca')).toThrow(/^x\.pdb: 3 C-alpha atoms are too few/);
    expect(selectAtoms(parse(straightChain(4)), 'ca')).toHaveLength(12);
  });
});
