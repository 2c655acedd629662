/** Cutting a tensor into runs of rows whose lengths are themselves a tensor, so that a recorded step can vary them. */
import * as tf from '../tf.js';
import { rawOps } from './raw.js';

/** The plain twin of {@link splitRows}. It reads the sizes, so that it cannot be recorded. */
export function splitRowsPlain<T extends tf.Tensor>(x: T, sizes: tf.Tensor1D): T[] {
  return tf.split(x, Array.from(sizes.dataSync()), 0);
}

/**
 * Consecutive runs of rows of `x`. It has no gradient: it is for data.
 *
 * What follows must not depend on the number of rows that the tensors have in JavaScript: in a recorded step it is that
 * of the recording. Ops without a shape among their arguments do not.
 *
 * @param x - `[rows, ...]`
 * @param sizes - int32 `[parts]`: the rows of each part, together all rows; 0 is allowed.
 */
export function splitRows<T extends tf.Tensor>(x: T, sizes: tf.Tensor1D): T[] {
  const raw = rawOps();
  if (raw === null) return splitRowsPlain(x, sizes);
  const { ops, attributes } = raw;
  const [parts] = sizes.shape;
  const types = [
    attributes.int('num_split', parts),
    attributes.type('T', x.dtype === 'int32' ? 'int32' : 'float32'),
    attributes.type('Tlen', 'int32'),
  ];
  return ops('SplitV', types, [x, sizes, tf.scalar(0, 'int32')], parts) as T[];
}
