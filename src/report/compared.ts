/** Runs of several methods beside each other, of any experiment: what was measured, seed by seed. */
import type { Estimate, Measurement, RunRecord } from '../runs/record.js';
import { brief, mean } from './charts/statistics.js';

/** Stands where there is no run that could give a number. */
export const NOT_RUN = 'not run';

/** A measured quantity: where records keep it, and how it is spoken of. */
export interface Quantity {
  readonly measure: string;
  /** Its name in the measurement; of a quantity that is derived, a name of its own. */
  readonly estimate: string;
  readonly title: string;
  readonly unit?: string;
  /** Name on the upright axis of a small chart that has the title above it, where the unit does not serve. */
  readonly axis?: string;
  readonly lowerIsBetter: boolean;
  readonly scale?: 'linear' | 'log';
  /** Reads it off the tables of the measurement, where no estimate holds it. */
  readonly derive?: (measurement: Measurement) => number | undefined;
}

/** A run with the name that charts give its method; its record is null where it was not run. */
export interface ComparedRun {
  readonly method: string;
  readonly seed: number;
  readonly record: RunRecord | null;
}

/** Runs of several methods that differ in nothing but method and seed. */
export interface Compared {
  /** What tables call a method, e.g. `encoder`: key and title of their first column. */
  readonly noun: string;
  /** The methods of the plan, in the order in which charts and tables list them. */
  readonly methods: readonly string[];
  readonly runs: readonly ComparedRun[];
  readonly profile: string;
  /** Whether the runs have the paper's own setting, without which nothing is *reproduced*. */
  readonly sameSetting: boolean;
}

function isNumber(value: number | null | undefined): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

/** What a record says of a quantity; undefined without a record, or where it was not measured. */
export function estimateOf(record: RunRecord | null, quantity: Quantity): Estimate | undefined {
  const measurement = record?.measurements[quantity.measure];
  if (measurement === undefined) return undefined;
  const derived = quantity.derive?.(measurement);
  const found = quantity.derive === undefined ? measurement.estimates[quantity.estimate] : { value: derived };
  // JSON has no NaN: what was none when it was measured is null in a record.
  return found === undefined || !isNumber(found.value) ? undefined : { ...found, value: found.value };
}

/** The runs of a method that have a record, in the order of the plan. */
export function runsOf(
  { runs }: Compared,
  method: string,
): readonly (ComparedRun & { readonly record: RunRecord })[] {
  return runs.flatMap((run) =>
    run.method === method && run.record !== null ? [{ ...run, record: run.record }] : [],
  );
}

/** Records of several runs, those that there are. */
export function recordsOf(runs: readonly { readonly record: RunRecord | null }[]): readonly RunRecord[] {
  return runs.flatMap(({ record }) => (record === null ? [] : [record]));
}

/** The pretraining seeds of a method that have a quantity, with its value in each. */
export function valuesBySeed(compared: Compared, method: string, quantity: Quantity): readonly SeedValue[] {
  return runsOf(compared, method).flatMap(({ record, seed }) => {
    const value = estimateOf(record, quantity)?.value;
    return value === undefined ? [] : [{ seed, value }];
  });
}

/** A value of one pretraining seed. */
export interface SeedValue {
  readonly seed: number;
  readonly value: number;
}

/** Values of two methods, of the seeds that both have. */
export function pairSeeds(
  ours: readonly SeedValue[],
  others: readonly SeedValue[],
): readonly { readonly seed: number; readonly ours: number; readonly other: number }[] {
  const bySeed = new Map(others.map(({ seed, value }) => [seed, value]));
  return ours.flatMap(({ seed, value }) => {
    const other = bySeed.get(seed);
    return other === undefined ? [] : [{ seed, ours: value, other }];
  });
}

/** Values of a quantity, one a pretraining seed. */
export function seedValues(compared: Compared, method: string, quantity: Quantity): readonly number[] {
  return valuesBySeed(compared, method, quantity).map(({ value }) => value);
}

/** Means of a quantity, method by method, as the end of a sentence; `not run` where none has it. */
export function comparedMeans(
  compared: Compared,
  quantity: Quantity,
  methods: readonly string[] = compared.methods,
): string {
  const parts = methods.flatMap((method) => {
    const values = seedValues(compared, method, quantity);
    return values.length === 0 ? [] : [`${method} ${brief(mean(values))}`];
  });
  return parts.length === 0 ? NOT_RUN : parts.join(', ');
}

/** Methods with their mean of a quantity, the best first; those without a value are left out. */
export function ranking(
  compared: Compared,
  quantity: Quantity,
): readonly { readonly method: string; readonly value: number }[] {
  const sign = quantity.lowerIsBetter ? 1 : -1;
  return compared.methods
    .map((method) => ({ method, value: mean(seedValues(compared, method, quantity)) }))
    .filter(({ value }) => Number.isFinite(value))
    .sort((a, b) => sign * (a.value - b.value));
}

/** A number in so many significant digits for a cell of a table; null where there is none. */
export function cellOf(value: number | undefined, digits: number): number | null {
  return value === undefined || !Number.isFinite(value) ? null : Number(value.toPrecision(digits));
}
