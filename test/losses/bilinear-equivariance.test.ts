import fc from 'fast-check';
import { Matrix } from 'ml-matrix';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  bilinearEquivariance,
  toHyperboloid,
  type BilinearForm,
} from '../../src/losses/bilinear-equivariance.js';
import { equivariance } from '../../src/losses/equivariance.js';
import { randomStream } from '../../src/tensorflow/random.js';
import { startEngine } from '../../src/tensorflow/engine.js';
import { gradientGap } from './gradients.js';
import { bilinearLoop, formValue, matrix, unitRows, valueOf } from './reference.js';

beforeAll(() => {
  startEngine();
});

const FORMS = ['inner', 'minkowski', 'symplectic'] as const;
const DIM = 4;

const meanOf = (form: BilinearForm, a: number[][], b: number[][], chunks = 1): number =>
  valueOf(() => bilinearEquivariance(matrix(a), matrix(b), form, { chunks, reduction: 'mean' }));

const mapped = (rows: number[][], map: Matrix): number[][] =>
  new Matrix(rows).mmul(map.transpose()).to2DArray();

/** The identity with some entries set. */
function withEntries(entries: readonly (readonly [number, number, number])[]): Matrix {
  const map = Matrix.eye(DIM);
  for (const [i, j, value] of entries) map.set(i, j, value);
  return map;
}

/** A random Lorentz transformation: boosts along random axes, a rotation, and a reflection, one after the other. */
function lorentz(seed: number): Matrix {
  const random = randomStream(seed, 1);
  const boost = (axis: number): Matrix => {
    const rapidity = 1.5 * (random.uniform() - 0.5);
    const [c, s] = [Math.cosh(rapidity), Math.sinh(rapidity)];
    return withEntries([
      [0, 0, c],
      [0, axis, s],
      [axis, 0, s],
      [axis, axis, c],
    ]);
  };
  const angle = 2 * Math.PI * random.uniform();
  const rotation = withEntries([
    [1, 1, Math.cos(angle)],
    [1, 2, -Math.sin(angle)],
    [2, 1, Math.sin(angle)],
    [2, 2, Math.cos(angle)],
  ]);
  return boost(1)
    .mmul(rotation)
    .mmul(boost(2))
    .mmul(withEntries([[3, 3, -1]]))
    .mmul(boost(3));
}

/** A random symplectic map of R^4: shears by symmetric matrices, and a linear map with its inverse transposed. */
function symplectic(seed: number): Matrix {
  const random = randomStream(seed, 2);
  const symmetric = () => {
    const [a, b, c] = [random.normal(), random.normal(), random.normal()].map((x) => 0.5 * x);
    return [a ?? 0, b ?? 0, c ?? 0] as const;
  };
  const [a, b, c] = symmetric();
  const upper = withEntries([
    [0, 2, a],
    [0, 3, b],
    [1, 2, b],
    [1, 3, c],
  ]);
  const [d, e, f] = symmetric();
  const lower = withEntries([
    [2, 0, d],
    [2, 1, e],
    [3, 0, e],
    [3, 1, f],
  ]);
  const stretch = withEntries([
    [0, 0, 2],
    [2, 2, 1 / 2],
    [0, 1, 0.3],
    [3, 2, -0.15],
  ]);
  return upper.mmul(lower).mmul(stretch).mmul(upper);
}

const GROUPS: Readonly<Record<'minkowski' | 'symplectic', (seed: number) => Matrix>> = {
  minkowski: lorentz,
  symplectic,
};

describe('bilinearEquivariance', () => {
  it('says which forms there are', () => {
    const rows = matrix(unitRows(1, 4, 6));
    const form = 'euclid' as (typeof FORMS)[number];
    expect(() => bilinearEquivariance(rows, rows, form, { chunks: 1, reduction: 'mean' })).toThrow(
      /there is no form "euclid"; there are inner, minkowski, symplectic/,
    );
  });

  it('is the loop over pairs of each chunk, for every form, in both reductions', () => {
    for (const form of FORMS) {
      for (const [batch, chunks] of [
        [2, 1],
        [6, 1],
        [6, 3],
        [16, 4],
      ] as const) {
        for (const dim of [2, 4, 16]) {
          for (const reduction of ['mean', 'official-sum'] as const) {
            const [a, b] = [unitRows(1, batch, dim), unitRows(2, batch, dim)];
            const found = valueOf(() =>
              bilinearEquivariance(matrix(a), matrix(b), form, { chunks, reduction }),
            );
            const expected = bilinearLoop(a, b, form, chunks, reduction);
            expect(Math.abs(found - expected)).toBeLessThan(1e-5 * Math.max(1, expected));
          }
        }
      }
    }
  });

  it('is L_equi for the inner product', () => {
    const [a, b] = [unitRows(3, 12, 5), unitRows(4, 12, 5)];
    const options = { chunks: 3, reduction: 'official-sum' } as const;
    const found = valueOf(() => bilinearEquivariance(matrix(a), matrix(b), 'inner', options));
    expect(found).toBeCloseTo(
      valueOf(() => equivariance(matrix(a), matrix(b), options)),
      6,
    );
  });

  it("by hand: two vectors' forms before and after", () => {
    // Minkowski: -2 * 1 + 1 * 3 = 1, then -1 * 1 = -1.
    expect(
      meanOf(
        'minkowski',
        [
          [2, 1],
          [1, 3],
        ],
        [
          [1, 0],
          [1, 5],
        ],
      ),
    ).toBeCloseTo(4, 6);
    // Symplectic: 2 * 3 - 1 * 1 = 5, then 1 * 5 - 0 = 5; B(v, u) = -B(u, v).
    expect(
      meanOf(
        'symplectic',
        [
          [2, 1],
          [1, 3],
        ],
        [
          [1, 0],
          [1, 5],
        ],
      ),
    ).toBeCloseTo(0, 6);
    expect(
      meanOf(
        'symplectic',
        [
          [2, 1],
          [1, 3],
        ],
        [
          [1, 0],
          [1, 4],
        ],
      ),
    ).toBeCloseTo(1, 6);
  });

  it.each(Object.entries(GROUPS))(
    'of %s is 0 under its group, chunk by chunk (section 3.2)',
    (form, element) => {
      fc.assert(
        fc.property(fc.integer({ min: 0, max: 9999 }), (seed) => {
          const rows = unitRows(seed, 8, DIM);
          const name = form as 'minkowski' | 'symplectic';
          const [one, other] = [element(seed), element(seed + 1)];
          const moved = [...mapped(rows.slice(0, 4), one), ...mapped(rows.slice(4), other)];
          // The maps do preserve the form, and are no rotations.
          const [u = [], v = []] = rows;
          const [ru = [], rv = []] = moved;
          expect(formValue(name, ru, rv)).toBeCloseTo(formValue(name, u, v), 6);
          const scale = Math.max(1, ...moved.flat().map((x) => x ** 4));
          expect(meanOf(name, rows, moved, 2)).toBeLessThan(1e-9 * scale);
          expect(meanOf('inner', rows, moved, 2)).toBeGreaterThan(1e-4);
          // Not so as one chunk: no single map serves both halves.
          expect(meanOf(name, rows, moved, 1)).toBeGreaterThan(1e-5);
        }),
        { numRuns: 25 },
      );
    },
  );

  it('is above 0 under a map outside the group', () => {
    const rows = unitRows(7, 6, DIM);
    // A rotation of time into a place; one that is no symplectic map.
    const turned = mapped(
      rows,
      withEntries([
        [0, 0, 0.6],
        [0, 1, -0.8],
        [1, 0, 0.8],
        [1, 1, 0.6],
      ]),
    );
    expect(meanOf('inner', rows, turned)).toBeLessThan(1e-12);
    expect(meanOf('minkowski', rows, turned)).toBeGreaterThan(1e-3);
    expect(meanOf('symplectic', rows, turned)).toBeGreaterThan(1e-3);
  });

  it('leaves points of the hyperboloid on it under a Lorentz transformation without reflection of time', () => {
    const places = unitRows(5, 6, DIM - 1).map((row) => row.map((x, i) => (i + 1) * x));
    const lifted = toHyperboloid(matrix(places)).arraySync();
    lifted.forEach((point, i) => {
      expect(formValue('minkowski', point, point)).toBeCloseTo(-1, 4);
      expect(point.slice(1)).toEqual(places[i]?.map(Math.fround));
      expect(point[0]).toBeGreaterThanOrEqual(1);
    });
    const moved = mapped(lifted, lorentz(3));
    for (const point of moved) {
      expect(formValue('minkowski', point, point)).toBeCloseTo(-1, 3);
      expect(point[0]).toBeGreaterThan(0);
    }
    expect(meanOf('minkowski', lifted, moved)).toBeLessThan(1e-8);
  });

  it.each(FORMS)('of %s has the gradient of finite differences', (form) => {
    const options = { chunks: 2, reduction: 'official-sum' } as const;
    const gap = gradientGap(
      (a, b) => bilinearEquivariance(a, b, form, options),
      (a, b) => bilinearLoop(a, b, form, 2, 'official-sum'),
      unitRows(3, 6, 4),
      unitRows(4, 6, 4),
    );
    expect(gap).toBeLessThan(1e-5);
  });

  it('says what is wrong with its input', () => {
    const of = (form: BilinearForm, dim: number) => meanOf(form, unitRows(1, 4, dim), unitRows(2, 4, dim));
    expect(() => of('symplectic', 3)).toThrow('dim is 3; give an even number');
    expect(() => of('minkowski', 1)).toThrow('dim is 1; embed into 2 or more');
    expect(() => meanOf('inner', unitRows(1, 4, 2), unitRows(1, 4, 2), 3)).toThrow(/cannot be cut into 3/);
  });
});
