import { Matrix } from 'ml-matrix';
import { compileProgram, type Program, type Tensors } from '../tensorflow/compile.js';
import { randomStream } from '../tensorflow/random.js';
import type { TensorData, TensorDataMap } from '../tensorflow/tensor-data.js';
import * as tf from '../tensorflow/tf.js';
import { valuesOf } from './products.js';
import type { Criterion, FittedReadout, Regression } from './readout.js';

/** Settings of the MLP readout. */
export interface MlpSettings {
  /** Units of the one hidden layer (ReLU). */
  readonly hidden: number;
  readonly learningRate: number;
  readonly maxSteps: number;
  /** Steps between two looks at the validation part. */
  readonly checkEvery: number;
  /** Looks without improvement after which training stops. */
  readonly patience: number;
}

export const MLP_DEFAULTS: MlpSettings = {
  hidden: 64,
  learningRate: 0.01,
  maxSteps: 600,
  checkEvery: 20,
  patience: 5,
};

/** Names of the weights, in the order in which the readout applies them. */
export const WEIGHTS = ['hidden.weight', 'hidden.bias', 'output.weight', 'output.bias'] as const;
const [BETA_1, BETA_2, EPSILON] = [0.9, 0.999, 1e-8];

const meanMoment = (name: string): string => `${name}.mean`;
const squareMoment = (name: string): string => `${name}.square`;

function float32(shape: readonly number[], values: Iterable<number>): TensorData {
  return { shape, dtype: 'float32', values: Float32Array.from(values) };
}

function matrixData(matrix: Matrix): TensorData {
  return float32([matrix.rows, matrix.columns], matrix.to1DArray());
}

function at(tensors: Tensors, name: string): tf.Tensor {
  const found = tensors[name];
  if (!found) throw new Error(`MLP readout: there is no tensor ${name}.`);
  return found;
}

/** Weights and zero moments. He initialisation of the hidden layer; the output starts near the mean of the targets. */
export function initialState(train: Regression, hidden: number, seed: number): TensorDataMap {
  const stream = randomStream(seed, 2);
  const { columns: inputs } = train.features;
  const { columns: outputs } = train.targets;
  const normal = (rows: number, columns: number, sd: number): TensorData =>
    float32(
      [rows, columns],
      Array.from({ length: rows * columns }, () => sd * stream.normal()),
    );
  const weights: Record<(typeof WEIGHTS)[number], TensorData> = {
    'hidden.weight': normal(inputs, hidden, Math.sqrt(2 / inputs)),
    'hidden.bias': float32([hidden], new Array<number>(hidden).fill(0)),
    'output.weight': normal(hidden, outputs, Math.sqrt(1 / hidden) / 10),
    'output.bias': float32([outputs], train.targets.mean('column')),
  };
  const zeros = (like: TensorData): TensorData => float32(like.shape, new Float32Array(like.values.length));
  return Object.fromEntries(
    WEIGHTS.flatMap((name) => [
      [name, weights[name]],
      [meanMoment(name), zeros(weights[name])],
      [squareMoment(name), zeros(weights[name])],
    ]),
  );
}

/** `relu(x W1 + b1) W2 + b2`, the weights in the order of {@link WEIGHTS}. */
export function forward(weights: readonly tf.Tensor[], x: tf.Tensor): tf.Tensor {
  const [w1, b1, w2, b2] = weights as [tf.Tensor2D, tf.Tensor1D, tf.Tensor2D, tf.Tensor1D];
  const hidden = tf.relu(tf.add(tf.matMul(x as tf.Tensor2D, w1), b1));
  return tf.add(tf.matMul(hidden as tf.Tensor2D, w2), b2);
}

/**
 * One full-batch step of Adam. The bias corrections of both moments depend on the step and are inputs: `rate` is the
 * learning rate / (1 - beta1^t), `correction` 1 / sqrt(1 - beta2^t).
 */
function trainingStep(state: Tensors, inputs: Tensors): { state: Tensors; outputs: Tensors } {
  const weights = WEIGHTS.map((name) => at(state, name));
  const loss = (...given: tf.Tensor[]): tf.Scalar =>
    tf.mean<tf.Scalar>(tf.square(tf.sub(forward(given, at(state, 'features')), at(state, 'targets'))));
  const { value, grads } = tf.valueAndGrads(loss)(weights);
  const next: Record<string, tf.Tensor> = {};
  WEIGHTS.forEach((name, k) => {
    const gradient = grads[k] as tf.Tensor;
    const mean = tf.add(tf.mul(at(state, meanMoment(name)), BETA_1), tf.mul(gradient, 1 - BETA_1));
    const square = tf.add(
      tf.mul(at(state, squareMoment(name)), BETA_2),
      tf.mul(tf.square(gradient), 1 - BETA_2),
    );
    const size = tf.add(tf.mul(tf.sqrt(square), at(inputs, 'correction')), EPSILON);
    next[name] = tf.sub(at(state, name), tf.mul(tf.div(mean, size), at(inputs, 'rate')));
    next[meanMoment(name)] = mean;
    next[squareMoment(name)] = square;
  });
  return { state: next, outputs: { loss: value } };
}

function trainingProgram(train: Regression, validation: Regression, hidden: number, seed: number): Program {
  const scalar = { shape: [], dtype: 'float32' } as const;
  return compileProgram({
    name: 'mlp-readout',
    state: initialState(train, hidden, seed),
    frozen: {
      features: matrixData(train.features),
      targets: matrixData(train.targets),
      validation: matrixData(validation.features),
    },
    functions: {
      step: { inputs: { rate: scalar, correction: scalar }, run: trainingStep },
      look: {
        inputs: {},
        run: (state) => ({
          outputs: {
            predictions: forward(
              WEIGHTS.map((name) => at(state, name)),
              at(state, 'validation'),
            ),
          },
        }),
      },
    },
  });
}

function matrixFrom(rows: number, values: ArrayLike<number>): Matrix {
  return Matrix.from1DArray(rows, values.length / rows, values);
}

function predictWith(state: TensorDataMap, features: Matrix): Matrix {
  const values = valuesOf(() => {
    const weights = WEIGHTS.map((name) => {
      const data = state[name];
      if (!data) throw new Error(`MLP readout: there is no tensor ${name}.`);
      return tf.tensor(data.values, [...data.shape]);
    });
    const { shape, values } = matrixData(features);
    return forward(weights, tf.tensor(values, [...shape]));
  });
  return matrixFrom(features.rows, values);
}

/**
 * MLP readout: one hidden layer of ReLUs, mean squared error, full-batch Adam, seeded. Training stops when the criterion
 * on the validation part no longer improves, and the weights of the best look are kept.
 */
export function fitMlp(
  train: Regression,
  validation: Regression,
  criterion: Criterion,
  seed: number,
  settings: MlpSettings = MLP_DEFAULTS,
): FittedReadout {
  const program = trainingProgram(train, validation, settings.hidden, seed);
  try {
    let best = { state: program.readState(), step: 0, score: Infinity };
    let misses = 0;
    for (let step = 1; step <= settings.maxSteps && misses < settings.patience; step++) {
      const rate = settings.learningRate / (1 - BETA_1 ** step);
      const correction = 1 / Math.sqrt(1 - BETA_2 ** step);
      program.run('step', { rate: Float32Array.of(rate), correction: Float32Array.of(correction) }, []);
      if (step % settings.checkEvery !== 0 && step !== settings.maxSteps) continue;
      const { predictions } = program.run('look', {});
      const score = criterion(matrixFrom(validation.features.rows, predictions?.values ?? []));
      misses = score < best.score ? 0 : misses + 1;
      if (score < best.score) best = { state: program.readState(), step, score };
    }
    const { state, step } = best;
    return { predict: (features) => predictWith(state, features), chosen: step };
  } finally {
    program.dispose();
  }
}
