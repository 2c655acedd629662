import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { stratifiedLimit, stratifiedSplit } from '../../src/data/stratified.js';

const someLabels = fc.array(fc.integer({ min: -1, max: 6 }), { minLength: 1, maxLength: 120 });
const seeds = fc.integer({ min: 0, max: 1000 });
const countOf = (labels: readonly number[], label: number): number =>
  labels.filter((each) => each === label).length;
const isAscending = (values: readonly number[]): boolean =>
  values.every((value, at) => at === 0 || value > (values[at - 1] ?? value));

/** Webster's rule one image at a time: the next goes to the class with the largest n / (2 k + 1). */
function webster(labels: readonly number[], limit: number): Map<number, number> {
  const classes = [...new Set(labels)].sort((a, b) => a - b);
  const taken = new Map(classes.map((label) => [label, 0]));
  for (let image = 0; image < Math.min(limit, labels.length); image++) {
    let best = classes[0] ?? 0;
    let bestClaim = -1;
    for (const label of classes) {
      const own = taken.get(label) ?? 0;
      const claim = own === countOf(labels, label) ? -1 : countOf(labels, label) / (own + 0.5);
      if (claim > bestClaim + 1e-12) [best, bestClaim] = [label, claim];
    }
    taken.set(best, (taken.get(best) ?? 0) + 1);
  }
  return taken;
}

describe('a limit', () => {
  it('gives each class what one-by-one apportionment gives', () => {
    fc.assert(
      fc.property(someLabels, fc.integer({ min: 1, max: 130 }), seeds, (labels, limit, seed) => {
        const chosen = stratifiedLimit(labels, limit, seed);
        expect(chosen).toHaveLength(Math.min(limit, labels.length));
        expect(isAscending(chosen)).toBe(true);
        const picked = chosen.map((index) => labels[index] ?? NaN);
        // Ties between classes may go either way by the last digit; each count is then off by one at most.
        for (const [label, count] of webster(labels, limit))
          expect(Math.abs(countOf(picked, label) - count)).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('is nested: fewer images are part of more', () => {
    fc.assert(
      fc.property(someLabels, seeds, fc.integer({ min: 1, max: 60 }), (labels, seed, limit) => {
        const more = new Set(stratifiedLimit(labels, limit + 7, seed));
        expect(stratifiedLimit(labels, limit, seed).every((index) => more.has(index))).toBe(true);
      }),
    );
  });

  it('takes equally of equal classes and depends on the seed', () => {
    const labels = Array.from({ length: 1000 }, (_, at) => at % 10);
    const chosen = stratifiedLimit(labels, 200, 1);
    for (let label = 0; label < 10; label++)
      expect(chosen.filter((index) => labels[index] === label)).toHaveLength(20);
    expect(stratifiedLimit(labels, 200, 1)).toEqual(chosen);
    expect(stratifiedLimit(labels, 200, 2)).not.toEqual(chosen);
    expect(chosen.slice(0, 5)).not.toEqual([0, 1, 2, 3, 4]);
  });

  it.each([0, -1, 1.5, NaN])('refuses %d', (limit) => {
    expect(() => stratifiedLimit([0, 1], limit, 0)).toThrow(`A limit of ${limit} images was asked for.`);
  });
});

describe('a split', () => {
  it('puts every image on one side, a fifth of each class to test', () => {
    fc.assert(
      fc.property(someLabels, seeds, (labels, seed) => {
        const { train, test } = stratifiedSplit(labels, seed);
        expect([...train, ...test].sort((a, b) => a - b)).toEqual(labels.map((_, index) => index));
        expect(isAscending(train) && isAscending(test)).toBe(true);
        for (const label of new Set(labels)) {
          const all = countOf(labels, label);
          const held = test.filter((index) => labels[index] === label).length;
          expect(held).toBe(all === 1 ? 0 : Math.max(1, Math.round(all / 5)));
        }
      }),
    );
  });

  it('is the same for the same seed only', () => {
    const labels = Array.from({ length: 200 }, (_, at) => at % 4);
    expect(stratifiedSplit(labels, 3)).toEqual(stratifiedSplit(labels, 3));
    expect(stratifiedSplit(labels, 3)).not.toEqual(stratifiedSplit(labels, 4));
  });
});
