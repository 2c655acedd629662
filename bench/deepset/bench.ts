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
  readonly steps: string;
  readonly threads: string;
  readonly out?: string;
}

const MODES = ['chained', 'fast'] as const;

/**
 * Times the step of PyTorch, of the chained graph and of the free-running graph in turns, and prints
 * `ratio N.NN` (PyTorch's median over ours) for both.
 */
export async function benchDeepSet({ rounds, steps, threads, out }: Options): Promise<void> {
  const entrants: Entrant[] = [
    { name: 'PyTorch', command: pythonCommand('deepset/step.py', [threads]) },
    ...MODES.map((name) => ({ name, command: ourCommand('deepset/step.js', [name], threads) })),
  ];
  const times = await timeInTurns(entrants, {
    rounds: wholeNumber('rounds', rounds),
    steps: wholeNumber('steps', steps),
    warmUp: 4,
  });
  printHeading(`DeepSet step, 128 clouds x 256 points, 4 views, InfoNCE + L_equi, Adam, ${threads} threads`);
  printTimes(times);
  for (const name of MODES) printRatio(times, 'PyTorch', name);
  writeFigures(out, times);
}
