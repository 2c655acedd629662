/** `care reproduce`: trains what is missing, measures, executes the notebooks, renders the reports. */
import { relative, resolve } from 'node:path';
import type { Command } from 'commander';
import { InterruptedError } from '../experiments/execute-run.js';
import {
  planProtein,
  PROTEIN,
  readiness,
  runProtein,
  type ProteinPlan,
  type Readiness,
  type RunReadiness,
} from '../experiments/protein/study.js';
import { closest } from '../runs/closest.js';
import { parseOverrides } from '../runs/configuration.js';
import { DEFAULT_PRESET, parsePreset, PRESET_NAMES } from '../runs/presets.js';
import { DEFAULT_PROFILE, parseProfile, PROFILE_NAMES, PROFILES } from '../runs/profiles.js';
import { openStore, type RunStore } from '../runs/store.js';
import { UserError } from '../runs/user-error.js';
import { startEngine } from '../tensorflow/engine.js';
import { notebookPath, prepareFolder, writeReport } from './report-files.js';
import { collect, eagerOption, executionOf, fastOption, type ExecutionOptions } from './run-options.js';
import { stopSignal } from './signals.js';
import { studyProgress } from './study-progress.js';
import { durationText } from './text-table.js';

/** The experiments that there are, in the order in which they run. */
export const EXPERIMENTS: readonly string[] = [PROTEIN];

interface ReproduceOptions extends ExecutionOptions {
  readonly profile: string;
  readonly preset: string;
  readonly out: string;
  readonly runs: string;
  readonly data?: string;
  readonly parameter: readonly string[];
  readonly plan?: boolean;
}

/** Adds `care reproduce`. */
export function registerReproduce(program: Command): void {
  program
    .command('reproduce')
    .description('train what is missing, measure, execute the notebooks, render the reports')
    .argument('[experiments...]', `which: ${EXPERIMENTS.join(', ')} (default: all)`)
    .option('--profile <name>', `how big: ${PROFILE_NAMES.join(', ')}`, DEFAULT_PROFILE)
    .option('--preset <name>', `which method settings: ${PRESET_NAMES.join(', ')}`, DEFAULT_PRESET)
    .option('--out <folder>', 'where the reports go', 'out')
    .option('--runs <folder>', 'where the runs are kept', process.env.CARE_RUNS_DIR ?? 'runs')
    .option('--data <folder>', 'the data folder (default: CARE_DATA_DIR, then ../shared/data)')
    .option(
      '-p, --parameter <key=value>',
      'change a setting, e.g. -p training.lambda=3 (repeatable)',
      collect,
      [],
    )
    .addOption(fastOption())
    .addOption(eagerOption())
    .option('--plan', 'show what would be done, and stop')
    .action(reproduce);
}

function checkExperiments(names: readonly string[]): void {
  for (const name of names) {
    if (EXPERIMENTS.includes(name)) continue;
    const near = closest(name, EXPERIMENTS);
    const hint = `There is ${EXPERIMENTS.join(', ')}.`;
    throw new UserError(
      `There is no experiment "${name}".`,
      near === null ? hint : `Did you mean "${near}"? ${hint}`,
    );
  }
}

/** Seconds that a run of a kind took before, from the store; null where there is none to go by. */
function secondsPerRun(store: RunStore, profile: string): number | null {
  const known = store.list().flatMap((entry) => {
    if (entry.state !== 'finished' || entry.record.profile !== profile) return [];
    const measuring = Object.values(entry.record.measurements).reduce((sum, { seconds }) => sum + seconds, 0);
    return [entry.record.trainingSeconds + measuring];
  });
  return known.length === 0 ? null : known.reduce((a, b) => a + b) / known.length;
}

function printPlan(plan: ProteinPlan, { runs: ready, data }: Readiness, store: RunStore): void {
  const count = (state: RunReadiness) => ready.filter((each) => each === state).length;
  const { profile, preset } = plan.choice;
  const parts = (['ready', 'to continue', 'to measure', 'to train'] as const)
    .filter((state) => count(state) > 0)
    .map((state) => `${count(state)} ${state}`);
  console.log(`${PROTEIN}, profile ${profile}, preset ${preset}. ${PROFILES[profile]}`);
  console.log(`  data: ${data === null ? 'none' : `${data.name}, ${data.items} structures`}`);
  console.log(
    `  runs: ${plan.runs.length}, of which ${parts.join(', ')} (in ${relative('.', store.dir) || '.'})`,
  );
  const seconds = secondsPerRun(store, profile);
  const todo = ready.length - count('ready');
  if (todo === 0) return;
  // A DeepSet run keeps two checkpoints, weights, metrics and a record: about a megabyte and a half each.
  const disk = `about ${Math.ceil(todo * 1.5)} MB of disk`;
  const time =
    seconds === null
      ? 'time: shown once the first run is under way'
      : `about ${durationText(todo * seconds)}`;
  console.log(`  needs: ${time}, ${disk}`);
}

async function reproduce(names: readonly string[], options: ReproduceOptions): Promise<void> {
  checkExperiments(names);
  const overrides = parseOverrides(options.parameter);
  const profile = parseProfile(options.profile);
  const preset = parsePreset(options.preset);
  const plan = planProtein({ profile, preset, overrides });
  const out = resolve(options.out);
  if (options.plan !== true) prepareFolder(out);
  const store = openStore(options.runs);
  const common = {
    store,
    execution: executionOf(options),
    ...(options.data === undefined ? {} : { dataDir: options.data }),
  };
  const remarks: string[] = [];
  const ready = readiness(plan, { ...common, onRemark: (remark) => remarks.push(remark) });
  printPlan(plan, ready, store);
  for (const remark of remarks) console.log(`  note: ${remark}`);
  if (options.plan === true) return;
  startEngine();

  const startedAt = performance.now();
  const signal = stopSignal(() =>
    process.stderr.write('\nStopping after this step, with a checkpoint; once more ends at once.\n'),
  );
  const progress = studyProgress();
  try {
    await runProtein(plan, { ...common, signal, onEvent: progress.onEvent });
  } catch (error) {
    if (error instanceof InterruptedError) {
      process.exitCode = 130;
      throw new UserError(error.message, 'Nothing is lost: trained runs and the last checkpoint are kept.', {
        cause: error,
      });
    }
    throw error;
  } finally {
    progress.stop();
  }
  process.stderr.write('Executing the notebook and rendering the report ...\n');
  const report = await writeReport({
    name: PROTEIN,
    out,
    signal,
    parameters: {
      profile,
      preset,
      runs: notebookPath(options.runs),
      settings: JSON.stringify(options.parameter),
      train: 'false',
    },
  });
  if (report.summary !== undefined) {
    console.log(`\n${report.summary.question}\n${report.summary.answer}`);
    for (const { label, verdict } of report.summary.verdicts) console.log(`  ${verdict.padEnd(15)} ${label}`);
  }
  console.log(
    `\nReport: ${relative('.', report.html)}  (${durationText((performance.now() - startedAt) / 1000)} in all)`,
  );
}
