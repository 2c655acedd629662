/** Learning-rate schedules: pure functions of the step, so that a resumed run goes on where it was. */

/** The factor by which the base learning rate is multiplied at a step counted from 0. */
export type Schedule = (step: number) => number;

export interface ScheduleOptions {
  /**
   * `constant`: 1. `cosine`: `(1 + cos(pi t / T)) / 2`, from 1 to 0 over the steps after warm-up. `step`: multiplied by
   * `decay` at each milestone.
   */
  readonly kind: 'constant' | 'cosine' | 'step';
  /** Steps of the whole training, warm-up among them. */
  readonly steps: number;
  readonly stepsPerEpoch: number;
  /** Whether the rate changes at every step, or at the start of every epoch as with most PyTorch code. `step` where left out. */
  readonly every?: 'step' | 'epoch';
  /**
   * Linear warm-up from `start` (1 / its length where left out) to 1, over so many steps or epochs; none where left out.
   * One in steps changes at every step, whatever `every` says.
   */
  readonly warmup?: { readonly length: number; readonly unit: 'steps' | 'epochs'; readonly start?: number };
  /** For `step`: the epochs at whose start the rate is multiplied, counted from the start of training. */
  readonly milestones?: readonly number[];
  /** For `step`: the factor at a milestone; 0.1 where left out. */
  readonly decay?: number;
}

function checkOptions({ steps, stepsPerEpoch, warmup, milestones = [] }: ScheduleOptions): void {
  const positive = { steps, stepsPerEpoch };
  for (const [name, value] of Object.entries(positive)) {
    if (!Number.isInteger(value) || value < 1) {
      throw new RangeError(`Schedule: ${name} is ${value}; give a whole number of 1 or more.`);
    }
  }
  if (warmup !== undefined && !(warmup.length >= 0)) {
    throw new RangeError(`Schedule: a warm-up of ${warmup.length} ${warmup.unit}; give 0 or more.`);
  }
  const start = warmup?.start ?? 0;
  if (!(start >= 0 && start <= 1)) {
    throw new RangeError(`Schedule: warm-up starts at ${start}; give a factor from 0 to 1.`);
  }
  if (milestones.some((epoch) => !(epoch >= 0))) {
    throw new RangeError(`Schedule: milestones ${milestones.join(', ')}; give epochs of 0 or more.`);
  }
}

/**
 * The schedule that the options describe, after PyTorch's `LinearLR`, `CosineAnnealingLR` and `MultiStepLR`, a warm-up
 * being followed by the rest as in `SequentialLR` (but milestones count from the start of training).
 *
 * @throws RangeError for numbers out of range.
 */
export function schedule(options: ScheduleOptions): Schedule {
  checkOptions(options);
  const { kind, steps, stepsPerEpoch, every = 'step', warmup, milestones = [], decay = 0.1 } = options;
  const inEpochs = warmup?.unit === 'epochs';
  const warm = (warmup?.length ?? 0) * (inEpochs ? stepsPerEpoch : 1);
  const start = warmup?.start ?? 1 / Math.max(1, warmup?.length ?? 1);

  return (step) => {
    const at = every === 'epoch' ? step - (step % stepsPerEpoch) : step;
    const warmAt = inEpochs ? at : step;
    if (warmAt < warm) return start + ((1 - start) * warmAt) / warm;
    if (kind === 'constant') return 1;
    if (kind === 'step') return decay ** milestones.filter((epoch) => at >= epoch * stepsPerEpoch).length;
    const done = Math.min(1, Math.max(0, at - warm) / Math.max(1, steps - warm));
    return (1 + Math.cos(Math.PI * done)) / 2;
  };
}
