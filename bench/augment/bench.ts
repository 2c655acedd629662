import {
  ourCommand,
  printHeading,
  printRatio,
  printTimes,
  pythonCommand,
  timeInTurns,
  wholeNumber,
  writeFigures,
  type Entrant,
} from '../turns.js';

interface Options {
  readonly rounds: string;
  readonly batches: string;
  readonly threads: string;
  readonly out?: string;
}

/** Views in a batch: two of each of 256 images, on every side. */
const VIEWS = 512;
const MODES = ['chained', 'fast'] as const;

/**
 * Times torchvision in as many processes as we have threads, the chained graph and the free-running graph in turns, and
 * prints `ratio N.NN` (torchvision's median time over ours) for both graphs.
 */
export async function benchAugment({ rounds, batches, threads, out }: Options): Promise<void> {
  const steps = wholeNumber('batches', batches);
  const entrants: Entrant[] = [
    { name: 'torchvision', command: pythonCommand('augment/views.py', [threads]) },
    // So that a turn of each side takes about as long: what else runs on the machine then meets all alike.
    ...MODES.map((name) => ({
      name,
      command: ourCommand('augment/views.js', [name], threads),
      steps: 10 * steps,
    })),
  ];
  const times = await timeInTurns(entrants, { rounds: wholeNumber('rounds', rounds), steps, warmUp: 4 });
  printHeading(`SimCLR views of 32 x 32 images from bytes, ${threads} threads (torchvision: processes)`);
  printTimes(times, (seconds) => `${Math.round(VIEWS / seconds).toLocaleString('en-US')} views/s`);
  for (const name of MODES) printRatio(times, 'torchvision', name);
  writeFigures(out, times);
}
