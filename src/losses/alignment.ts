import * as tf from '../tensorflow/tf.js';
import { checkViews } from './check-batch.js';

/** Distances below this count as no distance: the gradient there is 0. */
const COINCIDENT = 1e-15;

const rowDistances = tf.customGrad((a, b, save) => {
  const difference = tf.sub(a as tf.Tensor2D, b as tf.Tensor2D);
  const distance = tf.sqrt(tf.sum(tf.square(difference), 1, true));
  (save as tf.GradSaveFunc)([difference, distance]);
  return {
    value: tf.reshape(distance, [-1]),
    gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
      const [savedDifference, savedDistance] = saved as [tf.Tensor, tf.Tensor];
      const direction = tf.div(savedDifference, tf.maximum(savedDistance, COINCIDENT));
      const toFirst = tf.mul(tf.reshape(dy, savedDistance.shape), direction);
      return [toFirst, tf.neg(toFirst)];
    },
  };
});

/**
 * L_inv, the alignment part: the mean Euclidean distance between the two views of an item.
 *
 * `L_inv = 1/B sum_b || f(a(x_b)) - f(a'(x_b)) ||`
 *
 * Where two rows coincide the distance has no derivative; the gradient used there is 0, the smallest subgradient, so
 * it is finite everywhere (the composition of square root and square would give 0/0).
 *
 * @param first embeddings `[batch, dim]`.
 * @param second embeddings `[batch, dim]` of the same items, in the same order.
 * @returns a scalar >= 0, at most 2 on the unit sphere.
 * @throws RangeError on shapes that do not match.
 * @see L_inv of CARE; Wang and Isola (2020), who square the distance by default.
 */
export function alignment(first: tf.Tensor2D, second: tf.Tensor2D): tf.Scalar {
  checkViews('alignment', first, second, 1, 'since a mean over nothing is undefined');
  return tf.mean<tf.Scalar>(rowDistances(first, second));
}
