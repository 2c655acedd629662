/**
 * Embeddings of a data set as one row-major matrix, from whatever encoder: `values[i * dim + j]` is coordinate j of
 * item i.
 */
export interface Embeddings {
  readonly rows: number;
  readonly dim: number;
  readonly values: Float32Array;
}

/** Embeddings of the same items before and after one augmentation: row i of both is item i. */
export interface EmbeddingPair {
  /** `f(x_i)`. */
  readonly from: Embeddings;
  /** `f(a(x_i))`, the same a for all items. */
  readonly to: Embeddings;
}

/**
 * Movement below this, relative to the length of the embeddings, is float32 rounding rather than an answer to the
 * augmentation: such embeddings count as standing still.
 */
export const STILL = 1e-6;

/** Embeddings from rows of numbers. @throws RangeError when the rows differ in length. */
export function embeddingsFrom(rows: readonly ArrayLike<number>[]): Embeddings {
  const dim = rows[0]?.length ?? 0;
  const values = new Float32Array(rows.length * dim);
  rows.forEach((row, i) => {
    if (row.length !== dim) {
      throw new RangeError(`Embeddings: row ${i} has ${row.length} numbers, row 0 has ${dim}.`);
    }
    values.set(Array.from(row), i * dim);
  });
  return { rows: rows.length, dim, values };
}

/** The embeddings of the items at the given indices, in that order. */
export function selectRows(embeddings: Embeddings, indices: readonly number[]): Embeddings {
  const { dim, rows, values } = embeddings;
  const selected = new Float32Array(indices.length * dim);
  indices.forEach((index, i) => {
    if (!Number.isInteger(index) || index < 0 || index >= rows) {
      throw new RangeError(`Embeddings: index ${index} is outside the ${rows} rows.`);
    }
    selected.set(values.subarray(index * dim, (index + 1) * dim), i * dim);
  });
  return { rows: indices.length, dim, values: selected };
}

/** Euclidean length of every row. */
export function rowNorms({ rows, dim, values }: Embeddings): Float64Array {
  const norms = new Float64Array(rows);
  for (let i = 0; i < rows; i++) {
    let sum = 0;
    for (let j = i * dim; j < (i + 1) * dim; j++) sum += (values[j] ?? 0) ** 2;
    norms[i] = Math.sqrt(sum);
  }
  return norms;
}

/** Whether all numbers are finite: `0 x` is 0 for finite numbers alone, and a sum is taken faster than a decision. */
function allFinite(values: Float32Array): boolean {
  let sum = 0;
  for (let k = 0; k < values.length; k++) sum += 0 * (values[k] ?? NaN);
  return sum === 0;
}

function checkShape(measure: string, name: string, { rows, dim, values }: Embeddings, atLeast: number): void {
  if (!Number.isInteger(rows) || !Number.isInteger(dim) || dim < 1 || values.length !== rows * dim) {
    throw new RangeError(
      `${measure}: ${name} says ${rows} rows of ${dim} and holds ${values.length} numbers; it must hold rows x dim.`,
    );
  }
  if (rows < atLeast) {
    throw new RangeError(
      `${measure}: ${name} has ${rows} row${rows === 1 ? '' : 's'}; at least ${atLeast} are needed.`,
    );
  }
}

/**
 * Check embeddings before they are measured.
 *
 * @param measure name of the measure, for the message.
 * @param name which embeddings, for the message.
 * @param atLeast rows that the measure needs.
 * @throws RangeError when sizes do not fit, there are too few rows, or a number is not finite; the row is named.
 */
export function checkEmbeddings(measure: string, name: string, embeddings: Embeddings, atLeast = 2): void {
  checkShape(measure, name, embeddings, atLeast);
  const { dim, values } = embeddings;
  if (allFinite(values)) return;
  const bad = values.findIndex((value) => !Number.isFinite(value));
  throw new RangeError(
    `${measure}: ${name} has ${String(values[bad])} in row ${Math.floor(bad / dim)}, column ${bad % dim}; ` +
      'embeddings must be finite. Did the training diverge?',
  );
}

/** The part of {@link checkPair} that looks at no number. */
export function checkSizes(
  measure: string,
  from: Embeddings,
  to: Embeddings,
  atLeast = 2,
  [first, second]: readonly [string, string] = ['from', 'to'],
): void {
  checkShape(measure, first, from, atLeast);
  checkShape(measure, second, to, atLeast);
  if (from.rows !== to.rows || from.dim !== to.dim) {
    throw new RangeError(
      `${measure}: ${first} is ${from.rows} x ${from.dim} and ${second} is ${to.rows} x ${to.dim}; ` +
        'row i of both must be the same item, so the sizes must be equal.',
    );
  }
}

/** Check two sets of embeddings whose rows belong together. @throws RangeError as {@link checkEmbeddings} does. */
export function checkPair(
  measure: string,
  from: Embeddings,
  to: Embeddings,
  atLeast = 2,
  [first, second]: readonly [string, string] = ['from', 'to'],
): void {
  checkEmbeddings(measure, first, from, atLeast);
  checkEmbeddings(measure, second, to, atLeast);
  checkSizes(measure, from, to, atLeast, [first, second]);
}

/**
 * The lengths of rows that a measure is about to divide by.
 *
 * @throws RangeError when a row is 0: it has no direction on the sphere.
 */
export function nonZeroNorms(measure: string, name: string, embeddings: Embeddings): Float64Array {
  const norms = rowNorms(embeddings);
  const zero = norms.findIndex((norm) => norm === 0);
  if (zero >= 0) {
    throw new RangeError(
      `${measure}: row ${zero} of ${name} is zero, so it has no direction; normalise embeddings to the unit sphere.`,
    );
  }
  return norms;
}

/** Root mean square length of the rows. */
export function rmsNorm({ rows, values }: Embeddings): number {
  let sum = 0;
  for (const value of values) sum += value * value;
  return Math.sqrt(sum / rows);
}

/** The mean row. */
export function meanRow({ rows, dim, values }: Embeddings): Float64Array {
  const mean = new Float64Array(dim);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < dim; j++) mean[j] = (mean[j] ?? 0) + (values[i * dim + j] ?? 0);
  }
  return mean.map((sum) => sum / rows);
}

/** Root mean square distance of the rows from their mean. */
export function spread(embeddings: Embeddings): number {
  const { rows, dim, values } = embeddings;
  const mean = meanRow(embeddings);
  let sum = 0;
  for (let k = 0; k < rows * dim; k++) sum += ((values[k] ?? 0) - (mean[k % dim] ?? 0)) ** 2;
  return Math.sqrt(sum / rows);
}
