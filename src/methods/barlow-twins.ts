import { barlowTwins as barlowTwinsLoss, type BarlowTwinsOptions } from '../losses/barlow-twins.js';
import type { ProjectionMethod } from './method.js';

/**
 * Barlow Twins: the cross-correlation of two views' projections, over the batch, is pulled to the identity. It takes the
 * projections as they come, since it standardises each dimension itself; measures and L_equi see them on the sphere.
 *
 * @see Zbontar et al., Barlow Twins (ICML 2021).
 */
export function barlowTwins(options: BarlowTwinsOptions): ProjectionMethod {
  return {
    label: 'Barlow Twins',
    views: { first: { drawn: 'each' }, second: { drawn: 'each' } },
    network: null,
    loss(project) {
      const decorrelation = barlowTwinsLoss(project('first'), project('second'), options);
      return { total: decorrelation, terms: { barlowTwins: decorrelation } };
    },
  };
}
