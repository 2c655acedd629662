import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { studyProgress } from '../../src/cli/study-progress.js';
import type { StudyEvent } from '../../src/experiments/study-event.js';

let written = '';
const wasTerminal = process.stderr.isTTY;

beforeEach(() => {
  written = '';
  vi.useFakeTimers({ now: 1_000_000 });
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    written += String(text);
    return true;
  });
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  process.stderr.isTTY = wasTerminal;
});

function training(step: number, index = 0): StudyEvent {
  return {
    index,
    runs: 4,
    label: `CARE seed ${index}`,
    phase: 'training',
    progress: {
      step,
      steps: 600,
      values: { loss: 5, infoNce: 4.12345, equivariance: 0.000123456 },
      seconds: 3,
      viewsPerSecond: 1234.56,
      secondsLeft: 75,
    },
  };
}

describe('progress where the output is no terminal', () => {
  beforeEach(() => {
    process.stderr.isTTY = false;
  });
  const lines = () => written.split('\n').slice(0, -1);

  it('is a line with run, step, each term, speed and time left', () => {
    studyProgress().onEvent(training(120));
    expect(lines()).toEqual([
      '[1/4] CARE seed 0: step 120/600  infoNce 4.12  equivariance 0.000123  1235 views/s  1 min 15 s left',
    ]);
  });

  it('is a line every 15 seconds, and one at the end of each run', () => {
    const { onEvent, stop } = studyProgress();
    onEvent(training(1));
    vi.advanceTimersByTime(14_999);
    onEvent(training(2));
    expect(lines()).toHaveLength(1);
    vi.advanceTimersByTime(1);
    onEvent(training(3));
    expect(lines()).toHaveLength(2);
    onEvent({ index: 0, runs: 4, label: 'CARE seed 0', phase: 'measuring' });
    expect(lines()).toHaveLength(2);
    onEvent({ index: 0, runs: 4, label: 'CARE seed 0', phase: 'ready' });
    expect(lines().at(-1)).toBe('[1/4] CARE seed 0: ready');
    stop();
    expect(lines()).toHaveLength(3);
  });
});

describe('progress in a terminal', () => {
  beforeEach(() => {
    process.stderr.isTTY = true;
  });

  /** What the bar shows last, without the codes that move the cursor. */
  function shown(events: readonly StudyEvent[]): string {
    written = '';
    const progress = studyProgress();
    for (const event of events) {
      progress.onEvent(event);
      vi.advanceTimersByTime(1000);
    }
    const seen = written;
    progress.stop();
    const codes = new RegExp(`${String.fromCharCode(27)}\\[[0-9;?]*[A-Za-z]|\\r|\\n`);
    return (
      seen
        .split(codes)
        .filter((part) => part.includes('%'))
        .at(-1) ?? ''
    );
  }

  it('is a bar with the share of all runs and what the one at hand is at', () => {
    const text = shown([training(300, 1)]);
    expect(text).toContain('run 2/4  CARE seed 1  step 300/600');
    expect(text).toContain('infoNce 4.12  equivariance 0.000123  1235 views/s  1 min 15 s left');
    // One run of four is done, and of the second half of the training, which counts .9 of it: (1 + .45) / 4.
    expect(text).toContain(' 36% ');
  });

  it('reaches the whole with the last run, and never goes back on the way', () => {
    const last = { index: 3, runs: 4, label: 'CARE seed 3' };
    const shares = [
      training(0, 3),
      training(600, 3),
      { ...last, phase: 'measuring' as const },
      { ...last, phase: 'ready' as const },
    ].map((event) => Number(/(\d+)%/.exec(shown([event]))?.[1]));
    expect(shares).toEqual([75, 97, 98, 100]);
    expect(shown([{ ...last, phase: 'ready' }])).toContain('run 4/4  CARE seed 3  ready');
  });
});
