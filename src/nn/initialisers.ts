import type { RandomStream } from '../tensorflow/random.js';

/**
 * `count` values uniform in [-1/sqrt(fanIn), 1/sqrt(fanIn)]: the initial weights and biases of PyTorch's `nn.Linear`
 * (Kaiming uniform with a = sqrt 5).
 */
export function uniformFanIn(random: RandomStream, count: number, fanIn: number): Float32Array {
  const bound = 1 / Math.sqrt(fanIn);
  return Float32Array.from({ length: count }, () => bound * (2 * random.uniform() - 1));
}
