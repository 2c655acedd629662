/** `care notebook`: runs, checks and clears notebooks. */
import { renameSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { InvalidArgumentError, type Command } from 'commander';
import { checkNotebookCells, formatDiagnostic } from '../notebook/check-cells.js';
import { clearNotebook, formatNotebook, readNotebook, type Notebook } from '../notebook/nbformat.js';
import { describeFailure, runNotebook, type NotebookEvent } from '../notebook/run-notebook.js';
import { makeFolder } from '../tensorflow/setup/folders.js';

interface RunOptions {
  readonly parameter: Readonly<Record<string, string>>;
  readonly output?: string;
  readonly timeout?: number;
}

/** Adds `care notebook run|check|clear`. */
export function registerNotebook(program: Command): void {
  const notebook = program
    .command('notebook')
    .description('run, check and clear notebooks (no Python needed)');

  notebook
    .command('run')
    .description('execute a notebook and save it with its outputs')
    .argument('<file>', 'the notebook')
    .option(
      '-p, --parameter <key=value>',
      'set a variable of the cell tagged "parameters", or a setting: -p training.lambda=0.03 (repeatable)',
      addParameter,
      {},
    )
    .option('-o, --output <file>', 'where to save it (default: nowhere, the outputs are only shown)')
    .option('--timeout <seconds>', 'limit for one cell', positiveNumber)
    .action(runCommand);

  notebook
    .command('check')
    .description('strict type check of all code cells')
    .argument('<files...>', 'notebooks')
    .action((files: string[]) => {
      const found = checkNotebookCells(files);
      for (const diagnostic of found) console.error(formatDiagnostic(diagnostic));
      if (found.length > 0) process.exitCode = 1;
      else
        console.log(`${files.length} notebook${files.length === 1 ? '' : 's'} checked, nothing to report.`);
    });

  notebook
    .command('clear')
    .description('remove outputs and execution counts')
    .argument('<files...>', 'notebooks')
    .option('--check', 'change nothing, fail when a notebook has outputs')
    .action((files: string[], { check }: { readonly check?: true }) => clearCommand(files, check === true));
}

async function runCommand(file: string, options: RunOptions): Promise<void> {
  const stop = new AbortController();
  const onSignal = (): void => stop.abort();
  process.once('SIGINT', onSignal);
  process.once('SIGTERM', onSignal);
  try {
    const { notebook, failure, seconds } = await runNotebook(file, {
      parameters: options.parameter,
      ...(options.timeout === undefined ? {} : { timeoutSeconds: options.timeout }),
      onProgress: printEvent,
      signal: stop.signal,
    });
    // Also after a failure: the saved notebook shows where it stopped.
    if (options.output !== undefined) saveNotebook(notebook, options.output);
    if (!failure) {
      console.error(`Ran ${file} in ${seconds.toFixed(1)} s.`);
      return;
    }
    console.error(failure.traceback.join('\n'));
    console.error(`${file} failed in ${describeFailure(failure)}`);
    if (failure.traceback.some((line) => line.includes("Cannot find module 'care'")))
      console.error(
        'A notebook finds the package where it lies: keep it in the checkout, in notebooks/ or beside it.',
      );
    process.exitCode = failure.kind === 'interrupted' ? 130 : 1;
  } finally {
    process.removeListener('SIGINT', onSignal);
    process.removeListener('SIGTERM', onSignal);
  }
}

/** What the cells print goes to stdout, everything about the run to stderr. */
function printEvent(event: NotebookEvent): void {
  switch (event.type) {
    case 'cell-started':
      console.error(`[${event.cell ?? 'parameters'}/${event.cells}] ${event.firstLine}`);
      return;
    case 'stream':
      (event.name === 'stdout' ? process.stdout : process.stderr).write(event.text);
      return;
    case 'display':
      if (event.text !== '') console.log(event.text);
      return;
    case 'cell-finished':
      if (event.seconds >= 1) console.error(`    ${event.status}, ${event.seconds.toFixed(1)} s`);
  }
}

function clearCommand(files: readonly string[], check: boolean): void {
  for (const file of files) {
    const notebook = readNotebook(file);
    const after = formatNotebook(clearNotebook(notebook));
    // Layout alone is no reason to fail, or to touch the file.
    if (formatNotebook(notebook) === after) continue;
    if (check) {
      console.error(`${file} has outputs: clear them with \`care notebook clear ${file}\``);
      process.exitCode = 1;
    } else {
      saveNotebook(clearNotebook(notebook), file);
      console.log(`Cleared ${file}`);
    }
  }
}

/** Written aside and renamed: a full disk or a stop in between leaves the old file as it was. */
function saveNotebook(notebook: Notebook, path: string): void {
  const target = resolve(path);
  const aside = `${target}.${process.pid}.tmp`;
  try {
    makeFolder(dirname(target));
    writeFileSync(aside, formatNotebook(notebook));
    renameSync(aside, target);
  } catch (error) {
    throw new Error(
      `cannot save the notebook as ${path}: ${error instanceof Error ? error.message : String(error)}`,
      {
        cause: error,
      },
    );
  }
}

function addParameter(
  text: string,
  earlier: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const at = text.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('Expected key=value, e.g. -p profile=smoke.');
  return { ...earlier, [text.slice(0, at)]: text.slice(at + 1) };
}

function positiveNumber(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value <= 0)
    throw new InvalidArgumentError('Expected a number of seconds above zero.');
  return value;
}
