/** The rectifier with a gradient of one op; tfjs composes it of five. */
import * as tf from '../tf.js';
import { rawOps } from './raw.js';

/** The plain twin of {@link relu}. */
export function reluPlain<T extends tf.Tensor>(x: T): T {
  return tf.relu(x);
}

/** `max(x, 0)`; its gradient at 0 is 0, as in PyTorch. */
export function relu<T extends tf.Tensor>(x: T): T {
  const raw = rawOps();
  if (raw === null) return reluPlain(x);
  const { op, attributes } = raw;
  const T = attributes.type('T', 'float32');
  const rectify = tf.customGrad((...args) => {
    const [input, save] = args as unknown as [tf.Tensor, tf.GradSaveFunc];
    const value = op('Relu', [T], [input]);
    save([value]);
    return {
      value,
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => op('ReluGrad', [T], [dy, saved[0] as tf.Tensor]),
    };
  });
  return rectify(x) as T;
}
