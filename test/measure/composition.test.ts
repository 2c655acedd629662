import { Matrix } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import { compositionError, type CompositionTrial } from '../../src/measure/composition.js';
import { mapped, noisy, onSphere, orthogonal } from './helpers.js';

const plain = onSphere(1, 60, 6);

/** An encoder that answers by rotations; `both` is what it gives for the composed augmentation. */
function trial(k: number, both?: (a: number, b: number) => CompositionTrial['both']): CompositionTrial {
  const [a, b] = [2 * k + 10, 2 * k + 11];
  return {
    plain,
    first: mapped(plain, orthogonal(a, 6)),
    second: mapped(plain, orthogonal(b, 6)),
    both: both ? both(a, b) : mapped(plain, orthogonal(b, 6).mmul(orthogonal(a, 6))),
  };
}

const trials = (both?: Parameters<typeof trial>[1]): CompositionTrial[] =>
  [0, 1, 2, 3].map((k) => trial(k, both));

describe('compositionError', () => {
  it('is 0 when rotations compose as the augmentations do', () => {
    const found = compositionError(trials());
    expect(found.error.value).toBeLessThan(1e-4);
    expect(found.onEmbeddings.value).toBeLessThan(1e-5);
    expect(found.relative.value).toBeLessThan(1e-4);
    expect(found.fit.value).toBeLessThan(1e-5);
    expect(found.movement.value).toBeGreaterThan(1);
    expect(found.error).toMatchObject({ n: 4, kind: 'trials' });
  });

  it('is that of unrelated rotations when they compose in no way', () => {
    const found = compositionError(trials((a) => mapped(plain, orthogonal(a + 500, 6))));
    expect(found.relative.value).toBeGreaterThan(0.7);
    expect(found.relative.value).toBeLessThan(1.3);
    // ||R - Q||^2 = 2 d - 2 tr(R^T Q), and the trace is 0 on average.
    expect(found.haar).toBeCloseTo(Math.sqrt(12), 12);
    expect(Math.abs(found.unrelated.value / found.haar - 1)).toBeLessThan(0.2);
  });

  it("tells the order of composition: R_a R_a' is not R_a' R_a", () => {
    const swapped = trials((a, b) => mapped(plain, orthogonal(a, 6).mmul(orthogonal(b, 6))));
    expect(compositionError(swapped).relative.value).toBeGreaterThan(0.3);
  });

  it('grows with noise, and acts on the embeddings in proportion', () => {
    const at = (size: number) =>
      compositionError(
        trials((a, b) => noisy(mapped(plain, orthogonal(b, 6).mmul(orthogonal(a, 6))), size, a)),
      );
    expect(at(0.3).error.value).toBeGreaterThan(2 * at(0.05).error.value);
    expect(at(0.3).onEmbeddings.value).toBeGreaterThan(2 * at(0.05).onEmbeddings.value);
  });

  it('is not disturbed by directions that hold no data', () => {
    // Three coordinates turn, three are always 0.
    const within = (seed: number): Matrix => {
      const map = Matrix.eye(6);
      map.setSubMatrix(orthogonal(seed, 3), 0, 0);
      return map;
    };
    const flat = { ...plain, values: plain.values.map((x, k) => (k % 6 < 3 ? x : 0)) };
    const make = (k: number): CompositionTrial => ({
      plain: flat,
      first: mapped(flat, within(k)),
      second: mapped(flat, within(k + 1)),
      both: mapped(flat, within(k + 1).mmul(within(k))),
    });
    const found = compositionError([make(1), make(5)]);
    expect(found.error.value).toBeLessThan(1e-4);
    expect(found.onEmbeddings.value).toBeLessThan(1e-5);
    expect(found.movement.value).toBeGreaterThan(0.5);
  });

  it('is 0 for an invariant encoder, even a collapsed one, with no movement to show for it', () => {
    const collapsed = { ...plain, values: plain.values.map((_, k) => (k % 6 === 0 ? 0.6 : 0.3)) };
    for (const one of [plain, collapsed]) {
      const still = { plain: one, first: one, second: one, both: one };
      const found = compositionError([still, still]);
      expect(found.movement.value).toBeLessThan(1e-6);
      expect(found.relative.value).toBe(0);
      expect(found.onEmbeddings.value).toBeLessThan(1e-6);
    }
  });

  it('needs two trials and names the one that is wrong', () => {
    expect(() => compositionError([trial(0)])).toThrow(/two are needed/);
    const bad = { ...trial(1), second: onSphere(1, 5, 6) };
    expect(() => compositionError([trial(0), bad])).toThrow(/Trial 1: /);
  });
});
