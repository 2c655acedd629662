/** The losses written as loops over numbers, and what the loss tests share. */
import * as tf from '../../src/tensorflow/tf.js';
import { randomStream } from '../../src/tensorflow/random.js';

export type Rows = readonly (readonly number[])[];

export function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, x, i) => sum + x * (b[i] ?? NaN), 0);
}

export function unitRows(seed: number, batch: number, dim: number): number[][] {
  const stream = randomStream(seed, batch, dim);
  return Array.from({ length: batch }, () => {
    const row = Array.from({ length: dim }, () => stream.normal());
    const norm = Math.sqrt(dot(row, row));
    return row.map((x) => x / norm);
  });
}

export function matrix(rows: Rows): tf.Tensor2D {
  return tf.tensor2d(rows.map((row) => [...row]));
}

/** The value of a loss on rows of numbers, with nothing left behind. */
export function valueOf(loss: () => tf.Tensor): number {
  return tf.tidy(() => loss().dataSync()[0] ?? NaN);
}

export function infoNceLoop(first: Rows, second: Rows, temperature: number): number {
  const views = [...first, ...second];
  const batch = first.length;
  let total = 0;
  views.forEach((anchor, i) => {
    const positive = i < batch ? i + batch : i - batch;
    let denominator = 0;
    views.forEach((other, k) => {
      if (k !== i) denominator += Math.exp(dot(anchor, other) / temperature);
    });
    total -= Math.log(Math.exp(dot(anchor, views[positive] ?? []) / temperature) / denominator);
  });
  return total / views.length;
}

export function uniformityLoop(views: readonly Rows[], temperature: number): number {
  let sum = 0;
  let pairs = 0;
  for (const a of views) {
    for (const b of views) {
      a.forEach((x, i) => {
        b.forEach((y, k) => {
          if (i === k) return;
          sum += Math.exp(dot(x, y) / temperature);
          pairs += 1;
        });
      });
    }
  }
  return Math.log(sum / pairs);
}

export function alignmentLoop(first: Rows, second: Rows): number {
  const distances = first.map((row, i) => Math.hypot(...row.map((x, j) => x - (second[i]?.[j] ?? NaN))));
  return distances.reduce((a, b) => a + b, 0) / distances.length;
}

export function equivarianceLoop(
  first: Rows,
  second: Rows,
  chunks: number,
  reduction: 'mean' | 'official-sum',
): number {
  const size = first.length / chunks;
  let total = 0;
  for (let chunk = 0; chunk < chunks; chunk++) {
    for (let i = 0; i < size; i++) {
      let row = 0;
      for (let j = 0; j < size; j++) {
        if (i === j) continue;
        const at = (rows: Rows, k: number): readonly number[] => rows[chunk * size + k] ?? [];
        row += (dot(at(first, i), at(first, j)) - dot(at(second, i), at(second, j))) ** 2;
      }
      total += reduction === 'mean' ? row / (size * (size - 1)) : (2 * row) / size;
    }
  }
  return total / chunks;
}

/** Central finite differences of a function of rows, entry by entry. */
export function finiteDifferences(f: (rows: number[][]) => number, rows: Rows, step = 1e-5): number[] {
  return rows.flatMap((row, i) =>
    row.map((_, j) => {
      const moved = (by: number): number =>
        f(rows.map((r, k) => r.map((x, l) => (k === i && l === j ? x + by : x))));
      return (moved(step) - moved(-step)) / (2 * step);
    }),
  );
}

/** The largest absolute difference between two lists of numbers. */
export function largestGap(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) return Infinity;
  return Array.from(actual).reduce((gap, x, i) => Math.max(gap, Math.abs(x - (expected[i] ?? NaN))), 0);
}

/** InfoNCE of queries against keys of the same items and a queue. */
export function queueInfoNceLoop(queries: Rows, keys: Rows, queue: Rows, temperature: number): number {
  const losses = queries.map((query, i) => {
    const positive = Math.exp(dot(query, keys[i] ?? []) / temperature);
    const negatives = queue.reduce((sum, key) => sum + Math.exp(dot(query, key) / temperature), 0);
    return -Math.log(positive / (positive + negatives));
  });
  return losses.reduce((a, b) => a + b, 0) / losses.length;
}

/** Mean squared distance of rows scaled to length 1. */
export function predictionLoop(predictions: Rows, targets: Rows): number {
  const unit = (row: readonly number[]) => row.map((x) => x / Math.sqrt(dot(row, row)));
  const squares = predictions.map((row, i) => {
    const target = unit(targets[i] ?? []);
    return unit(row).reduce((sum, x, j) => sum + (x - (target[j] ?? NaN)) ** 2, 0);
  });
  return squares.reduce((a, b) => a + b, 0) / squares.length;
}

/** Sum over pairs of dimensions of their correlation's squared difference to that wanted. */
export function barlowTwinsLoop(first: Rows, second: Rows, offDiagonal: number): number {
  const batch = first.length;
  const dim = first[0]?.length ?? 0;
  const columnOf = (rows: Rows, j: number): number[] => {
    const column = rows.map((row) => row[j] ?? NaN);
    const mean = column.reduce((a, b) => a + b, 0) / batch;
    const variance = column.reduce((sum, x) => sum + (x - mean) ** 2, 0) / batch;
    return column.map((x) => (x - mean) / Math.sqrt(variance + 1e-5));
  };
  let total = 0;
  for (let i = 0; i < dim; i++) {
    for (let j = 0; j < dim; j++) {
      const correlation = dot(columnOf(first, i), columnOf(second, j)) / batch;
      total += i === j ? (1 - correlation) ** 2 : offDiagonal * correlation ** 2;
    }
  }
  return total;
}

export function crossEntropyLoop(logits: Rows, labels: readonly number[]): number {
  const losses = logits.map((row, i) => {
    const sum = row.reduce((total, x) => total + Math.exp(x), 0);
    return -Math.log(Math.exp(row[labels[i] ?? -1] ?? NaN) / sum);
  });
  return losses.reduce((a, b) => a + b, 0) / losses.length;
}

/** The value of a bilinear form, `u^T M v`, written out. */
export function formValue(
  form: 'inner' | 'minkowski' | 'symplectic',
  u: readonly number[],
  v: readonly number[],
): number {
  const half = u.length / 2;
  return u.reduce((sum, x, i) => {
    if (form === 'symplectic') return sum + (i < half ? x * (v[i + half] ?? NaN) : -x * (v[i - half] ?? NaN));
    return sum + (form === 'minkowski' && i === 0 ? -1 : 1) * x * (v[i] ?? NaN);
  }, 0);
}

/** L_equi for a bilinear form over the pairs of each chunk. */
export function bilinearLoop(
  first: Rows,
  second: Rows,
  form: 'inner' | 'minkowski' | 'symplectic',
  chunks: number,
  reduction: 'mean' | 'official-sum',
): number {
  const size = first.length / chunks;
  let total = 0;
  for (let i = 0; i < first.length; i++) {
    for (let j = 0; j < first.length; j++) {
      if (i === j || Math.floor(i / size) !== Math.floor(j / size)) continue;
      const [a, b] = [first, second].map((rows) => formValue(form, rows[i] ?? [], rows[j] ?? []));
      total += ((a ?? NaN) - (b ?? NaN)) ** 2 * (reduction === 'mean' ? 1 / (size - 1) : 2);
    }
  }
  return total / (size * chunks);
}
