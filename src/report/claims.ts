/**
 * From numbers of runs to a verdict. The rules are these:
 *
 * - The unit of replication is the pretraining seed: a claim about a method is a claim about training it again. Values
 *   over structures, trials or classifier seeds are averaged within a seed first, and never counted as replications.
 * - An ordering holds where the 95% t interval of the mean difference over seeds excludes zero in the claim's direction:
 *   paired by seed where both methods used the same seeds (df = n - 1), Welch's otherwise. With n = 3 this assumes that
 *   the differences are about normal, which three numbers cannot check. The exact sign-flip test does without that
 *   assumption but its smallest two-sided p is 2 / 2^n, .25 for n = 3: it can never reach .05 there. So it is reported
 *   beside the interval where it can (n >= 6), and does not decide. A bootstrap over three seeds is not offered, since
 *   its intervals are known to be too short.
 * - "CARE is lowest of all" is claimed only where it holds against every method (an intersection of tests, which needs no
 *   correction for their number); otherwise the text says against which it holds.
 * - *reproduced* needs the paper's setting; a smaller one can at best show that the *direction holds*. One seed cannot
 *   show either. What is missing is *not run*.
 */
import type { Estimate } from '../runs/record.js';
import { standardErrorItems } from '../runs/uncertainty.js';
import type { Verdict } from './blocks.js';
import { mean, standardDeviation } from './charts/statistics.js';
import { noncentralCdf, rootBetween, studentCdf, studentQuantile } from './distributions.js';
import { capital, listed } from './phrases.js';

/** A number with its interval. */
export interface Interval {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/** A comparison of two methods over pretraining seeds. */
export interface Comparison {
  /** Mean of ours minus mean of the other, with its 95% t interval; NaN ends where no test is possible. */
  readonly difference: Interval;
  readonly test: 'paired t' | 'Welch t' | 'none';
  readonly n: readonly [number, number];
  readonly df: number;
  readonly t: number;
  /** Two-sided p of the t test; NaN without one. */
  readonly p: number;
  /** Two-sided p of the exact sign-flip test, for paired values. */
  readonly signFlipP?: number;
  /** Hedges' g: the difference in standard deviations (of the paired differences, or pooled), with its 95% interval. */
  readonly effect: Interval;
}

const NONE: Interval = { value: Number.NaN, low: Number.NaN, high: Number.NaN };
const CONFIDENCE = 0.95;

/**
 * Compares values of two methods, one a pretraining seed.
 *
 * @param paired whether `ours[i]` and `other[i]` come from the same seed.
 * @throws when there are no values, a value is not finite, or paired lists differ in length.
 */
export function compareSeeds(ours: readonly number[], other: readonly number[], paired: boolean): Comparison {
  for (const [name, values] of [
    ['ours', ours],
    ['other', other],
  ] as const) {
    if (values.length === 0)
      throw new Error(`compareSeeds: ${name} has no values; a missing run is "not run".`);
    const bad = values.findIndex((value) => !Number.isFinite(value));
    if (bad >= 0)
      throw new Error(
        `compareSeeds: ${name}[${bad}] is ${values[bad] ?? 'missing'}; remove or rerun that seed.`,
      );
  }
  if (paired && ours.length !== other.length) {
    throw new Error(
      `compareSeeds: paired values need the same seeds, got ${ours.length} and ${other.length}.`,
    );
  }
  return paired ? pairedComparison(ours, other) : welchComparison(ours, other);
}

function pairedComparison(ours: readonly number[], other: readonly number[]): Comparison {
  const differences = ours.map((value, index) => value - (other[index] ?? Number.NaN));
  const n = differences.length;
  const centre = mean(differences);
  const sd = standardDeviation(differences);
  if (n < 2 || sd === 0) return untested(centre, [n, n]);
  const error = sd / Math.sqrt(n);
  const base = tested(centre, error, n - 1);
  return {
    ...base,
    test: 'paired t',
    n: [n, n],
    signFlipP: signFlipP(differences),
    // Its interval takes a moment, and most tables show none.
    get effect() {
      return hedges(base.t, n - 1, 1 / Math.sqrt(n));
    },
  };
}

function welchComparison(ours: readonly number[], other: readonly number[]): Comparison {
  const [n, m] = [ours.length, other.length];
  const centre = mean(ours) - mean(other);
  const [a, b] = [standardDeviation(ours) ** 2 / n, standardDeviation(other) ** 2 / m];
  if (n < 2 || m < 2 || a + b === 0) return untested(centre, [n, m]);
  const df = (a + b) ** 2 / (a ** 2 / (n - 1) + b ** 2 / (m - 1));
  const base = tested(centre, Math.sqrt(a + b), df);
  const pooled = Math.sqrt((a * n * (n - 1) + b * m * (m - 1)) / (n + m - 2));
  const scale = Math.sqrt(1 / n + 1 / m);
  return {
    ...base,
    test: 'Welch t',
    n: [n, m],
    get effect() {
      return hedges(centre / (pooled * scale), n + m - 2, scale);
    },
  };
}

function untested(centre: number, n: readonly [number, number]): Comparison {
  const difference = { ...NONE, value: centre };
  return { difference, test: 'none', n, df: Number.NaN, t: Number.NaN, p: Number.NaN, effect: NONE };
}

function tested(
  centre: number,
  error: number,
  df: number,
): Pick<Comparison, 'difference' | 'df' | 't' | 'p'> {
  const t = centre / error;
  const reach = studentQuantile((1 + CONFIDENCE) / 2, df) * error;
  const p = 2 * studentCdf(-Math.abs(t), df);
  return { difference: { value: centre, low: centre - reach, high: centre + reach }, df, t, p };
}

/** Two-sided p of the exact sign-flip permutation test on paired differences (up to 20 of them). */
export function signFlipP(differences: readonly number[]): number {
  const n = differences.length;
  if (n > 20)
    throw new Error(`signFlipP: ${n} differences make 2^${n} flips; at most 20 are counted out exactly.`);
  const observed = Math.abs(differences.reduce((sum, value) => sum + value, 0));
  let extreme = 0;
  for (let flips = 0; flips < 2 ** n; flips++) {
    const sum = differences.reduce(
      (total, value, index) => total + (flips & (1 << index) ? -value : value),
      0,
    );
    if (Math.abs(sum) >= observed * (1 - 1e-12)) extreme++;
  }
  return extreme / 2 ** n;
}

/** Beyond it the interval of an effect size is left out: the differences hardly vary, and its size says nothing. */
const FARTHEST_T = 200;

/** Hedges' g from t: g = J(df) t scale, with the interval of the noncentral t distribution. */
function hedges(t: number, df: number, scale: number): Interval {
  const correction = 1 - 3 / (4 * df - 1);
  const g = (delta: number): number => correction * delta * scale;
  if (Math.abs(t) > FARTHEST_T) return { ...NONE, value: g(t) };
  return {
    value: g(t),
    low: g(noncentrality(t, df, (1 + CONFIDENCE) / 2)),
    high: g(noncentrality(t, df, (1 - CONFIDENCE) / 2)),
  };
}

/** The delta under which P(T <= t) is `probability`; the probability falls as delta grows. */
function noncentrality(t: number, df: number, probability: number): number {
  const reach = 12 + 6 * Math.abs(t);
  return rootBetween((delta) => probability - noncentralCdf(t, df, delta), t - reach, t + reach, 1e-8);
}

/** What the two values are called in a sentence, and in which unit they are. */
export interface OrderingInput {
  readonly ours: readonly number[];
  readonly other: readonly number[];
  readonly oursName: string;
  readonly otherName: string;
  /** True where the claim says that ours is lower. */
  readonly lowerIsBetter: boolean;
  /** Whether the runs have the paper's own setting. */
  readonly sameSetting: boolean;
  /** Whether values of one index come from one seed; true unless told. */
  readonly paired?: boolean;
  readonly unit?: string;
}

/** A verdict with the words that stand in the claims table. */
export interface Judgement {
  readonly verdict: Verdict;
  /** Whether the interval lies wholly on the other side of what is claimed. */
  readonly opposite?: boolean;
  /** Ours as text, with uncertainty and n. */
  readonly ours: string;
  /** The difference with its interval. */
  readonly difference: string;
  readonly because: string;
  readonly comparison?: Comparison;
}

const NOT_RUN = 'not run';

/** Judges "ours is lower (or higher) than the other" over pretraining seeds. */
export function judgeOrdering(input: OrderingInput): Judgement {
  const { ours, other, oursName, otherName, unit } = input;
  const own = ours.length === 0 ? NOT_RUN : formatValues(ours, unit);
  if (ours.length === 0 || other.length === 0) {
    const missing = [...(ours.length === 0 ? [oursName] : []), ...(other.length === 0 ? [otherName] : [])];
    return {
      verdict: NOT_RUN,
      ours: own,
      difference: NOT_RUN,
      because: `No finished run of ${missing.join(' and ')}.`,
    };
  }
  const comparison = compareSeeds(ours, other, input.paired ?? true);
  const verdict = orderingVerdict(comparison, input);
  return {
    verdict,
    opposite: isOpposite(comparison, input.lowerIsBetter),
    ours: own,
    difference: `${formatInterval(comparison.difference, differenceUnit(unit), true)} to ${otherName}`,
    because: explain(comparison, input, verdict),
    comparison,
  };
}

/** What must hold of the difference of means, ours minus the other: it lies between these ends. */
export interface Margin {
  readonly low: number;
  readonly high: number;
  /** The margin in words, e.g. `at most 1 % lower`. */
  readonly words: string;
}

/**
 * Judges "ours is about the other", or "ours is not worse": it holds where the 95% t interval of the difference lies within the
 * margin, so that too few seeds never show it.
 */
export function judgeWithin(
  input: Omit<OrderingInput, 'lowerIsBetter'> & { readonly margin: Margin },
): Judgement {
  const { margin, oursName, otherName, sameSetting } = input;
  // The words and numbers of the comparison are those of an ordering; only what follows from it is another.
  const { comparison, ...ordering } = judgeOrdering({ ...input, lowerIsBetter: true });
  if (comparison === undefined) return ordering;
  const { difference, test, n } = comparison;
  const asked = `Asked is that ${oursName} is ${margin.words} than ${otherName}`;
  if (test === 'none') {
    const why = Math.min(...n) < 2 ? 'with one seed no test is possible' : 'the values do not vary';
    return {
      ...ordering,
      comparison,
      verdict: 'not reproduced',
      opposite: false,
      because: `${asked}, but ${why}.`,
    };
  }
  const within = difference.low > margin.low && difference.high < margin.high;
  const how = test === 'paired t' ? 'paired t interval' : 'Welch\u2019s t interval';
  return {
    ...ordering,
    comparison,
    verdict: !within ? 'not reproduced' : sameSetting ? 'reproduced' : 'direction holds',
    opposite: difference.high < margin.low || difference.low > margin.high,
    because: `${asked}: the 95% ${how} of the difference ${within ? 'lies within that' : 'does not lie within that'} (${n[0] === n[1] ? n[0] : n.join(' and ')} pretraining seeds).`,
  };
}

/** Whether the interval lies on the claim's side of zero; values that do not vary cannot be tested. */
function holds(comparison: Comparison, lowerIsBetter: boolean): boolean {
  if (comparison.test === 'none') return false;
  return lowerIsBetter ? comparison.difference.high < 0 : comparison.difference.low > 0;
}

/** Whether the interval lies on the other side of zero. */
function isOpposite({ test, difference }: Comparison, lowerIsBetter: boolean): boolean {
  if (test === 'none') return false;
  return lowerIsBetter ? difference.low > 0 : difference.high < 0;
}

function orderingVerdict(comparison: Comparison, input: OrderingInput): Verdict {
  if (!holds(comparison, input.lowerIsBetter)) return 'not reproduced';
  return input.sameSetting ? 'reproduced' : 'direction holds';
}

function explain(comparison: Comparison, input: OrderingInput, verdict: Verdict): string {
  const { oursName, otherName, lowerIsBetter, sameSetting } = input;
  const { difference, test, n, effect } = comparison;
  const wanted = lowerIsBetter ? 'lower' : 'higher';
  const side = Math.sign(difference.value) === (lowerIsBetter ? -1 : 1);
  if (test === 'none') {
    const order = side ? `${oursName} is ${wanted}, as is claimed` : `${oursName} is not ${wanted}`;
    const reason =
      Math.min(...n) < 2
        ? `with one seed no test is possible`
        : 'the values do not vary, so no test is possible';
    return `${order}, but ${reason}.`;
  }
  const size =
    test === 'paired t'
      ? `paired t interval over ${n[0]} pretraining seeds`
      : `Welch\u2019s t interval over ${n[0]} and ${n[1]} pretraining seeds`;
  // Hedges' small-sample correction is 0 with one degree of freedom: there is no effect size to give.
  const g = comparison.df < 2 ? '' : `, Hedges\u2019 g ${formatInterval(effect, undefined, true)}`;
  const exact =
    comparison.signFlipP !== undefined && n[0] >= 6
      ? `; exact sign-flip test p = ${formatP(comparison.signFlipP)}`
      : '';
  const evidence = `95% ${size}${g}${exact}`;
  if (verdict === 'not reproduced') {
    const how = isOpposite(comparison, lowerIsBetter)
      ? `${oursName} is ${lowerIsBetter ? 'higher' : 'lower'} than ${otherName}`
      : `the interval of the difference to ${otherName} contains 0`;
    return `${capital(how)} (${evidence}).`;
  }
  const setting = sameSetting ? 'Same setting as the paper' : 'Another setting than the paper\u2019s';
  return `${setting}; ${oursName} is ${wanted} than ${otherName} (${evidence}).`;
}

function formatP(p: number): string {
  return p < 0.001 ? '< .001' : p.toFixed(3).replace(/^0/, '');
}

/** One of the methods that ours is compared with. */
export interface Rival {
  readonly name: string;
  readonly values: readonly number[];
}

/**
 * Judges "ours is the lowest (or highest) of all": it must hold against each rival. The difference shown is that to the
 * rival that comes closest.
 */
export function judgeBest(
  input: Omit<OrderingInput, 'other' | 'otherName'> & { readonly rivals: readonly Rival[] },
): Judgement {
  const { rivals, lowerIsBetter, sameSetting } = input;
  const each = rivals.map(({ name, values }) => ({
    name,
    judged: judgeOrdering({ ...input, other: values, otherName: name }),
  }));
  const ran = each.filter(({ judged }) => judged.comparison !== undefined);
  const missing = each.filter(({ judged }) => judged.comparison === undefined).map(({ name }) => name);
  const own = input.ours.length === 0 ? NOT_RUN : formatValues(input.ours, input.unit);
  if (ran.length === 0) {
    const absent = input.ours.length === 0 ? input.oursName : missing.join(', ');
    return {
      verdict: NOT_RUN,
      ours: own,
      difference: NOT_RUN,
      because: `No finished run of ${absent || 'any rival'}.`,
    };
  }
  const won = ran.filter(({ judged }) => judged.verdict !== 'not reproduced');
  const lost = ran.filter(({ judged }) => judged.verdict === 'not reproduced');
  const complete = lost.length === 0 && missing.length === 0;
  const partial = lost.length === 0 ? NOT_RUN : 'not reproduced';
  const verdict: Verdict = !complete ? partial : sameSetting ? 'reproduced' : 'direction holds';
  const sign = lowerIsBetter ? 1 : -1;
  const gap = (judged: Judgement): number => sign * (judged.comparison?.difference.value ?? -Infinity);
  const closest = ran.reduce((best, next) => (gap(next.judged) > gap(best.judged) ? next : best));
  const sentences = [
    won.length === 0
      ? 'It holds against none of them.'
      : `It holds against ${listed(won.map(({ name }) => name))}.`,
    ...lost.map(({ name, judged }) => `Not against ${name}: ${judged.because}`),
    ...(missing.length === 0 ? [] : [`Not run: ${listed(missing)}.`]),
    ...(lost.length === 0 ? [`Closest is ${closest.name}: ${closest.judged.because}`] : []),
  ];
  return {
    verdict,
    opposite: lost.some(({ judged }) => judged.opposite === true),
    ours: own,
    difference: closest.judged.difference,
    because: sentences.join(' '),
    ...(closest.judged.comparison ? { comparison: closest.judged.comparison } : {}),
  };
}

export interface ValueInput {
  readonly ours: readonly number[];
  readonly paper: { readonly value: number; readonly sd?: number };
  readonly sameSetting: boolean;
  readonly unit?: string;
}

/**
 * Judges whether our mean agrees with a number of the paper. It does where the paper's value, give or take two of its
 * own standard deviations, meets the 95% t interval of our mean over seeds. A smaller setting is not expected to give
 * the paper's number, so there the verdict is *not reproduced* with that reason, and never *direction holds*.
 */
export function judgeValue(input: ValueInput): Judgement {
  const { ours, paper, sameSetting, unit } = input;
  if (ours.length === 0)
    return { verdict: NOT_RUN, ours: NOT_RUN, difference: NOT_RUN, because: 'No finished run.' };
  const difference = compareSeeds(
    ours,
    ours.map(() => paper.value),
    true,
  );
  const text = `${formatInterval(difference.difference, differenceUnit(unit), true)} to the paper`;
  const base = { ours: formatValues(ours, unit), difference: text, comparison: difference };
  if (difference.test === 'none') {
    return {
      ...base,
      verdict: 'not reproduced',
      because: 'With one seed, or none that differ, there is no uncertainty to agree within.',
    };
  }
  const slack = 2 * (paper.sd ?? 0);
  const meets = difference.difference.low <= slack && difference.difference.high >= -slack;
  const agrees = meets
    ? 'The paper\u2019s value lies within our 95% interval'
    : 'The paper\u2019s value lies outside our 95% interval';
  const allowance = slack > 0 ? ', widened by two of the paper\u2019s standard deviations' : '';
  const setting = sameSetting
    ? ''
    : ' The setting is smaller than the paper\u2019s, so its number is not expected here.';
  return {
    ...base,
    verdict: meets && sameSetting ? 'reproduced' : 'not reproduced',
    because: `${agrees}${allowance} (t, ${ours.length} pretraining seeds).${setting}`,
  };
}

/** Decimals that an uncertainty allows: two significant digits where it begins with 1, one otherwise. */
export function decimalsFor(uncertainty: number): number {
  if (!(uncertainty > 0) || !Number.isFinite(uncertainty)) return 0;
  const power = Math.floor(Math.log10(uncertainty));
  const leading = Math.round((uncertainty / 10 ** power) * 1e9) / 1e9;
  const digits = leading < 1.95 ? 2 : 1;
  // 0.0197 rounds up to 0.020: the second digit says nothing more then, but costs nothing.
  return Math.max(0, digits - 1 - power);
}

function fixed(value: number, decimals: number): string {
  const text = value.toFixed(decimals);
  return (Number(text) === 0 ? text.replace('-', '') : text).replace('-', '\u2212');
}

/**
 * An estimate with as many digits as its uncertainty allows: `0.123 \u00b1 0.004 (n = 3 pretraining seeds)`. The number
 * after the sign is the sample standard deviation. Without one, three significant digits.
 */
export function formatEstimate(estimate: Estimate): string {
  const { value, sd, n, kind, unit } = estimate;
  const suffix = unit === undefined ? '' : ` ${unit}`;
  const ofError = standardErrorItems(kind);
  const items = ofError ?? kind;
  const what = items === undefined ? '' : ` ${n === 1 ? items.replace(/s$/, '') : items}`;
  const count = n === undefined ? '' : ` (${ofError === undefined ? '' : 'standard error, '}n = ${n}${what})`;
  if (!Number.isFinite(value)) return `not a number${count}`;
  if (sd === undefined || !Number.isFinite(sd)) return `${threeDigits(value)}${suffix}${count}`;
  if (sd === 0) return `${threeDigits(value)} \u00b1 0${suffix}${count}`;
  return `${withSpread(value, sd)}${suffix}${count}`;
}

/** Value and spread; with a common power of ten where both are so small that zeros would hide the digits. */
function withSpread(value: number, sd: number): string {
  const size = Math.floor(Math.log10(Math.max(Math.abs(value), sd)));
  const power = size < -4 ? size : 0;
  const scale = 10 ** -power;
  const decimals = decimalsFor(sd * scale);
  const text = `${fixed(value * scale, decimals)} \u00b1 ${fixed(sd * scale, decimals)}`;
  return power === 0 ? text : `(${text}) \u00d7 10${superscript(power)}`;
}

const SUPERSCRIPTS: Readonly<Record<string, string>> = Object.fromEntries(
  ['\u2070', '\u00b9', '\u00b2', '\u00b3', '\u2074', '\u2075', '\u2076', '\u2077', '\u2078', '\u2079'].map(
    (digit, i) => [String(i), digit],
  ),
);

function superscript(power: number): string {
  const digits = String(Math.abs(power)).replaceAll(/\d/g, (digit) => SUPERSCRIPTS[digit] ?? digit);
  return `${power < 0 ? '\u207b' : ''}${digits}`;
}

function threeDigits(value: number): string {
  if (value === 0) return '0';
  const size = Math.floor(Math.log10(Math.abs(value)));
  if (size < -4 || size > 5) return value.toExponential(2).replaceAll('-', '\u2212');
  return fixed(value, Math.max(0, 2 - size));
}

/** Values over pretraining seeds as mean \u00b1 sample standard deviation. */
export function formatValues(values: readonly number[], unit?: string): string {
  const sd = standardDeviation(values);
  return formatEstimate({
    value: mean(values),
    n: values.length,
    kind: 'pretraining seeds',
    ...(unit === undefined ? {} : { unit }),
    ...(Number.isNaN(sd) ? {} : { sd }),
  });
}

/** Percentages differ by percentage points. */
function differenceUnit(unit: string | undefined): string | undefined {
  return unit === '%' ? 'points' : unit;
}

/** More digits than its width asks for, where an end would be rounded to 0 and hide on which side of it the interval lies. */
const MOST_MORE_DIGITS = 2;

function decimalsOf({ low, high }: Interval): number {
  const decimals = decimalsFor((high - low) / 4);
  const hidden = (digits: number) =>
    [low, high].some((end) => end !== 0 && Number(end.toFixed(digits)) === 0);
  const more = [0, 1, MOST_MORE_DIGITS].find((extra) => !hidden(decimals + extra));
  return decimals + (more ?? 0);
}

/** A value with its interval in square brackets: `\u22126.8 [\u221210.1, \u22123.5] degrees`. */
export function formatInterval(interval: Interval, unit?: string, signed = false): string {
  const suffix = unit === undefined ? '' : ` ${unit}`;
  const sign = signed && interval.value > 0 ? '+' : '';
  if (!Number.isFinite(interval.low) || !Number.isFinite(interval.high))
    return `${sign}${threeDigits(interval.value)}${suffix}`;
  const decimals = decimalsOf(interval);
  return `${sign}${fixed(interval.value, decimals)} [${fixed(interval.low, decimals)}, ${fixed(interval.high, decimals)}]${suffix}`;
}
