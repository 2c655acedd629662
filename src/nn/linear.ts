import { dense, type DenseActivation } from '../tensorflow/kernels/dense.js';
import type { RandomStream } from '../tensorflow/random.js';
import type * as tf from '../tensorflow/tf.js';
import { uniformFanIn } from './initialisers.js';
import type { Module } from './module.js';

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
): Module<tf.Tensor2D, tf.Tensor2D> {
  const initial = (count: number) => (random: RandomStream) => uniformFanIn(random, count, inputs);
  return {
    variables: [
      {
        name: `${name}.weight`,
        shape: [outputs, inputs],
        kind: 'parameter',
        initial: initial(outputs * inputs),
      },
      { name: `${name}.bias`, shape: [outputs], kind: 'parameter', initial: initial(outputs) },
    ],
    apply: (scope, x) =>
      dense(
        x,
        scope.get(`${name}.weight`) as tf.Tensor2D,
        scope.get(`${name}.bias`) as tf.Tensor1D,
        activation,
      ),
  };
}
