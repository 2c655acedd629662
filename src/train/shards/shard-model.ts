/** What every process of a divided step computes: the embeddings of its views, then the gradient by the weights. */
import { takeUpdates, type Module } from '../../nn/module.js';
import type { HalvedFunction, InputSpec, Tensors } from '../../tensorflow/compile.js';
import { sizeOf } from '../../tensorflow/tensor-data.js';
import * as tf from '../../tensorflow/tf.js';
import { EMBEDDING } from '../embedding-loss.js';
import type { Sections } from './shared-memory.js';

type Specs = Readonly<Record<string, InputSpec>>;
type Shaped = { readonly name: string; readonly shape: readonly number[] };

/** A network and what one view of a batch is to it. */
export interface ShardModel {
  /** For messages. */
  readonly name: string;
  readonly model: Module<never>;
  /** Items of a step. */
  readonly batch: number;
  /** Dimension of an embedding. */
  readonly dim: number;
  /** Inputs of a step that all views share. They hold the items themselves: a process has no data set. */
  readonly inputs: Specs;
  /** Inputs of one view; a step has them as `<view>.<name>`. */
  readonly viewInputs: Specs;
  /**
   * Embeddings `[batch, dim]` of one view; `state` holds parameters and buffers, and the new buffers go into `buffers`.
   */
  readonly embed: (
    state: Tensors,
    inputs: Tensors,
    viewInputs: Tensors,
    buffers: Record<string, tf.Tensor>,
  ) => tf.Tensor2D;
}

/** Where another process finds the model: a function that a module exports, and its argument, which is sent as JSON. */
export interface ShardModelSource {
  readonly module: string;
  readonly name: string;
  readonly options: unknown;
}

export function parametersOf({ model }: Pick<ShardModel, 'model'>): readonly Shaped[] {
  return model.variables.filter(({ kind }) => kind === 'parameter');
}

export function buffersOf({ model }: Pick<ShardModel, 'model'>): readonly Shaped[] {
  return model.variables.filter(({ kind }) => kind === 'buffer');
}

/** Number of values of all the tensors. */
export function lengthOf(tensors: readonly Shaped[]): number {
  return tensors.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
}

/** The input or output that holds all the tensors, one behind the other. */
export function vectorSpec(tensors: readonly Shaped[]): InputSpec {
  return { shape: [lengthOf(tensors)], dtype: 'float32' };
}

/** The named tensors, one behind the other. There must be one. */
export function joined(tensors: readonly Shaped[], values: Tensors): tf.Tensor1D {
  return tf.concat(tensors.map(({ name }) => tf.reshape<tf.Rank.R1>(values[name] as tf.Tensor, [-1])));
}

/** The tensors that lie in a vector one behind the other, by name. */
export function separated(tensors: readonly Shaped[], vector: tf.Tensor): Record<string, tf.Tensor> {
  let at = 0;
  return Object.fromEntries(
    tensors.map(({ name, shape }) => {
      const length = sizeOf(shape);
      const part = tf.reshape(tf.slice(vector as tf.Tensor1D, [at], [length]), [...shape]);
      at += length;
      return [name, part];
    }),
  );
}

/** Inputs of the functions below: what is known at once, and the gradients by the embeddings. */
export function shardInputs(shard: ShardModel, views: readonly string[]): Record<'now' | 'later', Specs> {
  const { inputs, viewInputs, batch, dim } = shard;
  const ofViews = views.flatMap((view) =>
    Object.entries(viewInputs).map(([key, spec]) => [`${view}.${key}`, spec] as const),
  );
  return { now: { ...inputs, ...Object.fromEntries(ofViews) }, later: embeddingSpecs(views, batch, dim) };
}

function embeddingSpecs(views: readonly string[], batch: number, dim: number): Specs {
  return Object.fromEntries(
    views.map((view) => [EMBEDDING + view, { shape: [batch, dim], dtype: 'float32' }]),
  );
}

/** What the first process and another one write for each other, in the order of a step. */
export function shardSections(shard: ShardModel, views: readonly string[]): Sections {
  const { now, later } = shardInputs(shard, views);
  const buffers = buffersOf(shard);
  return {
    inputs: now,
    embeddings: later,
    embeddingGradients: later,
    results: {
      gradient: vectorSpec(parametersOf(shard)),
      ...(buffers.length === 0 ? {} : { buffers: vectorSpec(buffers) }),
    },
  };
}

/** What the first process writes for all others. */
export function commonSections(shard: ShardModel): Sections {
  return { weights: { weights: vectorSpec(parametersOf(shard)) } };
}

/** What became of a process's views. */
export interface ShardResult {
  /** Gradient by all parameters, one behind the other. */
  readonly gradient: tf.Tensor1D;
  /** The buffers that the views changed. */
  readonly buffers: Readonly<Record<string, tf.Tensor>>;
}

/**
 * The halves `forward`, from items and augmentations to embeddings, and `backward`, from the gradients of the loss by the
 * embeddings to those by the parameters. Both name a view's embeddings `embedding.<view>`.
 *
 * @param views - the process's own, which go through the network one after the other.
 * @param finish - what of the result becomes state, and what output.
 */
export function shardFunction(
  shard: ShardModel,
  views: readonly string[],
  finish: (state: Tensors, result: ShardResult) => { readonly state?: Tensors; readonly outputs: Tensors },
): HalvedFunction {
  const { now, later } = shardInputs(shard, views);
  const parameters = parametersOf(shard);
  return {
    halves: ['forward', 'backward'],
    early: Object.keys(later),
    // An input cannot have the name of an output that it is the gradient of.
    later: Object.keys(later).map(gradientInput),
    inputs: {
      ...now,
      ...Object.fromEntries(Object.entries(later).map(([k, spec]) => [gradientInput(k), spec])),
    },
    run(state, inputs) {
      const buffers: Record<string, tf.Tensor> = {};
      const embeddings: Record<string, tf.Tensor> = {};
      const weighted = (...tensors: tf.Tensor[]) => {
        const given = Object.fromEntries(parameters.map(({ name }, i) => [name, tensors[i] as tf.Tensor]));
        const products = views.map((view) => {
          const ofView = Object.fromEntries(
            Object.keys(shard.viewInputs).map((key) => [key, inputs[`${view}.${key}`] as tf.Tensor]),
          );
          const rows = shard.embed({ ...state, ...given }, inputs, ofView, buffers);
          embeddings[EMBEDDING + view] = tf.keep(tf.clone(rows));
          return tf.sum(tf.mul(rows, inputs[gradientInput(EMBEDDING + view)] as tf.Tensor));
        });
        return tf.addN(products) as tf.Scalar;
      };
      const { grads } = tf.valueAndGrads(weighted)(parameters.map(({ name }) => state[name] as tf.Tensor));
      const gradients = Object.fromEntries(parameters.map(({ name }, i) => [name, grads[i] as tf.Tensor]));
      const result = finish(state, {
        gradient: joined(parameters, gradients),
        buffers: takeUpdates(buffers),
      });
      const outputs = { ...result.outputs, ...takeUpdates(embeddings) };
      return result.state === undefined ? { outputs } : { state: result.state, outputs };
    },
  };
}

/** Name of the input with the gradient of the loss by an embedding. */
export function gradientInput(embedding: string): string {
  return `gradient.${embedding}`;
}
