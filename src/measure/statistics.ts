import type { Estimate, UncertaintyKind } from '../runs/record.js';

/** Arithmetic mean. @throws RangeError when there are no values. */
export function mean(values: ArrayLike<number>): number {
  if (values.length === 0) throw new RangeError('mean: there are no values.');
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i] ?? NaN;
  return sum / values.length;
}

/** Sample standard deviation (divided by n - 1), or undefined for fewer than two values. */
export function sampleSd(values: ArrayLike<number>): number | undefined {
  if (values.length < 2) return undefined;
  const centre = mean(values);
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += ((values[i] ?? NaN) - centre) ** 2;
  return Math.sqrt(sum / (values.length - 1));
}

/** The mean of repeated values with their sample standard deviation, and over what they were repeated. */
export function estimateOver(values: ArrayLike<number>, kind: UncertaintyKind, unit?: string): Estimate {
  const sd = sampleSd(values);
  return {
    value: mean(values),
    ...(unit === undefined ? {} : { unit }),
    ...(sd === undefined ? {} : { sd }),
    n: values.length,
    kind,
  };
}
