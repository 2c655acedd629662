import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { findDataDir } from 'care/internal/data/data-dir';
import {
  fastest,
  ourCommand,
  printHeading,
  printRatio,
  printTimes,
  pythonCommand,
  timeInTurns,
  wholeNumber,
  withSides,
  writeFigures,
  type Entrant,
} from '../turns.js';

interface Options {
  readonly rounds: string;
  readonly threads: string;
  readonly workers: string;
  readonly layout?: string;
  readonly fast?: boolean;
  readonly out?: string;
}

const LAYOUTS = ['contiguous', 'channels_last'] as const;

/** The data folder and CIFAR-10 in it; undefined where it is not there. */
function findCifar(): { readonly dataDir: string; readonly cifar: string } | undefined {
  const dataDir = findDataDir();
  if (dataDir === undefined) return undefined;
  const cifar = join(dataDir, 'cifar-10-batches-bin');
  return existsSync(join(cifar, 'data_batch_1.bin')) ? { dataDir, cifar } : undefined;
}

/** Both sides must train the same network. */
async function checkSameSize(entrants: readonly Entrant[]): Promise<number> {
  const counts = await withSides(entrants, (sides) =>
    Promise.all(sides.map(async (side) => (await side.ask('parameters'))[0] ?? NaN)),
  );
  if (new Set(counts).size !== 1)
    throw new Error(`The sides train different networks: ${counts.join(', ')}.`);
  return counts[0] ?? NaN;
}

/**
 * Times one epoch of CARE on CIFAR-10 from the files to the checkpoint, in PyTorch with its DataLoader and as
 * `care train` runs it, in turns, and prints `ratio N.NN`: the median of PyTorch's faster layout over ours. The start of
 * the processes is left out on both sides; reading the data and, with us, recording the graph are in.
 */
export async function benchEpoch({ rounds, threads, workers, layout, fast, out }: Options): Promise<void> {
  const found = findCifar();
  if (found === undefined) {
    console.log(
      'Skipped: CIFAR-10 (cifar-10-batches-bin/) is in no data folder; set CARE_DATA_DIR to the folder above it.',
    );
    return;
  }
  const theirs: Entrant[] = LAYOUTS.filter((name) => layout === undefined || name === layout).map((name) => ({
    name: `PyTorch ${name}`,
    command: pythonCommand('epoch/epoch.py', [found.cifar, threads, workers, name]),
  }));
  if (theirs.length === 0) throw new Error(`--layout is ${layout}; give ${LAYOUTS.join(' or ')}.`);
  const ours: Entrant[] = ['chained', ...(fast === true ? ['fast'] : [])].map((name) => ({
    name,
    command: ourCommand('epoch/epoch.js', [found.dataDir, name], threads),
  }));
  const entrants = [...theirs, ...ours];
  const parameters = await checkSameSize(entrants);
  const times = await timeInTurns(entrants, {
    rounds: wholeNumber('rounds', rounds),
    steps: 1,
    warmUp: 0,
  });
  printHeading(
    `One epoch of CARE on CIFAR-10 from files to checkpoint, ${parameters.toLocaleString('en-US')} parameters, batch 64, ` +
      `4 views, ${threads} threads, ${workers} workers of the DataLoader`,
  );
  printTimes(times);
  const reference = fastest(
    times,
    theirs.map(({ name }) => name),
  );
  for (const { name } of ours) printRatio(times, reference, name);
  writeFigures(out, times);
}
