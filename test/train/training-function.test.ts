import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { deepSet } from '../../src/models/deep-set.js';
import { scopeOf } from '../../src/nn/module.js';
import { compileProgram, type Execution } from '../../src/tensorflow/compile.js';
import { startEngine } from '../../src/tensorflow/engine.js';
import type { TensorDataMap } from '../../src/tensorflow/tensor-data.js';
import * as tf from '../../src/tensorflow/tf.js';
import { adam } from '../../src/train/adam.js';
import { trainingFunction } from '../../src/train/training-function.js';

startEngine();

interface GoldenTensor {
  readonly shape: number[];
  readonly values: number[];
}
interface Golden {
  readonly clouds: number[];
  readonly target: number[];
  readonly embedding: number[];
  readonly losses: number[];
  readonly initial: Record<string, GoldenTensor>;
  readonly gradients: Record<string, GoldenTensor>;
  readonly after3: Record<string, GoldenTensor>;
}

// Made by test/golden/deep_set.py with PyTorch in float64.
const golden = JSON.parse(
  readFileSync(new URL('../golden/deep_set.json', import.meta.url), 'utf8'),
) as Golden;
const model = deepSet({ inputs: 3, phi: [4, 6], pooling: 'mean', rho: [5, 3] });
const weights: TensorDataMap = Object.fromEntries(
  Object.entries(golden.initial).map(([name, { shape, values }]) => [
    name,
    { shape, dtype: 'float32', values: Float32Array.from(values) },
  ]),
);
const clouds = { shape: [4, 5, 3], dtype: 'float32' } as const;
const target = { shape: [4, 3], dtype: 'float32' } as const;
const given = { clouds: Float32Array.from(golden.clouds), target: Float32Array.from(golden.target) };

function expectClose(actual: ArrayLike<number>, expected: readonly number[], tolerance: number): void {
  expect(actual.length).toBe(expected.length);
  const worst = Math.max(...expected.map((value, i) => Math.abs(value - (actual[i] ?? NaN))));
  expect(worst).toBeLessThan(tolerance);
}

const squaredError = (z: tf.Tensor2D, wanted: tf.Tensor) => tf.sum<tf.Scalar>(tf.square(tf.sub(z, wanted)));

describe('a DeepSet against PyTorch', () => {
  it('has the variables of the PyTorch module, by name and shape', () => {
    expect(Object.fromEntries(model.variables.map(({ name, shape }) => [name, shape]))).toEqual(
      Object.fromEntries(Object.entries(golden.initial).map(([name, { shape }]) => [name, shape])),
    );
  });

  it.each<Execution>(['eager', 'chained', 'fast'])(
    'gives the same embedding, gradients and weights after 3 steps of Adam, %s',
    (execution) => {
      const optimizer = adam({ learningRate: 0.01, weightDecay: 0.1 });
      const step = trainingFunction({
        model,
        optimizer,
        inputs: { clouds, target },
        loss: (scope, _state, inputs) => ({
          total: squaredError(model.apply(scope, inputs.clouds as tf.Tensor3D), inputs.target as tf.Tensor),
          terms: {},
        }),
      });
      const program = compileProgram(
        {
          name: 'golden',
          state: { ...weights, ...optimizer.slots(weights) },
          functions: {
            step,
            embed: {
              inputs: { clouds },
              run: (state, inputs) => ({
                outputs: { z: model.apply(scopeOf(state, false), inputs.clouds as tf.Tensor3D) },
              }),
            },
          },
        },
        execution,
      );
      expect(program.execution).toBe(execution);
      expectClose(program.run('embed', { clouds: given.clouds }).z?.values ?? [], golden.embedding, 1e-6);
      golden.losses.forEach((loss, i) => {
        const outputs = program.run('step', { ...given, ...optimizer.inputsAt(i) });
        expect(outputs.loss?.values[0]).toBeCloseTo(loss, 5);
      });
      const state = program.readState();
      for (const [name, { values }] of Object.entries(golden.after3)) {
        expectClose(state[name]?.values ?? [], values, 2e-6);
      }
      program.dispose();
    },
  );

  it('has the gradients of PyTorch', () => {
    const names = Object.keys(golden.gradients);
    const loss = (...parameters: tf.Tensor[]) => {
      const tensors = Object.fromEntries(names.map((name, i) => [name, parameters[i] as tf.Tensor]));
      const x = tf.tensor3d(given.clouds, [4, 5, 3]);
      return squaredError(model.apply(scopeOf(tensors, true), x), tf.tensor2d(given.target, [4, 3]));
    };
    const gradients = tf.grads(loss)(
      names.map((name) => tf.tensor(weights[name]?.values ?? [], [...(weights[name]?.shape ?? [])])),
    );
    names.forEach((name, i) => {
      expectClose(gradients[i]?.dataSync() ?? [], golden.gradients[name]?.values ?? [], 2e-6);
    });
  });
});
