import type * as tf from '../tensorflow/tf.js';
import type { Module, Scope } from './module.js';

/** The scope in which the variable `<prefix>.<name>` is called `<name>`. */
export function scopeWithin(scope: Scope, prefix: string): Scope {
  return {
    training: scope.training,
    get: (name) => scope.get(`${prefix}.${name}`),
    update: (name, value) => scope.update(`${prefix}.${name}`, value),
  };
}

/** A module as a part of a larger one: its variables are called `<prefix>.<name>`, as PyTorch names those of an attribute. */
export function prefixed<Input extends tf.Tensor, Output extends tf.Tensor>(
  prefix: string,
  module: Module<Input, Output>,
): Module<Input, Output> {
  return {
    variables: module.variables.map((variable) => ({ ...variable, name: `${prefix}.${variable.name}` })),
    apply: (scope, x) => module.apply(scopeWithin(scope, prefix), x),
  };
}
