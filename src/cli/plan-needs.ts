/** What a plan will take, by what runs like its own took before: those of the store, and those that the package brings. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { ExperimentPlan, PlannedRun, Readiness } from '../experiments/study.js';
import type { RunRecord } from '../runs/record.js';
import { canonicalJson } from '../runs/canonical-json.js';
import { openStore, type RunStore } from '../runs/store.js';
import { PACKAGE_FOLDER } from './report-files.js';

export interface Needs {
  /** Of the runs for which there is something to go by. */
  readonly seconds: number;
  /** Of the one that takes longest. */
  readonly longest: number;
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

/** Names of what is measured of a run: what it asks for, and what all records like it have. */
function measuredOf({ measures }: PlannedRun, alike: readonly RunRecord[]): readonly string[] {
  const known = [...new Set(alike.flatMap(({ measurements }) => Object.keys(measurements)))];
  if (measures === undefined) return known;
  const always = known.filter((name) => alike.every(({ measurements }) => name in measurements));
  return [...new Set([...always, ...measures])];
}

/** Seconds that some measurements took; null where no record has one of them. */
function measuringSeconds(names: readonly string[], records: readonly RunRecord[]): number | null {
  const medians = names.map((name) =>
    median(records.flatMap(({ measurements }) => measurements[name]?.seconds ?? [])),
  );
  return medians.reduce((sum, seconds) => (sum === null || seconds === null ? null : sum + seconds), 0);
}

/**
 * What is left to do of a plan.
 *
 * @param seen - what was counted before, by configuration: a run that serves several plans is trained once, and measured
 *   for each. What this plan needs is added.
 */
export function needsOf(
  plan: ExperimentPlan,
  { runs: states, steps }: Readiness,
  records: readonly RunRecord[],
  seen = new Map<string, Set<string>>(),
): Needs {
  let [seconds, longest, bytes, unknown] = [0, 0, 0, 0];
  for (const [i, run] of plan.runs.entries()) {
    const state = states[i];
    if (state === 'ready' || state === 'no data') continue;
    const key = canonicalJson(run.config);
    const counted = seen.get(key);
    const isNew = counted === undefined;
    const alike = records.filter((record) => plan.alike(run, record));
    const names = measuredOf(run, alike).filter((name) => counted?.has(name) !== true);
    seen.set(key, new Set([...(counted ?? []), ...names]));
    const perStep = median(
      alike.flatMap(({ trainingSeconds, steps: { done } }) => (done === 0 ? [] : [trainingSeconds / done])),
    );
    const measuring = measuringSeconds(names, alike);
    const count = isNew && state !== 'to measure' ? (steps[i] ?? 0) : 0;
    if (isNew && (measuring === null || (perStep === null && count > 0))) unknown += 1;
    const own = (perStep ?? 0) * count + (measuring ?? 0);
    seconds += own;
    longest = Math.max(longest, own);
    if (!isNew) continue;
    const parameters = median(
      alike.flatMap(({ weights }) => (weights === undefined ? [] : [weights.parameters])),
    );
    const weights = state === 'to measure' ? 0 : COPIES_OF_WEIGHTS * FLOAT_BYTES * (parameters ?? 0);
    bytes += RECORD_BYTES + weights;
  }
  return { seconds, longest, bytes, unknown };
}
