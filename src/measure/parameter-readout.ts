/** How well the parameters of an augmentation can be read from the embeddings before and after it. */
import { Matrix } from 'ml-matrix';
import type { Estimate } from '../runs/record.js';
import { randomStream } from '../tensorflow/random.js';
import { checkPair, meanRow, selectRows, STILL, rmsNorm, type Embeddings } from './embeddings.js';
import { fitMlp, MLP_DEFAULTS, type MlpSettings } from './mlp-readout.js';
import { crossMoment, symmetricEigen } from './products.js';
import { RIDGE_PENALTIES } from './ridge-readout.js';
import { estimateOver, mean } from './statistics.js';

export interface ParameterData {
  /** `f(x_i)`. */
  readonly from: Embeddings;
  /** `f(a_i(x_i))`, each item under an augmentation of its own. */
  readonly to: Embeddings;
  /** Names of the parameters, and their values `[rows, names]`, row-major. */
  readonly names: readonly string[];
  readonly parameters: ArrayLike<number>;
  /** Items to learn from; a part of them is held back to choose the readout's settings. */
  readonly train: readonly number[];
  /** Other items to judge by. */
  readonly test: readonly number[];
}

export interface ParameterOptions {
  /** `linear`: ridge regression. `mlp`: one hidden layer, as for 3DIEBench. */
  readonly readout?: 'linear' | 'mlp';
  /** One readout is fitted for each; they set the part that is held back, and an MLP's first weights. */
  readonly seeds?: readonly number[];
  /** Share of the training items that is held back; default 0.2. */
  readonly validationShare?: number;
  readonly mlp?: Partial<MlpSettings>;
}

export interface ParameterResult {
  /** R^2 of each parameter on the test items, mean and standard deviation over classifier seeds; 1 at most, 0 for its mean. */
  readonly perParameter: Readonly<Record<string, Estimate>>;
  /** Mean over parameters. */
  readonly mean: Estimate;
  /** Parameters that are constant among the training or test items, so that there is nothing to read. */
  readonly constant: readonly string[];
}

/** A matrix of float32 numbers, `[rows, dim]`. */
type Table = Embeddings;

function sideBySide(a: Embeddings, b: Embeddings): Table {
  const dim = a.dim + b.dim;
  const values = new Float32Array(a.rows * dim);
  for (let i = 0; i < a.rows; i++) {
    values.set(a.values.subarray(i * a.dim, (i + 1) * a.dim), i * dim);
    values.set(b.values.subarray(i * b.dim, (i + 1) * b.dim), i * dim + a.dim);
  }
  return { rows: a.rows, dim, values };
}

/** Columns less a centre, times a scale. */
function rescaled({ rows, dim, values }: Table, centre: Float64Array, scale: Float64Array): Table {
  return {
    rows,
    dim,
    values: values.map((value, k) => (value - (centre[k % dim] ?? NaN)) * (scale[k % dim] ?? NaN)),
  };
}

/** 1 over the standard deviation of each column; 0 for one that varies by rounding alone. */
function scaleOf(table: Table, centre: Float64Array): Float64Array {
  const { rows, dim, values } = table;
  const sums = new Float64Array(dim);
  for (let k = 0; k < values.length; k++) {
    sums[k % dim] = (sums[k % dim] ?? 0) + ((values[k] ?? NaN) - (centre[k % dim] ?? NaN)) ** 2;
  }
  const floor = STILL * rmsNorm(table);
  return sums.map((sum) => (Math.sqrt(sum / rows) > floor ? Math.sqrt(rows / sum) : 0));
}

/** R^2 of every column: 1 less the squared errors over those of the column's own mean. */
function determination(predicted: Table, actual: Table): number[] {
  const centre = meanRow(actual);
  const { rows, dim } = actual;
  return Array.from({ length: dim }, (_, column) => {
    let [errors, total] = [0, 0];
    for (let k = column; k < rows * dim; k += dim) {
      errors += ((predicted.values[k] ?? NaN) - (actual.values[k] ?? NaN)) ** 2;
      total += ((actual.values[k] ?? NaN) - (centre[column] ?? NaN)) ** 2;
    }
    return 1 - errors / total;
  });
}

/**
 * Mean squared error over all numbers. Penalties and steps are chosen by it, not by R^2: of a parameter that few images have,
 * the held-back part may hold none, and R^2 of a constant is minus infinity.
 */
function meanSquare(predicted: Table, actual: Table): number {
  const sum = actual.values.reduce(
    (total, value, k) => total + ((predicted.values[k] ?? NaN) - value) ** 2,
    0,
  );
  return sum / actual.values.length;
}

type Predict = (features: Table) => Table;

/** Ridge regression for a list of penalties from second moments, `W = (X^T X / n + penalty I)^-1 X^T Y / n`. */
function ridgePath(features: Table, targets: Table): (penalty: number) => Predict {
  const { values, vectors } = symmetricEigen(crossMoment(features, features).div(features.rows));
  const moment = vectors.transpose().mmul(crossMoment(features, targets).div(features.rows));
  return (penalty) => {
    const shrink = Matrix.diag(values.map((value) => 1 / (Math.max(0, value) + penalty)));
    const weights = Float64Array.from(vectors.mmul(shrink).mmul(moment).to1DArray());
    return (given) => applied(given, weights, targets.dim);
  };
}

/** `X W` for W `[dim, outputs]`. */
function applied({ rows, dim, values }: Table, weights: Float64Array, outputs: number): Table {
  const product = new Float32Array(rows * outputs);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < outputs; j++) {
      let sum = 0;
      for (let k = 0; k < dim; k++) sum += (values[i * dim + k] ?? NaN) * (weights[k * outputs + j] ?? NaN);
      product[i * outputs + j] = sum;
    }
  }
  return { rows, dim: outputs, values: product };
}

interface Parts {
  readonly features: Table;
  readonly targets: Table;
}

const part = ({ features, targets }: Parts, rows: readonly number[]): Parts => ({
  features: selectRows(features, rows),
  targets: selectRows(targets, rows),
});

function fitLinear(fit: Parts, validation: Parts): Predict {
  const path = ridgePath(fit.features, fit.targets);
  const scored = RIDGE_PENALTIES.map((penalty) => ({
    predict: path(penalty),
    error: meanSquare(path(penalty)(validation.features), validation.targets),
  }));
  return scored.reduce((best, one) => (one.error < best.error ? one : best)).predict;
}

const asMatrix = ({ rows, dim, values }: Table) => Matrix.from1DArray(rows, dim, values);
const asTable = (matrix: Matrix): Table => ({
  rows: matrix.rows,
  dim: matrix.columns,
  values: Float32Array.from(matrix.to1DArray()),
});

function fitHidden(fit: Parts, validation: Parts, seed: number, mlp: Partial<MlpSettings>): Predict {
  const asRegression = ({ features, targets }: Parts) => ({
    features: asMatrix(features),
    targets: asMatrix(targets),
  });
  const criterion = (predicted: Matrix) => meanSquare(asTable(predicted), validation.targets);
  const settings = { ...MLP_DEFAULTS, ...mlp };
  const { predict } = fitMlp(asRegression(fit), asRegression(validation), criterion, seed, settings);
  return (features) => asTable(predict(asMatrix(features)));
}

function checkItems(name: string, items: readonly number[], rows: number): void {
  const bad = items.find((item) => !Number.isInteger(item) || item < 0 || item >= rows);
  if (bad !== undefined) {
    throw new RangeError(`parameterReadout: ${name} holds item ${bad}; there are items 0 to ${rows - 1}.`);
  }
}

function checkData({ from, to, names, parameters, train, test }: ParameterData): void {
  checkPair('parameterReadout', from, to);
  if (names.length === 0 || parameters.length !== from.rows * names.length) {
    throw new RangeError(
      `parameterReadout: ${from.rows} pairs came with ${parameters.length} numbers for ${names.length} parameters; ` +
        'each pair needs one number for each.',
    );
  }
  const bad = Array.from(parameters).findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) {
    throw new RangeError(
      `parameterReadout: ${names[bad % names.length] ?? ''} of pair ${Math.floor(bad / names.length)} is ${parameters[bad] ?? NaN}.`,
    );
  }
  checkItems('train', train, from.rows);
  checkItems('test', test, from.rows);
  if (train.length < 4 || test.length < 2) {
    throw new RangeError(
      `parameterReadout: there are ${train.length} items to learn from and ${test.length} to judge by; 4 and 2 are needed.`,
    );
  }
  const learnt = new Set(train);
  const shared = test.find((item) => learnt.has(item));
  if (shared !== undefined) {
    throw new RangeError(`parameterReadout: item ${shared} is in train and in test.`);
  }
}

/** The columns of the parameters that vary both among the items to learn from and among those to judge by. */
function varying({ names, parameters, train, test }: ParameterData): readonly number[] {
  const valuesOf = (items: readonly number[], column: number) =>
    new Set(items.map((item) => parameters[item * names.length + column]));
  return names.flatMap((_, column) =>
    valuesOf(train, column).size > 1 && valuesOf(test, column).size > 1 ? [column] : [],
  );
}

/** Features `[f(x), f(a(x))]` and targets, both brought to mean 0 and variance 1 over the items to learn from. */
function standardised(data: ParameterData, columns: readonly number[]): Parts {
  const { from, to, names, parameters, train } = data;
  const targets: Table = {
    rows: from.rows,
    dim: columns.length,
    values: Float32Array.from({ length: from.rows * columns.length }, (_, k) => {
      const column = columns[k % columns.length] ?? 0;
      return parameters[Math.floor(k / columns.length) * names.length + column] ?? NaN;
    }),
  };
  const normal = (table: Table): Table => {
    const seen = selectRows(table, train);
    const centre = meanRow(seen);
    return rescaled(table, centre, scaleOf(seen, centre));
  };
  return { features: normal(sideBySide(from, to)), targets: normal(targets) };
}

/**
 * R^2 with which the parameters of augmentations can be read from pairs of embeddings `[f(x), f(a(x))]` of unseen images: 1
 * when the embedding tells exactly what was done, 0 (or below) when it tells nothing, as with an invariant encoder.
 *
 * @throws RangeError for sizes that differ, numbers that are not finite, items that are out of range or in both parts, and
 *   where no parameter varies.
 * @see Garrido, Najman, LeCun, "Self-supervised learning of split invariant equivariant representations" (ICML 2023), who do
 *   this on 3DIEBench.
 */
export function parameterReadout(data: ParameterData, options: ParameterOptions = {}): ParameterResult {
  const { readout = 'linear', seeds = [0, 1, 2], validationShare = 0.2, mlp = {} } = options;
  checkData(data);
  if (seeds.length === 0) throw new RangeError('parameterReadout: there are no seeds.');
  if (!(validationShare > 0 && validationShare < 1)) {
    throw new RangeError(
      `parameterReadout: validationShare is ${validationShare}; it must lie between 0 and 1.`,
    );
  }
  const columns = varying(data);
  if (columns.length === 0) {
    throw new RangeError('parameterReadout: no parameter varies, so there is nothing to read.');
  }
  const all = standardised(data, columns);
  const test = part(all, data.test);
  const perSeed = seeds.map((seed) => {
    const order = randomStream(seed, 3).shuffle(data.train);
    const held = Math.min(order.length - 2, Math.max(2, Math.round(validationShare * order.length)));
    const [fit, validation] = [part(all, order.slice(held)), part(all, order.slice(0, held))];
    const predict = readout === 'linear' ? fitLinear(fit, validation) : fitHidden(fit, validation, seed, mlp);
    return determination(predict(test.features), test.targets);
  });
  const perParameter = Object.fromEntries(
    columns.map((column, k) => [
      data.names[column] ?? '',
      estimateOver(
        perSeed.map((one) => one[k] ?? NaN),
        'classifier seeds',
      ),
    ]),
  );
  return {
    perParameter,
    mean: estimateOver(perSeed.map(mean), 'classifier seeds'),
    constant: data.names.filter((_, column) => !columns.includes(column)),
  };
}
