/** A run that this process works on: it holds the lock, and is the only one to write to the run's folder. */
import { join } from 'node:path';
import {
  inspectCheckpoints,
  loadLatestCheckpoint,
  loadWeights,
  saveCheckpoint,
  saveWeights,
  type LoadedCheckpoint,
} from '../train/checkpoint.js';
import type { CheckpointState, TensorDataMap } from '../train/checkpoint-state.js';
import { sizeOfShape } from '../train/safetensors.js';
import type { Lock } from './lock.js';
import { appendMetrics, cutMetrics, metricText, readMetrics, thinnedSeries } from './metrics.js';
import { writeRecord } from './record-file.js';
import type { Environment, Json, Measurement, RunRecord, RunStatus, Session } from './record.js';
import { UserError } from './user-error.js';

export const CHECKPOINT_FOLDER = 'checkpoints';
export const METRICS_FILE = 'metrics.jsonl';
export const WEIGHTS_FILE = 'weights.safetensors';

/** Metrics wait in memory no longer than this, so that a run that was killed can be seen to have come so far. */
const METRICS_FLUSH_MS = 1000;

/** How far a session has come; kept in memory and written with the next checkpoint. */
export interface Progress {
  /** Steps done. */
  readonly step: number;
  /** Seconds of training in this session. */
  readonly seconds: number;
  /** Views that went through the encoder per second of training. */
  readonly viewsPerSecond?: number;
  readonly peakMemoryBytes?: number;
  readonly peakDeviceMemoryBytes?: number;
}

/** A run opened by `RunStore.begin`. Every method but `close` throws after `close`. */
export interface OpenRun {
  readonly id: string;
  /** The run's folder. */
  readonly dir: string;
  /** The record as it stands now. */
  readonly record: RunRecord;
  /** The newest intact checkpoint, or null to start from step 0; damaged ones are noted in the record. */
  latestCheckpoint(): LoadedCheckpoint | null;
  /** Writes metrics, then the checkpoint, then the record. A failure leaves the previous checkpoint as it was. */
  saveCheckpoint(state: CheckpointState, extra?: Json): void;
  /** Appends a line to `metrics.jsonl`; `step` is the step that was run, counted from 0. */
  metrics(step: number, values: Readonly<Record<string, number>>): void;
  /** How far training is, for the record; written with the next checkpoint. */
  progress(progress: Progress): void;
  /** Adds a measurement, in place of one of the same name, and writes the record. */
  addMeasurement(measurement: Measurement): void;
  /** Adds something that a reader must know, once, and writes the record. */
  note(text: string): void;
  /** Begins a stretch of training at a checkpoint's step (or 0): metrics from there on are cut, to be written anew. */
  startSession(environment: Environment, fromStep: number): void;
  /** Ends it with an outcome in words, without a change of status; `finish`, `stop` and `fail` do it themselves. */
  endSession(outcome: string): void;
  /** Writes the trained weights, the thinned metric series and the status `finished`. */
  finish(result: {
    readonly tensors: TensorDataMap;
    readonly parameters?: number;
    readonly steps?: number;
  }): void;
  /** The trained weights of a finished run, checked against the record. */
  weights(): TensorDataMap;
  /** Ends the session as interrupted; save a checkpoint first. */
  stop(): void;
  /** Ends the session with an error; the last checkpoint stays. */
  fail(error: unknown): void;
  /** Stops what is still running and gives the lock back. */
  close(): void;
}

/** What of an environment can change the last bit of a result. */
const DECISIVE: readonly (keyof Environment)[] = [
  'backend',
  'tfjs',
  'tensorflow',
  'device',
  'gpu',
  'driver',
  'cpu',
  'intraOpThreads',
  'interOpThreads',
  'oneDnn',
];

function differences(before: Environment, now: Environment): readonly string[] {
  return DECISIVE.filter((key) => before[key] !== now[key]).map(
    (key) => `${key} ${String(before[key] ?? 'none')} -> ${String(now[key] ?? 'none')}`,
  );
}

function trainingSeconds(sessions: readonly Session[]): number {
  return sessions.reduce((sum, { seconds }) => sum + (seconds ?? 0), 0);
}

function parameterCount(tensors: TensorDataMap): number {
  return Object.values(tensors).reduce((sum, { shape }) => sum + sizeOfShape(shape), 0);
}

/** The record with `change` applied to its last session. */
function withLastSession(record: RunRecord, change: Partial<Session>): RunRecord {
  const last = record.sessions.at(-1);
  if (last === undefined) return record;
  const sessions = [...record.sessions.slice(0, -1), { ...last, ...change }];
  return { ...record, sessions, trainingSeconds: trainingSeconds(sessions) };
}

/** Opens a run whose lock was taken. `RunStore.begin` calls it. */
export function openRun(dir: string, initial: RunRecord, lock: Lock): OpenRun {
  const metricsPath = join(dir, METRICS_FILE);
  const checkpointDir = join(dir, CHECKPOINT_FOLDER);
  let record = initial;
  let pending = '';
  let flushedAt = 0;
  let inSession = false;
  let reached = record.steps.done;
  let closed = false;

  const requireOpen = (): void => {
    if (closed) throw new Error(`Run ${record.id} was closed.`);
  };
  const requireSession = (): void => {
    requireOpen();
    if (!inSession) throw new Error(`Run ${record.id} has no session: call startSession first.`);
  };
  const requireLock = (): void => {
    requireOpen();
    if (!lock.isHeld()) {
      throw new UserError(
        `Run ${record.id} was taken away from this process: its lock in ${dir} is gone or someone else's.`,
        'Nothing more is written from here. Lock files must not be removed while a run is being worked on.',
      );
    }
  };
  const write = (next: RunRecord): void => {
    requireLock();
    writeRecord(dir, next);
    record = next;
  };
  const flush = (sync: boolean): void => {
    if (pending !== '' || sync) appendMetrics(metricsPath, pending, sync);
    pending = '';
    flushedAt = Date.now();
  };
  const withNotes = (notes: readonly string[]): RunRecord => ({
    ...record,
    notes: [...new Set([...record.notes, ...notes])],
  });
  const end = (outcome: string, status: RunStatus, change: Partial<RunRecord> = {}): void => {
    requireSession();
    flush(true);
    const series = thinnedSeries(readMetrics(metricsPath).lines);
    const ended = withLastSession(record, { endedAt: new Date().toISOString(), toStep: reached, outcome });
    write({ ...ended, status, series, ...change });
    inSession = false;
  };

  const run: OpenRun = {
    id: record.id,
    dir,
    get record() {
      return record;
    },
    latestCheckpoint() {
      requireOpen();
      const loaded = loadLatestCheckpoint(checkpointDir);
      const lost = inspectLost(checkpointDir, loaded);
      if (lost.length > 0) write(withNotes(lost));
      return loaded;
    },
    saveCheckpoint(state, extra = null) {
      requireSession();
      requireLock();
      // In this order: a checkpoint never claims steps whose metrics are not on the disk.
      flush(true);
      saveCheckpoint(checkpointDir, state, extra);
      reached = state.step;
      const next = withLastSession(record, { toStep: state.step });
      write({ ...next, steps: { ...record.steps, done: state.step } });
    },
    metrics(step, values) {
      requireSession();
      pending += metricText(step, values);
      if (Date.now() - flushedAt >= METRICS_FLUSH_MS) flush(false);
    },
    progress({ step, seconds, viewsPerSecond, peakMemoryBytes, peakDeviceMemoryBytes }) {
      requireSession();
      reached = step;
      const peak = Math.max(peakMemoryBytes ?? 0, record.peakMemoryBytes ?? 0);
      const devicePeak = Math.max(peakDeviceMemoryBytes ?? 0, record.peakDeviceMemoryBytes ?? 0);
      record = {
        ...withLastSession(record, { seconds }),
        ...(viewsPerSecond === undefined ? {} : { viewsPerSecond }),
        ...(peak === 0 ? {} : { peakMemoryBytes: peak }),
        ...(devicePeak === 0 ? {} : { peakDeviceMemoryBytes: devicePeak }),
      };
    },
    addMeasurement(measurement) {
      write({ ...record, measurements: { ...record.measurements, [measurement.name]: measurement } });
    },
    note(text) {
      requireOpen();
      if (!record.notes.includes(text)) write(withNotes([text]));
    },
    startSession(environment, fromStep) {
      requireOpen();
      if (inSession) throw new Error(`Run ${record.id} is in a session already.`);
      if (record.status === 'finished')
        throw new Error(`Run ${record.id} is finished: there is nothing to train.`);
      const notes = sessionNotes(record, environment, fromStep, cutMetrics(metricsPath, fromStep));
      const sessions = [...record.sessions, { startedAt: new Date().toISOString(), fromStep, environment }];
      const steps = { ...record.steps, done: fromStep };
      write({ ...withNotes(notes), status: 'running', sessions, steps });
      reached = fromStep;
      inSession = true;
    },
    endSession: (outcome) => end(outcome, record.status),
    finish({ tensors, parameters = parameterCount(tensors), steps = record.steps.planned }) {
      requireSession();
      requireLock();
      const sha256 = saveWeights(join(dir, WEIGHTS_FILE), tensors);
      reached = steps;
      const weights = { file: WEIGHTS_FILE, sha256, parameters };
      end('finished', 'finished', { weights, steps: { ...record.steps, done: steps } });
    },
    weights() {
      requireOpen();
      return recordedWeights(dir, record);
    },
    stop: () => end('interrupted', 'stopped'),
    fail: (error) => end(error instanceof Error ? error.message : String(error), 'failed'),
    close() {
      if (closed) return;
      try {
        if (inSession) run.stop();
      } finally {
        closed = true;
        lock.release();
      }
    },
  };
  return run;
}

/** What a reader must know about a session that goes on from another. */
function sessionNotes(
  record: RunRecord,
  environment: Environment,
  fromStep: number,
  unreadable: readonly number[],
): readonly string[] {
  const notes: string[] = [];
  const before = record.sessions.at(-1)?.environment;
  const changed = before === undefined || fromStep === 0 ? [] : differences(before, environment);
  if (changed.length > 0) {
    notes.push(`From step ${fromStep} on the run went on in another environment: ${changed.join(', ')}.`);
  }
  // One unreadable line is what a killed process leaves; more mean that the file was damaged.
  if (unreadable.length > 1)
    notes.push(`${unreadable.length} unreadable lines of ${METRICS_FILE} were dropped.`);
  return notes;
}

/** Remarks on damaged checkpoints, also where none is left and training starts over. */
function inspectLost(dir: string, loaded: LoadedCheckpoint | null): readonly string[] {
  if (loaded !== null) return loaded.remarks;
  return inspectCheckpoints(dir).map(
    ({ step, problem }) =>
      `The checkpoint of step ${step} is damaged (${problem ?? ''}); started over from step 0.`,
  );
}

/**
 * The trained weights of a finished run, checked against its record.
 *
 * @throws UserError when the run has none yet, or the file is missing or changed.
 */
export function recordedWeights(dir: string, record: RunRecord): TensorDataMap {
  if (record.weights === undefined) {
    throw new UserError(
      `Run ${record.id} (${record.label}) has no weights: it is ${record.status}.`,
      'Train it to its end.',
    );
  }
  return loadWeights(join(dir, record.weights.file), record.weights.sha256);
}
