import type { Module, Scope } from '../nn/module.js';
import { normalizeRows } from '../nn/normalize-rows.js';
import { prefixed } from '../nn/prefixed.js';
import type * as tf from '../tensorflow/tf.js';
import type { FeatureModule } from './resnet.js';

export interface ImageEncoderParts {
  readonly encoder: FeatureModule;
  readonly head: Module<tf.Tensor2D, tf.Tensor2D>;
}

/** Images `[batch, height, width, 3]` to the unit sphere `[batch, dim]`. */
export interface ImageEncoder extends Module<tf.Tensor4D, tf.Tensor2D> {
  /** The features before the head, on which a linear probe is trained; over the variables `encoder.*` of the whole. */
  readonly features: FeatureModule;
  /** Features to embeddings that are not normalised yet; over the variables `head.*` of the whole. */
  readonly head: Module<tf.Tensor2D, tf.Tensor2D>;
  /** Images to embeddings that are not normalised yet, `h(g(x))`. */
  readonly project: (scope: Scope, images: tf.Tensor4D) => tf.Tensor2D;
}

/**
 * The image model, `f(x) = h(g(x)) / ||h(g(x))||` with encoder g and head h (section 2 of the paper); variables
 * `encoder.*` and `head.*`.
 */
export function imageEncoder({ encoder, head }: ImageEncoderParts): ImageEncoder {
  const features = { ...prefixed('encoder', encoder), dim: encoder.dim };
  const projection = prefixed('head', head);
  const project = (scope: Scope, images: tf.Tensor4D) =>
    projection.apply(scope, features.apply(scope, images));
  return {
    features,
    head: projection,
    variables: [...features.variables, ...projection.variables],
    project,
    apply: (scope, images) => normalizeRows(project(scope, images)),
  };
}
