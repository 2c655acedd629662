/** What reports of pretraining on images have in common: which runs are compared. */
import { imageLabel, type ImageOutcome, type ImageResults } from '../../experiments/images/study.js';
import type { ImageMethod } from '../../experiments/images/config.js';
import { recordsOf, type Compared } from '../compared.js';
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

/**
 * Whether runs can have the paper's own setting: the profile `paper`, on real images. A plan that was changed by the user
 * cannot.
 */
export function hasPaperSetting(
  { plan: { choice } }: ImageResults,
  outcomes: readonly ImageOutcome[],
): boolean {
  const changed = Object.keys(choice.overrides?.values ?? {}).length > 0;
  return choice.profile === 'paper' && !changed && recordsOf(outcomes).every(({ data }) => !data.generated);
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
