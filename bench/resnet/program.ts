/** The step that the ResNet benchmarks share: 4 separate forward passes, InfoNCE + L_equi, Adam. */
import type * as tf from '@tensorflow/tfjs';
import {
  adam,
  compileProgram,
  imageEncoder,
  initialise,
  objectiveLoss,
  projectionHead,
  randomStream,
  resNet,
  startEngine,
  trainingFunction,
  type Execution,
  type Program,
} from 'care';
import { scopeOf } from 'care/internal/nn/module';
import { MOMENTUM } from 'care/internal/tensorflow/kernels/batch-norm';
import type { Optimizer } from 'care/internal/train/optimizer';
import { shardEnvironment } from 'care/internal/train/shards/plan';
import type { ShardModel } from 'care/internal/train/shards/shard-model';
import { shardedProgram } from 'care/internal/train/shards/sharded-program';
import type { LossTerms } from 'care/internal/train/training-function';

const VIEWS = ['first', 'second', 'chunkedFirst', 'chunkedSecond'] as const;
const SIZE = 32;
const noImages = new Float32Array();

export type Depth = 18 | 34 | 50;

export interface ResNetStepOptions {
  /** Whether the images lie on the device from the start, as a data set does in training, or come with each step. */
  readonly resident?: boolean;
}

/** A function that runs one step, random images for all, and gives its seconds. */
export interface ResNetStep {
  readonly program: Program;
  readonly run: () => number;
  /** The loss of the last step. */
  readonly loss: () => number;
}

const SETTINGS = { temperature: 0.5, lambda: 0.01, chunks: 4, reduction: 'mean' } as const;

function modelOf(depth: Depth) {
  const encoder = resNet({ depth, stem: 'cifar' });
  return imageEncoder({ encoder, head: projectionHead({ inputs: encoder.dim }) });
}

function lossOf(view: (name: string) => tf.Tensor2D): LossTerms {
  return objectiveLoss(
    'care',
    {
      each: () => [view('first'), view('second')],
      chunked: () => [view('chunkedFirst'), view('chunkedSecond')],
    },
    SETTINGS,
  );
}

/** Random images of every view, which are called `<view><suffix>`. */
function randomImages(batch: number, suffix = ''): Readonly<Record<string, Float32Array>> {
  const noise = randomStream(1);
  return Object.fromEntries(
    VIEWS.map((name) => [
      name + suffix,
      Float32Array.from({ length: batch * SIZE * SIZE * 3 }, noise.normal),
    ]),
  );
}

function timed(
  program: Program,
  optimizer: Optimizer,
  images: Readonly<Record<string, Float32Array>>,
): ResNetStep {
  let done = 0;
  let loss = NaN;
  return {
    program,
    loss: () => loss,
    run() {
      const startedAt = performance.now();
      const outputs = program.run('step', { ...images, ...optimizer.inputsAt(done++) });
      loss = outputs['loss']?.values[0] ?? NaN;
      if (!Number.isFinite(loss)) throw new Error('The loss is not finite.');
      return (performance.now() - startedAt) / 1000;
    },
  };
}

function requireNative(): void {
  if (startEngine().backend !== 'tensorflow') {
    throw new Error('The native library is not there: run `npm run care -- setup`.');
  }
}

const imagesOf = (batch: number) => ({ shape: [batch, SIZE, SIZE, 3], dtype: 'float32' as const });
const adamOfBench = () => adam({ learningRate: 1e-3, weightDecay: 1e-6 });

/** @throws Error where the native library is missing: timing anything else says nothing. */
export function resNetStep(
  depth: Depth,
  batch: number,
  execution: Execution,
  { resident = false }: ResNetStepOptions = {},
): ResNetStep {
  requireNative();
  const model = modelOf(depth);
  const weights = initialise(model, randomStream(0, 1));
  const optimizer = adamOfBench();
  const images = randomImages(batch);
  const imagesAsState = Object.fromEntries(
    VIEWS.map((name) => [name, { ...imagesOf(batch), values: images[name] ?? noImages }]),
  );
  const step = trainingFunction({
    model,
    optimizer,
    inputs: resident ? {} : Object.fromEntries(VIEWS.map((name) => [name, imagesOf(batch)])),
    loss: (scope, state, inputs) => {
      const given = resident ? state : inputs;
      return lossOf((name) => model.apply(scope, given[name] as tf.Tensor4D));
    },
  });
  const program = compileProgram(
    {
      name: `resnet${depth}`,
      state: { ...weights, ...optimizer.slots(weights) },
      ...(resident ? { frozen: imagesAsState } : {}),
      functions: { step },
    },
    execution,
  );
  return timed(program, optimizer, resident ? {} : images);
}

/** The network as every process of the divided step knows it. */
export function resNetShard({ depth, batch }: { readonly depth: Depth; readonly batch: number }): ShardModel {
  const model = modelOf(depth);
  return {
    name: `resnet${depth}`,
    model,
    batch,
    dim: 128,
    inputs: {},
    viewInputs: { images: imagesOf(batch) },
    embed: (state, _inputs, view, buffers) =>
      model.apply(scopeOf(state, true, buffers), view['images'] as tf.Tensor4D),
  };
}

/** {@link resNetStep} with its views divided over processes, each with its part of the cores. */
export function shardedResNetStep(
  depth: Depth,
  batch: number,
  execution: Execution,
  count: number,
): ResNetStep {
  const plan = { count };
  Object.assign(process.env, shardEnvironment(plan, 0));
  requireNative();
  const shard = resNetShard({ depth, batch });
  const weights = initialise(shard.model, randomStream(0, 1));
  const optimizer = adamOfBench();
  const program = shardedProgram(
    {
      plan,
      shard,
      source: { module: import.meta.url, name: 'resNetShard', options: { depth, batch } },
      views: VIEWS,
      loss: (embeddings) => lossOf((name) => embeddings[name] as tf.Tensor2D),
      optimizer,
      state: { ...weights, ...optimizer.slots(weights) },
      bufferDecay: 1 - MOMENTUM,
    },
    execution,
  );
  return timed(program, optimizer, randomImages(batch, '.images'));
}
