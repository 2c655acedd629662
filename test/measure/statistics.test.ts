import { describe, expect, it } from 'vitest';
import { estimateOver, mean, sampleSd } from '../../src/measure/statistics.js';

describe('statistics', () => {
  it('mean and sample standard deviation, by hand', () => {
    expect(mean([1, 2, 6])).toBe(3);
    // Squared deviations 4 + 1 + 9 over n - 1 = 2.
    expect(sampleSd([1, 2, 6])).toBeCloseTo(Math.sqrt(7), 12);
  });

  it('says over what the spread was taken, and leaves it out for one value', () => {
    expect(estimateOver([1, 3], 'trials', 'degrees')).toEqual({
      value: 2,
      unit: 'degrees',
      sd: Math.SQRT2,
      n: 2,
      kind: 'trials',
    });
    expect(estimateOver([4], 'samples')).toEqual({ value: 4, n: 1, kind: 'samples' });
    expect(() => mean([])).toThrow(/no values/);
  });
});
