/** The loss of a batch whose embeddings are known already, with its gradient by them. */
import type { ProgramFunction, Tensors } from '../tensorflow/compile.js';
import * as tf from '../tensorflow/tf.js';
import type { LossTerms } from './training-function.js';

/** Inputs and outputs that belong to a view's embeddings have its name behind this. */
export const EMBEDDING = 'embedding.';

export interface EmbeddingLossOptions {
  /** Names of the views. */
  readonly views: readonly string[];
  /** Shape of a view's embeddings. */
  readonly batch: number;
  readonly dim: number;
  /** The loss of the whole batch, of embeddings `[batch, dim]` by view. */
  readonly loss: (embeddings: Readonly<Record<string, tf.Tensor2D>>) => LossTerms;
}

/**
 * A function of the embeddings `embedding.<view>` of all views, `[batch, dim]` each. Its outputs are `loss`, each term by
 * name, and the gradients of the loss by the embeddings under the embeddings' names.
 */
export function embeddingLossFunction({ views, batch, dim, loss }: EmbeddingLossOptions): ProgramFunction {
  const names = views.map((view) => EMBEDDING + view);
  const inputs = Object.fromEntries(
    names.map((name) => [name, { shape: [batch, dim], dtype: 'float32' as const }]),
  );
  return {
    inputs,
    run(_state: Tensors, given: Tensors) {
      let terms: Readonly<Record<string, tf.Tensor>> = {};
      const total = (...embeddings: tf.Tensor[]) => {
        const result = loss(Object.fromEntries(views.map((view, i) => [view, embeddings[i] as tf.Tensor2D])));
        terms = Object.fromEntries(
          Object.entries(result.terms).map(([name, term]) => [name, tf.keep(tf.clone(term))]),
        );
        return result.total;
      };
      const { value, grads } = tf.valueAndGrads(total)(names.map((name) => given[name] as tf.Tensor));
      const kept = Object.fromEntries(Object.entries(terms).map(([name, term]) => [name, tf.clone(term)]));
      tf.dispose(terms);
      const gradients = Object.fromEntries(names.map((name, i) => [name, grads[i] as tf.Tensor]));
      return { outputs: { loss: value, ...kept, ...gradients } };
    },
  };
}
