#!/usr/bin/env node
/** The command line program. Each command is loaded when it is asked for: `care runs list` needs no TensorFlow. */
import { createRequire } from 'node:module';
import { Command } from 'commander';
import { explainError } from '../runs/user-error.js';

type Register = (program: Command) => void;

/** The commands in the order in which help lists them. */
const COMMANDS: Readonly<Record<string, () => Promise<Register>>> = {
  setup: async () => (await import('./setup.js')).registerSetup,
  doctor: async () => (await import('./doctor.js')).registerDoctor,
  train: async () => (await import('./train.js')).registerTrain,
  measure: async () => (await import('./measure.js')).registerMeasure,
  presets: async () => (await import('./presets.js')).registerPresets,
  reproduce: async () => (await import('./reproduce.js')).registerReproduce,
  sweep: async () => (await import('./sweep.js')).registerSweep,
  report: async () => (await import('./report.js')).registerReport,
  data: async () => (await import('./data.js')).registerData,
  runs: async () => (await import('./runs.js')).registerRuns,
  export: async () => (await import('./export.js')).registerExport,
  import: async () => (await import('./import.js')).registerImport,
  notebook: async () => (await import('./notebook.js')).registerNotebook,
  kernel: async () => (await import('./kernel.js')).registerKernel,
};

const EXAMPLES = `
Examples:
  care setup                               bring TensorFlow's native library
  care doctor                              what this machine computes with, and what is missing
  care reproduce protein --profile smoke   a first report in a minute
  care reproduce --plan                    what a reproduction needs, without doing it
  care data list                           which image data are here
  care runs list                           what was trained
  care measure RUN wahba probe             measures of a trained run
`;

function version(): string {
  const manifest = createRequire(import.meta.url)('../../package.json') as { readonly version: string };
  return manifest.version;
}

/** The program with the commands that the arguments can need: the one that is named, or all for help. */
async function programFor(args: readonly string[]): Promise<Command> {
  const program = new Command('care');
  program
    .description('CARE (Gupta et al., ICLR 2024): train, measure, reproduce, report')
    .version(version())
    .showHelpAfterError('(add --help for what there is)')
    .showSuggestionAfterError()
    .addHelpText('after', EXAMPLES);
  const named = args.find((arg) => !arg.startsWith('-'));
  const only = named === undefined ? undefined : COMMANDS[named];
  const wanted = only === undefined ? Object.values(COMMANDS) : [only];
  for (const load of wanted) (await load())(program);
  return program;
}

/**
 * A reader that goes away, as `head` does, ends the printing and nothing else: short commands are done anyway, and a
 * training of hours is not lost with its display.
 */
function outliveReaders(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
    });
  }
}

async function main(): Promise<void> {
  outliveReaders();
  try {
    const program = await programFor(process.argv.slice(2));
    await program.parseAsync(process.argv);
  } catch (error) {
    const { message, hint } = explainError(error);
    console.error(`care: ${message}${hint === null ? '' : `\n${hint}`}`);
    if (process.env.CARE_DEBUG !== undefined) console.error(error);
    process.exitCode = process.exitCode ?? 1;
  }
}

void main();
