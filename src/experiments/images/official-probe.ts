/**
 * The linear probe as the official code has it: SimCLR's augmentations stay on while the classifier learns, and the network
 * is in training mode, so that its batch norms use the statistics of the batch and their running ones drift, although its
 * weights are frozen. Judged is the network that comes out of this, on images as they are.
 */
import { CHANNELS, imagesFromWords, packBytes } from '../../augment/images.js';
import type { DataSet } from '../../data/data-set.js';
import { judgeProbes, type ProbeResult, type ProbeSettings } from '../../measure/linear-probe.js';
import {
  initialProbe,
  probeLogits,
  probeOptimizer,
  probeOrder,
  probeStep,
} from '../../measure/probe-step.js';
import { scopeOf, takeUpdates } from '../../nn/module.js';
import { compileProgram, type Program, type ProgramFunction } from '../../tensorflow/compile.js';
import { randomStream } from '../../tensorflow/random.js';
import type { TensorDataMap } from '../../tensorflow/tensor-data.js';
import * as tf from '../../tensorflow/tf.js';
import type { Optimizer } from '../../train/optimizer.js';
import type { ImageConfig } from './config.js';
import { encoderWeights } from './augmented-embedding.js';
import { EMBED_BATCH, embedFunction } from './embedding.js';
import { imageAugmentation, imageModel } from './model.js';

/** What random numbers are for; 1 and 2 are the classifier's weights and order. */
const AUGMENTATIONS = 4;

function stepFunction(
  config: ImageConfig,
  data: DataSet,
  batch: number,
  optimizer: Optimizer,
): ProgramFunction {
  const model = imageModel(config);
  const augmentation = imageAugmentation(config, data);
  const classes = data.classNames.length;
  const words = (data.height * data.width * CHANNELS) / 4;
  return {
    inputs: {
      ...augmentation.inputs(batch),
      ...optimizer.inputs,
      pixels: { shape: [batch, words], dtype: 'int32' },
      labels: { shape: [batch], dtype: 'int32' },
    },
    run(state, inputs) {
      const buffers: Record<string, tf.Tensor> = {};
      const images = imagesFromWords(inputs['pixels'] as tf.Tensor2D, data);
      const views = augmentation.apply(images, inputs);
      const features = model.features.apply(scopeOf(state, true, buffers), views);
      const labels = inputs['labels'] as tf.Tensor1D;
      const changed = probeStep(state, features, labels, classes, optimizer, inputs);
      return { state: { ...takeUpdates(buffers), ...changed }, outputs: {} };
    },
  };
}

function classifyFunction(config: ImageConfig, data: DataSet): ProgramFunction {
  const embed = embedFunction(config, data, EMBED_BATCH);
  return {
    inputs: embed.inputs,
    run(state, inputs) {
      const { features } = embed.run(state, inputs).outputs;
      const logits = probeLogits(state, features as tf.Tensor2D, data.classNames.length);
      return { outputs: { predicted: tf.cast(tf.argMax(logits, 1), 'float32') } };
    },
  };
}

function classified(program: Program, data: DataSet): Int32Array {
  const predictions = new Int32Array(data.length);
  for (let start = 0; start < data.length; start += EMBED_BATCH) {
    const count = Math.min(EMBED_BATCH, data.length - start);
    const indices = Array.from({ length: EMBED_BATCH }, (_, i) => start + (i < count ? i : 0));
    const { predicted } = program.run('classify', { 'embed.pixels': packBytes(data.batch(indices)) });
    predictions.set(predicted?.values.subarray(0, count) ?? [], start);
  }
  return predictions;
}

/** What a batch of images under augmentations of their own gives to the step. */
function stepValues(
  config: ImageConfig,
  data: DataSet,
  indices: readonly number[],
  seed: number,
  step: number,
): Record<string, Float32Array | Int32Array> {
  const augmentation = imageAugmentation(config, data);
  const drawn = augmentation.draw(randomStream(seed, AUGMENTATIONS, step), indices.length);
  return {
    ...augmentation.inputValues(drawn),
    pixels: packBytes(data.batch(indices)),
    labels: Int32Array.from(indices, (index) => data.labels[index] ?? -1),
  };
}

/**
 * Trains a classifier for each seed in the official way, and judges each on the test images.
 *
 * @param weights - the run's weights; each classifier begins with them.
 */
export function officialProbe(
  config: ImageConfig,
  weights: TensorDataMap,
  train: DataSet,
  test: DataSet,
  settings: ProbeSettings,
  seeds: readonly number[],
): ProbeResult {
  const batch = Math.min(settings.batch, train.length);
  const stepsPerEpoch = Math.ceil(train.length / batch);
  const rest = train.length - (stepsPerEpoch - 1) * batch;
  const optimizer = probeOptimizer(settings, stepsPerEpoch);
  const classes = train.classNames.length;
  const start = (seed: number) => {
    const classifier = initialProbe(imageModel(config).features.dim, classes, seed);
    return { ...encoderWeights(config, weights), ...classifier, ...optimizer.slots(classifier) };
  };
  const program = compileProgram({
    name: 'official linear probe',
    state: start(0),
    functions: {
      step: stepFunction(config, train, batch, optimizer),
      ...(rest === batch ? {} : { rest: stepFunction(config, train, rest, optimizer) }),
      classify: classifyFunction(config, train),
    },
  });
  try {
    const predictions = seeds.map((seed) => {
      program.writeState(start(seed));
      for (let step = 0; step < settings.epochs * stepsPerEpoch; step++) {
        const order = probeOrder(train.length, seed, Math.floor(step / stepsPerEpoch));
        const at = (step % stepsPerEpoch) * batch;
        const indices = order.slice(at, at + batch);
        const values = stepValues(config, train, indices, seed, step);
        const name = indices.length === batch ? 'step' : 'rest';
        program.run(name, { ...values, ...optimizer.inputsAt(step) }, []);
      }
      return classified(program, test);
    });
    return judgeProbes(predictions, train.labels, test.labels);
  } finally {
    program.dispose();
  }
}
