import type { InputSpec, Tensors } from '../tensorflow/compile.js';
import type { TensorDataMap } from '../tensorflow/tensor-data.js';

/** An optimizer as a pure function: what it keeps between steps is part of the program's state. */
export interface Optimizer {
  /** Initial values of what is kept for the given parameters, under names that start with the optimizer's own. */
  readonly slots: (parameters: TensorDataMap) => TensorDataMap;
  /** Numbers that change from step to step, such as the learning rate, are inputs of the compiled step. */
  readonly inputs: Readonly<Record<string, InputSpec>>;
  /** Their values at a step, counted from 0. */
  readonly inputsAt: (step: number) => Record<string, Float32Array>;
  /** New values of the parameters and of the slots. */
  readonly update: (state: Tensors, gradients: Tensors, inputs: Tensors) => Tensors;
}
