/** `care reproduce`: trains what is missing, measures, executes the notebooks, renders the reports. */
import { relative, resolve } from 'node:path';
import { Option, type Command } from 'commander';
import { InterruptedError } from '../experiments/execute-run.js';
import { EXPERIMENT_NAMES, experimentsNamed } from '../experiments/experiments.js';
import {
  dataFound,
  type Experiment,
  type ExperimentPlan,
  type Readiness,
  type RunReadiness,
  type StudyOptions,
} from '../experiments/study.js';
import { parseOverrides } from '../runs/configuration.js';
import { DEFAULT_PRESET, parsePreset, PRESET_NAMES } from '../runs/presets.js';
import { DEFAULT_PROFILE, parseProfile, PROFILE_NAMES, PROFILES } from '../runs/profiles.js';
import type { RunRecord } from '../runs/record.js';
import { openStore, type RunStore } from '../runs/store.js';
import { UserError } from '../runs/user-error.js';
import { startEngine } from '../tensorflow/engine.js';
import { knownRecords, needsOf, type Needs } from './plan-needs.js';
import {
  INDEX,
  notebookPath,
  prepareFolder,
  writeIndex,
  writeReport,
  type IndexRequest,
  type WrittenReport,
} from './report-files.js';
import {
  chosenJobsOption,
  collect,
  defaultJobs,
  eagerOption,
  executionOf,
  fastOption,
  parseJobs,
  type ExecutionOptions,
} from './run-options.js';
import { stopSignal } from './signals.js';
import { runStudyJobs } from './study-jobs.js';
import { studyProgress } from './study-progress.js';
import { durationText } from './text-table.js';

interface ReproduceOptions extends ExecutionOptions {
  readonly profile: string;
  readonly preset: string;
  readonly out: string;
  readonly runs: string;
  readonly dataDir?: string;
  readonly data?: string;
  readonly parameter: readonly string[];
  readonly jobs?: string;
  readonly plan?: boolean;
}

const EXAMPLES = `
Examples:
  care reproduce --plan                              what all experiments need
  care reproduce protein -p training.lambda=3        one experiment with a setting of your own
  care reproduce --profile overnight --jobs 1        larger, and one run at a time
`;

/** Adds `care reproduce`. */
export function registerReproduce(program: Command): void {
  program
    .command('reproduce')
    .description('train what is missing, measure, execute the notebooks, render the reports')
    .argument('[experiments...]', `which: ${EXPERIMENT_NAMES.join(', ')} (default: all)`)
    .option('--profile <name>', `how big: ${PROFILE_NAMES.join(', ')}`, DEFAULT_PROFILE)
    .option('--preset <name>', `which method settings: ${PRESET_NAMES.join(', ')}`, DEFAULT_PRESET)
    .option('--out <folder>', 'where the reports go', 'out')
    .option('--runs <folder>', 'where the runs are kept', process.env.CARE_RUNS_DIR ?? 'runs')
    .option('--data-dir <folder>', 'the data folder (default: CARE_DATA_DIR, then ../shared/data)')
    // Its name before other commands had `--data` for the name of a set.
    .addOption(new Option('--data <folder>').hideHelp())
    .option(
      '-p, --parameter <key=value>',
      'change a setting of the one experiment that is named, e.g. -p training.lambda=3, or lambda=3 where no other setting ends so (repeatable)',
      collect,
      [],
    )
    .addOption(chosenJobsOption())
    .addOption(fastOption())
    .addOption(eagerOption())
    .option('--plan', 'show what would be done, and stop')
    .addHelpText('after', EXAMPLES)
    .action(reproduce);
}

/** An experiment with what is to be done of it. */
interface Task {
  readonly experiment: Experiment;
  readonly plan: ExperimentPlan;
  /** The data set that the plan names, where the experiment can use several. */
  readonly data: string | null;
}

const STATES = [
  'ready',
  'to continue',
  'to measure',
  'to train',
  'no data',
] as const satisfies readonly RunReadiness[];

function printPlan(
  { experiment, plan }: Task,
  ready: Readiness,
  store: RunStore,
  known: readonly RunRecord[],
  parallel: number,
): void {
  const count = (state: RunReadiness) => ready.runs.filter((each) => each === state).length;
  const { profile, preset } = plan.choice;
  const parts = STATES.filter((state) => count(state) > 0).map((state) =>
    state === 'no data' ? `${count(state)} without data` : `${count(state)} ${state}`,
  );
  const data = ready.data.map(({ name, items }) => `${name}, ${items}`).join('; ');
  console.log(`${experiment.name}, profile ${profile}, preset ${preset}: ${experiment.about}`);
  console.log(`  data: ${data === '' ? 'none' : data}`);
  console.log(
    `  runs: ${plan.runs.length}, of which ${parts.join(', ')} (in ${relative('.', store.dir) || '.'})`,
  );
  if (ready.runs.every((state) => state === 'ready' || state === 'no data')) return;
  const needs = needsOf(plan, ready, known);
  console.log(`  needs: ${needsText({ ...needs, seconds: secondsOf(needs, parallel) }, parallel)}`);
}

/** Seconds until the last of several runs at a time is done: no less than the longest takes. */
function secondsOf({ seconds, longest }: Needs, parallel: number): number {
  return Math.max(longest, seconds / parallel);
}

/** `seconds` are those until all is done. */
function needsText({ seconds, bytes, unknown }: Omit<Needs, 'longest'>, parallel: number): string {
  const rest =
    unknown === 0 ? '' : `${seconds === 0 ? '' : ', and '}an unknown time for ${unknown} runs of a new kind`;
  const together = parallel === 1 ? '' : ` with ${parallel} runs at a time`;
  const known = seconds === 0 ? '' : `about ${durationText(seconds)}${together}`;
  const time = `${known}${rest}`;
  return `${time}; about ${Math.ceil(bytes / 1e6)} MB of disk`;
}

/** What all experiments need together, where a run serves several. */
function printTotal(
  planned: readonly { readonly task: Task; readonly ready: Readiness }[],
  known: readonly RunRecord[],
  parallel: number,
): void {
  const seen = new Map<string, Set<string>>();
  const each = planned.map(({ task, ready }) => needsOf(task.plan, ready, known, seen));
  const sum = (of: (needs: Needs) => number) => each.reduce((total, needs) => total + of(needs), 0);
  const total = {
    seconds: sum((needs) => secondsOf(needs, parallel)),
    bytes: sum(({ bytes }) => bytes),
    unknown: sum(({ unknown }) => unknown),
  };
  if (planned.length < 2 || total.bytes === 0) return;
  console.log(`All together, runs that serve several counted once: ${needsText(total, parallel)}`);
}

function tasksOf(names: readonly string[], options: ReproduceOptions): readonly Task[] {
  const chosen = experimentsNamed(names);
  const overrides = parseOverrides(options.parameter);
  const profile = parseProfile(options.profile);
  const preset = parsePreset(options.preset);
  if (options.parameter.length > 0 && chosen.length > 1) {
    throw new UserError(
      'Settings (-p) belong to one experiment, and several would run.',
      `Name the one that is meant, e.g. care reproduce ${chosen[0]?.name ?? ''} -p ${options.parameter[0] ?? ''}`,
    );
  }
  return chosen.map((experiment) => {
    const data = dataFound(experiment, options.dataDir);
    const plan = experiment.plan({
      profile,
      preset,
      overrides,
      ...(data === null ? {} : { data }),
    });
    return { experiment, plan, data };
  });
}

/** Trains and measures what is missing of an experiment. */
async function carryOut({ experiment, plan }: Task, options: StudyOptions, parallel: number): Promise<void> {
  try {
    if (parallel > 1) {
      const ready = await plan.readiness(options);
      await runStudyJobs(experiment.name, plan, ready, { ...options, parallel });
    } else await carryOutHere(plan, options);
  } catch (error) {
    if (!(error instanceof InterruptedError)) throw error;
    process.exitCode = 130;
    throw new UserError(error.message, 'Nothing is lost: trained runs and the last checkpoint are kept.', {
      cause: error,
    });
  }
}

/** In this process, run by run. */
async function carryOutHere(plan: ExperimentPlan, options: StudyOptions): Promise<void> {
  const progress = studyProgress();
  try {
    await plan.carryOut({ ...options, onEvent: progress.onEvent });
  } finally {
    progress.stop();
  }
}

async function report(
  { experiment, data }: Task,
  options: ReproduceOptions,
  signal: AbortSignal,
): Promise<void> {
  process.stderr.write('Executing the notebook and rendering the report ...\n');
  const written = await writeReport({
    name: experiment.name,
    out: resolve(options.out),
    signal,
    ...(options.dataDir === undefined ? {} : { dataDir: options.dataDir }),
    parameters: {
      profile: options.profile,
      preset: options.preset,
      runs: notebookPath(options.runs),
      settings: JSON.stringify(options.parameter),
      train: 'false',
      ...(data === null ? {} : { data }),
    },
  });
  tell('Report', written);
}

/** The index, for the runs that were made just now. */
async function index(tasks: readonly Task[], options: ReproduceOptions, signal: AbortSignal): Promise<void> {
  const settings = options.parameter;
  const chosen = tasks.map(({ experiment, data }) => [
    experiment.name,
    { ...(data === null ? {} : { data }), ...(settings.length === 0 ? {} : { settings }) },
  ]);
  const written = await writeIndex({
    out: resolve(options.out),
    runs: options.runs,
    preset: options.preset,
    profile: options.profile,
    chosen: Object.fromEntries(chosen) as NonNullable<IndexRequest['chosen']>,
    signal,
  });
  tell('Index', written);
}

function tell(what: string, { html, summary }: WrittenReport): void {
  if (summary !== undefined) {
    console.log(`\n${summary.question}\n${summary.answer}`);
    for (const { label, verdict } of summary.verdicts) console.log(`  ${verdict.padEnd(15)} ${label}`);
  }
  console.log(`${what}: ${relative('.', html)}`);
}

/** Prints what was not told before. */
function tellRemarks(remarks: ReadonlySet<string>, told: Set<string>, indent = ''): void {
  for (const remark of remarks) {
    if (!told.has(remark)) console.log(`${indent}note: ${remark}`);
    told.add(remark);
  }
}

async function reproduce(names: readonly string[], given: ReproduceOptions): Promise<void> {
  const dataDir = given.dataDir ?? given.data;
  const options = dataDir === undefined ? given : { ...given, dataDir };
  const tasks = tasksOf(names, options);
  const parallel =
    options.jobs === undefined ? defaultJobs(parseProfile(options.profile)) : parseJobs(options.jobs);
  const out = resolve(options.out);
  if (options.plan !== true) prepareFolder(out);
  const store = openStore(options.runs);
  const common: StudyOptions = {
    store,
    execution: executionOf(options),
    ...(options.dataDir === undefined ? {} : { dataDir: options.dataDir }),
  };
  const known = knownRecords(store);
  const planned: { task: Task; ready: Readiness }[] = [];
  const told = new Set<string>();
  for (const [i, task] of tasks.entries()) {
    const remarks = new Set<string>();
    const ready = await task.plan.readiness({ ...common, onRemark: (remark) => remarks.add(remark) });
    if (i === 0) console.log(PROFILES[task.plan.choice.profile]);
    printPlan(task, ready, store, known, parallel);
    tellRemarks(remarks, told, '  ');
    planned.push({ task, ready });
  }
  printTotal(planned, known, parallel);
  if (options.plan === true) return;
  // Runs in processes of their own start it there.
  if (parallel === 1) startEngine();
  const startedAt = performance.now();
  const signal = stopSignal(() =>
    process.stderr.write('\nStopping after this step, with a checkpoint; once more ends at once.\n'),
  );
  const failures: string[] = [];
  // The other experiments are carried out all the same; the exit code tells.
  const attempt = async (name: string, work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      if (signal.aborted || !(error instanceof UserError)) throw error;
      failures.push(name);
      process.stderr.write(`${error.message}\n${error.hint}\n`);
    }
  };
  for (const task of tasks) {
    await attempt(task.experiment.name, async () => {
      // Shown when the bar is gone: a bar is drawn over what stands below it.
      const remarks = new Set<string>();
      const onRemark = (remark: string) => remarks.add(remark);
      await carryOut(task, { ...common, signal, onRemark }, parallel).finally(() =>
        tellRemarks(remarks, told),
      );
      await report(task, options, signal);
    });
  }
  await attempt(INDEX, () => index(tasks, options, signal));
  console.log(`\n${durationText((performance.now() - startedAt) / 1000)} in all`);
  if (failures.length > 0) {
    throw new UserError(
      `Failed: ${failures.join(' and ')}.${failures.length < tasks.length ? ' The other reports are there.' : ''}`,
      'What went wrong stands above.',
    );
  }
}
