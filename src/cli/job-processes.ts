/** Jobs in several processes at a time, with their progress. */
import { runJobProcess, type JobOrder } from '../experiments/job-process.js';
import { runQueue, type Outcome } from '../runs/queue.js';
import { UserError } from '../runs/user-error.js';
import { threadShare } from './run-options.js';
import { sweepProgress } from './sweep-progress.js';

export interface JobProcesses {
  /** What each process is told, and the names by which progress tells of them. */
  readonly orders: readonly JobOrder[];
  readonly labels: readonly string[];
  /** Processes at the same time. */
  readonly parallel: number;
  /** Times that a job is tried again after it failed: it goes on from its last checkpoint. */
  readonly retries: number;
  readonly signal?: AbortSignal;
  /** Default: a line of the progress. */
  readonly onRemark?: (remark: string) => void;
}

/** What became of a job; the result is what its process answered. */
export type JobOutcome = Outcome<string | null>;

/** Does all jobs; the outcomes stand in their order. */
export async function runJobProcesses(options: JobProcesses): Promise<readonly JobOutcome[]> {
  const { orders, labels, parallel, retries, signal, onRemark } = options;
  const progress = sweepProgress(labels);
  const numbers = new Map(orders.map((order, index) => [order, index]));
  // Every process loads the data, and remarks on them.
  const told = new Set<string>();
  const remarkOnce = (remark: string): void => {
    if (told.has(remark)) return;
    told.add(remark);
    (onRemark ?? progress.onRemark)(remark);
  };
  return runQueue<JobOrder, string | null>({
    jobs: orders,
    parallel,
    retries,
    ...(signal === undefined ? {} : { signal }),
    isFinal: (error) => error instanceof UserError,
    onEvent: progress.onQueue,
    run: (order, _, stop) =>
      runJobProcess(order, {
        ...threadShare(parallel),
        ...(stop === undefined ? {} : { signal: stop }),
        onEvent: (event) => progress.onJob(numbers.get(order) ?? 0, event),
        onRemark: remarkOnce,
      }),
  }).finally(progress.stop);
}

/** @throws UserError where jobs failed, with the reason of each. */
export function checkNoneFailed(outcomes: readonly JobOutcome[], labels: readonly string[]): void {
  const failures = outcomes.flatMap((outcome, i) =>
    outcome.state === 'failed' ? [`  ${labels[i] ?? ''}: ${outcome.error.message}`] : [],
  );
  if (failures.length === 0) return;
  throw new UserError(
    `${failures.length} of ${outcomes.length} runs failed:\n${failures.join('\n')}`,
    'The others are kept; the same command tries again what failed.',
  );
}

/** How many jobs were not done because of the signal. */
export function countStopped(outcomes: readonly JobOutcome[]): number {
  return outcomes.filter(({ state }) => state === 'stopped').length;
}
