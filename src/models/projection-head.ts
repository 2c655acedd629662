import { batchNorm1d } from '../nn/batch-norm.js';
import { linear } from '../nn/linear.js';
import type { Module } from '../nn/module.js';
import { relu } from '../nn/relu.js';
import { sequential } from '../nn/sequential.js';
import type * as tf from '../tensorflow/tf.js';

export interface ProjectionHeadOptions {
  /** Length of a feature vector. */
  readonly inputs: number;
  /** Width of the hidden layer; 512 where left out. */
  readonly hidden?: number;
  /** Dimension of the embedding; 128 where left out. */
  readonly outputs?: number;
}

/**
 * The projection head of the official code: `Linear (no bias) - BatchNorm - ReLU - Linear`, `[batch, inputs]` to
 * `[batch, outputs]`. Its variables are named as those of an `nn.Sequential`: `0.weight`, `1.*`, `3.*`.
 */
export function projectionHead(options: ProjectionHeadOptions): Module<tf.Tensor2D, tf.Tensor2D> {
  const { inputs, hidden = 512, outputs = 128 } = options;
  return sequential([
    linear('0', inputs, hidden, 'none', { bias: false }),
    batchNorm1d('1', hidden),
    relu(),
    linear('3', hidden, outputs),
  ]);
}
