/** Some runs of an experiment's plan, to be brought to their end beside others that other processes work on. */
import { openStore } from '../runs/store.js';
import type { Execution } from '../tensorflow/compile.js';
import { experimentsNamed } from './experiments.js';
import type { StudyChoice, StudyOptions } from './study.js';

/** What a process needs to know of them. */
export interface StudyJob {
  readonly experiment: string;
  readonly choice: StudyChoice;
  /** Their places in the plan. */
  readonly runs: readonly number[];
  /** Folder of the store. */
  readonly store: string;
  readonly dataDir: string | null;
  readonly execution: Execution;
}

/**
 * Trains and measures the runs, or finds them.
 *
 * @throws InterruptedError when the signal came; UserError for data or settings that do not serve.
 */
export async function runStudyJob(
  { experiment: name, choice, runs, store, dataDir, execution }: StudyJob,
  options: Pick<StudyOptions, 'signal' | 'onEvent' | 'onRemark'> = {},
): Promise<void> {
  for (const experiment of experimentsNamed([name])) {
    await experiment
      .plan(choice)
      .only(runs)
      .carryOut({
        ...options,
        store: openStore(store),
        execution,
        ...(dataDir === null ? {} : { dataDir }),
      });
  }
}
