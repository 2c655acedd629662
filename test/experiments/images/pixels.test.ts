import * as fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { imagesFromWords, packBytes } from '../../../src/augment/images.js';
import type { DataSet } from '../../../src/data/data-set.js';
import { pixelSource, RESIDENT_LIMIT } from '../../../src/experiments/images/pixels.js';
import { compileProgram, type Execution } from '../../../src/tensorflow/compile.js';
import { startEngine } from '../../../src/tensorflow/engine.js';
import * as tf from '../../../src/tensorflow/tf.js';
import { noiseImages } from './tiny.js';

beforeAll(() => {
  startEngine();
});

const COUNT = 5;
const CHOSEN = [6, 0, 6, 10, 3];

/** The images that a program gets from a source, with what crosses the border for them. */
function imagesOf(data: DataSet, limit: number | undefined, execution: Execution) {
  const source = pixelSource(data, limit);
  const program = compileProgram(
    {
      name: 'pixels',
      state: {},
      frozen: source.frozen,
      functions: {
        show: {
          inputs: source.inputs(COUNT),
          run: (state, inputs) => ({ outputs: { images: source.images(state, inputs) } }),
        },
      },
    },
    execution,
  );
  const values = source.values(CHOSEN);
  const { images } = program.run('show', values);
  program.dispose();
  return { source, values, images };
}

describe.each<Execution>(['chained', 'eager'])('pixels, %s', (execution) => {
  it('are the bytes of the data set as shares of 255, from the device and with each batch alike', () => {
    const data = noiseImages(11);
    const resident = imagesOf(data, undefined, execution);
    const streamed = imagesOf(data, 0, execution);
    expect(Object.keys(resident.values)).toEqual(['indices']);
    expect(Object.keys(streamed.values)).toEqual(['pixels']);
    expect(streamed.source.frozen).toEqual({});
    const expected = Float32Array.from(data.batch(CHOSEN), (byte) => byte * Math.fround(1 / 255));
    expect(resident.images).toEqual({ shape: [COUNT, 16, 16, 3], dtype: 'float32', values: expected });
    expect(streamed.images).toEqual(resident.images);
  });
});

describe('a source of pixels', () => {
  it('keeps the data on the device up to the limit, and not a byte above it', () => {
    const data = noiseImages(3);
    const bytes = 3 * 16 * 16 * 3;
    expect(Object.keys(pixelSource(data, bytes).frozen)).toHaveLength(1);
    expect(pixelSource(data, bytes - 1).frozen).toEqual({});
    expect(RESIDENT_LIMIT).toBe(2 ** 30);
    const values = Object.values(pixelSource(data, bytes).frozen)[0]?.values ?? [];
    expect(4 * values.length).toBe(bytes);
  });

  it('takes images that are no square', () => {
    const base = noiseImages(4);
    // 16 x 16 pixels, read as 8 x 32.
    const data: DataSet = { ...base, height: 8, width: 32 };
    const images = pixelSource(data);
    const shape = tf.tidy(
      () =>
        images.images(
          Object.fromEntries(
            Object.entries(images.frozen).map(([name, { values, shape }]) => [
              name,
              tf.tensor(values, [...shape], 'int32'),
            ]),
          ),
          { indices: tf.tensor1d([1, 2], 'int32') },
        ).shape,
    );
    expect(shape).toEqual([2, 8, 32, 3]);
  });

  it.each([0, 2 ** 30])('says which sizes fill no whole words, limit %d', (limit) => {
    const data: DataSet = { ...noiseImages(4), height: 5, width: 5 };
    expect(() => pixelSource(data, limit)).toThrow(
      'Images of 5 x 5 pixels have 75 bytes, no multiple of 4; give an even size.',
    );
  });
});

describe('packing', () => {
  it('keeps every byte, wherever the bytes begin', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 1, maxLength: 40 }),
        fc.integer({ min: 0, max: 7 }),
        (some, at) => {
          // Images of 2 x 2 pixels have 12 bytes.
          const bytes = new Uint8Array(at + 12 * some.length);
          bytes.forEach((_, i) => (bytes[i] = ((some[i % some.length] ?? 0) + 31 * i) % 256));
          const images = bytes.subarray(at);
          const words = packBytes(images);
          const unpacked = tf.tidy(() =>
            tf
              .mul(
                imagesFromWords(tf.tensor2d(words, [some.length, 3], 'int32'), { height: 2, width: 2 }),
                255,
              )
              .dataSync()
              .slice(),
          );
          expect(Array.from(unpacked, Math.round)).toEqual(Array.from(images));
        },
      ),
      { numRuns: 40 },
    );
  });

  it('is little-endian', () => {
    expect(Array.from(packBytes(Uint8Array.of(1, 2, 3, 4, 255, 255, 255, 255)))).toEqual([0x04030201, -1]);
  });
});
