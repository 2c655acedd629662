import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { benchPython } from '../python.js';
import { median, startSide, type Side } from '../worker-process.js';

interface Options {
  readonly rounds: string;
  readonly steps: string;
  readonly threads: string;
  readonly out?: string;
}

/** Steps before timing begins: memory pools and caches fill. */
const WARM_UP = 4;

/**
 * Times the step of PyTorch, of the chained graph and of the free-running graph in turns, and prints
 * `ratio N.NN` (PyTorch's median over ours) for both.
 */
export async function benchDeepSet({ rounds, steps, threads, out }: Options): Promise<void> {
  const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
  const ours = (mode: string) =>
    startSide(mode, process.execPath, [here('./step.js'), mode], {
      TF_NUM_INTRAOP_THREADS: threads,
      TF_ENABLE_ONEDNN_OPTS: '1',
    });
  // Python sources stand beside the TypeScript ones, not in the build.
  const reference = here('../../../bench/deepset/step.py');
  const sides: Side[] = [
    await startSide('PyTorch', benchPython(), [reference, threads]),
    await ours('chained'),
    await ours('fast'),
  ];
  const times = new Map<string, number[]>(sides.map(({ name }) => [name, []]));
  for (const side of sides) await side.steps(WARM_UP);
  for (let round = 0; round < Number(rounds); round++) {
    for (const side of sides) times.get(side.name)?.push(...(await side.steps(Number(steps))));
    process.stderr.write(`round ${round + 1}/${rounds}\r`);
  }
  sides.forEach((side) => side.stop());

  const [processor] = cpus();
  console.log(`DeepSet step, 128 clouds x 256 points, 4 views, InfoNCE + L_equi, Adam, ${threads} threads`);
  console.log(
    `on ${processor?.model.trim() ?? 'an unknown processor'}, ${Number(rounds) * Number(steps)} steps a side in ${rounds} turns`,
  );
  const medians = new Map(sides.map(({ name }) => [name, median(times.get(name) ?? [])]));
  const baseline = medians.get('PyTorch') ?? NaN;
  for (const [name, seconds] of medians) {
    const all = times.get(name) ?? [];
    console.log(
      `  ${name.padEnd(8)} median ${(1000 * seconds).toFixed(0)} ms, fastest ${(1000 * Math.min(...all)).toFixed(0)} ms`,
    );
  }
  for (const name of ['chained', 'fast']) {
    console.log(`ratio ${(baseline / (medians.get(name) ?? NaN)).toFixed(2)}  (PyTorch / ${name})`);
  }
  if (out !== undefined) writeFileSync(out, `${JSON.stringify(Object.fromEntries(times))}\n`);
}
