import { infoNce } from '../losses/info-nce.js';
import { normalizeRows } from '../nn/normalize-rows.js';
import * as tf from '../tensorflow/tf.js';
import type { ProjectionMethod } from './method.js';

export interface SimclrSettings {
  readonly temperature: number;
  /**
   * Groups of the batch whose items are each other's negatives: 1 is the whole batch; the official code on N GPUs has N,
   * since it gathers no embeddings. Divides the batch.
   */
  readonly negativeGroups: number;
}

/**
 * InfoNCE of two views of projections, with the negatives of each group by itself, averaged over groups.
 *
 * @throws RangeError where the groups do not divide the batch.
 */
export function groupedInfoNce(
  first: tf.Tensor2D,
  second: tf.Tensor2D,
  { temperature, negativeGroups }: SimclrSettings,
): tf.Scalar {
  const batch = first.shape[0];
  if (!Number.isInteger(negativeGroups) || negativeGroups < 1 || batch % negativeGroups !== 0) {
    throw new RangeError(
      `infoNce: ${batch} rows cannot be cut into ${negativeGroups} groups of negatives; give a divisor of the batch.`,
    );
  }
  const [a, b] = [normalizeRows(first), normalizeRows(second)];
  if (negativeGroups === 1) return infoNce(a, b, { temperature });
  const [parts, others] = [tf.split(a, negativeGroups), tf.split(b, negativeGroups)];
  const losses = parts.map((part, i) =>
    infoNce(part as tf.Tensor2D, others[i] as tf.Tensor2D, { temperature }),
  );
  return tf.mul(tf.addN(losses), 1 / negativeGroups);
}

/**
 * SimCLR: InfoNCE of two views, each image under augmentations of its own.
 *
 * @see Chen et al., SimCLR (ICML 2020), equation 1; the InfoNCE term of CARE's Algorithm 1.
 */
export function simclr(settings: SimclrSettings): ProjectionMethod {
  return {
    label: 'SimCLR',
    views: { first: { drawn: 'each' }, second: { drawn: 'each' } },
    network: null,
    loss(project) {
      const contrast = groupedInfoNce(project('first'), project('second'), settings);
      return { total: contrast, terms: { infoNce: contrast } };
    },
  };
}
