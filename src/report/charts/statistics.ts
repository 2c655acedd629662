/** Mean of numbers; NaN for none. */
export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Sample standard deviation (divisor n - 1); NaN for fewer than two values. */
export function standardDeviation(values: readonly number[]): number {
  if (values.length < 2) return Number.NaN;
  const centre = mean(values);
  const squares = values.reduce((sum, value) => sum + (value - centre) ** 2, 0);
  return Math.sqrt(squares / (values.length - 1));
}

/** Smallest and largest finite value; [0, 1] for none, so that a chart of nothing still has axes. */
export function extent(values: readonly number[]): readonly [number, number] {
  let low = Infinity;
  let high = -Infinity;
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return low <= high ? [low, high] : [0, 1];
}

/** A number for a sentence: up to `digits` significant digits, no trailing zeros, no exponent near 1. */
export function brief(value: number, digits = 3): string {
  if (!Number.isFinite(value)) return 'not a number';
  const rounded = Number(value.toPrecision(digits));
  const size = Math.abs(rounded);
  const plain = rounded === 0 || (size >= 1e-4 && size < 1e6);
  return (plain ? String(rounded) : rounded.toExponential()).replace('-', '\u2212');
}

/** The same number in fewer digits, for drawing: a picture does not need more. */
export function drawn(value: number): number {
  return Number(value.toPrecision(5));
}
