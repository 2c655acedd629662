/** Checking that what stands in a run's folder is what its record says. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { SourceFile } from '../data/point-clouds.js';
import { inspectCheckpoints } from '../train/checkpoint.js';
import { sizeOfShape } from '../train/safetensors.js';
import { canonicalJson } from './canonical-json.js';
import { SERIES_POINTS, readMetrics, thinnedSeries } from './metrics.js';
import { CHECKPOINT_FOLDER, METRICS_FILE, recordedWeights } from './open-run.js';
import type { RunRecord } from './record.js';
import { runId } from './run-id.js';
import type { RunEntry, RunStore } from './store.js';

/** One check: `absent` where there is nothing here to check, which is no fault. */
export interface Check {
  readonly name: string;
  readonly result: 'ok' | 'wrong' | 'absent';
  readonly detail: string;
}

/** All checks of one run. */
export interface Verification {
  readonly id: string;
  readonly label: string | null;
  readonly checks: readonly Check[];
  readonly ok: boolean;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function check(name: string, test: () => Omit<Check, 'name'>): Check {
  try {
    return { name, ...test() };
  } catch (error) {
    return { name, result: 'wrong', detail: messageOf(error) };
  }
}

function checkId(record: RunRecord): Omit<Check, 'name'> {
  const { experiment, config, data, code } = record;
  const id = runId({ experiment, config, dataHash: data.sha256, trainingHash: code.trainingHash });
  if (id === record.id) return { result: 'ok', detail: 'is the hash of configuration, data and code' };
  return { result: 'wrong', detail: `configuration, data and code give ${id}: the record was changed` };
}

function checkWeights(dir: string, record: RunRecord): Omit<Check, 'name'> {
  if (record.weights === undefined) {
    const isMissing = record.status === 'finished';
    return { result: isMissing ? 'wrong' : 'absent', detail: `none recorded; the run is ${record.status}` };
  }
  const tensors = Object.values(recordedWeights(dir, record));
  const values = tensors.reduce((sum, { shape }) => sum + sizeOfShape(shape), 0);
  return { result: 'ok', detail: `${tensors.length} tensor(s) with ${values} values, sha256 as recorded` };
}

function checkCheckpoints(dir: string): Omit<Check, 'name'> {
  const findings = inspectCheckpoints(join(dir, CHECKPOINT_FOLDER));
  if (findings.length === 0) return { result: 'absent', detail: 'none' };
  const damaged = findings.filter(({ problem }) => problem !== null);
  if (damaged.length > 0) {
    const list = damaged.map(({ step, problem }) => `step ${step} is damaged (${problem ?? ''})`);
    return { result: 'wrong', detail: list.join('; ') };
  }
  return { result: 'ok', detail: `whole at step ${findings.map(({ step }) => step).join(' and ')}` };
}

function checkMetrics(dir: string, record: RunRecord): Omit<Check, 'name'> {
  const path = join(dir, METRICS_FILE);
  if (!existsSync(path)) {
    const isMissing = Object.keys(record.series).length > 0;
    return { result: isMissing ? 'wrong' : 'absent', detail: `no ${METRICS_FILE}` };
  }
  const { lines, unreadable } = readMetrics(path);
  // After a run was killed the last line may be half written and the series are not yet drawn.
  if (record.status === 'running')
    return { result: 'absent', detail: `${lines.length} lines; series not drawn yet` };
  if (unreadable.length > 0) {
    return {
      result: 'wrong',
      detail: `unreadable line(s) ${unreadable.slice(0, 5).join(', ')} of ${METRICS_FILE}`,
    };
  }
  const drawn = thinnedSeries(lines, SERIES_POINTS);
  const names = new Set([...Object.keys(drawn), ...Object.keys(record.series)]);
  const other = [...names].filter(
    (name) => canonicalJson(drawn[name] ?? null) !== canonicalJson(record.series[name] ?? null),
  );
  if (other.length === 0) return { result: 'ok', detail: `${lines.length} lines agree with the record` };
  return {
    result: 'wrong',
    detail: `the record has other values than ${METRICS_FILE} for ${other.join(', ')}`,
  };
}

/** Data files by name: directly below the data folder, or one folder down where the archives unpack to. */
function locate(dataDir: string, name: string): string | null {
  const folders = existsSync(dataDir)
    ? readdirSync(dataDir, { withFileTypes: true }).flatMap((entry) =>
        entry.isDirectory() ? [entry.name] : [],
      )
    : [];
  return (
    ['', ...folders].map((folder) => join(dataDir, folder, name)).find((path) => existsSync(path)) ?? null
  );
}

function fileProblem(path: string, file: SourceFile): string | null {
  const content = readFileSync(path);
  const sha256 = createHash('sha256').update(content).digest('hex');
  if (content.length !== file.bytes) return `${file.name} has ${content.length} bytes, was ${file.bytes}`;
  return sha256 === file.sha256 ? null : `${file.name} was changed`;
}

function checkData(store: RunStore, record: RunRecord, dataDir: string | null): Omit<Check, 'name'> {
  const manifest = store.readManifest(record.data.sha256);
  if (manifest === null) {
    if (record.data.generated)
      return { result: 'absent', detail: 'generated data, made anew from the configuration' };
    return {
      result: 'wrong',
      detail: `no manifest data-${record.data.sha256.slice(0, 12)}.json in ${store.dir}`,
    };
  }
  if (manifest.files.length !== record.data.files) {
    return {
      result: 'wrong',
      detail: `manifest of ${manifest.files.length} files, record of ${record.data.files}`,
    };
  }
  if (manifest.files.length === 0) return { result: 'absent', detail: 'generated data: no files' };
  if (dataDir === null)
    return { result: 'absent', detail: 'manifest is there; set CARE_DATA_DIR to check the files' };
  const found = manifest.files.flatMap((file) => {
    const path = locate(dataDir, file.name);
    return path === null ? [] : [fileProblem(path, file)];
  });
  const problems = found.filter((problem) => problem !== null);
  if (problems.length > 0) return { result: 'wrong', detail: problems.slice(0, 5).join('; ') };
  if (found.length === 0)
    return { result: 'absent', detail: `none of ${manifest.files.length} files found in ${dataDir}` };
  return { result: 'ok', detail: `${found.length} of ${manifest.files.length} files found, all as recorded` };
}

/**
 * Checks one run: record against schema and id, weights, checkpoints, metrics, data.
 *
 * @param dataDir Where to look for the data files; null skips them.
 */
export function verifyRun(store: RunStore, entry: RunEntry, dataDir: string | null): Verification {
  if (entry.state === 'unreadable') {
    const checks: Check[] = [{ name: 'record', result: 'wrong', detail: entry.problem }];
    return { id: entry.id, label: null, checks, ok: false };
  }
  const { dir, record, holder } = entry;
  const whenResting = (test: () => Omit<Check, 'name'>) => (): Omit<Check, 'name'> =>
    holder === null ? test() : { result: 'absent', detail: `process ${holder.pid} is working on it` };
  const checks = [
    check('record', () => ({ result: 'ok', detail: 'fits the schema' })),
    check('id', () => checkId(record)),
    check(
      'weights',
      whenResting(() => checkWeights(dir, record)),
    ),
    check(
      'checkpoints',
      whenResting(() => checkCheckpoints(dir)),
    ),
    check(
      'metrics',
      whenResting(() => checkMetrics(dir, record)),
    ),
    check('data', () => checkData(store, record, dataDir)),
  ];
  return { id: entry.id, label: record.label, checks, ok: checks.every(({ result }) => result !== 'wrong') };
}
