import { spawnSync } from 'node:child_process';
import { expect } from 'vitest';

/** Vectors of this processor, and the shorter ones that other processors have: work is divided differently for each. */
const VECTORS = [{}, { ONEDNN_MAX_CPU_ISA: 'AVX2' }];

/**
 * Expects the same bits with one thread and with many, for each kind of vectors. `body` runs in a process of its own with `tf` and `values(count, a)`,
 * numbers between -1 and 1 without a pattern, at hand, and with `load(module)` for modules of the built package; it gives the tensors to compare.
 */
export function expectSameBitsByThreads(body: string): void {
  for (const vectors of VECTORS) {
    const outputs = ['1', '2', '5'].map((threads) =>
      run(body, { ...vectors, TF_NUM_INTRAOP_THREADS: threads }),
    );
    expect(new Set(outputs).size).toBe(1);
  }
}

/** Expects that `body`, on a processor held to AVX2 and with more threads than it has parts of some work, gives tensors that differ pairwise by less than the tolerance. */
export function expectCloseOnAvx2(body: string, tolerance: number): void {
  const compared = `
    const pairs = await (async () => { ${body} })();
    const worst = pairs.map(([a, b]) => tf.max(tf.abs(tf.sub(a, b))).dataSync()[0] / tf.max(tf.abs(b)).dataSync()[0]);
    if (pairs.length === 0 || !worst.every((w) => w < ${tolerance})) throw new Error(worst.join(', '));
    return pairs.map(([a]) => a);`;
  run(compared, { ONEDNN_MAX_CPU_ISA: 'AVX2', TF_NUM_INTRAOP_THREADS: '5' });
}

/** Runs it in a process of its own; gives the number of tensors and the hash of their bits. */
function run(body: string, env: NodeJS.ProcessEnv): string {
  const script = `
    import { createHash } from 'node:crypto';
    const load = (module) => import('./dist/tensorflow/' + module + '.js');
    const tf = await load('tf');
    (await load('engine')).startEngine();
    const values = (count, a) => Float32Array.from({ length: count }, (_, i) => ((Math.sin(a + i) * 43758.5453) % 1));
    const tensors = await (async () => { ${body} })();
    const hash = createHash('sha256');
    for (const tensor of tensors) hash.update(Buffer.from(tensor.dataSync().buffer));
    console.log(tensors.length, hash.digest('hex'));`;
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    encoding: 'utf8',
    env: { ...process.env, ...env },
  });
  expect(stderr).toBe('');
  expect(stdout).toMatch(/^[1-9]\d* [0-9a-f]{64}\n$/);
  return stdout;
}
