/** The runs of an experiment in several processes at a time, with their progress. */
import { InterruptedError } from '../experiments/execute-run.js';
import type { ExperimentPlan, Readiness, StudyOptions } from '../experiments/study.js';
import { canonicalJson } from '../runs/canonical-json.js';
import { checkNoneFailed, countStopped, runJobProcesses } from './job-processes.js';

export interface StudyJobsOptions extends Pick<
  StudyOptions,
  'store' | 'dataDir' | 'execution' | 'signal' | 'onRemark'
> {
  /** Processes at the same time. */
  readonly parallel: number;
}

/** A process that died is begun again once: it goes on from the last checkpoint. */
const RETRIES = 1;

/**
 * The places of a plan's runs that are left to do, those of one configuration together: two processes cannot work on one
 * run.
 */
export function jobsOf(
  plan: Pick<ExperimentPlan, 'runs'>,
  { runs: states }: Pick<Readiness, 'runs'>,
): readonly (readonly number[])[] {
  const groups = new Map<string, number[]>();
  for (const [i, { config }] of plan.runs.entries()) {
    if (states[i] === 'ready' || states[i] === 'no data') continue;
    const key = canonicalJson(config);
    groups.set(key, [...(groups.get(key) ?? []), i]);
  }
  return [...groups.values()];
}

/**
 * Trains and measures what is missing of an experiment, several runs at a time.
 *
 * @throws InterruptedError when the signal came; UserError where runs failed, after all others were done.
 */
export async function runStudyJobs(
  experiment: string,
  plan: ExperimentPlan,
  ready: Readiness,
  { store, dataDir, execution = 'chained', signal, onRemark, parallel }: StudyJobsOptions,
): Promise<void> {
  const jobs = jobsOf(plan, ready);
  const labels = jobs.map(([first = 0]) => plan.runs[first]?.label ?? '');
  const common = { experiment, choice: plan.choice, store: store.dir, dataDir: dataDir ?? null, execution };
  const outcomes = await runJobProcesses({
    orders: jobs.map((runs) => ({ of: 'study', job: { ...common, runs } })),
    labels,
    parallel,
    retries: RETRIES,
    ...(signal === undefined ? {} : { signal }),
    ...(onRemark === undefined ? {} : { onRemark }),
  });
  checkNoneFailed(outcomes, labels);
  const stopped = countStopped(outcomes);
  if (stopped === 0) return;
  throw new InterruptedError(
    `Stopped with ${stopped} of ${outcomes.length} runs to do; the same command goes on from there.`,
  );
}
