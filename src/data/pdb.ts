/**
 * Protein backbones from the text of a PDB file (format 3.3, "Coordinate Section").
 *
 * A parser of our own, because none of the npm packages that were tried holds up: `parse-pdb` 1.0.0 reads ATOM records
 * only (selenomethionines are lost), puts all models and all alternative locations into one list, and turns
 * unreadable coordinates into NaN; `3dmol` 2.5.5 cannot be loaded in Node ("window is not defined");
 * `@i-vresse/pdbtbx-ts` 0.1.7 returns chains and residue numbers but no coordinates; `ngl` 2.5.0 and `molstar` are
 * molecular viewers (the first depends on the second, which needs a newer Node than this package supports).
 *
 * What counts as the protein, and why:
 * - The first model: the models of an NMR ensemble are the same molecule, not more of it.
 * - Every chain; TER ends a stretch of chain, and a chain identifier used again after TER starts a new stretch.
 * - Residues of ATOM records: by the format these are the polymer.
 * - Residues of HETATM records when they are part of a chain (selenomethionine, phosphoserine, ...): peptide-bonded
 *   to a residue that is in the protein, or declared in a MODRES record. Waters, ions, cofactors and free amino acids
 *   are not. Leaving out selenomethionine would tear holes into chains that have none.
 * - Of alternative locations one conformer per residue, the one of highest occupancy, so that no residue is a mixture.
 * - Residues of occupancy 0 and residues with gaps beside them stay: nothing is rebuilt and nothing is thrown away.
 * - A calcium ion is called CA too. It is told from a C-alpha by its element, its residue name, and, in files without
 *   elements, by its column.
 */

import { DataError } from './data-error.js';

/** The atoms that are read, in the order in which they are returned. */
const BACKBONE = ['N', 'CA', 'C', 'O'] as const;

/** Name of a backbone atom. */
export type BackboneAtomName = (typeof BACKBONE)[number];

/** Which atoms stand for a structure: C-alpha only, or N, C-alpha, C and O. */
export type AtomSelection = 'ca' | 'backbone';

/** One backbone atom; coordinates in angstrom. */
export interface PdbAtom {
  readonly name: BackboneAtomName;
  readonly x: number;
  readonly y: number;
  readonly z: number;
  /** 0 to 1; 1 where the file leaves it out. */
  readonly occupancy: number;
  /** Line of the file, from 1. */
  readonly line: number;
}

/** One residue of the protein. */
export interface PdbResidue {
  readonly chain: string;
  /** Stretch of its chain identifier, from 0; TER begins the next. */
  readonly segment: number;
  /** Number in the file: may be negative, may have gaps, may start again. */
  readonly number: number;
  readonly insertionCode: string;
  /** Three-letter name, e.g. `GLY`. */
  readonly name: string;
  /** True for a modified residue from HETATM records. */
  readonly modified: boolean;
  /** Those of N, CA, C, O that the file has, in this order. */
  readonly atoms: readonly PdbAtom[];
}

/** What was decided while reading; counts, for remarks. */
export interface PdbNotes {
  /** Models in the file; only the first is read. */
  readonly models: number;
  /** Residues with alternative locations. */
  readonly alternatives: number;
  /** Atoms that repeat an atom of their residue; the first is kept. */
  readonly duplicates: number;
  /** Neighbours within a stretch of chain that are not bonded: residues are missing between them. */
  readonly gaps: number;
  /** Residues that have other backbone atoms, but no C-alpha. */
  readonly withoutCa: number;
  /** C-alpha atoms of occupancy 0: modelled without density. */
  readonly unoccupied: number;
  /** Modified residues kept. */
  readonly modified: number;
  /** Residues of HETATM records that have a C-alpha and are no part of a chain. */
  readonly leftOut: number;
}

/** The protein in a PDB file. */
export interface PdbStructure {
  readonly fileName: string;
  /** In the order of the file. */
  readonly residues: readonly PdbResidue[];
  readonly notes: PdbNotes;
}

/** A PDB file that cannot be used: says which file, where in it, and (as `hint`) what to do. */
export class PdbError extends DataError {
  override readonly name = 'PdbError';
  readonly file: string;
  /** Line in the file, from 1, where one line is to blame. */
  readonly line: number | undefined;

  constructor(problem: string, hint: string, file: string, line?: number) {
    super(`${file}${line === undefined ? '' : `, line ${line}`}: ${problem}`, hint);
    this.file = file;
    this.line = line;
  }
}

/** Serial numbers have five columns, so a PDB file cannot number more atoms than this. */
export const MAX_ATOMS = 99_999;
/** Fewer points than this have no shape in space: they lie in a plane. */
export const MIN_ATOMS = 4;

/** A peptide bond has 1.33 A; stretched ones of poor models stay below this. */
const MAX_PEPTIDE_BOND = 2.0;
/** Consecutive C-alpha atoms are 3.8 A apart (2.9 A across a cis bond). */
const MAX_CA_STEP = 4.5;

const WATERS = new Set(['HOH', 'WAT', 'DOD', 'H2O', 'TIP', 'TP3', 'TIP3', 'SOL']);
const AMINO_ACIDS = new Set(
  (
    'ALA ARG ASN ASP CYS GLN GLU GLY HIS ILE LEU LYS MET PHE PRO SER THR TRP TYR VAL ' +
    'ASX GLX SEC PYL UNK MSE'
  ).split(' '),
);

interface RawAtom extends PdbAtom {
  readonly altLoc: string;
  readonly residueName: string;
  /** From a HETATM record. */
  readonly hetero: boolean;
}

interface RawResidue {
  readonly chain: string;
  readonly segment: number;
  readonly number: number;
  readonly insertionCode: string;
  readonly atoms: RawAtom[];
}

interface Records {
  /** Runs of lines of one residue, in the order of the file. */
  readonly runs: readonly RawResidue[];
  readonly models: number;
  /** `chain|number|insertion code` of the residues in MODRES records. */
  readonly modres: ReadonlySet<string>;
}

/**
 * The protein backbone in the text of a PDB file; see the head of this module for what belongs to it.
 *
 * @param text - the whole file; lines may end in LF or CRLF.
 * @param fileName - for messages.
 * @throws PdbError with file and line when an atom's line is cut short, or its coordinates or residue number cannot
 * be read; when the first model has more than 99,999 atoms; when there is no protein in it.
 */
export function parsePdb(text: string, fileName: string): PdbStructure {
  const { runs, models, modres } = readRecords(text, fileName);
  const merged = joinRuns(runs);
  const resolved = merged.residues.map((raw) => resolveAlternatives(raw));
  const inChain = partOfChain(
    resolved.map((item) => item.residue),
    modres,
  );
  const kept = resolved.filter((_, index) => inChain[index]);
  const residues = kept.map((item) => item.residue).filter((residue) => residue.atoms.length > 0);
  if (!residues.some((residue) => residue.atoms.some((atom) => atom.name === 'CA' || atom.name === 'N'))) {
    throw new PdbError(
      'no protein atoms were found (N, CA, C, O of amino acids in ATOM records).',
      'Give a PDB file of a protein; mmCIF files and nucleic acids are not read.',
      fileName,
    );
  }
  const notes: PdbNotes = {
    models,
    alternatives: count(kept, (item) => item.alternatives),
    duplicates: merged.duplicates + kept.reduce((sum, item) => sum + item.duplicates, 0),
    gaps: countGaps(residues),
    withoutCa: count(residues, (residue) => atomOf(residue, 'CA') === undefined),
    unoccupied: count(residues, (residue) => atomOf(residue, 'CA')?.occupancy === 0),
    modified: count(residues, (residue) => residue.modified),
    leftOut: count(resolved, (item, index) => !inChain[index] && atomOf(item.residue, 'CA') !== undefined),
  };
  return { fileName, residues, notes };
}

/**
 * Coordinates of the selected atoms in chain order, `[n, 3]` row-major, in angstrom. `ca`: one C-alpha a residue;
 * `backbone`: those of N, CA, C, O that a residue has.
 *
 * @throws PdbError when there are fewer than 4.
 */
export function selectAtoms(structure: PdbStructure, selection: AtomSelection): Float32Array {
  const atoms = structure.residues.flatMap((residue) =>
    selection === 'ca' ? residue.atoms.filter((atom) => atom.name === 'CA') : residue.atoms,
  );
  if (atoms.length < MIN_ATOMS) {
    throw new PdbError(
      `${atoms.length} ${selection === 'ca' ? 'C-alpha' : 'backbone'} atoms are too few: a point cloud needs at ` +
        `least ${MIN_ATOMS}.`,
      'Leave the file out, or give one with a longer chain.',
      structure.fileName,
    );
  }
  const coordinates = new Float32Array(atoms.length * 3);
  atoms.forEach((atom, index) => coordinates.set([atom.x, atom.y, atom.z], index * 3));
  return coordinates;
}

function readRecords(text: string, fileName: string): Records {
  const runs: RawResidue[] = [];
  const modres = new Set<string>();
  const segments = new Map<string, number>();
  let run: RawResidue | undefined;
  let runKey = '';
  let models = 0;
  let atoms = 0;
  let inModel = false;
  for (const [lineNumber, line] of linesOf(text)) {
    const record = line.slice(0, 6);
    if (record === 'ATOM  ' || record === 'HETATM') {
      if (!inModel) {
        inModel = true;
        models += 1;
      }
      if (models > 1) continue;
      atoms += 1;
      if (atoms > MAX_ATOMS) throw tooManyAtoms(fileName, lineNumber);
      const atom = readAtom(line, fileName, lineNumber);
      if (atom === undefined) continue;
      const key = line.slice(21, 27);
      if (run === undefined || key !== runKey || isNextResidue(run, atom)) {
        run = startRun(line, segments, fileName, lineNumber);
        runKey = key;
        runs.push(run);
      }
      run.atoms.push(atom);
    } else if (/^TER\s*$/.test(line.slice(0, 6))) {
      if (models === 1 && run !== undefined) segments.set(run.chain, run.segment + 1);
      run = undefined;
    } else if (/^(MODEL|ENDMDL|END)\s*$/.test(record)) {
      // END without ENDMDL closes a model too: some programs write ensembles that way.
      inModel = false;
      run = undefined;
    } else if (record === 'MODRES') {
      modres.add(`${line.slice(16, 17).trim()}|${line.slice(18, 22).trim()}|${line.slice(22, 23).trim()}`);
    }
  }
  return { runs, models, modres };
}

function* linesOf(text: string): Generator<[number, string]> {
  let start = 0;
  for (let number = 1; start < text.length; number++) {
    let end = text.indexOf('\n', start);
    if (end === -1) end = text.length;
    const stop = end > start && text.charCodeAt(end - 1) === 13 ? end - 1 : end;
    yield [number, text.slice(start, stop)];
    start = end + 1;
  }
}

/** Two residues can share a number where an insertion code was lost; only their name tells. */
function isNextResidue(run: RawResidue, atom: RawAtom): boolean {
  const last = run.atoms.at(-1);
  return (
    last !== undefined && last.residueName !== atom.residueName && last.altLoc === '' && atom.altLoc === ''
  );
}

function startRun(
  line: string,
  segments: ReadonlyMap<string, number>,
  fileName: string,
  lineNumber: number,
): RawResidue {
  const numberText = line.slice(22, 26).trim();
  if (!/^[-+]?\d+$/.test(numberText)) {
    throw new PdbError(
      `the residue number in columns 23-26 is "${numberText}", which is no integer.`,
      'Correct or remove the line.',
      fileName,
      lineNumber,
    );
  }
  const chain = line.slice(21, 22).trim();
  const insertionCode = line.slice(26, 27).trim();
  const segment = segments.get(chain) ?? 0;
  return { chain, segment, number: Number(numberText), insertionCode, atoms: [] };
}

/** The atom of an ATOM or HETATM line; undefined when it is no backbone atom. Its coordinates are checked even then. */
function readAtom(line: string, fileName: string, lineNumber: number): RawAtom | undefined {
  const residueName = line.slice(17, 20).trim();
  if (WATERS.has(residueName)) return undefined;
  if (line.length < 54) {
    throw new PdbError(
      `the line has ${line.length} columns and ends before its coordinates do (columns 31-54).`,
      'The file may have been cut off: fetch it again.',
      fileName,
      lineNumber,
    );
  }
  const x = readCoordinate(line, 30, fileName, lineNumber);
  const y = readCoordinate(line, 38, fileName, lineNumber);
  const z = readCoordinate(line, 46, fileName, lineNumber);
  const name = backboneName(line, residueName);
  if (name === undefined) return undefined;
  const occupancyText = line.slice(54, 60).trim();
  const occupancy = occupancyText === '' ? 1 : Number(occupancyText);
  if (!Number.isFinite(occupancy)) {
    throw new PdbError(
      `the occupancy in columns 55-60 is "${occupancyText}", which is no number.`,
      'Correct or remove the line.',
      fileName,
      lineNumber,
    );
  }
  const altLoc = line.slice(16, 17).trim();
  const hetero = line.startsWith('HETATM');
  return { name, x, y, z, occupancy, line: lineNumber, altLoc, residueName, hetero };
}

function readCoordinate(line: string, start: number, fileName: string, lineNumber: number): number {
  const text = line.slice(start, start + 8);
  const value = Number(text);
  // Number('        ') is 0: a blank field must not become an atom at the origin.
  if (!Number.isFinite(value) || text.trim() === '') {
    const axis = 'xyz'.charAt((start - 30) / 8);
    throw new PdbError(
      `the ${axis} coordinate in columns ${start + 1}-${start + 8} is "${text}", which is no finite number.`,
      'Correct or remove the line.',
      fileName,
      lineNumber,
    );
  }
  return value;
}

function backboneName(line: string, residueName: string): BackboneAtomName | undefined {
  const field = line.slice(12, 16);
  const name = BACKBONE.find((candidate) => candidate === field.trim());
  return name === 'CA' && !isCarbonAlpha(field, residueName, line.slice(76, 78)) ? undefined : name;
}

/**
 * Tells a C-alpha from a calcium ion. Elements are right-justified in columns 13-14, so ` CA ` is a carbon and `CA  `
 * is calcium; programs that push all names to the left are believed only where the residue is an amino acid. Other
 * elements than these two say nothing: old files have a segment name or a line number in their columns.
 */
function isCarbonAlpha(nameField: string, residueName: string, elementField: string): boolean {
  if (residueName === 'CA') return false;
  const element = elementField.trim().toUpperCase();
  if (element === 'C' || element === 'CA') return element === 'C';
  return nameField.startsWith(' ') || AMINO_ACIDS.has(residueName);
}

/**
 * Brings together the lines of a residue that the file has in several places (alternative locations in a block of
 * their own, atoms added at the end), and keeps apart residues of equal number (numbers that went past 9,999 and
 * started again): an atom that is there already at the same place is a duplicate, at another place another residue's.
 */
function joinRuns(runs: readonly RawResidue[]): { residues: RawResidue[]; duplicates: number } {
  const residues: RawResidue[] = [];
  const known = new Map<string, RawResidue>();
  let duplicates = 0;
  for (const run of runs) {
    const key = `${run.chain}|${run.segment}|${run.number}|${run.insertionCode}`;
    const earlier = known.get(key);
    const repeated = earlier === undefined ? [] : run.atoms.filter((atom) => sameSlot(earlier, atom));
    if (earlier === undefined || !isSameResidue(earlier, run, repeated)) {
      known.set(key, run);
      residues.push(run);
      continue;
    }
    duplicates += repeated.length;
    earlier.atoms.push(...run.atoms.filter((atom) => !repeated.includes(atom)));
  }
  return { residues, duplicates };
}

function isSameResidue(earlier: RawResidue, run: RawResidue, repeated: readonly RawAtom[]): boolean {
  const named = run.atoms.every(
    (atom) => atom.altLoc !== '' || earlier.atoms.some((other) => other.residueName === atom.residueName),
  );
  return named && repeated.every((atom) => samePlace(sameSlot(earlier, atom), atom));
}

function sameSlot(residue: RawResidue, atom: RawAtom): RawAtom | undefined {
  return residue.atoms.find((other) => other.name === atom.name && other.altLoc === atom.altLoc);
}

function samePlace(a: PdbAtom | undefined, b: PdbAtom): boolean {
  return a !== undefined && a.x === b.x && a.y === b.y && a.z === b.z;
}

interface Resolved {
  readonly residue: PdbResidue;
  readonly alternatives: boolean;
  readonly duplicates: number;
}

/** Reduces a residue to one conformer and one atom a name. */
function resolveAlternatives(raw: RawResidue): Resolved {
  const chosen = chooseConformer(raw.atoms);
  const conformer = raw.atoms.filter((atom) => atom.altLoc === '' || atom.altLoc === chosen);
  const atoms = BACKBONE.flatMap((name) => conformer.find((atom) => atom.name === name) ?? []);
  // Conformers may be different residues, such as selenomethionine (HETATM) and methionine (ATOM) in one crystal.
  const named = conformer.find((atom) => atom.altLoc === chosen) ?? conformer[0];
  const residue: PdbResidue = {
    chain: raw.chain,
    segment: raw.segment,
    number: raw.number,
    insertionCode: raw.insertionCode,
    name: named?.residueName ?? '',
    modified: named?.hetero === true,
    atoms: atoms.map(({ name, x, y, z, occupancy, line }) => ({ name, x, y, z, occupancy, line })),
  };
  return { residue, alternatives: chosen !== undefined, duplicates: conformer.length - atoms.length };
}

/**
 * Identifier of the conformer to keep: the one with the highest mean occupancy, the first identifier among equals.
 * Those that move the C-alpha come before those that do not, or the residue could lose it.
 */
function chooseConformer(atoms: readonly RawAtom[]): string | undefined {
  const ids = [...new Set(atoms.map((atom) => atom.altLoc))].filter((id) => id !== '').sort();
  const withCa = ids.filter((id) => atoms.some((atom) => atom.altLoc === id && atom.name === 'CA'));
  const candidates = withCa.length > 0 ? withCa : ids;
  const occupancies = candidates.map((id) => meanOccupancy(atoms.filter((atom) => atom.altLoc === id)));
  return candidates[occupancies.indexOf(Math.max(...occupancies))];
}

function meanOccupancy(atoms: readonly RawAtom[]): number {
  return atoms.reduce((sum, atom) => sum + atom.occupancy, 0) / atoms.length;
}

/** Whether each residue belongs to the protein; HETATM residues belong when bonded to one that does, on either side. */
function partOfChain(residues: readonly PdbResidue[], modres: ReadonlySet<string>): boolean[] {
  const accepted = residues.map(
    (residue) =>
      !residue.modified ||
      (atomOf(residue, 'CA') !== undefined &&
        modres.has(`${residue.chain}|${residue.number}|${residue.insertionCode}`)),
  );
  const spread = (from: number, to: number): void => {
    const [a, b] = [residues[Math.min(from, to)], residues[Math.max(from, to)]];
    if (accepted[from] && !accepted[to] && a !== undefined && b !== undefined) {
      accepted[to] = atomOf(residues[to], 'CA') !== undefined && isBonded(a, b);
    }
  };
  for (let i = 1; i < residues.length; i++) spread(i - 1, i);
  for (let i = residues.length - 1; i > 0; i--) spread(i, i - 1);
  return accepted;
}

/** Whether `b` follows `a` in the chain: C-N distance of a peptide bond or, in C-alpha models, the C-alpha distance. */
function isBonded(a: PdbResidue, b: PdbResidue): boolean {
  if (a.chain !== b.chain || a.segment !== b.segment) return false;
  const bond = distance(atomOf(a, 'C'), atomOf(b, 'N'));
  if (bond !== undefined) return bond < MAX_PEPTIDE_BOND;
  const step = distance(atomOf(a, 'CA'), atomOf(b, 'CA'));
  return step !== undefined && step < MAX_CA_STEP;
}

function countGaps(residues: readonly PdbResidue[]): number {
  return count(residues, (residue, index) => {
    const before = residues[index - 1];
    return (
      before !== undefined &&
      before.chain === residue.chain &&
      before.segment === residue.segment &&
      !isBonded(before, residue)
    );
  });
}

function atomOf(residue: PdbResidue | undefined, name: BackboneAtomName): PdbAtom | undefined {
  return residue?.atoms.find((atom) => atom.name === name);
}

function distance(a: PdbAtom | undefined, b: PdbAtom | undefined): number | undefined {
  return a === undefined || b === undefined ? undefined : Math.hypot(a.x - b.x, a.y - b.y, a.z - b.z);
}

function count<T>(items: readonly T[], test: (item: T, index: number) => boolean | undefined): number {
  return items.filter((item, index) => test(item, index) === true).length;
}

function tooManyAtoms(fileName: string, lineNumber: number): PdbError {
  return new PdbError(
    `more than ${MAX_ATOMS.toLocaleString('en-US')} atoms, the most that a PDB file can number.`,
    'Split the structure into chains, one file each.',
    fileName,
    lineNumber,
  );
}
