import { describe, expect, it } from 'vitest';
import type { Compared, Quantity } from '../../src/report/compared.js';
import { shownAgainst, shownAgainstLevel } from '../../src/report/shown.js';
import type { RunRecord } from '../../src/runs/record.js';

const quantity: Quantity = { measure: 'm', estimate: 'e', title: 'e', lowerIsBetter: true };

function comparedOf(values: Readonly<Record<string, readonly number[]>>): Compared {
  const runs = Object.entries(values).flatMap(([method, each]) =>
    each.map((value, seed) => ({
      method,
      seed,
      record: { measurements: { m: { estimates: { e: { value } } } } } as unknown as RunRecord,
    })),
  );
  return { noun: 'method', methods: Object.keys(values), runs, profile: 'smoke', sameSetting: false };
}

describe('what seeds show', () => {
  it.each([
    // Differences -1, -1.1, -.9: t = -17.3 with two degrees of freedom, beyond 4.30.
    ['lower', [1, 1, 1], [2, 2.1, 1.9]],
    ['higher', [2, 2.1, 1.9], [1, 1, 1]],
    // Differences -1, -2, 0: t = -1.7.
    ['unclear', [1, 1, 1], [2, 3, 1]],
    // One seed, and differences that do not vary, allow no test.
    ['unclear', [1], [2]],
    ['unclear', [1, 1], [2, 2]],
    ['not run', [], [1, 2]],
    ['not run', [1, 2], []],
  ] as const)('is "%s" of %j against %j', (shown, a, b) => {
    expect(shownAgainst(comparedOf({ a, b }), 'a', 'b', quantity)).toBe(shown);
  });

  it('against a level is that of a paired difference to it', () => {
    const compared = comparedOf({ a: [0.8, 0.9, 0.85] });
    expect(shownAgainstLevel(compared, 'a', 1, quantity)).toBe('lower');
    expect(shownAgainstLevel(compared, 'a', 0.5, quantity)).toBe('higher');
    expect(shownAgainstLevel(compared, 'a', 0.86, quantity)).toBe('unclear');
    expect(shownAgainstLevel(compared, 'b', 1, quantity)).toBe('not run');
  });
});
