import { queueInfoNce } from '../losses/queue-info-nce.js';
import { normalizeRows } from '../nn/normalize-rows.js';
import type { Scope } from '../nn/module.js';
import { gatherRows } from '../tensorflow/kernels/gather-rows.js';
import type { Tensors } from '../tensorflow/compile.js';
import type { RandomStream } from '../tensorflow/random.js';
import * as tf from '../tensorflow/tf.js';
import { checkQueue, emptyQueue, enqueue, QUEUE, QUEUE_PLACE } from './key-queue.js';
import type { MethodModel, NetworkMethod } from './method.js';
import { checkMomentum, momentumEncoder, type MomentumEncoder } from './momentum-encoder.js';

export interface MocoSettings {
  readonly batch: number;
  readonly temperature: number;
  /** m of the key encoder, constant. */
  readonly momentum: number;
  /** Keys in the queue, a multiple of the batch. */
  readonly queue: number;
  /**
   * Groups in which the keys go through batch norm, shuffled, each with the statistics of its own; 1: all together, in
   * order. On one device this stands for MoCo's shuffling over GPUs: queries and keys then share no statistics by which
   * they could be told to belong together.
   */
  readonly shuffleGroups: number;
}

const ORDER = 'moco.order';
const BACK = 'moco.back';

/** @throws RangeError for groups that do not divide the batch into parts of at least 2. */
function checkGroups({ batch, shuffleGroups }: MocoSettings): void {
  const each = batch / shuffleGroups;
  if (!Number.isInteger(each) || (shuffleGroups > 1 && each < 2)) {
    throw new RangeError(
      `MoCo: a batch of ${batch} cannot be shuffled into ${shuffleGroups} groups of at least 2; give a divisor of the ` +
        'batch that leaves 2 or more, or 1 for none.',
    );
  }
}

function shuffleInputs(batch: number, random: RandomStream): Record<string, Int32Array> {
  const order = random.shuffle(Array.from({ length: batch }, (_, i) => i));
  const back = new Int32Array(batch);
  order.forEach((from, to) => (back[from] = to));
  return { [ORDER]: Int32Array.from(order), [BACK]: back };
}

/** Keys of images, in groups of a random order where there is more than one. */
function keysOf(
  encoder: MomentumEncoder,
  scope: Scope,
  images: tf.Tensor4D,
  inputs: Tensors,
  groups: number,
): tf.Tensor2D {
  if (groups === 1) return normalizeRows(encoder.project(scope, images));
  const shuffled = gatherRows(images, inputs[ORDER] as tf.Tensor1D);
  const keys = tf.split(shuffled, groups).map((group) => encoder.project(scope, group as tf.Tensor4D));
  return normalizeRows(gatherRows(tf.concat(keys, 0), inputs[BACK] as tf.Tensor1D));
}

/**
 * MoCo-v2: InfoNCE of queries, by the trained encoder, against keys of a momentum encoder and a queue of earlier keys. The
 * head has a hidden layer and the augmentations are SimCLR's, which makes it version 2.
 *
 * `theta_k <- m theta_k + (1 - m) theta_q` after each step; the step's keys then take the place of the oldest ones.
 *
 * @throws RangeError for a queue that is no multiple of the batch, a momentum or groups that make no sense.
 * @see He et al., MoCo (CVPR 2020), equations 1 and 2, Algorithm 1; Chen et al., MoCo-v2 (2020).
 */
export function mocoV2(model: MethodModel, settings: MocoSettings): NetworkMethod {
  const { batch, temperature, momentum, queue: size, shuffleGroups } = settings;
  checkQueue({ size, batch });
  checkMomentum('MoCo', momentum);
  checkGroups(settings);
  const encoder = momentumEncoder(model);
  const isShuffled = shuffleGroups > 1;
  const places = { shape: [batch], dtype: 'int32' } as const;
  return {
    label: 'MoCo-v2',
    views: { first: { drawn: 'each' }, second: { drawn: 'each' } },
    network: {
      needs: 'a momentum encoder and a queue',
      state: (weights, random) => ({
        ...encoder.state(weights),
        ...emptyQueue({ size, batch, dim: model.dim }, random),
      }),
      inputs: { ...encoder.inputs, ...(isShuffled ? { [ORDER]: places, [BACK]: places } : {}) },
      inputsAt: ({ random }) => ({
        ...encoder.inputsAt(momentum),
        ...(isShuffled ? shuffleInputs(batch, random) : {}),
      }),
      targets: ({ images, scope, inputs }) => ({
        keys: keysOf(encoder, scope, images('second'), inputs, shuffleGroups),
      }),
      after(step) {
        const { state, targets } = step;
        const next = enqueue(
          state[QUEUE] as tf.Tensor2D,
          state[QUEUE_PLACE] as tf.Scalar,
          targets['keys'] as tf.Tensor2D,
        );
        return { ...encoder.after(step), [QUEUE]: next.queue, [QUEUE_PLACE]: next.place };
      },
    },
    loss(project, { scope, targets }) {
      const queries = normalizeRows(project('first'));
      const queue = scope.get(QUEUE) as tf.Tensor2D;
      const contrast = queueInfoNce(queries, targets['keys'] as tf.Tensor2D, queue, { temperature });
      return { total: contrast, terms: { infoNce: contrast } };
    },
  };
}
