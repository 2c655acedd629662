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

/** @throws Error where the native library is missing: timing anything else says nothing. */
export function resNetStep(
  depth: Depth,
  batch: number,
  execution: Execution,
  { resident = false }: ResNetStepOptions = {},
): ResNetStep {
  if (startEngine().backend !== 'tensorflow') {
    throw new Error('The native library is not there: run `npm run care -- setup`.');
  }
  const encoder = resNet({ depth, stem: 'cifar' });
  const model = imageEncoder({ encoder, head: projectionHead({ inputs: encoder.dim }) });
  const weights = initialise(model, randomStream(0, 1));
  const optimizer = adam({ learningRate: 1e-3, weightDecay: 1e-6 });
  const shape = [batch, SIZE, SIZE, 3];
  const noise = randomStream(1);
  const images = Object.fromEntries(
    VIEWS.map((name) => [name, Float32Array.from({ length: batch * SIZE * SIZE * 3 }, noise.normal)]),
  );
  const imagesAsState = Object.fromEntries(
    VIEWS.map((name) => [name, { shape, dtype: 'float32' as const, values: images[name] ?? noImages }]),
  );
  const step = trainingFunction({
    model,
    optimizer,
    inputs: resident
      ? {}
      : Object.fromEntries(VIEWS.map((name) => [name, { shape, dtype: 'float32' as const }])),
    loss: (scope, state, inputs) => {
      const given = resident ? state : inputs;
      const view = (name: string) => model.apply(scope, given[name] as tf.Tensor4D);
      return objectiveLoss(
        'care',
        {
          each: () => [view('first'), view('second')],
          chunked: () => [view('chunkedFirst'), view('chunkedSecond')],
        },
        { temperature: 0.5, lambda: 0.01, chunks: 4, reduction: 'mean' },
      );
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
  let done = 0;
  let loss = NaN;
  return {
    program,
    loss: () => loss,
    run() {
      const startedAt = performance.now();
      const inputs = { ...(resident ? {} : images), ...optimizer.inputsAt(done++) };
      loss = program.run('step', inputs)['loss']?.values[0] ?? NaN;
      if (!Number.isFinite(loss)) throw new Error('The loss is not finite.');
      return (performance.now() - startedAt) / 1000;
    },
  };
}
