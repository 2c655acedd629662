/** The runs of an experiment in several processes at a time, with their progress. */
import { runJobProcess } from '../experiments/job-process.js';
import { InterruptedError } from '../experiments/execute-run.js';
import type { ExperimentPlan, Readiness, StudyOptions } from '../experiments/study.js';
import { canonicalJson } from '../runs/canonical-json.js';
import { runQueue, type Outcome } from '../runs/queue.js';
import { UserError } from '../runs/user-error.js';
import { threadShare } from './run-options.js';
import { sweepProgress } from './sweep-progress.js';

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
  const numbers = new Map(jobs.map((job, index) => [job, index]));
  const progress = sweepProgress(labels);
  const outcomes = await runQueue<readonly number[], unknown>({
    jobs,
    parallel,
    retries: RETRIES,
    ...(signal === undefined ? {} : { signal }),
    isFinal: (error) => error instanceof UserError,
    onEvent: progress.onQueue,
    run: (runs, _, stop) =>
      runJobProcess(
        {
          of: 'study',
          job: {
            experiment,
            choice: plan.choice,
            runs,
            store: store.dir,
            dataDir: dataDir ?? null,
            execution,
          },
        },
        {
          ...threadShare(parallel),
          ...(stop === undefined ? {} : { signal: stop }),
          onEvent: (event) => progress.onJob(numbers.get(runs) ?? 0, event),
          onRemark: onRemark ?? progress.onRemark,
        },
      ),
  }).finally(progress.stop);
  conclude(outcomes, labels);
}

function conclude(outcomes: readonly Outcome<unknown>[], labels: readonly string[]): void {
  const failures = outcomes.flatMap((outcome, i) =>
    outcome.state === 'failed' ? [`  ${labels[i] ?? ''}: ${outcome.error.message}`] : [],
  );
  if (failures.length > 0) {
    throw new UserError(
      `${failures.length} of ${outcomes.length} runs failed:\n${failures.join('\n')}`,
      'The others are kept; the same command tries again what failed.',
    );
  }
  const stopped = outcomes.filter(({ state }) => state === 'stopped').length;
  if (stopped > 0) {
    throw new InterruptedError(
      `Stopped with ${stopped} of ${outcomes.length} runs to do; the same command goes on from there.`,
    );
  }
}
