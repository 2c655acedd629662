/** PyTorch for comparisons: a virtual environment in the cache folder, made when it is missing. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder } from 'care/internal/tensorflow/setup/library';

/** What the reference programs import: the torch they were written for, and the torchvision that pip finds to go with it. */
const PACKAGES = ['torch==2.15.0', 'torchvision', 'pillow', 'numpy', 'scipy'];

/** The Python of the bench's virtual environment. `CARE_BENCH_PYTHON` names one that is there already. */
export function benchPython(): string {
  const given = process.env.CARE_BENCH_PYTHON;
  if (given !== undefined) return given;
  const folder = join(cacheFolder(), 'bench-venv');
  const python = join(folder, 'bin', 'python');
  const done = join(folder, `.ready-${PACKAGES.join('-')}`);
  if (existsSync(done)) return python;
  console.error(
    `Putting ${PACKAGES.join(', ')} into a virtual environment in ${folder} (once; some minutes) ...`,
  );
  mkdirSync(folder, { recursive: true });
  const run = (command: string, ...args: string[]) =>
    execFileSync(command, args, { stdio: ['ignore', 2, 'inherit'] });
  // Both leave alone what is there already, and finish what was interrupted.
  run('python3', '-m', 'venv', folder);
  run(python, '-m', 'pip', 'install', '--quiet', ...PACKAGES);
  writeFileSync(done, '');
  return python;
}
