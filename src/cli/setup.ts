/** `care setup`: brings TensorFlow's native library and builds the binding for it. */
import cliProgress from 'cli-progress';
import { type Command, Option } from 'commander';

import { SetupError } from '../tensorflow/setup/error.js';
import type { Reporter, Work } from '../tensorflow/setup/reporter.js';
import { libraryInPlace, setUp, type SetupResult } from '../tensorflow/setup/setup.js';
import type { Variant } from '../tensorflow/setup/wheels.js';
import { wrapped } from './text-table.js';

interface SetupFlags {
  readonly gpu?: boolean;
  readonly cpu?: boolean;
  readonly force?: boolean;
  readonly strict?: boolean;
}

const WIDTH = 80;

const GPU_NOTICE =
  'The GPU library is set up. GPU execution has not been verified on real hardware by this project: check it with ' +
  '`care doctor`, which says which device computes, before you trust a number or a time.';

/** Adds `care setup` to the command line. */
export function registerSetup(program: Command): void {
  program
    .command('setup')
    .description(
      "bring TensorFlow's native library (pinned by hash, kept in a cache folder) and build its binding",
    )
    .addOption(
      new Option(
        '--gpu',
        'the library with GPU support and the CUDA libraries that it needs (several GB; unverified)',
      ).conflicts('cpu'),
    )
    .option('--cpu', 'back to the library without GPU support')
    .option('--force', 'fetch and build anew although all is there')
    .option('--strict', 'exit with status 1, not with a warning, if there can be no native library')
    .addHelpText(
      'after',
      '\nEnvironment:\n  CARE_CACHE_DIR       folder for the library (default: XDG_CACHE_HOME/care,\n' +
        '                       else ~/.cache/care)\n' +
        '  CARE_TENSORFLOW_DIR  a library that is already there: libtensorflow_cc.so.2,\n' +
        '                       libtensorflow_framework.so.2 and include/\n  CXX                  the C++ compiler',
    )
    .action(async (flags: SetupFlags) => {
      process.exitCode = await runSetup(flags);
    });
}

/** Runs the set-up and returns the exit status. */
async function runSetup(flags: SetupFlags): Promise<number> {
  try {
    const variant = chosenVariant(flags);
    const result = await setUp({
      ...(variant && { variant }),
      force: flags.force ?? false,
      reporter: terminalReporter(),
    });
    process.stdout.write(`${summary(result)}\n`);
    if (result.library.kind === 'gpu' && result.made.length > 0) process.stdout.write(`${GPU_NOTICE}\n`);
    return 0;
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    process.stderr.write(warning(error, flags.strict ?? false));
    return flags.strict ? 1 : 0;
  }
}

function chosenVariant({ gpu, cpu }: SetupFlags): Variant | undefined {
  if (gpu) return 'gpu';
  return cpu ? 'cpu' : undefined;
}

function summary({ library, tensorflow, made }: SetupResult): string {
  const what = library.kind === 'own' ? 'from CARE_TENSORFLOW_DIR' : library.kind.toUpperCase();
  const state = made.length === 0 ? 'is ready' : 'is set up';
  return `TensorFlow ${tensorflow} (${what}) ${state}: ${library.folder}`;
}

function warning({ message, hint }: SetupError, strict: boolean): string {
  const bar = '='.repeat(WIDTH);
  // Output of other programs is indented and stays as it is.
  const text = message.split('\n').map((line) => (line.startsWith('    ') ? line : wrapped(line, '', WIDTH)));
  const effect =
    libraryInPlace() === null
      ? 'Until then everything runs on plain TensorFlow.js, some hundred times slower.'
      : 'Until then the library that was set up before stays in use.';
  return [
    bar,
    `${strict ? 'ERROR' : 'WARNING'}: the set-up of TensorFlow's native library failed.`,
    '',
    ...text,
    '',
    wrapped(`What to do: ${hint}`, '', WIDTH),
    wrapped(effect, '', WIDTH),
    bar,
    '',
  ].join('\n');
}

/** Bars on a terminal, else one line at the beginning of each piece of work and one a quarter. */
export function terminalReporter(stream: NodeJS.WriteStream = process.stderr): Reporter {
  return {
    note: (line) => void stream.write(`${line}\n`),
    begin: (title, total) => (stream.isTTY ? bar(stream, title, total) : lines(stream, title, total)),
  };
}

function bar(stream: NodeJS.WriteStream, title: string, total: number | null): Work {
  const progress = total === null ? '{done}' : '[{bar}] {percentage}% of {size}';
  const display = new cliProgress.SingleBar({
    stream,
    format: `${title.slice(0, 40).padEnd(40)} ${progress}`,
    barsize: 15,
    // An interrupted program could not bring the cursor and line wrapping back.
    hideCursor: false,
    linewrap: true,
    clearOnComplete: false,
  });
  // Without a known size the bar itself is not shown, only the count.
  display.start(total ?? Number.MAX_SAFE_INTEGER, 0, { done: '0 MB', size: megabytes(total ?? 0) });
  return {
    update: (bytes) => display.update(bytes, { done: megabytes(bytes) }),
    end: () => display.stop(),
  };
}

function lines(stream: NodeJS.WriteStream, title: string, total: number | null): Work {
  stream.write(`${title}${total === null ? '' : ` (${megabytes(total)})`} ...\n`);
  let quarter = 0;
  return {
    update: (bytes) => {
      const now = total === null ? 0 : Math.floor((4 * bytes) / total);
      if (now > quarter && now < 4) stream.write(`  ${25 * now}%\n`);
      quarter = Math.max(quarter, now);
    },
    end: () => undefined,
  };
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1e6)} MB`;
}
