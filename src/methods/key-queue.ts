/** MoCo's queue: a ring of embeddings of earlier steps, inside the recorded step. */
import type { RandomStream } from '../tensorflow/random.js';
import type { TensorDataMap } from '../tensorflow/tensor-data.js';
import * as tf from '../tensorflow/tf.js';

export const QUEUE = 'queue.keys';
export const QUEUE_PLACE = 'queue.place';

export interface QueueShape {
  /** Keys in the queue, a multiple of the batch. */
  readonly size: number;
  readonly batch: number;
  readonly dim: number;
}

/** @throws RangeError for a queue that is no multiple of the batch. */
export function checkQueue({ size, batch }: Pick<QueueShape, 'size' | 'batch'>): void {
  if (!Number.isInteger(size / batch) || size < batch) {
    throw new RangeError(
      `MoCo: a queue of ${size} keys is no multiple of the batch of ${batch}, which goes into it whole; give ` +
        `${Math.max(1, Math.round(size / batch)) * batch}, say.`,
    );
  }
}

/** The queue before the first step: random directions, as in MoCo's code; its place is 0. */
export function emptyQueue({ size, dim }: QueueShape, random: RandomStream): TensorDataMap {
  const values = new Float32Array(size * dim);
  for (let row = 0; row < size; row++) {
    const direction = Array.from({ length: dim }, () => random.normal());
    const length = Math.hypot(...direction);
    direction.forEach((value, j) => (values[row * dim + j] = value / length));
  }
  return {
    [QUEUE]: { shape: [size, dim], dtype: 'float32', values },
    [QUEUE_PLACE]: { shape: [], dtype: 'int32', values: Int32Array.of(0) },
  };
}

/**
 * The queue after keys `[batch, dim]` have taken the place of the oldest ones, and its next place: batches are written one
 * behind the other, and from the start again when the end is reached.
 *
 * @param place - number of the batch-sized slot to write to, a scalar.
 */
export function enqueue(
  queue: tf.Tensor2D,
  place: tf.Scalar,
  keys: tf.Tensor2D,
): { readonly queue: tf.Tensor2D; readonly place: tf.Scalar } {
  const [batch, dim] = keys.shape;
  const slots = queue.shape[0] / batch;
  const isOldest = tf.reshape(tf.cast(tf.equal(tf.range(0, slots, 1, 'int32'), place), 'float32'), [
    slots,
    1,
    1,
  ]);
  const held = tf.mul(tf.reshape(queue, [slots, batch, dim]), tf.sub(1, isOldest));
  const written = tf.add(held, tf.mul(tf.reshape(keys, [1, batch, dim]), isOldest));
  return {
    queue: tf.reshape(written, [slots * batch, dim]),
    place: tf.mod<tf.Scalar>(tf.add(place, tf.scalar(1, 'int32')), tf.scalar(slots, 'int32')),
  };
}
