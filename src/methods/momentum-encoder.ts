/** A second encoder that follows the trained one slowly: MoCo's key encoder, BYOL's target network. */
import type { Scope } from '../nn/module.js';
import { scopeWithin } from '../nn/prefixed.js';
import type { InputSpec, Tensors } from '../tensorflow/compile.js';
import type { TensorDataMap } from '../tensorflow/tensor-data.js';
import * as tf from '../tensorflow/tf.js';
import type { AfterStep, MethodModel } from './method.js';

/** Before the names of its weights and buffers in the state. */
const MOMENTUM = 'momentum';
const RATE = 'momentum.rate';

export interface MomentumEncoder {
  /** A copy of the trained encoder's weights and buffers. */
  readonly state: (weights: TensorDataMap) => TensorDataMap;
  readonly inputs: Readonly<Record<string, InputSpec>>;
  readonly inputsAt: (momentum: number) => Record<string, Float32Array>;
  /** Projections `[batch, dim]` of images; batch norm takes the statistics of the images and keeps its own running ones. */
  readonly project: (scope: Scope, images: tf.Tensor4D) => tf.Tensor2D;
  /** `theta_m <- m theta_m + (1 - m) theta` for every parameter, theta being the new weights. Buffers are its own. */
  readonly after: (step: AfterStep) => Tensors;
}

/** @throws RangeError unless the momentum is from 0 to 1. */
export function checkMomentum(who: string, momentum: number): void {
  if (!(momentum >= 0 && momentum <= 1)) {
    throw new RangeError(`${who}: the momentum is ${momentum}; give a number from 0 to 1, e.g. 0.99.`);
  }
}

/**
 * The momentum encoder of a model. The momentum is an input of the step, so that it can follow a schedule.
 *
 * It is updated after the optimizer, with the weights of the step to come, which gives the keys that MoCo's code gets by
 * updating it first thing in a step.
 */
export function momentumEncoder(model: MethodModel): MomentumEncoder {
  const parameters = model.variables.filter(({ kind }) => kind === 'parameter').map(({ name }) => name);
  return {
    state: (weights) =>
      Object.fromEntries(
        model.variables.flatMap(({ name }) => {
          const data = weights[name];
          return data === undefined
            ? []
            : [[`${MOMENTUM}.${name}`, { ...data, values: data.values.slice() }]];
        }),
      ),
    inputs: { [RATE]: { shape: [], dtype: 'float32' } },
    inputsAt: (momentum) => ({ [RATE]: Float32Array.of(momentum) }),
    project: (scope, images) => model.project(scopeWithin(scope, MOMENTUM), images),
    after({ state, updated, inputs }) {
      const rate = inputs[RATE] as tf.Scalar;
      const rest = tf.sub(1, rate);
      return Object.fromEntries(
        parameters.map((name) => {
          const slow = state[`${MOMENTUM}.${name}`] as tf.Tensor;
          return [
            `${MOMENTUM}.${name}`,
            tf.add(tf.mul(slow, rate), tf.mul(updated[name] as tf.Tensor, rest)),
          ];
        }),
      );
    },
  };
}
