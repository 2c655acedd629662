import { describe, expect, it } from 'vitest';

import {
  expectedRadius,
  generateChain,
  generateProteinClouds,
  radiusOfGyration,
} from '../../src/data/generated-proteins.js';
import { principalComponent } from '../../src/data/principal-axis.js';
import { randomStream } from '../../src/tensorflow/random.js';

type Point = readonly [number, number, number];
const between = (a: Point, b: Point): number => Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
const chains = [20, 60, 150, 300].map((residues) =>
  generateChain(residues, randomStream(4, residues)).frames.map((frame) => frame.ca),
);

describe('generateChain', () => {
  it('has the length asked for, and consecutive C-alpha atoms 3.8 A apart', () => {
    expect(chains.map((chain) => chain.length)).toEqual([20, 60, 150, 300]);
    for (const chain of chains) {
      chain.slice(1).forEach((ca, i) => expect(between(ca, chain[i] ?? ca)).toBeCloseTo(3.8, 1));
    }
  });

  it('does not come near itself', () => {
    for (const chain of chains) {
      const nearest = chain.map((ca, i) =>
        Math.min(...chain.filter((_, j) => j > i + 2).map((other) => between(ca, other))),
      );
      expect(Math.min(...nearest)).toBeGreaterThanOrEqual(3.8);
    }
  });

  it('is as compact as proteins: radius of gyration within 12 % of 2.2 n^0.38', () => {
    for (const chain of chains) {
      const ratio = radiusOfGyration(chain) / expectedRadius(chain.length);
      expect(Math.abs(ratio - 1)).toBeLessThanOrEqual(0.12);
    }
    expect(expectedRadius(100)).toBeCloseTo(2.2 * Math.exp(0.38 * Math.log(100)), 9);
  });

  it('has right-handed helices (5.0 A and +50 degrees over four C-alpha) and strands', () => {
    const chain = chains.at(-1) ?? [];
    const steps = chain.slice(3).map((ca, i) => ({
      reach: between(ca, chain[i] ?? ca),
      turn: handedness(chain[i], chain[i + 1], chain[i + 2], ca),
    }));
    const helical = steps.filter(({ reach, turn }) => reach > 4.6 && reach < 5.7 && turn > 0);
    const left = steps.filter(({ reach, turn }) => reach > 4.6 && reach < 5.7 && turn < 0);
    const extended = steps.filter(({ reach }) => reach > 9);
    expect(helical.length / steps.length).toBeGreaterThan(0.15);
    expect(extended.length / steps.length).toBeGreaterThan(0.1);
    expect(left.length).toBeLessThan(helical.length / 4);
  });

  it('is the same for the same stream, and another for another', () => {
    expect(generateChain(40, randomStream(1))).toEqual(generateChain(40, randomStream(1)));
    expect(generateChain(40, randomStream(1))).not.toEqual(generateChain(40, randomStream(2)));
  });
});

describe('generateProteinClouds', () => {
  const options = { structures: 12, maxResidues: 150, points: 64, seed: 3 };
  const set = generateProteinClouds(options);

  it('says first that it is generated, and gives centred clouds', () => {
    expect(set).toMatchObject({ name: 'generated chains', generated: true, points: 64, files: [] });
    expect(set.remarks[0]).toMatch(/^Generated data, no real proteins: 12 chains/);
    expect(set.coordinates).toHaveLength(12 * 64 * 3);
    expect(new Set(set.names).size).toBe(12);
    for (const atoms of set.atoms) expect(atoms >= 60 && atoms <= 150).toBe(true);
    const sum = set.coordinates.subarray(0, 192).reduce((total, value) => total + value, 0);
    expect(Math.abs(sum)).toBeLessThan(1e-4);
  });

  it('makes clouds with a principal axis to find', () => {
    const gaps = set.names.map(
      (_, i) => principalComponent(set.coordinates.subarray(i * 192, (i + 1) * 192)).gap,
    );
    expect(gaps.filter((gap) => gap > 0.15).length).toBeGreaterThanOrEqual(9);
  });

  it('is deterministic, and its hash tells settings apart', () => {
    expect(generateProteinClouds(options)).toEqual(set);
    const other = generateProteinClouds({ ...options, seed: 4 });
    expect(other.sha256).not.toBe(set.sha256);
    expect(other.coordinates).not.toEqual(set.coordinates);
  });

  it('gives each structure its own chain whatever their number', () => {
    const fewer = generateProteinClouds({ ...options, structures: 3 });
    expect(fewer.coordinates).toEqual(set.coordinates.slice(0, 3 * 64 * 3));
  });

  it('makes whole backbones too', () => {
    const backbone = generateProteinClouds({ ...options, structures: 3, atoms: 'backbone' });
    expect(backbone.atoms).toEqual(set.atoms.slice(0, 3).map((atoms) => 4 * atoms));
  });

  it('refuses options out of range', () => {
    expect(() => generateProteinClouds({ ...options, structures: 0 })).toThrow(/^0 generated structures/);
    expect(() => generateProteinClouds({ ...options, minResidues: 5 })).toThrow(/^Generated chains of 5/);
    expect(() => generateProteinClouds({ ...options, minResidues: 200 })).toThrow(/of 200 to 150/);
    expect(() => generateProteinClouds({ ...options, points: 2 })).toThrow(/^2 points per cloud/);
  });
});

/** Sign of the torsion a-b-c-d: the triple product of the three steps. */
function handedness(a?: Point, b?: Point, c?: Point, d?: Point): number {
  if (a === undefined || b === undefined || c === undefined || d === undefined) return 0;
  const step = (p: Point, q: Point): Point => [q[0] - p[0], q[1] - p[1], q[2] - p[2]];
  const [u, v, w] = [step(a, b), step(b, c), step(c, d)];
  const normal = [v[1] * w[2] - v[2] * w[1], v[2] * w[0] - v[0] * w[2], v[0] * w[1] - v[1] * w[0]];
  return u.reduce((sum, value, i) => sum + value * (normal[i] ?? 0), 0);
}
