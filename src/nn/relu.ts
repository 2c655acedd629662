import { relu as rectify } from '../tensorflow/kernels/relu.js';
import type * as tf from '../tensorflow/tf.js';
import type { Module } from './module.js';

/** The rectifier `max(x, 0)` as a module without variables. */
export function relu<T extends tf.Tensor>(): Module<T, T> {
  return { variables: [], apply: (_scope, x) => rectify(x) };
}
