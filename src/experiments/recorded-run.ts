/** A run of the store as it was recorded, to be measured again without its plan. */
import { closest } from '../runs/closest.js';
import type { DataProvenance, Measurement, RunRecord } from '../runs/record.js';
import type { RunSpec } from '../runs/store.js';
import { UserError } from '../runs/user-error.js';

/** What a measure finds; name, settings, key and time are added by whoever asked for it. */
export type Findings = Pick<Measurement, 'estimates' | 'tables'>;

/** The specification of a recorded run: it has the same id. */
export function specOfRecord(record: RunRecord): RunSpec {
  const { experiment, label, profile, preset, config, seeds, data, code, execution, steps } = record;
  return {
    experiment,
    label,
    profile,
    preset,
    config,
    seeds,
    data,
    code,
    execution,
    plannedSteps: steps.planned,
  };
}

/** @throws UserError unless the data that were found are those that the run was trained on. */
export function checkSameData(record: RunRecord, found: DataProvenance): void {
  if (record.data.sha256 === found.sha256) return;
  throw new UserError(
    `Run ${record.id} (${record.label}) was made from other data: ${record.data.name}, sha256 ` +
      `${record.data.sha256.slice(0, 12)}; found is ${found.name}, ${found.sha256.slice(0, 12)}.`,
    'Point --data-dir or CARE_DATA_DIR at the folder that the run was trained with.',
  );
}

/** @throws UserError for a run that is not trained to its end. */
export function checkFinished(record: RunRecord): void {
  if (record.status === 'finished') return;
  throw new UserError(
    `Run ${record.id} (${record.label}) is ${record.status}, so it has no weights to measure.`,
    'Train it to its end first: the command that began it goes on with it.',
  );
}

/** The names that were asked for, all where none were. @throws UserError for a name that is none, with the nearest. */
export function checkedNames<Name extends string>(
  given: readonly string[],
  known: readonly Name[],
  experiment: string,
): readonly Name[] {
  return given.map((name) => {
    const found = known.find((each) => each === name);
    if (found !== undefined) return found;
    const near = closest(name, known);
    const hint = `There is ${known.join(', ')}.`;
    throw new UserError(
      `There is no measure "${name}" for runs of ${experiment}.`,
      near === null ? hint : `Did you mean "${near}"? ${hint}`,
    );
  });
}
