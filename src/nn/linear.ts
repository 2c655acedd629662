import { dense, type DenseActivation } from '../tensorflow/kernels/dense.js';
import type { RandomStream } from '../tensorflow/random.js';
import type * as tf from '../tensorflow/tf.js';
import { uniformFanIn } from './initialisers.js';
import type { Module } from './module.js';

export interface LinearOptions {
  /** Whether b is added; yes where left out. */
  readonly bias?: boolean;
}

/**
 * A linear layer with an optional rectifier, `a(x W^T + b)`; weights `[out, in]` and initial values as in PyTorch's
 * `nn.Linear`: both W and b uniform in [-1/sqrt(in), 1/sqrt(in)].
 *
 * @param name - prefix of its variables: `<name>.weight`, `<name>.bias`.
 */
export function linear(
  name: string,
  inputs: number,
  outputs: number,
  activation: DenseActivation = 'none',
  { bias = true }: LinearOptions = {},
): Module<tf.Tensor2D, tf.Tensor2D> {
  const initial = (count: number) => (random: RandomStream) => uniformFanIn(random, count, inputs);
  const weight = {
    name: `${name}.weight`,
    shape: [outputs, inputs],
    kind: 'parameter',
    initial: initial(outputs * inputs),
  } as const;
  const offset = {
    name: `${name}.bias`,
    shape: [outputs],
    kind: 'parameter',
    initial: initial(outputs),
  } as const;
  return {
    variables: bias ? [weight, offset] : [weight],
    apply: (scope, x) =>
      dense(
        x,
        scope.get(weight.name) as tf.Tensor2D,
        bias ? (scope.get(offset.name) as tf.Tensor1D) : null,
        activation,
      ),
  };
}
