/** Progress of an experiment's runs in a terminal: two lines on a TTY, a line now and then elsewhere. */
import cliProgress from 'cli-progress';
import type { StudyEvent } from '../experiments/study-event.js';
import { durationText } from './text-table.js';

export interface StudyProgress {
  readonly onEvent: (event: StudyEvent) => void;
  readonly stop: () => void;
}

/** Milliseconds between two lines where there is no terminal to redraw. */
const LINE_INTERVAL = 15_000;

function lossText(values: Readonly<Record<string, number>>): string {
  return Object.entries(values)
    .filter(([name]) => name !== 'loss')
    .map(([name, value]) => `${name} ${value.toPrecision(3)}`)
    .join('  ');
}

/** What the run at hand is at: steps, each loss apart, views a second, time left. */
export function detailText({ phase, progress }: StudyEvent): string {
  if (phase !== 'training' || progress === undefined) return phase;
  const { step, steps, epoch, epochs, values, viewsPerSecond, secondsLeft } = progress;
  const speed = `${Math.round(viewsPerSecond)} views/s`;
  const at = epoch === undefined ? '' : `epoch ${epoch}/${epochs ?? epoch}  `;
  return `${at}step ${step}/${steps}  ${lossText(values)}  ${speed}  ${durationText(secondsLeft)} left`;
}

/** How much of all runs is done: those before, and the part of the one at hand. */
export function shareDone({ index, runs, phase, progress }: StudyEvent): number {
  const part =
    phase === 'ready'
      ? 1
      : phase === 'measuring'
        ? 0.95
        : (0.9 * (progress?.step ?? 0)) / (progress?.steps ?? 1);
  return (index + part) / runs;
}

function linesProgress(write: (line: string) => void): StudyProgress {
  let shownAt = 0;
  return {
    onEvent(event) {
      const now = Date.now();
      if (event.phase !== 'ready' && now - shownAt < LINE_INTERVAL) return;
      shownAt = now;
      write(`[${event.index + 1}/${event.runs}] ${event.label}: ${detailText(event)}`);
    },
    stop: () => undefined,
  };
}

function barProgress(): StudyProgress {
  const bar = new cliProgress.SingleBar({
    format: '{bar} {percentage}%  run {run}/{runs}  {label}  {detail}',
    barsize: 18,
    hideCursor: true,
    fps: 4,
    clearOnComplete: true,
    linewrap: false,
  });
  bar.start(1, 0, { run: 1, runs: 1, label: '', detail: 'loading' });
  return {
    onEvent(event) {
      const payload = {
        run: event.index + 1,
        runs: event.runs,
        label: event.label,
        detail: detailText(event),
      };
      bar.update(shareDone(event), payload);
    },
    stop: () => bar.stop(),
  };
}

/** The display that suits where the output goes. */
export function studyProgress(): StudyProgress {
  return process.stderr.isTTY ? barProgress() : linesProgress((line) => process.stderr.write(`${line}\n`));
}
