import { scopeOf, takeUpdates, type Module, type Scope } from '../nn/module.js';
import type { InputSpec, ProgramFunction, Tensors } from '../tensorflow/compile.js';
import * as tf from '../tensorflow/tf.js';
import type { Optimizer } from './optimizer.js';

/** A loss as the trainer sees it: what is minimised, and the terms that are shown apart. */
export interface LossTerms {
  readonly total: tf.Scalar;
  readonly terms: Readonly<Record<string, tf.Scalar>>;
}

export interface TrainingFunctionOptions {
  readonly model: Module<never>;
  readonly optimizer: Optimizer;
  /** Inputs of a step besides the optimizer's. */
  readonly inputs: Readonly<Record<string, InputSpec>>;
  /** The loss of a step; `state` also holds the program's frozen tensors, e.g. the data. */
  readonly loss: (scope: Scope, state: Tensors, inputs: Tensors) => LossTerms;
}

/** Gradients of `loss` by the named tensors, with its terms. */
function gradientsOf(
  named: Tensors,
  loss: (parameters: Tensors) => LossTerms,
): { readonly gradients: Tensors; readonly outputs: Tensors } {
  const names = Object.keys(named);
  let kept: Record<string, tf.Tensor> = {};
  const total = (...tensors: tf.Tensor[]) => {
    const result = loss(Object.fromEntries(names.map((name, i) => [name, tensors[i] as tf.Tensor])));
    // The gradient frees what the loss made; the terms have to outlive it.
    kept = Object.fromEntries(
      Object.entries(result.terms).map(([name, term]) => [name, tf.keep(tf.clone(term))]),
    );
    return result.total;
  };
  const { value, grads } = tf.valueAndGrads(total)(Object.values(named));
  const terms = Object.fromEntries(Object.entries(kept).map(([name, term]) => [name, tf.clone(term)]));
  tf.dispose(kept);
  return {
    gradients: Object.fromEntries(names.map((name, i) => [name, grads[i] as tf.Tensor])),
    outputs: { loss: value, ...terms },
  };
}

/**
 * One training step as a pure function of state, inputs and nothing else: forward, backward, optimizer, and the buffers
 * that the forward pass changed. Its outputs are `loss` and each term by name.
 */
export function trainingFunction(options: TrainingFunctionOptions): ProgramFunction {
  const { model, optimizer, inputs, loss } = options;
  const parameters = model.variables.filter(({ kind }) => kind === 'parameter').map(({ name }) => name);
  return {
    inputs: { ...inputs, ...optimizer.inputs },
    run(state, given) {
      const buffers: Record<string, tf.Tensor> = {};
      const named = Object.fromEntries(parameters.map((name) => [name, state[name] as tf.Tensor]));
      const { gradients, outputs } = gradientsOf(named, (tensors) =>
        loss(scopeOf({ ...state, ...tensors }, true, buffers), state, given),
      );
      return { state: { ...takeUpdates(buffers), ...optimizer.update(state, gradients, given) }, outputs };
    },
  };
}
