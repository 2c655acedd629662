/** A point or vector in space, in angstrom. */
export type Vector = readonly [number, number, number];

/** Backbone torsions of one residue in degrees; the peptide bond is planar and trans (omega = 180). */
export interface Torsions {
  readonly phi: number;
  readonly psi: number;
}

/** N, C-alpha and C of one residue. */
export interface BackboneFrame {
  readonly n: Vector;
  readonly ca: Vector;
  readonly c: Vector;
}

/**
 * Bond lengths (angstrom) and angles (degrees) of the polypeptide backbone (Engh and Huber 1991). With a trans peptide
 * bond they put consecutive C-alpha atoms 3.80 A apart.
 */
const BOND = { nCa: 1.458, caC: 1.525, cN: 1.329, cO: 1.231 } as const;
const ANGLE = { nCaC: 111.0, caCN: 117.2, cNCa: 121.7, caCO: 120.1 } as const;

/**
 * The point at distance `bond` from `c`, with the angle b-c-point and the torsion a-b-c-point in degrees (IUPAC sign):
 * the natural extension reference frame of Parsons et al., J. Comput. Chem. 26 (2005).
 */
export function placeAtom(
  a: Vector,
  b: Vector,
  c: Vector,
  bond: number,
  angle: number,
  torsion: number,
): Vector {
  const along = unit(subtract(c, b));
  const normal = unit(cross(subtract(b, a), along));
  const side = cross(normal, along);
  const [theta, tau] = [(angle * Math.PI) / 180, (torsion * Math.PI) / 180];
  const x = -bond * Math.cos(theta);
  const y = bond * Math.cos(tau) * Math.sin(theta);
  const z = bond * Math.sin(tau) * Math.sin(theta);
  return add(c, add(scale(along, x), add(scale(side, y), scale(normal, z))));
}

/** The residue after `frame`, given the psi of `frame` and the phi of the new one in degrees. */
export function nextResidue(frame: BackboneFrame, psi: number, phi: number): BackboneFrame {
  const n = placeAtom(frame.n, frame.ca, frame.c, BOND.cN, ANGLE.caCN, psi);
  const ca = placeAtom(frame.ca, frame.c, n, BOND.nCa, ANGLE.cNCa, 180);
  return { n, ca, c: placeAtom(frame.c, n, ca, BOND.caC, ANGLE.nCaC, phi) };
}

/** A first residue whose C-alpha is at `ca`, turned by the two directions; they must not be parallel. */
export function firstResidue(ca: Vector, towardsN: Vector, towardsC: Vector): BackboneFrame {
  const n = add(ca, scale(unit(towardsN), BOND.nCa));
  // The far point only fixes the plane; the torsion against it is free.
  return { n, ca, c: placeAtom(add(n, towardsC), n, ca, BOND.caC, ANGLE.nCaC, 0) };
}

/** The carbonyl oxygen of a residue: opposite to the next residue's nitrogen in the plane of the peptide bond. */
export function carbonylOxygen(frame: BackboneFrame, psi: number): Vector {
  return placeAtom(frame.n, frame.ca, frame.c, BOND.cO, ANGLE.caCO, psi + 180);
}

/** Euclidean norm. */
export function norm(a: Vector): number {
  // Math.hypot guards against overflow, which costs a factor of ten here.
  return Math.sqrt(a[0] * a[0] + a[1] * a[1] + a[2] * a[2]);
}

/** `a - b`. */
export function subtract(a: Vector, b: Vector): Vector {
  return [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
}

function add(a: Vector, b: Vector): Vector {
  return [a[0] + b[0], a[1] + b[1], a[2] + b[2]];
}

function scale(a: Vector, factor: number): Vector {
  return [a[0] * factor, a[1] * factor, a[2] * factor];
}

function unit(a: Vector): Vector {
  return scale(a, 1 / norm(a));
}

function cross(a: Vector, b: Vector): Vector {
  return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
}
