/** Weighted nearest neighbours: the accuracy by which pretraining is watched, without training anything. */
import { rawOps } from '../tensorflow/kernels/raw.js';
import * as tf from '../tensorflow/tf.js';
import { rowNorms, type Embeddings } from './embeddings.js';
import { checkLabelled, classesOf, type LabelledEmbeddings } from './labels.js';

export type { LabelledEmbeddings };

export interface KnnOptions {
  /** Neighbours that vote; 200 in the official code. */
  readonly k: number;
  /** Temperature of a neighbour's weight `exp(similarity / temperature)`; the official code takes that of the loss. */
  readonly temperature: number;
  /** Rows of the product that are in memory at a time; default: as many as make 32 MiB with the bank. */
  readonly block?: number;
}

export interface KnnResult {
  /** Share of the queries whose class was predicted, from 0 to 1. */
  readonly accuracy: number;
  /** Queries. */
  readonly n: number;
  /** Binomial standard error of the accuracy over the queries. */
  readonly standardError: number;
  readonly predictions: Int32Array;
}

/** Bytes of one block of similarities: what fits beside the bank in a processor's caches gains nothing by being larger. */
const BLOCK_BYTES = 2 ** 25;

function checkSet(name: string, set: LabelledEmbeddings): void {
  checkLabelled('kNN', name, set);
  const zero = rowNorms(set.embeddings).indexOf(0);
  if (zero >= 0) throw new RangeError(`kNN: row ${zero} of ${name} is all zeros and has no direction.`);
}

function checkOptions(
  { k, temperature, block }: KnnOptions,
  bank: LabelledEmbeddings,
  queries: LabelledEmbeddings,
): void {
  if (!(temperature > 0)) {
    throw new RangeError(`kNN: the temperature is ${temperature}; it must be above 0, e.g. 0.5.`);
  }
  if (!Number.isInteger(k) || k < 1 || k > bank.embeddings.rows) {
    throw new RangeError(
      `kNN: k is ${k}; it must be a whole number from 1 to the ${bank.embeddings.rows} items that can vote.`,
    );
  }
  if (block !== undefined && !(Number.isInteger(block) && block >= 1)) {
    throw new RangeError(`kNN: a block of ${block} rows was asked for; give a whole number from 1.`);
  }
  if (bank.embeddings.dim !== queries.embeddings.dim) {
    throw new RangeError(
      `kNN: the bank's vectors have ${bank.embeddings.dim} numbers, those of the queries ${queries.embeddings.dim}.`,
    );
  }
}

/** Rows scaled to length 1. */
function directions(embeddings: Embeddings): Float32Array {
  const { rows, dim, values } = embeddings;
  const norms = rowNorms(embeddings);
  const scaled = new Float32Array(values.length);
  for (let i = 0; i < rows; i++) {
    const factor = 1 / (norms[i] ?? 1);
    for (let j = i * dim; j < (i + 1) * dim; j++) scaled[j] = (values[j] ?? 0) * factor;
  }
  return scaled;
}

/** Rows of {@link transposedDirections} that are gone through together: 16 numbers fill one line of a cache. */
const STRIP = 16;

/** Rows scaled to length 1, as columns `[dim, rows]`: a product with them is a fifth faster than one that transposes. */
function transposedDirections(embeddings: Embeddings): Float32Array {
  const { rows, dim, values } = embeddings;
  const factors = rowNorms(embeddings).map((norm) => 1 / norm);
  const scaled = new Float32Array(values.length);
  for (let start = 0; start < rows; start += STRIP) {
    const end = Math.min(rows, start + STRIP);
    for (let j = 0; j < dim; j++) {
      for (let i = start; i < end; i++) scaled[j * rows + i] = (values[i * dim + j] ?? 0) * (factors[i] ?? 1);
    }
  }
  return scaled;
}

interface Largest {
  readonly values: Float32Array;
  readonly indices: Int32Array;
}

/**
 * The k largest of each row, in no order that matters, and where they are. Read outside of `tf.tidy`, which looks through
 * every number of what it returns for tensors.
 */
function largest(make: () => tf.Tensor2D, k: number): Largest {
  const [values, indices] = tf.tidy(() => largestTensors(make(), k));
  const read = { values: values.dataSync<'float32'>(), indices: indices.dataSync<'int32'>() };
  tf.dispose([values, indices]);
  return read;
}

function largestTensors(similarities: tf.Tensor2D, k: number): [tf.Tensor, tf.Tensor] {
  const raw = rawOps();
  if (raw === null) {
    const { values, indices } = tf.topk(similarities, k, false);
    return [values, indices];
  }
  const { ops, attributes } = raw;
  const settings = [attributes.bool('sorted', false), attributes.type('T', 'float32')];
  return ops('TopKV2', settings, [similarities, tf.scalar(k, 'int32')], 2) as [tf.Tensor, tf.Tensor];
}

/** The class with the largest sum of weights; of equal ones the smallest. */
function winners(
  found: Largest,
  labels: ArrayLike<number>,
  classes: number,
  { k, temperature }: KnnOptions,
): Int32Array {
  const rows = found.values.length / k;
  const votes = new Float64Array(classes);
  return Int32Array.from({ length: rows }, (_, row) => {
    votes.fill(0);
    // Less that of the nearest, so that at no temperature the weights overflow or all vanish.
    let nearest = -1;
    for (let j = row * k; j < (row + 1) * k; j++) nearest = Math.max(nearest, found.values[j] ?? -1);
    for (let j = row * k; j < (row + 1) * k; j++) {
      const label = labels[found.indices[j] ?? 0] ?? 0;
      votes[label] = (votes[label] ?? 0) + Math.exp(((found.values[j] ?? 0) - nearest) / temperature);
    }
    return votes.indexOf(Math.max(...votes));
  });
}

/**
 * Accuracy of the weighted k-nearest-neighbour classifier (Wu et al., CVPR 2018), the monitor of the official code:
 * each of the k items of the bank that are nearest to a query by cosine similarity s votes for its class with weight
 * `exp(s / temperature)`.
 *
 * Memory does not grow with the product of both sizes: queries go through in blocks.
 *
 * @param bank - the items that vote, usually the training set.
 * @param queries - the items to classify.
 * @throws RangeError for a k larger than the bank, a temperature of 0 or less, a block of no rows, missing labels, vectors
 *   of different lengths, with a number that is not finite, or of length zero.
 */
export function knn(bank: LabelledEmbeddings, queries: LabelledEmbeddings, options: KnnOptions): KnnResult {
  checkSet('the bank', bank);
  checkSet('the queries', queries);
  checkOptions(options, bank, queries);
  const { rows: bankRows, dim } = bank.embeddings;
  const { rows } = queries.embeddings;
  const block = options.block ?? Math.max(16, Math.floor(BLOCK_BYTES / (4 * bankRows)));
  const classes = classesOf(bank.labels);
  const predictions = new Int32Array(rows);
  const queryValues = directions(queries.embeddings);
  const kept = tf.tensor2d(transposedDirections(bank.embeddings), [dim, bankRows]);
  try {
    for (let start = 0; start < rows; start += block) {
      const end = Math.min(rows, start + block);
      const part = () => tf.tensor2d(queryValues.subarray(start * dim, end * dim), [end - start, dim]);
      const found = largest(() => tf.matMul(part(), kept), options.k);
      predictions.set(winners(found, bank.labels, classes, options), start);
    }
  } finally {
    kept.dispose();
  }
  const right = predictions.reduce((sum, label, i) => sum + (label === queries.labels[i] ? 1 : 0), 0);
  const accuracy = right / rows;
  return {
    accuracy,
    n: rows,
    standardError: Math.sqrt((accuracy * (1 - accuracy)) / rows),
    predictions,
  };
}
