import type { RandomStream } from '../tensorflow/random.js';

/**
 * `count` values uniform in [-1/sqrt(fanIn), 1/sqrt(fanIn)]: the initial weights and biases of PyTorch's `nn.Linear`
 * (Kaiming uniform with a = sqrt 5).
 */
export function uniformFanIn(random: RandomStream, count: number, fanIn: number): Float32Array {
  const bound = 1 / Math.sqrt(fanIn);
  return Float32Array.from({ length: count }, () => bound * (2 * random.uniform() - 1));
}

/**
 * Normal values with variance `2 / (out rows columns)` for a filter `[rows, columns, in, out]`: PyTorch's
 * `kaiming_normal_(mode='fan_out', nonlinearity='relu')`, with which torchvision begins its residual networks.
 */
export function kaimingNormalFanOut(
  random: RandomStream,
  [rows, columns, inputs, outputs]: readonly [number, number, number, number],
): Float32Array {
  const deviation = Math.sqrt(2 / (outputs * rows * columns));
  return Float32Array.from({ length: rows * columns * inputs * outputs }, () => deviation * random.normal());
}

/** `count` times the same value. */
export function constant(value: number, count: number): Float32Array {
  return new Float32Array(count).fill(value);
}
