/** Progress of runs in processes of their own: a bar over all of them and what each one at hand is at; lines elsewhere. */
import cliProgress from 'cli-progress';
import type { StudyEvent } from '../experiments/study-event.js';
import type { QueueEvent } from '../runs/queue.js';
import { detailText, shareDone } from './study-progress.js';

export interface SweepProgress {
  readonly onQueue: (event: QueueEvent<unknown>) => void;
  /** What run number `index` is at. */
  readonly onJob: (index: number, event: StudyEvent) => void;
  readonly onRemark: (remark: string) => void;
  readonly stop: () => void;
}

/** Milliseconds between two lines of a run where there is no terminal to redraw. */
const LINE_INTERVAL = 30_000;

function linesProgress(labels: readonly string[], write: (line: string) => void): SweepProgress {
  const shownAt = new Map<number, number>();
  const named = (index: number) => `[${index + 1}/${labels.length}] ${labels[index] ?? ''}`;
  return {
    onQueue(event) {
      if (event.type === 'ended') write(`${named(event.index)}: ${event.outcome.state}`);
      if (event.type === 'retried')
        write(`${named(event.index)}: failed, tried again (${event.error.message})`);
    },
    onJob(index, event) {
      const now = Date.now();
      if (event.phase === 'ready' || now - (shownAt.get(index) ?? 0) < LINE_INTERVAL) return;
      shownAt.set(index, now);
      write(`${named(index)}: ${detailText(event)}`);
    },
    onRemark: (remark) => write(`note: ${remark}`),
    stop: () => undefined,
  };
}

function barProgress(labels: readonly string[]): SweepProgress {
  const shares = labels.map(() => 0);
  const details = new Map<number, string>();
  let ended = 0;
  const bar = new cliProgress.SingleBar({
    format: '{bar} {percentage}%  {ended}/{runs} runs  {detail}',
    barsize: 18,
    hideCursor: true,
    fps: 4,
    clearOnComplete: true,
    linewrap: false,
  });
  bar.start(labels.length, 0, { ended, runs: labels.length, detail: 'loading' });
  const update = (): void => {
    const detail = [...details.values()].join('  |  ');
    bar.update(
      shares.reduce((a, b) => a + b, 0),
      { ended, runs: labels.length, detail },
    );
  };
  return {
    onQueue(event) {
      if (event.type !== 'ended') return;
      ended++;
      shares[event.index] = 1;
      details.delete(event.index);
      update();
    },
    onJob(index, event) {
      shares[index] = shareDone(event);
      details.set(index, `${labels[index] ?? ''}: ${detailText(event)}`);
      update();
    },
    onRemark: () => undefined,
    stop: () => bar.stop(),
  };
}

/** The display that suits where the output goes. */
export function sweepProgress(labels: readonly string[]): SweepProgress {
  return process.stderr.isTTY
    ? barProgress(labels)
    : linesProgress(labels, (line) => process.stderr.write(`${line}\n`));
}
