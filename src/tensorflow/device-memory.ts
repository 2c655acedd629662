/** Memory of a GPU, which TensorFlow's C interface does not tell. */
import { execFileSync } from 'node:child_process';

const MIB = 2 ** 20;

/**
 * Bytes that a process holds on all GPUs together, of what `nvidia-smi --query-compute-apps=pid,used_memory
 * --format=csv,noheader,nounits` printed; undefined where the process is not listed or its memory not told, as in
 * containers with process ids of their own.
 */
export function memoryOfProcess(listing: string, pid: number): number | undefined {
  const own = listing
    .split('\n')
    .map((line) => line.split(',').map((part) => part.trim()))
    .filter(([id]) => id === String(pid))
    .map(([, memory]) => Number(memory || NaN));
  const total = own.reduce((sum, mebibytes) => sum + mebibytes, 0);
  return own.length > 0 && Number.isFinite(total) ? total * MIB : undefined;
}

/**
 * Bytes that this process holds on the GPU, undefined where that cannot be found out. TensorFlow's memory grows as it is
 * needed and is not given back, so late in a process this is the peak.
 */
export function deviceMemoryBytes(): number | undefined {
  const query = ['--query-compute-apps=pid,used_memory', '--format=csv,noheader,nounits'];
  try {
    const listing = execFileSync('nvidia-smi', query, {
      encoding: 'utf8',
      timeout: 20_000,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return memoryOfProcess(listing, process.pid);
  } catch {
    return undefined;
  }
}
