import { alignment } from '../losses/alignment.js';
import { uniformity } from '../losses/uniformity.js';
import { normalizeRows } from '../nn/normalize-rows.js';
import * as tf from '../tensorflow/tf.js';
import type { ProjectionMethod } from './method.js';

/** The parts of InfoNCE that an ablation keeps; L_equi is added as CARE's term. */
export type AblationTerm = 'alignment' | 'uniformity';

/**
 * The ablation without L_equi: L_inv, L_unif, both, or, as the base of L_equi alone, neither.
 *
 * L_unif has the temperature of InfoNCE, so that it is InfoNCE without its positives.
 *
 * @see CARE, section 5.4, Figures 10 to 16.
 */
export function ablation(
  kept: readonly AblationTerm[],
  { temperature }: { readonly temperature: number },
): ProjectionMethod {
  const words = { alignment: 'L_inv', uniformity: 'L_unif' } as const;
  return {
    label: kept.map((term) => words[term]).join(' + '),
    views: kept.length === 0 ? {} : { first: { drawn: 'each' }, second: { drawn: 'each' } },
    network: null,
    loss(project) {
      if (kept.length === 0) return { total: tf.scalar(0), terms: {} };
      const [first, second] = [normalizeRows(project('first')), normalizeRows(project('second'))];
      const terms = Object.fromEntries(
        kept.map((term) => [
          term,
          term === 'alignment' ? alignment(first, second) : uniformity(first, second, { temperature }),
        ]),
      );
      return { total: tf.addN(Object.values(terms)), terms };
    },
  };
}
