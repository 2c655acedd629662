import { describe, expect, it } from 'vitest';
import { steering, steeringTrials } from '../../src/measure/steering.js';
import { mapped, noisy, onSphere, orthogonal } from './helpers.js';

const options = { group: 'SO', seed: 1 } as const;

describe('steering', () => {
  it('carries a true rotation over to unseen items', () => {
    const from = onSphere(1, 40, 6);
    const found = steering(from, mapped(from, orthogonal(2, 6)), options);
    expect(found.unseen.rms).toBeLessThan(1e-6);
    expect(found.unseen.relative).toBeLessThan(1e-5);
    expect(found.unseen.moved).toBeGreaterThan(1);
    expect(found.fitted.rows + found.unseen.rows).toBe(40);
    expect(new Set(found.fittedRows).size).toBe(20);
  });

  it('exposes a rotation that only fits what it was fitted to', () => {
    // Unrelated targets: 10 rows in 10 dimensions can be fitted in part, others cannot be steered at all.
    const found = steering(onSphere(1, 20, 10), onSphere(2, 20, 10), options);
    expect(found.unseen.rms).toBeGreaterThan(1.5 * found.fitted.rms);
    // Two independent unit vectors are sqrt 2 apart.
    expect(found.unseen.rms).toBeGreaterThan(1.1);
    expect(found.unseen.rms).toBeLessThan(1.7);
  });

  it('has the noise as its floor, on both halves, when there are many more items than dimensions', () => {
    const from = onSphere(1, 4000, 3);
    const found = steering(from, noisy(mapped(from, orthogonal(2, 3)), 0.1, 3), options);
    // rms over an item's 3 coordinates: 0.1 sqrt 3, with 2000 items to within 3 %.
    for (const error of [found.fitted, found.unseen]) {
      expect(Math.abs(error.rms / (0.1 * Math.sqrt(3)) - 1)).toBeLessThan(0.03);
    }
  });

  it('splits each trial anew, the same for the same seed', () => {
    const from = onSphere(1, 12, 3);
    const pairs = [1, 2].map((k) => ({ from, to: noisy(mapped(from, orthogonal(k, 3)), 0.1, k) }));
    const found = steeringTrials(pairs, options);
    expect(found.trials[0]?.fittedRows).not.toEqual(found.trials[1]?.fittedRows);
    expect(steeringTrials(pairs, options)).toEqual(found);
    expect(found.unseen.rms.n).toBe(2);
  });

  it('needs two items a half', () => {
    expect(() => steering(onSphere(1, 3, 3), onSphere(2, 3, 3), options)).toThrow(/at least 4/);
  });
});
