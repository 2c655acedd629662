/**
 * A training step whose views are divided over several processes of one machine, one for each GPU where there are some.
 *
 * Each process sends its views through the network; the first, which is the one that calls, takes the loss of all
 * embeddings and its gradients by them; each process goes back through its views; the first adds up the gradients by the
 * weights in the order of the processes, applies them, and hands out the new weights. So the loss sees the whole batch, and
 * the step is that of one process up to rounding.
 *
 * Batch norm normalises a view by the view's own statistics, in whichever process. A running statistic is
 * `r <- d r + (1 - d) b` for each view in turn, so what the views of a process add is what they make of 0, and
 * `r_all = d^(s (N - 1)) r_1 + sum_k d^(s (N - k)) a_k` for N processes of s views each, k from 2: again up to rounding that
 * of one process.
 */
import {
  compileProgram,
  type Execution,
  type Program,
  type ProgramFunction,
} from '../../tensorflow/compile.js';
import { nativeBackend } from '../../tensorflow/engine.js';
import type { TensorData, TensorDataMap } from '../../tensorflow/tensor-data.js';
import * as tf from '../../tensorflow/tf.js';
import { EMBEDDING, embeddingLossFunction, type EmbeddingLossOptions } from '../embedding-loss.js';
import type { Optimizer } from '../optimizer.js';
import { shardEnvironment, viewsByShard, type ShardPlan } from './plan.js';
import { startShardProcesses, type WaitLimits } from './processes.js';
import {
  buffersOf,
  commonSections,
  gradientInput,
  joined,
  lengthOf,
  parametersOf,
  separated,
  shardFunction,
  shardInputs,
  shardSections,
  vectorSpec,
  type ShardModel,
  type ShardModelSource,
} from './shard-model.js';
import { sharedMemory } from './shared-memory.js';

type Values = Readonly<Record<string, Float32Array | Int32Array>>;

export interface ShardedOptions {
  /** At least 2 processes. */
  readonly plan: ShardPlan;
  readonly shard: ShardModel;
  /** Gives the other processes the same model. */
  readonly source: ShardModelSource;
  /** Names of the views in the order in which one process would run them. */
  readonly views: readonly string[];
  readonly loss: EmbeddingLossOptions['loss'];
  readonly optimizer: Optimizer;
  /** Weights, buffers and what the optimizer keeps. */
  readonly state: TensorDataMap;
  readonly frozen?: TensorDataMap;
  /** Further functions of the program, which run in this process alone. */
  readonly functions?: Readonly<Record<string, ProgramFunction>>;
  /** What a buffer keeps of its value when a view has gone through: 1 less batch norm's momentum. */
  readonly bufferDecay: number;
  readonly limits?: Partial<WaitLimits>;
}

export interface ShardedProgram extends Program {
  /** The other processes, for tests. */
  pids(): readonly number[];
}

/** This process's part of the gradient, between backward and the optimizer. */
const OWN_GRADIENT = 'shards.gradient';

/** The entry of the state that it lies in, between steps. */
function noGradient(shard: ShardModel): TensorDataMap {
  const length = lengthOf(parametersOf(shard));
  return { [OWN_GRADIENT]: { shape: [length], dtype: 'float32', values: new Float32Array(length) } };
}

/** Adds up the other processes' gradients, applies all of them, and puts the running statistics together. */
function applyFunction({ shard, optimizer, bufferDecay, views, plan }: ShardedOptions): ProgramFunction {
  const [parameters, buffers] = [parametersOf(shard), buffersOf(shard)];
  const others = (views.length / plan.count) * (plan.count - 1);
  return {
    inputs: {
      ...optimizer.inputs,
      'shards.gradients': vectorSpec(parameters),
      ...(buffers.length === 0 ? {} : { 'shards.buffers': vectorSpec(buffers) }),
    },
    run(state, inputs) {
      const all = tf.add(state[OWN_GRADIENT] as tf.Tensor, inputs['shards.gradients'] as tf.Tensor);
      const updated = optimizer.update(state, separated(parameters, all), inputs);
      const added = buffers.length === 0 ? {} : separated(buffers, inputs['shards.buffers'] as tf.Tensor);
      const statistics = Object.fromEntries(
        Object.entries(added).map(([name, value]) => [
          name,
          tf.add(tf.mul(state[name] as tf.Tensor, bufferDecay ** others), value),
        ]),
      );
      return { state: { ...updated, ...statistics }, outputs: { weights: joined(parameters, updated) } };
    },
  };
}

function firstProgram(options: ShardedOptions, own: readonly string[], execution: Execution): Program {
  const { shard, views, loss, state, frozen, functions } = options;
  return compileProgram(
    {
      name: shard.name,
      state: { ...state, ...noGradient(shard) },
      ...(frozen === undefined ? {} : { frozen }),
      functions: {
        ...functions,
        batchLoss: embeddingLossFunction({ views, batch: shard.batch, dim: shard.dim, loss }),
        applyGradients: applyFunction(options),
      },
      halved: [
        shardFunction(shard, own, (_state, result) => ({
          state: { ...result.buffers, [OWN_GRADIENT]: result.gradient },
          outputs: {},
        })),
      ],
    },
    execution,
  );
}

/** `sum_k factor^(n - k) v_k` over n vectors, k from 1, in place of the first. */
function weightedSum(vectors: readonly Float32Array[], factor: number): Float32Array {
  const [sum = new Float32Array(0), ...others] = vectors;
  for (const vector of others) {
    for (let i = 0; i < sum.length; i++) sum[i] = factor * (sum[i] ?? NaN) + (vector[i] ?? NaN);
  }
  return sum;
}

function pick(values: Values, keys: readonly string[]): Values {
  return Object.fromEntries(
    keys.map((key) => {
      const value = values[key];
      if (value === undefined) throw new Error(`Shards: input "${key}" of the step is missing.`);
      return [key, value];
    }),
  );
}

/**
 * A program with a function `step` that trains over the processes of a plan, and with the functions given. Its state is
 * the given one, and lies in this process.
 *
 * @throws UserError when the views cannot be divided, or when a process does not start, ends, or gives no answer; the
 *   program must then be disposed of.
 */
export function shardedProgram(options: ShardedOptions, execution: Execution): ShardedProgram {
  const { plan, shard, source, views, optimizer } = options;
  const [own = [], ...others] = viewsByShard(views, plan.count);
  const common = sharedMemory(commonSections(shard));
  const shards = others.map((theirs, i) => ({
    inputs: Object.keys(shardInputs(shard, theirs).now),
    embeddings: theirs.map((view) => EMBEDDING + view),
    memory: sharedMemory(shardSections(shard, theirs)),
    env: shardEnvironment(plan, i + 1),
    start: {
      kind: 'start' as const,
      source,
      views: theirs,
      execution,
      backend: nativeBackend() === null ? ('cpu' as const) : ('tensorflow' as const),
    },
  }));
  const processes = startShardProcesses({
    shards: shards.map(({ env, start, memory }) => ({ env, start, files: [common.fd, memory.fd] })),
    ...(options.limits === undefined ? {} : { limits: options.limits }),
  });
  const dispose = (): void => {
    processes.dispose();
    for (const { memory } of shards) memory.close();
    common.close();
  };
  // While the others compile theirs.
  let inner: Program;
  try {
    inner = firstProgram(options, own, execution);
    processes.wait();
  } catch (error) {
    dispose();
    throw error;
  }

  const ownInputs = Object.keys(shardInputs(shard, own).now);
  const ownEmbeddings = own.map((view) => EMBEDDING + view);
  const allEmbeddings = views.map((view) => EMBEDDING + view);
  const optimizerInputs = Object.keys(optimizer.inputs);
  let isLoaded = false;

  function write(state: TensorDataMap): void {
    inner.writeState({ ...state, ...noGradient(shard) });
    publish(state);
  }
  /** Leaves the weights for the other processes, which take them with the next step. */
  function publish(state: TensorDataMap): void {
    const weights = new Float32Array(lengthOf(parametersOf(shard)));
    let at = 0;
    for (const { name } of parametersOf(shard)) {
      const values = state[name]?.values ?? new Float32Array(0);
      weights.set(values, at);
      at += values.length;
    }
    common.write('weights', { weights });
    isLoaded = false;
  }
  publish(options.state);

  /** Embeddings of all views, those of the other processes included. */
  function embedAll(values: Values): Values {
    for (const { memory, inputs } of shards) memory.write('inputs', pick(values, inputs));
    processes.ask({ kind: 'forward', load: !isLoaded });
    isLoaded = true;
    const mine = inner.run('forward', pick(values, ownInputs));
    processes.wait();
    const theirs = shards.map(({ memory }) => memory.read('embeddings'));
    return Object.assign(
      Object.fromEntries(Object.entries(mine).map(([name, { values: rows }]) => [name, rows])),
      ...theirs,
    ) as Values;
  }
  /** Gradients by the weights and what the views add to the buffers, of the other processes. */
  function goBack(gradients: Values): Values {
    for (const { memory, embeddings } of shards) {
      memory.write('embeddingGradients', pick(gradients, embeddings));
    }
    processes.ask({ kind: 'backward' });
    const mine = Object.entries(pick(gradients, ownEmbeddings));
    inner.run('backward', Object.fromEntries(mine.map(([key, rows]) => [gradientInput(key), rows])), []);
    processes.wait();
    const results = shards.map(({ memory }) => memory.read('results') as Record<string, Float32Array>);
    const vectors = (name: string) => results.flatMap((result) => result[name] ?? []);
    const decay = options.bufferDecay ** own.length;
    return {
      'shards.gradients': weightedSum(vectors('gradient'), 1),
      ...(buffersOf(shard).length === 0 ? {} : { 'shards.buffers': weightedSum(vectors('buffers'), decay) }),
    };
  }
  function runStep(values: Values, fetch?: readonly string[]): Record<string, TensorData> {
    const wanted = fetch === undefined ? undefined : [...allEmbeddings, ...fetch];
    const outputs = inner.run('batchLoss', embedAll(values), wanted);
    const gradients = Object.fromEntries(
      allEmbeddings.map((name) => [name, outputs[name]?.values as Float32Array]),
    );
    const inputs = { ...goBack(gradients), ...pick(values, optimizerInputs) };
    const { weights } = inner.run('applyGradients', inputs);
    common.write('weights', { weights: weights?.values as Float32Array });
    isLoaded = false;
    return Object.fromEntries(Object.entries(outputs).filter(([name]) => !name.startsWith(EMBEDDING)));
  }

  return {
    execution: inner.execution,
    run: (name, values, fetch) => (name === 'step' ? runStep(values, fetch) : inner.run(name, values, fetch)),
    readState: () =>
      Object.fromEntries(Object.entries(inner.readState()).filter(([name]) => name !== OWN_GRADIENT)),
    writeState: write,
    pids: () => processes.pids(),
    dispose() {
      dispose();
      inner.dispose();
    },
  };
}
