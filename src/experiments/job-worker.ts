/** The process of a job: takes one order, tells what happens, and ends. */
import { explainError } from '../runs/user-error.js';
import { startEngine } from '../tensorflow/engine.js';
import type { JobMessage, JobOrder } from './job-process.js';
import type { StudyEvent } from './study-event.js';
import { runStudyJob } from './study-job.js';
import { runJob } from './sweep/job.js';

const controller = new AbortController();
// Ctrl-C reaches the whole group of processes: the parent passes on what it means.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => controller.abort());
// Without the parent nobody wants the result; what was trained stands in its checkpoint.
process.on('disconnect', () => controller.abort());

function tell(message: JobMessage): void {
  if (process.connected) process.send?.(message);
}

const options = {
  signal: controller.signal,
  onEvent: (event: StudyEvent) => tell({ type: 'event', event }),
  onRemark: (remark: string) => tell({ type: 'remark', remark }),
};

async function idOf(order: JobOrder): Promise<string | null> {
  if (order.of === 'sweep') return (await runJob(order.job, order.context, options)).id;
  await runStudyJob(order.job, options);
  return null;
}

async function work(order: JobOrder): Promise<void> {
  try {
    startEngine();
    tell({ type: 'done', id: await idOf(order) });
  } catch (error) {
    tell({ type: 'failed', ...explainError(error) });
    process.exitCode = 1;
  } finally {
    if (process.connected) process.disconnect();
  }
}

process.once('message', (order: JobOrder) => void work(order));
