/**
 * Residual networks against torchvision's on the same weights. The golden values are of float64; what float32 leaves of
 * them, relative to each tensor's norm, was measured as at most (2 cores, oneDNN): outputs 6e-6, running statistics
 * 3e-6, gradients 4e-5, changes of the weights after 3 steps 1e-4 (Adam) and 3e-4 (SGD). PyTorch's own float32 is 1e-5
 * off in its gradients. The tolerances leave room for other orders of summation.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { imageEncoder } from '../../src/models/image-encoder.js';
import { projectionHead } from '../../src/models/projection-head.js';
import { resNet, type FeatureModule } from '../../src/models/resnet.js';
import { scopeOf, takeUpdates } from '../../src/nn/module.js';
import { fromStateDict, toStateDict } from '../../src/nn/state-dict.js';
import { compileProgram, type ProgramFunction, type Tensors } from '../../src/tensorflow/compile.js';
import { nativeBackend, startEngine } from '../../src/tensorflow/engine.js';
import type { TensorData, TensorDataMap } from '../../src/tensorflow/tensor-data.js';
import * as tf from '../../src/tensorflow/tf.js';
import { adam } from '../../src/train/adam.js';
import type { Optimizer } from '../../src/train/optimizer.js';
import { sgd } from '../../src/train/sgd.js';
import { trainingFunction } from '../../src/train/training-function.js';
import { distance, formulaWeights, signed, type Summary } from './formula.js';

startEngine();
// Plain TensorFlow.js would take hours.
const native = describe.runIf(nativeBackend() !== null);

interface Trained {
  readonly losses: number[];
  readonly change: Record<string, Summary>;
}
type Shape = [number, number, number, number];
interface Forward {
  readonly images: Shape;
  readonly eval: Summary;
  readonly evalFirst: number[];
  readonly train: Summary;
  readonly trainFirst: number[];
  readonly buffers: Record<string, Summary>;
}
interface Training {
  readonly name: string;
  readonly images: Shape;
  readonly gradients: Record<string, Summary>;
  /** Added to the biases of batch norm where it is trained. */
  readonly shift: number;
  readonly adam: Trained;
  readonly sgd: Trained;
}
interface Case {
  readonly shapes: Record<string, number[]>;
  readonly forward: Forward;
  readonly training?: Training;
}
type CaseName = 'encoder18' | 'resnet18' | 'resnet50' | 'resnet34' | 'resnet50Imagenet';
// Made by test/golden/resnet.py.
const golden = JSON.parse(readFileSync(new URL('../golden/resnet.json', import.meta.url), 'utf8')) as Record<
  CaseName,
  Case
>;

const cifar18 = resNet({ depth: 18, stem: 'cifar' });
const MODELS: Readonly<Record<CaseName, FeatureModule>> = {
  encoder18: {
    ...imageEncoder({
      encoder: cifar18,
      head: projectionHead({ inputs: cifar18.dim, hidden: 32, outputs: 16 }),
    }),
    dim: 16,
  },
  resnet18: resNet({ depth: 18, stem: 'imagenet' }),
  resnet50: resNet({ depth: 50, stem: 'cifar' }),
  resnet34: resNet({ depth: 34, stem: 'imagenet' }),
  resnet50Imagenet: resNet({ depth: 50, stem: 'imagenet' }),
};

/** The largest distance among named tensors. */
function worstDistance(found: TensorDataMap, expected: Readonly<Record<string, Summary>>): number {
  const stateDict = toStateDict(found);
  const distances = Object.entries(expected).map(([key, summary]) =>
    distance(key, stateDict[key] ?? { values: new Float32Array(0) }, summary),
  );
  return Math.max(...distances);
}

function parametersOf(model: FeatureModule, weights: TensorDataMap): TensorDataMap {
  const names = model.variables.filter(({ kind }) => kind === 'parameter').map(({ name }) => name);
  return Object.fromEntries(names.map((name) => [name, weights[name] as TensorData]));
}

/** Outputs in both modes and, of the training pass, the new buffers. */
function forward(model: FeatureModule, images: Shape): ProgramFunction {
  return {
    inputs: { images: { shape: images, dtype: 'float32' } },
    run(state, inputs) {
      const x = inputs.images as tf.Tensor4D;
      const buffers: Record<string, tf.Tensor> = {};
      const train = model.apply(scopeOf(state, true, buffers), x);
      return { outputs: { eval: model.apply(scopeOf(state, false), x), train, ...takeUpdates(buffers) } };
    },
  };
}

/** A step on the mean of the output times a fixed target. */
function stepOf(model: FeatureModule, images: Shape, optimizer: Optimizer): ProgramFunction {
  const target: [number, number] = [images[0], model.dim];
  return trainingFunction({
    model,
    optimizer,
    inputs: { images: { shape: images, dtype: 'float32' } },
    loss: (scope, _state, inputs) => {
      const output = model.apply(scope, inputs.images as tf.Tensor4D);
      return { total: tf.mean(tf.mul(output, tf.tensor2d(signed('target', target), target))), terms: {} };
    },
  });
}

/** The gradients of that step: by an optimizer that changes nothing and hands them out. */
function gradientsOf(model: FeatureModule, images: Shape): ProgramFunction {
  let found: Tensors = {};
  const none: Optimizer = {
    slots: () => ({}),
    inputs: {},
    inputsAt: () => ({}),
    update(_state, gradients) {
      found = gradients;
      return {};
    },
  };
  const step = stepOf(model, images, none);
  return {
    ...step,
    run(state, inputs) {
      step.run(state, inputs);
      return { outputs: found };
    },
  };
}

function difference(after: TensorDataMap, before: TensorDataMap): TensorDataMap {
  return Object.fromEntries(
    Object.entries(before).map(([name, tensor]) => [
      name,
      { ...tensor, values: tensor.values.map((value, i) => (after[name]?.values[i] ?? NaN) - value) },
    ]),
  );
}

native.each(Object.keys(MODELS) as CaseName[])('%s against torchvision', (name) => {
  const model = MODELS[name];
  const { shapes, forward: passes, training } = golden[name];
  const { weights, left } = fromStateDict(model, formulaWeights(shapes));

  it('has the parameters and buffers of the PyTorch model, by name and shape', () => {
    expect(left).toEqual([]);
    // Also in its order, by which PyTorch's optimizers number their parameters.
    const found = Object.entries(toStateDict(weights)).map(([key, { shape }]) => [key, shape]);
    expect(found).toEqual(Object.entries(shapes));
  });

  it('gives the same outputs in both modes, and the same running statistics', () => {
    const functions = { forward: forward(model, passes.images) };
    const program = compileProgram({ name, state: weights, functions });
    const {
      eval: inference,
      train,
      ...buffers
    } = program.run('forward', {
      images: signed('images', passes.images),
    });
    program.dispose();
    const outputs = { eval: inference as TensorData, train: train as TensorData };
    for (const mode of ['eval', 'train'] as const) {
      expect(worstDistance(outputs, { [mode]: passes[mode] })).toBeLessThan(1e-4);
      const scale = passes[mode].norm / Math.sqrt(outputs[mode].values.length);
      passes[`${mode}First`].forEach((value, i) =>
        expect(Math.abs((outputs[mode].values[i] ?? NaN) - value) / scale).toBeLessThan(1e-4),
      );
    }
    expect(Object.keys(buffers).sort()).toEqual(Object.keys(passes.buffers).sort());
    expect(worstDistance(buffers, passes.buffers)).toBeLessThan(1e-5);
  });

  if (training === undefined) return;
  const given = { images: signed(training.name, training.images) };

  it('has the same gradients', () => {
    const functions = { gradients: gradientsOf(model, training.images) };
    const program = compileProgram({ name, state: weights, functions }, 'eager');
    const gradients = program.run('gradients', given);
    program.dispose();
    expect(Object.keys(gradients).sort()).toEqual(Object.keys(training.gradients).sort());
    expect(worstDistance(gradients, training.gradients)).toBeLessThan(1e-4);
  });

  it.each([
    ['adam', adam({ learningRate: 1e-3, weightDecay: 1e-2, epsilon: 1e-2 })],
    ['sgd', sgd({ learningRate: 1e-3, momentum: 0.9, weightDecay: 0.1 })],
  ] as const)(
    'has the same losses and weights after 3 steps of %s',
    (which, optimizer) => {
      const { losses, change } = training[which];
      const { weights: shifted } = fromStateDict(model, formulaWeights(shapes, training.shift));
      const parameters = parametersOf(model, shifted);
      const program = compileProgram({
        name,
        state: { ...shifted, ...optimizer.slots(parameters) },
        functions: { step: stepOf(model, training.images, optimizer) },
      });
      const largest = Math.max(...losses.map(Math.abs));
      losses.forEach((loss, step) => {
        const outputs = program.run('step', { ...given, ...optimizer.inputsAt(step) });
        expect(Math.abs((outputs.loss?.values[0] ?? NaN) - loss) / largest).toBeLessThan(1e-4);
      });
      const changed = difference(program.readState(), parameters);
      program.dispose();
      expect(worstDistance(changed, change)).toBeLessThan(1e-3);
    },
    180_000,
  );
});
