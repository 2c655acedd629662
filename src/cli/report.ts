/** `care report`: renders reports from records alone, without training and without the native library. */
import { relative, resolve } from 'node:path';
import type { Command } from 'commander';
import { DEFAULT_PRESET, parsePreset, PRESET_NAMES } from '../runs/presets.js';
import { DEFAULT_PROFILE, parseProfile, PROFILE_NAMES } from '../runs/profiles.js';
import { notebookPath, prepareFolder, writeReport } from './report-files.js';

interface ReportOptions {
  readonly runs: string;
  readonly out: string;
  readonly profile: string;
  readonly preset: string;
}

/** Adds `care report`. */
export function registerReport(program: Command): void {
  program
    .command('report')
    .description('render the reports of records that exist; nothing is trained')
    .option('--runs <folder>', 'where the records are', 'reports/runs')
    .option('--out <folder>', 'where the reports go', 'reports')
    .option('--profile <name>', `which runs: ${PROFILE_NAMES.join(', ')}`, DEFAULT_PROFILE)
    .option('--preset <name>', `which method settings: ${PRESET_NAMES.join(', ')}`, DEFAULT_PRESET)
    .action(async (options: ReportOptions) => {
      const profile = parseProfile(options.profile);
      const preset = parsePreset(options.preset);
      const out = resolve(options.out);
      prepareFolder(out);
      const report = await writeReport({
        name: 'protein',
        out,
        parameters: {
          profile,
          preset,
          runs: notebookPath(options.runs),
          train: 'false',
        },
      });
      console.log(`Report: ${relative('.', report.html)}`);
    });
}
