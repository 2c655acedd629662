/** A training step of any method on a whole batch, as a pure function: targets, loss and gradient, optimizer, what follows. */
import type { Method, MethodLoss, NetworkStep, TargetStep, ViewName } from '../../methods/method.js';
import type { ImageEncoder } from '../../models/image-encoder.js';
import { scopeOf, takeUpdates, type Module, type Scope } from '../../nn/module.js';
import type { ProgramFunction, Tensors } from '../../tensorflow/compile.js';
import type * as tf from '../../tensorflow/tf.js';
import type { Optimizer } from '../../train/optimizer.js';
import { trainingFunction } from '../../train/training-function.js';
import type { PixelSource } from './pixels.js';
import type { StepViews } from './views.js';

export interface MethodStepOptions {
  readonly model: ImageEncoder;
  readonly method: Method;
  readonly views: StepViews;
  readonly optimizer: Optimizer;
  readonly pixels: PixelSource;
  readonly batch: number;
}

/** What is trained: the model, and the method's own parts. */
export function trainedVariables({
  model,
  method,
}: Pick<MethodStepOptions, 'model' | 'method'>): Module<never> {
  const parts = method.network?.parts ?? [];
  return { ...model, variables: [...model.variables, ...parts] };
}

/** The same value for the same view, computed once. */
function once<T>(compute: (view: ViewName) => T): (view: ViewName) => T {
  const known = new Map<ViewName, T>();
  return (view) => {
    const found = known.get(view) ?? compute(view);
    known.set(view, found);
    return found;
  };
}

/** The loss of a method, whose views go through the network one by one. */
function lossOf(
  { model, method, views }: MethodStepOptions,
  scope: Scope,
  before: Omit<TargetStep, 'scope'>,
  targets: Tensors,
): MethodLoss {
  const encode = (images: tf.Tensor4D) => model.features.apply(scope, images);
  const features = once((view) => encode(before.images(view)));
  const project = once((view) => model.head.apply(scope, features(view)));
  if (method.network === null) return method.loss(project);
  const step: NetworkStep = {
    ...before,
    scope,
    features,
    encode,
    targets,
    parameters: (view) => views.parameters(view, before.inputs),
  };
  return method.loss(project, step);
}

/**
 * One step of a method. Every view goes through the network on its own, so that batch norm sees the statistics of one view
 * at a time, as in the official code; the running statistics take them in one after the other.
 */
export function methodStep(options: MethodStepOptions): ProgramFunction {
  const { method, optimizer, pixels, batch, views } = options;
  const { network } = method;
  const model = trainedVariables(options);
  const inputs = { ...pixels.inputs(batch), ...views.inputs(batch), ...network?.inputs };
  return {
    inputs: { ...inputs, ...optimizer.inputs },
    run(state, given) {
      const whole = pixels.images(state, given);
      const images = once((view) => views.apply(view, whole, given));
      const buffers: Record<string, tf.Tensor> = {};
      const before = { images, inputs: given };
      const targets = network?.targets?.({ ...before, scope: scopeOf(state, true, buffers) }) ?? {};
      const step = trainingFunction({
        model,
        optimizer,
        inputs,
        loss: (scope) => lossOf(options, scope, before, targets),
      });
      const { state: updated = {}, outputs } = step.run(state, given);
      const after = network?.after?.({ state, updated, targets, inputs: given }) ?? {};
      return { state: { ...updated, ...takeUpdates(buffers), ...after }, outputs };
    },
  };
}
