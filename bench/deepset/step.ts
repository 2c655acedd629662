/** Our side of the DeepSet benchmark: `node step.js chained|fast`. */
import {
  compileProgram,
  deepSet,
  initialise,
  adam,
  objectiveLoss,
  randomStream,
  startEngine,
  trainingFunction,
  type Execution,
} from 'care';
import { rotateClouds, rotationPerChunk, rotationPerItem } from 'care';
import type * as tf from '@tensorflow/tfjs';
import { answerLines } from '../answer.js';

const BATCH = 128;
const POINTS = 256;
const CHUNKS = 4;
const VIEWS = ['first', 'second', 'chunkedFirst', 'chunkedSecond'] as const;

const execution = process.argv[2] as Execution;
const facts = startEngine();
if (facts.backend !== 'tensorflow')
  throw new Error('The native library is not there: run `npm run care -- setup`.');

const model = deepSet({ inputs: 3, phi: [64, 128, 256], pooling: 'mean', rho: [128, 16] });
const weights = initialise(model, randomStream(0, 1));
const optimizer = adam({ learningRate: 1e-3 });
const rotations = Object.fromEntries(
  VIEWS.map((name) => [name, { shape: [BATCH, 3, 3], dtype: 'float32' as const }]),
);
const step = trainingFunction({
  model,
  optimizer,
  inputs: { clouds: { shape: [BATCH, POINTS, 3], dtype: 'float32' }, ...rotations },
  loss: (scope, _state, inputs) => {
    const view = (name: string) =>
      model.apply(scope, rotateClouds(inputs.clouds as tf.Tensor3D, inputs[name] as tf.Tensor3D));
    return objectiveLoss(
      'care',
      {
        each: () => [view('first'), view('second')],
        chunked: () => [view('chunkedFirst'), view('chunkedSecond')],
      },
      { temperature: 0.5, lambda: 0.01, chunks: CHUNKS, reduction: 'mean' },
    );
  },
});
const program = compileProgram(
  { name: 'deepset', state: { ...weights, ...optimizer.slots(weights) }, functions: { step } },
  execution,
);
const noise = randomStream(1);
const clouds = Float32Array.from({ length: BATCH * POINTS * 3 }, noise.normal);

let done = 0;
/** One step with everything that belongs to it: fresh rotations, the step, the loss read back. */
function runStep(): number {
  const startedAt = performance.now();
  const each = (view: number) => rotationPerItem(randomStream(2, done, view), BATCH);
  const chunk = (view: number) => rotationPerChunk(randomStream(2, done, view), BATCH, CHUNKS);
  const outputs = program.run('step', {
    clouds,
    first: each(0),
    second: each(1),
    chunkedFirst: chunk(2),
    chunkedSecond: chunk(3),
    ...optimizer.inputsAt(done++),
  });
  if (!Number.isFinite(outputs.loss?.values[0])) throw new Error('The loss is not finite.');
  return (performance.now() - startedAt) / 1000;
}

answerLines(runStep);
