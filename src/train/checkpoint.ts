/**
 * Checkpoints: all that a training run needs to go on, in files that survive being killed at any moment.
 *
 * A checkpoint is `step-00000120-<sha>.safetensors` with the tensors and `step-00000120.json` with their size and
 * sha256. The JSON file is renamed into place last and names the tensor file by its hash, so it alone decides whether
 * the checkpoint exists. The last two are kept.
 */
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Json } from '../runs/record.js';
import { errorCode, removeAsides, writeError, writeFileAtomically } from './atomic-file.js';
import type { CheckpointState, TensorDataMap } from './checkpoint-state.js';
import { decodeSafetensors, encodeSafetensors } from './safetensors.js';
import { UserError } from './user-error.js';

const FORMAT = 1;
const KEPT = 2;
const STATE_FILE = /^step-(\d{8,})\.json$/;
const TENSOR_FILE = /^step-\d{8,}-[0-9a-f]{8}\.safetensors$/;

/** The small JSON state beside the tensors. */
interface StateFile {
  readonly format: typeof FORMAT;
  readonly step: number;
  readonly tensors: { readonly file: string; readonly bytes: number; readonly sha256: string };
  readonly savedAt: string;
  readonly extra: Json;
}

/** A checkpoint as loaded, with a remark on each newer one that was damaged. */
export interface LoadedCheckpoint {
  readonly state: CheckpointState;
  /** What was given to `saveCheckpoint` beside the tensors; null where nothing was. */
  readonly extra: Json;
  readonly remarks: readonly string[];
}

/** One checkpoint of a folder and what is wrong with it. */
export interface CheckpointFinding {
  readonly step: number;
  readonly file: string;
  /** Null for an intact checkpoint. */
  readonly problem: string | null;
}

function sha256(content: Uint8Array | string): string {
  return createHash('sha256').update(content).digest('hex');
}

function stepName(step: number): string {
  return `step-${String(step).padStart(8, '0')}`;
}

function namesIn(dir: string): readonly string[] {
  try {
    return readdirSync(dir);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return [];
    const reason = error instanceof Error ? error.message : String(error);
    throw new UserError(
      `Cannot look for checkpoints in ${dir}: ${reason}`,
      'Check that it is a folder you may read.',
      {
        cause: error,
      },
    );
  }
}

/** Steps of the checkpoints in a folder, newest first. */
function stepsIn(dir: string): readonly number[] {
  return namesIn(dir)
    .flatMap((name) => STATE_FILE.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => b - a);
}

/** The state with its own checksum, so that a changed digit in the JSON is noticed as well. */
function stateText(state: StateFile): string {
  return JSON.stringify({ ...state, checksum: sha256(JSON.stringify(state)) });
}

function readStateFile(dir: string, step: number): StateFile {
  const { checksum, ...state } = JSON.parse(
    readFileSync(join(dir, `${stepName(step)}.json`), 'utf8'),
  ) as StateFile & {
    readonly checksum: string;
  };
  if (checksum !== sha256(JSON.stringify(state)))
    throw new Error('its JSON state does not have its own checksum');
  // An intact file of a later version of this package: not damage, but nothing to go on from either.
  if ((state.format as number) !== FORMAT)
    throw new Error(`it has format ${String(state.format)}, not ${FORMAT}`);
  return state;
}

function readTensors(dir: string, state: StateFile): TensorDataMap {
  const path = join(dir, state.tensors.file);
  const bytes = readFileSync(path);
  if (bytes.length !== state.tensors.bytes) {
    throw new Error(`${state.tensors.file} has ${bytes.length} bytes instead of ${state.tensors.bytes}`);
  }
  if (sha256(bytes) !== state.tensors.sha256)
    throw new Error(`${state.tensors.file} does not have its sha256`);
  return decodeSafetensors(bytes, path).tensors;
}

/** Reads one checkpoint, or says in `problem` why it cannot be. */
function readCheckpoint(
  dir: string,
  step: number,
):
  | { readonly loaded: { readonly state: CheckpointState; readonly extra: Json } }
  | { readonly problem: string } {
  try {
    const state = readStateFile(dir, step);
    return { loaded: { state: { step: state.step, tensors: readTensors(dir, state) }, extra: state.extra } };
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
}

/** Whether a checkpoint looks whole without reading its tensors again: enough to choose which ones to keep. */
function looksWhole(dir: string, step: number): boolean {
  try {
    const { tensors } = readStateFile(dir, step);
    return statSync(join(dir, tensors.file)).size === tensors.bytes;
  } catch {
    return false;
  }
}

/**
 * Removes all but the new checkpoint and the newest whole ones before it. Later steps go too: they are damaged, or
 * the run went back behind them.
 */
function removeOld(dir: string, newest: number): void {
  const older = stepsIn(dir).filter((step) => step < newest && looksWhole(dir, step));
  const kept = new Set([newest, ...older.slice(0, KEPT - 1)]);
  for (const step of stepsIn(dir)) {
    if (!kept.has(step)) rmSync(join(dir, `${stepName(step)}.json`), { force: true });
  }
  const tensorFiles = new Set([...kept].map((step) => readStateFile(dir, step).tensors.file));
  for (const name of namesIn(dir)) {
    if (TENSOR_FILE.test(name) && !tensorFiles.has(name)) rmSync(join(dir, name), { force: true });
  }
  removeAsides(dir);
}

/**
 * Saves a checkpoint and removes all but the last two. Only one process may write to a folder at a time (the run's
 * lock sees to that).
 *
 * @param extra Plain JSON to keep beside the tensors, e.g. the state of a data order.
 * @throws UserError when it cannot be written; the checkpoints saved before are then untouched.
 */
export function saveCheckpoint(dir: string, state: CheckpointState, extra: Json = null): void {
  if (!Number.isSafeInteger(state.step) || state.step < 0) {
    throw new Error(`A checkpoint needs a step that is a whole number from 0, not ${state.step}.`);
  }
  const bytes = encodeSafetensors(state.tensors, { step: String(state.step) });
  const hash = sha256(bytes);
  const file = `${stepName(state.step)}-${hash.slice(0, 8)}.safetensors`;
  const what = `the checkpoint of step ${state.step}`;
  writeFileAtomically(join(dir, file), bytes, what);
  const stateFile: StateFile = {
    format: FORMAT,
    step: state.step,
    tensors: { file, bytes: bytes.length, sha256: hash },
    savedAt: new Date().toISOString(),
    extra,
  };
  writeFileAtomically(join(dir, `${stepName(state.step)}.json`), stateText(stateFile), what);
  try {
    removeOld(dir, state.step);
  } catch (error) {
    throw writeError('the removal of old checkpoints', dir, error);
  }
}

/**
 * The newest intact checkpoint of a folder, or null where there is none. Damaged ones are passed over, each with a
 * remark; `inspectCheckpoints` tells why where nothing is left.
 */
export function loadLatestCheckpoint(dir: string): LoadedCheckpoint | null {
  const remarks: string[] = [];
  for (const step of stepsIn(dir)) {
    const read = readCheckpoint(dir, step);
    if ('loaded' in read)
      return { ...read.loaded, remarks: remarks.map((remark) => `${remark}; went back to step ${step}.`) };
    remarks.push(`The checkpoint of step ${step} is damaged (${read.problem})`);
  }
  return null;
}

/** All checkpoints of a folder, newest first, each read in full and checked. */
export function inspectCheckpoints(dir: string): readonly CheckpointFinding[] {
  return stepsIn(dir).map((step) => {
    const read = readCheckpoint(dir, step);
    return { step, file: `${stepName(step)}.json`, problem: 'problem' in read ? read.problem : null };
  });
}

/**
 * Writes trained weights as one safetensors file, whole or not at all.
 *
 * @returns The file's sha256.
 * @throws UserError when it cannot be written.
 */
export function saveWeights(path: string, tensors: TensorDataMap): string {
  const bytes = encodeSafetensors(tensors);
  writeFileAtomically(path, bytes, 'the weights');
  return sha256(bytes);
}

/**
 * Reads weights written by `saveWeights`, or any safetensors file of float32 and int32 tensors.
 *
 * @param expected The file's sha256 as recorded; checked where given.
 * @throws UserError when the file is missing, damaged, or not the one that was recorded.
 */
export function loadWeights(path: string, expected?: string): TensorDataMap {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UserError(
      `Cannot read the weights from ${path}: ${reason}`,
      'Train the run again, or restore the file.',
      {
        cause: error,
      },
    );
  }
  const actual = sha256(bytes);
  if (expected !== undefined && actual !== expected) {
    throw new UserError(
      `${path} was changed: its sha256 is ${actual.slice(0, 12)}..., the record has ${expected.slice(0, 12)}...`,
      'Restore the file, or start the run again: it goes on from its last checkpoint.',
    );
  }
  return decodeSafetensors(bytes, path).tensors;
}
