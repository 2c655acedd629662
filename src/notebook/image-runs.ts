/** The runs of an experiment on images, for a cell: found in the store, or trained with a progress display. */
import { collectImages, runImages, type ImagePlan, type ImageResults } from '../experiments/images/study.js';
import type { StudyOptions } from '../experiments/study.js';
import type { StudyEvent } from '../experiments/study-event.js';
import type { RunRecord } from '../runs/record.js';
import type { RunStore } from '../runs/store.js';
import { startEngine } from '../tensorflow/engine.js';
import { progressDisplay, type ProgressState } from './progress-display.js';

export interface FetchOptions {
  readonly store: RunStore;
  /** Whether to train and measure what is missing; otherwise a missing run stays *not run*. */
  readonly train: boolean;
  /** Title of the progress display. */
  readonly title: string;
}

/** Parts into which a run is divided by the bar. */
const PARTS = 1000;

/** Where an event stands in the bar over all runs. */
export function progressOf({ index, runs, label, phase, progress }: StudyEvent): ProgressState {
  const done = phase === 'training' ? (progress?.step ?? 0) / (progress?.steps ?? 1) : 1;
  return {
    step: index * PARTS + Math.round(PARTS * done),
    of: runs * PARTS,
    losses: progress?.values ?? {},
    note: `${label}: ${phase}, run ${index + 1} of ${runs}`,
  };
}

/** How the results of a plan are had: from records alone, or by training and measuring what is missing. */
export interface Fetching<Results> {
  readonly collect: (records: readonly RunRecord[]) => Results;
  readonly run: (options: StudyOptions) => Promise<Results>;
}

/**
 * Results with a progress display while something is trained.
 *
 * @throws InterruptedError when the cell was stopped; UserError for data, settings or folders that do not serve.
 */
export async function fetchWith<Results>(
  { store, train, title }: FetchOptions,
  { collect, run }: Fetching<Results>,
): Promise<Results> {
  if (!train) return collect(store.list().flatMap((entry) => ('record' in entry ? [entry.record] : [])));
  startEngine();
  const display = progressDisplay(title);
  const remarks = new Set<string>();
  try {
    const results = await run({
      store,
      onEvent: (event) => display.update(progressOf(event)),
      onRemark: (remark) => remarks.add(remark),
    });
    display.finish();
    remarks.forEach((remark) => console.log(remark));
    return results;
  } catch (error) {
    display.fail(error instanceof Error ? error.message : String(error));
    throw error;
  }
}

/**
 * The runs of a plan with their records.
 *
 * @throws InterruptedError when the cell was stopped; UserError for data, settings or folders that do not serve.
 */
export async function fetchImages(plan: ImagePlan, options: FetchOptions): Promise<ImageResults> {
  return fetchWith(options, {
    collect: (records) => collectImages(plan, records),
    run: (study) => runImages(plan, study),
  });
}
