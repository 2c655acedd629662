/** The folder with all runs: `<dir>/<id>/record.json` and what belongs to it, and `<dir>/data-<hash>.json`. */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { SourceFile } from '../data/point-clouds.js';
import { makeFolder } from '../tensorflow/setup/folders.js';
import { errorCode, removeAsides, writeError, writeFileAtomically } from '../train/atomic-file.js';
import type { TensorDataMap } from '../train/checkpoint-state.js';
import { canonicalJson } from './canonical-json.js';
import { closest } from './closest.js';
import { acquireLock, lockHolder, lockPath, type Lock, type LockHolder } from './lock.js';
import { cutMetrics, lastMetricStep, readMetrics, thinnedSeries } from './metrics.js';
import {
  CHECKPOINT_FOLDER,
  METRICS_FILE,
  WEIGHTS_FILE,
  openRun,
  recordedWeights,
  type OpenRun,
} from './open-run.js';
import { hasRecord, readRecord, writeRecord } from './record-file.js';
import type { CodeProvenance, DataProvenance, Json, RunRecord, RunStatus } from './record.js';
import { RUN_ID, runId } from './run-id.js';
import { UserError } from './user-error.js';

/** What a run is to be. Experiment, configuration, data and training code make its id. */
export interface RunSpec {
  readonly experiment: string;
  readonly label: string;
  readonly profile: string;
  readonly preset: string;
  readonly config: Json;
  readonly seeds: Readonly<Record<string, number>>;
  readonly data: DataProvenance;
  readonly code: CodeProvenance;
  readonly execution: RunRecord['execution'];
  readonly plannedSteps: number;
}

/** A run's status as it really is: a record that says `running` without a living process belongs to a killed run. */
export type RunState = RunStatus | 'killed' | 'unreadable';

/** One run of a store. */
export type RunEntry =
  | {
      readonly id: string;
      readonly dir: string;
      readonly state: Exclude<RunState, 'unreadable'>;
      readonly record: RunRecord;
      /** The process that works on it, if any. */
      readonly holder: LockHolder | null;
      /** Steps that it is known to have come to; a run that is continued may start a little before. */
      readonly step: number;
    }
  | { readonly id: string; readonly dir: string; readonly state: 'unreadable'; readonly problem: string };

/** The files that a data set was read from. */
export interface DataManifest {
  readonly name: string;
  readonly generated: boolean;
  /** `DataProvenance.sha256`. */
  readonly sha256: string;
  readonly items: number;
  readonly files: readonly SourceFile[];
}

export interface RunStore {
  readonly dir: string;
  /** All runs, oldest first; a record that cannot be read is an entry with its problem. */
  list(): readonly RunEntry[];
  /** One run as `list` gives it. */
  entry(idOrPrefix: string): RunEntry;
  /** The whole id for an id or the unique beginning of one; throws UserError where there is none or more than one. */
  find(idOrPrefix: string): string;
  /** Whether a run has been begun. */
  has(id: string): boolean;
  /** The checked record of a run. */
  read(idOrPrefix: string): RunRecord;
  /** The trained weights of a finished run, checked against its record. */
  weights(idOrPrefix: string): TensorDataMap;
  /** Creates the run or opens it to go on; throws UserError while another process works on it. */
  begin(spec: RunSpec): OpenRun;
  saveManifest(manifest: DataManifest): void;
  /** The manifest of a data set's hash, or null where none was saved. */
  readManifest(sha256: string): DataManifest | null;
}

/** The id of the run that a specification describes. */
export function idOf({ experiment, config, data, code }: RunSpec): string {
  return runId({ experiment, config, dataHash: data.sha256, trainingHash: code.trainingHash });
}

function newRecord(id: string, spec: RunSpec): RunRecord {
  const { plannedSteps, ...rest } = spec;
  return {
    schema: 1,
    id,
    status: 'created',
    ...rest,
    sessions: [],
    steps: { planned: plannedSteps, done: 0 },
    trainingSeconds: 0,
    series: {},
    measurements: {},
    notes: [],
  };
}

function knownStep(dir: string, record: RunRecord): number {
  return Math.max(record.steps.done, (lastMetricStep(join(dir, METRICS_FILE)) ?? -1) + 1);
}

function entryOf(dir: string, id: string): RunEntry {
  try {
    const record = readRecord(dir);
    const holder = lockHolder(dir);
    const killed = record.status === 'running' && holder === null;
    return {
      id,
      dir,
      state: killed ? 'killed' : record.status,
      record,
      holder,
      step: knownStep(dir, record),
    };
  } catch (error) {
    return { id, dir, state: 'unreadable', problem: error instanceof Error ? error.message : String(error) };
  }
}

function startOf(entry: RunEntry): string {
  return entry.state === 'unreadable' ? '' : (entry.record.sessions[0]?.startedAt ?? '9');
}

function takenError(dir: string, id: string, holder: LockHolder): UserError {
  const record = hasRecord(dir) ? readRecord(dir) : null;
  const name = record === null ? id : `${id} (${record.label})`;
  const progress =
    record === null ? '' : `; it has come to step ${knownStep(dir, record)} of ${record.steps.planned}`;
  const self = holder.pid === process.pid ? ' (this very process)' : '';
  return new UserError(
    `Run ${name} is being worked on by process ${holder.pid}${self} on ${holder.host} since ${holder.since}${progress}.`,
    `Wait for it, or stop that process and start again: the run goes on from its last checkpoint. ` +
      `If ${holder.host} no longer exists, remove ${lockPath(dir) ?? dir}.`,
  );
}

/** Closes a session that its process could not close: its outcome, and its metrics without a torn last line. */
function closeKilledSession(dir: string, record: RunRecord): RunRecord {
  const last = record.sessions.at(-1);
  if (record.status !== 'running' || last === undefined || last.endedAt !== undefined) return record;
  const sessions = [...record.sessions.slice(0, -1), { ...last, outcome: 'killed' }];
  const metrics = join(dir, METRICS_FILE);
  cutMetrics(metrics, Infinity);
  return { ...record, status: 'stopped', sessions, series: thinnedSeries(readMetrics(metrics).lines) };
}

const EXECUTION_ORDER: readonly RunRecord['execution'][] = ['chained', 'eager', 'fast'];

/** A run that goes on in another way of execution counts as the less reproducible of the two, and says so. */
function withExecution(record: RunRecord, execution: RunRecord['execution']): RunRecord {
  if (record.execution === execution || record.status === 'finished') return record;
  if (record.sessions.length === 0) return { ...record, execution };
  const weaker = [record.execution, execution].sort(
    (a, b) => EXECUTION_ORDER.indexOf(b) - EXECUTION_ORDER.indexOf(a),
  );
  const note = `Begun ${record.execution}, went on ${execution} after step ${record.steps.done}.`;
  return { ...record, execution: weaker[0] ?? execution, notes: [...new Set([...record.notes, note])] };
}

/** A finished run whose weights are lost is trained again from its last checkpoint. */
function withWeightsChecked(dir: string, record: RunRecord): RunRecord {
  if (record.status !== 'finished') return record;
  try {
    recordedWeights(dir, record);
    return record;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const { weights: _lost, ...rest } = record;
    return {
      ...rest,
      status: 'stopped',
      notes: [...record.notes, `The weights were lost and made again: ${reason}`],
    };
  }
}

/** The record to go on with, written where it is new or had to be changed. */
function recordToOpen(dir: string, id: string, spec: RunSpec): RunRecord {
  if (!hasRecord(dir)) {
    const record = newRecord(id, spec);
    writeRecord(dir, record);
    return record;
  }
  const found = readRecord(dir);
  if (canonicalJson(found.config) !== canonicalJson(spec.config)) {
    const hint = `Move ${dir} away and run again.`;
    throw new UserError(`Run ${id}: the record has another configuration than its id says.`, hint);
  }
  const record = withWeightsChecked(dir, withExecution(closeKilledSession(dir, found), spec.execution));
  if (record !== found) writeRecord(dir, record);
  return record;
}

function beginRun(storeDir: string, spec: RunSpec): OpenRun {
  const id = idOf(spec);
  const dir = join(storeDir, id);
  try {
    makeFolder(dir);
  } catch (error) {
    throw writeError('the run', dir, error);
  }
  const taken = acquireLock(dir);
  if ('holder' in taken) throw takenError(dir, id, taken.holder);
  const { lock }: { lock: Lock } = taken;
  try {
    removeAsides(dir);
    return openRun(dir, recordToOpen(dir, id, spec), lock);
  } catch (error) {
    lock.release();
    throw error;
  }
}

/** A process killed while it began a run may leave a folder with nothing in it but its lock: that is no run yet. */
function isRun(dir: string): boolean {
  return hasRecord(dir) || existsSync(join(dir, CHECKPOINT_FOLDER)) || existsSync(join(dir, WEIGHTS_FILE));
}

function idsIn(dir: string): readonly string[] {
  try {
    return readdirSync(dir)
      .filter((name) => RUN_ID.test(name) && isRun(join(dir, name)))
      .sort();
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return [];
    const reason = error instanceof Error ? error.message : String(error);
    throw new UserError(
      `Cannot list the runs in ${dir}: ${reason}`,
      'Choose the folder with --runs or CARE_RUNS_DIR.',
      {
        cause: error,
      },
    );
  }
}

function findId(dir: string, given: string): string {
  const ids = idsIn(dir);
  const matches = ids.filter((id) => id.startsWith(given.toLowerCase()));
  const [only] = matches;
  if (only !== undefined && matches.length === 1 && given !== '') return only;
  if (ids.length === 0) {
    throw new UserError(
      `There is no run "${given}": ${dir} has no runs.`,
      'Choose the folder with --runs or CARE_RUNS_DIR.',
    );
  }
  if (matches.length > 1) {
    const list = matches.slice(0, 10).join(', ');
    throw new UserError(
      `"${given}" is the beginning of ${matches.length} runs: ${list}.`,
      'Give more of the id.',
    );
  }
  const near = closest(
    given,
    ids.map((id) => id.slice(0, Math.max(given.length, 4))),
  );
  const nearId = near === null ? undefined : ids.find((id) => id.startsWith(near));
  const shown = `${ids.slice(0, 8).join(', ')}${ids.length > 8 ? `, and ${ids.length - 8} more` : ''}`;
  const hint = `${nearId === undefined ? '' : `Did you mean ${nearId}? `}There are: ${shown}.`;
  throw new UserError(`There is no run "${given}" in ${dir}.`, hint);
}

function manifestPath(dir: string, sha256: string): string {
  return join(dir, `data-${sha256.slice(0, 12)}.json`);
}

function readManifestFile(dir: string, sha256: string): DataManifest | null {
  const path = manifestPath(dir, sha256);
  if (!existsSync(path)) return null;
  const hint = `Remove ${path}; the next run on that data writes it again.`;
  let manifest: DataManifest;
  try {
    manifest = JSON.parse(readFileSync(path, 'utf8')) as DataManifest;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UserError(`The data manifest ${path} cannot be read: ${reason}`, hint, { cause: error });
  }
  if (manifest.sha256 !== sha256 || !Array.isArray(manifest.files)) {
    throw new UserError(`The data manifest ${path} is not that of data set ${sha256.slice(0, 12)}.`, hint);
  }
  return manifest;
}

/** Opens the store in a folder. Nothing is made there before the first run begins. */
export function openStore(dir: string): RunStore {
  const root = resolve(dir);
  const find = (idOrPrefix: string): string => findId(root, idOrPrefix);
  const read = (idOrPrefix: string): RunRecord => readRecord(join(root, find(idOrPrefix)));
  const entry = (idOrPrefix: string): RunEntry => {
    const id = find(idOrPrefix);
    return entryOf(join(root, id), id);
  };
  return {
    dir: root,
    list: () => {
      const entries = idsIn(root).map((id) => entryOf(join(root, id), id));
      return entries.sort((a, b) => (startOf(a) < startOf(b) ? -1 : startOf(a) > startOf(b) ? 1 : 0));
    },
    entry,
    find,
    has: (id) => hasRecord(join(root, id)),
    read,
    weights: (idOrPrefix) => {
      const record = read(idOrPrefix);
      return recordedWeights(join(root, record.id), record);
    },
    begin: (spec) => beginRun(root, spec),
    saveManifest: (manifest) => {
      const text = `${JSON.stringify(manifest, null, 1)}\n`;
      const path = manifestPath(root, manifest.sha256);
      if (existsSync(path) && readFileSync(path, 'utf8') === text) return;
      writeFileAtomically(path, text, 'the data manifest');
    },
    readManifest: (sha256) => readManifestFile(root, sha256),
  };
}
