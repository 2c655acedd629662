import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nativeBackend, startEngine } from '../../../src/tensorflow/engine.js';
import { splitRows, splitRowsPlain } from '../../../src/tensorflow/kernels/split-rows.js';
import { unpackBytes, unpackBytesPlain } from '../../../src/tensorflow/kernels/unpack-bytes.js';
import * as tf from '../../../src/tensorflow/tf.js';

startEngine();
// Without the native library a kernel is its twin, and comparing them would prove nothing.
const native = describe.runIf(nativeBackend() !== null);

native('splitRows', () => {
  it('gives the runs of its plain twin, empty ones too', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(5), { minLength: 1, maxLength: 6 }),
        fc.integer({ min: 1, max: 5 }),
        (sizes, width) => {
          tf.tidy(() => {
            const rows = sizes.reduce((sum, size) => sum + size, 0);
            const x = tf.reshape(tf.range(0, rows * width), [rows, width]);
            const cuts = tf.tensor1d(sizes, 'int32');
            const parts = splitRows(x, cuts);
            splitRowsPlain(x, cuts).forEach((expected, i) => {
              expect(parts[i]?.shape).toEqual(expected.shape);
              expect(parts[i]?.dataSync()).toEqual(expected.dataSync());
            });
            expect(parts).toHaveLength(sizes.length);
          });
        },
      ),
      { numRuns: 40 },
    );
  });

  it('refuses sizes that are not all rows', () => {
    expect(() => splitRows(tf.zeros([3, 2]), tf.tensor1d([1, 1], 'int32'))).toThrow(/size/);
  });
});

native('unpackBytes', () => {
  it('gives the bytes of its plain twin: those that were put into the words', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 4, maxLength: 64 }), (given) => {
        tf.tidy(() => {
          const bytes = given.slice(0, given.length - (given.length % 4));
          const words = tf.tensor2d(new Int32Array(bytes.buffer), [1, bytes.length / 4], 'int32');
          const unpacked = unpackBytes(words);
          expect(unpacked.dtype).toBe('float32');
          expect([...unpacked.dataSync()]).toEqual([...bytes]);
          expect([...unpackBytesPlain(words).dataSync()]).toEqual([...bytes]);
        });
      }),
      { numRuns: 30 },
    );
  });
});
