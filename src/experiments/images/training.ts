/**
 * Pretraining on images: Algorithm 1 of the paper with SimCLR's augmentations.
 *
 * A run's id holds a hash of this file and of all that it imports, so nothing that leaves the weights alone belongs here.
 */
import type { SimclrAugmentation } from '../../augment/simclr.js';
import type { DataSet } from '../../data/data-set.js';
import { objectiveLoss, viewsPerItem, type ObjectiveName } from '../../methods/objective.js';
import type { ImageEncoder } from '../../models/image-encoder.js';
import { scopeOf } from '../../nn/module.js';
import {
  compileProgram,
  type Execution,
  type InputSpec,
  type Program,
  type ProgramDefinition,
  type ProgramFunction,
} from '../../tensorflow/compile.js';
import { randomStream } from '../../tensorflow/random.js';
import type { TensorDataMap } from '../../tensorflow/tensor-data.js';
import * as tf from '../../tensorflow/tf.js';
import { microBatchDefinition, microBatchProgram, type MicroBatchOptions } from '../../train/micro-batch.js';
import type { Optimizer } from '../../train/optimizer.js';
import { trainingFunction, type LossTerms } from '../../train/training-function.js';
import { UserError } from '../../train/user-error.js';
import type { ImageConfig } from './config.js';
import { embedFunction, EMBED_BATCH } from './embedding.js';
import { imageAugmentation, imageModel, imageOptimizer, initialWeights } from './model.js';
import { inputValuesByPiece } from './pieces.js';
import { pixelSource, type PixelSource } from './pixels.js';
import { PURPOSE } from './purpose.js';

/** The views of a step. Each image of the first two is augmented on its own; the last two chunk by chunk. */
const EACH = ['first', 'second'] as const;
const CHUNKED = ['chunkedFirst', 'chunkedSecond'] as const;
type ViewName = (typeof EACH)[number] | (typeof CHUNKED)[number];
const VIEWS: readonly ViewName[] = [...EACH, ...CHUNKED];

type Values = Record<string, Float32Array | Int32Array>;
type Specs = Readonly<Record<string, InputSpec>>;

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

/** The objective of a method, null for the one that is not trained. */
export function objectiveOf({ method }: ImageConfig): ObjectiveName | null {
  return method === 'untrained' ? null : method;
}

function viewsOf(objective: ObjectiveName): readonly ViewName[] {
  return viewsPerItem(objective) === 4 ? VIEWS : EACH;
}

/** @throws UserError for batches, chunks and pieces that do not fit each other or the data. */
export function checkBatch({ method, training }: ImageConfig, images: number): void {
  const { batch, chunks, microBatch } = training;
  if (batch > images) {
    throw new UserError(
      `The batch of ${batch} is larger than the ${images} images to train on.`,
      `Set -p training.batch to at most ${images}, or use more data.`,
    );
  }
  if (method === 'care' && batch < chunks) {
    throw new UserError(
      `A batch of ${batch} is smaller than the number of chunks, ${chunks}.`,
      `Set -p training.chunks to at most ${Math.floor(batch / 2)}: every chunk needs 2 images.`,
    );
  }
  if (method === 'care' && (batch % chunks !== 0 || batch / chunks < 2)) {
    throw new UserError(
      `A batch of ${batch} cannot be cut into ${chunks} chunks of at least 2 images; L_equi compares pairs within a chunk.`,
      'Make -p training.batch a multiple of training.chunks, at least twice as large.',
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

function viewInputs(augmentation: SimclrAugmentation, views: readonly ViewName[], count: number): Specs {
  const specs = Object.entries(augmentation.inputs(count));
  return Object.fromEntries(views.flatMap((view) => specs.map(([key, spec]) => [`${view}.${key}`, spec])));
}

/** The images and augmentations of a step, drawn from streams that the seed, the step and the view name. */
function drawing(
  config: ImageConfig,
  data: DataSet,
  pixels: PixelSource,
  views: readonly ViewName[],
): (step: number) => Values {
  const { seed, training } = config;
  const { batch, chunks, pairs, microBatch } = training;
  const augmentation = imageAugmentation(config, data);
  const orderOf = orderOfEpochs(seed, data.length);
  const perEpoch = stepsPerEpoch(config, data.length);
  const groups = pairs === 'per-batch' ? 1 : chunks;
  return (step) => {
    const start = (step % perEpoch) * batch;
    const chosen = orderOf(Math.floor(step / perEpoch)).slice(start, start + batch);
    const drawn = views.flatMap((view) => {
      const stream = randomStream(seed, PURPOSE.views, step, VIEWS.indexOf(view));
      const each = (EACH as readonly string[]).includes(view);
      const parameters = each
        ? augmentation.draw(stream, batch)
        : augmentation.drawChunked(stream, batch, groups);
      const values = inputValuesByPiece(augmentation, parameters, microBatch ?? batch);
      return Object.entries(values).map(([key, value]) => [`${view}.${key}`, value] as const);
    });
    return { ...pixels.values(chosen), ...Object.fromEntries(drawn) };
  };
}

/** The inputs of one view among all, without its name. */
function ofView(inputs: Readonly<Record<string, tf.Tensor>>, view: string): Record<string, tf.Tensor> {
  return Object.fromEntries(
    Object.entries(inputs).flatMap(([key, value]) =>
      key.startsWith(`${view}.`) ? [[key.slice(view.length + 1), value]] : [],
    ),
  );
}

/** The objective over embeddings of the views, by name. */
function lossOfEmbeddings(
  config: ImageConfig,
  objective: ObjectiveName,
): (embeddingOf: (view: ViewName) => tf.Tensor2D) => LossTerms {
  return (embeddingOf) =>
    objectiveLoss(
      objective,
      {
        each: () => [embeddingOf('first'), embeddingOf('second')],
        chunked: () => [embeddingOf('chunkedFirst'), embeddingOf('chunkedSecond')],
      },
      config.training,
    );
}

/** What a step is made of, in however many pieces or processes it is run. */
export interface StepParts {
  /** For messages. */
  readonly name: string;
  readonly model: ImageEncoder;
  readonly optimizer: Optimizer;
  /** Weights, buffers and what the optimizer keeps. */
  readonly state: TensorDataMap;
  readonly frozen: TensorDataMap;
  readonly functions: { readonly embed: ProgramFunction };
  readonly views: readonly ViewName[];
  readonly loss: (embeddingOf: (view: ViewName) => tf.Tensor2D) => LossTerms;
  readonly training: Omit<ImageTraining, 'program'>;
}

/** @throws UserError when the batch does not fit the data, the chunks or the pieces. */
export function stepParts(
  config: ImageConfig,
  objective: ObjectiveName,
  data: DataSet,
  pixels: PixelSource,
): StepParts {
  checkBatch(config, data.length);
  const { batch, epochs } = config.training;
  const perEpoch = stepsPerEpoch(config, data.length);
  const optimizer = imageOptimizer(config, epochs * perEpoch, perEpoch);
  const model = imageModel(config);
  const weights = initialWeights(config);
  const parameters = Object.fromEntries(
    model.variables
      .filter(({ kind }) => kind === 'parameter')
      .flatMap(({ name }) => (weights[name] === undefined ? [] : [[name, weights[name]]])),
  );
  const views = viewsOf(objective);
  const draw = drawing(config, data, pixels, views);
  return {
    name: `${config.model.architecture} ${config.method}`,
    model,
    optimizer,
    state: { ...weights, ...optimizer.slots(parameters) },
    frozen: pixels.frozen,
    functions: { embed: embedFunction(config, data, EMBED_BATCH) },
    views,
    loss: lossOfEmbeddings(config, objective),
    training: {
      inputsAt: (step) => ({ ...draw(step), ...optimizer.inputsAt(step) }),
      viewsPerStep: batch * views.length,
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
  const { model, optimizer, views, loss, name, state, frozen, functions } = parts;
  const augmentation = imageAugmentation(config, data);
  const shared = { name, state, frozen };
  if (microBatch === null) {
    const step = trainingFunction({
      model,
      optimizer,
      inputs: { ...pixels.inputs(batch), ...viewInputs(augmentation, views, batch) },
      loss: (scope, held, inputs) => {
        const images = pixels.images(held, inputs);
        return loss((view) => model.apply(scope, augmentation.apply(images, ofView(inputs, view))));
      },
    });
    return { kind: 'whole', definition: { ...shared, functions: { ...functions, step } } };
  }
  const options: MicroBatchOptions = {
    ...shared,
    functions,
    model,
    optimizer,
    views,
    batch,
    piece: microBatch,
    dim: config.model.dim,
    inputs: (count) => pixels.inputs(count),
    viewInputs: (count) => augmentation.inputs(count),
    embed: (held, inputs, viewed, buffers) =>
      model.apply(scopeOf(held, true, buffers), augmentation.apply(pixels.images(held, inputs), viewed)),
    loss: (embeddings) => loss((view) => embeddings[view] as tf.Tensor2D),
  };
  return { kind: 'pieces', options };
}

/**
 * The program of a training step as it is compiled, for looking at what it will need.
 *
 * @throws UserError when the batch does not fit the data, the chunks or the pieces.
 */
export function trainingDefinition(
  config: ImageConfig,
  objective: ObjectiveName,
  data: DataSet,
): ProgramDefinition {
  const pixels = pixelSource(data);
  const program = stepProgram(config, stepParts(config, objective, data, pixels), data, pixels);
  return program.kind === 'whole' ? program.definition : microBatchDefinition(program.options);
}

/**
 * The training step of an encoder.
 *
 * Every view goes through the network on its own, so that batch norm sees the statistics of one view at a time, as in the
 * official code; the running statistics take them in one after the other.
 *
 * @throws UserError when the batch does not fit the data, the chunks or the pieces.
 */
export function imageTraining(
  config: ImageConfig,
  objective: ObjectiveName,
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
