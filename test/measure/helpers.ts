import { readFileSync } from 'node:fs';
import { determinant, Matrix, QrDecomposition } from 'ml-matrix';
import { embeddingsFrom, type Embeddings } from '../../src/measure/embeddings.js';
import { randomStream } from '../../src/tensorflow/random.js';

interface Sized {
  readonly rows: number;
  readonly dim: number;
}
interface GoldenPair extends Sized {
  readonly from: number[];
  readonly to: number[];
}
interface GoldenFit extends GoldenPair {
  readonly rotation: number[];
  readonly error: number;
}

/** Values from numpy and scipy, see test/golden/measures.py. */
export const golden = JSON.parse(
  readFileSync(new URL('../golden/measures.json', import.meta.url), 'utf8'),
) as {
  readonly procrustes: readonly GoldenFit[];
  readonly align: readonly GoldenFit[];
  readonly gamma: GoldenPair & {
    readonly gamma: number;
    readonly pooled: number;
    readonly invariance: number;
  };
  readonly spectrum: Sized & {
    readonly values: number[];
    readonly variances: number[];
    readonly effectiveRank: number;
    readonly ofSingularValues: number;
    readonly components: number[];
    readonly projection: number[];
    readonly explained: number[];
  };
  readonly uniformity: Sized & {
    readonly values: number[];
    readonly temperature: number;
    readonly uniformity: number;
  };
  readonly roundness: readonly {
    readonly path: number[];
    readonly roundness: number;
    readonly shares: number[];
  }[];
};

export function goldenEmbeddings({ rows, dim }: Sized, values: readonly number[]): Embeddings {
  return { rows, dim, values: Float32Array.from(values) };
}

export function goldenPair(pair: GoldenPair): { from: Embeddings; to: Embeddings } {
  return { from: goldenEmbeddings(pair, pair.from), to: goldenEmbeddings(pair, pair.to) };
}

export function gaussian(seed: number, rows: number, dim: number): Matrix {
  const stream = randomStream(seed, rows, dim);
  return new Matrix(Array.from({ length: rows }, () => Array.from({ length: dim }, () => stream.normal())));
}

export function onSphere(seed: number, rows: number, dim: number): Embeddings {
  const matrix = gaussian(seed, rows, dim);
  return embeddingsFrom(
    matrix.to2DArray().map((row) => {
      const norm = Math.hypot(...row);
      return row.map((x) => x / norm);
    }),
  );
}

/** A random orthogonal matrix with the determinant asked for. */
export function orthogonal(seed: number, dim: number, sign: 1 | -1 = 1): Matrix {
  const q = new QrDecomposition(gaussian(seed, dim, dim)).orthogonalMatrix;
  if (Math.sign(determinant(q)) !== sign) q.mulColumn(0, -1);
  return q;
}

/** `M f_i` for every row. */
export function mapped(embeddings: Embeddings, map: Matrix): Embeddings {
  const { rows, dim, values } = embeddings;
  return embeddingsFrom(Matrix.from1DArray(rows, dim, values).mmul(map.transpose()).to2DArray());
}

/** Embeddings with noise of the given size added. */
export function noisy(embeddings: Embeddings, size: number, seed: number): Embeddings {
  const stream = randomStream(seed, 99);
  return { ...embeddings, values: embeddings.values.map((x) => x + size * stream.normal()) };
}

export function largestGap(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) return Infinity;
  return Array.from(actual).reduce((gap, x, i) => Math.max(gap, Math.abs(x - (expected[i] ?? NaN))), 0);
}
