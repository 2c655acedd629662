/** A linear classifier and a step of its training, as functions of tensors: what linear probes are made of. */
import { linear } from '../nn/linear.js';
import { initialise, scopeOf } from '../nn/module.js';
import type { InputSpec, Tensors } from '../tensorflow/compile.js';
import { randomStream } from '../tensorflow/random.js';
import type { TensorDataMap } from '../tensorflow/tensor-data.js';
import * as tf from '../tensorflow/tf.js';
import { adam } from '../train/adam.js';
import type { Optimizer } from '../train/optimizer.js';
import { schedule } from '../train/schedule.js';
import { sgd } from '../train/sgd.js';

/** How a linear classifier is trained. */
export interface ProbeSettings {
  readonly optimizer: 'adam' | 'sgd';
  readonly learningRate: number;
  /** Of SGD. */
  readonly momentum: number;
  readonly weightDecay: number;
  readonly epochs: number;
  readonly batch: number;
  /** Epochs at whose start the learning rate is divided by 10. */
  readonly milestones: readonly number[];
}

/**
 * The settings of the paper's linear probes: `adam` on CIFAR-10, CIFAR-100 and STL-10, `sgd` on ImageNet100. The paper gives
 * no momentum; .9 is that of the probe of MoCo, from which the other numbers of `sgd` come.
 */
export const PROBE_PRESETS = {
  adam: {
    optimizer: 'adam',
    learningRate: 1e-3,
    momentum: 0,
    weightDecay: 1e-6,
    epochs: 100,
    batch: 512,
    milestones: [],
  },
  sgd: {
    optimizer: 'sgd',
    learningRate: 30,
    momentum: 0.9,
    weightDecay: 0,
    epochs: 60,
    batch: 128,
    milestones: [30, 40, 50],
  },
} as const satisfies Readonly<Record<string, ProbeSettings>>;

/** Purposes of a classifier's random numbers: the counters of their streams. */
const WEIGHTS = 1;
const ORDER = 2;

export const PROBE_WEIGHT = 'probe.weight';
export const PROBE_BIAS = 'probe.bias';

/** @throws RangeError for settings that make no sense, with what is allowed. */
export function checkProbeSettings(settings: ProbeSettings): void {
  const { learningRate, momentum, weightDecay, epochs, batch } = settings;
  const wrong = (name: string, value: number, allowed: string): never => {
    throw new RangeError(`linearProbe: ${name} is ${value}; it must be ${allowed}.`);
  };
  if (!(learningRate > 0)) wrong('learningRate', learningRate, 'above 0');
  if (!(momentum >= 0 && momentum < 1)) wrong('momentum', momentum, 'from 0 to less than 1');
  if (!(weightDecay >= 0)) wrong('weightDecay', weightDecay, '0 or more');
  if (!Number.isInteger(epochs) || epochs < 1) wrong('epochs', epochs, 'a whole number from 1');
  if (!Number.isInteger(batch) || batch < 1) wrong('batch', batch, 'a whole number from 1');
}

/** The optimizer of a probe. */
export function probeOptimizer(settings: ProbeSettings, stepsPerEpoch: number): Optimizer {
  const { learningRate, momentum, weightDecay, epochs, milestones } = settings;
  const factor = schedule({ kind: 'step', steps: epochs * stepsPerEpoch, stepsPerEpoch, milestones });
  const rateAt = (step: number) => learningRate * factor(step);
  return settings.optimizer === 'adam'
    ? adam({ learningRate: rateAt, weightDecay })
    : sgd({ learningRate: rateAt, momentum, weightDecay });
}

/** Initial weights `[classes, dim]` and biases `[classes]` of a seed, as PyTorch's `nn.Linear` draws them. */
export function initialProbe(dim: number, classes: number, seed: number): TensorDataMap {
  return initialise(linear('probe', dim, classes), randomStream(seed, WEIGHTS));
}

/** The order in which a seed's epoch takes `count` items. */
export function probeOrder(count: number, seed: number, epoch: number): readonly number[] {
  return randomStream(seed, ORDER, epoch).shuffle(Array.from({ length: count }, (_, i) => i));
}

/** Logits `x W^T + b`, `[rows, classes]`. */
export function probeLogits(state: Tensors, features: tf.Tensor2D, classes: number): tf.Tensor2D {
  return linear('probe', features.shape[1], classes).apply(scopeOf(state, true), features);
}

/** The inputs of the optimizer for `steps` steps in one call. */
export function stackedInputs(optimizer: Optimizer, steps: number): Record<string, InputSpec> {
  return Object.fromEntries(
    Object.entries(optimizer.inputs).map(([name, { shape, dtype }]) => [
      name,
      { shape: [steps, ...shape], dtype },
    ]),
  );
}

/** Their values from a step on. */
export function stackedValues(
  optimizer: Optimizer,
  from: number,
  steps: number,
): Record<string, Float32Array> {
  const each = Array.from({ length: steps }, (_, i) => optimizer.inputsAt(from + i));
  return Object.fromEntries(
    Object.keys(optimizer.inputs).map((name) => [
      name,
      Float32Array.from(each.flatMap((values) => Array.from(values[name] ?? []))),
    ]),
  );
}

/** The inputs of each of the steps, taken apart. */
export function unstacked(optimizer: Optimizer, inputs: Tensors, steps: number): readonly Tensors[] {
  const names = Object.keys(optimizer.inputs);
  const parts = names.map((name) => tf.unstack(inputs[name] as tf.Tensor1D));
  return Array.from({ length: steps }, (_, i) =>
    Object.fromEntries(names.map((name, k) => [name, parts[k]?.[i] as tf.Tensor])),
  );
}

/**
 * One step of multinomial logistic regression. With p the softmax of the logits and y the one-hot class, the gradient of
 * the mean cross entropy by the logits is `(p - y) / n`, which needs no automatic differentiation.
 *
 * @param features - `[n, dim]`
 * @param labels - int32 `[n]`
 * @returns the new weights and what the optimizer keeps.
 */
export function probeStep(
  state: Tensors,
  features: tf.Tensor2D,
  labels: tf.Tensor1D,
  classes: number,
  optimizer: Optimizer,
  inputs: Tensors,
): Tensors {
  const probabilities = tf.softmax(probeLogits(state, features, classes));
  const wanted = tf.cast(tf.oneHot(labels, classes), 'float32');
  const byLogits = tf.div<tf.Tensor2D>(tf.sub(probabilities, wanted), features.shape[0]);
  const gradients = {
    [PROBE_WEIGHT]: tf.matMul(byLogits, features, true, false),
    [PROBE_BIAS]: tf.sum(byLogits, 0),
  };
  return optimizer.update(state, gradients, inputs);
}
