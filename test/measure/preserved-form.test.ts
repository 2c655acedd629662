import fc from 'fast-check';
import { Matrix } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import type { Embeddings } from '../../src/measure/embeddings.js';
import {
  formMatrix,
  formSize,
  gramChange,
  leastSquaresMap,
  linearAction,
  stabiliserDefect,
} from '../../src/measure/preserved-form.js';
import { randomStream } from '../../src/tensorflow/random.js';

const FORMS = ['inner', 'minkowski', 'symplectic'] as const;

function cloud(seed: number, rows: number, dim: number): Embeddings {
  const stream = randomStream(seed);
  return { rows, dim, values: Float32Array.from({ length: rows * dim }, () => stream.normal()) };
}

function mapped({ rows, dim, values }: Embeddings, map: Matrix): Embeddings {
  const moved = Matrix.from1DArray(rows, dim, values).mmul(map.transpose());
  return { rows, dim, values: Float32Array.from(moved.to1DArray()) };
}

/** A boost along the first place, a shear of the symplectic plane (0, 2), a turn of the plane (0, 1). */
const boost = (t: number) =>
  new Matrix([
    [Math.cosh(t), Math.sinh(t), 0, 0],
    [Math.sinh(t), Math.cosh(t), 0, 0],
    [0, 0, 1, 0],
    [0, 0, 0, 1],
  ]);
const shear = (t: number) => Matrix.eye(4).set(0, 2, t);
const turn = (t: number) =>
  new Matrix([
    [Math.cos(t), -Math.sin(t), 0, 0],
    [Math.sin(t), Math.cos(t), 0, 0],
    [0, 0, 1, 0],
    [0, 0, 0, 1],
  ]);
const OF = { inner: turn, minkowski: boost, symplectic: shear } as const;

describe('the stabiliser of a form', () => {
  it('has boosts for Minkowski, shears for the symplectic form, turns for the inner product, and not the others', () => {
    for (const form of FORMS) {
      for (const kind of FORMS) {
        const defect = stabiliserDefect(OF[kind](0.7), form);
        if (form === kind) expect(defect).toBeLessThan(1e-12);
        else expect(defect).toBeGreaterThan(0.1);
      }
    }
  });

  it('by hand: doubling everything is 3 off, since B(2u, 2v) - B(u, v) = 3 B(u, v)', () => {
    for (const form of FORMS) expect(stabiliserDefect(Matrix.eye(4).mul(2), form)).toBeCloseTo(3, 12);
  });

  it('has the matrices of the loss', () => {
    expect(formMatrix('minkowski', 3).to2DArray()).toEqual([
      [-1, 0, 0],
      [0, 1, 0],
      [0, 0, 1],
    ]);
    expect(formMatrix('symplectic', 2).to2DArray()).toEqual([
      [0, 1],
      [-1, 0],
    ]);
    expect(() => formMatrix('symplectic', 3)).toThrow(/even/);
    expect(() => formMatrix('minkowski', 1)).toThrow(/2 dimensions/);
  });
});

describe('the change of the form', () => {
  it('is 0 under a map of its stabiliser, and is that of exchanged items where items are exchanged', () => {
    const from = cloud(1, 30, 4);
    for (const form of FORMS) {
      expect(gramChange({ from, to: mapped(from, OF[form](0.8)) }, form, 0).relative).toBeLessThan(1e-5);
      const other = cloud(2, 30, 4);
      const { relative } = gramChange({ from, to: other }, form, 0);
      expect(relative).toBeGreaterThan(0.7);
      expect(relative).toBeLessThan(1.4);
    }
  });

  it('is the loop over pairs', () => {
    const [from, to] = [cloud(3, 5, 4), cloud(4, 5, 4)];
    const at = ({ values, dim }: Embeddings, i: number) =>
      Array.from(values.subarray(i * dim, (i + 1) * dim));
    const b = (u: readonly number[], v: readonly number[]) =>
      u.reduce((sum, x, k) => sum + (k === 0 ? -1 : 1) * x * (v[k] ?? NaN), 0);
    let sum = 0;
    for (let i = 0; i < 5; i++)
      for (let j = 0; j < 5; j++)
        if (i !== j) sum += (b(at(to, i), at(to, j)) - b(at(from, i), at(from, j))) ** 2;
    expect(gramChange({ from, to }, 'minkowski', 0).change).toBeCloseTo(Math.sqrt(sum / 20), 5);
  });

  it('is 0 for a point, and refuses two rows', () => {
    const point = { rows: 4, dim: 2, values: new Float32Array(8).fill(0.5) };
    expect(gramChange({ from: point, to: point }, 'inner', 0).relative).toBe(0);
    expect(() => gramChange({ from: cloud(1, 2, 2), to: cloud(2, 2, 2) }, 'inner', 0)).toThrow(/at least 3/);
  });
});

describe('the size of the form', () => {
  it('by hand: 0 where the symplectic form vanishes, 1 on a symplectic pair, and for the inner product the cosine', () => {
    const of = (rows: number[][]): Embeddings => ({
      rows: rows.length,
      dim: rows[0]?.length ?? 0,
      values: Float32Array.from(rows.flat()),
    });
    expect(formSize(of([[1, 2, 0, 0], [3, -1, 0, 0]]), 'symplectic')).toBe(0); // prettier-ignore
    expect(formSize(of([[2, 0], [0, 5]]), 'symplectic')).toBeCloseTo(1, 12); // prettier-ignore
    expect(formSize(of([[3, 0], [1, 1]]), 'inner')).toBeCloseTo(Math.SQRT1_2, 6); // prettier-ignore
  });
});

describe('the linear map of an augmentation', () => {
  it('is found exactly where there is one, whatever it is', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1000 }), (seed) => {
        const stream = randomStream(seed, 5);
        const map = Matrix.from1DArray(
          3,
          3,
          Array.from({ length: 9 }, () => stream.normal()),
        );
        const from = cloud(seed, 40, 3);
        const found = leastSquaresMap({ from, to: mapped(from, map) });
        expect(Matrix.sub(found, map).norm()).toBeLessThan(1e-4);
      }),
      { numRuns: 20 },
    );
  });

  it('is the identity in directions without data', () => {
    const flat = cloud(1, 20, 3);
    for (let i = 0; i < 20; i++) flat.values[3 * i + 2] = 0;
    const found = leastSquaresMap({ from: flat, to: mapped(flat, Matrix.eye(3).mul(2)) });
    expect(Matrix.sub(found, Matrix.diag([2, 2, 1])).norm()).toBeLessThan(1e-5);
  });

  it('takes unseen items along where the action is linear, and does not where it is noise', () => {
    const from = cloud(1, 60, 4);
    const acted = linearAction({ from, to: mapped(from, boost(0.6)) }, 3);
    expect(acted.unseen).toBeLessThan(1e-4);
    expect(stabiliserDefect(acted.map, 'minkowski')).toBeLessThan(1e-4);
    expect(stabiliserDefect(acted.unrelated, 'minkowski')).toBeGreaterThan(0.5);
    const noise = linearAction({ from, to: cloud(9, 60, 4) }, 3);
    expect(noise.unseen).toBeGreaterThan(0.5);
    expect(noise.movement).toBeGreaterThan(0.8);
  });

  it('of an invariant encoder is the identity, which moves nothing', () => {
    const from = cloud(1, 20, 4);
    const still = linearAction({ from, to: from }, 0);
    expect(still).toMatchObject({ unseen: 0, movement: 0 });
    expect(stabiliserDefect(still.map, 'symplectic')).toBeLessThan(1e-12);
  });
});
