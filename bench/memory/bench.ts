import {
  ourCommand,
  printHeading,
  pythonCommand,
  wholeNumber,
  withSides,
  writeFigures,
  type Entrant,
} from '../turns.js';

interface Options {
  readonly batch: string;
  readonly steps: string;
  readonly threads: string;
  readonly out?: string;
}

/** Peak resident memory of a process after some steps, in bytes; one process at a time. */
function peakOf(entrant: Entrant, steps: number): Promise<number> {
  return withSides([entrant], async ([side]) => {
    await side?.steps(steps);
    const [bytes] = (await side?.ask('memory')) ?? [];
    return bytes ?? NaN;
  });
}

/**
 * Compares the peak resident memory of the ResNet-18 step with PyTorch's, and prints `ratio N.NN`: ours over that of
 * PyTorch's more frugal layout, so that lower is better.
 */
export async function benchMemory({ batch, steps, threads, out }: Options): Promise<void> {
  const images = String(wholeNumber('batch', batch, 8));
  const count = wholeNumber('steps', steps);
  const theirs = ['contiguous', 'channels_last'].map((layout) => ({
    name: `PyTorch ${layout}`,
    command: pythonCommand('resnet/step.py', ['18', images, threads, layout]),
  }));
  const ours = { name: 'chained', command: ourCommand('resnet/step.js', ['18', images, 'chained'], threads) };
  const peaks: Record<string, number> = {};
  for (const entrant of [...theirs, ours]) peaks[entrant.name] = await peakOf(entrant, count);
  printHeading(`Peak resident memory of the resnet18 step, batch ${images}, 4 views, after ${count} steps`);
  for (const [name, bytes] of Object.entries(peaks)) {
    console.log(`  ${name.padEnd(22)} ${(bytes / 2 ** 30).toFixed(2)} GiB`);
  }
  const least = Math.min(...theirs.map(({ name }) => peaks[name] ?? NaN));
  console.log(
    `ratio ${((peaks[ours.name] ?? NaN) / least).toFixed(2)}  (ours / PyTorch's more frugal layout; lower is better)`,
  );
  writeFigures(out, peaks);
}
