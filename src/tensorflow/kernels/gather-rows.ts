/** Taking rows of a tensor, without the check in JavaScript by which tfjs-node reads every index back. */
import * as tf from '../tf.js';
import { rawOps } from './raw.js';

/** The plain twin of {@link gatherRows}. */
export function gatherRowsPlain<T extends tf.Tensor>(x: T, indices: tf.Tensor1D): T {
  return tf.gather(x, indices);
}

/**
 * The rows of `x` at `indices`, as in `x[indices]`. It has no gradient: it is for data.
 *
 * @param x - `[rows, ...]`
 * @param indices - int32 `[count]`, each from 0 to rows - 1; TensorFlow refuses others on a CPU.
 * @returns `[count, ...]`
 */
export function gatherRows<T extends tf.Tensor>(x: T, indices: tf.Tensor1D): T {
  const raw = rawOps();
  if (raw === null) return gatherRowsPlain(x, indices);
  const { op, attributes } = raw;
  const types = [
    attributes.type('Tparams', x.dtype === 'int32' ? 'int32' : 'float32'),
    attributes.type('Tindices', 'int32'),
    attributes.type('Taxis', 'int32'),
  ];
  return op('GatherV2', types, [x, indices, tf.scalar(0, 'int32')]) as T;
}
