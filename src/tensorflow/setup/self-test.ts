/** A small piece of real work, to see that the engine computes rightly and how fast. */
import * as tf from '../tf.js';

/** Gradient descent on a linear regression whose answer is known. */
export interface TrainingCheck {
  readonly steps: number;
  readonly firstLoss: number;
  readonly lastLoss: number;
  /** Largest distance of a fitted coefficient from the true one. */
  readonly coefficientError: number;
  readonly milliseconds: number;
  /** The loss fell a hundredfold and the coefficients are found. */
  readonly passed: boolean;
}

/** One product of two square matrices. */
export interface MatMulTime {
  readonly size: number;
  /** Best of three, without the first. */
  readonly milliseconds: number;
  readonly gflops: number;
}

const TRUTH = [0.5, -1.5, 2] as const;
const SAMPLES = 64;
const STEPS = 40;
const LEARNING_RATE = 0.3;

/**
 * Fits `y = X w` by `w <- w - lr * dL/dw`, `L = mean((X w - y)^2)`, through tfjs's gradients, on the current backend.
 * X [64, 3] holds samples of three cosines, which are nearly orthogonal, so 40 steps are plenty.
 */
export function trainRegression(): TrainingCheck {
  const rows = Array.from({ length: SAMPLES }, (_, i) => TRUTH.map((_, j) => Math.cos((j + 1) * (i + 0.5))));
  const targets = rows.map((row) => row.reduce((sum, x, j) => sum + x * (TRUTH[j] ?? 0), 0));
  const began = performance.now();
  const { losses, fitted } = tf.tidy(() => descend(tf.tensor2d(rows), tf.tensor2d(targets, [SAMPLES, 1])));
  const milliseconds = performance.now() - began;
  const firstLoss = losses[0] ?? NaN;
  const lastLoss = losses[STEPS - 1] ?? NaN;
  const coefficientError = Math.max(...TRUTH.map((truth, j) => Math.abs(truth - (fitted[j] ?? NaN))));
  const passed = lastLoss < firstLoss / 100 && coefficientError < 0.05;
  return { steps: STEPS, firstLoss, lastLoss, coefficientError, milliseconds, passed };
}

function descend(x: tf.Tensor2D, y: tf.Tensor2D): { losses: number[]; fitted: Float32Array } {
  const losses: number[] = [];
  const gradient = tf.valueAndGrad((w: tf.Tensor) => tf.squaredDifference(tf.matMul(x, w), y).mean());
  let w: tf.Tensor = tf.zeros([TRUTH.length, 1]);
  for (let step = 0; step < STEPS; step++) {
    const { value, grad } = gradient(w);
    losses.push(value.dataSync<'float32'>()[0] ?? NaN);
    w = w.sub(grad.mul(LEARNING_RATE));
  }
  return { losses, fitted: w.dataSync<'float32'>() };
}

/** Times a product of two `size` x `size` matrices of float32, `2 size^3` floating point operations. */
export function timeMatMul(size: number): MatMulTime {
  const a = tf.fill([size, size], 0.5);
  const times = Array.from({ length: 4 }, () => {
    const began = performance.now();
    const product = tf.matMul(a, a);
    product.dataSync();
    product.dispose();
    return performance.now() - began;
  });
  a.dispose();
  const milliseconds = Math.min(...times.slice(1));
  return { size, milliseconds, gflops: (2 * size ** 3) / (milliseconds * 1e6) };
}
