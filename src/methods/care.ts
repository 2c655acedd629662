import { checkWeight } from '../losses/check-weight.js';
import { equivariance, type EquivarianceOptions } from '../losses/equivariance.js';
import { normalizeRows } from '../nn/normalize-rows.js';
import * as tf from '../tensorflow/tf.js';
import type { Method, MethodLoss, Project, Views } from './method.js';

export interface CareSettings extends EquivarianceOptions {
  /** Weight of L_equi, >= 0; it means nothing without `reduction`. */
  readonly lambda: number;
}

const CHUNKED: Views = { chunkedFirst: { drawn: 'chunk' }, chunkedSecond: { drawn: 'chunk' } };

function withTerm(base: MethodLoss, project: Project, settings: CareSettings): MethodLoss {
  const [first, second] = [project('chunkedFirst'), project('chunkedSecond')];
  const term = equivariance(normalizeRows(first), normalizeRows(second), settings);
  const weighted = tf.mul<tf.Scalar>(term, settings.lambda);
  const isAlone = Object.keys(base.terms).length === 0;
  return {
    total: isAlone ? weighted : tf.add(base.total, weighted),
    terms: { ...base.terms, equivariance: term },
  };
}

/**
 * A method with CARE's term: `L = L_method + lambda L_equi`.
 *
 * L_equi takes two more views, all images of a chunk under the same augmentations, through the network that is trained,
 * whatever the method does with its own; and it takes their projections on the unit sphere, where the paper has f, also
 * where the method itself does not normalise (Barlow Twins, BYOL).
 *
 * @throws RangeError for a negative lambda.
 * @see CARE, Algorithm 1 (on SimCLR) and Table 1 (on MoCo-v2 and Barlow Twins).
 */
export function withCare(method: Method, settings: CareSettings): Method {
  checkWeight('CARE', 'lambda', settings.lambda, 0.01);
  const views = { ...method.views, ...CHUNKED };
  if (method.network === null) {
    const { loss } = method;
    return { ...method, views, loss: (project: Project) => withTerm(loss(project), project, settings) };
  }
  const { loss } = method;
  return { ...method, views, loss: (project, step) => withTerm(loss(project, step), project, settings) };
}
