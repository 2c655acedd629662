import { describe, expect, it } from 'vitest';
import { defaultJobs, parseJobs, threadShare } from '../../src/cli/run-options.js';
import { libraryInPlace } from '../../src/tensorflow/setup/setup.js';

describe('runs at the same time', () => {
  const isCpu = (libraryInPlace()?.kind ?? 'cpu') === 'cpu';

  it.skipIf(!isCpu)('are one for each core where networks are small, up to eight', () => {
    expect([1, 2, 6, 64].map((cores) => defaultJobs('laptop', cores, 64e9))).toEqual([1, 2, 6, 8]);
    expect(defaultJobs('overnight', 4, 64e9)).toBe(4);
    // A run takes a gigabyte and a half at most.
    expect(defaultJobs('laptop', 8, 4e9)).toBe(2);
    expect(defaultJobs('laptop', 8, 1e9)).toBe(1);
  });

  it('are one where a run keeps the machine busy, or is over at once', () => {
    expect((['smoke', 'workstation', 'paper'] as const).map((profile) => defaultJobs(profile, 16))).toEqual([
      1, 1, 1,
    ]);
  });

  it('share the cores', () => {
    expect(threadShare(1)).toEqual({});
    expect(threadShare(100_000)).toEqual({ threads: 1 });
    expect(() => parseJobs('1.5')).toThrow('--jobs is "1.5"');
  });
});
