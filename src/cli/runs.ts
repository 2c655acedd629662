/** `care runs list | show | diff | verify`. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { compareRuns, type Difference, type RunComparison } from '../runs/compare.js';
import { shortName } from '../runs/configuration.js';
import type { Estimate, Json, Measurement, RunRecord, Session } from '../runs/record.js';
import { openStore, type RunEntry, type RunStore } from '../runs/store.js';
import { UserError } from '../runs/user-error.js';
import { verifyRun, type Check, type Verification } from '../runs/verify.js';
import {
  durationText,
  estimateText,
  numberText,
  shortened,
  textTable,
  wrapped,
  type TextColumn,
} from './text-table.js';

interface RunsOptions {
  readonly runs?: string;
  readonly json?: boolean;
}

/**
 * The store that is meant. A folder that was named must be there: a mistyped one has no runs, and so nothing wrong; the
 * usual one is made by the first run.
 */
function storeOf({ runs }: RunsOptions): RunStore {
  if (runs !== undefined && !existsSync(runs)) {
    throw new UserError(
      `There is no folder ${resolve(runs)}.`,
      'Correct --runs, or leave it out for CARE_RUNS_DIR, then runs.',
    );
  }
  return openStore(runs ?? process.env.CARE_RUNS_DIR ?? 'runs');
}

type ReadableEntry = Exclude<RunEntry, { readonly state: 'unreadable' }>;

/** Enough of an id to tell runs apart; every command takes it. */
const SHORT_ID = 8;

function listColumns(experiments: number): readonly TextColumn[] {
  return [
    { title: 'id' },
    // One experiment can be named below the table where there is no room for the column.
    { title: 'experiment', omittable: experiments === 1 },
    { title: 'label', shrinkTo: 8 },
    { title: 'profile' },
    { title: 'status' },
    { title: 'steps', align: 'right' },
    { title: 'date' },
  ];
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

function printJson(value: unknown): void {
  print(JSON.stringify(value, null, 2));
}

/** `Nov 24` within about half a year, `Nov 2024` before, as `ls -l` does. */
function shortDate(iso: string | undefined, now = Date.now()): string {
  if (iso === undefined) return '';
  const date = new Date(iso);
  const month = date.toLocaleString('en', { month: 'short', timeZone: 'UTC' });
  const isRecent = now - date.getTime() < 180 * 24 * 3600 * 1000;
  return `${month} ${isRecent ? date.getUTCDate() : date.getUTCFullYear()}`;
}

function minutes(iso: string): string {
  return iso.slice(0, 16).replace('T', ' ');
}

/** A run's status with the step where it is, unless it is finished. */
function stateText({ state, step, holder, record }: ReadableEntry): string {
  if (state === 'created') return holder === null ? 'not started' : 'starting';
  if (state === 'finished') return step < record.steps.planned ? `finished at step ${step}` : 'finished';
  return `${state} at step ${step}`;
}

/** What is added to labels that several runs share: the settings in which these runs differ, `, lambda 0.03`. */
function distinctions(entries: readonly RunEntry[]): ReadonlyMap<string, string> {
  const groups = new Map<string, RunRecord[]>();
  for (const entry of entries) {
    if (entry.state === 'unreadable') continue;
    const { experiment, label, profile } = entry.record;
    const key = JSON.stringify([experiment, label, profile]);
    groups.set(key, [...(groups.get(key) ?? []), entry.record]);
  }
  return new Map([...groups.values()].flatMap(distinctionsAmong));
}

const MOST_DISTINCTIONS = 3;

function distinctionsAmong(records: readonly RunRecord[]): readonly (readonly [string, string])[] {
  const settings = records.map(({ id, config }) => ({ id, values: new Map(configRows(config)) }));
  const keys = [...new Set(settings.flatMap(({ values }) => [...values.keys()]))];
  const differing = keys.filter((key) => new Set(settings.map(({ values }) => values.get(key))).size > 1);
  return settings.map(({ id, values }) => {
    const parts = differing.flatMap((key) => {
      const value = values.get(key);
      return value === undefined ? [] : [`, ${shortName(key, differing)} ${value}`];
    });
    // Runs of different profiles differ in much, and care runs diff tells all of it.
    const more = parts.length > MOST_DISTINCTIONS ? ', \u2026' : '';
    return [id, `${parts.slice(0, MOST_DISTINCTIONS).join('')}${more}`] as const;
  });
}

function listRow(entry: RunEntry, added: ReadonlyMap<string, string>): readonly string[] {
  const id = entry.id.slice(0, SHORT_ID);
  if (entry.state === 'unreadable') return [id, '', '', '', 'unreadable record', '', ''];
  const { experiment, label, profile, steps, sessions } = entry.record;
  return [
    id,
    experiment,
    `${label}${added.get(entry.id) ?? ''}`,
    profile,
    stateText(entry),
    String(steps.planned),
    shortDate(sessions.at(-1)?.startedAt),
  ];
}

/** `3 finished, 1 killed`, the states in the order in which they first occur. */
function countStates(entries: readonly RunEntry[]): string {
  const counts = new Map<string, number>();
  for (const { state } of entries) counts.set(state, (counts.get(state) ?? 0) + 1);
  return [...counts].map(([state, count]) => `${count} ${state}`).join(', ');
}

function listRuns(store: RunStore, json: boolean): void {
  const entries = store.list();
  if (json) printJson(entries);
  else if (entries.length === 0) print(`No runs in ${store.dir}.`);
  else {
    const experiments = new Set(
      entries.flatMap((entry) => (entry.state === 'unreadable' ? [] : entry.record.experiment)),
    );
    const added = distinctions(entries);
    print(
      textTable(
        listColumns(experiments.size),
        entries.map((entry) => listRow(entry, added)),
      ),
    );
    const runs = entries.length === 1 ? '1 run' : `${entries.length} runs`;
    const of = experiments.size === 1 ? ` of ${[...experiments].join('')}` : '';
    print(`\n${runs}${of} in ${store.dir}: ${countStates(entries)}.`);
    if (entries.some(({ state }) => state === 'unreadable'))
      print('care runs verify ID says what is wrong with one.');
  }
}

function jsonText(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** Dotted keys and values of a configuration, in its own order. */
function configRows(config: Json, path = ''): readonly (readonly [string, string])[] {
  if (typeof config !== 'object' || config === null || Array.isArray(config))
    return [[path, jsonText(config)]];
  return Object.entries(config).flatMap(([key, value]) =>
    configRows(value, path === '' ? key : `${path}.${key}`),
  );
}

/** Names and texts in two aligned columns, the second wrapped under itself. */
function pairs(rows: readonly (readonly [string, string])[]): string {
  const nameWidth = Math.min(30, Math.max(...rows.map(([name]) => name.length)));
  return rows
    .map(([name, text]) => {
      const indent = ' '.repeat(nameWidth + 4);
      return `  ${shortened(name, nameWidth).padEnd(nameWidth)}  ${wrapped(text, indent).slice(indent.length)}`;
    })
    .join('\n');
}

function section(title: string, body: string): string {
  return `\n${title}\n${body}`;
}

function codeText({ version, commit, clean, trainingHash }: RunRecord['code']): string {
  const place =
    commit === null
      ? 'outside a checkout'
      : `commit ${commit.slice(0, 10)}${clean === true ? '' : ' with changes'}`;
  return `version ${version}, ${place}, training code ${trainingHash.slice(0, 12)}`;
}

function dataText({ name, generated, files, items, sha256 }: RunRecord['data']): string {
  const source = generated ? 'generated' : files === 1 ? '1 file' : `${files} files`;
  return `${name}: ${source}, ${items} items, sha256 ${sha256.slice(0, 12)}`;
}

function environmentText({ environment }: Session): string {
  const { node, tfjs, tensorflow, backend, device, gpu, cpu, cores, platform } = environment;
  const library =
    tensorflow === null ? `tfjs ${tfjs} without native library (${backend})` : `TensorFlow ${tensorflow}`;
  const machine = device === 'gpu' ? (gpu ?? 'GPU') : `${cpu}, ${cores} cores`;
  const threads = environment.intraOpThreads === 0 ? 'all threads' : `${environment.intraOpThreads} threads`;
  return `${library}, ${machine}, ${threads}, oneDNN ${environment.oneDnn ? 'on' : 'off'}, Node ${node}, ${platform}`;
}

function sessionRow(session: Session, index: number): readonly string[] {
  const { startedAt, fromStep, toStep, seconds, outcome } = session;
  const duration = seconds === undefined ? '' : durationText(seconds);
  const steps = `${fromStep} to ${toStep === undefined ? '?' : toStep}`;
  return [`  ${index + 1}`, minutes(startedAt), steps, duration, outcome ?? 'not ended'];
}

function kindText({ n, kind }: Estimate): string {
  return n === undefined ? '' : ` (n = ${n}${kind === undefined ? '' : ` ${kind}`})`;
}

function measurementText({ name, estimates, tables }: Measurement): string {
  const rows = Object.entries(estimates).map(
    ([key, estimate]) => [`  ${key}`, `${estimateText(estimate)}${kindText(estimate)}`] as const,
  );
  const tableNames = Object.keys(tables ?? {});
  const note = tableNames.length === 0 ? '' : `\n${wrapped(`tables: ${tableNames.join(', ')}`, '    ')}`;
  return `  ${name}${rows.length === 0 ? '' : `\n${pairs(rows)}`}${note}`;
}

function seriesRow([name, { steps, values }]: readonly [
  string,
  RunRecord['series'][string],
]): readonly string[] {
  const lowest = values.reduce((low, value) => Math.min(low, value), Infinity);
  const ends = [values[0], values.at(-1)].map((value) => (value === undefined ? '' : numberText(value)));
  return [`  ${name}`, ...ends, numberText(lowest), String(steps.at(-1) ?? '')];
}

function headline(entry: ReadableEntry): string {
  const { record } = entry;
  const { planned } = record.steps;
  const facts = [
    `${stateText(entry)} of ${planned}`.replace('finished of', 'finished,'),
    `${durationText(record.trainingSeconds)} of training`,
    ...(record.viewsPerSecond === undefined
      ? []
      : [`${numberText(Math.round(record.viewsPerSecond))} views/s`]),
    ...(record.peakMemoryBytes === undefined
      ? []
      : [`peak ${Math.round(record.peakMemoryBytes / 2 ** 20)} MiB`]),
    ...(record.peakDeviceMemoryBytes === undefined
      ? []
      : [`GPU peak ${Math.round(record.peakDeviceMemoryBytes / 2 ** 20)} MiB`]),
    record.execution,
  ];
  const text = facts.join(', ').replace(`finished, ${planned}`, `finished, ${planned} steps`);
  return `${record.label}  (${record.id})\n${record.experiment}, profile ${record.profile}, preset ${record.preset}\n${wrapped(text, '')}`;
}

const SESSION_COLUMNS: readonly TextColumn[] = [
  { title: '  #' },
  { title: 'started (UTC)' },
  { title: 'steps' },
  { title: 'training', align: 'right' },
  { title: 'ended', shrinkTo: 20 },
];
const SERIES_COLUMNS: readonly TextColumn[] = [
  { title: '  metric', shrinkTo: 20 },
  { title: 'first', align: 'right' },
  { title: 'last', align: 'right' },
  { title: 'lowest', align: 'right' },
  { title: 'last step', align: 'right' },
];

function showText(entry: ReadableEntry): string {
  const { record } = entry;
  const last = record.sessions.at(-1);
  const seeds = Object.entries(record.seeds).map(([name, seed]) => `${name} ${seed}`);
  const series = Object.entries(record.series);
  const measurements = Object.values(record.measurements);
  const { weights } = record;
  return [
    headline(entry),
    section('Configuration', pairs(configRows(record.config))),
    section(
      'Made from',
      pairs([
        ['data', dataText(record.data)],
        ['code', codeText(record.code)],
        ...(seeds.length === 0 ? [] : [['seeds', seeds.join(', ')] as const]),
        ...(last === undefined ? [] : [['machine', environmentText(last)] as const]),
      ]),
    ),
    ...(last === undefined
      ? []
      : [section('Sessions', textTable(SESSION_COLUMNS, record.sessions.map(sessionRow)))]),
    ...(series.length === 0 ? [] : [section('Metrics', textTable(SERIES_COLUMNS, series.map(seriesRow)))]),
    section(
      'Measurements',
      measurements.length === 0 ? '  none' : measurements.map(measurementText).join('\n'),
    ),
    ...(weights === undefined
      ? []
      : [
          section(
            'Weights',
            `  ${weights.file}, ${weights.parameters} parameters, sha256 ${weights.sha256.slice(0, 12)}`,
          ),
        ]),
    ...(record.notes.length === 0
      ? []
      : [section('Notes', record.notes.map((note) => wrapped(note, '  ')).join('\n'))]),
  ].join('\n');
}

function showRun(store: RunStore, id: string, json: boolean): void {
  const entry = store.entry(id);
  // Raises the error that says where the record is wrong.
  if (entry.state === 'unreadable') store.read(id);
  else if (json) printJson(entry);
  else print(showText(entry));
}

function differenceTable(differences: readonly Difference[]): string {
  const columns = [
    { title: '', shrinkTo: 16 },
    { title: 'A', shrinkTo: 24 },
    { title: 'B', shrinkTo: 24 },
  ];
  return textTable(
    columns,
    differences.map(({ name, a, b }) => [
      `  ${name}`,
      a === null ? '-' : jsonText(a),
      b === null ? '-' : jsonText(b),
    ]),
  )
    .split('\n')
    .slice(1)
    .join('\n');
}

function measurementTable(comparison: RunComparison): string {
  const columns: readonly TextColumn[] = [
    { title: '', shrinkTo: 20 },
    { title: 'A', align: 'right' },
    { title: 'B', align: 'right' },
    { title: 'B - A', align: 'right' },
  ];
  const text = (estimate: Estimate | null): string =>
    estimate === null ? 'not measured' : estimateText(estimate);
  const rows = comparison.measurements.map(({ name, a, b }) => {
    const difference = a === null || b === null ? '' : numberText(b.value - a.value);
    return [`  ${name}`, text(a), text(b), difference];
  });
  return textTable(columns, rows);
}

function diffText(comparison: RunComparison, a: RunRecord, b: RunRecord): string {
  const part = (title: string, differences: readonly Difference[]): string =>
    differences.length === 0 ? `\n${title}: the same` : section(title, differenceTable(differences));
  const measurements = comparison.measurements.length === 0 ? '  none' : measurementTable(comparison);
  return [
    `A  ${a.id}  ${a.label}`,
    `B  ${b.id}  ${b.label}`,
    part('Run', comparison.run),
    part('Configuration', comparison.config),
    part('Data', comparison.data),
    part('Code', comparison.code),
    part('Environment', comparison.environment),
    section('Measurements', measurements),
  ].join('\n');
}

function twoIdsNeeded(store: RunStore): UserError {
  const [a = 'ID-A', b = 'ID-B'] = store.list().map(({ id }) => id.slice(0, SHORT_ID));
  return new UserError(
    'care runs diff takes the ids of two runs.',
    `For example: care runs diff ${a} ${b} (care runs list shows the ids).`,
  );
}

function diffRuns(store: RunStore, idA: string, idB: string, json: boolean): void {
  const [a, b] = [store.read(idA), store.read(idB)];
  const comparison = compareRuns(a, b);
  if (json) printJson(comparison);
  else print(diffText(comparison, a, b));
}

function verificationText({ id, label, checks, ok }: Verification, full: boolean): string {
  const shown = checks.filter(({ result }) => full || result === 'wrong');
  const mark: Record<Check['result'], string> = { ok: 'ok', wrong: 'WRONG', absent: '-' };
  const lines = shown.map(({ name, result, detail }) => {
    const indent = ' '.repeat(21);
    return `  ${name.padEnd(11)}  ${mark[result].padEnd(5)} ${wrapped(detail, indent).slice(indent.length)}`;
  });
  return [`${id}  ${label ?? 'unreadable'}: ${ok ? 'ok' : 'WRONG'}`, ...lines].join('\n');
}

function verifyRuns(store: RunStore, ids: readonly string[], json: boolean): void {
  const entries = ids.length === 0 ? store.list() : ids.map((id) => store.entry(id));
  const results = entries.map((entry) => verifyRun(store, entry, process.env.CARE_DATA_DIR ?? null));
  const wrong = results.filter(({ ok }) => !ok).length;
  if (json) printJson(results);
  else if (results.length === 0) print(`No runs in ${store.dir}.`);
  else {
    for (const result of results) print(verificationText(result, ids.length > 0));
    const runs = results.length === 1 ? '1 run' : `${results.length} runs`;
    print(`\n${runs} checked in ${store.dir}: ${wrong === 0 ? 'all ok' : `${wrong} wrong`}.`);
  }
  if (wrong > 0) process.exitCode = 1;
}

/** Adds `care runs` with its commands to the program. */
export function registerRuns(program: Command): void {
  const runs = program.command('runs').description('look at, compare and check the runs that were made');
  const add = (nameAndArguments: string, description: string): Command =>
    runs
      .command(nameAndArguments)
      .description(description)
      .option('--runs <dir>', 'folder with the runs (default: CARE_RUNS_DIR, then runs)')
      .option('--json', 'print JSON');
  const isJson = ({ json }: RunsOptions): boolean => json === true;

  add('list', 'all runs, oldest first').action((options: RunsOptions) =>
    listRuns(storeOf(options), isJson(options)),
  );
  add('show <id>', 'one run: configuration, provenance, metrics, measurements').action(
    (id: string, options: RunsOptions) => showRun(storeOf(options), id, isJson(options)),
  );
  add('diff [a] [b]', 'what differs between two runs, and their measurements side by side')
    .usage('[options] <a> <b>')
    .action((a: string | undefined, b: string | undefined, options: RunsOptions) => {
      const store = storeOf(options);
      if (a === undefined || b === undefined) throw twoIdsNeeded(store);
      diffRuns(store, a, b, isJson(options));
    });
  add(
    'verify [ids...]',
    'check records, weights, checkpoints, metrics and data; exit code 1 when something is wrong',
  ).action((ids: readonly string[], options: RunsOptions) =>
    verifyRuns(storeOf(options), ids, isJson(options)),
  );
  runs.addHelpText('after', '\nAn id may be shortened to any beginning that only one run has.');
}
