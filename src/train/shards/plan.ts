/** Over which processes, and which GPUs, the views of a step are divided. */
import { availableParallelism } from 'node:os';
import { UserError } from '../user-error.js';

export interface ShardPlan {
  /** Processes in all; this one is the first. */
  readonly count: number;
  /** The GPU of each process, as `CUDA_VISIBLE_DEVICES` names it; none: all compute on the CPU, or on what they see. */
  readonly gpus?: readonly string[];
}

const EXAMPLES = 'For example --shards 2, or --gpus 0,1,2,3 for one process a GPU.';

function countOf(text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1) {
    throw new UserError(
      `--shards is ${text}; it must be a number of processes, 1 or more.`,
      `${EXAMPLES} Four views can be divided over 1, 2 or 4 processes.`,
    );
  }
  return count;
}

function gpusOf(text: string): readonly string[] {
  const gpus = text.split(',').map((gpu) => gpu.trim());
  const bad = gpus.find((gpu) => !/^[\w./-]+$/.test(gpu));
  if (bad !== undefined) {
    throw new UserError(`--gpus ${text}: "${bad}" names no GPU.`, `Give numbers with commas. ${EXAMPLES}`);
  }
  const twice = gpus.find((gpu, i) => gpus.indexOf(gpu) !== i);
  if (twice !== undefined) {
    throw new UserError(`--gpus ${text} names GPU ${twice} twice.`, 'Each process has a GPU of its own.');
  }
  return gpus;
}

/**
 * The plan of `--shards` and `--gpus`.
 *
 * @throws UserError for numbers that are none, and for two options that contradict each other.
 */
export function parseShardPlan(options: { readonly shards?: string; readonly gpus?: string }): ShardPlan {
  const gpus = options.gpus === undefined ? undefined : gpusOf(options.gpus);
  const count = options.shards === undefined ? (gpus?.length ?? 1) : countOf(options.shards);
  if (gpus === undefined) return { count };
  if (gpus.length !== count) {
    throw new UserError(
      `--shards ${count} and --gpus ${gpus.join(',')} do not agree: ${gpus.length} GPUs are named.`,
      'Leave --shards out: there is one process for each GPU.',
    );
  }
  return { count, gpus };
}

/** Threads inside one op of each process: the cores in equal parts. */
export function threadsOfShard({ count }: ShardPlan, cores: number = availableParallelism()): number {
  return Math.max(1, Math.floor(cores / count));
}

/**
 * What a process needs in its environment before TensorFlow is loaded: its GPU, and its share of the threads where the
 * user has not said how many.
 *
 * @param index - of the process, 0 for the first.
 */
export function shardEnvironment(
  plan: ShardPlan,
  index: number,
  given: Readonly<Record<string, string | undefined>> = process.env,
): Record<string, string> {
  const gpu = plan.gpus?.[index];
  const threads = given['TF_NUM_INTRAOP_THREADS'] ?? String(threadsOfShard(plan));
  return {
    ...(plan.count === 1 ? {} : { TF_NUM_INTRAOP_THREADS: threads }),
    ...(gpu === undefined ? {} : { CUDA_VISIBLE_DEVICES: gpu }),
  };
}

/**
 * The views of each process, in their order: whole views, since batch norm takes its statistics over a view.
 *
 * @throws UserError when they cannot be divided into equal parts.
 */
export function viewsByShard<View>(views: readonly View[], count: number): readonly (readonly View[])[] {
  const each = views.length / count;
  if (!Number.isInteger(each)) {
    const possible = views.map((_, i) => i + 1).filter((n) => views.length % n === 0);
    throw new UserError(
      `The ${views.length} views of a step cannot be divided over ${count} processes: each runs whole views.`,
      `Possible are ${possible.slice(0, -1).join(', ')} or ${possible.at(-1) ?? 1}.`,
    );
  }
  return Array.from({ length: count }, (_, i) => views.slice(i * each, (i + 1) * each));
}
