/** What a plan will take, by what runs like its own took before: those of the store, and those that the package brings. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { ExperimentPlan, Readiness } from '../experiments/study.js';
import type { RunRecord } from '../runs/record.js';
import { canonicalJson } from '../runs/canonical-json.js';
import { openStore, type RunStore } from '../runs/store.js';
import { PACKAGE_FOLDER } from './report-files.js';

export interface Needs {
  /** Of the runs for which there is something to go by. */
  readonly seconds: number;
  readonly bytes: number;
  /** Runs to make for which nothing is known. */
  readonly unknown: number;
}

/** Two checkpoints with weights and both of Adam's moments, and the weights at the end. */
const COPIES_OF_WEIGHTS = 7;
const FLOAT_BYTES = 4;
/** Record, metrics and what they lie in. */
const RECORD_BYTES = 300_000;

/** All records that tell how long a run takes. */
export function knownRecords(store: RunStore): readonly RunRecord[] {
  const brought = join(PACKAGE_FOLDER, 'reports', 'runs');
  const stores = existsSync(brought) ? [store, openStore(brought)] : [store];
  return stores.flatMap((each) =>
    each.list().flatMap((entry) => (entry.state === 'finished' ? [entry.record] : [])),
  );
}

function median(values: readonly number[]): number | null {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? null;
}

function largest(values: readonly number[]): number | null {
  return values.length === 0 ? null : Math.max(...values);
}

/**
 * What is left to do of a plan.
 *
 * @param seen - configurations of runs that are counted already; those of this plan are added.
 */
export function needsOf(
  plan: ExperimentPlan,
  { runs: states, steps }: Readiness,
  records: readonly RunRecord[],
  seen = new Set<string>(),
): Needs {
  let [seconds, bytes, unknown] = [0, 0, 0];
  for (const [i, run] of plan.runs.entries()) {
    const state = states[i];
    const key = canonicalJson(run.config);
    if (state === 'ready' || state === 'no data' || seen.has(key)) continue;
    seen.add(key);
    const alike = records.filter((record) => plan.alike(run, record));
    const perStep = median(
      alike.flatMap(({ trainingSeconds, steps: { done } }) => (done === 0 ? [] : [trainingSeconds / done])),
    );
    // The most of all: records that were measured for one figure alone would make it too short.
    const measuring = largest(
      alike.map(({ measurements }) =>
        Object.values(measurements).reduce((sum, measurement) => sum + measurement.seconds, 0),
      ),
    );
    const count = steps[i] ?? 0;
    if (measuring === null || (perStep === null && count > 0)) unknown += 1;
    const training = state === 'to measure' ? 0 : (perStep ?? 0) * count;
    seconds += training + (measuring ?? 0);
    const parameters = median(
      alike.flatMap(({ weights }) => (weights === undefined ? [] : [weights.parameters])),
    );
    const weights = state === 'to measure' ? 0 : COPIES_OF_WEIGHTS * FLOAT_BYTES * (parameters ?? 0);
    bytes += RECORD_BYTES + weights;
  }
  return { seconds, bytes, unknown };
}
