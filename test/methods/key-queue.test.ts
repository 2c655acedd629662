import { beforeAll, describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { checkQueue, emptyQueue, enqueue, QUEUE, QUEUE_PLACE } from '../../src/methods/key-queue.js';
import { startEngine } from '../../src/tensorflow/engine.js';
import { randomStream } from '../../src/tensorflow/random.js';
import * as tf from '../../src/tensorflow/tf.js';

beforeAll(() => {
  startEngine();
});

describe('the queue of keys', () => {
  it('is, after any number of batches, a list that is written from its start again', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 0, max: 14 }),
        (slots, batch, batches) => {
          const dim = 3;
          const random = randomStream(slots, batch, batches);
          const start = emptyQueue({ size: slots * batch, batch, dim }, random);
          const list = Array.from({ length: slots * batch }, (_, i) =>
            Array.from(start[QUEUE]?.values.slice(dim * i, dim * (i + 1)) ?? []),
          );
          const found = tf.tidy(() => {
            let queue: tf.Tensor2D = tf.tensor2d(list);
            let place = tf.scalar(start[QUEUE_PLACE]?.values[0] ?? NaN, 'int32');
            let at = 0;
            for (let step = 0; step < batches; step++) {
              const keys = Array.from({ length: batch }, () =>
                Array.from({ length: dim }, random.normal),
              ).map((row) => row.map(Math.fround));
              ({ queue, place } = enqueue(queue, place, tf.tensor2d(keys)));
              for (const key of keys) {
                list[at] = key;
                at = (at + 1) % list.length;
              }
            }
            return { rows: queue.arraySync(), place: place.dataSync()[0], at };
          });
          expect(found.rows).toEqual(list);
          expect((found.place ?? NaN) * batch).toBe(found.at);
        },
      ),
      { numRuns: 40 },
    );
  });

  it('starts with random directions of length 1, the same for the same stream', () => {
    const of = (seed: number) => emptyQueue({ size: 6, batch: 3, dim: 4 }, randomStream(seed));
    const values = Array.from(of(1)[QUEUE]?.values ?? []);
    for (let row = 0; row < 6; row++) {
      expect(Math.hypot(...values.slice(4 * row, 4 * row + 4))).toBeCloseTo(1, 6);
    }
    expect(of(1)).toEqual(of(1));
    expect(of(2)).not.toEqual(of(1));
  });

  it.each([
    [20, 8, 'give 24'],
    [4, 8, 'give 8'],
  ])('of %d keys is refused for a batch of %d', (size, batch, hint) => {
    expect(() => checkQueue({ size, batch })).toThrow(
      `a queue of ${size} keys is no multiple of the batch of ${batch}`,
    );
    expect(() => checkQueue({ size, batch })).toThrow(hint);
    expect(() => checkQueue({ size: 24, batch: 8 })).not.toThrow();
  });
});
