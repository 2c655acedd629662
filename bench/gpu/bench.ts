/** One command for someone who has a GPU: set-up, parity with the processor, step times, memory, and a record of it all. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Environment } from 'care/internal/runs/record';
import type { TensorDataMap } from 'care/internal/tensorflow/tensor-data';
import { loadWeights } from 'care/internal/train/checkpoint';
import { benchPython } from '../python.js';
import { median, ourCommand, pythonCommand, withSides, type Entrant } from '../turns.js';
import type { Command } from '../worker-process.js';
import { findGpu, usedMemory, type Gpu } from './device.js';

interface Options {
  readonly steps: string;
  readonly largest: string;
  readonly out: string;
}

interface Parity {
  readonly losses: { readonly gpu: number; readonly cpu: number };
  /** Adam's first step moves every parameter by about its rate, whatever its gradient: two of them at most apart. */
  readonly largestParameterDifference: number;
  /** Of Adam's first moments, a tenth of the gradients, relative to the largest of them. */
  readonly largestGradientDifference: number;
  readonly holds: boolean;
}

interface Timing {
  readonly batch: number;
  readonly side: string;
  readonly medianSeconds?: number;
  readonly viewsPerSecond?: number;
  /** Device memory in use at the end less that at the beginning, CUDA's own share included. */
  readonly peakDeviceMemoryBytes?: number;
  /** Why there are no figures, e.g. out of memory. */
  readonly failed?: string;
}

const SMALLEST = 32;
const VIEWS = 4;
const WARM_UP = 3;
/** TensorFlow on a GPU adds up in another order; both without TF32. */
const LOSS_TOLERANCE = 1e-4;
const GRADIENT_TOLERANCE = 1e-3;

const PLAN = `What this command does on a machine with an NVIDIA GPU:
  1. brings TensorFlow's GPU library and CUDA's (several GB) as \`care setup --gpu\` does;
  2. runs one ResNet-18 step on the GPU and one on the processor, and compares loss, weights and gradients;
  3. runs training steps with the data set on the device and counts what is read back;
  4. times the step at batches of 32, 64, ... 512, until memory runs out, against PyTorch on the same device;
  5. writes all of it, with the peak device memory, into a JSON file.`;

function runJson(command: Command): unknown {
  const output = execFileSync(command.command, [...command.args], {
    encoding: 'utf8',
    env: { ...process.env, ...command.env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return JSON.parse(output.trim().split('\n').at(-1) ?? '');
}

function setUpForGpu(): void {
  const cli = fileURLToPath(new URL('../../cli/main.js', import.meta.url));
  const { status } = spawnSync(process.execPath, [cli, 'setup', '--gpu', '--strict'], { stdio: 'inherit' });
  if (status !== 0) throw new Error('The GPU library could not be set up; the reason is above.');
}

/** A process of ours, with as many threads as the machine has. */
function ourProcess(module: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Command {
  const command = ourCommand(module, args, '0');
  return { ...command, env: { ...command.env, ...env } };
}

function largestDifference(a: TensorDataMap, b: TensorDataMap, wanted: (name: string) => boolean): number {
  let worst = 0;
  for (const [name, { values }] of Object.entries(a).filter(([name]) => wanted(name))) {
    const others = b[name]?.values;
    for (let i = 0; i < values.length; i++) {
      const difference = Math.abs((values[i] ?? NaN) - (others?.[i] ?? NaN));
      worst = Number.isNaN(difference) ? Infinity : Math.max(worst, difference);
    }
  }
  return worst;
}

function largestValue(tensors: TensorDataMap, wanted: (name: string) => boolean): number {
  let largest = 0;
  for (const [, { values }] of Object.entries(tensors).filter(([name]) => wanted(name))) {
    for (const value of values) largest = Math.max(largest, Math.abs(value));
  }
  return largest;
}

/** One step in a process each. */
function compareWithCpu(): { readonly parity: Parity; readonly environment: Environment } {
  const folder = mkdtempSync(join(tmpdir(), 'care-gpu-'));
  try {
    const one = (name: string, env: NodeJS.ProcessEnv) => {
      const file = join(folder, `${name}.safetensors`);
      // TF32 has 10 bits of mantissa: fast, and no ground for a comparison.
      const command = ourProcess('gpu/parity.js', [file], { NVIDIA_TF32_OVERRIDE: '0', ...env });
      const { loss, environment } = runJson(command) as { loss: number; environment: Environment };
      return { loss, environment, state: loadWeights(file) };
    };
    const gpu = one('gpu', {});
    if (gpu.environment.device !== 'gpu') {
      throw new Error(
        'TensorFlow finds no GPU that it can use. TF_CPP_MIN_LOG_LEVEL=0 npm run care -- doctor shows what it says.',
      );
    }
    const cpu = one('cpu', { CUDA_VISIBLE_DEVICES: '' });
    const isMoment = (name: string) => name.startsWith('adam.first.');
    const isWeight = (name: string) => !name.startsWith('adam.');
    const gradients = largestDifference(gpu.state, cpu.state, isMoment) / largestValue(cpu.state, isMoment);
    const parity: Parity = {
      losses: { gpu: gpu.loss, cpu: cpu.loss },
      largestParameterDifference: largestDifference(gpu.state, cpu.state, isWeight),
      largestGradientDifference: gradients,
      holds:
        Math.abs(gpu.loss - cpu.loss) <= LOSS_TOLERANCE * Math.abs(cpu.loss) &&
        gradients <= GRADIENT_TOLERANCE,
    };
    return { parity, environment: gpu.environment };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Whether PyTorch can use the GPU, or why not. */
function torchProblem(): string | null {
  const script = 'import torch; print(torch.version.cuda, torch.cuda.is_available())';
  try {
    const output = execFileSync(benchPython(), ['-c', script], { encoding: 'utf8' }).trim();
    return output.endsWith('True')
      ? null
      : `PyTorch finds no GPU (CUDA version of its build, and found: ${output})`;
  } catch (error) {
    return `PyTorch cannot be run: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** Times a side alone on the device: two at once would share its memory. */
async function timeAlone(entrant: Entrant, batch: number, steps: number): Promise<Timing> {
  const { name: side } = entrant;
  const before = usedMemory();
  try {
    return await withSides([entrant], async ([process]) => {
      await process?.steps(WARM_UP);
      const medianSeconds = median((await process?.steps(steps)) ?? []);
      const peakDeviceMemoryBytes = Math.max(0, usedMemory() - before);
      return {
        batch,
        side,
        medianSeconds,
        viewsPerSecond: (VIEWS * batch) / medianSeconds,
        peakDeviceMemoryBytes,
      };
    });
  } catch (error) {
    return { batch, side, failed: error instanceof Error ? error.message : String(error) };
  }
}

function printTiming({
  batch,
  side,
  medianSeconds,
  viewsPerSecond,
  peakDeviceMemoryBytes,
  failed,
}: Timing): void {
  const figures =
    failed ??
    `median ${(1000 * (medianSeconds ?? NaN)).toFixed(1)} ms, ${Math.round(viewsPerSecond ?? NaN)} views/s, ` +
      `${((peakDeviceMemoryBytes ?? NaN) / 2 ** 30).toFixed(2)} GiB on the device`;
  console.log(`  batch ${String(batch).padEnd(4)} ${side.padEnd(22)} ${figures}`);
}

/** Batches that double until ours fails; each side alone on the device. */
async function timeSteps(steps: number, largest: number, withTorch: boolean): Promise<readonly Timing[]> {
  const timings: Timing[] = [];
  for (let batch = SMALLEST; batch <= largest; batch *= 2) {
    const size = String(batch);
    const theirs = ['contiguous', 'channels_last'].map((layout) => ({
      name: `PyTorch ${layout}`,
      command: pythonCommand('resnet/step.py', ['18', size, '2', layout, 'cuda']),
    }));
    const ours = { name: 'ours, chained', command: ourProcess('gpu/step.js', [size]) };
    const found: Timing[] = [];
    for (const entrant of [...(withTorch ? theirs : []), ours]) {
      const timing = await timeAlone(entrant, batch, steps);
      printTiming(timing);
      found.push(timing);
    }
    timings.push(...found);
    printBatchRatio(found, ours.name);
    if (found.some(({ side, failed }) => side === ours.name && failed !== undefined)) break;
  }
  return timings;
}

function printBatchRatio(timings: readonly Timing[], name: string): void {
  const own = timings.find(({ side }) => side === name)?.medianSeconds;
  const best = Math.min(
    ...timings.filter(({ side }) => side !== name).map(({ medianSeconds }) => medianSeconds ?? Infinity),
  );
  if (own === undefined || !Number.isFinite(best)) return;
  console.log(`ratio ${(best / own).toFixed(2)}  (the faster PyTorch / ours)`);
}

function printParity({ losses, largestParameterDifference, largestGradientDifference, holds }: Parity): void {
  console.log(
    `Parity with the processor, one ResNet-18 step, batch 32: ${holds ? 'holds' : 'DOES NOT HOLD'}`,
  );
  console.log(`  loss ${losses.gpu} on the GPU, ${losses.cpu} on the processor`);
  console.log(
    `  largest difference of a parameter ${largestParameterDifference.toExponential(1)}; of a gradient, relative to the ` +
      `largest, ${largestGradientDifference.toExponential(1)}`,
  );
}

async function measure(gpu: Gpu, { steps, largest, out }: Options): Promise<void> {
  console.log(`${gpu.name}, driver ${gpu.driver}, ${(gpu.memoryBytes / 2 ** 30).toFixed(1)} GiB`);
  setUpForGpu();
  const { parity, environment } = compareWithCpu();
  printParity(parity);
  const training = runJson(ourProcess('gpu/reads.js', ['64']));
  console.log('Training steps with the data set on the device:', training);
  const problem = torchProblem();
  if (problem !== null) console.log(`Without PyTorch: ${problem}`);
  const timings = await timeSteps(Number(steps), Number(largest), problem === null);
  const record = {
    measuredAt: new Date().toISOString(),
    gpu,
    environment,
    parity,
    training,
    timings,
    torch: problem,
  };
  writeFileSync(out, `${JSON.stringify(record, null, 1)}\n`);
  console.log(`Record: ${out}`);
  if (!parity.holds) process.exitCode = 1;
}

/** Runs everything, or says what it would do and ends with status 2 where there is no GPU. */
export async function benchGpu(options: Options): Promise<void> {
  const gpu = findGpu();
  if (typeof gpu === 'string') {
    console.log(`There is no GPU here: ${gpu}. Nothing was measured.\n\n${PLAN}`);
    process.exitCode = 2;
    return;
  }
  await measure(gpu, options);
}
