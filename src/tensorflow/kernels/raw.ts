/** Calling TensorFlow ops by name, for kernels that tfjs does not offer. */
import { nativeBackend, type NativeBackend, type NativeOpAttr } from '../engine.js';
import type * as tf from '../tf.js';

/** Builders of op attributes, bound to the native backend's codes. */
export interface Attributes {
  readonly type: (name: string, dtype: 'float32' | 'int32' | 'uint8') => NativeOpAttr;
  readonly bool: (name: string, value: boolean) => NativeOpAttr;
  readonly string: (name: string, value: string) => NativeOpAttr;
  /** An integer, or a list of them. */
  readonly int: (name: string, value: number | readonly number[]) => NativeOpAttr;
  readonly float: (name: string, value: number) => NativeOpAttr;
}

/** TensorFlow's number of the type, which tfjs has no tensors of: such a result may only go to another raw op. */
const UINT8 = 4;

function attributesOf(backend: NativeBackend): Attributes {
  const { binding } = backend;
  return {
    type: (name, dtype) => ({
      name,
      type: binding.TF_ATTR_TYPE,
      value: { float32: binding.TF_FLOAT, int32: binding.TF_INT32, uint8: UINT8 }[dtype],
    }),
    bool: (name, value) => ({ name, type: binding.TF_ATTR_BOOL, value }),
    string: (name, value) => ({ name, type: binding.TF_ATTR_STRING, value }),
    int: (name, value) => ({ name, type: binding.TF_ATTR_INT, value }),
    float: (name, value) => ({ name, type: binding.TF_ATTR_FLOAT, value }),
  };
}

/** Runs one op with one output on the native backend. */
export type RawOp = (
  name: string,
  attributes: readonly NativeOpAttr[],
  inputs: readonly tf.Tensor[],
) => tf.Tensor;

/** Runs one op with `outputs` outputs on the native backend. */
export type RawOps = (
  name: string,
  attributes: readonly NativeOpAttr[],
  inputs: readonly tf.Tensor[],
  outputs: number,
) => tf.Tensor[];

/** Ops of this package's own that were looked for: they come with the binding that `care setup` builds. */
const ownOps = new Map<string, boolean>();

/**
 * Whether TensorFlow knows an op of this package's own, found out by running it once; false on a GPU, for which there is
 * none.
 *
 * @param trial - runs the op, by the function it is given, on the smallest input that it takes.
 */
export function hasOwnOp(name: string, trial: (op: RawOp) => tf.Tensor): boolean {
  const backend = nativeBackend();
  if (backend === null || backend.binding.isUsingGpuDevice()) return false;
  const known = ownOps.get(name);
  if (known !== undefined) return known;
  // The method as its class has it: a recording that is under way must not take the trial for a part of the step.
  const plain = Object.getPrototypeOf(backend) as NativeBackend;
  let works = true;
  try {
    trial((op, attributes, inputs) =>
      plain.executeSingleOutput.call(backend, op, attributes, inputs),
    ).dispose();
  } catch {
    works = false;
  }
  ownOps.set(name, works);
  return works;
}

/**
 * The native backend's ops by name, or null where there is no native backend: then a kernel takes its plain twin.
 */
export function rawOps(): {
  readonly op: RawOp;
  readonly ops: RawOps;
  readonly attributes: Attributes;
} | null {
  const backend = nativeBackend();
  if (backend === null) return null;
  const op: RawOp = (name, attributes, inputs) => backend.executeSingleOutput(name, attributes, inputs);
  const ops: RawOps = (name, attributes, inputs, outputs) =>
    backend.executeMultipleOutputs(name, attributes, inputs, outputs);
  return { op, ops, attributes: attributesOf(backend) };
}
