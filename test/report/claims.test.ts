import { describe, expect, it } from 'vitest';
import {
  compareSeeds,
  decimalsFor,
  formatEstimate,
  formatInterval,
  judgeBest,
  judgeOrdering,
  judgeValue,
  signFlipP,
} from '../../src/report/claims.js';

const CARE = [21.1, 22.9, 20.4];
const CLOSE = [24.0, 24.9, 22.9];
const FOUR = [24.2, 25.9, 22.4, 27.0];

describe('compareSeeds', () => {
  // scipy: r = stats.ttest_rel(CARE, CLOSE); r.confidence_interval(); effect: noncentral t by brentq on stats.nct.cdf,
  // g = (1 - 3 / (4 df - 1)) delta / sqrt(n)
  it('is the paired t test of scipy', () => {
    const found = compareSeeds(CARE, CLOSE, true);
    expect(found.test).toBe('paired t');
    expect(found.t).toBeCloseTo(-9.474729115034316, 10);
    expect(found.p).toBeCloseTo(0.01095677429029523, 12);
    expect(found.difference.low).toBeCloseTo(-3.5868264029354853, 9);
    expect(found.difference.high).toBeCloseTo(-1.3465069303978476, 9);
    expect(found.effect.value).toBeCloseTo(-3.1258499457507702, 10);
    expect(found.effect.low).toBeCloseTo(-6.061087879773012, 4);
    expect(found.effect.high).toBeCloseTo(-0.38555793678438394, 4);
    expect(found.signFlipP).toBe(0.25);
  });

  // scipy: r = stats.ttest_ind(CARE, FOUR, equal_var=False); r.df; r.confidence_interval()
  it('is the Welch test of scipy where seeds are not paired', () => {
    const found = compareSeeds(CARE, FOUR, false);
    expect(found.df).toBeCloseTo(4.956085138979735, 10);
    expect(found.p).toBeCloseTo(0.0420141829621787, 12);
    expect(found.difference.low).toBeCloseTo(-6.6345075833625735, 9);
    expect(found.difference.high).toBeCloseTo(-0.18215908330408892, 9);
    expect(found.effect.value).toBeCloseTo(-1.6315102655733065, 10);
    expect(found.effect.low).toBeCloseTo(-3.182927966972254, 5);
    expect(found.effect.high).toBeCloseTo(0.013645567524927476, 5);
  });

  it('changes sign when the two are exchanged', () => {
    const [there, back] = [compareSeeds(CARE, FOUR, false), compareSeeds(FOUR, CARE, false)];
    expect(back.difference.low).toBeCloseTo(-there.difference.high, 12);
    expect(back.p).toBeCloseTo(there.p, 12);
  });

  it('says that one seed allows no test', () => {
    expect(compareSeeds([1], [2], true)).toMatchObject({ test: 'none', difference: { value: -1 } });
  });

  it('refuses what it cannot compare', () => {
    expect(() => compareSeeds([], [1], true)).toThrow(/no values/);
    expect(() => compareSeeds([1, Number.NaN], [1, 2], true)).toThrow(/ours\[1\] is NaN/);
    expect(() => compareSeeds([1, 2], [1], true)).toThrow(/same seeds, got 2 and 1/);
  });
});

// scipy: stats.permutation_test((x,), np.mean, permutation_type='samples', n_resamples=np.inf).pvalue
it('counts out the sign-flip test', () => {
  expect(signFlipP([0.3, 0.5, -0.1, 0.8, 0.2, 0.4])).toBe(0.0625);
  expect(signFlipP([1, 1, 1])).toBe(0.25);
  expect(() => signFlipP(new Array<number>(21).fill(1))).toThrow(/at most 20/);
});

const NAMES = { oursName: 'CARE', otherName: 'SimCLR', lowerIsBetter: true, unit: 'degrees' };

describe('judgeOrdering', () => {
  it('says reproduced in the paper\u2019s setting and direction holds in a smaller one', () => {
    const judged = judgeOrdering({ ...NAMES, ours: CARE, other: CLOSE, sameSetting: false });
    expect(judged.verdict).toBe('direction holds');
    expect(judged.ours).toBe('21.5 \u00b1 1.3 degrees (n = 3 pretraining seeds)');
    expect(judged.difference).toBe('\u22122.5 [\u22123.6, \u22121.3] degrees to SimCLR');
    expect(judged.because).toMatch(/Another setting.*paired t interval over 3 pretraining seeds.*Hedges/);
    expect(judged.because).not.toContain('sign-flip');
    expect(judgeOrdering({ ...NAMES, ours: CARE, other: CLOSE, sameSetting: true }).verdict).toBe(
      'reproduced',
    );
  });

  it('does not hold where the interval contains zero, though the means are in order', () => {
    const judged = judgeOrdering({ ...NAMES, ours: [10, 20, 30], other: [12, 30, 31], sameSetting: true });
    expect(judged.comparison?.difference.value).toBeLessThan(0);
    expect(judged.verdict).toBe('not reproduced');
    expect(judged.because).toMatch(/contains 0/);
  });

  it('says so when the order is the opposite', () => {
    const judged = judgeOrdering({ ...NAMES, ours: CLOSE, other: CARE, sameSetting: true });
    expect(judged.verdict).toBe('not reproduced');
    expect(judged.because).toMatch(/^CARE is higher than SimCLR/);
    expect(
      judgeOrdering({ ...NAMES, lowerIsBetter: false, ours: CLOSE, other: CARE, sameSetting: true }).verdict,
    ).toBe('reproduced');
  });

  it('cannot show anything with one seed', () => {
    const judged = judgeOrdering({ ...NAMES, ours: [1], other: [100], sameSetting: true });
    expect(judged.verdict).toBe('not reproduced');
    expect(judged.because).toMatch(/one seed no test/);
  });

  it('names what was not run', () => {
    const judged = judgeOrdering({ ...NAMES, ours: CARE, other: [], sameSetting: true });
    expect(judged).toMatchObject({ verdict: 'not run', difference: 'not run' });
    expect(judged.because).toBe('No finished run of SimCLR.');
  });

  it('reports the exact test where it can decide', () => {
    const ours = [1, 1.1, 0.9, 1.2, 0.8, 1];
    const judged = judgeOrdering({
      ...NAMES,
      ours,
      other: ours.map((value, index) => value + 1 + index / 10),
      sameSetting: true,
    });
    expect(judged.because).toContain('exact sign-flip test p = .031');
  });
});

describe('judgeBest', () => {
  const base = { ours: CARE, oursName: 'CARE', lowerIsBetter: true, sameSetting: false };

  it('holds only against every rival, and names the closest', () => {
    const rivals = [
      { name: 'SimCLR', values: [47.2, 49.9, 48.4] },
      { name: 'L_unif', values: CLOSE },
    ];
    const judged = judgeBest({ ...base, rivals });
    expect(judged.verdict).toBe('direction holds');
    expect(judged.because).toMatch(/against SimCLR and L_unif.*Closest is L_unif/);
    expect(judged.difference).toMatch(/to L_unif$/);
  });

  it('says against which it does not hold', () => {
    const rivals = [
      { name: 'SimCLR', values: [47.2, 49.9, 48.4] },
      { name: 'L_unif+L_equi', values: [20.9, 23.1, 20.2] },
    ];
    const judged = judgeBest({ ...base, rivals });
    expect(judged.verdict).toBe('not reproduced');
    expect(judged.because).toMatch(/^It holds against SimCLR\. Not against L_unif\+L_equi: The interval/);
  });

  it('is not run while a rival is missing', () => {
    const rivals = [
      { name: 'SimCLR', values: [47.2, 49.9, 48.4] },
      { name: 'L_inv', values: [] },
    ];
    const judged = judgeBest({ ...base, rivals });
    expect(judged.verdict).toBe('not run');
    expect(judged.because).toContain('Not run: L_inv.');
    expect(judgeBest({ ...base, rivals: [] }).verdict).toBe('not run');
  });

  it('finds the closest from above where higher is better', () => {
    const rivals = [
      { name: 'near', values: [19.9, 21.4, 19.1] },
      { name: 'far', values: [1, 2.2, 0.4] },
    ];
    expect(judgeBest({ ...base, lowerIsBetter: false, rivals }).difference).toMatch(/to near$/);
  });
});

describe('judgeValue', () => {
  it('agrees where the interval meets the paper\u2019s value', () => {
    expect(judgeValue({ ours: CARE, paper: { value: 22 }, sameSetting: true }).verdict).toBe('reproduced');
    expect(judgeValue({ ours: CARE, paper: { value: 30 }, sameSetting: true }).verdict).toBe(
      'not reproduced',
    );
    expect(judgeValue({ ours: CARE, paper: { value: 30, sd: 3 }, sameSetting: true }).verdict).toBe(
      'reproduced',
    );
    expect(judgeValue({ ours: CARE, paper: { value: 22 }, sameSetting: false }).verdict).toBe(
      'not reproduced',
    );
    expect(judgeValue({ ours: [], paper: { value: 22 }, sameSetting: true }).verdict).toBe('not run');
    expect(judgeValue({ ours: [22], paper: { value: 22 }, sameSetting: true }).verdict).toBe(
      'not reproduced',
    );
  });
});

describe('formatEstimate', () => {
  it('gives very small numbers a common power of ten', () => {
    expect(formatEstimate({ value: 1.23e-9, sd: 1.5e-9 })).toBe('(1.2 \u00b1 1.5) \u00d7 10\u207b\u2079');
    expect(formatEstimate({ value: 8.4e-13, sd: 3e-14 })).toBe(
      '(8.4 \u00b1 0.3) \u00d7 10\u207b\u00b9\u00b3',
    );
    expect(formatEstimate({ value: 0.00034, sd: 0.00005 })).toBe('0.00034 \u00b1 0.00005');
  });

  it.each([
    [
      { value: 0.12345, sd: 0.0041, n: 3, kind: 'pretraining seeds' },
      '0.123 \u00b1 0.004 (n = 3 pretraining seeds)',
    ],
    [{ value: 0.12345, sd: 0.0141, n: 3, kind: 'trials' }, '0.123 \u00b1 0.014 (n = 3 trials)'],
    [{ value: -12.345, sd: 2.6, unit: 'degrees' }, '\u221212 \u00b1 3 degrees'],
    [{ value: 1234.5, sd: 56 }, '1235 \u00b1 56'],
    [{ value: 0.98765 }, '0.988'],
    [{ value: 0.0000012 }, '1.20e\u22126'],
    [{ value: 5, sd: 0, n: 2, kind: 'trials' }, '5.00 \u00b1 0 (n = 2 trials)'],
    [{ value: 5, n: 1, kind: 'pretraining seeds' }, '5.00 (n = 1 pretraining seed)'],
    [{ value: Number.NaN }, 'not a number'],
    [{ value: -0.0001, sd: 0.2 }, '0.0 \u00b1 0.2'],
  ] as const)('writes %o as %s', (estimate, expected) => {
    expect(formatEstimate(estimate)).toBe(expected);
  });

  it.each([
    [{ value: 0.6, low: 0.02, high: 1.2 }, '0.60 [0.02, 1.20]'],
    [{ value: -0.5, low: -1.1, high: -0.004 }, '\u22120.500 [\u22121.100, \u22120.004]'],
    [{ value: 0.6, low: -0.1, high: 1.3 }, '0.6 [\u22120.1, 1.3]'],
    [{ value: 0.6, low: 0.00001, high: 1.3 }, '0.6 [0.0, 1.3]'],
    [{ value: 0.6, low: 0, high: 1.2 }, '0.6 [0.0, 1.2]'],
  ])('writes the interval %o as %s: on which side of 0 it lies can be read', (interval, expected) => {
    expect(formatInterval(interval)).toBe(expected);
  });

  it.each([
    [0.004, 3],
    [0.014, 3],
    [0.0197, 2],
    [2.6, 0],
    [1.3, 1],
    [56, 0],
    [0, 0],
  ])('allows an uncertainty of %d %d decimals', (uncertainty, decimals) => {
    expect(decimalsFor(uncertainty)).toBe(decimals);
  });

  it('writes an interval without bounds as a value alone', () => {
    expect(formatInterval({ value: 2, low: Number.NaN, high: Number.NaN }, 'degrees', true)).toBe(
      '+2.00 degrees',
    );
  });
});
