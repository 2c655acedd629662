import { expect, it } from 'vitest';
import { jobsOf } from '../../src/cli/study-jobs.js';

const run = (config: object) => ({ label: 'run', seed: 0, variation: null, config: config as never });

it('leaves out what is ready or has no data, and keeps runs of one configuration in one process', () => {
  const runs = [
    run({ seed: 0, method: 'care' }),
    run({ seed: 0, method: 'simclr' }),
    // The same run, once more, in another part of the plan; the order of its keys does not matter.
    run({ method: 'care', seed: 0 }),
    run({ seed: 1, method: 'care' }),
    run({ seed: 2, method: 'care' }),
    run({ seed: 3, method: 'care' }),
  ];
  const states = ['to train', 'ready', 'to measure', 'no data', 'to continue', 'to measure'] as const;
  expect(jobsOf({ runs }, { runs: states })).toEqual([[0, 2], [4], [5]]);
  expect(jobsOf({ runs }, { runs: runs.map(() => 'ready' as const) })).toEqual([]);
});
