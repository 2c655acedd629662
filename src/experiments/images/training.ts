/**
 * Pretraining on images with any method under SimCLR's augmentations; with CARE on SimCLR, Algorithm 1 of the paper.
 *
 * A run's id holds a hash of this file and of all that it imports, so nothing that leaves the weights alone belongs here.
 */
import type { DataSet } from '../../data/data-set.js';
import type { Method } from '../../methods/method.js';
import { hasCare, type MethodName } from '../../methods/methods.js';
import type { ImageEncoder } from '../../models/image-encoder.js';
import { initialise, scopeOf } from '../../nn/module.js';
import {
  compileProgram,
  type Execution,
  type Program,
  type ProgramDefinition,
  type ProgramFunction,
} from '../../tensorflow/compile.js';
import { randomStream } from '../../tensorflow/random.js';
import type { TensorDataMap } from '../../tensorflow/tensor-data.js';
import type * as tf from '../../tensorflow/tf.js';
import { microBatchDefinition, microBatchProgram, type MicroBatchOptions } from '../../train/micro-batch.js';
import type { Optimizer } from '../../train/optimizer.js';
import type { LossTerms } from '../../train/training-function.js';
import { UserError } from '../../train/user-error.js';
import type { ImageConfig } from './config.js';
import { embedFunction, EMBED_BATCH } from './embedding.js';
import { methodStep, trainedVariables } from './method-step.js';
import { imageMethod } from './method.js';
import { imageAugmentation, imageModel, imageOptimizer, initialWeights } from './model.js';
import { pixelSource, type PixelSource } from './pixels.js';
import { PURPOSE } from './purpose.js';
import { stepViews, type StepViews } from './views.js';

type Values = Record<string, Float32Array | Int32Array>;

/** A step to run and what it needs at each turn. */
export interface ImageTraining {
  /** Functions `step`, and `embed` for looking at the encoder on the way. */
  readonly program: Program;
  readonly inputsAt: (step: number) => Values;
  readonly viewsPerStep: number;
  readonly stepsPerEpoch: number;
}

/** Steps of an epoch: whole batches. */
export function stepsPerEpoch({ training }: ImageConfig, images: number): number {
  return Math.floor(images / training.batch);
}

/** The method that trains, null where nothing is trained. */
export function objectiveOf({ method }: ImageConfig): MethodName | null {
  return method === 'untrained' ? null : method;
}

/** @throws UserError for batches, chunks and pieces that do not fit each other or the data. */
export function checkBatch({ method, training }: ImageConfig, images: number): void {
  const { batch, chunks, microBatch, negativeGroups } = training;
  const needsChunks = method !== 'untrained' && hasCare(method);
  if (batch > images) {
    throw new UserError(
      `The batch of ${batch} is larger than the ${images} images to train on.`,
      `Set -p training.batch to at most ${images}, or use more data.`,
    );
  }
  if (needsChunks && batch < chunks) {
    throw new UserError(
      `A batch of ${batch} is smaller than the number of chunks, ${chunks}.`,
      `Set -p training.chunks to at most ${Math.floor(batch / 2)}: every chunk needs 2 images.`,
    );
  }
  if (needsChunks && (batch % chunks !== 0 || batch / chunks < 2)) {
    throw new UserError(
      `A batch of ${batch} cannot be cut into ${chunks} chunks of at least 2 images; L_equi compares pairs within a chunk.`,
      'Make -p training.batch a multiple of training.chunks, at least twice as large.',
    );
  }
  if (batch % negativeGroups !== 0 || batch / negativeGroups < 2) {
    throw new UserError(
      `A batch of ${batch} cannot be cut into ${negativeGroups} groups of at least 2 images that are each other's negatives.`,
      'Set -p training.negativeGroups to a divisor of training.batch, or to 1.',
    );
  }
  if (microBatch !== null && batch % microBatch !== 0) {
    throw new UserError(
      `A batch of ${batch} cannot be cut into pieces of ${microBatch}.`,
      'Set -p training.microBatch to a divisor of training.batch.',
    );
  }
}

/** The order of an epoch's images, remembered from one step to the next: a step is asked for a few of them only. */
function orderOfEpochs(seed: number, images: number): (epoch: number) => readonly number[] {
  const all = Array.from({ length: images }, (_, i) => i);
  let known = { epoch: -1, order: [] as readonly number[] };
  return (epoch) => {
    if (known.epoch !== epoch) {
      known = { epoch, order: randomStream(seed, PURPOSE.order, epoch).shuffle(all) };
    }
    return known.order;
  };
}

/** The numbers of a step's images, from the order of its epoch. */
function choosing({ seed, training }: ImageConfig, images: number): (step: number) => readonly number[] {
  const { batch } = training;
  const orderOf = orderOfEpochs(seed, images);
  const perEpoch = Math.floor(images / batch);
  return (step) => {
    const start = (step % perEpoch) * batch;
    return orderOf(Math.floor(step / perEpoch)).slice(start, start + batch);
  };
}

/** What a step is made of, in however many pieces or processes it is run. */
export interface StepParts {
  /** For messages. */
  readonly name: string;
  readonly model: ImageEncoder;
  readonly method: Method;
  readonly views: StepViews;
  readonly optimizer: Optimizer;
  /** Weights, buffers, what the optimizer keeps, and what the method does. */
  readonly state: TensorDataMap;
  readonly frozen: TensorDataMap;
  readonly functions: { readonly embed: ProgramFunction };
  readonly training: Omit<ImageTraining, 'program'>;
}

/** Everything that a step starts from: trained parts with the optimizer's slots, and the method's state. */
function initialState(
  config: ImageConfig,
  model: ImageEncoder,
  method: Method,
  optimizer: Optimizer,
): TensorDataMap {
  const { seed } = config;
  const weights = initialWeights(config);
  const parts = method.network?.parts ?? [];
  const own = initialise({ variables: parts, apply: (_, x) => x }, randomStream(seed, PURPOSE.weights, 1));
  const trained = { ...weights, ...own };
  const parameters = Object.fromEntries(
    trainedVariables({ model, method })
      .variables.filter(({ kind }) => kind === 'parameter')
      .flatMap(({ name }) => (trained[name] === undefined ? [] : [[name, trained[name]]])),
  );
  const kept = method.network?.state?.(weights, randomStream(seed, PURPOSE.weights, 2)) ?? {};
  return { ...trained, ...optimizer.slots(parameters), ...kept };
}

/**
 * The loss of a method whose step can be divided, of the projections of its views.
 *
 * @param how - for the message, e.g. `over 2 processes`.
 * @throws UserError for a method that needs more than projections.
 */
export function divisibleLoss(
  { method }: Pick<StepParts, 'method'>,
  how: string,
): (projections: Readonly<Record<string, tf.Tensor2D>>) => LossTerms {
  if (method.network !== null) {
    throw new UserError(
      `A step of ${method.label} cannot be divided ${how}: its loss needs ${method.network.needs}, not projections alone.`,
      'Leave --shards, --gpus and training.microBatch out, or take a smaller -p training.batch or network.',
    );
  }
  const { loss } = method;
  return (projections) => loss((view) => projections[view] as tf.Tensor2D);
}

/** @throws UserError when the batch does not fit the data, the chunks, the pieces or the method. */
export function stepParts(
  config: ImageConfig,
  objective: MethodName,
  data: DataSet,
  pixels: PixelSource,
): StepParts {
  checkBatch(config, data.length);
  const { batch, epochs } = config.training;
  const perEpoch = stepsPerEpoch(config, data.length);
  const steps = epochs * perEpoch;
  const optimizer = imageOptimizer(config, steps, perEpoch);
  const model = imageModel(config);
  const method = imageMethod(config, objective, data);
  const views = stepViews(config, method, data);
  const chosenAt = choosing(config, data.length);
  const methodInputs = (step: number): Values =>
    method.network?.inputsAt?.({ step, steps, random: randomStream(config.seed, PURPOSE.method, step) }) ??
    {};
  return {
    name: `${config.model.architecture} ${config.method}`,
    model,
    method,
    views,
    optimizer,
    state: initialState(config, model, method, optimizer),
    frozen: pixels.frozen,
    functions: { embed: embedFunction(config, data, EMBED_BATCH) },
    training: {
      inputsAt: (step) => ({
        ...pixels.values(chosenAt(step)),
        ...views.values(step),
        ...methodInputs(step),
        ...optimizer.inputsAt(step),
      }),
      viewsPerStep: batch * views.names.length,
      stepsPerEpoch: perEpoch,
    },
  };
}

/** A step that takes the batch whole, or in pieces. */
type StepProgram =
  | { readonly kind: 'whole'; readonly definition: ProgramDefinition }
  | { readonly kind: 'pieces'; readonly options: MicroBatchOptions };

function stepProgram(config: ImageConfig, parts: StepParts, data: DataSet, pixels: PixelSource): StepProgram {
  const { batch, microBatch } = config.training;
  const { model, views, optimizer, name, state, frozen, functions } = parts;
  const shared = { name, state, frozen };
  if (microBatch === null) {
    const step = methodStep({ ...parts, pixels, batch });
    return { kind: 'whole', definition: { ...shared, functions: { ...functions, step } } };
  }
  const loss = divisibleLoss(parts, `into micro-batches of ${microBatch}`);
  const augmentation = imageAugmentation(config, data);
  const options: MicroBatchOptions = {
    ...shared,
    functions,
    model,
    optimizer,
    views: views.names,
    batch,
    piece: microBatch,
    dim: config.model.dim,
    inputs: (count) => pixels.inputs(count),
    viewInputs: (count) => augmentation.inputs(count),
    embed: (held, inputs, viewed, buffers) =>
      model.project(scopeOf(held, true, buffers), augmentation.apply(pixels.images(held, inputs), viewed)),
    loss,
  };
  return { kind: 'pieces', options };
}

/**
 * The program of a training step as it is compiled, for looking at what it will need.
 *
 * @throws UserError when the batch does not fit the data, the chunks, the pieces or the method.
 */
export function trainingDefinition(
  config: ImageConfig,
  objective: MethodName,
  data: DataSet,
): ProgramDefinition {
  const pixels = pixelSource(data);
  const program = stepProgram(config, stepParts(config, objective, data, pixels), data, pixels);
  return program.kind === 'whole' ? program.definition : microBatchDefinition(program.options);
}

/**
 * The training step of an encoder.
 *
 * @throws UserError when the batch does not fit the data, the chunks, the pieces or the method.
 */
export function imageTraining(
  config: ImageConfig,
  objective: MethodName,
  data: DataSet,
  execution: Execution,
): ImageTraining {
  const pixels = pixelSource(data);
  const parts = stepParts(config, objective, data, pixels);
  const step = stepProgram(config, parts, data, pixels);
  const program =
    step.kind === 'whole'
      ? compileProgram(step.definition, execution)
      : microBatchProgram(step.options, execution);
  return { program, ...parts.training };
}
