/** Bytes that travel and lie four to an int32, since tfjs has no tensors of bytes. */
import * as tf from '../tf.js';
import { rawOps } from './raw.js';

/** The plain twin of {@link unpackBytes}. It reads values, so that it cannot be recorded; nothing is without TensorFlow. */
export function unpackBytesPlain(words: tf.Tensor2D): tf.Tensor2D {
  const [rows, length] = words.shape;
  const bytes = new Uint8Array(Int32Array.from(words.dataSync()).buffer);
  return tf.tensor2d(Float32Array.from(bytes), [rows, 4 * length]);
}

/**
 * The bytes of int32 values in the order in which they lie in memory, as float32 from 0 to 255. It has no gradient: it
 * is for data.
 *
 * @param words - int32 `[rows, length]`
 * @returns `[rows, 4 * length]`
 */
export function unpackBytes(words: tf.Tensor2D): tf.Tensor2D {
  const raw = rawOps();
  if (raw === null) return unpackBytesPlain(words);
  const { op, attributes } = raw;
  const [rows, length] = words.shape;
  const bytes = op('Bitcast', [attributes.type('T', 'int32'), attributes.type('type', 'uint8')], [words]);
  const types = [attributes.type('SrcT', 'uint8'), attributes.type('DstT', 'float32')];
  return tf.reshape(op('Cast', types, [bytes]), [rows, 4 * length]);
}
