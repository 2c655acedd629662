import { Matrix } from 'ml-matrix';
import { randomStream, type RandomStream } from '../tensorflow/random.js';
import * as tf from '../tensorflow/tf.js';
import { symmetricEigen } from './products.js';

/** Features and targets of items, row-major: `[rows, features]` and `[rows, targets]`. */
export interface Regression {
  readonly features: Matrix;
  readonly targets: Matrix;
}

/** A fitted readout: targets predicted from features, `[rows, features] -> [rows, targets]`. */
export interface FittedReadout {
  readonly predict: (features: Matrix) => Matrix;
  /** What the validation part decided: the ridge penalty, or the number of training steps. */
  readonly chosen: number;
}

/** How wrong predictions of the validation part are: smaller is better. */
export type Criterion = (predictions: Matrix) => number;

/** Penalties tried, relative to features of unit variance. */
export const RIDGE_PENALTIES: readonly number[] = [1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1, 10, 100];

/** Ridge regression for a list of penalties, from one eigendecomposition. */
function ridgePath({ features, targets }: Regression): (penalty: number) => (x: Matrix) => Matrix {
  const centre = features.mean('column');
  const level = targets.mean('column');
  const x = features.clone().subRowVector(centre);
  const y = targets.clone().subRowVector(level);
  const transposed = x.transpose();
  const { values, vectors } = symmetricEigen(transposed.mmul(x).div(x.rows));
  const moment = vectors.transpose().mmul(transposed.mmul(y).div(x.rows));
  return (penalty) => {
    const shrink = Matrix.diag(values.map((value) => 1 / (Math.max(0, value) + penalty)));
    const weights = vectors.mmul(shrink).mmul(moment);
    return (given) => given.clone().subRowVector(centre).mmul(weights).addRowVector(level);
  };
}

/**
 * Linear readout: ridge regression with intercept in closed form, `W = (X^T X / n + penalty I)^-1 X^T Y / n` on centred
 * X and Y. The penalty with the smallest criterion on the validation part is kept, and the fit repeated on both parts.
 */
export function fitRidge(train: Regression, validation: Regression, criterion: Criterion): FittedReadout {
  const path = ridgePath(train);
  const scored = RIDGE_PENALTIES.map((penalty) => ({
    penalty,
    score: criterion(path(penalty)(validation.features)),
  }));
  const best = scored.reduce((a, b) => (b.score < a.score ? b : a));
  const whole = {
    features: new Matrix([...train.features.to2DArray(), ...validation.features.to2DArray()]),
    targets: new Matrix([...train.targets.to2DArray(), ...validation.targets.to2DArray()]),
  };
  return { predict: ridgePath(whole)(best.penalty), chosen: best.penalty };
}

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

type Weights = readonly [tf.Tensor2D, tf.Tensor1D, tf.Tensor2D, tf.Tensor1D];

function tensorOf(matrix: Matrix): tf.Tensor2D {
  return tf.tensor2d(Float32Array.from(matrix.to1DArray()), [matrix.rows, matrix.columns]);
}

function forward([w1, b1, w2, b2]: Weights, x: tf.Tensor2D): tf.Tensor2D {
  const hidden = tf.relu(tf.add(tf.matMul(x, w1), b1));
  return tf.add<tf.Tensor2D>(tf.matMul(hidden, w2), b2);
}

/** He initialisation of the hidden layer; the output layer starts at the mean of the targets. */
function initialWeights(train: Regression, hidden: number, stream: RandomStream): tf.Tensor[] {
  const { columns: inputs } = train.features;
  const { columns: outputs } = train.targets;
  const normal = (count: number, sd: number): Float32Array =>
    Float32Array.from({ length: count }, () => sd * stream.normal());
  return [
    tf.tensor2d(normal(inputs * hidden, Math.sqrt(2 / inputs)), [inputs, hidden]),
    tf.zeros([hidden]),
    tf.tensor2d(normal(hidden * outputs, Math.sqrt(1 / hidden) / 10), [hidden, outputs]),
    tf.tensor1d(train.targets.mean('column')),
  ];
}

function predictWith(
  weights: readonly Float32Array[],
  shapes: readonly number[][],
  features: Matrix,
): Matrix {
  const values = tf.tidy(() => {
    const tensors = weights.map((w, k) => tf.tensor(w, shapes[k])) as unknown as Weights;
    return forward(tensors, tensorOf(features)).dataSync();
  });
  return Matrix.from1DArray(features.rows, values.length / features.rows, values);
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
  const initial = initialWeights(train, settings.hidden, randomStream(seed, 2));
  const shapes = initial.map((w) => w.shape);
  const variables = initial.map((w) => tf.variable(w));
  const weights = variables as unknown as Weights;
  const x = tensorOf(train.features);
  const y = tensorOf(train.targets);
  const optimizer = tf.train.adam(settings.learningRate);
  const copy = (): Float32Array[] => variables.map((v) => Float32Array.from(v.dataSync()));

  let best = { weights: copy(), step: 0, score: Infinity };
  let misses = 0;
  for (let step = 1; step <= settings.maxSteps && misses < settings.patience; step++) {
    optimizer.minimize(() => tf.losses.meanSquaredError(y, forward(weights, x)), false, variables);
    if (step % settings.checkEvery !== 0 && step !== settings.maxSteps) continue;
    const now = copy();
    const score = criterion(predictWith(now, shapes, validation.features));
    misses = score < best.score ? 0 : misses + 1;
    if (score < best.score) best = { weights: now, step, score };
  }
  tf.dispose([x, y, ...initial, ...variables]);
  optimizer.dispose();
  return { predict: (features) => predictWith(best.weights, shapes, features), chosen: best.step };
}
