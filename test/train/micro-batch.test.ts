import * as fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { infoNce } from '../../src/losses/info-nce.js';
import { objectiveLoss, type ObjectiveName } from '../../src/methods/objective.js';
import { batchNorm1d } from '../../src/nn/batch-norm.js';
import { conv2d } from '../../src/nn/conv2d.js';
import { linear } from '../../src/nn/linear.js';
import { initialise, scopeOf, type Module } from '../../src/nn/module.js';
import { normalizeRows } from '../../src/nn/normalize-rows.js';
import { globalAveragePool } from '../../src/nn/pool.js';
import { relu } from '../../src/nn/relu.js';
import { sequential } from '../../src/nn/sequential.js';
import { compileProgram, type Execution, type Program } from '../../src/tensorflow/compile.js';
import { startEngine } from '../../src/tensorflow/engine.js';
import { gatherRows } from '../../src/tensorflow/kernels/gather-rows.js';
import { randomStream } from '../../src/tensorflow/random.js';
import type { TensorData, TensorDataMap } from '../../src/tensorflow/tensor-data.js';
import * as tf from '../../src/tensorflow/tf.js';
import { adam } from '../../src/train/adam.js';
import { microBatchProgram, type MicroBatchOptions } from '../../src/train/micro-batch.js';
import type { Optimizer } from '../../src/train/optimizer.js';
import { sgd } from '../../src/train/sgd.js';
import { trainingFunction, type LossTerms } from '../../src/train/training-function.js';
import { stateGap } from '../experiments/images/tiny.js';

// Steps take milliseconds, but programs are made by the dozen, on machines that may be busy.
vi.setConfig({ testTimeout: 180_000 });

startEngine({ intraOpThreads: 1, interOpThreads: 1 });

const BATCH = 12;
const SIZE = 6;
const DIM = 3;
const VIEWS = ['first', 'second', 'chunkedFirst', 'chunkedSecond'];

/** A convolution, a pool and two linear layers; batch norm in the middle where it is asked for. */
function modelOf(withNorm: boolean): Module<tf.Tensor4D, tf.Tensor2D> {
  const body = sequential([
    conv2d('conv', { inputs: 3, outputs: 4, size: 3, padding: 1, inputGradient: false }),
    relu<tf.Tensor4D>(),
  ]);
  const pool = globalAveragePool();
  const head = sequential<tf.Tensor2D>([
    linear('hidden', 4, 5, 'none'),
    ...(withNorm ? [batchNorm1d('norm', 5)] : []),
    relu<tf.Tensor2D>(),
    linear('out', 5, DIM, 'none'),
  ]);
  return {
    variables: [...body.variables, ...head.variables],
    apply: (scope, x) => normalizeRows(head.apply(scope, pool.apply(scope, body.apply(scope, x)))),
  };
}

interface Setting {
  readonly objective: ObjectiveName;
  readonly chunks: number;
  readonly piece: number;
  readonly optimizer: Optimizer;
  readonly norm: 'none' | 'frozen' | 'training';
  readonly execution: Execution;
  readonly batch?: number;
}

const SETTING: Setting = {
  objective: 'care',
  chunks: 3,
  piece: 4,
  optimizer: sgd({ learningRate: 0.1, momentum: 0.9, weightDecay: 1e-3 }),
  norm: 'none',
  execution: 'eager',
};

const stream = randomStream(8);
const pictures: TensorData = {
  shape: [20, SIZE * SIZE * 3],
  dtype: 'float32',
  values: Float32Array.from({ length: 20 * SIZE * SIZE * 3 }, () => stream.normal()),
};

/** What every view of a step adds to the images. */
function stepInputs(step: number, batch: number): Record<string, Float32Array | Int32Array> {
  const draws = randomStream(31, step);
  const noise = () => Float32Array.from({ length: batch * SIZE * SIZE * 3 }, () => draws.normal());
  return {
    indices: Int32Array.from({ length: batch }, () => draws.integer(20)),
    ...Object.fromEntries(VIEWS.map((view) => [`${view}.noise`, noise()])),
  };
}

/** The batch as a whole and in pieces, as two programs of the same state. */
function programs(setting: Setting) {
  const { objective, chunks, piece, optimizer, norm, execution, batch = BATCH } = setting;
  const model = modelOf(norm !== 'none');
  const views = objective === 'simclr' ? VIEWS.slice(0, 2) : VIEWS;
  const weights = initialise(model, randomStream(4));
  const parameters = Object.fromEntries(
    model.variables.filter(({ kind }) => kind === 'parameter').map(({ name }) => [name, weights[name]]),
  ) as TensorDataMap;
  const shared = {
    name: 'pieces',
    state: { ...weights, ...optimizer.slots(parameters) },
    frozen: { pictures },
  };
  const itemInputs = (count: number) => ({ indices: { shape: [count], dtype: 'int32' as const } });
  const viewInputs = (count: number) => ({
    noise: { shape: [count, SIZE, SIZE, 3], dtype: 'float32' as const },
  });
  const imagesOf = (
    state: Readonly<Record<string, tf.Tensor>>,
    inputs: Readonly<Record<string, tf.Tensor>>,
  ) => {
    const rows = gatherRows(state['pictures'] as tf.Tensor2D, inputs['indices'] as tf.Tensor1D);
    return tf.reshape<tf.Rank.R4>(rows, [-1, SIZE, SIZE, 3]);
  };
  const loss = (of: (view: string) => tf.Tensor2D): LossTerms =>
    objectiveLoss(
      objective,
      {
        each: () => [of('first'), of('second')],
        chunked: () => [of('chunkedFirst'), of('chunkedSecond')],
      },
      { temperature: 0.3, lambda: 0.7, chunks, reduction: 'mean' },
    );
  const training = norm === 'training';
  const whole = compileProgram(
    {
      ...shared,
      functions: {
        step: trainingFunction({
          model,
          optimizer,
          inputs: {
            ...itemInputs(batch),
            ...Object.fromEntries(views.map((view) => [`${view}.noise`, viewInputs(batch).noise])),
          },
          loss: (scope, state, inputs) =>
            loss((view) =>
              model.apply(
                training ? scope : { ...scope, training: false },
                tf.add(imagesOf(state, inputs), inputs[`${view}.noise`] as tf.Tensor),
              ),
            ),
        }),
      },
    },
    execution,
  );
  const options: MicroBatchOptions = {
    ...shared,
    functions: {
      double: {
        inputs: { x: { shape: [1], dtype: 'float32' } },
        run: (_, { x }) => ({ outputs: { y: tf.mul(x as tf.Tensor, 2) } }),
      },
    },
    model,
    optimizer,
    views,
    batch,
    piece,
    dim: DIM,
    inputs: itemInputs,
    viewInputs,
    embed: (state, inputs, viewed, buffers) =>
      model.apply(
        scopeOf(state, training, buffers),
        tf.add(imagesOf(state, inputs), viewed['noise'] as tf.Tensor),
      ),
    loss: (embeddings) => loss((view) => embeddings[view] as tf.Tensor2D),
  };
  const pieces = microBatchProgram(options, execution);
  const inputsAt = (step: number) => {
    const given = { ...stepInputs(step, batch), ...optimizer.inputsAt(step) };
    return Object.fromEntries(
      Object.entries(given).filter(([key]) => {
        const view = key.split('.')[0] ?? '';
        return !VIEWS.includes(view) || views.includes(view);
      }),
    );
  };
  return { whole, pieces, inputsAt, options, weights, model, imagesOf };
}

/** Runs both for so many steps; the largest difference of the losses and terms, and of the states. */
function gapsAfter(setting: Setting, steps: number) {
  const { whole, pieces, inputsAt } = programs(setting);
  let losses = 0;
  const read = (program: Program, step: number) => program.run('step', inputsAt(step));
  for (let step = 0; step < steps; step++) {
    losses = Math.max(losses, stateGap(read(whole, step), read(pieces, step)));
  }
  const states = stateGap(whole.readState(), pieces.readState());
  whole.dispose();
  pieces.dispose();
  return { losses, states };
}

const OPTIMIZERS: Readonly<Record<string, Optimizer>> = {
  sgd: SETTING.optimizer,
  // An epsilon that keeps gradients of rounding from becoming whole steps.
  adam: adam({ learningRate: 0.01, weightDecay: 1e-3, epsilon: 1e-3 }),
};

describe.each<Execution>(['eager', 'chained'])('micro-batches, %s', (execution) => {
  it.each(
    (['none', 'frozen'] as const).flatMap((norm) =>
      Object.keys(OPTIMIZERS).map((optimizer) => [norm, optimizer] as const),
    ),
  )('give what the whole batch gives: batch norm %s, %s', (norm, name) => {
    const optimizer = OPTIMIZERS[name] ?? SETTING.optimizer;
    const gaps = gapsAfter({ ...SETTING, norm, optimizer, execution }, 3);
    expect(gaps.losses).toBeLessThan(1e-5);
    expect(gaps.states).toBeLessThan(1e-5);
  });
});

describe('micro-batches', () => {
  it('give what the whole batch gives for any division, also where chunks span pieces', () => {
    fc.assert(
      fc.property(
        fc.constantFrom<ObjectiveName>('care', 'simclr'),
        fc.constantFrom(1, 2, 3, 4, 6),
        fc.constantFrom(1, 2, 3, 4, 6, 12),
        (objective, chunks, piece) => {
          const gaps = gapsAfter({ ...SETTING, objective, chunks, piece }, 2);
          expect(gaps.losses).toBeLessThan(1e-5);
          expect(gaps.states).toBeLessThan(1e-5);
        },
      ),
      { numRuns: 15 },
    );
  });

  it('of the whole batch are the ordinary step, batch norm in training included', () => {
    const gaps = gapsAfter({ ...SETTING, norm: 'training', piece: BATCH }, 3);
    expect(gaps.losses).toBeLessThan(1e-5);
    expect(gaps.states).toBeLessThan(1e-5);
  });

  it('differ where batch norm is in training, whose statistics are those of a piece', () => {
    const gaps = gapsAfter({ ...SETTING, norm: 'training' }, 1);
    expect(gaps.losses).toBeGreaterThan(1e-3);
    expect(gaps.states).toBeGreaterThan(1e-3);
  });

  it('bring the pieces into the running statistics one by one, view after view', () => {
    const { whole, pieces, inputsAt, weights, model, imagesOf } = programs({ ...SETTING, norm: 'training' });
    whole.dispose();
    const inputs = inputsAt(0);
    pieces.run('step', inputs, []);
    const state = pieces.readState();
    pieces.dispose();
    const updates: Record<string, tf.Tensor> = {};
    tf.tidy(() => {
      const held = Object.fromEntries(
        Object.entries({ ...weights, pictures }).map(([name, { values, shape }]) => [
          name,
          tf.tensor(values, [...shape]),
        ]),
      );
      const all = imagesOf(held, { indices: tf.tensor1d(inputs['indices'] as Int32Array, 'int32') });
      for (const view of VIEWS) {
        const noise = tf.tensor(inputs[`${view}.noise`] as Float32Array, all.shape);
        for (const piece of tf.split(tf.add<tf.Tensor4D>(all, noise), 3)) {
          model.apply(scopeOf(held, true, updates), piece as tf.Tensor4D);
        }
      }
    });
    expect(Object.keys(updates).sort()).toEqual(['norm.running_mean', 'norm.running_var']);
    for (const [name, tensor] of Object.entries(updates)) {
      const expected = tensor.dataSync();
      state[name]?.values.forEach((value, i) => {
        expect(Math.abs(value - (expected[i] ?? NaN))).toBeLessThan(1e-6);
      });
      // Twelve updates with momentum .1 have left the initial value far behind.
      expect(Math.abs((state[name]?.values[0] ?? 0) - (weights[name]?.values[0] ?? 0))).toBeGreaterThan(0.05);
    }
    tf.dispose(updates);
  });

  it('show the loss and its terms, what is asked for of them, and no sums among the state', () => {
    const { whole, pieces, inputsAt } = programs(SETTING);
    expect(Object.keys(pieces.run('step', inputsAt(0)))).toEqual(['loss', 'infoNce', 'equivariance']);
    expect(Object.keys(pieces.run('step', inputsAt(1), ['infoNce']))).toEqual(['infoNce']);
    expect(pieces.run('step', inputsAt(2), [])).toEqual({});
    expect(pieces.run('double', { x: Float32Array.of(4) })['y']?.values[0]).toBe(8);
    expect(Object.keys(pieces.readState()).sort()).toEqual(Object.keys(whole.readState()).sort());
    whole.dispose();
    pieces.dispose();
  });

  it('go on from a written state as from their own', () => {
    const { whole, pieces, inputsAt } = programs(SETTING);
    pieces.run('step', inputsAt(0), []);
    const kept = pieces.readState();
    pieces.run('step', inputsAt(1), []);
    const expected = pieces.readState();
    pieces.writeState(kept);
    pieces.run('step', inputsAt(1), []);
    expect(stateGap(pieces.readState(), expected)).toBe(0);
    whole.dispose();
    pieces.dispose();
  });

  it('leave no tensor behind', () => {
    const before = tf.memory().numTensors;
    const { whole, pieces, inputsAt } = programs(SETTING);
    pieces.run('step', inputsAt(0), []);
    const during = tf.memory().numTensors;
    pieces.run('step', inputsAt(1));
    expect(tf.memory().numTensors).toBe(during);
    whole.dispose();
    pieces.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  it('refuse pieces that do not divide the batch, and inputs that are no pieces', () => {
    const { whole, pieces, inputsAt, options } = programs(SETTING);
    for (const piece of [5, 24]) {
      expect(() => microBatchProgram({ ...options, piece }, 'eager')).toThrow(
        `a batch of 12 cannot be cut into pieces of ${piece}`,
      );
    }
    const { indices, ...others } = inputsAt(0);
    expect(indices).toHaveLength(12);
    expect(() => pieces.run('step', others)).toThrow('input "indices" is missing');
    expect(() => pieces.run('step', { ...others, indices: Int32Array.of(1, 2, 3) })).toThrow(
      'input "indices" has 3 values; 3 pieces of 4 are needed',
    );
    whole.dispose();
    pieces.dispose();
  });

  it('need the embeddings of the whole batch: the loss of a piece alone is another', () => {
    const rows = (seed: number) => {
      const draws = randomStream(seed);
      return tf.tensor2d(
        Float32Array.from({ length: BATCH * DIM }, () => draws.normal()),
        [BATCH, DIM],
      );
    };
    tf.tidy(() => {
      const [first, second] = [normalizeRows(rows(1)), normalizeRows(rows(2))];
      const whole = infoNce(first, second, { temperature: 0.3 }).dataSync()[0] ?? NaN;
      const parts = tf
        .split(first, 3)
        .map((part, i) =>
          infoNce(part as tf.Tensor2D, tf.split(second, 3)[i] as tf.Tensor2D, { temperature: 0.3 }),
        );
      const mean = parts.reduce((sum, part) => sum + (part.dataSync()[0] ?? NaN), 0) / 3;
      expect(Math.abs(whole - mean)).toBeGreaterThan(0.5);
    });
  });
});
