import { Matrix } from 'ml-matrix';
import type { Estimate } from '../runs/record.js';
import { randomStream } from '../tensorflow/random.js';
import { checkEmbeddings, rmsNorm, STILL, type Embeddings } from './embeddings.js';
import { decodeLine, encodeLine, LINE_ENTRIES, lineAngle, MEAN_RANDOM_ANGLE, type Line } from './lines.js';
import { visitPairs } from './pairs.js';
import { fitMlp, MLP_DEFAULTS, type MlpSettings } from './mlp-readout.js';
import type { FittedReadout, Regression } from './readout.js';
import { fitRidge } from './ridge-readout.js';
import { estimateOver, mean } from './statistics.js';

/** What an axis is to be read out of, and the items to learn and to test on. */
export interface AxisReadoutData {
  /** Frozen embeddings, one row an item. */
  readonly embeddings: Embeddings;
  /** The axis of every item, `[rows, 3]`, row-major; signs and lengths do not matter. */
  readonly axes: ArrayLike<number>;
  /** The structure that every item is a view of. */
  readonly structures: readonly (string | number)[];
  /** Items to learn from. A part of their structures is held back to choose the readout's settings. */
  readonly train: readonly number[];
  /** Items to test on, of structures that are not in `train`. */
  readonly test: readonly number[];
}

/** Settings of the readout. */
export interface AxisReadoutOptions {
  /** `linear`: ridge regression. `mlp`: one hidden layer. */
  readonly readout: 'linear' | 'mlp';
  /** One readout is fitted for each; they set the validation part and the MLP's first weights. */
  readonly seeds: readonly number[];
  /** Fraction of the training structures that is held back to choose the settings; default 0.2. */
  readonly validationShare?: number;
  readonly mlp?: Partial<MlpSettings>;
}

/** Errors of predictions that have seen no embedding, in degrees. */
export interface AxisBaselines {
  /** Two independent, uniformly random lines: 57.3 degrees (1 radian). */
  readonly random: number;
  /** The one line that fits the training axes best, predicted for every test item. */
  readonly constant: number;
  /** The axis of another test structure, on average over all of them. */
  readonly permuted: number;
  /** The true axes through encoding and decoding: rounding only. */
  readonly perfect: number;
}

/** How well the axis can be read out. */
export interface AxisReadoutResult {
  /** Mean angle between predicted and true line over test items, in degrees; sd over classifier seeds. */
  readonly error: Estimate;
  /** The same mean over test structures, each the mean of its items and of all seeds; sd over structures. */
  readonly acrossStructures: Estimate;
  readonly perSeed: readonly number[];
  readonly perStructure: readonly { readonly structure: string | number; readonly degrees: number }[];
  /** Ridge penalty or number of training steps that the validation part chose, for each seed. */
  readonly chosen: readonly number[];
  readonly baselines: AxisBaselines;
}

const MAX_PERMUTED_PAIRS = 200_000;

function lineOf(axes: ArrayLike<number>, item: number): Line {
  const [x, y, z] = [axes[3 * item] ?? NaN, axes[3 * item + 1] ?? NaN, axes[3 * item + 2] ?? NaN];
  const length = Math.hypot(x, y, z);
  if (!(length > 0 && Number.isFinite(length))) {
    throw new RangeError(
      `axisReadout: the axis of item ${item} is (${x}, ${y}, ${z}); it must have a direction.`,
    );
  }
  return [x / length, y / length, z / length];
}

function checkItems(name: string, items: readonly number[], rows: number): void {
  const bad = items.find((item) => !Number.isInteger(item) || item < 0 || item >= rows);
  if (bad !== undefined) {
    throw new RangeError(`axisReadout: ${name} holds item ${bad}; there are items 0 to ${rows - 1}.`);
  }
}

function checkData({ embeddings, axes, structures, train, test }: AxisReadoutData): void {
  checkEmbeddings('axisReadout', 'embeddings', embeddings);
  const { rows } = embeddings;
  if (axes.length !== 3 * rows || structures.length !== rows) {
    throw new RangeError(
      `axisReadout: ${rows} embeddings came with ${axes.length / 3} axes and ${structures.length} structures; ` +
        'each item needs one of both.',
    );
  }
  checkItems('train', train, rows);
  checkItems('test', test, rows);
  const learnt = new Set(train.map((item) => structures[item]));
  const shared = test.find((item) => learnt.has(structures[item]));
  if (shared !== undefined) {
    throw new RangeError(
      `axisReadout: structure ${String(structures[shared])} (item ${shared}) is in train and in test; ` +
        'split by structure, or the error is that of remembering.',
    );
  }
  if (learnt.size < 2 || new Set(test.map((item) => structures[item])).size < 2) {
    throw new RangeError('axisReadout: train and test must hold at least two structures each.');
  }
}

/** Splits the training items by structure into those to fit and those to choose settings on. */
function validationSplit(
  { structures, train }: AxisReadoutData,
  share: number,
  seed: number,
): { readonly fit: readonly number[]; readonly validation: readonly number[] } {
  const names = randomStream(seed, 1).shuffle(new Set(train.map((item) => structures[item])));
  const count = Math.min(names.length - 1, Math.max(1, Math.round(share * names.length)));
  const held = new Set(names.slice(0, count));
  return {
    fit: train.filter((item) => !held.has(structures[item])),
    validation: train.filter((item) => held.has(structures[item])),
  };
}

/** Features brought to mean 0 and variance 1 over the training items; what only varies by rounding is left at 0. */
function standardised(embeddings: Embeddings, train: readonly number[]): Matrix {
  const { rows, dim, values } = embeddings;
  const matrix = Matrix.from1DArray(rows, dim, values);
  const seen = matrix.subMatrixRow([...train]);
  const centre = seen.mean('column');
  const floor = STILL * rmsNorm(embeddings);
  const scale = seen.standardDeviation('column', { unbiased: false }).map((sd) => (sd > floor ? 1 / sd : 0));
  return matrix.subRowVector(centre).mulRowVector(scale);
}

function anglesOf(predictions: Matrix, lines: readonly Line[], items: readonly number[]): number[] {
  const entries = predictions.to1DArray();
  return items.map((item, k) =>
    lineAngle(decodeLine(entries, k * LINE_ENTRIES), lines[item] ?? [NaN, NaN, NaN]),
  );
}

/**
 * Errors of predictions made without embeddings, on the actual axes: what an error is to be compared with.
 *
 * @throws RangeError as {@link axisReadout} does.
 */
export function axisBaselines(data: AxisReadoutData): AxisBaselines {
  checkData(data);
  const { axes, structures, train, test } = data;
  const encodings = new Matrix(train.map((item) => encodeLine(lineOf(axes, item))));
  const constant = decodeLine(encodings.mean('column'));
  const lines = test.map((item) => lineOf(axes, item));
  let sum = 0;
  let pairs = 0;
  visitPairs(lines.length, MAX_PERMUTED_PAIRS, [0, 0], (i, j) => {
    const [a, b] = [lines[i], lines[j]];
    if (!a || !b || structures[test[i] ?? -1] === structures[test[j] ?? -1]) return;
    sum += lineAngle(a, b);
    pairs += 1;
  });
  return {
    random: MEAN_RANDOM_ANGLE,
    constant: mean(lines.map((line) => lineAngle(line, constant))),
    permuted: sum / pairs,
    perfect: mean(lines.map((line) => lineAngle(line, decodeLine(encodeLine(line))))),
  };
}

function byStructure(
  { structures, test }: AxisReadoutData,
  degrees: readonly number[],
): AxisReadoutResult['perStructure'] {
  const groups = new Map<string | number, number[]>();
  test.forEach((item, k) => {
    const structure = structures[item] ?? item;
    groups.set(structure, [...(groups.get(structure) ?? []), degrees[k] ?? NaN]);
  });
  return [...groups].map(([structure, values]) => ({ structure, degrees: mean(values) }));
}

/**
 * How well an axis (the first principal component of the cloud, in figure 4) can be read out of frozen embeddings.
 *
 * A principal component has no sign, so the readout predicts the six different entries of `v v^T`; the predicted line is
 * the leading eigenvector of the predicted symmetric matrix, and the error is the angle between lines, 0 to 90 degrees.
 * Settings of the readout (ridge penalty, number of steps) are chosen by that error on held-back training structures.
 *
 * @throws RangeError when sizes do not fit, an index is out of range, a structure is both in train and in test, a part
 *   holds fewer than two structures, an axis is zero, or a number is not finite; the item is named.
 */
export function axisReadout(data: AxisReadoutData, options: AxisReadoutOptions): AxisReadoutResult {
  checkData(data);
  const { readout, seeds, validationShare = 0.2 } = options;
  if (seeds.length === 0)
    throw new RangeError('axisReadout: there are no seeds, so nothing would be fitted.');
  if (!(validationShare > 0 && validationShare < 1)) {
    throw new RangeError(`axisReadout: validationShare is ${validationShare}; it must lie between 0 and 1.`);
  }
  const lines = Array.from({ length: data.embeddings.rows }, (_, item) => lineOf(data.axes, item));
  const features = standardised(data.embeddings, data.train);
  const targets = new Matrix(lines.map(encodeLine));
  const part = (items: readonly number[]): Regression => ({
    features: features.subMatrixRow([...items]),
    targets: targets.subMatrixRow([...items]),
  });

  const fitted = seeds.map((seed): FittedReadout => {
    const { fit, validation } = validationSplit(data, validationShare, seed);
    const criterion = (predictions: Matrix): number => mean(anglesOf(predictions, lines, validation));
    return readout === 'linear'
      ? fitRidge(part(fit), part(validation), criterion)
      : fitMlp(part(fit), part(validation), criterion, seed, { ...MLP_DEFAULTS, ...options.mlp });
  });
  const testFeatures = part(data.test).features;
  const degrees = fitted.map(({ predict }) => anglesOf(predict(testFeatures), lines, data.test));
  const perItem = data.test.map((_, k) => mean(degrees.map((one) => one[k] ?? NaN)));
  const perSeed = degrees.map(mean);
  const perStructure = byStructure(data, perItem);
  return {
    error: estimateOver(perSeed, 'classifier seeds', 'degrees'),
    acrossStructures: estimateOver(
      perStructure.map((one) => one.degrees),
      'structures',
      'degrees',
    ),
    perSeed,
    perStructure,
    chosen: fitted.map((one) => one.chosen),
    baselines: axisBaselines(data),
  };
}
