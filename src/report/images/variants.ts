/** Runs that vary a setting, as methods of their own beside the main ones. */
import { imageLabel, type ImageOutcome, type ImageResults } from '../../experiments/images/study.js';
import type { RunVariation } from '../../experiments/study.js';
import type { Compared } from '../compared.js';
import { hasPaperSetting, outcomesOf, type Pick } from './common.js';

/** How a varied setting stands behind a method's name; the theme draws such names in the method's colour. */
function suffixOf({ setting, value }: RunVariation): string {
  const name = setting === 'training.lambda' ? '\u03bb' : setting;
  return `, ${name} ${JSON.stringify(value)}`;
}

type Varied = { readonly [Key in 'method' | 'variation']: ImageOutcome[Key] };

/** A run's method with what it varies, e.g. `CARE, λ 0.1`. */
export function variantLabel({ method, variation }: Varied): string {
  return `${imageLabel(method)}${variation === null ? '' : suffixOf(variation)}`;
}

/** The runs of parts, those that vary a setting as methods of their own. */
export function comparedVariants(results: ImageResults, pick: Pick): Compared {
  const outcomes = outcomesOf(results, pick);
  return {
    noun: 'method',
    methods: [...new Set(outcomes.map(variantLabel))],
    runs: outcomes.map((outcome) => ({
      method: variantLabel(outcome),
      seed: outcome.seed,
      record: outcome.record,
    })),
    profile: results.plan.choice.profile,
    sameSetting: hasPaperSetting(results, outcomes),
  };
}
