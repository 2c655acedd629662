/** Calling TensorFlow ops by name, for kernels that tfjs does not offer. */
import { nativeBackend, type NativeBackend, type NativeOpAttr } from '../engine.js';
import type * as tf from '../tf.js';

/** Builders of op attributes, bound to the native backend's codes. */
export interface Attributes {
  readonly type: (name: string, dtype: 'float32' | 'int32') => NativeOpAttr;
  readonly bool: (name: string, value: boolean) => NativeOpAttr;
}

function attributesOf(backend: NativeBackend): Attributes {
  const { binding } = backend;
  return {
    type: (name, dtype) => ({
      name,
      type: binding.TF_ATTR_TYPE,
      value: dtype === 'float32' ? binding.TF_FLOAT : binding.TF_INT32,
    }),
    bool: (name, value) => ({ name, type: binding.TF_ATTR_BOOL, value }),
  };
}

/** Runs one op with one output on the native backend. */
export type RawOp = (
  name: string,
  attributes: readonly NativeOpAttr[],
  inputs: readonly tf.Tensor[],
) => tf.Tensor;

/**
 * The native backend's ops by name, or null where there is no native backend: then a kernel takes its plain twin.
 */
export function rawOps(): { readonly op: RawOp; readonly attributes: Attributes } | null {
  const backend = nativeBackend();
  if (backend === null) return null;
  const op: RawOp = (name, attributes, inputs) => backend.executeSingleOutput(name, attributes, inputs);
  return { op, attributes: attributesOf(backend) };
}
