import { readdirSync } from 'node:fs';
import { basename, dirname, join, relative, sep } from 'node:path';

import { checkPoints, GLOBAL_SCALE, makeCloud, type CloudScale } from './cloud.js';
import { findDataDir, isFolder } from './data-dir.js';
import { DataError } from './data-error.js';
import { generateProteinClouds } from './generated-proteins.js';
import { groupStructures, SIMILAR_SHARE, WORD_LENGTH } from './groups.js';
import { readPdbFile } from './pdb-file.js';
import { selectAtoms, type AtomSelection, type PdbNotes } from './pdb.js';
import type { PointCloudSet, SourceFile } from './point-clouds.js';
import { filesSha256 } from './provenance.js';

/** Which structures to load, and how to make clouds of them. */
export interface ProteinCloudOptions {
  /** Folder of the data sets, with the structures in `pdb/`; see {@link findDataDir} for the default. */
  readonly dataDir?: string;
  /** These files instead of the folder; one that cannot be used is an error, not left out. */
  readonly files?: readonly string[];
  /** Points of a cloud, at least 4. */
  readonly points: number;
  /** Default `ca`. */
  readonly atoms?: AtomSelection;
  /** Default `rms`; see CloudOptions. */
  readonly scale?: CloudScale;
  /** Decides which atoms of a large structure are kept. */
  readonly seed: number;
  /** At most so many structures, the first by name. */
  readonly limit?: number;
}

interface LoadedStructure {
  readonly name: string;
  readonly cloud: Float32Array;
  readonly atoms: number;
  readonly sequence: readonly string[];
  readonly notes: PdbNotes;
  readonly file: SourceFile;
}

/**
 * Point clouds of the protein structures in the folder `pdb/` of the data folder (or of the files given): one cloud a
 * file, centred and scaled, of `points` points. A file of the folder that cannot be used is left out with a remark.
 *
 * @throws DataError when there is no such folder or no usable file in it, when a file that was named cannot be used,
 * when two files have one name, or an option is out of range.
 */
export function loadProteinClouds(options: ProteinCloudOptions): PointCloudSet {
  checkPoints(options.points);
  checkLimit(options.limit);
  const root = findDataDir(options.dataDir);
  const paths = options.files ?? pdbFilesIn(root);
  const limit = options.limit ?? Number.POSITIVE_INFINITY;
  const structures: LoadedStructure[] = [];
  const leftOut: string[] = [];
  const names = new Set<string>();
  for (const path of paths) {
    if (structures.length >= limit) break;
    try {
      const structure = loadStructure(path, root, options);
      checkNewName(structure.name, names, path);
      names.add(structure.name);
      structures.push(structure);
    } catch (error) {
      if (options.files !== undefined || !(error instanceof DataError)) throw error;
      leftOut.push(`Left out: ${error.message}`);
    }
  }
  if (structures.length === 0) throw noUsableFile(paths, leftOut);
  return assemble(structures, leftOut, options);
}

/**
 * The real structures where the data folder has them ({@link loadProteinClouds}), else generated chains
 * ({@link generateProteinClouds}), with a first remark that says so and where the structures were looked for.
 *
 * @throws DataError as the two do; an existing `pdb/` without a usable file, and a data folder that is itself the folder
 * of the structures, are errors, not reasons to generate.
 */
export function proteinClouds(options: ProteinCloudOptions): PointCloudSet {
  const root = findDataDir(options.dataDir);
  if (options.files !== undefined || (root !== undefined && isFolder(join(root, 'pdb')))) {
    return loadProteinClouds(options);
  }
  if (root !== undefined) refuseFolderOfStructures(root);
  checkLimit(options.limit);
  const { points, atoms, scale, seed, limit } = options;
  const generated = generateProteinClouds({
    points,
    seed,
    ...(atoms === undefined ? {} : { atoms }),
    ...(scale === undefined ? {} : { scale }),
    ...(limit === undefined ? {} : { structures: limit }),
  });
  const where =
    root === undefined
      ? 'CARE_DATA_DIR is not set'
      : `the folder ${basename(root)} of CARE_DATA_DIR has no folder pdb`;
  const [first = '', ...others] = generated.remarks;
  return { ...generated, remarks: [`${first} No PDB files were found: ${where}.`, ...others] };
}

/** Paths of the structures in `pdb/`, sorted by name: `.pdb` and `.ent`, also with `.gz`. */
function pdbFilesIn(root: string | undefined): string[] {
  const hint =
    'Put .pdb or .pdb.gz files into the folder pdb of the data folder, or set CARE_DATA_DIR to it.';
  if (root === undefined) throw new DataError('No data folder was found.', hint);
  const folder = join(root, 'pdb');
  if (!isFolder(folder)) {
    refuseFolderOfStructures(root);
    throw new DataError(`${folder}: there is no such folder.`, hint);
  }
  const names = structuresIn(folder);
  if (names.length === 0) throw new DataError(`${folder}: there is no PDB file in the folder.`, hint);
  return names.sort().map((name) => join(folder, name));
}

function structuresIn(folder: string): string[] {
  return readdirSync(folder).filter((name) => STRUCTURE_FILE.test(name));
}

/** A data folder with the structures right in it is a folder too deep, or one that lacks a level. */
function refuseFolderOfStructures(root: string): void {
  const count = structuresIn(root).length;
  if (count === 0) return;
  const advice =
    basename(root).toLowerCase() === 'pdb'
      ? `Did you mean its parent, ${dirname(root)}?`
      : 'Did you mean its parent? There the folder has to be called pdb: rename it, or put the files into a folder pdb inside.';
  throw new DataError(
    `${root}: the data folder holds PDB files itself (${count}), not in a folder pdb.`,
    `${advice} The data folder is set by CARE_DATA_DIR or --data.`,
  );
}

const STRUCTURE_FILE = /\.(pdb|ent)(\.gz)?$/i;

function loadStructure(
  path: string,
  root: string | undefined,
  options: ProteinCloudOptions,
): LoadedStructure {
  const fileName = nameOfFile(path, root);
  const { structure, bytes, sha256 } = readPdbFile(path, fileName);
  const name = basename(path).replace(STRUCTURE_FILE, '');
  const atoms = selectAtoms(structure, options.atoms ?? 'ca');
  return {
    name,
    cloud: makeCloud(atoms, name, options),
    atoms: atoms.length / 3,
    sequence: structure.residues.map((residue) => residue.name),
    notes: structure.notes,
    file: { name: fileName, bytes, sha256 },
  };
}

/** Name of a file relative to the data folder with forward slashes, or its last part when it lies outside. */
function nameOfFile(path: string, root: string | undefined): string {
  const inside = root === undefined ? '..' : relative(root, path);
  return inside.startsWith('..') ? basename(path) : inside.split(sep).join('/');
}

function assemble(
  structures: readonly LoadedStructure[],
  leftOut: readonly string[],
  options: ProteinCloudOptions,
): PointCloudSet {
  const { points } = options;
  const coordinates = new Float32Array(structures.length * points * 3);
  structures.forEach((structure, index) => coordinates.set(structure.cloud, index * points * 3));
  const files = structures.map((structure) => structure.file);
  const groups = groupStructures(structures);
  return {
    name: options.files === undefined ? 'PDB structures' : 'PDB files as given',
    generated: false,
    names: structures.map((structure) => structure.name),
    points,
    coordinates,
    atoms: structures.map((structure) => structure.atoms),
    groups,
    files,
    sha256: filesSha256(files),
    remarks: [
      ...leftOut,
      ...readingRemarks(structures),
      ...cloudRemarks(structures, options),
      groupRemark(groups),
    ],
  };
}

/** What the parser decided, added up; only what occurred. */
function readingRemarks(structures: readonly LoadedStructure[]): string[] {
  const tell = (key: keyof PdbNotes, beyond: number, sentence: (total: number) => string): string[] => {
    const values = structures.map((structure) => structure.notes[key]).filter((value) => value > beyond);
    const total = values.reduce((sum, value) => sum + value, 0);
    return total === 0 ? [] : [`${sentence(total)} (${values.length} of ${structures.length} structures).`];
  };
  return [
    ...tell('models', 1, () => 'Of files with several models the first was used'),
    ...tell('alternatives', 0, (n) => `${n} residues have alternative locations; the most occupied was used`),
    ...tell('modified', 0, (n) => `${n} modified residues (HETATM) are part of their chain and were kept`),
    ...tell('leftOut', 0, (n) => `${n} amino acids that are part of no chain (HETATM) were left out`),
    ...tell('duplicates', 0, (n) => `${n} atoms occur twice in their residue; the first was used`),
    ...tell('withoutCa', 0, (n) => `${n} residues have no C-alpha atom`),
    ...tell(
      'unoccupied',
      0,
      (n) => `${n} C-alpha atoms have occupancy 0 (modelled without density) and were kept`,
    ),
    ...tell(
      'gaps',
      0,
      (n) => `At ${n} places a chain is interrupted (residues not resolved); it was left so`,
    ),
  ];
}

function cloudRemarks(structures: readonly LoadedStructure[], options: ProteinCloudOptions): string[] {
  const larger = structures.filter((structure) => structure.atoms > options.points).length;
  const smaller = structures.filter((structure) => structure.atoms < options.points).length;
  const what = (options.atoms ?? 'ca') === 'ca' ? 'C-alpha' : 'backbone';
  return [
    `Clouds have ${options.points} points: ${larger} structures have more ${what} atoms and were thinned at random, ` +
      `${smaller} have fewer and their atoms were repeated evenly.`,
    (options.scale ?? 'rms') === 'rms'
      ? 'Each cloud was centred and divided by its own RMS radius, so that size tells nothing.'
      : `Each cloud was centred and divided by ${GLOBAL_SCALE} angstrom; size was kept.`,
  ];
}

function groupRemark(groups: readonly number[]): string {
  const share = `${100 * SIMILAR_SHARE} %`;
  return (
    `The ${groups.length} structures form ${new Set(groups).size} groups that a split keeps together: same complex, ` +
    `same sequence, or ${share} of the smaller one's words of ${WORD_LENGTH} residues in common. ` +
    'More distant relatives (the same fold at lower sequence identity) can be on both sides of a split.'
  );
}

function checkLimit(limit: number | undefined): void {
  if (limit === undefined || (Number.isInteger(limit) && limit > 0)) return;
  throw new DataError(`A limit of ${limit} structures was asked for.`, 'Give a positive integer.');
}

function checkNewName(name: string, names: ReadonlySet<string>, path: string): void {
  if (!names.has(name)) return;
  throw new DataError(
    `${basename(path)}: there is another file of the structure ${name}.`,
    'Keep one of the two, or rename it: structures are known by their name.',
  );
}

/** Enough to see whether all files have the same fault. */
const SHOWN_REASONS = 4;

function noUsableFile(paths: readonly string[], leftOut: readonly string[]): DataError {
  const reasons = leftOut.map((remark) => remark.replace(/^Left out: /, ''));
  const more = reasons.length - SHOWN_REASONS;
  const shown = [...reasons.slice(0, SHOWN_REASONS), ...(more > 0 ? [`and ${more} more`] : [])];
  const list = shown.length === 1 ? ` ${shown.join('')}` : shown.map((reason) => `\n  ${reason}`).join('');
  return new DataError(
    `None of ${paths.length} PDB files can be used.${list}`,
    'Give PDB files of proteins with at least 4 residues.',
  );
}
