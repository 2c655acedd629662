/**
 * Training an encoder of proteins: Algorithm 1 of the paper with rotations as augmentations.
 *
 * A run's id holds a hash of this file and of all that it imports, so nothing that leaves the weights alone belongs here.
 */
import { rotateClouds, rotationPerChunk, rotationPerItem } from '../../augment/rotations.js';
import { objectiveLoss, viewsPerItem, type ObjectiveName } from '../../methods/objective.js';
import { deepSet } from '../../models/deep-set.js';
import { initialise, type Module, type Scope } from '../../nn/module.js';
import {
  compileProgram,
  type Execution,
  type InputSpec,
  type Program,
  type Tensors,
} from '../../tensorflow/compile.js';
import { gatherRows } from '../../tensorflow/kernels/gather-rows.js';
import { randomStream } from '../../tensorflow/random.js';
import type { TensorData, TensorDataMap } from '../../tensorflow/tensor-data.js';
import type * as tf from '../../tensorflow/tf.js';
import { adam } from '../../train/adam.js';
import { trainingFunction, type LossTerms } from '../../train/training-function.js';
import { UserError } from '../../train/user-error.js';
import type { TrainingConfig } from './config.js';

/** What random numbers are for: the first counter of their stream. */
const PURPOSE = { weights: 1, batch: 2, rotations: 3 } as const;

/** The views of a step. The first two are rotated item by item, the last two chunk by chunk. */
const EACH = ['rotation.first', 'rotation.second'] as const;
const CHUNKED = ['rotation.chunked.first', 'rotation.chunked.second'] as const;

const CLOUDS = 'data.clouds';

/** The encoder of a configuration. */
export function proteinModel({ model }: TrainingConfig): Module<tf.Tensor3D, tf.Tensor2D> {
  return deepSet({ inputs: 3, ...model });
}

/** The weights that an encoder starts from; they depend on the seed and the model alone, not on the objective. */
export function initialWeights(config: TrainingConfig): TensorDataMap {
  return initialise(proteinModel(config), randomStream(config.seed, PURPOSE.weights));
}

/** Clouds as a tensor `[structures, points, 3]`. */
export function cloudTensor(coordinates: Float32Array, points: number): TensorData {
  return { shape: [coordinates.length / points / 3, points, 3], dtype: 'float32', values: coordinates };
}

/** A step to run and what it needs at each turn. */
export interface ProteinTraining {
  readonly program: Program;
  readonly inputsAt: (step: number) => Record<string, Float32Array | Int32Array>;
  readonly viewsPerStep: number;
}

function checkBatch(config: TrainingConfig, train: readonly number[]): void {
  const { batch, chunks } = config.training;
  if (batch > train.length) {
    throw new UserError(
      `The batch of ${batch} is larger than the ${train.length} structures to train on.`,
      `Set -p training.batch to at most ${train.length}, or use more data.`,
    );
  }
  if (batch % chunks !== 0 || batch / chunks < 2) {
    throw new UserError(
      `A batch of ${batch} cannot be cut into ${chunks} chunks of at least 2 structures.`,
      'Make -p training.batch a multiple of training.chunks, at least twice as large.',
    );
  }
}

function inputsOf(config: TrainingConfig): Record<string, InputSpec> {
  const { batch } = config.training;
  const rotations = { shape: [batch, 3, 3], dtype: 'float32' } as const;
  return {
    indices: { shape: [batch], dtype: 'int32' },
    ...Object.fromEntries([...EACH, ...CHUNKED].map((name) => [name, rotations])),
  };
}

/** The batch and the rotations of a step, drawn from streams that the seed and the step name. */
function drawInputs(
  config: TrainingConfig,
  train: readonly number[],
  step: number,
): Record<string, Float32Array | Int32Array> {
  const { batch, chunks } = config.training;
  const chosen = randomStream(config.seed, PURPOSE.batch, step).shuffle(train).slice(0, batch);
  const stream = (view: number) => randomStream(config.seed, PURPOSE.rotations, step, view);
  return {
    indices: Int32Array.from(chosen),
    ...Object.fromEntries(EACH.map((name, i) => [name, rotationPerItem(stream(i), batch)])),
    ...Object.fromEntries(CHUNKED.map((name, i) => [name, rotationPerChunk(stream(2 + i), batch, chunks)])),
  };
}

function lossOf(
  config: TrainingConfig,
  objective: ObjectiveName,
): (scope: Scope, state: Tensors, inputs: Tensors) => LossTerms {
  const model = proteinModel(config);
  return (scope, state, inputs) => {
    const clouds = gatherRows(state[CLOUDS] as tf.Tensor3D, inputs.indices as tf.Tensor1D);
    const view = (name: string) => model.apply(scope, rotateClouds(clouds, inputs[name] as tf.Tensor3D));
    return objectiveLoss(
      objective,
      {
        each: () => [view(EACH[0]), view(EACH[1])],
        chunked: () => [view(CHUNKED[0]), view(CHUNKED[1])],
      },
      config.training,
    );
  };
}

/**
 * The training step of an encoder, with its data on the device.
 *
 * @param clouds - `[structures, points, 3]`
 * @param train - indices of the structures to train on.
 * @throws UserError when the batch does not fit the data or the chunks.
 */
export function proteinTraining(
  config: TrainingConfig,
  objective: ObjectiveName,
  clouds: TensorData,
  train: readonly number[],
  execution: Execution,
): ProteinTraining {
  checkBatch(config, train);
  const { learningRate, weightDecay, batch } = config.training;
  const optimizer = adam({ learningRate, weightDecay });
  const weights = initialWeights(config);
  const step = trainingFunction({
    model: proteinModel(config),
    optimizer,
    inputs: inputsOf(config),
    loss: lossOf(config, objective),
  });
  const program = compileProgram(
    {
      name: `protein ${config.encoder}`,
      state: { ...weights, ...optimizer.slots(weights) },
      frozen: { [CLOUDS]: clouds },
      functions: { step },
    },
    execution,
  );
  return {
    program,
    inputsAt: (at) => ({ ...drawInputs(config, train, at), ...optimizer.inputsAt(at) }),
    viewsPerStep: batch * viewsPerItem(objective),
  };
}
