import * as tf from '../tensorflow/tf.js';
import { checkBatch, checkTemperature, checkViews } from './check-batch.js';
import type { InfoNceOptions } from './info-nce.js';
import { logSumExp } from './log-sum-exp.js';

/**
 * InfoNCE against a queue, as in MoCo: the positive of a query is the key of the same item, its negatives are the keys in
 * the queue.
 *
 * `L = -1/B sum_i log( exp(q_i.k_i / tau) / (exp(q_i.k_i / tau) + sum_j exp(q_i.n_j / tau)) )`
 *
 * @param queries embeddings `[batch, dim]`, rows on the unit sphere.
 * @param keys embeddings `[batch, dim]` of another view of the same items by the momentum encoder.
 * @param queue keys of items of earlier steps, `[size, dim]`.
 * @returns a scalar >= 0, in nats. Gradients reach all three; MoCo takes that of the queries alone.
 * @throws RangeError on shapes that do not match, an empty queue, or a temperature <= 0.
 * @see He et al., MoCo (CVPR 2020), equation 1; Chen et al., MoCo-v2 (2020).
 */
export function queueInfoNce(
  queries: tf.Tensor2D,
  keys: tf.Tensor2D,
  queue: tf.Tensor2D,
  { temperature }: InfoNceOptions,
): tf.Scalar {
  const { dim } = checkViews('queueInfoNce', queries, keys, 1, 'since a mean over nothing is undefined');
  const held = checkBatch('queueInfoNce', 'queue', queue, 1, 'since there are no negatives without it');
  if (held.dim !== dim) {
    throw new RangeError(
      `queueInfoNce: the queue has shape [${queue.shape.join(', ')}], but embeddings have ${dim} columns; the queue ` +
        'holds embeddings, so both must agree.',
    );
  }
  checkTemperature('queueInfoNce', temperature);
  const scaled = tf.mul<tf.Tensor2D>(queries, 1 / temperature);
  const positive = tf.sum(tf.mul(scaled, keys), 1, true);
  const negative = tf.matMul(scaled, queue, false, true);
  const normaliser = logSumExp(tf.concat([positive, negative], 1));
  return tf.mean<tf.Scalar>(tf.sub(normaliser, tf.reshape(positive, [-1])));
}
