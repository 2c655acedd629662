import { describe, expect, it } from 'vitest';
import { checkNoneFailed, countStopped, type JobOutcome } from '../../src/cli/job-processes.js';
import { UserError } from '../../src/runs/user-error.js';

const done: JobOutcome = { state: 'done', result: null, attempts: 1 };
const stopped: JobOutcome = { state: 'stopped', attempts: 0 };
const failed = (message: string): JobOutcome => ({ state: 'failed', error: new Error(message), attempts: 2 });

describe('jobs in processes of their own', () => {
  it('that failed are named with the reason of each, and with what becomes of the others', () => {
    const outcomes = [done, failed('out of memory'), stopped, failed('no weights')];
    let problem: unknown;
    try {
      checkNoneFailed(outcomes, ['CARE', 'SimCLR', 'BYOL', 'E-SSL']);
    } catch (error) {
      problem = error;
    }
    expect(problem).toBeInstanceOf(UserError);
    expect(problem).toMatchObject({
      message: '2 of 4 runs failed:\n  SimCLR: out of memory\n  E-SSL: no weights',
      hint: 'The others are kept; the same command tries again what failed.',
    });
  });

  it('of which none failed pass, and those that were stopped are counted', () => {
    expect(() => checkNoneFailed([done, stopped], ['a', 'b'])).not.toThrow();
    expect(countStopped([done, stopped, failed('x'), stopped])).toBe(2);
    expect(countStopped([])).toBe(0);
  });
});
