import * as tf from '../tensorflow/tf.js';
import { checkBatch } from './check-batch.js';
import { logSumExp } from './log-sum-exp.js';

/**
 * Cross-entropy of a classifier, `L = -1/n sum_i log softmax(logits_i)[label_i]`.
 *
 * @param logits `[n, classes]`.
 * @param labels whole numbers from 0 to classes - 1, int32 `[n]`.
 * @returns a scalar >= 0, in nats.
 * @throws RangeError when the lengths do not match.
 */
export function crossEntropy(logits: tf.Tensor2D, labels: tf.Tensor1D): tf.Scalar {
  const { batch, dim } = checkBatch(
    'crossEntropy',
    'logits',
    logits,
    1,
    'since a mean over nothing is undefined',
  );
  if (labels.size !== batch) {
    throw new RangeError(
      `crossEntropy: labels have shape [${labels.shape.join(', ')}]; give one for each of the ${batch} rows of logits.`,
    );
  }
  const isLabel = tf.equal(tf.reshape(labels, [batch, 1]), tf.range(0, dim, 1, 'int32'));
  const chosen = tf.sum(tf.mul(logits, tf.cast(isLabel, 'float32')), 1);
  return tf.mean<tf.Scalar>(tf.sub(logSumExp(logits), chosen));
}
