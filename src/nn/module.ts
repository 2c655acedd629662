/**
 * Modules: what a model is made of. A module lists the tensors it needs and computes with those it is given; it holds none
 * itself, so that the same model runs op by op, inside a compiled step, and on weights from a file.
 */
import type { RandomStream } from '../tensorflow/random.js';
import type { TensorDataMap } from '../tensorflow/tensor-data.js';
import * as tf from '../tensorflow/tf.js';

/** A tensor that a module needs. */
export interface Variable {
  /** Named as in a PyTorch state dict, e.g. `phi.0.weight`. */
  readonly name: string;
  readonly shape: readonly number[];
  /** Parameters are trained; buffers, such as running means, are kept and updated by the forward pass. */
  readonly kind: 'parameter' | 'buffer';
  readonly initial: (random: RandomStream) => Float32Array;
}

/** What a module computes with. */
export interface Scope {
  /** Whether batch statistics are those of the batch. */
  readonly training: boolean;
  /** The tensor of that name; freed by whoever made the scope. */
  readonly get: (name: string) => tf.Tensor;
  /** Replaces a buffer's value for what follows. The scope keeps its own handle on it; the caller frees `value` as ever. */
  readonly update: (name: string, value: tf.Tensor) => void;
}

/** A function of tensors with named variables. */
export interface Module<Input extends tf.Tensor = tf.Tensor, Output extends tf.Tensor = tf.Tensor> {
  readonly variables: readonly Variable[];
  readonly apply: (scope: Scope, x: Input) => Output;
}

/** Initial values of a module's variables, drawn in the order of the list. */
export function initialise(module: Module<never>, random: RandomStream): TensorDataMap {
  return Object.fromEntries(
    module.variables.map(({ name, shape, initial }) => [
      name,
      { shape, dtype: 'float32' as const, values: initial(random) },
    ]),
  );
}

/**
 * A scope over given tensors. Buffer updates are collected in `updates`, out of reach of `tf.tidy` and of gradients,
 * which free what is made within them: take them out with {@link takeUpdates}.
 */
export function scopeOf(
  tensors: Readonly<Record<string, tf.Tensor>>,
  training: boolean,
  updates: Record<string, tf.Tensor> = {},
): Scope {
  return {
    training,
    get(name) {
      const tensor = updates[name] ?? tensors[name];
      if (tensor === undefined) {
        throw new Error(
          `Model: the variable "${name}" is not among the ${Object.keys(tensors).length} that were given.`,
        );
      }
      return tensor;
    },
    update(name, value) {
      const previous = updates[name];
      updates[name] = tf.keep(tf.clone(value));
      previous?.dispose();
    },
  };
}

/** The buffers that a scope has updated, as tensors that the tidy around this call frees; `updates` is emptied. */
export function takeUpdates(updates: Record<string, tf.Tensor>): Record<string, tf.Tensor> {
  const taken: Record<string, tf.Tensor> = {};
  for (const [name, kept] of Object.entries(updates)) {
    taken[name] = tf.clone(kept);
    kept.dispose();
    Reflect.deleteProperty(updates, name);
  }
  return taken;
}

/** How many trained numbers a module has. */
export function countParameters(module: Module<never>): number {
  return module.variables
    .filter(({ kind }) => kind === 'parameter')
    .reduce((sum, { shape }) => sum + shape.reduce((product, length) => product * length, 1), 0);
}
