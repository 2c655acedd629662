import { describe, expect, it } from 'vitest';
import { needsOf } from '../../src/cli/plan-needs.js';
import { planColorSensitivity } from '../../src/experiments/images/color-sensitivity.js';
import { experimentPlan } from '../../src/experiments/images/study.js';
import type { PlannedRun, RunReadiness } from '../../src/experiments/study.js';
import type { RunRecord } from '../../src/runs/record.js';
import { imageResultsOf } from '../report/fixtures/image-results.js';

const plan = planColorSensitivity({ profile: 'smoke', preset: 'paper' });
/** Its runs ask for nothing by name: what records like them have is measured. */
const whole = { ...experimentPlan(plan), runs: plan.runs.map(({ measures: _, ...run }) => run) };
const { outcomes } = imageResultsOf(plan, {
  found: () => ({ a: { estimates: {} }, b: { estimates: {} } }),
  // Two measures of a second each; training of 20 steps takes 40 s, 2 s a step.
  change: (record) => ({
    ...record,
    trainingSeconds: 40,
    weights: { file: 'w', sha256: 'x', parameters: 1000 },
  }),
});
const records = outcomes.flatMap(({ record }) => (record === null ? [] : [record]));
const only = (method: string): readonly RunRecord[] =>
  outcomes.flatMap(({ record, method: own }) => (record !== null && own === method ? [record] : []));
const states = (of: (index: number) => RunReadiness) => plan.runs.map((_, i) => of(i));
const needs = (runs: readonly RunReadiness[], known: readonly RunRecord[]) =>
  needsOf(whole, { runs, steps: plan.runs.map(() => 10), data: [] }, known);

describe('needsOf', () => {
  it('wants nothing for what is there, or cannot be run', () => {
    expect(
      needs(
        states((i) => (i === 0 ? 'no data' : 'ready')),
        records,
      ),
    ).toEqual({
      seconds: 0,
      longest: 0,
      bytes: 0,
      unknown: 0,
    });
  });

  it('adds up steps and measures of runs like the planned ones', () => {
    const one = states((i) => (i === 0 ? 'to train' : 'ready'));
    // 10 steps of 2 s, and 2 s of measures; a record, and 7 copies of 1000 numbers of 4 bytes.
    expect(needs(one, records)).toEqual({ seconds: 22, longest: 22, bytes: 328_000, unknown: 0 });
    const measure = states((i) => (i === 0 ? 'to measure' : 'ready'));
    // What was trained takes no more room than its record.
    expect(needs(measure, records)).toMatchObject({ seconds: 2, bytes: 300_000 });
  });

  it('counts a run once that several plans share', () => {
    const seen = new Map<string, Set<string>>();
    const ready = { runs: states(() => 'to train'), steps: plan.runs.map(() => 10), data: [] };
    expect(needsOf(whole, ready, records, seen).seconds).toBe(22 * plan.runs.length);
    expect(needsOf(whole, ready, records, seen)).toEqual({ seconds: 0, longest: 0, bytes: 0, unknown: 0 });
  });

  it('counts the measures that a run asks for, and those that every record like it has', () => {
    const asking = {
      ...whole,
      runs: plan.runs.slice(0, 1).map((run): PlannedRun => ({ ...run, measures: ['wahba'] })),
    };
    const one = { runs: ['to train'] as const, steps: [10], data: [] };
    const measured = (measurements: RunRecord['measurements']) =>
      only('care').map((record, i) => (i === 0 ? { ...record, measurements } : record));
    const [first] = only('care');
    const { a } = first?.measurements ?? {};
    if (a === undefined) throw new Error('the fixture has a measurement a');
    // `b` is not in every record and nobody asked for it: 20 s of steps, 1 s of `a`, 5 s of `wahba`.
    const known = measured({ a, wahba: { ...a, seconds: 5 } });
    const seen = new Map<string, Set<string>>();
    expect(needsOf(asking, one, known, seen).seconds).toBe(26);
    // Another plan has the run measured further: training is counted already.
    const further = {
      ...asking,
      runs: asking.runs.map((run) => ({ ...run, measures: ['wahba', 'probe'] })),
    };
    const withProbe = measured({ a, wahba: { ...a, seconds: 5 }, probe: { ...a, seconds: 7 } });
    expect(needsOf(further, one, withProbe, seen)).toEqual({ seconds: 7, longest: 7, bytes: 0, unknown: 0 });
    // One that no record has is not guessed.
    expect(needsOf(further, one, known).unknown).toBe(1);
  });

  it('does not guess what no record tells', () => {
    const all = states(() => 'to train');
    const care = plan.runs.filter(({ method }) => method === 'care').length;
    expect(needs(all, only('care'))).toMatchObject({
      seconds: 22 * care,
      unknown: plan.runs.length - care,
    });
    expect(needs(all, [])).toMatchObject({ seconds: 0, unknown: plan.runs.length });
  });
});
