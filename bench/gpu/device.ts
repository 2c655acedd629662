/** What nvidia-smi says of the first GPU that may be used. */
import { execFileSync } from 'node:child_process';

export interface Gpu {
  readonly name: string;
  readonly driver: string;
  readonly memoryBytes: number;
}

const MIB = 2 ** 20;

function query(fields: string): readonly string[] {
  const first = process.env.CUDA_VISIBLE_DEVICES?.split(',')[0];
  const output = execFileSync(
    'nvidia-smi',
    [`--query-gpu=${fields}`, '--format=csv,noheader,nounits', ...(first ? [`--id=${first}`] : [])],
    { encoding: 'utf8', timeout: 20_000, stdio: ['ignore', 'pipe', 'ignore'] },
  );
  return (output.split('\n')[0] ?? '').split(',').map((part) => part.trim());
}

/** The GPU, or why none can be used. */
export function findGpu(): Gpu | string {
  if (process.env.CUDA_VISIBLE_DEVICES === '') return 'CUDA_VISIBLE_DEVICES is empty, which hides every GPU';
  try {
    const [name, driver, memory] = query('name,driver_version,memory.total');
    if (!name || !driver || !(Number(memory) > 0)) return 'nvidia-smi lists none';
    return { name, driver, memoryBytes: Number(memory) * MIB };
  } catch {
    return 'nvidia-smi is not there, or finds none';
  }
}

/** Bytes of the GPU's memory in use by all processes. */
export function usedMemory(): number {
  return Number(query('memory.used')[0]) * MIB;
}
