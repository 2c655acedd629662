import { describe, expect, it } from 'vitest';
import { imageEncoder } from '../../src/models/image-encoder.js';
import { projectionHead } from '../../src/models/projection-head.js';
import { smallResNet } from '../../src/models/resnet.js';
import { batchNorm1d, batchNorm2d } from '../../src/nn/batch-norm.js';
import { conv2d } from '../../src/nn/conv2d.js';
import { linear } from '../../src/nn/linear.js';
import { countParameters, initialise, scopeOf, takeUpdates, type Module } from '../../src/nn/module.js';
import { globalAveragePool } from '../../src/nn/pool.js';
import { compileProgram, type Execution } from '../../src/tensorflow/compile.js';
import { startEngine } from '../../src/tensorflow/engine.js';
import { randomStream } from '../../src/tensorflow/random.js';
import { toTensor } from '../../src/tensorflow/tensor-data.js';
import * as tf from '../../src/tensorflow/tf.js';
import { adam } from '../../src/train/adam.js';
import { trainingFunction } from '../../src/train/training-function.js';

startEngine();

function tensorsOf(module: Module<never>, seed = 1): Record<string, tf.Tensor> {
  const weights = Object.entries(initialise(module, randomStream(seed)));
  return Object.fromEntries(weights.map(([name, data]) => [name, toTensor(data)]));
}

function moments(values: ArrayLike<number>): { mean: number; variance: number; largest: number } {
  const all = Array.from(values);
  const mean = all.reduce((sum, v) => sum + v, 0) / all.length;
  const variance = all.reduce((sum, v) => sum + (v - mean) ** 2, 0) / all.length;
  return { mean, variance, largest: Math.max(...all.map(Math.abs)) };
}

describe('initial values', () => {
  it('of a convolution are normal with variance 2 / (out size^2)', () => {
    const layer = conv2d('c', { inputs: 32, outputs: 64, size: 3 });
    const values = initialise(layer, randomStream(5))['c.weight']?.values ?? [];
    const { mean, variance, largest } = moments(values);
    const expected = 2 / (64 * 9);
    // 18,432 draws: the variance has a relative standard error of 1 %.
    expect(Math.abs(variance / expected - 1)).toBeLessThan(0.05);
    expect(Math.abs(mean)).toBeLessThan(4 * Math.sqrt(expected / 18432));
    // Normal, not uniform: the largest of so many lies beyond 3 standard deviations.
    expect(largest).toBeGreaterThan(3 * Math.sqrt(expected));
  });

  it('of batch norm are 1 and 0, of a linear layer within 1 / sqrt(in)', () => {
    const norm = initialise(batchNorm2d('n', 2), randomStream(5));
    expect(Object.values(norm).map(({ values }) => [...values])).toEqual([
      [1, 1],
      [0, 0],
      [0, 0],
      [1, 1],
    ]);
    const { largest } = moments(initialise(linear('l', 100, 50), randomStream(5))['l.weight']?.values ?? []);
    expect(largest).toBeLessThanOrEqual(0.1);
    expect(largest).toBeGreaterThan(0.099);
  });

  it('are the same for the same seed alone', () => {
    const draw = (seed: number) => initialise(smallResNet({ width: 2 }), randomStream(seed));
    expect(draw(4)).toEqual(draw(4));
    expect(draw(4)['conv1.weight']).not.toEqual(draw(5)['conv1.weight']);
  });
});

describe('a linear layer without bias', () => {
  it('has no such variable, and maps zero to zero', () => {
    const layer = linear('l', 3, 2, 'none', { bias: false });
    expect(layer.variables.map(({ name }) => name)).toEqual(['l.weight']);
    const y = layer.apply(scopeOf(tensorsOf(layer), false), tf.zeros([2, 3]));
    expect([...y.dataSync()]).toEqual([0, 0, 0, 0]);
  });
});

describe('batch norm', () => {
  it('of vectors blends the buffers, pass after pass, and uses them in evaluation', () => {
    const layer = batchNorm1d('n', 1);
    const tensors = tensorsOf(layer);
    const updates: Record<string, tf.Tensor> = {};
    const scope = scopeOf(tensors, true, updates);
    // Mean 2, unbiased variance 2; then mean 6, unbiased variance 8.
    layer.apply(scope, tf.tensor2d([1, 3], [2, 1]));
    layer.apply(scope, tf.tensor2d([4, 8], [2, 1]));
    const mean = 0.9 * (0.1 * 2) + 0.1 * 6;
    const variance = 0.9 * (0.9 * 1 + 0.1 * 2) + 0.1 * 8;
    const taken = takeUpdates(updates);
    expect(updates).toEqual({});
    expect(taken['n.running_mean']?.dataSync()[0]).toBeCloseTo(mean, 5);
    expect(taken['n.running_var']?.dataSync()[0]).toBeCloseTo(variance, 5);
    const y = layer.apply(scopeOf({ ...tensors, ...taken }, false), tf.tensor2d([5], [1, 1]));
    expect(y.dataSync()[0]).toBeCloseTo((5 - mean) / Math.sqrt(variance + 1e-5), 4);
  });

  it('changes no buffer in evaluation', () => {
    const layer = batchNorm2d('n', 3);
    const updates: Record<string, tf.Tensor> = {};
    layer.apply(scopeOf(tensorsOf(layer), false, updates), tf.ones([2, 2, 2, 3]));
    expect(updates).toEqual({});
  });
});

describe('a global average', () => {
  it('is the mean over places, by channel', () => {
    const x = tf.tensor4d([1, 10, 2, 20, 3, 30, 6, 60], [1, 2, 2, 2]);
    expect([...globalAveragePool().apply(scopeOf({}, false), x).dataSync()]).toEqual([3, 30]);
  });
});

describe('an image encoder', () => {
  const encoder = smallResNet({ width: 4 });
  const model = imageEncoder({ encoder, head: projectionHead({ inputs: 16, hidden: 8, outputs: 6 }) });

  it('has the parameters of ResNet-8 in its default size', () => {
    // He et al.'s CIFAR network for n = 1 has .08 M; here with 1 x 1 convolutions on the two shortcuts that change shape.
    const conv = 27 * 16 + 2 * 9 * 16 ** 2 + 9 * (16 * 32 + 32 ** 2 + 32 * 64 + 64 ** 2);
    const shortcuts = 16 * 32 + 32 * 64;
    const norms = 2 * (16 * 3 + 32 * 3 + 64 * 3);
    expect(countParameters(smallResNet())).toBe(conv + shortcuts + norms);
    expect(smallResNet({ blocks: 2 }).variables.some(({ name }) => name === 'layer3.1.conv2.weight')).toBe(
      true,
    );
  });

  it('names its variables encoder.* and head.*', () => {
    const names = model.variables.map(({ name }) => name);
    expect(names.slice(0, 2)).toEqual(['encoder.conv1.weight', 'encoder.bn1.weight']);
    expect(names.slice(-7)).toEqual([
      'head.0.weight',
      'head.1.weight',
      'head.1.bias',
      'head.1.running_mean',
      'head.1.running_var',
      'head.3.weight',
      'head.3.bias',
    ]);
  });

  it('is its features, its head and a normalisation', () => {
    const scope = scopeOf(tensorsOf(model), false);
    const images = tf.randomNormal<tf.Rank.R4>([2, 8, 8, 3], 0, 1, 'float32', 7);
    const features = model.features.apply(scope, images);
    expect(features.shape).toEqual([2, model.features.dim]);
    const head = Array.from(model.head.apply(scope, features).dataSync());
    const embedding = Array.from(model.apply(scope, images).dataSync());
    for (const row of [0, 1]) {
      const length = Math.hypot(...head.slice(6 * row, 6 * row + 6));
      for (let i = 6 * row; i < 6 * row + 6; i++) {
        expect(embedding[i]).toBeCloseTo((head[i] ?? NaN) / length, 5);
      }
    }
  });

  it('refuses images that are not RGB', () => {
    expect(() => encoder.apply(scopeOf(tensorsOf(encoder), false), tf.zeros([1, 8, 8, 1]))).toThrow(
      /1 channels; the model takes 3/,
    );
  });

  // Two passes a step, as contrastive training makes them: the second blends the buffers of the first.
  it('trains to the same state op by op and compiled, buffers included, and leaves no tensor behind', () => {
    const optimizer = adam({ learningRate: 1e-2 });
    const weights = initialise(model, randomStream(2));
    const parameters = Object.fromEntries(
      Object.entries(weights).filter(([name]) => !name.includes('running_')),
    );
    const step = trainingFunction({
      model,
      optimizer,
      inputs: { images: { shape: [2, 3, 8, 8, 3], dtype: 'float32' } },
      loss: (scope, _state, { images }) => {
        const [a, b] = tf.unstack(images as tf.Tensor) as [tf.Tensor4D, tf.Tensor4D];
        const product = tf.mean<tf.Scalar>(tf.mul(model.apply(scope, a), model.apply(scope, b)));
        return { total: product, terms: { product } };
      },
    });
    const noise = randomStream(9);
    const images = Float32Array.from({ length: 2 * 3 * 8 * 8 * 3 }, noise.normal);
    const train = (execution: Execution) => {
      const before = tf.memory().numTensors;
      const state = { ...weights, ...optimizer.slots(parameters) };
      const program = compileProgram({ name: 'image', state, functions: { step } }, execution);
      program.run('step', { images, ...optimizer.inputsAt(0) });
      const during = tf.memory().numTensors;
      for (const i of [1, 2]) program.run('step', { images, ...optimizer.inputsAt(i) });
      expect(tf.memory().numTensors).toBe(during);
      const trained = program.readState();
      program.dispose();
      expect(tf.memory().numTensors).toBe(before);
      return trained;
    };
    const eager = train('eager');
    const chained = train('chained');
    for (const [name, { values }] of Object.entries(chained)) {
      const scale = Math.max(1, ...values.map(Math.abs));
      values.forEach((value, i) =>
        expect(Math.abs(value - (eager[name]?.values[i] ?? NaN)) / scale, name).toBeLessThan(2e-3),
      );
    }
    expect(chained['encoder.bn1.running_mean']?.values).not.toEqual(
      weights['encoder.bn1.running_mean']?.values,
    );
  });
});
