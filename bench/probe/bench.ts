import {
  fastest,
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
  readonly rows: string;
  readonly dim: string;
  readonly classes: string;
  readonly epochs: string;
  readonly batch: string;
  readonly rounds: string;
  readonly threads: string;
  readonly out?: string;
}

/** Ways in which PyTorch's Adam can go over its parameters; the reference is whichever is faster. */
const WAYS = ['foreach', 'fused'] as const;

/**
 * Times a linear probe of one classifier, compiling and classifying included, in PyTorch and ours in turns, and prints
 * `ratio N.NN`: the median of PyTorch's faster way over ours.
 */
export async function benchProbe(options: Options): Promise<void> {
  const { rows, dim, classes, epochs, batch, rounds, threads, out } = options;
  const sizes = Object.entries({ rows, dim, classes, epochs, batch }).map(([name, text]) =>
    String(wholeNumber(name, text)),
  );
  const theirs: Entrant[] = WAYS.map((way) => ({
    name: `PyTorch ${way}`,
    command: pythonCommand('probe/step.py', [...sizes, threads, way]),
  }));
  const entrants = [...theirs, { name: 'ours', command: ourCommand('probe/step.js', sizes, threads) }];
  const times = await timeInTurns(entrants, { rounds: wholeNumber('rounds', rounds), steps: 1, warmUp: 1 });
  printHeading(
    `linear probe on ${rows} features of ${dim}, ${epochs} epochs, batch ${batch}, Adam, ${threads} threads`,
  );
  printTimes(times);
  const reference = fastest(
    times,
    theirs.map(({ name }) => name),
  );
  printRatio(times, reference, 'ours');
  writeFigures(out, times);
}
