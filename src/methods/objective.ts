/**
 * The objectives of the paper's ablation: every subset of invariance, uniformity and equivariance (section 5.4, Figures 3
 * and 10). InfoNCE is the first two in one; CARE is InfoNCE with equivariance.
 */
import { alignment } from '../losses/alignment.js';
import { equivariance, type EquivarianceReduction } from '../losses/equivariance.js';
import { infoNce } from '../losses/info-nce.js';
import { uniformity } from '../losses/uniformity.js';
import * as tf from '../tensorflow/tf.js';

/** The losses that an objective adds up. */
export type Term = 'infoNce' | 'alignment' | 'uniformity' | 'equivariance';

/** The paper's names of the subsets, with the terms of each. */
export const OBJECTIVES = {
  care: ['infoNce', 'equivariance'],
  simclr: ['infoNce'],
  'l-unif': ['uniformity'],
  'l-unif+l-equi': ['uniformity', 'equivariance'],
  'l-inv': ['alignment'],
  'l-equi': ['equivariance'],
  'l-inv+l-unif': ['alignment', 'uniformity'],
  'l-inv+l-equi': ['alignment', 'equivariance'],
  'l-inv+l-unif+l-equi': ['alignment', 'uniformity', 'equivariance'],
} as const satisfies Readonly<Record<string, readonly Term[]>>;

export type ObjectiveName = keyof typeof OBJECTIVES;

export interface ObjectiveOptions {
  /** tau of InfoNCE and of L_unif: the same number, so that L_unif is InfoNCE without its positives. */
  readonly temperature: number;
  /** Weight of L_equi beside the other terms. */
  readonly lambda: number;
  /** Chunks of the batch that draw one pair of augmentations each (`n_split`). */
  readonly chunks: number;
  readonly reduction: EquivarianceReduction;
}

/** The embeddings of a step, `[batch, dim]` each; a pair is computed only when a term asks for it. */
export interface ObjectiveViews {
  /** Two views, every item under its own augmentations. */
  readonly each: () => readonly [tf.Tensor2D, tf.Tensor2D];
  /** Two views, all items of a chunk under the same augmentations. */
  readonly chunked: () => readonly [tf.Tensor2D, tf.Tensor2D];
}

export interface ObjectiveLoss {
  readonly total: tf.Scalar;
  readonly terms: Readonly<Partial<Record<Term, tf.Scalar>>>;
}

/** Views that an objective sends through the encoder in a step. */
export function viewsPerItem(name: ObjectiveName): number {
  const terms: readonly Term[] = OBJECTIVES[name];
  return (terms.some((term) => term !== 'equivariance') ? 2 : 0) + (terms.includes('equivariance') ? 2 : 0);
}

/**
 * The objective's loss: its terms with weight 1, L_equi with weight lambda (Algorithm 1).
 */
export function objectiveLoss(
  name: ObjectiveName,
  views: ObjectiveViews,
  options: ObjectiveOptions,
): ObjectiveLoss {
  const names: readonly Term[] = OBJECTIVES[name];
  const terms: Partial<Record<Term, tf.Scalar>> = {};
  if (names.some((term) => term !== 'equivariance')) {
    const [first, second] = views.each();
    const { temperature } = options;
    if (names.includes('infoNce')) terms.infoNce = infoNce(first, second, { temperature });
    if (names.includes('alignment')) terms.alignment = alignment(first, second);
    if (names.includes('uniformity')) terms.uniformity = uniformity(first, second, { temperature });
  }
  if (names.includes('equivariance')) {
    const [first, second] = views.chunked();
    terms.equivariance = equivariance(first, second, options);
  }
  const weighted = Object.entries(terms).map(([term, value]) =>
    term === 'equivariance' ? tf.mul<tf.Scalar>(value, options.lambda) : value,
  );
  return { total: tf.addN(weighted), terms };
}
