/** The training step with its views divided over processes; the same step, up to rounding, as in one. */
import { extname } from 'node:path';
import type { DataSet } from '../../data/data-set.js';
import type { MethodName } from '../../methods/methods.js';
import type { Execution } from '../../tensorflow/compile.js';
import { MOMENTUM } from '../../tensorflow/kernels/batch-norm.js';
import { viewsByShard, type ShardPlan } from '../../train/shards/plan.js';
import type { WaitLimits } from '../../train/shards/processes.js';
import { shardedProgram, type ShardedProgram } from '../../train/shards/sharded-program.js';
import { UserError } from '../../train/user-error.js';
import type { ImageConfig } from './config.js';
import { streamedPixels } from './pixels.js';
import { imageShardModel, type ImageShardOptions } from './shard-model.js';
import { imageMethod } from './method.js';
import { divisibleLoss, stepParts, type ImageTraining } from './training.js';
import { viewNames } from './views.js';

export interface ShardedImageTraining extends ImageTraining {
  readonly program: ShardedProgram;
  /** For the record: the last bits depend on the number of processes. */
  readonly notes: readonly string[];
}

/** Any size: what a method says of its views does not depend on it. */
const SIZE = { height: 32, width: 32 };

/**
 * @throws UserError for a method whose step cannot be divided, a number of processes that does not divide the views, and
 *   for micro-batches besides.
 */
export function checkShards(config: ImageConfig, objective: MethodName, { count }: ShardPlan): void {
  const { training } = config;
  const method = imageMethod(config, objective, SIZE);
  divisibleLoss({ method }, `over ${count} processes`);
  viewsByShard(viewNames(method), count);
  if (training.microBatch !== null) {
    throw new UserError(
      `A step cannot be divided over ${count} processes and into micro-batches of ${training.microBatch} as well.`,
      'Leave --shards and --gpus out, or set -p training.microBatch=null.',
    );
  }
}

function noteOf({ count, gpus }: ShardPlan): string {
  const where = gpus === undefined ? '' : ` on GPUs ${gpus.join(', ')}`;
  return (
    `Trained, at least in part, over ${count} processes${where}: ` +
    'equal to one process up to rounding, so the last bits may differ.'
  );
}

/**
 * {@link imageTraining} over the processes of a plan.
 *
 * @throws UserError as {@link checkShards}, for batches that do not fit, and when a process does not start.
 */
export function shardedImageTraining(
  config: ImageConfig,
  objective: MethodName,
  data: DataSet,
  execution: Execution,
  plan: ShardPlan,
  limits: Partial<WaitLimits> = {},
): ShardedImageTraining {
  checkShards(config, objective, plan);
  const parts = stepParts(config, objective, data, streamedPixels(data));
  const { optimizer, views, training, state, functions } = parts;
  const options: ImageShardOptions = { config, image: { height: data.height, width: data.width } };
  const program = shardedProgram(
    {
      plan,
      shard: imageShardModel(options),
      source: {
        module: new URL(`./shard-model${extname(import.meta.url)}`, import.meta.url).href,
        name: 'imageShardModel',
        options,
      },
      views: views.names,
      loss: divisibleLoss(parts, `over ${plan.count} processes`),
      optimizer,
      state,
      functions,
      bufferDecay: 1 - MOMENTUM,
      limits,
    },
    execution,
  );
  return { program, ...training, notes: [noteOf(plan)] };
}
