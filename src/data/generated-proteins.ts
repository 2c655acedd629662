import type { RandomStream } from '../tensorflow/random.js';
import {
  carbonylOxygen,
  firstResidue,
  nextResidue,
  norm,
  subtract,
  type BackboneFrame,
  type Torsions,
  type Vector,
} from './chain-geometry.js';
import { makeCloud, streamOfName, type CloudScale } from './cloud.js';
import { DataError } from './data-error.js';
import type { AtomSelection } from './pdb.js';
import type { PointCloudSet } from './point-clouds.js';
import { sha256Text } from './provenance.js';

/** Raise it with every change that alters the chains: it goes into their hash. */
const GENERATOR_VERSION = 1;
/** Counter that keeps the draws of generation apart from other uses of the seed. */
const GENERATION = 0x9e4e;

/** How many chains to generate, and how to make clouds of them. */
export interface GeneratedProteinOptions {
  /** Number of chains; 120 by default. */
  readonly structures?: number;
  /** Residues of the shortest and longest chain, drawn log-uniformly; 60 and 450 by default, at least 20. */
  readonly minResidues?: number;
  readonly maxResidues?: number;
  readonly points: number;
  readonly atoms?: AtomSelection;
  readonly scale?: CloudScale;
  readonly seed: number;
}

/**
 * Point clouds of generated protein-like chains, for machines without PDB files; the same for the same options.
 * They carry `generated: true`, and a remark that says so comes first.
 *
 * @throws DataError when an option is out of range.
 */
export function generateProteinClouds(options: GeneratedProteinOptions): PointCloudSet {
  const settings = resolveSettings(options);
  const { structures, points, atoms, scale, seed } = settings;
  const names = Array.from({ length: structures }, (_, i) => `generated_${String(i + 1).padStart(4, '0')}`);
  const chains = names.map((name) => {
    const random = streamOfName(seed, name, GENERATION);
    return chainAtoms(generateChain(drawLength(settings, random), random), atoms);
  });
  const coordinates = new Float32Array(structures * points * 3);
  chains.forEach((chain, index) =>
    coordinates.set(makeCloud(chain, names[index] ?? '', { points, scale, seed }), index * points * 3),
  );
  return {
    name: 'generated chains',
    generated: true,
    names,
    points,
    coordinates,
    atoms: chains.map((chain) => chain.length / 3),
    groups: names.map((_, index) => index),
    files: [],
    sha256: sha256Text(JSON.stringify({ generator: GENERATOR_VERSION, ...settings })),
    remarks: [
      `Generated data, no real proteins: ${structures} chains with the local geometry of proteins (helices, strands, ` +
        'coils) and their compactness, but no evolved fold.',
    ],
  };
}

type Settings = Required<GeneratedProteinOptions>;

function resolveSettings(options: GeneratedProteinOptions): Settings {
  const settings: Settings = {
    structures: options.structures ?? 120,
    minResidues: options.minResidues ?? 60,
    maxResidues: options.maxResidues ?? 450,
    points: options.points,
    atoms: options.atoms ?? 'ca',
    scale: options.scale ?? 'rms',
    seed: options.seed,
  };
  const { structures, minResidues, maxResidues } = settings;
  if (!Number.isInteger(structures) || structures < 1) {
    throw new DataError(`${structures} generated structures were asked for.`, 'Give a positive integer.');
  }
  // Very short or very long chains cannot be packed to the radius that proteins have.
  if (!Number.isInteger(minResidues) || !Number.isInteger(maxResidues) || minResidues < 20) {
    throw new DataError(
      `Generated chains of ${minResidues} to ${maxResidues} residues were asked for.`,
      'Give integers of at least 20.',
    );
  }
  if (maxResidues < minResidues || maxResidues > 2000) {
    throw new DataError(
      `Generated chains of ${minResidues} to ${maxResidues} residues were asked for.`,
      'Give a longest length from the shortest one to 2000.',
    );
  }
  return settings;
}

function drawLength(settings: Settings, random: RandomStream): number {
  const { minResidues, maxResidues } = settings;
  return Math.floor(minResidues * (maxResidues / minResidues) ** random.uniform());
}

/** A generated chain. */
export interface GeneratedChain {
  readonly frames: readonly BackboneFrame[];
  readonly torsions: readonly Torsions[];
}

/** Radius of gyration that folded proteins of `n` residues have, in angstrom: 2.2 n^0.38 (Skolnick et al. 1997). */
export function expectedRadius(residues: number): number {
  return 2.2 * residues ** 0.38;
}

/** C-alpha atoms of residues three or more apart do not come closer than this, in angstrom. */
const MIN_CA_DISTANCE = 3.8;
/** Standard deviation of the logarithm of an ellipsoid's half axes. */
const ELONGATION = 0.3;
/** Share by which the radius of gyration may differ from the expected one. */
const RADIUS_TOLERANCE = 0.12;
/** Continuations that are tried at each step; in the second half coils alone, which find a way out of a corner. */
const CANDIDATES = 64;
/** Of so many continuations that fit, the one with most room ahead is taken. */
const FITTING = 6;
/** Room ahead is judged this far beyond the end of the chain, and in a ball of this radius there; in angstrom. */
const PROBE_DISTANCE = 6;
const PROBE_RADIUS = 7;
/** Steps, as a multiple of the chain's length, after which a chain that got stuck is begun anew. */
const PATIENCE = 1;

/**
 * One protein-like chain: helices and strands joined by coils, grown piece by piece inside an ellipsoid without coming
 * near itself. Of several random continuations that fit, the one with most room ahead is taken; when none fits, the
 * last pieces are taken back. A chain whose radius of gyration is not within 12 % of 2.2 n^0.38 A is begun anew.
 *
 * @param residues - 20 to 2000.
 */
export function generateChain(residues: number, random: RandomStream): GeneratedChain {
  const target = expectedRadius(residues);
  for (;;) {
    const chain = growChain(residues, drawEllipsoid(target, random), random);
    if (chain === undefined) continue;
    const ratio = radiusOfGyration(chain.frames.map((frame) => frame.ca)) / target;
    if (Math.abs(ratio - 1) <= RADIUS_TOLERANCE) return chain;
  }
}

function growChain(residues: number, ellipsoid: Vector, random: RandomStream): GeneratedChain | undefined {
  let frames: readonly BackboneFrame[] = [firstFrame(ellipsoid, random)];
  let torsions: readonly Torsions[] = [draw(coilRegion(random), random)];
  const pieceStarts: number[] = [];
  let furthest = 0;
  let takeBack = 0;
  for (let step = 0; frames.length < residues; step++) {
    if (step > PATIENCE * residues) return undefined;
    const piece = findPiece(frames, torsions, ellipsoid, random);
    if (piece === undefined) {
      // One piece more with every failure, until the chain is longer than it ever was: one way out of any corner.
      takeBack += 1;
      const start = pieceStarts.splice(Math.max(0, pieceStarts.length - takeBack))[0] ?? 1;
      frames = frames.slice(0, start);
      torsions = torsions.slice(0, start);
      continue;
    }
    pieceStarts.push(frames.length);
    frames = [...frames, ...piece.frames];
    torsions = [...torsions, ...piece.torsions];
    if (frames.length > furthest) takeBack = 0;
    furthest = Math.max(furthest, frames.length);
  }
  return { frames: frames.slice(0, residues), torsions: torsions.slice(0, residues) };
}

/** Of the first random continuations that stay inside the ellipsoid and off the chain, the one with most room ahead. */
function findPiece(
  frames: readonly BackboneFrame[],
  torsions: readonly Torsions[],
  ellipsoid: Vector,
  random: RandomStream,
): GeneratedChain | undefined {
  let best: GeneratedChain | undefined;
  let bestCrowding = Number.POSITIVE_INFINITY;
  let fitting = 0;
  for (let candidate = 0; candidate < CANDIDATES && fitting < FITTING; candidate++) {
    const plan = candidate < CANDIDATES / 2 ? planPiece(ellipsoid, random) : planCoil(random);
    const piece = buildPiece(frames, torsions, plan, ellipsoid, random);
    if (piece === undefined) continue;
    fitting += 1;
    const crowding = crowdingAhead(piece.frames, frames, ellipsoid);
    if (crowding < bestCrowding) {
      bestCrowding = crowding;
      best = piece;
    }
  }
  return best;
}

/**
 * The residues of a continuation; undefined as soon as one leaves the ellipsoid or comes near the chain. The place of the
 * C-alpha after the last one is settled too (the phi of a residue moves only what follows it), so it must fit as well.
 */
function buildPiece(
  frames: readonly BackboneFrame[],
  torsions: readonly Torsions[],
  plan: readonly (Region | undefined)[],
  ellipsoid: Vector,
  random: RandomStream,
): GeneratedChain | undefined {
  const piece: BackboneFrame[] = [];
  const drawn: Torsions[] = [];
  let frame = frames.at(-1);
  let psi = torsions.at(-1)?.psi ?? 0;
  for (const region of [...plan, HELIX]) {
    if (frame === undefined) return undefined;
    const next = draw(region ?? coilRegion(random), random);
    frame = nextResidue(frame, psi, next.phi);
    psi = next.psi;
    // Neighbours within two residues are held apart by the bond angles.
    const chainTo = frames.length + Math.min(0, piece.length - 2);
    if (
      extent(frame.ca, ellipsoid) > 1 ||
      isNear(frame.ca, frames, chainTo) ||
      isNear(frame.ca, piece, piece.length - 2)
    ) {
      return undefined;
    }
    piece.push(frame);
    drawn.push(next);
  }
  return { frames: piece.slice(0, -1), torsions: drawn.slice(0, -1) };
}

/** Whether `ca` is too near to one of the first `length` residues; a plain loop, since nearly all the time goes here. */
function isNear(ca: Vector, frames: readonly BackboneFrame[], length: number): boolean {
  const [x, y, z] = ca;
  for (let index = 0; index < length; index++) {
    const other = frames[index]?.ca ?? ca;
    const dx = other[0] - x;
    if (dx > MIN_CA_DISTANCE || dx < -MIN_CA_DISTANCE) continue;
    const [dy, dz] = [other[1] - y, other[2] - z];
    if (dx * dx + dy * dy + dz * dz < MIN_CA_DISTANCE * MIN_CA_DISTANCE) return true;
  }
  return false;
}

/** How little room there is beyond the end of the piece: residues there, and how far it points out of the ellipsoid. */
function crowdingAhead(
  piece: readonly BackboneFrame[],
  frames: readonly BackboneFrame[],
  ellipsoid: Vector,
): number {
  const end = piece.at(-1)?.ca ?? [0, 0, 0];
  const direction = subtract(end, piece.at(-3)?.ca ?? frames.at(-1)?.ca ?? end);
  const reach = PROBE_DISTANCE / Math.max(norm(direction), 1e-6);
  const probe: Vector = [
    end[0] + reach * direction[0],
    end[1] + reach * direction[1],
    end[2] + reach * direction[2],
  ];
  const neighbours = frames.filter(({ ca }) => norm(subtract(ca, probe)) < PROBE_RADIUS).length;
  return neighbours + 3 * Math.max(0, extent(probe, ellipsoid) - 1) * Math.max(...ellipsoid);
}

/** A region of the Ramachandran plot: mean torsions and their standard deviation in degrees. */
interface Region {
  readonly phi: number;
  readonly psi: number;
  readonly spread: number;
}

const HELIX: Region = { phi: -62, psi: -43, spread: 4 };
const STRAND: Region = { phi: -120, psi: 135, spread: 10 };
/** Regions that coils visit, each as often as it stands here. */
const COIL: readonly Region[] = [
  ...repeat({ phi: -70, psi: -35, spread: 12 }, 7), // right-handed helix
  ...repeat({ phi: -110, psi: 135, spread: 15 }, 6), // extended
  ...repeat({ phi: -70, psi: 145, spread: 12 }, 5), // polyproline
  ...repeat({ phi: 57, psi: 40, spread: 10 }, 2), // left-handed turn
];

/**
 * A coil (undefined: its region is drawn when it is its turn) and, most often, a helix or a strand after it; not
 * longer than two thirds of the ellipsoid.
 */
function planPiece(ellipsoid: Vector, random: RandomStream): (Region | undefined)[] {
  const coil = planCoil(random);
  const kind = random.uniform();
  const longest = 1.33 * Math.max(...ellipsoid);
  if (kind < 0.4) {
    return [...coil, ...repeat(HELIX, Math.min(6 + random.integer(13), Math.floor(longest / 1.5)))];
  }
  if (kind < 0.8) {
    return [...coil, ...repeat(STRAND, Math.min(4 + random.integer(6), Math.floor(longest / 3.3)))];
  }
  return coil;
}

function planCoil(random: RandomStream): undefined[] {
  return repeat(undefined, 2 + random.integer(5));
}

function coilRegion(random: RandomStream): Region {
  return COIL[random.integer(COIL.length)] ?? HELIX;
}

function draw(region: Region, random: RandomStream): Torsions {
  return {
    phi: region.phi + region.spread * random.normal(),
    psi: region.psi + region.spread * random.normal(),
  };
}

function repeat<T>(item: T, times: number): T[] {
  return Array.from({ length: times }, () => item);
}

/**
 * Half axes of an ellipsoid that a chain of this radius of gyration fills. Proteins are no balls: the ratios are drawn
 * so that the chains are about as oblong as real structures, or their principal axes would mean nothing.
 */
function drawEllipsoid(radiusOfGyration: number, random: RandomStream): Vector {
  const drawn = randomVector(random).map((value) =>
    Math.exp(ELONGATION * Math.max(-1.5, Math.min(1.5, value))),
  );
  const [a = 1, b = 1, c = 1] = drawn;
  // An ellipsoid of uniform density has Rg^2 = (a^2 + b^2 + c^2) / 5; chains do not fill it to its rim.
  const factor = (1.13 * radiusOfGyration * Math.sqrt(5)) / norm([a, b, c]);
  return [a * factor, b * factor, c * factor];
}

/** 1 on the surface of the ellipsoid, less inside. */
function extent(point: Vector, ellipsoid: Vector): number {
  return norm([point[0] / ellipsoid[0], point[1] / ellipsoid[1], point[2] / ellipsoid[2]]);
}

function firstFrame(ellipsoid: Vector, random: RandomStream): BackboneFrame {
  const direction = randomVector(random);
  const reach = (0.7 * random.uniform()) / extent(direction, ellipsoid);
  const start: Vector = [direction[0] * reach, direction[1] * reach, direction[2] * reach];
  return firstResidue(start, randomVector(random), randomVector(random));
}

function randomVector(random: RandomStream): Vector {
  return [random.normal(), random.normal(), random.normal()];
}

/** Root-mean-square distance from the centre. */
export function radiusOfGyration(points: readonly Vector[]): number {
  const n = points.length;
  const sum = points.reduce<Vector>((s, p) => [s[0] + p[0], s[1] + p[1], s[2] + p[2]], [0, 0, 0]);
  const centre: Vector = [sum[0] / n, sum[1] / n, sum[2] / n];
  return Math.sqrt(points.reduce((total, point) => total + norm(subtract(point, centre)) ** 2, 0) / n);
}

function chainAtoms(chain: GeneratedChain, selection: AtomSelection): Float32Array {
  const atoms = chain.frames.flatMap((frame, index) =>
    selection === 'ca'
      ? [frame.ca]
      : [frame.n, frame.ca, frame.c, carbonylOxygen(frame, chain.torsions[index]?.psi ?? 0)],
  );
  return Float32Array.from(atoms.flat());
}
