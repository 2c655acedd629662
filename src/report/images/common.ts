/** What reports of pretraining on images have in common: which runs are compared. */
import { imageLabel, type ImageOutcome, type ImageResults } from '../../experiments/images/study.js';
import type { ImageMethod } from '../../experiments/images/config.js';
import type { Compared } from '../compared.js';
import { PAPER_DATA } from '../paper-numbers.js';
import type { VariedRun } from '../sensitivity.js';

/** Which runs of a plan: of one or several parts, and of some methods only. */
export interface Pick {
  readonly part: string | readonly string[];
  readonly methods?: readonly ImageMethod[];
}

/** The outcomes of a part, in the order of the plan. */
export function outcomesOf({ outcomes }: ImageResults, { part, methods }: Pick): readonly ImageOutcome[] {
  const parts = typeof part === 'string' ? [part] : part;
  return outcomes.filter(
    (outcome) => parts.includes(outcome.part) && (methods?.includes(outcome.method) ?? true),
  );
}

/** Labelled images that a set of the paper's has for training; fewer are a sample. STL10 has few, and more without labels. */
function wholeSet(name: string): number {
  return name === 'stl10' ? 5_000 : 50_000;
}

/**
 * Whether runs can have the paper's own setting: profile and preset `paper`, on the paper's sets of images, whole. A plan that
 * was changed by the user cannot.
 */
export function hasPaperSetting(
  { plan: { choice } }: ImageResults,
  outcomes: readonly ImageOutcome[],
): boolean {
  const changed = Object.keys(choice.overrides?.values ?? {}).length > 0;
  const known = outcomes.every(({ config }) => config.data.name in PAPER_DATA);
  const whole = outcomes.every(
    ({ record, config }) =>
      record === null || (!record.data.generated && record.data.items >= wholeSet(config.data.name)),
  );
  return choice.profile === 'paper' && choice.preset === 'paper' && !changed && known && whole;
}

/** Runs of one part that vary nothing but method and seed. */
export function comparedOf(results: ImageResults, pick: Pick): Compared {
  const outcomes = outcomesOf(results, pick).filter(({ variation }) => variation === null);
  return {
    noun: 'method',
    methods: [...new Set(outcomes.map(({ method }) => imageLabel(method)))],
    runs: outcomes.map(({ method, seed, record }) => ({ method: imageLabel(method), seed, record })),
    profile: results.plan.choice.profile,
    sameSetting: hasPaperSetting(results, outcomes),
  };
}

/** Runs of parts that vary a setting, and of those that they are compared with. */
export function variedRuns(results: ImageResults, pick: Pick): readonly VariedRun[] {
  return outcomesOf(results, pick).map(({ method, seed, record, variation, config }) => ({
    method: imageLabel(method),
    seed,
    record,
    variation,
    config,
  }));
}
