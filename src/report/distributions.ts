/** Student's t distribution, central and noncentral: what intervals over a handful of seeds need. */

const LANCZOS = [
  676.5203681218851, -1259.1392167224028, 771.3234287776531, -176.6150291621406, 12.507343278686905,
  -0.13857109526572012, 9.984369578019572e-6, 1.5056327351493116e-7,
];

/** log Gamma(x) for x > 0 (Lanczos, g = 7). */
export function logGamma(x: number): number {
  if (x < 0.5) return Math.log(Math.PI / Math.sin(Math.PI * x)) - logGamma(1 - x);
  const shifted = x - 1;
  const series = LANCZOS.reduce((sum, term, index) => sum + term / (shifted + index + 1), 0.9999999999998099);
  const t = shifted + 7.5;
  return 0.5 * Math.log(2 * Math.PI) + (shifted + 0.5) * Math.log(t) - t + Math.log(series);
}

/** Regularised incomplete beta function I_x(a, b), by Lentz's continued fraction. */
export function incompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBeta(1 - x, b, a);
  const front =
    Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log(1 - x)) / a;
  let c = 1;
  let d = 1 / away(1 - ((a + b) * x) / (a + 1));
  let fraction = d;
  for (let m = 1; m <= 400; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / away(1 + even * d);
    c = away(1 + even / c);
    fraction *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / away(1 + odd * d);
    c = away(1 + odd / c);
    const step = d * c;
    fraction *= step;
    if (Math.abs(step - 1) < 1e-15) break;
  }
  return front * fraction;
}

/** Keeps a denominator of the continued fraction away from zero. */
function away(value: number): number {
  return Math.abs(value) < 1e-300 ? 1e-300 : value;
}

/** P(T <= t) for Student's t with `df` > 0 degrees of freedom, which need not be whole. */
export function studentCdf(t: number, df: number): number {
  const tail = incompleteBeta(df / (df + t * t), df / 2, 0.5) / 2;
  return t > 0 ? 1 - tail : tail;
}

/** The t with P(T <= t) = `probability`, for 0 < probability < 1. */
export function studentQuantile(probability: number, df: number): number {
  if (!(probability > 0 && probability < 1)) {
    throw new Error(`studentQuantile: probability must lie between 0 and 1, got ${probability}.`);
  }
  if (probability === 0.5) return 0;
  let bound = 2;
  const upper = Math.max(probability, 1 - probability);
  while (studentCdf(bound, df) < upper) bound *= 2;
  const t = rootBetween((x) => studentCdf(x, df) - upper, 0, bound);
  return probability > 0.5 ? t : -t;
}

/**
 * Where an increasing function crosses zero, to a relative `tolerance`, by Ridders' method (1979): an exponential takes out the
 * curvature between the ends and the middle, so that digits double where halving finds one bit.
 */
export function rootBetween(
  increasing: (x: number) => number,
  low: number,
  high: number,
  tolerance = 1e-13,
): number {
  let [from, to] = [low, high];
  let [below, above] = [increasing(from), increasing(to)];
  let root = from;
  for (let step = 0; step < 200; step++) {
    const middle = (from + to) / 2;
    const between = increasing(middle);
    const next = middle + ((middle - from) * -between) / Math.sqrt(between ** 2 - below * above);
    const enough = tolerance * Math.max(1, Math.abs(root));
    if (!Number.isFinite(next) || Math.abs(next - root) <= enough || to - from <= enough) {
      return Number.isFinite(next) ? next : middle;
    }
    root = next;
    for (const [x, value] of [
      [middle, between],
      [next, increasing(next)],
    ] as const) {
      if (value < 0 && x > from) [from, below] = [x, value];
      if (value >= 0 && x < to) [to, above] = [x, value];
    }
  }
  return root;
}

/** P(Z <= z) for the standard normal distribution, to about 1e-15. */
export function normalCdf(z: number): number {
  if (z < 0) return 1 - normalCdf(-z);
  if (z > 38) return 1;
  // A series near zero, the continued fraction of Mills' ratio in the tail.
  const density = Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
  if (z < 3) {
    let term = z;
    let sum = z;
    for (let k = 1; Math.abs(term) > 1e-17 * sum; k++) {
      term *= (z * z) / (2 * k + 1);
      sum += term;
    }
    return 0.5 + density * sum;
  }
  let fraction = z;
  // The farther out, the fewer terms it takes.
  for (let k = Math.ceil(20 + 900 / (z * z)); k >= 1; k--) fraction = z + k / fraction;
  return 1 - density / fraction;
}

/**
 * P(T <= t) for the noncentral t distribution: T = (Z + delta) / sqrt(V / df), integrated over s = sqrt(V / df).
 * Good to about 1e-7, which is more than an interval with three digits needs.
 */
export function noncentralCdf(t: number, df: number, delta: number): number {
  const logScale = Math.log(2) + (df / 2) * Math.log(df / 2) - logGamma(df / 2);
  const density = (s: number): number =>
    s <= 0 ? 0 : Math.exp(logScale + (df - 1) * Math.log(s) - (df * s * s) / 2);
  const width = 1 / Math.sqrt(2 * df);
  const [from, to] = [Math.max(0, 1 - 14 * width), 1 + 14 * width];
  // The normal distribution function turns within 1/|t| of s: eight points there keep Simpson's rule exact enough.
  const intervals = 2 * Math.ceil(Math.max(500, 4 * Math.abs(t) * (to - from)));
  const step = (to - from) / intervals;
  let sum = 0;
  for (let index = 0; index <= intervals; index++) {
    const s = from + index * step;
    // At s = 0 and df = 1 the density is not zero but finite.
    const weight = index === 0 || index === intervals ? 1 : index % 2 === 1 ? 4 : 2;
    const here = s === 0 && df === 1 ? Math.exp(logScale) : density(s);
    sum += weight * here * normalCdf(t * s - delta);
  }
  return Math.min(1, Math.max(0, (sum * step) / 3));
}
