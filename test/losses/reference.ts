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
