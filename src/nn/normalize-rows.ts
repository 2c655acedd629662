import * as tf from '../tensorflow/tf.js';

/** Rows shorter than this are divided by it instead of by their length, as in `torch.nn.functional.normalize`. */
const SHORTEST = 1e-12;

/**
 * Scales every row to length 1, `x / max(||x||, 1e-12)`: onto the unit sphere S^(d-1) (section 2 of the paper). A row of
 * zeros stays zero, and its gradient stays finite.
 *
 * @param x - `[rows, dim]`
 */
export function normalizeRows(x: tf.Tensor2D): tf.Tensor2D {
  const squares = tf.sum(tf.mul(x, x), 1, true);
  // Inside the root, so that the gradient at zero is finite.
  const length = tf.sqrt(tf.maximum(squares, SHORTEST * SHORTEST));
  return tf.div(x, length);
}
