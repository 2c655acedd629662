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

export type Depth = 18 | 34 | 50;

/** A function that runs one step, random images for all, and gives its seconds. */
export interface ResNetStep {
  readonly program: Program;
  readonly run: () => number;
}

/** @throws Error where the native library is missing: timing anything else says nothing. */
export function resNetStep(depth: Depth, batch: number, execution: Execution): ResNetStep {
  if (startEngine().backend !== 'tensorflow') {
    throw new Error('The native library is not there: run `npm run care -- setup`.');
  }
  const encoder = resNet({ depth, stem: 'cifar' });
  const model = imageEncoder({ encoder, head: projectionHead({ inputs: encoder.dim }) });
  const weights = initialise(model, randomStream(0, 1));
  const optimizer = adam({ learningRate: 1e-3, weightDecay: 1e-6 });
  const shape = [batch, SIZE, SIZE, 3];
  const step = trainingFunction({
    model,
    optimizer,
    inputs: Object.fromEntries(VIEWS.map((name) => [name, { shape, dtype: 'float32' as const }])),
    loss: (scope, _state, inputs) => {
      const view = (name: string) => model.apply(scope, inputs[name] as tf.Tensor4D);
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
    { name: `resnet${depth}`, state: { ...weights, ...optimizer.slots(weights) }, functions: { step } },
    execution,
  );
  const noise = randomStream(1);
  const images = Object.fromEntries(
    VIEWS.map((name) => [name, Float32Array.from({ length: batch * SIZE * SIZE * 3 }, noise.normal)]),
  );
  let done = 0;
  return {
    program,
    run() {
      const startedAt = performance.now();
      const outputs = program.run('step', { ...images, ...optimizer.inputsAt(done++) });
      if (!Number.isFinite(outputs.loss?.values[0])) throw new Error('The loss is not finite.');
      return (performance.now() - startedAt) / 1000;
    },
  };
}
