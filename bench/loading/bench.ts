/** What preparing a batch costs beside the step that trains on it: whether doing both at once could pay. */
import { loadImages, startEngine } from 'care';
import { imageConfig } from 'care/internal/experiments/images/settings';
import { imageTraining } from 'care/internal/experiments/images/training';
import { median, printHeading, wholeNumber, writeFigures } from '../turns.js';

interface Options {
  readonly steps: string;
  readonly out?: string;
}

const CASES = [
  { architecture: 'small', batch: 64, chunks: 4 },
  { architecture: 'resnet18', batch: 32, chunks: 4 },
] as const;

/** Images to draw from; where they come from does not matter here. */
const IMAGES = 1024;

interface Cost {
  readonly prepare: readonly number[];
  readonly step: readonly number[];
}

async function costOf({ architecture, batch, chunks }: (typeof CASES)[number], steps: number): Promise<Cost> {
  const { config } = imageConfig({
    profile: 'laptop',
    preset: 'paper',
    options: {
      source: 'the benchmark',
      values: {
        'data.limit': IMAGES,
        'model.architecture': architecture,
        'training.batch': batch,
        'training.chunks': chunks,
      },
    },
  });
  const data = await loadImages('generated', 'train', { seed: 0, limit: IMAGES });
  const { program, inputsAt } = imageTraining(config, 'care', data, 'chained');
  const cost = { prepare: [] as number[], step: [] as number[] };
  // The first two fill pools and caches.
  for (let step = 0; step < steps + 2; step++) {
    const startedAt = performance.now();
    const inputs = inputsAt(step);
    const preparedAt = performance.now();
    program.run('step', inputs, []);
    if (step < 2) continue;
    cost.prepare.push((preparedAt - startedAt) / 1000);
    cost.step.push((performance.now() - preparedAt) / 1000);
  }
  program.dispose();
  return cost;
}

/** Prints how long `inputsAt` (order, drawing, packing) takes beside the step itself; nothing is compared with PyTorch. */
export async function benchLoading({ steps, out }: Options): Promise<void> {
  const count = wholeNumber('steps', steps, 2);
  if (startEngine().backend !== 'tensorflow')
    throw new Error('The native library is not there: run `npm run care -- setup`.');
  const costs: Record<string, Cost> = {};
  for (const one of CASES) {
    // A step of a large network takes seconds and varies little.
    costs[one.architecture] = await costOf(one, one.architecture === 'small' ? 10 * count : count);
  }
  printHeading('Preparing a batch (order, drawing, packing) beside the step, 4 views');
  for (const { architecture, batch } of CASES) {
    const { prepare = [], step = [] } = costs[architecture] ?? {};
    const [before, during] = [median(prepare), median(step)];
    const share = ((100 * before) / (before + during)).toFixed(1);
    console.log(
      `  ${architecture.padEnd(9)} batch ${batch}: preparing ${(1000 * before).toFixed(1)} ms, ` +
        `step ${(1000 * during).toFixed(0)} ms: ${share} % at most to be gained`,
    );
  }
  writeFigures(out, costs);
}
