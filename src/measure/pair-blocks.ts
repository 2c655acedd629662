/** Pairs of embeddings too large for loops: blocks of rows on the device, for products in TensorFlow's float32. */
import { rawOps } from '../tensorflow/kernels/raw.js';
import * as tf from '../tensorflow/tf.js';
import type { Embeddings } from './embeddings.js';
import { valuesOf } from './products.js';

/** Rows of a block: sums of so many terms are float32's, those of blocks are added in float64. */
const BLOCK_ROWS = 8192;
/** Numbers of a set of embeddings up to which its blocks stay on the device between two passes. */
const KEPT_SIZE = 2 ** 24;

interface Block {
  readonly start: number;
  readonly from: tf.Tensor2D;
  readonly to: tf.Tensor2D;
}

/** Squares that Wahba's error is made of. */
export interface PairSquares {
  /** `||R f_i - f(a)_i||^2` of every row. */
  readonly residual: ArrayLike<number>;
  /** `sum_i ||f(a)_i - f_i||^2` */
  readonly moved: number;
  /** `sum_i ||f_i||^2` */
  readonly length: number;
}

export interface PairBlocks {
  /** `sum_i to_i from_i^T`, `[dim, dim]` row-major. */
  readonly moment: () => Float64Array;
  /** The squares under the map R, `[dim, dim]` row-major. */
  readonly squares: (rotation: Float64Array) => PairSquares;
  /** Frees the blocks. */
  readonly dispose: () => void;
}

function blockAt(from: Embeddings, to: Embeddings, start: number): Block {
  const { dim } = from;
  const end = Math.min(from.rows, start + BLOCK_ROWS);
  const part = ({ values }: Embeddings) =>
    tf.tensor2d(values.subarray(start * dim, end * dim), [end - start, dim]);
  return { start, from: part(from), to: part(to) };
}

/** In one pass, without a tensor of squares in between. */
function sumOfSquares(x: tf.Tensor): tf.Tensor {
  const raw = rawOps();
  if (raw === null) return tf.sum(tf.square(x));
  return tf.mul(raw.op('L2Loss', [raw.attributes.type('T', 'float32')], [x]), 2);
}

/** The blocks of two sets of embeddings of the same size. The caller disposes of them. */
export function pairBlocks(from: Embeddings, to: Embeddings): PairBlocks {
  const { rows, dim } = from;
  const starts = Array.from({ length: Math.ceil(rows / BLOCK_ROWS) }, (_, i) => i * BLOCK_ROWS);
  const isKept = rows * dim <= KEPT_SIZE;
  const kept = isKept ? starts.map((start) => blockAt(from, to, start)) : [];

  function each(visit: (block: Block) => void): void {
    kept.forEach(visit);
    if (isKept) return;
    for (const start of starts) {
      const block = blockAt(from, to, start);
      visit(block);
      tf.dispose([block.from, block.to]);
    }
  }
  return {
    moment() {
      const sum = new Float64Array(dim * dim);
      each((block) => {
        const part = valuesOf(() => tf.matMul(block.to, block.from, true, false));
        for (let k = 0; k < sum.length; k++) sum[k] = (sum[k] ?? 0) + (part[k] ?? NaN);
      });
      return sum;
    },
    squares(rotation) {
      const residual = new Float32Array(rows);
      let [moved, length] = [0, 0];
      const map = tf.tensor2d(new Float32Array(rotation), [dim, dim]);
      each(({ start, from: f, to: g }) => {
        residual.set(
          valuesOf(() => tf.sum(tf.squaredDifference(tf.matMul(f, map, false, true), g), 1)),
          start,
        );
        moved += valuesOf(() => sumOfSquares(tf.sub(g, f)))[0] ?? NaN;
        length += valuesOf(() => sumOfSquares(f))[0] ?? NaN;
      });
      map.dispose();
      return { residual, moved, length };
    },
    dispose: () => kept.forEach((block) => tf.dispose([block.from, block.to])),
  };
}
