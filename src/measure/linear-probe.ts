/** The linear probe: how well classes can be told from frozen features by a linear classifier. */
import type { Estimate } from '../runs/record.js';
import { compileProgram, type Program, type ProgramFunction, type Tensors } from '../tensorflow/compile.js';
import { gatherRows } from '../tensorflow/kernels/gather-rows.js';
import type { TensorDataMap } from '../tensorflow/tensor-data.js';
import * as tf from '../tensorflow/tf.js';
import type { Optimizer } from '../train/optimizer.js';
import type { Embeddings } from './embeddings.js';
import { checkLabelled, classesOf, type LabelledEmbeddings } from './labels.js';
import {
  checkProbeSettings,
  initialProbe,
  PROBE_BIAS,
  PROBE_PRESETS,
  PROBE_WEIGHT,
  probeLogits,
  probeOptimizer,
  probeOrder,
  probeStep,
  stackedInputs,
  stackedValues,
  unstacked,
  type ProbeSettings,
} from './probe-step.js';
import { estimateOver, mean } from './statistics.js';

export { PROBE_PRESETS, type ProbeSettings };

/** Settings of the probe; the rest is that of `PROBE_PRESETS.adam`. */
export interface ProbeOptions extends Partial<ProbeSettings> {
  /** One classifier is trained for each, with its own initial weights and order. Default: 0, 1, 2. */
  readonly seeds?: readonly number[];
}

/** How well the classes can be read linearly. */
export interface ProbeResult {
  /** Share of the test items whose class is found, 0 to 1; mean and standard deviation over classifier seeds. */
  readonly accuracy: Estimate;
  readonly perSeed: readonly number[];
  /** Binomial standard error of the mean accuracy over the test items. */
  readonly standardError: number;
  /** Share of the most frequent class of the training items among the test items. */
  readonly chance: number;
  /** Predicted class of every test item by the first classifier. */
  readonly predictions: Int32Array;
}

/** Steps that one call of the program makes at most: calls cost as much as small steps. */
const STEPS_PER_CALL = 16;
/** Test items that are classified at a time. */
const TEST_BATCH = 1024;
const FEATURES = 'data.features';
const LABELS = 'data.labels';

/** One call of the program: the function and the sizes of the batches that it takes. */
interface Call {
  readonly name: 'many' | 'tail';
  readonly sizes: readonly number[];
}

/** The calls of an epoch; the last batch has what is left over, as PyTorch's loader has it. */
export function epochCalls(count: number, batch: number): readonly Call[] {
  const sizes = Array.from({ length: Math.ceil(count / batch) }, (_, i) =>
    Math.min(batch, count - i * batch),
  );
  const whole = Math.floor(Math.floor(count / batch) / STEPS_PER_CALL);
  const many = Array.from({ length: whole }, (): Call => ({
    name: 'many',
    sizes: new Array<number>(STEPS_PER_CALL).fill(batch),
  }));
  const rest = sizes.slice(whole * STEPS_PER_CALL);
  return rest.length === 0 ? many : [...many, { name: 'tail', sizes: rest }];
}

const totalOf = (sizes: readonly number[]) => sizes.reduce((sum, size) => sum + size, 0);

/** A function that takes one batch after the other, of the sizes given. */
function stepsFunction(sizes: readonly number[], classes: number, optimizer: Optimizer): ProgramFunction {
  return {
    inputs: {
      order: { shape: [totalOf(sizes)], dtype: 'int32' },
      ...stackedInputs(optimizer, sizes.length),
    },
    run(state, inputs) {
      const chosen = tf.split<tf.Tensor1D>(inputs.order as tf.Tensor1D, [...sizes]);
      const perStep = unstacked(optimizer, inputs, sizes.length);
      let changed: Tensors = {};
      chosen.forEach((indices, i) => {
        const features = gatherRows(state[FEATURES] as tf.Tensor2D, indices);
        const labels = gatherRows(state[LABELS] as tf.Tensor1D, indices);
        const now = { ...state, ...changed };
        changed = { ...changed, ...probeStep(now, features, labels, classes, optimizer, perStep[i] ?? {}) };
      });
      return { state: changed, outputs: {} };
    },
  };
}

function probeProgram(
  { embeddings, labels }: LabelledEmbeddings,
  classes: number,
  optimizer: Optimizer,
  calls: readonly Call[],
): Program {
  const { rows, dim, values } = embeddings;
  const parameters = initialProbe(dim, classes, 0);
  const byName = new Map(calls.map(({ name, sizes }) => [name, sizes]));
  return compileProgram({
    name: 'linear probe',
    state: { ...parameters, ...optimizer.slots(parameters) },
    frozen: {
      [FEATURES]: { shape: [rows, dim], dtype: 'float32', values },
      [LABELS]: { shape: [rows], dtype: 'int32', values: Int32Array.from(labels) },
    },
    functions: {
      ...Object.fromEntries(
        [...byName].map(([name, sizes]) => [name, stepsFunction(sizes, classes, optimizer)]),
      ),
      classify: {
        inputs: { items: { shape: [TEST_BATCH, dim], dtype: 'float32' } },
        run: (state, inputs) => ({
          outputs: { logits: probeLogits(state, inputs.items as tf.Tensor2D, classes) },
        }),
      },
    },
  });
}

function largestIn(row: ArrayLike<number>): number {
  let best = 0;
  for (let k = 1; k < row.length; k++) if ((row[k] ?? NaN) > (row[best] ?? NaN)) best = k;
  return best;
}

/** The classes that a program's function `classify` gives to embeddings. */
function classify(program: Program, { rows, dim, values }: Embeddings, classes: number): Int32Array {
  const predictions = new Int32Array(rows);
  for (let start = 0; start < rows; start += TEST_BATCH) {
    const count = Math.min(TEST_BATCH, rows - start);
    const items = new Float32Array(TEST_BATCH * dim);
    items.set(values.subarray(start * dim, (start + count) * dim));
    const logits = program.run('classify', { items }).logits?.values ?? new Float32Array(0);
    for (let i = 0; i < count; i++) {
      predictions[start + i] = largestIn(logits.subarray(i * classes, (i + 1) * classes));
    }
  }
  return predictions;
}

/** Where a classifier begins and in which order it sees the items. */
export interface ProbeStart {
  /** `probe.weight` `[classes, dim]` and `probe.bias` `[classes]`. */
  readonly weights: TensorDataMap;
  readonly orderOf: (epoch: number) => readonly number[];
}

/** A trained classifier with what it makes of the test items. */
export interface TrainedProbe {
  readonly weights: TensorDataMap;
  readonly predictions: Int32Array;
}

/**
 * Trains one classifier from each start, one after the other, in a program that is compiled once.
 *
 * @throws RangeError as {@link linearProbe} does.
 */
export function trainProbes(
  train: LabelledEmbeddings,
  test: Embeddings,
  settings: ProbeSettings,
  starts: readonly ProbeStart[],
): readonly TrainedProbe[] {
  const { rows } = train.embeddings;
  const classes = classesOf(train.labels);
  const calls = epochCalls(rows, settings.batch);
  const stepsPerEpoch = Math.ceil(rows / settings.batch);
  const optimizer = probeOptimizer(settings, stepsPerEpoch);
  const program = probeProgram(train, classes, optimizer, calls);
  try {
    return starts.map(({ weights, orderOf }) => {
      program.writeState({ ...weights, ...optimizer.slots(weights) });
      for (let epoch = 0; epoch < settings.epochs; epoch++) {
        runEpoch(program, optimizer, calls, orderOf(epoch), epoch * stepsPerEpoch);
      }
      const state = program.readState();
      const { [PROBE_WEIGHT]: weight, [PROBE_BIAS]: bias } = state;
      if (weight?.values.every(Number.isFinite) !== true || bias === undefined) {
        throw new RangeError(
          'linearProbe: the classifier diverged; lower learningRate, or scale the features.',
        );
      }
      return {
        weights: { [PROBE_WEIGHT]: weight, [PROBE_BIAS]: bias },
        predictions: classify(program, test, classes),
      };
    });
  } finally {
    program.dispose();
  }
}

function runEpoch(
  program: Program,
  optimizer: Optimizer,
  calls: readonly Call[],
  order: readonly number[],
  firstStep: number,
): void {
  let [at, step] = [0, firstStep];
  for (const { name, sizes } of calls) {
    const count = totalOf(sizes);
    const chosen = Int32Array.from(order.slice(at, at + count));
    program.run(name, { order: chosen, ...stackedValues(optimizer, step, sizes.length) }, []);
    at += count;
    step += sizes.length;
  }
}

function checkSets(train: LabelledEmbeddings, test: LabelledEmbeddings): void {
  checkLabelled('linearProbe', 'train', train);
  checkLabelled('linearProbe', 'test', test);
  if (train.embeddings.dim !== test.embeddings.dim) {
    throw new RangeError(
      `linearProbe: train has ${train.embeddings.dim} numbers a row, test ${test.embeddings.dim}; both must come from one encoder.`,
    );
  }
  if (classesOf(train.labels) < 2 || new Set(Array.from(train.labels)).size < 2) {
    throw new RangeError('linearProbe: train has a single class, so there is nothing to tell apart.');
  }
}

/** The share of test items that are of the class that is most frequent among the training items. */
function chanceOf(train: ArrayLike<number>, test: ArrayLike<number>): number {
  const counts = new Array<number>(classesOf(train)).fill(0);
  for (let i = 0; i < train.length; i++) {
    const label = train[i] ?? 0;
    counts[label] = (counts[label] ?? 0) + 1;
  }
  const usual = largestIn(counts);
  return Array.from(test).filter((label) => label === usual).length / test.length;
}

/**
 * Linear probe: multinomial logistic regression on frozen features, `min mean cross entropy(x W^T + b)`, by minibatches.
 *
 * The features are taken as they are, without normalisation, as in the paper. Memory: the training features once more on
 * the device; test features go through in batches.
 *
 * @param train features and classes to learn from.
 * @param test features and classes to judge by.
 * @throws RangeError for settings out of range, labels that are missing, features that differ in dimension or are not
 *   finite, a single class, and a classifier that diverges.
 * @see Section 5 and Table 1 of CARE; {@link PROBE_PRESETS}.
 */
export function linearProbe(
  train: LabelledEmbeddings,
  test: LabelledEmbeddings,
  options: ProbeOptions = {},
): ProbeResult {
  const { seeds = [0, 1, 2], ...given } = options;
  const settings: ProbeSettings = { ...PROBE_PRESETS.adam, ...given };
  checkProbeSettings(settings);
  checkSets(train, test);
  if (seeds.length === 0) {
    throw new RangeError('linearProbe: there are no seeds, so nothing would be trained.');
  }
  const { rows, dim } = train.embeddings;
  const classes = classesOf(train.labels);
  const starts = seeds.map((seed) => ({
    weights: initialProbe(dim, classes, seed),
    orderOf: (epoch: number) => probeOrder(rows, seed, epoch),
  }));
  const probes = trainProbes(train, test.embeddings, settings, starts);
  return judgeProbes(
    probes.map(({ predictions }) => predictions),
    train.labels,
    test.labels,
  );
}

/** What the predictions of several classifiers amount to. */
export function judgeProbes(
  predictions: readonly Int32Array[],
  train: ArrayLike<number>,
  test: ArrayLike<number>,
): ProbeResult {
  const perSeed = predictions.map(
    (found) => found.reduce((sum, label, i) => sum + (label === test[i] ? 1 : 0), 0) / found.length,
  );
  const accuracy = mean(perSeed);
  return {
    accuracy: estimateOver(perSeed, 'classifier seeds'),
    perSeed,
    standardError: Math.sqrt((accuracy * (1 - accuracy)) / test.length),
    chance: chanceOf(train, test),
    predictions: predictions[0] ?? new Int32Array(0),
  };
}
