/**
 * Weights to and from a PyTorch state dict. The names are PyTorch's already; what differs is the layout of convolution
 * filters, `[rows, columns, in, out]` here and `[out, in, rows, columns]` there. Filters are the only tensors of four axes.
 */
import { sizeOf, type TensorData, type TensorDataMap } from '../tensorflow/tensor-data.js';
import type { Module } from './module.js';

/** A state dict does not fit a model. */
export class StateDictError extends Error {
  override readonly name = 'StateDictError';
  /** What to do about it; the command line prints it. */
  readonly hint: string;

  constructor(message: string, hint: string) {
    super(message);
    this.hint = hint;
  }
}

/** The values of a tensor of four axes with its axes in another order. */
function transposed(data: TensorData, order: readonly [number, number, number, number]): TensorData {
  const steps = data.shape.map((_, axis) => sizeOf(data.shape.slice(axis + 1)));
  const shape = order.map((axis) => data.shape[axis] ?? 0);
  const [n0 = 0, n1 = 0, n2 = 0, n3 = 0] = shape;
  const [s0 = 0, s1 = 0, s2 = 0, s3 = 0] = order.map((axis) => steps[axis] ?? 0);
  const values = data.values.slice();
  let to = 0;
  for (let a = 0; a < n0; a++) {
    for (let b = 0; b < n1; b++) {
      for (let c = 0; c < n2; c++) {
        const from = a * s0 + b * s1 + c * s2;
        for (let d = 0; d < n3; d++) values[to++] = data.values[from + d * s3] ?? 0;
      }
    }
  }
  return { ...data, shape, values };
}

const toPyTorch = (data: TensorData) => (data.shape.length === 4 ? transposed(data, [3, 2, 0, 1]) : data);
const fromPyTorch = (data: TensorData) => (data.shape.length === 4 ? transposed(data, [2, 3, 1, 0]) : data);

/** The shape of a variable in PyTorch. */
export function pyTorchShape(shape: readonly number[]): readonly number[] {
  const [rows = 0, columns = 0, inputs = 0, outputs = 0] = shape;
  return shape.length === 4 ? [outputs, inputs, rows, columns] : shape;
}

/**
 * Weights of this package as a PyTorch state dict. It has no `num_batches_tracked`, which counts for nothing with a
 * fixed momentum, and which PyTorch's batch norm fills in where a state dict comes from a file.
 */
export function toStateDict(weights: TensorDataMap): TensorDataMap {
  return Object.fromEntries(Object.entries(weights).map(([name, data]) => [name, toPyTorch(data)]));
}

/** Counters of PyTorch's batch norm, which are int64 and not needed here. */
export function isBatchCounter(name: string): boolean {
  return name === 'num_batches_tracked' || name.endsWith('.num_batches_tracked');
}

/** The classifier at the end of torchvision's models. */
function isClassifier(name: string): boolean {
  return /(?:^|\.)fc\.(?:weight|bias)$/.test(name);
}

/** Weights from a state dict, and what of it the model has no use for. */
export interface ImportedWeights {
  readonly weights: TensorDataMap;
  /** The classifier and batch counters, where the state dict has them and the model does not. */
  readonly left: readonly string[];
}

const shapeText = (shape: readonly number[]) => `[${shape.join(', ')}]`;
/** Differences that a message lists. */
const LISTED = 3;

/** How a state dict differs from what a module needs, in the order of the module's variables. */
function differences(
  module: Module<never>,
  stateDict: TensorDataMap,
  unused: readonly string[],
): readonly string[] {
  const wrong = module.variables.flatMap(({ name, shape }) => {
    const wanted = pyTorchShape(shape);
    const given = stateDict[name];
    if (given === undefined) return [`${name} ${shapeText(wanted)} is missing`];
    if (given.shape.join() === wanted.join()) return [];
    return [`${name} is ${shapeText(given.shape)}, the model has ${shapeText(wanted)}`];
  });
  const unknown = unused.map(
    (name) => `${name} ${shapeText(stateDict[name]?.shape ?? [])} is none of the model's`,
  );
  return [...wrong, ...unknown];
}

/**
 * Weights for a module from a PyTorch state dict, e.g. that of a torchvision model. Batch counters and a classifier
 * `fc` that the module does not have are left out.
 *
 * @throws StateDictError that names the first parameters that differ, with both shapes.
 */
export function fromStateDict(module: Module<never>, stateDict: TensorDataMap): ImportedWeights {
  const names = new Set(module.variables.map(({ name }) => name));
  const extra = Object.keys(stateDict).filter((name) => !names.has(name));
  const isLeft = (name: string) => isBatchCounter(name) || isClassifier(name);
  const problems = differences(
    module,
    stateDict,
    extra.filter((name) => !isLeft(name)),
  );
  if (problems.length > 0) {
    const more = problems.length > LISTED ? `; and ${problems.length - LISTED} more` : '';
    throw new StateDictError(
      `The weights are of another model: ${problems.slice(0, LISTED).join('; ')}${more}.`,
      'Choose the architecture and stem that the weights were trained with.',
    );
  }
  const weights = module.variables.map(({ name }) => [name, fromPyTorch(stateDict[name] as TensorData)]);
  return { weights: Object.fromEntries(weights) as TensorDataMap, left: extra };
}
