/** MoCo's step on a ResNet, and what it is measured against: its forward and backward pass, and a forward pass alone. */
import type * as tfTypes from '@tensorflow/tfjs';
import {
  adam,
  compileProgram,
  imageEncoder,
  initialise,
  projectionHead,
  randomStream,
  resNet,
  scopeOf,
  startEngine,
  type ImageEncoder,
  type Program,
  type ProgramFunction,
} from 'care';
import { methodStep } from 'care/internal/experiments/images/method-step';
import { queueInfoNce } from 'care/internal/losses/queue-info-nce';
import { emptyQueue, QUEUE } from 'care/internal/methods/key-queue';
import { mocoV2 } from 'care/internal/methods/moco-v2';
import { takeUpdates } from 'care/internal/nn/module';
import { normalizeRows } from 'care/internal/nn/normalize-rows';
import * as tf from 'care/internal/tensorflow/tf';
import type { Depth } from '../resnet/program.js';

const SIZE = 32;
const DIM = 128;
const TEMPERATURE = 0.1;

/** What a side runs: the whole step, the queries' forward and backward pass, or a forward pass. */
export const PARTS = ['step', 'forward-backward', 'forward'] as const;
export type Part = (typeof PARTS)[number];

export interface MocoOptions {
  readonly depth: Depth;
  readonly batch: number;
  /** Keys in the queue. */
  readonly queue: number;
}

type Values = Readonly<Record<string, Float32Array>>;

function modelOf(depth: Depth): ImageEncoder {
  const encoder = resNet({ depth, stem: 'cifar' });
  return imageEncoder({ encoder, head: projectionHead({ inputs: encoder.dim, outputs: DIM }) });
}

const imagesOf = (batch: number) => ({ shape: [batch, SIZE, SIZE, 3], dtype: 'float32' as const });
const named = (view: string) => `${view}.images`;

/** The step of training as it is, but for images, which come as they are. */
function mocoProgram({ depth, batch, queue }: MocoOptions): {
  program: Program;
  inputsAt: (step: number) => Values;
} {
  const model = modelOf(depth);
  const optimizer = adam({ learningRate: 1e-3, weightDecay: 1e-6 });
  const method = mocoV2(
    { variables: model.variables, project: model.project, features: model.features.dim, dim: DIM },
    { batch, temperature: TEMPERATURE, momentum: 0.999, queue, shuffleGroups: 1 },
  );
  const weights = initialise(model, randomStream(0, 1));
  const names = ['first', 'second'] as const;
  const step = methodStep({
    model,
    method,
    optimizer,
    batch,
    pixels: { frozen: {}, inputs: () => ({}), values: () => ({}), images: () => tf.zeros([1, 1, 1, 3]) },
    views: {
      names,
      inputs: (count) => Object.fromEntries(names.map((view) => [named(view), imagesOf(count)])),
      values: () => ({}),
      apply: (view, _images, inputs) => inputs[named(view)] as tfTypes.Tensor4D,
      parameters: () => tf.zeros([1, 1]),
    },
  });
  const state = {
    ...weights,
    ...optimizer.slots(
      Object.fromEntries(Object.entries(weights).filter(([name]) => !name.includes('running_'))),
    ),
    ...method.network.state?.(weights, randomStream(0, 2)),
  };
  return {
    program: compileProgram({ name: `moco resnet${depth}`, state, functions: { step } }),
    inputsAt: (at) =>
      ({
        ...optimizer.inputsAt(at),
        ...method.network.inputsAt?.({ step: at, steps: 1000, random: randomStream(0, 3, at) }),
      }) as Values,
  };
}

/** The queries' loss, forward alone or with its gradient by all weights; no optimizer and no second encoder. */
function passFunction({ depth, batch }: MocoOptions, isBackward: boolean): ProgramFunction {
  const model = modelOf(depth);
  const parameters = model.variables.filter(({ kind }) => kind === 'parameter').map(({ name }) => name);
  return {
    inputs: { [named('first')]: imagesOf(batch) },
    run(state, inputs) {
      const buffers: Record<string, tfTypes.Tensor> = {};
      const loss = (...tensors: tfTypes.Tensor[]) => {
        const given = Object.fromEntries(parameters.map((name, i) => [name, tensors[i] as tfTypes.Tensor]));
        const scope = scopeOf({ ...state, ...given }, true, buffers);
        const queries = normalizeRows(model.project(scope, inputs[named('first')] as tfTypes.Tensor4D));
        const keys = tf.slice(state[QUEUE] as tfTypes.Tensor2D, [0, 0], [batch, DIM]);
        return queueInfoNce(queries, keys, state[QUEUE] as tfTypes.Tensor2D, { temperature: TEMPERATURE });
      };
      const held = parameters.map((name) => state[name] as tfTypes.Tensor);
      const outputs: Record<string, tfTypes.Tensor> = {};
      if (isBackward) {
        const { value, grads } = tf.valueAndGrads(loss)(held);
        outputs['loss'] = value;
        // Something of every gradient has to be asked for, or the graph leaves it out.
        outputs['norm'] = tf.addN(grads.map((gradient) => tf.sum(tf.square(gradient))));
      } else outputs['loss'] = loss(...held);
      return { outputs, state: takeUpdates(buffers) };
    },
  };
}

function passProgram(options: MocoOptions, part: Part): Program {
  const { depth, batch, queue } = options;
  const weights = initialise(modelOf(depth), randomStream(0, 1));
  const keys = emptyQueue({ size: queue, batch, dim: DIM }, randomStream(0, 2))[QUEUE];
  return compileProgram({
    name: `${part} resnet${depth}`,
    state: { ...weights, ...(keys === undefined ? {} : { [QUEUE]: keys }) },
    functions: { step: passFunction(options, part === 'forward-backward') },
  });
}

/**
 * A function that runs a part once, random images for all, and gives its seconds.
 *
 * @throws Error where the native library is missing: timing anything else says nothing.
 */
export function mocoPart(part: Part, options: MocoOptions): () => number {
  if (startEngine().backend !== 'tensorflow') {
    throw new Error('The native library is not there: run `npm run care -- setup`.');
  }
  const noise = randomStream(1);
  const random = () => Float32Array.from({ length: options.batch * SIZE * SIZE * 3 }, noise.normal);
  const views = part === 'step' ? ['first', 'second'] : ['first'];
  const images = Object.fromEntries(views.map((view) => [named(view), random()]));
  const { program, inputsAt } =
    part === 'step' ? mocoProgram(options) : { program: passProgram(options, part), inputsAt: () => ({}) };
  let done = 0;
  return () => {
    const startedAt = performance.now();
    const outputs = program.run('step', { ...images, ...inputsAt(done++) });
    const seconds = (performance.now() - startedAt) / 1000;
    if (!Number.isFinite(outputs['loss']?.values[0] ?? NaN)) throw new Error('The loss is not finite.');
    return seconds;
  };
}
