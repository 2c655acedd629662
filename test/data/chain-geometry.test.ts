import { describe, expect, it } from 'vitest';

import {
  carbonylOxygen,
  firstResidue,
  nextResidue,
  placeAtom,
  type Vector,
} from '../../src/data/chain-geometry.js';

const close = (v: readonly number[]): number[] => v.map((value) => expect.closeTo(value, 6) as number);
const length = (a: Vector, b: Vector): number => Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);

describe('placeAtom', () => {
  it('places by bond, angle and torsion with the sign of IUPAC', () => {
    // Looking from b to c (along +x), a is up (+y); clockwise by 90 degrees from there is +z.
    const [a, b, c]: Vector[] = [
      [0, 1, 0],
      [0, 0, 0],
      [1, 0, 0],
    ];
    if (a === undefined || b === undefined || c === undefined) throw new Error('three points');
    expect(placeAtom(a, b, c, 2, 90, 0)).toEqual(close([1, 2, 0]));
    expect(placeAtom(a, b, c, 2, 90, 180)).toEqual(close([1, -2, 0]));
    expect(placeAtom(a, b, c, 2, 90, 90)).toEqual(close([1, 0, 2]));
    expect(placeAtom(a, b, c, 2, 120, 0)).toEqual(close([2, Math.sqrt(3), 0]));
  });
});

describe('nextResidue', () => {
  it('builds the alpha helix: 1.5 A rise and 3.6 residues a turn', () => {
    const frames = [firstResidue([0, 0, 0], [1, 0, 0], [0, 1, 0])];
    for (let i = 0; i < 36; i++) {
      const last = frames.at(-1);
      if (last !== undefined) frames.push(nextResidue(last, -45, -60));
    }
    const [first, eighteenth, end] = [frames[0], frames[18], frames[36]];
    if (first === undefined || eighteenth === undefined || end === undefined) throw new Error('37 frames');
    // 36 residues are 10 turns: the ends lie above each other along the axis.
    expect(length(first.ca, end.ca) / 36).toBeGreaterThan(1.4);
    expect(length(first.ca, end.ca) / 36).toBeLessThan(1.6);
    expect(length(first.ca, frames[1]?.ca ?? first.ca)).toBeCloseTo(3.8, 1);
    expect(length(first.n, first.ca)).toBeCloseTo(1.458, 6);
    expect(length(first.ca, first.c)).toBeCloseTo(1.525, 6);
    expect(length(first.c, frames[1]?.n ?? first.c)).toBeCloseTo(1.329, 6);
    // The hydrogen bond of the alpha helix: O of residue i to N of residue i + 4.
    const bond = length(carbonylOxygen(first, -45), frames[4]?.n ?? first.n);
    expect(bond).toBeGreaterThan(2.6);
    expect(bond).toBeLessThan(3.3);
  });
});
