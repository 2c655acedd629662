import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
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
  readonly batch?: string;
  readonly rounds: string;
  readonly steps: string;
  readonly threads: string;
  readonly fast?: boolean;
  readonly shards?: string;
  readonly out?: string;
}

/** Images of a view where nothing else is said, by network. */
const BATCHES: Readonly<Record<string, number>> = { resnet18: 32, resnet50: 16 };
const LAYOUTS = ['contiguous', 'channels_last'] as const;

/** The step in several processes, where it is built. */
const SHARDED = 'resnet/sharded-step.js';

function shardedEntrants(depth: string, batch: string, shards: string | undefined): readonly Entrant[] {
  if (shards === undefined) return [];
  if (!existsSync(fileURLToPath(new URL(`../${SHARDED}`, import.meta.url)))) {
    throw new Error('The step in shards is not part of this build; leave --shards out.');
  }
  const count = wholeNumber('shards', shards, 2);
  return [{ name: `${count} shards`, command: ourCommand(SHARDED, [depth, batch, String(count)], '1') }];
}

/**
 * Times one training step of a ResNet in PyTorch, with both memory layouts, and ours in turns, and prints `ratio N.NN`:
 * the median of PyTorch's faster layout over ours.
 */
export async function benchStep(network: string, options: Options): Promise<void> {
  const standard = BATCHES[network];
  if (standard === undefined) {
    throw new Error(`There is no step of "${network}"; choose from ${Object.keys(BATCHES).join(', ')}.`);
  }
  const { rounds, steps, threads, out } = options;
  const batch = String(wholeNumber('batch', options.batch ?? String(standard), 8));
  const depth = network.replace('resnet', '');
  const modes = ['chained', ...(options.fast === true ? ['fast'] : [])];
  const ours: Entrant[] = [
    ...modes.map((name) => ({ name, command: ourCommand('resnet/step.js', [depth, batch, name], threads) })),
    ...shardedEntrants(depth, batch, options.shards),
  ];
  const theirs = LAYOUTS.map((layout) => ({
    name: `PyTorch ${layout}`,
    command: pythonCommand('resnet/step.py', [depth, batch, threads, layout]),
  }));
  const times = await timeInTurns([...theirs, ...ours], {
    rounds: wholeNumber('rounds', rounds),
    steps: wholeNumber('steps', steps),
    warmUp: 2,
  });
  printHeading(
    `${network} step, CIFAR stem, batch ${batch}, 4 views, InfoNCE + L_equi, Adam, ${threads} threads`,
  );
  printTimes(times);
  const reference = fastest(
    times,
    theirs.map(({ name }) => name),
  );
  for (const { name } of ours) printRatio(times, reference, name);
  writeFigures(out, times);
}
