import { describe, expect, it } from 'vitest';
import type { StudyEvent } from '../../src/experiments/study-event.js';
import { progressOf } from '../../src/notebook/image-runs.js';

const event: StudyEvent = { index: 2, runs: 4, label: 'CARE seed 2', phase: 'training' };

describe('progressOf', () => {
  it('counts the runs before, and the part of the one at hand', () => {
    const at = (step: number) =>
      progressOf({
        ...event,
        progress: { step, steps: 50, values: { loss: 1.5 }, viewsPerSecond: 1, seconds: 1, secondsLeft: 1 },
      });
    expect(at(25)).toEqual({
      step: 2500,
      of: 4000,
      losses: { loss: 1.5 },
      note: 'CARE seed 2: training, run 3 of 4',
    });
    expect(at(50).step).toBe(3000);
  });

  it('has a run that is measured, or ready, at its end', () => {
    expect(progressOf({ ...event, phase: 'measuring' })).toMatchObject({ step: 3000, losses: {} });
    expect(progressOf({ ...event, index: 3, phase: 'ready' })).toMatchObject({ step: 4000, of: 4000 });
  });
});
