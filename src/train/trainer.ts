/** The training loop: steps, metrics, checkpoints, progress, and a stop in order. */
import type { Program } from '../tensorflow/compile.js';
import type { TensorData, TensorDataMap } from '../tensorflow/tensor-data.js';
import type { CheckpointState } from './checkpoint-state.js';
import { UserError } from './user-error.js';

export interface TrainProgress {
  /** Steps done and to do in all. */
  readonly step: number;
  readonly steps: number;
  /** The epoch under way, counted from 1, and how many there are; only where steps make epochs. */
  readonly epoch?: number;
  readonly epochs?: number;
  /** Loss and terms, as last read. */
  readonly values: Readonly<Record<string, number>>;
  /** Seconds of training in this session. */
  readonly seconds: number;
  readonly viewsPerSecond: number;
  /** Seconds to go at the present pace. */
  readonly secondsLeft: number;
}

/** What is measured while training goes on. */
export interface Evaluation {
  /** Steps between two looks; the last step is always looked at. */
  readonly every: number;
  readonly run: () => Readonly<Record<string, number>>;
}

export interface TrainOptions {
  /** A program with a function `step` whose outputs are the loss and its terms. */
  readonly program: Program;
  /** Steps done before, from a checkpoint; 0 for a new run. */
  readonly from: number;
  /** Steps in all. */
  readonly steps: number;
  /** Everything that the step at hand depends on besides the state; it must be the same when the step is repeated. */
  readonly inputsAt: (step: number) => Readonly<Record<string, Float32Array | Int32Array>>;
  /** Views that go through the encoder in a step. */
  readonly viewsPerStep: number;
  /** Metrics are read from the device and written every so many steps. */
  readonly metricsEvery: number;
  readonly checkpointEvery: number;
  /** Steps that make an epoch, for the display. */
  readonly stepsPerEpoch?: number;
  /** A look at the model on the way, whose numbers join the metrics; it must leave the state as it is. */
  readonly evaluation?: Evaluation;
  readonly onMetrics?: (step: number, values: Readonly<Record<string, number>>) => void;
  readonly onCheckpoint?: (state: CheckpointState) => void;
  readonly onProgress?: (progress: TrainProgress) => void;
  /** Stops after the step under way, with a checkpoint. */
  readonly signal?: AbortSignal;
}

export interface TrainResult {
  readonly outcome: 'finished' | 'interrupted';
  readonly step: number;
}

/** The loss or a weight became NaN or infinite. */
export class DivergedError extends UserError {
  override readonly name = 'DivergedError';
}

function numbersOf(outputs: Readonly<Record<string, TensorData>>): Record<string, number> {
  return Object.fromEntries(Object.entries(outputs).map(([name, { values }]) => [name, values[0] ?? NaN]));
}

const ADVICE =
  'Lower the learning rate or the temperature-scaled terms; the last checkpoint, from before this, is kept.';

function requireFinite(values: Readonly<Record<string, number>>, step: number): void {
  const broken = Object.entries(values).filter(([, value]) => !Number.isFinite(value));
  if (broken.length === 0) return;
  const list = broken.map(([name, value]) => `${name} is ${value}`).join(', ');
  throw new DivergedError(`Training diverged at step ${step}: ${list}.`, ADVICE);
}

/** A state with a number that is none is not worth a checkpoint: it would push out the last good one. */
function requireFiniteState(state: TensorDataMap, step: number): void {
  for (const [name, { values }] of Object.entries(state)) {
    if (!values.every(Number.isFinite)) {
      throw new DivergedError(
        `Training diverged before step ${step}: ${name} holds values that are not finite.`,
        ADVICE,
      );
    }
  }
}

function epochAt(step: number, steps: number, perEpoch?: number): Pick<TrainProgress, 'epoch' | 'epochs'> {
  if (perEpoch === undefined) return {};
  return { epoch: Math.floor(step / perEpoch) + 1, epochs: Math.ceil(steps / perEpoch) };
}

/** Lets signals and messages come through; a step blocks the thread. */
const breathe = () => new Promise<void>((resolve) => setImmediate(resolve));

/**
 * Runs the steps of a program from `from` to `steps`.
 *
 * Step s depends on the state and on `inputsAt(s)` alone, so a run that is stopped and goes on from its checkpoint ends in
 * the same bits as one that was not.
 *
 * @throws DivergedError when a metric or a weight is not finite; checkpoints written before stay as they are.
 */
export async function train(options: TrainOptions): Promise<TrainResult> {
  const { program, from, steps, inputsAt, viewsPerStep, metricsEvery, checkpointEvery, evaluation, signal } =
    options;
  const startedAt = performance.now();
  let computing = 0;
  let values: Record<string, number> = {};
  let saved = from;

  const checkpoint = (step: number): void => {
    if (saved === step) return;
    const tensors = program.readState();
    requireFiniteState(tensors, step);
    options.onCheckpoint?.({ step, tensors });
    saved = step;
  };

  for (let step = from; step < steps; step++) {
    if (signal?.aborted === true) {
      checkpoint(step);
      return { outcome: 'interrupted', step };
    }
    const done = step + 1;
    const isLast = done === steps;
    const isEvaluated = evaluation !== undefined && (isLast || done % evaluation.every === 0);
    const isRead = step % metricsEvery === 0 || isLast || isEvaluated;
    const before = performance.now();
    const outputs = program.run('step', inputsAt(step), isRead ? undefined : []);
    computing += performance.now() - before;
    if (isRead) {
      const read = numbersOf(outputs);
      requireFinite(read, step);
      const looked = isEvaluated ? evaluation.run() : {};
      requireFinite(looked, step);
      const metrics = { ...read, ...looked };
      options.onMetrics?.(step, metrics);
      // What is seldom looked at stays in view until the next look.
      values = { ...values, ...metrics };
    }
    const perStep = computing / (done - from) / 1000;
    options.onProgress?.({
      step: done,
      steps,
      ...epochAt(step, steps, options.stepsPerEpoch),
      values,
      seconds: (performance.now() - startedAt) / 1000,
      viewsPerSecond: viewsPerStep / perStep,
      secondsLeft: perStep * (steps - done),
    });
    if (done % checkpointEvery === 0 && done < steps) checkpoint(done);
    await breathe();
  }
  return { outcome: 'finished', step: steps };
}
