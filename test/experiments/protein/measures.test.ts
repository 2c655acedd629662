import { beforeAll, describe, expect, it } from 'vitest';
import type { ProteinEncoder } from '../../../src/experiments/protein/encoder.js';
import { axis, geometry, trajectories } from '../../../src/experiments/protein/measures.js';
import { measureSchema, type MeasureConfig } from '../../../src/experiments/protein/settings.js';
import type { ProteinTask } from '../../../src/experiments/protein/task.js';
import { cloudTensor } from '../../../src/experiments/protein/training.js';
import { randomRotation } from '../../../src/augment/rotations.js';
import { principalComponent } from '../../../src/data/principal-axis.js';
import { embeddingsFrom } from '../../../src/measure/embeddings.js';
import { startEngine } from '../../../src/tensorflow/engine.js';
import { randomStream } from '../../../src/tensorflow/random.js';

beforeAll(() => {
  startEngine();
});

const POINTS = 12;
const TRAIN = 30;
const TEST = 20;
const STRUCTURES = TRAIN + TEST;

/** Long clouds in random directions: their principal component is plain. */
function elongated(): Float32Array {
  const stream = randomStream(21);
  const clouds = Array.from({ length: STRUCTURES }, () => {
    const rotation = randomRotation(stream);
    return Array.from({ length: POINTS }, () => {
      const point = [3 * stream.normal(), stream.normal(), 0.5 * stream.normal()];
      return [0, 1, 2].map((i) =>
        point.reduce((sum, value, j) => sum + (rotation[3 * i + j] ?? NaN) * value, 0),
      );
    });
  });
  return Float32Array.from(clouds.flat(2));
}

function taskOf(coordinates: Float32Array, points: number): ProteinTask {
  const count = coordinates.length / points / 3;
  const test = Math.max(4, Math.round((TEST / STRUCTURES) * count));
  const indices = Array.from({ length: count }, (_, i) => i);
  const data = { name: 'made here', generated: true, sha256: '0'.repeat(64) };
  return {
    set: {
      ...data,
      names: indices.map((i) => `structure ${i}`),
      points,
      coordinates,
      atoms: indices.map(() => points),
      files: [],
      remarks: [],
    },
    clouds: cloudTensor(coordinates, points),
    train: indices.slice(0, count - test),
    test: indices.slice(count - test),
    provenance: { ...data, files: 0, items: count },
    manifest: { ...data, files: [], items: count },
  };
}

const task = taskOf(elongated(), POINTS);
const axes = Array.from({ length: STRUCTURES }, (_, s) => {
  const { coordinates } = task.set;
  return principalComponent(coordinates.subarray(s * POINTS * 3, (s + 1) * POINTS * 3)).axis;
});

function config(change: Partial<MeasureConfig> = {}): MeasureConfig {
  return measureSchema.parse({
    augmentations: 5,
    shownStructures: 2,
    roundnessStructures: 6,
    angles: 24,
    trainOrientations: 4,
    testOrientations: 4,
    classifierSeeds: [0],
    ...change,
  });
}

type Vector = readonly [number, number, number];

function turn(rotation: Float32Array, [x, y, z]: Vector): [number, number, number] {
  const row = (i: number) =>
    (rotation[3 * i] ?? NaN) * x + (rotation[3 * i + 1] ?? NaN) * y + (rotation[3 * i + 2] ?? NaN) * z;
  return [row(0), row(1), row(2)];
}

/** An encoder without a network: what it makes of a structure's number and rotation. */
function standIn(
  embedOne: (structure: number, rotation: Float32Array, row: number) => number[],
): ProteinEncoder {
  return {
    embed: (structures, rotationOf) =>
      embeddingsFrom(structures.map((structure, row) => embedOne(structure, rotationOf(row), row))),
    dispose: () => undefined,
  };
}

/** `v v^T` of a unit vector as six numbers whose inner products are those of the matrices: unit length. */
function lineEntries([x, y, z]: Vector): number[] {
  const root = Math.SQRT2;
  return [x * x, y * y, z * z, root * x * y, root * x * z, root * y * z];
}

/** A fixed orthogonal mixing of coordinates, so that nothing rests on their order: a reflection I - 2 n n^T. */
function mixed(values: readonly number[]): number[] {
  const normal = values.map((_, i) => (i + 1) / Math.hypot(...values.map((__, j) => j + 1)));
  const along = values.reduce((sum, value, i) => sum + value * (normal[i] ?? NaN), 0);
  return values.map((value, i) => value - 2 * along * (normal[i] ?? NaN));
}

const axisOf = (structure: number): Vector => axes[structure] ?? [NaN, NaN, NaN];

/** Exactly equivariant: the arrow along the principal component, turned. R_a = Q a Q^T with Q the mixing. */
const arrow = standIn((structure, rotation) => mixed(turn(rotation, axisOf(structure))));
/** Exactly equivariant too, but without the arrow's sign: a acts on v v^T as a (v v^T) a^T, orthogonally. */
const line = standIn((structure, rotation) => mixed(lineEntries(turn(rotation, axisOf(structure)))));
/** Exactly invariant, with structures told apart. */
const invariant = standIn((structure) => mixed([...axisOf(structure)]));
/** All structures and orientations at one point. */
const collapsed = standIn(() => [0.6, 0.8, 0]);
/** Neither: a direction drawn anew for each row of each call. */
function noise(): ProteinEncoder {
  const stream = randomStream(77);
  return standIn(() => {
    const values = Array.from({ length: 6 }, stream.normal);
    return values.map((value) => value / Math.hypot(...values));
  });
}

function valueOf(findings: ReturnType<typeof geometry>, name: string): number {
  return findings.estimates[name]?.value ?? NaN;
}

describe('geometry', () => {
  it.each([
    ['the arrow', arrow],
    ['the line', line],
  ])('of %s, which turns as one body, has no error but moves', (_, encoder) => {
    const found = geometry(encoder, task, config());
    // Distances are kept, so gamma_f's numerator is 0; one orthogonal map explains all, and holds for unseen structures.
    for (const name of ['gamma', 'gammaPooled', 'wahbaRelative', 'steeringRelative'])
      expect(valueOf(found, name), name).toBeLessThan(1e-3);
    expect(valueOf(found, 'wahbaWorst')).toBeLessThan(1e-4);
    expect(valueOf(found, 'invariance')).toBeGreaterThan(0.1);
    expect(valueOf(found, 'positiveCosine')).toBeLessThan(0.95);
  });

  it('ties invariance and positive cosine: |f(ax) - f(x)|^2 = 2 - 2 cos on the sphere', () => {
    for (const encoder of [arrow, line, noise()]) {
      const found = geometry(encoder, task, config());
      expect(valueOf(found, 'invariance')).toBeCloseTo(2 - 2 * valueOf(found, 'positiveCosine'), 5);
    }
  });

  it('of an invariant encoder has no error because nothing moves', () => {
    const found = geometry(invariant, task, config());
    for (const name of ['gamma', 'wahbaRelative', 'steeringRelative', 'invariance'])
      expect(valueOf(found, name), name).toBe(0);
    expect(valueOf(found, 'wahbaError')).toBeLessThan(1e-5);
    expect(valueOf(found, 'positiveCosine')).toBeCloseTo(1, 6);
    // Axes in random directions of space, so it has not collapsed: near 3 directions.
    expect(valueOf(found, 'effectiveRank')).toBeGreaterThan(2.5);
  });

  it('of a collapsed encoder shows the collapse: rank 0, and uniformity log e^1', () => {
    const found = geometry(collapsed, task, config());
    expect(valueOf(found, 'effectiveRank')).toBe(0);
    expect(valueOf(found, 'uniformity')).toBeCloseTo(1, 5);
  });

  it('of noise leaves most of the movement unexplained, and steers no better than standing still', () => {
    const found = geometry(noise(), task, config());
    expect(valueOf(found, 'wahbaRelative')).toBeGreaterThan(0.6);
    expect(valueOf(found, 'steeringRelative')).toBeGreaterThan(0.8);
    // Two independent directions: E |f - f'|^2 = 2.
    expect(valueOf(found, 'invariance')).toBeCloseTo(2, 0);
  });

  it('has a row of its table for each rotation, whose means are the estimates', () => {
    const found = geometry(noise(), task, config());
    const trials = found.tables?.trials ?? {};
    expect(trials.trial).toEqual([0, 1, 2, 3, 4]);
    for (const name of ['gamma', 'wahbaError', 'wahbaRelative', 'steeringRelative']) {
      const values = (trials[name] ?? []).map(Number);
      expect(values).toHaveLength(5);
      expect(values.reduce((a, b) => a + b) / 5).toBeCloseTo(valueOf(found, name), 12);
      expect(found.estimates[name]).toMatchObject({ n: 5, kind: 'trials' });
    }
  });

  it('shows all encoders the same rotations, one for all held-out structures in each trial', () => {
    const seen = (seed: number): { structures: readonly number[]; rotations: number[][] }[] => {
      const calls: { structures: readonly number[]; rotations: number[][] }[] = [];
      const watching: ProteinEncoder = {
        embed: (structures, rotationOf) => {
          calls.push({ structures, rotations: structures.map((_, row) => Array.from(rotationOf(row))) });
          return arrow.embed(structures, rotationOf);
        },
        dispose: () => undefined,
      };
      geometry(watching, task, config({ seed }));
      return calls;
    };
    const calls = seen(0);
    expect(calls).toHaveLength(6);
    for (const { structures, rotations } of calls) {
      expect(structures).toEqual(task.test);
      expect(new Set(rotations.map(String)).size).toBe(1);
    }
    expect(calls[0]?.rotations[0]).toEqual([1, 0, 0, 0, 1, 0, 0, 0, 1]);
    expect(new Set(calls.map(({ rotations }) => String(rotations[0]))).size).toBe(6);
    expect(seen(0)).toEqual(calls);
    expect(String(seen(1)[1]?.rotations[0])).not.toBe(String(calls[1]?.rotations[0]));
  });
});

describe('trajectories', () => {
  it('of the arrow are circles, once round, of the radius that the arrow has about the axis', () => {
    const found = trajectories(arrow, task, config());
    expect(found.estimates.roundness?.value).toBeCloseTo(1, 4);
    expect(found.estimates.roundnessInSpace?.value).toBeCloseTo(1, 4);
    expect(found.estimates.turnsOnce?.value).toBe(1);
    // About axis k the arrow v goes round at the distance sqrt(1 - v_k^2); all arrows lie sqrt(1 - |mean v|^2) from
    // their mean (root mean square).
    const mean = [0, 1, 2].map(
      (k) => task.test.reduce((sum, s) => sum + axisOf(s)[k as 0 | 1 | 2], 0) / task.test.length,
    );
    const spread = Math.sqrt(1 - Math.hypot(...mean) ** 2);
    const paths = found.tables?.paths ?? {};
    expect(paths.structure).toHaveLength(3 * 6);
    paths.structure?.forEach((name, i) => {
      const v = axisOf(task.set.names.indexOf(String(name)));
      const k = ['x', 'y', 'z'].indexOf(String(paths.axis?.[i])) as 0 | 1 | 2;
      expect(Number(paths.relativeRadius?.[i])).toBeCloseTo(Math.sqrt(1 - v[k] ** 2) / spread, 3);
      expect(paths.harmonic?.[i]).toBe(1);
    });
    expect(found.estimates.roundness).toMatchObject({ n: 6, kind: 'structures' });
  });

  it('of a line at right angles to the axis go round twice, and stand still along it', () => {
    // The line e_x turned by t about z is (cos^2 t, sin^2 t, 0, sqrt2 cos t sin t, 0, 0): its mean aside,
    // (cos 2t / 2, -cos 2t / 2, sin 2t / sqrt2), a circle of radius 1/sqrt2 in 2t. About y the same; about x a point.
    const ex = standIn((_, rotation) => lineEntries(turn(rotation, [1, 0, 0])));
    const found = trajectories(ex, task, config());
    const { axis: names, roundness, harmonic, relativeRadius } = found.tables?.paths ?? {};
    names?.forEach((name, i) => {
      const still = name === 'x';
      expect(Number(roundness?.[i])).toBeCloseTo(still ? 0 : 1, 5);
      expect(harmonic?.[i]).toBe(still ? 1 : 2);
      // All structures have one embedding, so no path has a size to be compared with: a large number stands for it.
      expect(relativeRadius?.[i]).toBe(still ? 0 : 1e6);
    });
    expect(found.estimates.roundness?.value).toBeCloseTo(2 / 3, 5);
    expect(found.estimates.turnsOnce?.value).toBeCloseTo(1 / 3, 12);
    // In the space itself, harmonic 1 is what counts.
    expect(found.estimates.roundnessInSpace?.value).toBeCloseTo(0, 5);
  });

  it('of an invariant encoder are points, which are not round', () => {
    const found = trajectories(invariant, task, config());
    expect(found.estimates.roundness?.value).toBe(0);
    expect(found.estimates.relativeRadius?.value).toBe(0);
    expect(new Set(found.tables?.points?.x)).toEqual(new Set([0]));
  });

  it('of noise are far from round', () => {
    // About 1 / (n - 1) for noise in the plane; PCA picks the best of six dimensions, and the better harmonic counts.
    const found = trajectories(noise(), task, config({ angles: 100 }));
    expect(found.estimates.roundness?.value).toBeLessThan(0.15);
  });

  it('are drawn for the first structures, at equal angles, from the projection that was measured', () => {
    const found = trajectories(arrow, task, config());
    const points = found.tables?.points ?? {};
    expect(points.x).toHaveLength(2 * 3 * 24);
    expect(points.angle?.slice(0, 25)).toEqual([...Array.from({ length: 24 }, (_, i) => 15 * i), 0]);
    expect([...new Set(points.structure)]).toEqual([...new Set(found.tables?.paths?.structure?.slice(0, 6))]);
    expect([...new Set(points.axis)]).toEqual(['x', 'y', 'z']);
    // A circle about its own mean: all points of a path at one distance from it.
    const radii = Array.from({ length: 24 }, (_, i) =>
      Math.hypot(Number(points.x?.[i]), Number(points.y?.[i])),
    );
    expect(Math.max(...radii) - Math.min(...radii)).toBeLessThan(1e-4);
  });

  it('take held-out structures alone, in an order that the seed decides', () => {
    const names = (seed: number) => [
      ...new Set(trajectories(arrow, task, config({ seed })).tables?.paths?.structure),
    ];
    const held = task.test.map((s) => task.set.names[s]);
    for (const name of names(0)) expect(held).toContain(name);
    expect(names(0)).toEqual(names(0));
    expect(names(0)).not.toEqual(names(1));
  });
});

describe('reading the principal component', () => {
  let found: ReturnType<typeof axis> = { estimates: {} };
  beforeAll(() => {
    found = axis(line, task, config());
  });
  const degrees = (findings: ReturnType<typeof axis>, name: string) => findings.estimates[name]?.value ?? NaN;

  it('succeeds from an embedding that holds it', () => {
    // v v^T is a linear function of the embedding: what is left is the ridge penalty's pull and rounding.
    expect(degrees(found, 'linear')).toBeLessThan(1);
    expect(degrees(found, 'mlp')).toBeLessThan(20);
    expect(found.estimates.linear).toMatchObject({ unit: 'degrees', kind: 'classifier seeds', n: 1 });
  });

  it('is linear in v v^T, so that the arrow alone needs the network', () => {
    // v -> v v^T is even and every linear function of v odd: the linear readout of Haar-turned arrows is left at chance.
    const arrows = axis(arrow, task, config());
    expect(degrees(arrows, 'linear')).toBeGreaterThan(45);
    expect(degrees(arrows, 'mlp')).toBeLessThan(25);
  });

  it('is at chance from an embedding that has forgotten the orientation', () => {
    const forgotten = axis(invariant, task, config());
    // One radian on average for two random lines. 80 test items, 21.6 degrees apart on average: 3 standard errors are 7.
    expect(degrees(forgotten, 'chance')).toBeCloseTo(180 / Math.PI, 10);
    expect(Math.abs(degrees(forgotten, 'linear') - 57.3)).toBeLessThan(8);
    expect(Math.abs(degrees(forgotten, 'mlp') - 57.3)).toBeLessThan(8);
    expect(Math.abs(degrees(forgotten, 'permuted') - 57.3)).toBeLessThan(8);
  });

  it('is reported structure by structure, for held-out ones', () => {
    const { structure, linear } = found.tables?.structures ?? {};
    expect(structure).toEqual(task.test.map((s) => task.set.names[s]));
    const mean = (linear ?? []).map(Number).reduce((a, b) => a + b, 0) / TEST;
    expect(mean).toBeCloseTo(degrees(found, 'linearAcrossStructures'), 12);
  });

  it('leaves out structures without a principal component to speak of', () => {
    // An octahedron is as wide in all directions: its gap is 0. The others lie along x.
    const octahedron = [1, 0, 0, -1, 0, 0, 0, 1, 0, 0, -1, 0, 0, 0, 1, 0, 0, -1];
    const long = octahedron.map((value, i) => (i % 3 === 0 ? 3 * value : value));
    const clouds = Array.from({ length: 20 }, (_, i) => (i % 5 === 0 ? octahedron : long));
    const some = taskOf(Float32Array.from(clouds.flat()), 6);
    const encoder = standIn((_, rotation) => lineEntries(turn(rotation, [1, 0, 0])));
    const names = (leastGap: number) =>
      axis(encoder, some, config({ leastGap, trainOrientations: 2 })).tables?.structures?.structure;
    const held = some.test.map((s) => some.set.names[s]);
    expect(names(0)).toEqual(held);
    expect(names(0.1)).toEqual(held.filter((_, i) => (some.test[i] ?? 0) % 5 !== 0));
    expect(names(0.1)).not.toEqual(held);
  });
});
