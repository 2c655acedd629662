/**
 * Recording: what TensorFlow is asked to do while a function runs once.
 *
 * tfjs-node sends every kernel, forward and backward, through two methods of its backend. While a function is recorded
 * those two are wrapped: the op is run for the shapes of its results, so that errors show at their place, and its name,
 * attributes and the origin of its inputs are kept. Values of results are not (`shape-run.ts`), so that a recording needs
 * next to no memory.
 */
import type { NativeBackend, NativeOpAttr } from './engine.js';
import { shapeRunner, type ShapeRunner } from './shape-run.js';
import * as tf from './tf.js';

/** Output `index` of recorded op number `op`, or an input of the function, or a constant made inside it. */
export type Source =
  | { readonly from: 'op'; readonly op: number; readonly output: number }
  | { readonly from: 'input'; readonly name: string }
  | { readonly from: 'constant'; readonly constant: number };

/** Shape and dtype of a tensor. */
export interface TensorType {
  readonly shape: readonly number[];
  readonly dtype: tf.DataType;
}

export interface RecordedOp {
  readonly name: string;
  readonly attributes: readonly NativeOpAttr[];
  readonly inputs: readonly Source[];
  /** What its outputs were. */
  readonly results: readonly TensorType[];
}

export interface RecordedConstant {
  readonly shape: readonly number[];
  readonly dtype: tf.DataType;
  readonly values: tf.TypedArray;
}

/** The ops of one run of a function, in the order in which they ran. */
export interface Recording {
  readonly ops: readonly RecordedOp[];
  readonly constants: readonly RecordedConstant[];
  readonly outputs: Readonly<Record<string, Source>>;
}

/** A recording as it was made, with what a later one of the same function has no place for. */
export interface RawRecording extends Recording {
  /** For each op and each of its outputs: how many ops had run when, op by op, it was freed. */
  readonly freedAfter: readonly (readonly number[])[];
}

/** The backend with the two methods by which tensors get and give values; tfjs declares them on its base class. */
export interface RecordableBackend extends NativeBackend {
  move(
    dataId: object,
    values: tf.backend_util.BackendValues,
    shape: number[],
    dtype: tf.DataType,
    refCount: number,
  ): void;
  readSync(dataId: object): tf.backend_util.BackendValues;
  /** Gives up one handle on the data; whether it was the last. */
  disposeData(dataId: object, force?: boolean): boolean;
}

/** What was wrong with a function that was to be recorded. */
export class RecordingError extends Error {
  override readonly name = 'RecordingError';
}

/**
 * Ops that tfjs-node calls without type attributes, which eager execution infers and a graph must state: for each
 * attribute, the number of the input whose dtype it is.
 */
const UNSTATED_TYPES: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  ExpandDims: { T: 0, Tdim: 1 },
};

function withStatedTypes(
  backend: RecordableBackend,
  op: string,
  attributes: readonly NativeOpAttr[],
  inputs: readonly tf.TensorInfo[],
): NativeOpAttr[] {
  const { binding } = backend;
  const numbers: Readonly<Record<string, number>> = {
    float32: binding.TF_FLOAT,
    int32: binding.TF_INT32,
    bool: binding.TF_BOOL,
  };
  const unstated = Object.entries(UNSTATED_TYPES[op] ?? {}).filter(([name]) =>
    attributes.every((attribute) => attribute.name !== name),
  );
  const stated = unstated.map(([name, input]) => ({
    name,
    type: binding.TF_ATTR_TYPE,
    value: numbers[inputs[input]?.dtype ?? ''] ?? binding.TF_FLOAT,
  }));
  return [...attributes, ...stated];
}

function describe(tensor: tf.TensorInfo): string {
  return `a ${tensor.dtype} tensor of shape [${tensor.shape.join(', ')}]`;
}

/**
 * Runs `run` once and records what it asks of TensorFlow.
 *
 * @param backend - the native backend; its methods are wrapped during the call and restored after it.
 * @param name - the function's name, for messages.
 * @param inputs - every tensor from outside that the function may use.
 * @param run - the function; its result names the outputs. It must not read values (`dataSync`) or use other tensors.
 * @param runOp - runs ops; one for several recordings of a function spares the later ones what the first has found out.
 * @throws RecordingError when the function uses a tensor that it neither made nor was given, reads a value that
 *   depends on its inputs, or calls an op that cannot be kept in a graph.
 */
export function record(
  backend: RecordableBackend,
  name: string,
  inputs: Readonly<Record<string, tf.Tensor>>,
  run: () => Readonly<Record<string, tf.Tensor>>,
  runOp: ShapeRunner = shapeRunner(backend),
): RawRecording {
  if (Object.hasOwn(backend, 'readSync')) {
    throw new RecordingError(
      `Recording ${name}: another recording is under way; a step cannot compile a program.`,
    );
  }
  const ops: RecordedOp[] = [];
  const constants: RecordedConstant[] = [];
  const sources = new Map<object, Source>();
  const madeInside = new Set<object>();
  const freed = new Map<object, number>();
  const made: (readonly object[])[] = [];
  for (const [inputName, tensor] of Object.entries(inputs)) {
    sources.set(tensor.dataId, { from: 'input', name: inputName });
  }
  const original = {
    move: backend.move.bind(backend),
    readSync: backend.readSync.bind(backend),
    disposeData: backend.disposeData.bind(backend),
  };

  function constantOf(tensor: tf.TensorInfo): Source {
    const values = original.readSync(tensor.dataId);
    if (Array.isArray(values) || !ArrayBuffer.isView(values)) {
      throw new RecordingError(`Recording ${name}: ${describe(tensor)} holds text, which a step cannot use.`);
    }
    const source = { from: 'constant', constant: constants.length } as const;
    constants.push({ shape: [...tensor.shape], dtype: tensor.dtype, values: values.slice() });
    sources.set(tensor.dataId, source);
    return source;
  }

  function sourceOf(tensor: tf.TensorInfo | undefined, use: string): Source {
    if (tensor?.dataId === undefined) {
      throw new RecordingError(
        `Recording ${name}: ${use} takes a 64-bit value, which a recorded step cannot keep.`,
      );
    }
    const known = sources.get(tensor.dataId);
    if (known !== undefined) return known;
    if (madeInside.has(tensor.dataId)) return constantOf(tensor);
    throw new RecordingError(
      `Recording ${name}: ${use} uses ${describe(tensor)} that the step did not make and was not given. ` +
        'It would be frozen into the step. Pass it as an input if it changes, or as state if it must be kept.',
    );
  }

  function keep(
    op: string,
    attributes: readonly NativeOpAttr[],
    tensors: readonly tf.TensorInfo[],
    outputs: number,
  ): tf.Tensor[] {
    const from = tensors.map((tensor, i) => sourceOf(tensor, `input ${i} of op ${op}`));
    const results = runOp(op, attributes, tensors, outputs);
    results.forEach((result, output) => sources.set(result.dataId, { from: 'op', op: ops.length, output }));
    made.push(results.map(({ dataId }) => dataId));
    ops.push({
      name: op,
      attributes: withStatedTypes(backend, op, attributes, tensors),
      inputs: from,
      results: results.map(({ shape, dtype }) => ({ shape: [...shape], dtype })),
    });
    return results;
  }

  backend.executeSingleOutput = (op, attributes, tensors) => keep(op, attributes, tensors, 1)[0] as tf.Tensor;
  backend.executeMultipleOutputs = keep;
  backend.move = (dataId, values, shape, dtype, refCount) => {
    madeInside.add(dataId);
    original.move(dataId, values, shape, dtype, refCount);
  };
  backend.readSync = (dataId) => {
    if (sources.has(dataId) && sources.get(dataId)?.from !== 'constant') {
      throw new RecordingError(
        `Recording ${name}: the step reads the values of a tensor (dataSync, data, array, print or an op that does so ` +
          'inside). What it reads would be frozen into the step; compute with tensors, or read the outputs after it.',
      );
    }
    return original.readSync(dataId);
  };
  backend.disposeData = (dataId, force) => {
    const isGone = original.disposeData(dataId, force);
    if (isGone) freed.set(dataId, ops.length);
    return isGone;
  };
  try {
    const outputs = tf.tidy(() => {
      const results = run();
      return Object.fromEntries(
        Object.entries(results).map(([key, tensor]) => [key, sourceOf(tensor, `output "${key}"`)]),
      );
    }) as unknown as Record<string, Source>;
    const freedAfter = made.map((results) => results.map((dataId) => freed.get(dataId) ?? ops.length));
    return { ops, constants, outputs, freedAfter };
  } finally {
    // The methods stand on the backend's prototype: without the wrappers they are found there again.
    const wrapped = ['executeSingleOutput', 'executeMultipleOutputs', ...Object.keys(original)];
    for (const method of wrapped) Reflect.deleteProperty(backend, method);
  }
}

function sameValues(a: tf.TypedArray, b: tf.TypedArray): boolean {
  return a.length === b.length && a.every((value, i) => Object.is(value, b[i]));
}

/**
 * Compares two recordings of one function.
 *
 * @throws RecordingError when they differ: the function then depends on something that is not among its inputs, such as
 *   a counter, the clock or unseeded random numbers.
 */
export function assertSameRecording(name: string, first: Recording, second: Recording): void {
  const hint =
    'What changes from step to step (a counter, a learning rate, random numbers) must be an input.';
  first.ops.forEach((op, i) => {
    if (JSON.stringify(op) !== JSON.stringify(second.ops[i])) {
      throw new RecordingError(
        `Recording ${name}: op ${i} (${op.name}) was another one the second time. ${hint}`,
      );
    }
  });
  if (first.ops.length !== second.ops.length) {
    throw new RecordingError(
      `Recording ${name}: ${first.ops.length} ops the first time, ${second.ops.length} the second. ${hint}`,
    );
  }
  first.constants.forEach((constant, i) => {
    const again = second.constants[i];
    if (again === undefined || !sameValues(constant.values, again.values)) {
      const user = first.ops.find((op) => op.inputs.some((s) => s.from === 'constant' && s.constant === i));
      throw new RecordingError(
        `Recording ${name}: a constant of shape [${constant.shape.join(', ')}]` +
          `${user === undefined ? '' : `, used by op ${user.name},`} had other values the second time. ${hint}`,
      );
    }
  });
}
