/** The process of a sweep's run: takes one order, tells what happens, and ends. */
import { explainError } from '../../runs/user-error.js';
import { startEngine } from '../../tensorflow/engine.js';
import type { JobMessage, JobOrder } from './job-process.js';
import { runJob } from './job.js';

const controller = new AbortController();
// Ctrl-C reaches the whole group of processes: the parent passes on what it means.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => controller.abort());
// Without the parent nobody wants the result; what was trained stands in its checkpoint.
process.on('disconnect', () => controller.abort());

function tell(message: JobMessage): void {
  if (process.connected) process.send?.(message);
}

async function work({ job, context }: JobOrder): Promise<void> {
  try {
    startEngine();
    const record = await runJob(job, context, {
      signal: controller.signal,
      onEvent: (event) => tell({ type: 'event', event }),
      onRemark: (remark) => tell({ type: 'remark', remark }),
    });
    tell({ type: 'done', id: record.id });
  } catch (error) {
    tell({ type: 'failed', ...explainError(error) });
    process.exitCode = 1;
  } finally {
    if (process.connected) process.disconnect();
  }
}

process.once('message', (order: JobOrder) => void work(order));
