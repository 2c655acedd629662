import { sizeOf } from '../tensorflow/tensor-data.js';
import * as tf from '../tensorflow/tf.js';
import type { Optimizer } from './optimizer.js';
import { withWeightDecay, type WeightDecayOptions } from './weight-decay.js';

export interface SgdOptions extends WeightDecayOptions {
  /** Learning rate at a step counted from 0, or one for all steps. */
  readonly learningRate: number | ((step: number) => number);
  /** From 0 (plain gradient descent, where left out) to less than 1. */
  readonly momentum?: number;
  /** Nesterov's look-ahead; needs momentum. */
  readonly nesterov?: boolean;
}

const BUFFER = 'sgd.momentum.';

/**
 * Stochastic gradient descent with momentum and the semantics of `torch.optim.SGD`:
 *
 * `g <- g + wd p; b <- momentum b + g; p <- p - lr b`, with b = 0 before the first step; with Nesterov's momentum
 * `p <- p - lr (g + momentum b)`. The learning rate is not part of b, so that a schedule acts at once.
 *
 * @throws RangeError for a momentum out of range, or Nesterov's without any.
 */
export function sgd(options: SgdOptions): Optimizer {
  const { learningRate, momentum = 0, nesterov = false } = options;
  if (!(momentum >= 0 && momentum < 1)) {
    throw new RangeError(`SGD: the momentum is ${momentum}; give a number from 0 to less than 1.`);
  }
  if (nesterov && momentum === 0) throw new RangeError('SGD: nesterov needs a momentum above 0.');
  const rateAt = typeof learningRate === 'number' ? () => learningRate : learningRate;
  return {
    slots: (parameters) =>
      Object.fromEntries(
        (momentum === 0 ? [] : Object.entries(parameters)).map(([name, { shape }]) => [
          BUFFER + name,
          { shape, dtype: 'float32' as const, values: new Float32Array(sizeOf(shape)) },
        ]),
      ),
    inputs: { 'sgd.rate': { shape: [], dtype: 'float32' } },
    inputsAt: (step) => ({ 'sgd.rate': Float32Array.of(rateAt(step)) }),
    update(state, gradients, inputs) {
      const rate = inputs['sgd.rate'] as tf.Scalar;
      const updated: Record<string, tf.Tensor> = {};
      for (const [name, given] of Object.entries(gradients)) {
        const parameter = state[name] as tf.Tensor;
        let change = withWeightDecay(given, parameter, options);
        if (momentum > 0) {
          const buffer = tf.add(tf.mul(state[BUFFER + name] as tf.Tensor, momentum), change);
          updated[BUFFER + name] = buffer;
          change = nesterov ? tf.add(change, tf.mul(buffer, momentum)) : buffer;
        }
        updated[name] = tf.sub(parameter, tf.mul(change, rate));
      }
      return updated;
    },
  };
}
