/** `care report`: renders reports from records alone, without training and without the native library. */
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { relative, resolve } from 'node:path';
import type { Command } from 'commander';
import pMap from 'p-map';
import { EXPERIMENT_NAMES, experimentsNamed } from '../experiments/experiments.js';
import { mostRecorded, type Experiment } from '../experiments/study.js';
import { DEFAULT_PRESET, parsePreset, PRESET_NAMES } from '../runs/presets.js';
import { parseProfile, PROFILE_NAMES } from '../runs/profiles.js';
import type { RunRecord } from '../runs/record.js';
import { openStore } from '../runs/store.js';
import { UserError } from '../runs/user-error.js';
import { notebookPath, prepareFolder, writeIndex, writeReport } from './report-files.js';

interface ReportOptions {
  readonly runs: string;
  readonly out?: string;
  readonly profile?: string;
  readonly preset: string;
}

/** The records that the repository brings. */
const BROUGHT = 'reports/runs';

/** Adds `care report`. */
export function registerReport(program: Command): void {
  program
    .command('report')
    .description('render the reports of records that exist; nothing is trained')
    .argument('[experiments...]', `which: ${EXPERIMENT_NAMES.join(', ')} (default: all)`)
    .option('--runs <folder>', 'where the records are', BROUGHT)
    .option(
      '--out <folder>',
      `where the reports go (default: "reports"; "out" for other records than "${BROUGHT}")`,
    )
    .option(
      '--profile <name>',
      `which runs: ${PROFILE_NAMES.join(', ')} (default: of each experiment the one with most runs)`,
    )
    .option('--preset <name>', `which method settings: ${PRESET_NAMES.join(', ')}`, DEFAULT_PRESET)
    .action(report);
}

/** @throws UserError where the folder is not there: pages of nothing would take the place of those that are. */
function finishedIn(runs: string): readonly RunRecord[] {
  if (!existsSync(runs))
    throw new UserError(
      `There is no folder ${resolve(runs)}.`,
      'Name the folder of the runs with --runs; care reproduce makes some.',
    );
  return openStore(runs)
    .list()
    .flatMap((entry) => (entry.state === 'finished' ? [entry.record] : []));
}

async function report(names: readonly string[], options: ReportOptions): Promise<void> {
  const profile = options.profile === undefined ? undefined : parseProfile(options.profile);
  const preset = parsePreset(options.preset);
  const experiments = experimentsNamed(names);
  const records = finishedIn(options.runs);
  // The reports of other records do not take the place of those that the repository brings.
  const out = resolve(options.out ?? (resolve(options.runs) === resolve(BROUGHT) ? 'reports' : 'out'));
  prepareFolder(out);
  const rendered = async (experiment: Experiment): Promise<void> => {
    const { plan, data, recorded } = mostRecorded(experiment, records, {
      preset,
      ...(profile === undefined ? {} : { profile }),
    });
    const written = await writeReport({
      name: experiment.name,
      out,
      parameters: {
        profile: plan.choice.profile,
        preset,
        runs: notebookPath(options.runs),
        train: 'false',
        ...(data === null ? {} : { data }),
      },
    });
    console.log(
      `Report: ${relative('.', written.html)} (profile ${plan.choice.profile}, ${recorded} of ${plan.runs.length} runs)`,
    );
  };
  await pMap(experiments, rendered, { concurrency: availableParallelism() });
  const index = await writeIndex({
    out,
    runs: options.runs,
    preset,
    ...(profile === undefined ? {} : { profile }),
  });
  console.log(`Index: ${relative('.', index.html)}`);
}
