import { sizeOf } from '../tensorflow/tensor-data.js';
import * as tf from '../tensorflow/tf.js';
import type { Optimizer } from './optimizer.js';
import { withWeightDecay, type WeightDecayOptions } from './weight-decay.js';

export interface AdamOptions extends WeightDecayOptions {
  /** Learning rate at a step counted from 0, or one for all steps. */
  readonly learningRate: number | ((step: number) => number);
  readonly beta1?: number;
  readonly beta2?: number;
  readonly epsilon?: number;
}

const FIRST = 'adam.first.';
const SECOND = 'adam.second.';

/**
 * Adam (Kingma and Ba, ICLR 2015) with the semantics of `torch.optim.Adam`:
 *
 * `g <- g + wd p; m <- b1 m + (1 - b1) g; v <- b2 v + (1 - b2) g^2;`
 * `p <- p - lr / (1 - b1^t) * m / (sqrt(v) / sqrt(1 - b2^t) + eps)`, with t counted from 1 and eps outside the root.
 *
 * The bias corrections are computed in double precision on the host and passed in as scalars.
 */
export function adam(options: AdamOptions): Optimizer {
  const { learningRate, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 } = options;
  const rateAt = typeof learningRate === 'number' ? () => learningRate : learningRate;
  return {
    slots: (parameters) =>
      Object.fromEntries(
        Object.entries(parameters).flatMap(([name, { shape }]) =>
          [FIRST, SECOND].map((prefix) => [
            prefix + name,
            { shape, dtype: 'float32' as const, values: new Float32Array(sizeOf(shape)) },
          ]),
        ),
      ),
    inputs: {
      'adam.stepSize': { shape: [], dtype: 'float32' },
      'adam.secondScale': { shape: [], dtype: 'float32' },
    },
    inputsAt: (step) => ({
      'adam.stepSize': Float32Array.of(rateAt(step) / (1 - beta1 ** (step + 1))),
      'adam.secondScale': Float32Array.of(1 / Math.sqrt(1 - beta2 ** (step + 1))),
    }),
    update(state, gradients, inputs) {
      const stepSize = inputs['adam.stepSize'] as tf.Scalar;
      const secondScale = inputs['adam.secondScale'] as tf.Scalar;
      const updated: Record<string, tf.Tensor> = {};
      for (const [name, given] of Object.entries(gradients)) {
        const parameter = state[name] as tf.Tensor;
        const gradient = withWeightDecay(given, parameter, options);
        const first = tf.add(tf.mul(state[FIRST + name] as tf.Tensor, beta1), tf.mul(gradient, 1 - beta1));
        const second = tf.add(
          tf.mul(state[SECOND + name] as tf.Tensor, beta2),
          tf.mul(tf.mul(gradient, gradient), 1 - beta2),
        );
        const scale = tf.add(tf.mul(tf.sqrt(second), secondScale), epsilon);
        updated[name] = tf.sub(parameter, tf.mul(tf.div(first, scale), stepSize));
        updated[FIRST + name] = first;
        updated[SECOND + name] = second;
      }
      return updated;
    },
  };
}
