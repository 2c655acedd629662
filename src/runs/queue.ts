/** Jobs that are done a few at a time, each tried again when it fails, until all are done or a signal says to stop. */

export interface QueueOptions<Job, Result> {
  readonly jobs: readonly Job[];
  /** Jobs at the same time; 1 or more. */
  readonly parallel: number;
  /** Times that a job is tried again after it failed. */
  readonly retries: number;
  /**
   * Does a job. It is to end soon after the signal came, in whatever way.
   *
   * @param attempt - counted from 1
   */
  readonly run: (job: Job, attempt: number, signal: AbortSignal | undefined) => Promise<Result>;
  readonly onEvent?: (event: QueueEvent<Result>) => void;
  /** Begins no more jobs. */
  readonly signal?: AbortSignal;
  /** Errors that trying again does not change, such as a setting that does not fit; none where left out. */
  readonly isFinal?: (error: unknown) => boolean;
}

/** What became of a job. */
export type Outcome<Result> =
  | { readonly state: 'done'; readonly result: Result; readonly attempts: number }
  | { readonly state: 'failed'; readonly error: Error; readonly attempts: number }
  /** Not begun, or begun and interrupted. */
  | { readonly state: 'stopped'; readonly attempts: number };

/** Job number `index`, counted from 0. */
export type QueueEvent<Result> =
  | { readonly type: 'started'; readonly index: number; readonly attempt: number }
  | { readonly type: 'retried'; readonly index: number; readonly error: Error }
  | { readonly type: 'ended'; readonly index: number; readonly outcome: Outcome<Result> };

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}

/** Does all jobs; the outcomes stand in the order of the jobs. A job that fails stops none of the others. */
export async function runQueue<Job, Result>(
  options: QueueOptions<Job, Result>,
): Promise<readonly Outcome<Result>[]> {
  const { jobs, parallel, retries, run, onEvent, signal, isFinal = () => false } = options;
  const outcomes: Outcome<Result>[] = jobs.map(() => ({ state: 'stopped', attempts: 0 }));

  async function attemptAll(job: Job, index: number): Promise<Outcome<Result>> {
    for (let attempt = 1; ; attempt++) {
      onEvent?.({ type: 'started', index, attempt });
      try {
        return { state: 'done', result: await run(job, attempt, signal), attempts: attempt };
      } catch (thrown) {
        const error = asError(thrown);
        if (signal?.aborted === true) return { state: 'stopped', attempts: attempt };
        if (attempt > retries || isFinal(thrown)) return { state: 'failed', error, attempts: attempt };
        onEvent?.({ type: 'retried', index, error });
      }
    }
  }

  let next = 0;
  async function worker(): Promise<void> {
    while (next < jobs.length && signal?.aborted !== true) {
      const index = next++;
      const outcome = await attemptAll(jobs[index] as Job, index);
      outcomes[index] = outcome;
      onEvent?.({ type: 'ended', index, outcome });
    }
  }
  await Promise.all(Array.from({ length: Math.min(Math.max(1, parallel), jobs.length) }, worker));
  return outcomes;
}
