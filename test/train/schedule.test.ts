import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { schedule, type ScheduleOptions } from '../../src/train/schedule.js';

// Made by test/golden/schedules.py.
const golden = JSON.parse(
  readFileSync(new URL('../golden/schedules.json', import.meta.url), 'utf8'),
) as Record<'cosine20' | 'multiStep' | 'warmCosine' | 'warmConstant', number[]>;

function expectFactors(options: ScheduleOptions, expected: readonly number[]): void {
  const factor = schedule(options);
  expected.forEach((value, step) => expect(factor(step), `step ${step}`).toBeCloseTo(value, 9));
}

const times = (count: number, values: readonly number[]) =>
  values.flatMap((value) => new Array<number>(count).fill(value));

describe('a schedule against PyTorch', () => {
  it('is CosineAnnealingLR at every step', () =>
    expectFactors({ kind: 'cosine', steps: 20, stepsPerEpoch: 4 }, golden.cosine20));

  it('is CosineAnnealingLR stepped once an epoch', () =>
    expectFactors(
      { kind: 'cosine', steps: 60, stepsPerEpoch: 3, every: 'epoch' },
      times(3, golden.cosine20),
    ));

  it('is MultiStepLR, whether asked by step or by epoch', () => {
    const options = { kind: 'step', steps: 60, stepsPerEpoch: 5, milestones: [3, 7, 8] } as const;
    expectFactors(options, times(5, golden.multiStep));
    expectFactors({ ...options, every: 'epoch' }, times(5, golden.multiStep));
  });

  it('is LinearLR, then CosineAnnealingLR over the rest', () => {
    const options = { kind: 'cosine', steps: 20, stepsPerEpoch: 4 } as const;
    expectFactors({ ...options, warmup: { length: 5, unit: 'steps' } }, golden.warmCosine);
    const epochs = { kind: 'cosine', steps: 40, stepsPerEpoch: 2, every: 'epoch' } as const;
    expectFactors(
      { ...epochs, warmup: { length: 5, unit: 'epochs', start: 0.2 } },
      times(2, golden.warmCosine),
    );
  });

  it('is LinearLR, then 1', () =>
    expectFactors(
      { kind: 'constant', steps: 10, stepsPerEpoch: 2, warmup: { length: 2, unit: 'epochs', start: 0.25 } },
      golden.warmConstant,
    ));
});

describe('a schedule by hand', () => {
  it('warms up by the step, though the rest changes by the epoch', () =>
    // Four steps from 1/4: 1/4, 7/16, 10/16, 13/16; then the cosine over 8 steps after them, changing at 5 and 10.
    expectFactors(
      {
        kind: 'cosine',
        steps: 12,
        stepsPerEpoch: 5,
        every: 'epoch',
        warmup: { length: 4, unit: 'steps' },
      },
      [
        ...[1 / 4, 7 / 16, 10 / 16, 13 / 16, 1],
        ...times(5, [(1 + Math.cos(Math.PI / 8)) / 2]),
        (1 + Math.cos((Math.PI * 6) / 8)) / 2,
      ],
    ));

  it('counts milestones from the start of training, warm-up or not', () =>
    expectFactors(
      {
        kind: 'step',
        steps: 6,
        stepsPerEpoch: 1,
        milestones: [3, 4],
        decay: 0.5,
        warmup: { length: 2, unit: 'steps', start: 0 },
      },
      [0, 0.5, 1, 0.5, 0.25, 0.25],
    ));

  it('stays at zero after the end of a cosine', () => {
    const factor = schedule({ kind: 'cosine', steps: 10, stepsPerEpoch: 1 });
    expect([factor(10), factor(25)]).toEqual([0, 0]);
  });
});

describe('any schedule', () => {
  it('lies between 0 and 1, and falls once it is warm', () => {
    const options = fc.record({
      kind: fc.constantFrom('constant' as const, 'cosine' as const, 'step' as const),
      steps: fc.integer({ min: 1, max: 60 }),
      stepsPerEpoch: fc.integer({ min: 1, max: 9 }),
      every: fc.constantFrom('step' as const, 'epoch' as const),
      warmup: fc.record({
        length: fc.integer({ min: 0, max: 9 }),
        unit: fc.constantFrom('steps' as const, 'epochs' as const),
      }),
      milestones: fc.array(fc.nat(9)),
    });
    fc.assert(
      fc.property(options, (given) => {
        const factor = schedule(given);
        const values = Array.from({ length: given.steps }, (_, step) => factor(step));
        expect(values.every((value) => value >= 0 && value <= 1)).toBe(true);
        const warm = given.warmup.length * (given.warmup.unit === 'epochs' ? given.stepsPerEpoch : 1);
        values.slice(warm).forEach((value, i, all) => expect(value).toBeLessThanOrEqual(all[i - 1] ?? 1));
      }),
    );
  });

  it.each([
    [{ steps: 0 }, /steps is 0/],
    [{ stepsPerEpoch: 1.5 }, /stepsPerEpoch is 1.5/],
    [{ warmup: { length: -1, unit: 'steps' as const } }, /warm-up of -1 steps/],
    [{ warmup: { length: 1, unit: 'steps' as const, start: 2 } }, /starts at 2/],
    [{ milestones: [-3] }, /milestones -3/],
  ])('refuses %j', (wrong, message) => {
    expect(() => schedule({ kind: 'step', steps: 3, stepsPerEpoch: 1, ...wrong })).toThrow(message);
  });
});
