import * as tf from '../tensorflow/tf.js';

export interface WeightDecayOptions {
  /** Added to the gradient as `weightDecay * parameter` (L2, not decoupled), as `torch.optim` does; 0 where left out. */
  readonly weightDecay?: number;
  /**
   * Which parameters decay: `all`, as PyTorch and the official code have it, or only `weights`, without biases and the
   * scales and offsets of normalisation (parameters of fewer than two axes). `all` where left out.
   */
  readonly decayed?: 'all' | 'weights';
}

/** The gradient with weight decay, `g + weightDecay p`, where the parameter decays. */
export function withWeightDecay(
  gradient: tf.Tensor,
  parameter: tf.Tensor,
  { weightDecay = 0, decayed = 'all' }: WeightDecayOptions,
): tf.Tensor {
  if (weightDecay === 0 || (decayed === 'weights' && parameter.rank < 2)) return gradient;
  return tf.add(gradient, tf.mul(parameter, weightDecay));
}
