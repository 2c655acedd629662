import {
  median,
  ourCommand,
  printHeading,
  printTimes,
  timeInTurns,
  wholeNumber,
  writeFigures,
} from '../turns.js';
import { PARTS } from './program.js';

interface Options {
  readonly batch: string;
  readonly queue: string;
  readonly rounds: string;
  readonly steps: string;
  readonly threads: string;
  readonly out?: string;
}

/** Networks by name. */
const DEPTHS: Readonly<Record<string, string>> = { resnet18: '18', resnet50: '50' };

/**
 * Times MoCo's step, its queries' forward and backward pass, and a forward pass, in turns, and prints `ratio N.NN`: the
 * step's median over the sum of the other two. What is above 1 is optimizer, momentum update and queue.
 */
export async function benchMoco(network: string, options: Options): Promise<void> {
  const depth = DEPTHS[network];
  if (depth === undefined) {
    throw new Error(`There is no step of "${network}"; choose from ${Object.keys(DEPTHS).join(', ')}.`);
  }
  const batch = wholeNumber('batch', options.batch, 2);
  const queue = wholeNumber('queue', options.queue, batch);
  const { threads, out } = options;
  const times = await timeInTurns(
    PARTS.map((name) => ({
      name,
      command: ourCommand('moco/step.js', [name, depth, String(batch), String(queue)], threads),
    })),
    { rounds: wholeNumber('rounds', options.rounds), steps: wholeNumber('steps', options.steps), warmUp: 2 },
  );
  printHeading(
    `MoCo's step on ${network}, CIFAR stem, batch ${batch}, queue ${queue}, Adam, ${threads} threads`,
  );
  printTimes(times);
  const of = (summary: (values: readonly number[]) => number) => {
    const [step, both, forward] = PARTS.map((name) => summary(times[name] ?? []));
    return (step ?? NaN) / ((both ?? NaN) + (forward ?? NaN));
  };
  const fastest = of((values) => Math.min(...values));
  console.log(
    `ratio ${of(median).toFixed(2)}  (step / (forward-backward + forward); of fastest ${fastest.toFixed(2)}; at most 1.1 is asked)`,
  );
  writeFigures(out, times);
}
