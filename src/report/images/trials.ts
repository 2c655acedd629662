/** Trials of a measure, of methods beside each other: the same augmentations were applied to all of them. */
import type { Measurement } from '../../runs/record.js';
import type { TrialDot } from '../charts/trials.js';
import { mean } from '../charts/statistics.js';
import { runsOf, type Compared } from '../compared.js';

/** A column of a measurement's table as numbers; empty where it is not there. */
export function numbersIn(
  measurement: Measurement | undefined,
  table: string,
  column: string,
): readonly number[] {
  return (measurement?.tables?.[table]?.[column] ?? []).map(Number);
}

/** Where trials stand in records. */
export interface TrialColumn {
  readonly measure: string;
  readonly table: string;
  readonly column: string;
}

/** Every trial of every run of some methods, counted from 1. */
export function trialDots(
  compared: Compared,
  methods: readonly string[],
  { measure, table, column }: TrialColumn,
): readonly TrialDot[] {
  return methods.flatMap((method) =>
    runsOf(compared, method).flatMap(({ seed, record }) =>
      numbersIn(record.measurements[measure], table, column).map((value, i) => ({
        method,
        trial: i + 1,
        value,
        seed,
        run: record.id,
      })),
    ),
  );
}

/** Of one pretraining seed: ours minus the other in every trial. */
export interface TrialDifferences {
  readonly seed: number;
  readonly differences: readonly number[];
}

/** Differences trial by trial between runs of one seed; seeds that one of the two lacks are left out. */
export function trialDifferences(
  compared: Compared,
  [ours, other]: readonly [string, string],
  { measure, table, column }: TrialColumn,
): readonly TrialDifferences[] {
  const rivals = runsOf(compared, other);
  return runsOf(compared, ours).flatMap(({ seed, record }) => {
    const rival = rivals.find((run) => run.seed === seed);
    if (rival === undefined) return [];
    const own = numbersIn(record.measurements[measure], table, column);
    const others = numbersIn(rival.record.measurements[measure], table, column);
    if (own.length === 0 || own.length !== others.length) return [];
    return [{ seed, differences: own.map((value, i) => value - (others[i] ?? NaN)) }];
  });
}

/** Share of all trials of all seeds in which ours is lower; NaN for none. */
export function shareLower(trials: readonly TrialDifferences[]): number {
  const all = trials.flatMap(({ differences }) => differences);
  return mean(all.map((difference) => (difference < 0 ? 1 : 0)));
}

/** The value that a share of the numbers does not exceed: the smallest such one of them. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1))] ?? NaN;
}
