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
  readonly queries: string;
  readonly bank: string;
  readonly dim: string;
  readonly k: string;
  readonly rounds: string;
  readonly threads: string;
  readonly out?: string;
}

/** Queries of a product in PyTorch: the official code's batch, and about as many as ours. */
const BLOCKS = ['512', '128'] as const;

/**
 * Times the kNN monitor in PyTorch and ours in turns, and prints `ratio N.NN`: the median of PyTorch's faster block size
 * over ours.
 */
export async function benchKnn({ queries, bank, dim, k, rounds, threads, out }: Options): Promise<void> {
  const sizes = Object.entries({ queries, bank, dim, k }).map(([name, text]) =>
    String(wholeNumber(name, text)),
  );
  const theirs: Entrant[] = BLOCKS.map((block) => ({
    name: `PyTorch, blocks of ${block}`,
    command: pythonCommand('knn/step.py', [...sizes, threads, block]),
  }));
  const entrants = [...theirs, { name: 'ours', command: ourCommand('knn/step.js', sizes, threads) }];
  const times = await timeInTurns(entrants, {
    rounds: wholeNumber('rounds', rounds),
    steps: 1,
    warmUp: 1,
  });
  printHeading(
    `kNN of ${queries} queries against ${bank} features of ${dim}, k ${k}, votes included, ${threads} threads`,
  );
  printTimes(times);
  const reference = fastest(
    times,
    theirs.map(({ name }) => name),
  );
  printRatio(times, reference, 'ours');
  writeFigures(out, times);
}
