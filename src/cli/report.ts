/** `care report`: renders reports from records alone, without training and without the native library. */
import { availableParallelism } from 'node:os';
import { relative, resolve } from 'node:path';
import type { Command } from 'commander';
import pMap from 'p-map';
import { EXPERIMENT_NAMES, experimentsNamed } from '../experiments/experiments.js';
import { mostRecorded, type Experiment } from '../experiments/study.js';
import { DEFAULT_PRESET, parsePreset, PRESET_NAMES } from '../runs/presets.js';
import { parseProfile, PROFILE_NAMES } from '../runs/profiles.js';
import { openStore } from '../runs/store.js';
import { notebookPath, prepareFolder, writeIndex, writeReport } from './report-files.js';

interface ReportOptions {
  readonly runs: string;
  readonly out: string;
  readonly profile?: string;
  readonly preset: string;
}

/** Adds `care report`. */
export function registerReport(program: Command): void {
  program
    .command('report')
    .description('render the reports of records that exist; nothing is trained')
    .argument('[experiments...]', `which: ${EXPERIMENT_NAMES.join(', ')} (default: all)`)
    .option('--runs <folder>', 'where the records are', 'reports/runs')
    .option('--out <folder>', 'where the reports go', 'reports')
    .option(
      '--profile <name>',
      `which runs: ${PROFILE_NAMES.join(', ')} (default: of each experiment the one with most runs)`,
    )
    .option('--preset <name>', `which method settings: ${PRESET_NAMES.join(', ')}`, DEFAULT_PRESET)
    .action(report);
}

async function report(names: readonly string[], options: ReportOptions): Promise<void> {
  const profile = options.profile === undefined ? undefined : parseProfile(options.profile);
  const preset = parsePreset(options.preset);
  const experiments = experimentsNamed(names);
  const out = resolve(options.out);
  prepareFolder(out);
  const records = openStore(options.runs)
    .list()
    .flatMap((entry) => (entry.state === 'finished' ? [entry.record] : []));
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
