/**
 * A process that runs some views of a step; `processes.ts` starts it with a channel for messages and two files of shared
 * memory. It answers each request when it is done, and ends when its channel closes, however the first process ended.
 */
import { compileProgram, type Execution, type Program } from '../../tensorflow/compile.js';
import { startEngine } from '../../tensorflow/engine.js';
import { sizeOf, type TensorDataMap } from '../../tensorflow/tensor-data.js';
import * as tf from '../../tensorflow/tf.js';
import {
  buffersOf,
  commonSections,
  gradientInput,
  joined,
  parametersOf,
  separated,
  shardFunction,
  shardSections,
  vectorSpec,
  type ShardModel,
  type ShardModelSource,
} from './shard-model.js';
import { sharedMemory, type SharedMemory } from './shared-memory.js';

/** Files that the process is started with, after its standard streams and the channel. */
export const COMMON_FD = 4;
export const OWN_FD = 5;

export interface StartRequest {
  readonly kind: 'start';
  readonly source: ShardModelSource;
  readonly views: readonly string[];
  readonly execution: Execution;
  readonly backend: 'tensorflow' | 'cpu';
}

export type ShardRequest =
  | StartRequest
  /** Takes new weights where there are some, and embeds. */
  | { readonly kind: 'forward'; readonly load: boolean }
  | { readonly kind: 'backward' };

/**
 * The process's program. Its buffers are always zero, so that what its views make of them is what they add to a running
 * statistic; the first process puts these together.
 */
function programOf(shard: ShardModel, views: readonly string[], execution: Execution): Program {
  const [parameters, buffers] = [parametersOf(shard), buffersOf(shard)];
  const state: TensorDataMap = Object.fromEntries(
    [...parameters, ...buffers].map(({ name, shape }) => [
      name,
      { shape, dtype: 'float32', values: new Float32Array(sizeOf(shape)) },
    ]),
  );
  const forwardAndBackward = shardFunction(shard, views, (held, result) => ({
    outputs: {
      gradient: result.gradient,
      ...(buffers.length === 0 ? {} : { buffers: joined(buffers, { ...held, ...result.buffers }) }),
    },
  }));
  const load = {
    inputs: { weights: vectorSpec(parameters) },
    run: (_state: unknown, inputs: Readonly<Record<string, tf.Tensor>>) => ({
      state: separated(parameters, inputs['weights'] as tf.Tensor),
      outputs: {},
    }),
  };
  return compileProgram(
    {
      name: `${shard.name}, ${views.join(' and ')}`,
      state,
      functions: { load },
      halved: [forwardAndBackward],
    },
    execution,
  );
}

interface Shard {
  readonly program: Program;
  readonly own: SharedMemory;
  readonly common: SharedMemory;
}

async function start({ source, views, execution, backend }: StartRequest): Promise<Shard> {
  startEngine({ backend });
  const module = (await import(source.module)) as Readonly<Record<string, (options: unknown) => ShardModel>>;
  const make = module[source.name];
  if (make === undefined) throw new Error(`Shards: ${source.module} has no ${source.name}.`);
  const shard = make(source.options);
  return {
    program: programOf(shard, views, execution),
    own: sharedMemory(shardSections(shard, views), OWN_FD),
    common: sharedMemory(commonSections(shard), COMMON_FD),
  };
}

const valuesOf = (outputs: TensorDataMap) =>
  Object.fromEntries(Object.entries(outputs).map(([name, { values }]) => [name, values]));

function forward({ program, own, common }: Shard, load: boolean): void {
  if (load) program.run('load', common.read('weights'), []);
  own.write('embeddings', valuesOf(program.run('forward', own.read('inputs'))));
}

function backward({ program, own }: Shard): void {
  const gradients = Object.entries(own.read('embeddingGradients'));
  const inputs = Object.fromEntries(gradients.map(([name, values]) => [gradientInput(name), values]));
  own.write('results', valuesOf(program.run('backward', inputs)));
}

let shard: Shard | undefined;

async function answer(request: ShardRequest): Promise<void> {
  if (request.kind === 'start') shard = await start(request);
  else if (shard === undefined) throw new Error('Shards: a process was asked before it was started.');
  else if (request.kind === 'forward') forward(shard, request.load);
  else backward(shard);
  process.send?.('done');
}

// Ctrl-C and a scheduler's signal reach every process of a group; the first process decides, and the channel tells.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
process.on('disconnect', () => process.exit(0));
process.on('message', (request: ShardRequest) => {
  answer(request).catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`, () =>
      process.exit(1),
    );
  });
});
