/** Our side of the ResNet benchmark: `node step.js DEPTH BATCH chained|fast|eager`. */
import { createInterface } from 'node:readline';
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
} from 'care';

const VIEWS = ['first', 'second', 'chunkedFirst', 'chunkedSecond'] as const;
const SIZE = 32;

const depth = Number(process.argv[2]) as 18 | 50;
const batch = Number(process.argv[3]);
const execution = process.argv[4] as Execution;
const facts = startEngine();
if (facts.backend !== 'tensorflow')
  throw new Error('The native library is not there: run `npm run care -- setup`.');

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
function runStep(): number {
  const startedAt = performance.now();
  const outputs = program.run('step', { ...images, ...optimizer.inputsAt(done++) });
  if (!Number.isFinite(outputs.loss?.values[0])) throw new Error('The loss is not finite.');
  return (performance.now() - startedAt) / 1000;
}

process.stdout.write('ready\n');
createInterface({ input: process.stdin }).on('line', (line) => {
  const answer =
    line === 'memory'
      ? [process.resourceUsage().maxRSS * 1024]
      : Array.from({ length: Number(line) }, runStep);
  process.stdout.write(`${JSON.stringify(answer)}\n`);
});
