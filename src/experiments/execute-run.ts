/** Training and measuring as runs of the store: found again, gone on with, or begun. */
import type { OpenRun, Progress } from '../runs/open-run.js';
import type { Measurement, RunRecord } from '../runs/record.js';
import { idOf, type RunSpec, type RunStore } from '../runs/store.js';
import type { Program } from '../tensorflow/compile.js';
import { deviceMemoryBytes } from '../tensorflow/device-memory.js';
import { environmentFacts } from '../tensorflow/engine.js';
import type { TensorDataMap } from '../tensorflow/tensor-data.js';
import type { CheckpointState } from '../train/checkpoint-state.js';
import { UserError } from '../train/user-error.js';
import { DivergedError, train, type Evaluation, type TrainProgress } from '../train/trainer.js';
import { breathe, interruptSignal } from './interrupt.js';

/** What the trainer needs of an experiment's run. */
export interface Training {
  readonly program: Program;
  readonly inputsAt: (step: number) => Readonly<Record<string, Float32Array | Int32Array>>;
  readonly viewsPerStep: number;
  readonly stepsPerEpoch?: number;
  /** A look at the model on the way; see the trainer. */
  readonly evaluation?: Evaluation;
  /** What a reader of the record must know about how it is trained. */
  readonly notes?: readonly string[];
}

/** A run that is wanted. */
export interface RunJob {
  readonly spec: RunSpec;
  /** Names of the weights among the state, i.e. without what the optimizer keeps. */
  readonly weightNames: readonly string[];
  /** The training step; null for an encoder that is not trained. Called when there is something to train. */
  readonly training: (() => Training) | null;
  readonly initialWeights: () => TensorDataMap;
  readonly metricsEvery: number;
  readonly checkpointEvery: number;
}

export interface ExecuteOptions {
  readonly onProgress?: (progress: TrainProgress) => void;
  /** What a person should know of how a run goes on: in another environment, or without a checkpoint that was damaged. */
  readonly onRemark?: (remark: string) => void;
  /** Stops in order. Default: the interrupt of the notebook's cell, where there is one. */
  readonly signal?: AbortSignal;
}

/** A run was interrupted; what was trained is kept, and the same command goes on with it. */
export class InterruptedError extends Error {
  override readonly name = 'InterruptedError';
}

const GOES_ON = 'the same command goes on from there';

/** @throws InterruptedError when the signal came. */
export function stopIfTold(signal: AbortSignal | undefined, before: string): void {
  if (signal?.aborted === true) throw new InterruptedError(`Stopped before ${before}; ${GOES_ON}.`);
}

function finishedRecord(store: RunStore, spec: RunSpec): RunRecord | null {
  const id = idOf(spec);
  if (!store.has(id)) return null;
  const record = store.read(id);
  return record.status === 'finished' ? record : null;
}

function pick(state: TensorDataMap, names: readonly string[]): TensorDataMap {
  return Object.fromEntries(Object.entries(state).filter(([name]) => names.includes(name)));
}

/** Peak resident memory of this process so far. Node gives it in kilobytes. */
function peakMemoryBytes(): number {
  return process.resourceUsage().maxRSS * 1024;
}

/** Notes what a run took of the GPU; asking takes longer than a step, so it is done once, at the end. */
function noteDeviceMemory(run: OpenRun, last: Progress | undefined): void {
  if (last === undefined || environmentFacts().device !== 'gpu') return;
  const peakDeviceMemoryBytes = deviceMemoryBytes();
  if (peakDeviceMemoryBytes !== undefined) run.progress({ ...last, peakDeviceMemoryBytes });
}

/** @throws UserError when the checkpoint is of another network or method: it names what differs, and in which shape. */
function goOnFrom(program: Program, { step, tensors }: CheckpointState): void {
  try {
    program.writeState(tensors);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UserError(
      `The checkpoint of step ${step} does not fit what is to be trained. ${reason}`,
      "It was made by another network, method or optimizer. Remove the run's folder `checkpoints`, or give another --runs folder.",
      { cause: error },
    );
  }
}

async function trainToEnd(
  run: OpenRun,
  job: RunJob,
  training: Training,
  { onProgress, onRemark, signal }: ExecuteOptions,
): Promise<void> {
  const { program, inputsAt, viewsPerStep, stepsPerEpoch, evaluation } = training;
  const noted = new Set(run.record.notes);
  const checkpoint = run.latestCheckpoint();
  const from = checkpoint?.state.step ?? 0;
  if (checkpoint !== null) goOnFrom(program, checkpoint.state);
  run.startSession(environmentFacts(), from);
  for (const note of run.record.notes) if (!noted.has(note)) onRemark?.(`${run.record.label}: ${note}`);
  for (const note of training.notes ?? []) run.note(note);
  let last: Progress | undefined;
  try {
    const result = await train({
      program,
      from,
      steps: job.spec.plannedSteps,
      inputsAt,
      viewsPerStep,
      ...(stepsPerEpoch === undefined ? {} : { stepsPerEpoch }),
      ...(evaluation === undefined ? {} : { evaluation }),
      metricsEvery: job.metricsEvery,
      checkpointEvery: job.checkpointEvery,
      onMetrics: (step, values) => run.metrics(step, values),
      onCheckpoint: (state) => run.saveCheckpoint(state),
      onProgress: (progress) => {
        const { step, seconds, viewsPerSecond } = progress;
        last = { step, seconds, viewsPerSecond, peakMemoryBytes: peakMemoryBytes() };
        run.progress(last);
        onProgress?.(progress);
      },
      ...(signal === undefined ? {} : { signal }),
    });
    noteDeviceMemory(run, last);
    if (result.outcome === 'interrupted') {
      run.stop();
      throw new InterruptedError(
        `Stopped ${run.record.label} at step ${result.step} of ${job.spec.plannedSteps}; ${GOES_ON}.`,
      );
    }
    run.finish({ tensors: pick(program.readState(), job.weightNames) });
  } catch (error) {
    // Whatever went wrong, the last checkpoint stays and the record says why there is nothing newer.
    if (!(error instanceof InterruptedError)) run.fail(error);
    throw error;
  }
}

/**
 * The record of a finished run: from the store, or trained now from its last checkpoint or from the start.
 *
 * @throws InterruptedError when the signal came; DivergedError when training did; UserError when another process has
 *   the run.
 */
export async function ensureTrained(
  store: RunStore,
  job: RunJob,
  options: ExecuteOptions = {},
): Promise<RunRecord> {
  const { signal = interruptSignal() } = options;
  await breathe();
  stopIfTold(signal, job.spec.label);
  const found = finishedRecord(store, job.spec);
  if (found !== null) return found;
  const run = store.begin(job.spec);
  try {
    if (run.record.status === 'finished') return run.record;
    if (job.training === null) {
      run.startSession(environmentFacts(), 0);
      run.finish({ tensors: job.initialWeights() });
      return run.record;
    }
    const training = job.training();
    try {
      await trainToEnd(run, job, training, { ...options, ...(signal === undefined ? {} : { signal }) });
    } finally {
      training.program.dispose();
    }
    return run.record;
  } finally {
    run.close();
  }
}

/**
 * The record with every measurement in `wanted` that is missing or was made with another key, made now.
 *
 * @param wanted - name and key of each measurement.
 * @param measure - makes the named measurements, with the trained weights.
 * @throws InterruptedError when the signal came; measurements made before are kept. UserError for weights that are missing or
 *   changed; the record stays as it is.
 */
export async function ensureMeasured(
  store: RunStore,
  job: Pick<RunJob, 'spec'>,
  wanted: readonly { readonly name: string; readonly key: string }[],
  measure: (
    names: readonly string[],
    weights: TensorDataMap,
  ) => Iterable<Measurement> | AsyncIterable<Measurement>,
  { signal = interruptSignal() }: Pick<ExecuteOptions, 'signal'> = {},
): Promise<RunRecord> {
  const id = idOf(job.spec);
  const record = store.read(id);
  const missing = wanted
    .filter(({ name, key }) => record.measurements[name]?.key !== key)
    .map(({ name }) => name);
  if (missing.length === 0) return record;
  await breathe();
  stopIfTold(signal, `measuring ${record.label}`);
  // Read before the run is opened, which gives up weights that are not those of the record: measuring makes no new ones.
  const weights = store.weights(id);
  const run = store.begin(job.spec);
  try {
    for await (const measurement of measure(missing, weights)) {
      run.addMeasurement(measurement);
      await breathe();
      stopIfTold(signal, `the end of measuring ${record.label}`);
    }
    return run.record;
  } finally {
    run.close();
  }
}

export { DivergedError };
