/**
 * Training in micro-batches: a contrastive loss needs the embeddings of the whole batch, but the activations behind them
 * need not be in memory at once (Gao et al., "Scaling deep contrastive learning batch size under memory limited setup",
 * RepL4NLP 2021).
 *
 * A step first embeds the batch piece by piece and keeps the embeddings alone; then takes the loss and its gradient by the
 * embeddings; then goes through the pieces again, this time with the gradient by the weights, and adds those up. Where the
 * network treats rows apart, that is the gradient of the whole batch, for one more forward pass. Batch norm does not: it
 * normalises each piece by the piece's own statistics, and the running statistics take in the pieces one by one.
 */
import { takeUpdates, type Module } from '../nn/module.js';
import {
  compileProgram,
  type Execution,
  type InputSpec,
  type Program,
  type ProgramDefinition,
  type ProgramFunction,
  type Tensors,
} from '../tensorflow/compile.js';
import { sizeOf, type TensorData, type TensorDataMap } from '../tensorflow/tensor-data.js';
import * as tf from '../tensorflow/tf.js';
import { EMBEDDING, embeddingLossFunction } from './embedding-loss.js';
import type { Optimizer } from './optimizer.js';
import type { LossTerms } from './training-function.js';

type Specs = Readonly<Record<string, InputSpec>>;
type Values = Readonly<Record<string, Float32Array | Int32Array>>;

export interface MicroBatchOptions {
  /** For messages. */
  readonly name: string;
  /** Weights, buffers and what the optimizer keeps. */
  readonly state: TensorDataMap;
  readonly frozen?: TensorDataMap;
  /** Further functions of the program, which are left as they are. */
  readonly functions?: Readonly<Record<string, ProgramFunction>>;
  readonly model: Module<never>;
  readonly optimizer: Optimizer;
  /** Names of the views, each of which is embedded on its own. */
  readonly views: readonly string[];
  /** Items of a step. */
  readonly batch: number;
  /** Items that go through the network at a time; divides the batch. */
  readonly piece: number;
  /** Dimension of an embedding. */
  readonly dim: number;
  /** Inputs that say which items, for so many of them. A step is given the pieces' values one behind the other. */
  readonly inputs: (count: number) => Specs;
  /**
   * Inputs of one view of so many items. A step has them as `<view>.<name>`, the pieces' values one behind the other; that
   * is the batch's value only where the items lie one after another in it.
   */
  readonly viewInputs: (count: number) => Specs;
  /**
   * Embeddings `[piece, dim]` of one view; `state` holds parameters, buffers and what is frozen, and the new buffers go
   * into `buffers`.
   */
  readonly embed: (
    state: Tensors,
    inputs: Tensors,
    viewInputs: Tensors,
    buffers: Record<string, tf.Tensor>,
  ) => tf.Tensor2D;
  /** The loss of the whole batch, of embeddings `[batch, dim]` by view. */
  readonly loss: (embeddings: Readonly<Record<string, tf.Tensor2D>>) => LossTerms;
}

const SUM = 'micro.sum.';
const GRADIENT = 'micro.gradient';
const VIEW = 'micro.view.';

const renamed = <T>(values: Readonly<Record<string, T>>, prefix: string): Record<string, T> =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [prefix + name, value]));

/** The entries whose names start with a prefix, without it. */
function withoutPrefix<T>(values: Readonly<Record<string, T>>, prefix: string): Record<string, T> {
  return Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) =>
      name.startsWith(prefix) ? [[name.slice(prefix.length), value]] : [],
    ),
  );
}

function zerosLike({ shape, values }: TensorData): TensorData {
  return { shape, dtype: 'float32', values: new Float32Array(values.length) };
}

function functionsOf(
  options: MicroBatchOptions,
  parameters: readonly string[],
): Record<'pieceEmbed' | 'batchLoss' | 'pieceGradient' | 'applyGradients', ProgramFunction> {
  const { piece, dim, optimizer } = options;
  const pieceInputs = { ...options.inputs(piece), ...renamed(options.viewInputs(piece), VIEW) };
  const embed = (state: Tensors, inputs: Tensors, buffers: Record<string, tf.Tensor>) =>
    options.embed(state, inputs, withoutPrefix(inputs, VIEW), buffers);
  return {
    pieceEmbed: {
      inputs: pieceInputs,
      run(state, inputs) {
        const buffers: Record<string, tf.Tensor> = {};
        const embeddings = embed(state, inputs, buffers);
        // The new running statistics are dropped: the second pass makes them again.
        tf.dispose(takeUpdates(buffers));
        return { outputs: { embeddings } };
      },
    },
    batchLoss: embeddingLossFunction(options),
    pieceGradient: {
      inputs: { ...pieceInputs, [GRADIENT]: { shape: [piece, dim], dtype: 'float32' } },
      run(state, inputs) {
        const buffers: Record<string, tf.Tensor> = {};
        const weighted = (...tensors: tf.Tensor[]) => {
          const held = { ...state, ...Object.fromEntries(parameters.map((name, i) => [name, tensors[i]])) };
          const embeddings = embed(held as Tensors, inputs, buffers);
          return tf.sum<tf.Scalar>(tf.mul(embeddings, inputs[GRADIENT] as tf.Tensor));
        };
        const { grads } = tf.valueAndGrads(weighted)(parameters.map((name) => state[name] as tf.Tensor));
        const updates = takeUpdates(buffers);
        parameters.forEach((name, i) => {
          updates[SUM + name] = tf.add(state[SUM + name] as tf.Tensor, grads[i] as tf.Tensor);
        });
        return { state: updates, outputs: {} };
      },
    },
    applyGradients: {
      inputs: optimizer.inputs,
      run(state, inputs) {
        const gradients = Object.fromEntries(
          parameters.map((name) => [name, state[SUM + name] as tf.Tensor]),
        );
        const cleared = Object.fromEntries(
          parameters.map((name) => [SUM + name, tf.zerosLike(state[SUM + name] as tf.Tensor)]),
        );
        return { state: { ...optimizer.update(state, gradients, inputs), ...cleared }, outputs: {} };
      },
    },
  };
}

/** The part of every value that belongs to one piece of a batch. */
function partsOf(values: Values, specs: Specs, index: number, pieces: number): Values {
  return Object.fromEntries(
    Object.entries(specs).map(([key, { shape }]) => {
      const all = values[key];
      if (all === undefined) throw new Error(`Micro-batches: input "${key}" is missing.`);
      const length = sizeOf(shape);
      if (all.length !== pieces * length) {
        throw new Error(
          `Micro-batches: input "${key}" has ${all.length} values; ${pieces} pieces of ${length} are needed.`,
        );
      }
      return [key, all.slice(index * length, (index + 1) * length)];
    }),
  );
}

/**
 * The functions that a step in pieces is made of, with the state that they need: the given one and sums of gradients.
 *
 * @throws RangeError when the piece does not divide the batch.
 */
export function microBatchDefinition(options: MicroBatchOptions): ProgramDefinition {
  const { batch, piece, model } = options;
  if (!Number.isInteger(batch / piece)) {
    throw new RangeError(`Micro-batches: a batch of ${batch} cannot be cut into pieces of ${piece}.`);
  }
  const parameters = model.variables.filter(({ kind }) => kind === 'parameter').map(({ name }) => name);
  return {
    name: options.name,
    state: { ...options.state, ...sumsOf(options, parameters) },
    ...(options.frozen === undefined ? {} : { frozen: options.frozen }),
    functions: { ...options.functions, ...functionsOf(options, parameters) },
  };
}

function sumsOf({ state }: MicroBatchOptions, parameters: readonly string[]): TensorDataMap {
  return Object.fromEntries(parameters.map((name) => [SUM + name, zerosLike(state[name] as TensorData)]));
}

/**
 * A program with a function `step` that trains in pieces, and with the functions given. Its state is the given one; sums
 * of gradients are kept apart, since they are zero between steps.
 *
 * @throws RangeError when the piece does not divide the batch.
 */
export function microBatchProgram(options: MicroBatchOptions, execution: Execution): Program {
  const { batch, piece, views, dim, optimizer } = options;
  const definition = microBatchDefinition(options);
  const sums = Object.fromEntries(Object.entries(definition.state).filter(([name]) => name.startsWith(SUM)));
  const inner = compileProgram(definition, execution);
  const pieces = batch / piece;
  const indices = Array.from({ length: pieces }, (_, index) => index);
  const [itemSpecs, viewSpecs] = [options.inputs(piece), options.viewInputs(piece)];

  function pieceValues(values: Values, view: string, index: number): Values {
    const items = partsOf(values, itemSpecs, index, pieces);
    const viewed = partsOf(withoutPrefix(values, `${view}.`), viewSpecs, index, pieces);
    return { ...items, ...renamed(viewed, VIEW) };
  }

  function runStep(values: Values, fetch?: readonly string[]): Record<string, TensorData> {
    const embeddings = Object.fromEntries(
      views.map((view) => {
        const whole = new Float32Array(batch * dim);
        for (const index of indices) {
          const { embeddings: rows } = inner.run('pieceEmbed', pieceValues(values, view, index));
          whole.set(rows?.values as Float32Array, index * piece * dim);
        }
        return [EMBEDDING + view, whole] as const;
      }),
    );
    const wanted = fetch === undefined ? undefined : [...Object.keys(embeddings), ...fetch];
    const outputs = inner.run('batchLoss', embeddings, wanted);
    for (const view of views) {
      const gradient = outputs[EMBEDDING + view]?.values as Float32Array;
      for (const index of indices) {
        const rows = gradient.slice(index * piece * dim, (index + 1) * piece * dim);
        inner.run('pieceGradient', { ...pieceValues(values, view, index), [GRADIENT]: rows }, []);
      }
    }
    const inputs = Object.fromEntries(
      Object.keys(optimizer.inputs).map((key) => [key, values[key] as Float32Array]),
    );
    inner.run('applyGradients', inputs, []);
    return Object.fromEntries(Object.entries(outputs).filter(([name]) => !name.startsWith(EMBEDDING)));
  }

  return {
    execution: inner.execution,
    run: (name, values, fetch) => (name === 'step' ? runStep(values, fetch) : inner.run(name, values, fetch)),
    readState: () =>
      Object.fromEntries(Object.entries(inner.readState()).filter(([name]) => !name.startsWith(SUM))),
    writeState: (state) => inner.writeState({ ...state, ...sums }),
    dispose: () => inner.dispose(),
  };
}
