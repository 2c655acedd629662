import { describe, expect, it } from 'vitest';
import { repeatsFinding } from '../../src/report/protein-repeats.js';
import type { ProteinResults, ProteinRun } from '../../src/experiments/protein/study.js';
import type { RunRecord } from '../../src/runs/record.js';
import { plainValues, resultsOf, type Values } from './fixtures/protein-results.js';

/** Roundness of the second computation and, by seed, of the first. */
const NOW: Readonly<Record<string, readonly number[]>> = { care: [0.4, 0.5], simclr: [0.3, 0.2] };
const BEFORE: Readonly<Record<string, readonly number[]>> = { care: [0.37, 0.54], simclr: [0.3, 0.2] };

const withRoundness =
  (roundness: typeof NOW): Values =>
  (run, estimate) =>
    estimate === 'roundness' ? roundness[run.encoder]?.[run.seed] : plainValues(run, estimate);

const onMachine =
  (cpu: string, intraOpThreads: number) =>
  (record: RunRecord): RunRecord => ({
    ...record,
    sessions: record.sessions.map((session) => ({
      ...session,
      environment: { ...session.environment, cpu, intraOpThreads },
    })),
  });

/** Results of which the main runs of some encoders were computed before. */
function computedTwice(of: (run: ProteinRun) => boolean): ProteinResults {
  const now = resultsOf({ values: withRoundness(NOW), change: onMachine('Quick 9', 1) });
  const before = resultsOf({ values: withRoundness(BEFORE), change: onMachine('Slow 1', 0) });
  return {
    ...now,
    outcomes: now.outcomes.map((outcome, i) => {
      const record = before.outcomes[i]?.record ?? null;
      return record === null || !of(outcome) ? outcome : { ...outcome, earlier: [record] };
    }),
  };
}

const compared = ({ encoder, variation }: ProteinRun) =>
  variation === null && (encoder === 'care' || encoder === 'simclr');

describe('what computing runs again changed', () => {
  it('is the root mean square of the differences, beside the standard deviation over seeds', () => {
    const [text = ''] = repeatsFinding(computedTwice(compared));
    expect(text).toContain('Of 4 trained runs');
    expect(text).toContain(
      'on Slow 1 with all cores (commit 0123456789), then on Quick 9 with one thread (commit 0123456789)',
    );
    expect(text).toContain('They differ in processor and number of threads, which can change');
    // sqrt((.03^2 + .04^2) / 2) = .0354; the standard deviation of .4 and .5 is .0707.
    expect(text).toContain('0.035 for CARE (over seeds: 0.071)');
    expect(text).toContain('0 for SimCLR (over seeds: 0.071)');
  });

  it('compares CARE with SimCLR in both computations', () => {
    const [text = ''] = repeatsFinding(computedTwice(compared));
    // Differences .07 and .34 before, .1 and .3 now; two seeds, so t = 12.7 and the intervals are wide.
    expect(text).toMatch(/less SimCLR\u2019s is \+0\.2 \[.*\] in the first computation and \+0\.2 \[/);
    expect(text).toContain('Only more seeds settle that.');
    const alone = repeatsFinding(computedTwice((run) => compared(run) && run.encoder === 'care'));
    expect(alone[0]).not.toContain('SimCLR');
  });

  it('gives the seeds that were computed once by themselves', () => {
    const twice = computedTwice(compared);
    const outcomes = [10, 11].flatMap((by) =>
      twice.outcomes.flatMap(({ earlier: _, ...outcome }) =>
        outcome.variation === null ? [{ ...outcome, seed: outcome.seed + by * 2 }] : [],
      ),
    );
    const [text = ''] = repeatsFinding({ ...twice, outcomes: [...twice.outcomes, ...outcomes] });
    expect(text).toMatch(
      /computed once, 20, 21, 22 and 23, give \+0\.20 \[0\.02, 0\.38\] by themselves; they were added after/,
    );
  });

  it('compares the first of several computations with the last, and tells a change of the code', () => {
    const twice = computedTwice(compared);
    const outcomes = twice.outcomes.map((outcome) => {
      const [before] = outcome.earlier ?? [];
      if (before === undefined) return outcome;
      const between = { ...before, measurements: {} };
      const newer = {
        ...before,
        sessions: outcome.record?.sessions ?? [],
        code: { ...before.code, trainingHash: 'other' },
      };
      return { ...outcome, earlier: [between, newer] };
    });
    const [text = ''] = repeatsFinding({ ...twice, outcomes });
    expect(text).toContain('They differ in version of the code, which');
    expect(text).toContain('0.035 for CARE');
  });

  it('is silent where nothing was computed twice, or one seed alone', () => {
    expect(repeatsFinding(resultsOf())).toEqual([]);
    expect(repeatsFinding(computedTwice((run) => compared(run) && run.seed === 0))).toEqual([]);
    expect(repeatsFinding(computedTwice(({ variation }) => variation !== null))).toEqual([]);
  });
});
