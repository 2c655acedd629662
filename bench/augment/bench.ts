import { writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import { benchPython } from '../python.js';
import { median, startSide, type Side } from '../worker-process.js';

interface Options {
  readonly rounds: string;
  readonly batches: string;
  readonly threads: string;
  readonly out?: string;
}

/** Views in a batch: two of each of 256 images, on every side. */
const VIEWS = 512;
/** Batches before timing begins: memory pools and caches fill. */
const WARM_UP = 4;

/**
 * Times torchvision in as many processes as we have threads, the chained graph and the free-running graph in turns, and
 * prints `ratio N.NN` (torchvision's median time over ours) for both graphs.
 */
export async function benchAugment({ rounds, batches, threads, out }: Options): Promise<void> {
  const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
  const ours = (mode: string) =>
    startSide(mode, process.execPath, [here('./views.js'), mode], {
      TF_NUM_INTRAOP_THREADS: threads,
      TF_ENABLE_ONEDNN_OPTS: '1',
    });
  // Python sources stand beside the TypeScript ones, not in the build.
  const reference = here('../../../bench/augment/views.py');
  const sides: Side[] = [
    await startSide('torchvision', benchPython(), [reference, threads]),
    await ours('chained'),
    await ours('fast'),
  ];
  const times = new Map<string, number[]>(sides.map(({ name }) => [name, []]));
  for (const side of sides) await side.steps(WARM_UP);
  for (let round = 0; round < Number(rounds); round++) {
    for (const side of sides) {
      // So that a turn of each side takes about as long: what else runs on the machine then meets all alike.
      const count = Number(batches) * (side.name === 'torchvision' ? 1 : 10);
      times.get(side.name)?.push(...(await side.steps(count)));
    }
    process.stderr.write(`round ${round + 1}/${rounds}\r`);
  }
  sides.forEach((side) => side.stop());

  const [processor] = cpus();
  const load = loadavg()[0]?.toFixed(1) ?? 'unknown';
  console.log(`SimCLR views of 32 x 32 images from bytes, ${threads} threads (torchvision: processes)`);
  console.log(
    `on ${processor?.model.trim() ?? 'an unknown processor'}, load ${load}, ${rounds} turns a side`,
  );
  const of = (name: string) => times.get(name) ?? [];
  for (const { name } of sides) {
    const rate = (seconds: number) => Math.round(VIEWS / seconds).toLocaleString('en-US');
    console.log(
      `  ${name.padEnd(12)} median ${rate(median(of(name)))} views/s, fastest ${rate(Math.min(...of(name)))} views/s`,
    );
  }
  for (const name of ['chained', 'fast']) {
    const ratio = median(of('torchvision')) / median(of(name));
    const fastest = Math.min(...of('torchvision')) / Math.min(...of(name));
    console.log(
      `ratio ${ratio.toFixed(2)}  (torchvision / ${name}; fastest over fastest ${fastest.toFixed(2)})`,
    );
  }
  if (out !== undefined) writeFileSync(out, `${JSON.stringify(Object.fromEntries(times))}\n`);
}
