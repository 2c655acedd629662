/** `care sweep`: a grid of settings over one experiment, each combination a run of the store. */
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import type { Command } from 'commander';
import {
  checkApart,
  EXAMPLE,
  expandSweep,
  jobLabel,
  parseSweep,
  shortLabels,
  type Sweep,
  type SweepJob,
} from '../experiments/sweep/grid.js';
import { checkJob, type JobContext } from '../experiments/sweep/job.js';
import type { RunRecord } from '../runs/record.js';
import { openStore, type RunStore } from '../runs/store.js';
import { UserError } from '../runs/user-error.js';
import { checkNoneFailed, countStopped, runJobProcesses, type JobOutcome } from './job-processes.js';
import {
  collect,
  eagerOption,
  executionOf,
  fastOption,
  jobsOption,
  parseJobs,
  type ExecutionOptions,
} from './run-options.js';
import { stopSignal } from './signals.js';
import { durationText, estimateText, textTable } from './text-table.js';

interface SweepOptions extends ExecutionOptions {
  readonly jobs: string;
  readonly runs: string;
  readonly dataDir?: string;
  readonly show: readonly string[];
  readonly plan?: boolean;
}

const HELP = `
FILE is JSON: the experiment (images or protein), settings of all runs under "set", and under "grid" a list of values
for each setting that varies. A list of grids runs one after the other. Beside them can stand "profile" (laptop where it
is left out), "preset" (paper), and "retries", how often a run that failed is tried again (1).

  ${EXAMPLE}

Settings are those of -p in care train and care reproduce, by their whole names: training.lambda. Runs are found again: a sweep that was stopped goes on, and
one with more values trains only what is new. --show geometry.wahbaRelative picks what the table tells.
`;

/** What the table tells where nothing is asked for. */
const SHOWN: Readonly<Record<Sweep['experiment'], readonly string[]>> = {
  images: ['knn.accuracy', 'knn.untrained'],
  protein: ['trajectories.roundness', 'axis.linear', 'geometry.wahbaRelative'],
};

/** Adds `care sweep`. */
export function registerSweep(program: Command): void {
  program
    .command('sweep')
    .description('train and measure every combination of a grid of settings')
    .argument('<file>', 'the grid, as JSON')
    .addOption(jobsOption())
    .option('--runs <folder>', 'where the runs are kept', process.env.CARE_RUNS_DIR ?? 'runs')
    .option('--data-dir <folder>', 'the data folder (default: CARE_DATA_DIR, then ../shared/data)')
    .option('--show <measure.estimate>', 'a column of the table, e.g. knn.accuracy (repeatable)', collect, [])
    .addOption(fastOption())
    .addOption(eagerOption())
    .option('--plan', 'show the runs, and stop')
    .addHelpText('after', HELP)
    .action(sweep);
}

function readSweep(file: string): Sweep {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UserError(
      `The sweep cannot be read: ${reason}`,
      'Name a JSON file; care sweep --help shows one.',
      {
        cause: error,
      },
    );
  }
  return parseSweep(text, file);
}

/** An estimate of a record by `measure.estimate`. */
function shownValue(record: RunRecord, path: string): string {
  const dot = path.indexOf('.');
  const estimate = record.measurements[path.slice(0, dot)]?.estimates[path.slice(dot + 1)];
  return estimate === undefined ? '' : estimateText(estimate);
}

function stateText(outcome: JobOutcome): string {
  if (outcome.state === 'done') return outcome.attempts === 1 ? 'done' : `done, attempt ${outcome.attempts}`;
  return outcome.state;
}

function printTable(
  jobs: readonly SweepJob[],
  outcomes: readonly JobOutcome[],
  store: RunStore,
  shown: readonly string[],
): void {
  const labels = shortLabels(jobs);
  const rows = labels.map((label, i) => {
    const outcome = outcomes[i] ?? ({ state: 'stopped', attempts: 0 } as const);
    const record = outcome.state === 'done' && outcome.result !== null ? store.read(outcome.result) : null;
    return [
      label,
      stateText(outcome),
      ...shown.map((path) => (record === null ? '' : shownValue(record, path))),
      record === null ? '' : durationText(record.trainingSeconds),
      record === null ? '' : record.id.slice(0, 8),
    ];
  });
  const columns = [
    { title: 'settings', shrinkTo: 24 },
    { title: 'state' },
    ...shown.map((title) => ({ title: title.slice(title.indexOf('.') + 1), align: 'right' as const })),
    { title: 'training', align: 'right' as const, omittable: true },
    { title: 'run' },
  ];
  console.log(`\n${textTable(columns, rows)}`);
}

async function sweep(file: string, options: SweepOptions): Promise<void> {
  const plan = readSweep(file);
  const parallel = parseJobs(options.jobs);
  checkApart(plan);
  const jobs = expandSweep(plan);
  const { experiment, profile, preset, retries } = plan;
  const context: JobContext = {
    sweep: { experiment, profile, preset },
    runs: options.runs,
    dataDir: options.dataDir ?? null,
    execution: executionOf(options),
  };
  // A setting that does not fit is found before an hour of training, not after.
  for (const job of jobs) checkJob(job, context);
  console.log(
    `${jobs.length} run(s) of ${experiment}, profile ${profile}, preset ${preset}, ${parallel} at a time`,
  );
  if (options.plan === true) {
    for (const job of jobs) console.log(`  ${jobLabel(job)}`);
    return;
  }
  const store = openStore(options.runs);
  const signal = stopSignal(() =>
    process.stderr.write('\nStopping after this step, with checkpoints; once more ends at once.\n'),
  );
  const outcomes = await runJobProcesses({
    orders: jobs.map((job) => ({ of: 'sweep', job, context })),
    labels: shortLabels(jobs),
    parallel,
    retries,
    signal,
  });
  printTable(jobs, outcomes, store, options.show.length > 0 ? options.show : SHOWN[experiment]);
  console.log(`Runs: ${relative('.', store.dir) || '.'}`);
  checkNoneFailed(outcomes, jobs.map(jobLabel));
  const stopped = countStopped(outcomes);
  if (stopped === 0) return;
  process.exitCode = 130;
  throw new UserError(
    `Stopped with ${stopped} of ${jobs.length} runs to do.`,
    'Nothing is lost: the same command goes on.',
  );
}
