import { batchNorm } from '../tensorflow/kernels/batch-norm.js';
import * as tf from '../tensorflow/tf.js';
import { constant } from './initialisers.js';
import type { Module, Variable } from './module.js';

export interface BatchNormLayerOptions {
  /** Whether channels have a scale and an offset, which are trained; yes where left out. */
  readonly affine?: boolean;
}

function batchNormVariables(name: string, channels: number, affine: boolean): readonly Variable[] {
  const variable = (part: string, kind: Variable['kind'], value: number): Variable => ({
    name: `${name}.${part}`,
    shape: [channels],
    kind,
    initial: () => constant(value, channels),
  });
  return [
    ...(affine ? [variable('weight', 'parameter', 1), variable('bias', 'parameter', 0)] : []),
    variable('running_mean', 'buffer', 0),
    variable('running_var', 'buffer', 1),
  ];
}

/**
 * Batch normalisation of images `[batch, height, width, channels]` by channel, as PyTorch's `nn.BatchNorm2d` (epsilon
 * 1e-5, momentum 0.1). In training it uses the batch's statistics and updates the buffers; else it uses the buffers.
 *
 * @param name - prefix of its variables: `weight`, `bias`, and the buffers `running_mean`, `running_var`.
 */
export function batchNorm2d(
  name: string,
  channels: number,
  { affine = true }: BatchNormLayerOptions = {},
): Module<tf.Tensor4D, tf.Tensor4D> {
  return {
    variables: batchNormVariables(name, channels, affine),
    apply(scope, x) {
      const of = (part: string) => scope.get(`${name}.${part}`) as tf.Tensor1D;
      const { y, mean, variance } = batchNorm(
        x,
        affine ? of('weight') : tf.ones([channels]),
        affine ? of('bias') : tf.zeros([channels]),
        of('running_mean'),
        of('running_var'),
        { training: scope.training },
      );
      if (scope.training) {
        scope.update(`${name}.running_mean`, mean);
        scope.update(`${name}.running_var`, variance);
      }
      return y;
    },
  };
}

/** {@link batchNorm2d} of vectors `[batch, channels]`, as PyTorch's `nn.BatchNorm1d`. */
export function batchNorm1d(
  name: string,
  channels: number,
  options: BatchNormLayerOptions = {},
): Module<tf.Tensor2D, tf.Tensor2D> {
  const images = batchNorm2d(name, channels, options);
  return {
    variables: images.variables,
    apply(scope, x) {
      const rows = x.shape[0];
      const y = images.apply(scope, tf.reshape(x, [rows, 1, 1, channels]));
      return tf.reshape(y, [rows, channels]);
    },
  };
}
