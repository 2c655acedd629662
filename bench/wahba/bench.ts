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
  readonly trials: string;
  readonly rounds: string;
  readonly threads: string;
  readonly out?: string;
}

/** What NumPy computes in; the reference is whichever is faster. */
const TYPES = ['float32', 'float64'] as const;

/**
 * Times Wahba's error in NumPy and SciPy and ours in turns, and prints `ratio N.NN`: the median of NumPy's faster number
 * type over ours.
 */
export async function benchWahba({ rows, dim, trials, rounds, threads, out }: Options): Promise<void> {
  const sizes = Object.entries({ rows, dim, trials }).map(([name, text]) => String(wholeNumber(name, text)));
  const theirs: Entrant[] = TYPES.map((type) => ({
    name: `NumPy ${type}`,
    command: pythonCommand('wahba/step.py', [...sizes, threads, type]),
  }));
  const entrants = [...theirs, { name: 'ours', command: ourCommand('wahba/step.js', sizes, threads) }];
  const times = await timeInTurns(entrants, {
    rounds: wholeNumber('rounds', rounds),
    steps: 1,
    warmUp: 1,
  });
  printHeading(`Wahba's error of ${trials} trials, ${rows} embeddings of ${dim}, ${threads} threads`);
  printTimes(times);
  const reference = fastest(
    times,
    theirs.map(({ name }) => name),
  );
  printRatio(times, reference, 'ours');
  writeFigures(out, times);
}
