/**
 * What a method of pretraining is: the views that it takes, its loss, and, where it needs more than the views'
 * projections, what else it trains, keeps between steps, and does before the gradient and after the optimizer.
 *
 * All of it is made of pure functions of tensors, so that a step can be recorded, checkpoints hold everything, and a run
 * that was stopped goes on in the same bits.
 */
import type { Scope, Variable } from '../nn/module.js';
import type { InputSpec, Tensors } from '../tensorflow/compile.js';
import type { RandomStream } from '../tensorflow/random.js';
import type { TensorDataMap } from '../tensorflow/tensor-data.js';
import type * as tf from '../tensorflow/tf.js';

/** All views that methods take. A view's place in this list names the stream from which its augmentations are drawn. */
export const VIEW_NAMES = [
  'first',
  'second',
  'chunkedFirst',
  'chunkedSecond',
  'rotated',
  'original',
] as const;
export type ViewName = (typeof VIEW_NAMES)[number];

/** How a view of the batch comes about. */
export interface ViewSpec {
  /** Augmentations: of `each` image its own, one for all images of a `chunk`, or `none`. */
  readonly drawn: 'each' | 'chunk' | 'none';
  /** Sides of the view as a share of the image's; 1 where left out. */
  readonly size?: number;
}

/** The views of a step in the order in which they go through the network. */
export type Views = Readonly<Partial<Record<ViewName, ViewSpec>>>;

/** What is minimised, and its terms, each without its weight. */
export interface MethodLoss {
  readonly total: tf.Scalar;
  readonly terms: Readonly<Record<string, tf.Scalar>>;
}

/** Projections `h(g(x))` of a view by the network that is trained, `[batch, dim]`, not normalised. */
export type Project = (view: ViewName) => tf.Tensor2D;

interface Viewed {
  readonly views: Views;
  /** For tables and legends. */
  readonly label: string;
}

/**
 * A method whose loss depends on the projections of its views and nothing else. Its step can be divided: into pieces of
 * the batch, or over processes.
 */
export interface ProjectionMethod extends Viewed {
  readonly network: null;
  readonly loss: (project: Project) => MethodLoss;
}

/** A method that needs more than projections. */
export interface NetworkMethod extends Viewed {
  readonly network: MethodNetwork;
  readonly loss: (project: Project, step: NetworkStep) => MethodLoss;
}

export type Method = ProjectionMethod | NetworkMethod;

/** Values of inputs of a step. */
export type StepValues = Record<string, Float32Array | Int32Array>;

/** Where in training a step stands. */
export interface StepPlace {
  /** Counted from 0. */
  readonly step: number;
  /** Steps of the whole training. */
  readonly steps: number;
  /** Random numbers of this step and method; the same when the step is repeated. */
  readonly random: RandomStream;
}

/** What a method has beside the encoder and its head. */
export interface MethodNetwork {
  /** Why its step cannot be divided: completes "its loss needs ...". */
  readonly needs: string;
  /** What is trained beside the encoder and its head. */
  readonly parts?: readonly Variable[];
  /** What is kept between steps and not trained, as it is before the first; `weights` are the initial ones. */
  readonly state?: (weights: TensorDataMap, random: RandomStream) => TensorDataMap;
  /** Numbers that change from step to step. */
  readonly inputs?: Readonly<Record<string, InputSpec>>;
  readonly inputsAt?: (place: StepPlace) => StepValues;
  /** Views whose augmentations' parameters the loss is given. */
  readonly described?: readonly ViewName[];
  /** What the loss compares with, computed before it and without a gradient. */
  readonly targets?: (step: TargetStep) => Tensors;
  /** New values of entries of the state, once the optimizer has changed the weights. */
  readonly after?: (step: AfterStep) => Tensors;
}

/** What a step is made of, before the gradient. */
export interface TargetStep {
  /** A view's images, `[batch, height, width, 3]`. */
  readonly images: (view: ViewName) => tf.Tensor4D;
  /** The state, in training; updates of buffers are kept. */
  readonly scope: Scope;
  /** The step's inputs, the method's among them. */
  readonly inputs: Tensors;
}

/** What the loss finds beside projections. */
export interface NetworkStep extends TargetStep {
  /** Features `g(x)` of a view by the network that is trained, `[batch, features]`; of the same pass as its projection. */
  readonly features: (view: ViewName) => tf.Tensor2D;
  /** Features of any images by the network that is trained. */
  readonly encode: (images: tf.Tensor4D) => tf.Tensor2D;
  /** Standardised parameters of a described view's augmentations, `[batch, parameters]`. */
  readonly parameters: (view: ViewName) => tf.Tensor2D;
  readonly targets: Tensors;
}

export interface AfterStep {
  /** The state before the step. */
  readonly state: Tensors;
  /** Entries that the step has changed. */
  readonly updated: Tensors;
  readonly targets: Tensors;
  readonly inputs: Tensors;
}

/** The encoder and head that a method trains, as far as a method needs to know them. */
export interface MethodModel {
  /** Variables of encoder and head. */
  readonly variables: readonly Variable[];
  /** Images to projections, with the tensors that the scope names. */
  readonly project: (scope: Scope, images: tf.Tensor4D) => tf.Tensor2D;
  /** Length of a feature vector. */
  readonly features: number;
  /** Dimension of a projection. */
  readonly dim: number;
}
