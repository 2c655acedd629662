import { conv2d as convolve } from '../tensorflow/kernels/conv2d.js';
import type * as tf from '../tensorflow/tf.js';
import { kaimingNormalFanOut } from './initialisers.js';
import type { Module } from './module.js';

export interface Conv2dLayerOptions {
  /** Channels that come in. */
  readonly inputs: number;
  /** Channels that go out. */
  readonly outputs: number;
  /** Rows and columns of the filter. */
  readonly size: number;
  /** 1 where left out. */
  readonly stride?: number;
  /** Zeros on each side; 0 where left out. */
  readonly padding?: number;
  /** No for a network's first layer, which then computes no gradient with respect to the images; yes where left out. */
  readonly inputGradient?: boolean;
}

/**
 * A convolution without bias, `[batch, height, width, in] -> [batch, ..., out]`. Initial weights are normal with
 * variance `2 / (out size^2)`, torchvision's choice for residual networks.
 *
 * @param name - prefix of its variable `<name>.weight`, kept `[size, size, in, out]`; {@link toStateDict} makes PyTorch's
 *   layout of it.
 */
export function conv2d(name: string, options: Conv2dLayerOptions): Module<tf.Tensor4D, tf.Tensor4D> {
  const { inputs, outputs, size, stride = 1, padding = 0, inputGradient = true } = options;
  const shape = [size, size, inputs, outputs] as const;
  return {
    variables: [
      {
        name: `${name}.weight`,
        shape,
        kind: 'parameter',
        initial: (random) => kaimingNormalFanOut(random, shape),
      },
    ],
    apply: (scope, x) =>
      convolve(x, scope.get(`${name}.weight`) as tf.Tensor4D, { stride, padding, inputGradient }),
  };
}
