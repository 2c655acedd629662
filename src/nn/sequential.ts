import type * as tf from '../tensorflow/tf.js';
import type { Module } from './module.js';

/** Modules one after the other. */
export function sequential<T extends tf.Tensor>(modules: readonly Module<T, T>[]): Module<T, T> {
  return {
    variables: modules.flatMap(({ variables }) => variables),
    apply: (scope, x) => modules.reduce((value, module) => module.apply(scope, value), x),
  };
}
