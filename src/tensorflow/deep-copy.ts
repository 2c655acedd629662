import type { NativeBackend } from './engine.js';
import type * as tf from './tf.js';

/**
 * The same values in memory of TensorFlow's own.
 *
 * A tensor that tfjs-node makes of a typed array shares the array's memory where its address allows, and frees it by a
 * call into V8. In a session the last hand to let go of a tensor may be a thread of TensorFlow's, and V8 must not be called
 * from there: the process then dies, seldom and anywhere. So nothing that shares memory with V8 is fed to a session.
 */
export function deepCopy(backend: NativeBackend, tensor: tf.Tensor): tf.Tensor {
  const { TF_ATTR_TYPE, TF_FLOAT, TF_INT32 } = backend.binding;
  const type = { name: 'T', type: TF_ATTR_TYPE, value: tensor.dtype === 'int32' ? TF_INT32 : TF_FLOAT };
  return backend.executeSingleOutput('DeepCopy', [type], [tensor]);
}
