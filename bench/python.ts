/** PyTorch for comparisons: a virtual environment in the cache folder, made when it is missing. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder } from 'care/internal/tensorflow/setup/library';

/** Version that the reference step was written for. */
const TORCH = 'torch==2.15.0';

/** The Python of the bench's virtual environment. `CARE_BENCH_PYTHON` names one that is there already. */
export function benchPython(): string {
  const given = process.env.CARE_BENCH_PYTHON;
  if (given !== undefined) return given;
  const folder = join(cacheFolder(), 'bench-venv');
  const python = join(folder, 'bin', 'python');
  const done = join(folder, `.ready-${TORCH}`);
  if (existsSync(done)) return python;
  console.error(`Making a virtual environment with ${TORCH} and NumPy in ${folder} (once; some minutes) ...`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const run = (command: string, ...args: string[]) =>
    execFileSync(command, args, { stdio: ['ignore', 2, 'inherit'] });
  run('python3', '-m', 'venv', folder);
  run(python, '-m', 'pip', 'install', '--quiet', TORCH, 'numpy');
  writeFileSync(done, '');
  return python;
}
