/** Runs in a process of their own: what takes it down takes none of the others with it. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { UserError } from '../runs/user-error.js';
import type { StudyEvent } from './study-event.js';
import type { StudyJob } from './study-job.js';
import type { SweepJob } from './sweep/grid.js';
import type { JobContext } from './sweep/job.js';

/** What the process is told: a run of a sweep, or some of an experiment's. */
export type JobOrder =
  | { readonly of: 'sweep'; readonly job: SweepJob; readonly context: JobContext }
  | { readonly of: 'study'; readonly job: StudyJob };

/** What it tells. */
export type JobMessage =
  | { readonly type: 'event'; readonly event: StudyEvent }
  | { readonly type: 'remark'; readonly remark: string }
  | { readonly type: 'done'; readonly id: string | null }
  | { readonly type: 'failed'; readonly message: string; readonly hint: string | null };

export interface JobProcessOptions {
  /** Tells the process to stop after its step, with a checkpoint. */
  readonly signal?: AbortSignal;
  readonly onEvent?: (event: StudyEvent) => void;
  readonly onRemark?: (remark: string) => void;
  /** Threads that TensorFlow takes; as many as there are cores where left out. */
  readonly threads?: number;
}

/** Text that a process wrote to stderr before it died: its end, where the reason stands. */
const KEPT = 2000;

/**
 * Does a job in a process of its own.
 *
 * @returns the id of a sweep's run; null for those of an experiment
 * @throws UserError for what trying again does not change; Error where the process died, with what it wrote last.
 */
export async function runJobProcess(
  order: JobOrder,
  options: JobProcessOptions = {},
): Promise<string | null> {
  const { signal, onEvent, onRemark, threads } = options;
  const env =
    threads === undefined ? process.env : { ...process.env, TF_NUM_INTRAOP_THREADS: String(threads) };
  const child = fork(new URL('./job-worker.js', import.meta.url), { silent: true, env });
  let answer: JobMessage | null = null;
  let last = '';
  child.stderr?.on('data', (text: Buffer) => (last = (last + text.toString()).slice(-KEPT)));
  child.stdout?.resume();
  child.on('message', (message: JobMessage) => {
    if (message.type === 'event') onEvent?.(message.event);
    else if (message.type === 'remark') onRemark?.(message.remark);
    else answer = message;
  });
  const stop = (): void => void child.kill('SIGTERM');
  signal?.addEventListener('abort', stop);
  try {
    child.send(order);
    // The channel is closed only after its last message was taken.
    const [[code, killedBy]] = (await Promise.all([once(child, 'exit'), once(child, 'disconnect')])) as [
      [number | null, NodeJS.Signals | null],
      unknown,
    ];
    return idIn(answer, code, killedBy, last.trim());
  } finally {
    signal?.removeEventListener('abort', stop);
  }
}

function idIn(
  answer: JobMessage | null,
  code: number | null,
  killedBy: NodeJS.Signals | null,
  last: string,
): string | null {
  if (answer?.type === 'done') return answer.id;
  if (answer?.type === 'failed') {
    const { message, hint } = answer;
    throw hint === null ? new Error(message) : new UserError(message, hint);
  }
  const how = killedBy === null ? `with status ${code ?? 'unknown'}` : `by ${killedBy}`;
  throw new Error(`The run's process ended ${how}.${last === '' ? '' : `\n${last}`}`);
}
