/** The nearest neighbours of queries in a gallery by Euclidean distance, in blocks. */
import { rawOps } from '../tensorflow/kernels/raw.js';
import * as tf from '../tensorflow/tf.js';
import { checkEmbeddings, rowNorms, type Embeddings } from './embeddings.js';

export interface NearestOptions {
  /** Neighbours of each query. */
  readonly k: number;
  /** An item of the gallery that is no neighbour of query i, e.g. the item itself; -1 for none. */
  readonly without?: (query: number) => number;
  /** Queries that are compared with the whole gallery at a time; default: as many as make 32 MiB. */
  readonly block?: number;
}

export interface Nearest {
  /** Items of the gallery, `[queries, k]` row-major, the nearest first. */
  readonly indices: Int32Array;
  /** Their Euclidean distances. */
  readonly distances: Float32Array;
}

const BLOCK_BYTES = 2 ** 25;

function checkNearest(gallery: Embeddings, queries: Embeddings, { k, without, block }: NearestOptions): void {
  checkEmbeddings('nearest', 'the gallery', gallery, 1);
  checkEmbeddings('nearest', 'the queries', queries, 1);
  if (gallery.dim !== queries.dim) {
    throw new RangeError(
      `nearest: the gallery has ${gallery.dim} numbers a row, the queries ${queries.dim}; both must come from one encoder.`,
    );
  }
  const most = gallery.rows - (without === undefined ? 0 : 1);
  if (!Number.isInteger(k) || k < 1 || k > most) {
    throw new RangeError(
      `nearest: k is ${k}; it must be a whole number from 1 to the ${most} items that can be found.`,
    );
  }
  if (block !== undefined && !(Number.isInteger(block) && block >= 1)) {
    throw new RangeError(`nearest: a block of ${block} rows was asked for; give a whole number from 1.`);
  }
}

/** The k + 1 largest of each row, largest first, and where they are. */
function topOf(similarities: tf.Tensor2D, k: number): [tf.Tensor, tf.Tensor] {
  const raw = rawOps();
  if (raw === null) {
    const { values, indices } = tf.topk(similarities, k, true);
    return [values, indices];
  }
  const { ops, attributes } = raw;
  const settings = [attributes.bool('sorted', true), attributes.type('T', 'float32')];
  return ops('TopKV2', settings, [similarities, tf.scalar(k, 'int32')], 2) as [tf.Tensor, tf.Tensor];
}

/**
 * The k items of a gallery that are nearest to each query, `argmin_j ||q_i - g_j||`. Of equally near ones the first in the
 * gallery comes first, as far as float32 can tell.
 *
 * Memory does not grow with the product of both sizes: queries go through in blocks.
 *
 * @throws RangeError for a k larger than the gallery, rows of different lengths, or numbers that are not finite.
 */
export function nearest(gallery: Embeddings, queries: Embeddings, options: NearestOptions): Nearest {
  checkNearest(gallery, queries, options);
  const { k, without } = options;
  const { dim, rows } = queries;
  const block = options.block ?? Math.max(16, Math.floor(BLOCK_BYTES / (4 * gallery.rows)));
  const found = { indices: new Int32Array(rows * k), distances: new Float32Array(rows * k) };
  // One more than asked for, since the one that does not count may be among them.
  const taken = Math.min(gallery.rows, without === undefined ? k : k + 1);
  const bank = tf.tensor2d(gallery.values, [gallery.rows, dim]);
  const halfSquares = tf.tensor1d(Float32Array.from(rowNorms(gallery), (norm) => norm ** 2 / 2));
  try {
    for (let start = 0; start < rows; start += block) {
      const end = Math.min(rows, start + block);
      // ||q - g||^2 = ||q||^2 - 2 (q.g - ||g||^2 / 2): what is largest in the bracket is nearest.
      const [values, indices] = tf.tidy(() => {
        const part = tf.tensor2d(queries.values.subarray(start * dim, end * dim), [end - start, dim]);
        return topOf(tf.sub(tf.matMul(part, bank, false, true), halfSquares), taken);
      });
      const places = indices.dataSync<'int32'>();
      tf.dispose([values, indices]);
      for (let query = start; query < end; query++) {
        const row = places.subarray((query - start) * taken, (query - start + 1) * taken);
        const skipped = without?.(query) ?? -1;
        const kept = row.filter((index) => index !== skipped).slice(0, k);
        kept.forEach((index, place) => {
          found.indices[query * k + place] = index;
          found.distances[query * k + place] = distance(queries, query, gallery, index);
        });
      }
    }
  } finally {
    tf.dispose([bank, halfSquares]);
  }
  return found;
}

/** The distance of two rows in float64: differences of squares lose what is near. */
function distance(a: Embeddings, i: number, b: Embeddings, j: number): number {
  let sum = 0;
  for (let k = 0; k < a.dim; k++) {
    sum += ((a.values[i * a.dim + k] ?? NaN) - (b.values[j * b.dim + k] ?? NaN)) ** 2;
  }
  return Math.sqrt(sum);
}
