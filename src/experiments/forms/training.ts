/**
 * Training an encoder of proteins with L_equi of another bilinear form (section 3.2 of the paper): repulsion between
 * structures, and lambda times the change of the form under rotations.
 *
 * A run's id holds a hash of this file and of all that it imports, so nothing that leaves the weights alone belongs here.
 */
import { rotateClouds, rotationPerChunk, rotationPerItem } from '../../augment/rotations.js';
import { bilinearEquivariance, toHyperboloid } from '../../losses/bilinear-equivariance.js';
import { gaussianUniformity } from '../../losses/gaussian-uniformity.js';
import { isotropy } from '../../losses/isotropy.js';
import { deepSet } from '../../models/deep-set.js';
import { linear } from '../../nn/linear.js';
import { initialise, type Module } from '../../nn/module.js';
import { normalizeRows } from '../../nn/normalize-rows.js';
import { compileProgram, type Execution, type InputSpec, type Program } from '../../tensorflow/compile.js';
import { gatherRows } from '../../tensorflow/kernels/gather-rows.js';
import { randomStream } from '../../tensorflow/random.js';
import type { TensorData, TensorDataMap } from '../../tensorflow/tensor-data.js';
import * as tf from '../../tensorflow/tf.js';
import { adam } from '../../train/adam.js';
import { trainingFunction, type LossTerms } from '../../train/training-function.js';
import { UserError } from '../../train/user-error.js';
import type { FormsConfig } from './config.js';

/** What random numbers are for: the first counter of their stream. */
const PURPOSE = { weights: 1, batch: 2, rotations: 3 } as const;

/** The views of a step: one rotated item by item, two chunk by chunk. */
const EACH = 'rotation.each';
const CHUNKED = ['rotation.chunked.first', 'rotation.chunked.second'] as const;

const CLOUDS = 'data.clouds';

/** Into the open ball: `radius x / sqrt(1 + ||x||^2)`. */
function intoBall(x: tf.Tensor2D, radius: number): tf.Tensor2D {
  const length = tf.sqrt(tf.add(tf.sum(tf.square(x), 1, true), 1));
  return tf.mul(tf.div(x, length), radius);
}

/** Radius of the space of a form, by which temperature and lambda are measured. */
export function radiusOf({ form, model }: Pick<FormsConfig, 'form' | 'model'>): number {
  return form === 'minkowski' ? model.radius : 1;
}

/**
 * The encoder of a form: clouds `[batch, points, 3]` to `[batch, dim]`. A DeepSet and a linear layer give places, which go
 *
 * - for `inner` and `symplectic` to the unit sphere, where they cannot shrink to make the form's values small,
 * - for `minkowski` into a ball of dim - 1 dimensions and from there up to the hyperboloid, time first.
 */
export function formsModel(config: Pick<FormsConfig, 'form' | 'model'>): Module<tf.Tensor3D, tf.Tensor2D> {
  const { form, model } = config;
  const { phi, pooling, rho, dim } = model;
  const features = deepSet({ inputs: 3, phi, pooling, rho });
  const places = linear('places', rho.at(-1) ?? 0, form === 'minkowski' ? dim - 1 : dim);
  const radius = radiusOf(config);
  return {
    variables: [...features.variables, ...places.variables],
    apply(scope, clouds) {
      const found = places.apply(scope, features.apply(scope, clouds));
      if (form !== 'minkowski') return normalizeRows(found);
      return toHyperboloid(intoBall(found, radius));
    },
  };
}

/** The weights that an encoder starts from; they depend on seed, model and form alone. */
export function initialWeights(config: FormsConfig): TensorDataMap {
  return initialise(formsModel(config), randomStream(config.seed, PURPOSE.weights));
}

/** @throws UserError when the batch does not fit the data or the chunks. */
function checkBatch({ training: { batch, chunks } }: FormsConfig, structures: number): void {
  if (batch > structures) {
    throw new UserError(
      `The batch of ${batch} is larger than the ${structures} structures to train on.`,
      `Set -p forms.training.batch to at most ${structures}, or use more data.`,
    );
  }
  if (batch % chunks !== 0 || batch / chunks < 2) {
    throw new UserError(
      `A batch of ${batch} cannot be cut into ${chunks} chunks of at least 2 structures.`,
      'Make -p forms.training.batch a multiple of forms.training.chunks, at least twice as large.',
    );
  }
}

function viewsOf({ training: { lambda } }: FormsConfig): readonly string[] {
  return lambda === 0 ? [EACH] : [EACH, ...CHUNKED];
}

/** The batch and the rotations of a step, drawn from streams that the seed and the step name. */
function drawInputs(
  config: FormsConfig,
  train: readonly number[],
  step: number,
): Record<string, Float32Array | Int32Array> {
  const { batch, chunks } = config.training;
  const chosen = randomStream(config.seed, PURPOSE.batch, step).shuffle(train).slice(0, batch);
  const rotations = viewsOf(config).map((name, view) => {
    const stream = randomStream(config.seed, PURPOSE.rotations, step, view);
    const drawn = name === EACH ? rotationPerItem(stream, batch) : rotationPerChunk(stream, batch, chunks);
    return [name, drawn] as const;
  });
  return { indices: Int32Array.from(chosen), ...Object.fromEntries(rotations) };
}

/** The coordinates that are to fill all directions alike: on the hyperboloid the places, since time is given by them. */
function placesOf({ form, model }: FormsConfig, embeddings: tf.Tensor2D): tf.Tensor2D {
  return form === 'minkowski' ? tf.slice(embeddings, [0, 1], [-1, model.dim - 1]) : embeddings;
}

/** `L_unif + isotropy + lambda L_equi` of the form, lengths in units of the radius. */
function lossOf(config: FormsConfig, view: (name: string) => tf.Tensor2D): LossTerms {
  const { temperature, lambda, chunks, isotropy: weight } = config.training;
  const radius = radiusOf(config);
  const each = view(EACH);
  const spread = {
    uniformity: gaussianUniformity(each, temperature * radius ** 2),
    isotropy: isotropy(placesOf(config, each)),
  };
  const total = tf.add<tf.Scalar>(spread.uniformity, tf.mul(spread.isotropy, weight));
  if (lambda === 0) return { total, terms: spread };
  const [first, second] = CHUNKED.map(view) as [tf.Tensor2D, tf.Tensor2D];
  const change = bilinearEquivariance(first, second, config.form, { chunks, reduction: 'mean' });
  const equivariance = tf.div<tf.Scalar>(change, radius ** 4);
  return { total: tf.add(total, tf.mul(equivariance, lambda)), terms: { ...spread, equivariance } };
}

/** A step to run and what it needs at each turn. */
export interface FormsTraining {
  readonly program: Program;
  readonly inputsAt: (step: number) => Record<string, Float32Array | Int32Array>;
  readonly viewsPerStep: number;
}

/**
 * The training step of an encoder, with its data on the device.
 *
 * @param clouds - `[structures, points, 3]`
 * @param train - indices of the structures to train on.
 * @throws UserError when the batch does not fit the data or the chunks.
 */
export function formsTraining(
  config: FormsConfig,
  clouds: TensorData,
  train: readonly number[],
  execution: Execution,
): FormsTraining {
  checkBatch(config, train.length);
  const { learningRate, weightDecay, batch } = config.training;
  const optimizer = adam({ learningRate, weightDecay });
  const weights = initialWeights(config);
  const model = formsModel(config);
  const rotations: InputSpec = { shape: [batch, 3, 3], dtype: 'float32' };
  const views = viewsOf(config);
  const step = trainingFunction({
    model,
    optimizer,
    inputs: {
      indices: { shape: [batch], dtype: 'int32' },
      ...Object.fromEntries(views.map((name) => [name, rotations])),
    },
    loss: (scope, state, inputs) => {
      const chosen = gatherRows(state[CLOUDS] as tf.Tensor3D, inputs.indices as tf.Tensor1D);
      return lossOf(config, (name) => model.apply(scope, rotateClouds(chosen, inputs[name] as tf.Tensor3D)));
    },
  });
  const program = compileProgram(
    {
      name: `forms ${config.form}`,
      state: { ...weights, ...optimizer.slots(weights) },
      frozen: { [CLOUDS]: clouds },
      functions: { step },
    },
    execution,
  );
  return {
    program,
    inputsAt: (at) => ({ ...drawInputs(config, train, at), ...optimizer.inputsAt(at) }),
    viewsPerStep: batch * views.length,
  };
}
