import { Matrix } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import { assertRotationEquivariant } from '../../src/measure/assert-equivariant.js';
import type { Embeddings } from '../../src/measure/embeddings.js';
import { mapped, onSphere, orthogonal } from './helpers.js';

const points = onSphere(1, 30, 3);
const rotations = [1, 2, 3].map((seed) => (items: Embeddings) => mapped(items, orthogonal(seed, 3)));

/** x to (x, 2 x): an equivariant map from R^3 to R^6. */
const doubled = (items: Embeddings): Embeddings => {
  const rows = Matrix.from1DArray(items.rows, 3, items.values).to2DArray();
  return {
    rows: items.rows,
    dim: 6,
    values: Float32Array.from(rows.flatMap((r) => [...r, ...r.map((x) => 2 * x)])),
  };
};

const onlyFirst = (items: Embeddings): Embeddings => ({
  ...items,
  values: items.values.map((x, k) => (k % 3 === 0 ? 2 * x : x)),
});

const constant = (items: Embeddings): Embeddings => ({ ...items, values: items.values.map(() => 0.5) });

describe('assertRotationEquivariant', () => {
  it('accepts an equivariant encoder and returns the maps', () => {
    const fits = assertRotationEquivariant(doubled, points, rotations, { group: 'SO', leastMovement: 0.1 });
    expect(fits).toHaveLength(3);
    const upper = Matrix.from1DArray(6, 6, fits[0]?.rotation ?? []).mmul(
      Matrix.from1DArray(30, 6, doubled(points).values).transpose(),
    );
    const expected = Matrix.from1DArray(30, 6, doubled(mapped(points, orthogonal(1, 3))).values).transpose();
    expect(Matrix.sub(upper, expected).norm('frobenius')).toBeLessThan(1e-5);
  });

  it('refuses one that stretches an axis, and says where', () => {
    expect(() => assertRotationEquivariant(onlyFirst, points, rotations)).toThrow(
      /Not equivariant: under augmentation 0 .*O\(3\).* tolerance .* Item \d+ fits worst/,
    );
    expect(() => assertRotationEquivariant(onlyFirst, points, rotations, { tolerance: 2 })).not.toThrow();
  });

  it('refuses an invariant encoder only when movement is asked for', () => {
    expect(() => assertRotationEquivariant(constant, points, rotations)).not.toThrow();
    expect(() => assertRotationEquivariant(constant, points, rotations, { leastMovement: 0.01 })).toThrow(
      /trivially equivariant/,
    );
  });

  it('refuses to assert nothing', () => {
    expect(() => assertRotationEquivariant(doubled, points, [])).toThrow(/nothing would be asserted/);
  });
});
