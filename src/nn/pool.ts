import { maxPool, type MaxPoolOptions } from '../tensorflow/kernels/max-pool.js';
import { poolPoints } from '../tensorflow/kernels/pool-points.js';
import * as tf from '../tensorflow/tf.js';
import type { Module } from './module.js';

/** Maximum over windows, as PyTorch's `nn.MaxPool2d`. */
export function maxPool2d(options: MaxPoolOptions): Module<tf.Tensor4D, tf.Tensor4D> {
  return { variables: [], apply: (_scope, x) => maxPool(x, options) };
}

/** Mean over all places of an image, `[batch, height, width, channels] -> [batch, channels]`. */
export function globalAveragePool(): Module<tf.Tensor4D, tf.Tensor2D> {
  return {
    variables: [],
    apply(_scope, x) {
      const [batch, height, width, channels] = x.shape;
      return poolPoints(tf.reshape(x, [batch, height * width, channels]), 'mean');
    },
  };
}
