/** Pooling over the points of a cloud, with a gradient that passes over memory once. */
import * as tf from '../tf.js';
import { rawOps } from './raw.js';

export type Pooling = 'mean' | 'max' | 'sum';

/** The plain twin of {@link poolPoints}. */
export function poolPointsPlain(x: tf.Tensor3D, pooling: Pooling): tf.Tensor2D {
  if (pooling === 'max') return tf.max(x, 1);
  return pooling === 'mean' ? tf.mean(x, 1) : tf.sum(x, 1);
}

/**
 * Mean, sum or maximum over the points of each cloud.
 *
 * The gradient of mean and sum is one `BroadcastTo`, where tfjs multiplies by a tensor of ones.
 *
 * @param x - `[batch, points, width]`
 * @returns `[batch, width]`
 */
export function poolPoints(x: tf.Tensor3D, pooling: Pooling): tf.Tensor2D {
  const raw = rawOps();
  if (raw === null || pooling === 'max') return poolPointsPlain(x, pooling);
  const { op, attributes } = raw;
  const pool = tf.customGrad((...args) => {
    const input = args[0] as tf.Tensor3D;
    const [batch, points, width] = input.shape;
    const gradFunc = (dy: tf.Tensor) => {
      const each = pooling === 'mean' ? tf.div(dy, points) : dy;
      const shape = tf.tensor1d([batch, points, width], 'int32');
      const types = [attributes.type('T', 'float32'), attributes.type('Tidx', 'int32')];
      return op('BroadcastTo', types, [tf.reshape(each, [batch, 1, width]), shape]);
    };
    return { value: poolPointsPlain(input, pooling), gradFunc };
  });
  return pool(x);
}
