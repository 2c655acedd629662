/**
 * Running ops for the shapes of their results alone.
 *
 * A recording asks what a step does, not what comes out. So results are let go of as soon as an op has given them: what
 * remains is a tensor with a shape and no values. Where another op takes it, it is filled with zeros for as long as that
 * op runs. And an op that has run on such inputs before is not run again: its results have the shapes that they had.
 */
import type { NativeBackend, NativeBinding, NativeOpAttr, NativeTensorInfo } from './engine.js';
import { sizeOf } from './tensor-data.js';
import type * as tf from './tf.js';

/** Runs an op, or knows of an earlier run, and gives results of the right shapes, without values where they do not count. */
export type ShapeRunner = (
  op: string,
  attributes: readonly NativeOpAttr[],
  inputs: readonly tf.TensorInfo[],
  outputs: number,
) => tf.Tensor[];

/** The id of a native tensor that there is not. */
const NONE = -1;

/** Values of a host tensor up to which they belong to what distinguishes one run from another: shapes, axes, factors. */
const FEW = 64;

/** Shape and TensorFlow's dtype number of a result. */
type ResultType = Pick<NativeTensorInfo, 'shape' | 'dtype'>;

/** Whether the values of such a result never decide the shape of another: those of integers may, as lengths and indices. */
function isWithoutValues({ TF_FLOAT, TF_BOOL }: NativeBinding, { shape, dtype }: ResultType): boolean {
  return (dtype === TF_FLOAT || dtype === TF_BOOL) && sizeOf(shape) > 0;
}

/** A native tensor of zeros. */
function zeros(binding: NativeBinding, { shape, dtype }: ResultType): number {
  const { TF_INT32, TF_FLOAT, TF_ATTR_TYPE } = binding;
  const dims = binding.createTensor([shape.length], TF_INT32, Int32Array.from(shape));
  const zero = binding.createTensor([], dtype, dtype === TF_FLOAT ? Float32Array.of(0) : Uint8Array.of(0));
  try {
    const types = [
      { name: 'T', type: TF_ATTR_TYPE, value: dtype },
      { name: 'index_type', type: TF_ATTR_TYPE, value: TF_INT32 },
    ];
    return binding.executeOp('Fill', types, [dims, zero], 1)[0]?.id ?? NONE;
  } finally {
    binding.deleteTensor(dims);
    binding.deleteTensor(zero);
  }
}

/** What an input is, as far as shapes of results can depend on it; null where its values may decide and are not known here. */
function inputKey(binding: NativeBinding, { shape, dtype, values }: NativeTensorInfo): string | null {
  const type = `${dtype}[${shape.join()}]`;
  if (ArrayBuffer.isView(values) && sizeOf(shape) <= FEW) return `${type}=${values.join()}`;
  return isWithoutValues(binding, { shape, dtype }) ? type : null;
}

/**
 * What runs ops for their shapes. Results in whole numbers or text are kept, with the values of this run: they may be
 * lengths or indices. Others have no values and must not be read.
 */
export function shapeRunner(backend: NativeBackend): ShapeRunner {
  const { binding, tensorMap } = backend;
  const known = new Map<string, readonly ResultType[]>();
  const hollow = new WeakSet();

  function withoutValues({ shape, dtype }: ResultType): tf.Tensor {
    const tensor = backend.createOutputTensor({ id: NONE, shape: [...shape], dtype });
    hollow.add(tensor.dataId);
    return tensor;
  }

  /** Runs the op; native tensors that are made of inputs for it are gone afterwards. */
  function run(
    op: string,
    attributes: readonly NativeOpAttr[],
    inputs: readonly tf.TensorInfo[],
    outputs: number,
  ): tf.Tensor[] {
    const made = new Map<object, number>();
    const idOf = ({ dataId }: tf.TensorInfo): number => {
      const info = tensorMap.get(dataId);
      if (info.values === null && !hollow.has(dataId)) return info.id;
      const id =
        made.get(dataId) ??
        (info.values === null
          ? zeros(binding, info)
          : binding.createTensor(info.shape, info.dtype, info.values));
      made.set(dataId, id);
      return id;
    };
    try {
      return binding.executeOp(op, attributes, inputs.map(idOf), outputs).map((result) => {
        if (!isWithoutValues(binding, result)) return backend.createOutputTensor(result);
        binding.deleteTensor(result.id);
        return withoutValues(result);
      });
    } finally {
      made.forEach((id) => binding.deleteTensor(id));
    }
  }

  return (op, attributes, inputs, outputs) => {
    const keys = inputs.map(({ dataId }) => inputKey(binding, tensorMap.get(dataId)));
    if (keys.includes(null)) return run(op, attributes, inputs, outputs);
    const key = `${op} ${outputs} ${JSON.stringify(attributes)} ${keys.join(' ')}`;
    const types = known.get(key);
    if (types !== undefined) return types.map(withoutValues);
    const results = run(op, attributes, inputs, outputs);
    if (results.every(({ dataId }) => hollow.has(dataId))) {
      known.set(
        key,
        results.map(({ dataId }) => {
          const { shape, dtype } = tensorMap.get(dataId);
          return { shape, dtype };
        }),
      );
    }
    return results;
  };
}
