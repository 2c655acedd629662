import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { registerExport } from '../../src/cli/export.js';
import { registerImport } from '../../src/cli/import.js';
import { encoderOf } from '../../src/models/architectures.js';
import { imageEncoder } from '../../src/models/image-encoder.js';
import { projectionHead } from '../../src/models/projection-head.js';
import { initialise } from '../../src/nn/module.js';
import { openStore } from '../../src/runs/store.js';
import { randomStream } from '../../src/tensorflow/random.js';
import { loadWeights, saveWeights } from '../../src/train/checkpoint.js';
import { decodeSafetensors, encodeSafetensors } from '../../src/train/safetensors.js';
import { temporaryFolder } from '../runs/compiled-sources.js';
import { someEnvironment, someSpec } from '../runs/spec.js';

const dir = temporaryFolder('cli-export');
const at = (name: string) => join(dir, `${name}.safetensors`);
const small = encoderOf('small', 'cifar');
const model = imageEncoder({
  encoder: small,
  head: projectionHead({ inputs: small.dim, hidden: 6, outputs: 5 }),
});
const weights = initialise(model, randomStream(1));
const read = (name: string) => decodeSafetensors(readFileSync(at(name)), name);

beforeAll(() => {
  saveWeights(at('weights'), weights);
});
afterAll(() => {
  rmSync(dir, { recursive: true });
});

async function care(...args: string[]): Promise<string> {
  const lines: string[] = [];
  const log = vi.spyOn(console, 'log').mockImplementation((line: string) => void lines.push(line));
  try {
    const program = new Command().exitOverride().configureOutput({ writeErr: () => undefined });
    for (const register of [registerExport, registerImport]) register(program);
    await program.parseAsync(args, { from: 'user' });
  } finally {
    log.mockRestore();
  }
  return lines.join('\n');
}

/** What an error says, and what to do about it. */
async function problemOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    if (error instanceof Error && 'hint' in error) return `${error.message} | ${String(error.hint)}`;
    throw error;
  }
  throw new Error('Nothing was refused.');
}

const importing = (from: string, to: string, architecture = 'small') =>
  care('import', at(from), '--model', architecture, '--out', at(to));

describe('care import of a small network', () => {
  it('takes width and blocks from the weights', async () => {
    const encoder = encoderOf('small', 'cifar', { width: 4, blocks: 2 });
    const head = projectionHead({ inputs: encoder.dim, hidden: 6, outputs: 5 });
    const other = initialise(imageEncoder({ encoder, head }), randomStream(2));
    const store = openStore(join(dir, 'narrow-runs'));
    const run = store.begin(someSpec());
    run.startSession(someEnvironment, 0);
    run.finish({ tensors: other });
    run.close();
    await care('export', run.id.slice(0, 8), '--runs', store.dir, '--out', at('narrow'));
    await importing('narrow', 'narrow-back');
    expect(loadWeights(at('narrow-back'))).toEqual(other);
  });
});

describe('care export', () => {
  it("writes a run's weights in PyTorch's layout", async () => {
    const store = openStore(join(dir, 'runs'));
    const run = store.begin(someSpec());
    run.startSession(someEnvironment, 0);
    run.finish({ tensors: weights });
    run.close();
    const id = run.id.slice(0, 8);
    const said = await care('export', id, '--runs', store.dir, '--out', at('whole'));
    const { tensors, metadata } = read('whole');
    expect(said).toMatch(new RegExp(`${Object.keys(weights).length} tensors in PyTorch's layout`));
    expect(metadata).toEqual({ format: 'pt' });
    expect(Object.keys(tensors).sort()).toEqual(Object.keys(weights).sort());
    expect(tensors['encoder.conv1.weight']?.shape).toEqual([16, 3, 3, 3]);
    // Output channel 5, input channel 2, row 1, column 0 of the filter.
    expect(tensors['encoder.conv1.weight']?.values[((5 * 3 + 2) * 3 + 1) * 3]).toBe(
      weights['encoder.conv1.weight']?.values[((1 * 3 + 0) * 3 + 2) * 16 + 5],
    );
  });

  it("writes one part by torchvision's names", async () => {
    await care('export', at('weights'), '--part', 'encoder', '--out', at('encoder'));
    expect(Object.keys(read('encoder').tensors).sort()).toEqual(
      small.variables.map(({ name }) => name).sort(),
    );
  });

  it('refuses a part that is not there, and a file that was exported already', async () => {
    const problem = await problemOf(care('export', at('weights'), '--part', 'tail', '--out', at('no')));
    expect(problem).toMatch(/no part "tail".*encoder, head/);
    await care('export', at('weights'), '--out', at('once'));
    await expect(care('export', at('once'), '--out', at('twice'))).rejects.toThrow(/already/);
  });
});

describe('care import', () => {
  it('gives back what was exported, whole or the encoder alone', async () => {
    await care('export', at('weights'), '--out', at('all'));
    await importing('all', 'all-back');
    expect(loadWeights(at('all-back'))).toEqual(weights);

    await care('export', at('weights'), '--part', 'encoder', '--out', at('part'));
    await importing('part', 'part-back');
    const encoder = Object.entries(weights).filter(([name]) => name.startsWith('encoder.'));
    expect(loadWeights(at('part-back'))).toEqual(Object.fromEntries(encoder));
  });

  it('leaves out a classifier, and counters of 64 bits', async () => {
    await care('export', at('weights'), '--part', 'encoder', '--out', at('plain'));
    const classifier = { shape: [2], dtype: 'float32', values: Float32Array.of(1, 2) } as const;
    const bytes = encodeSafetensors({ ...read('plain').tensors, 'fc.bias': classifier });
    writeFileSync(at('torchvision'), withCounter(bytes));
    expect(await importing('torchvision', 'imported')).toMatch(/left out: encoder\.fc\.bias/);
    expect(Object.keys(loadWeights(at('imported')))).not.toContain('encoder.fc.bias');
  });

  it('names what differs where the architecture is another', async () => {
    await care('export', at('weights'), '--part', 'encoder', '--out', at('small'));
    expect(await problemOf(importing('small', 'no', 'resnet18'))).toMatch(
      /encoder\.conv1\.weight is \[16, 3, 3, 3\], the model has \[64, 3, 3, 3\].*architecture and stem/,
    );
    await expect(importing('small', 'no', 'resnet17')).rejects.toThrow(/resnet17/);
    await expect(importing('nowhere', 'no')).rejects.toThrow(/Cannot read .*nowhere/);
  });
});

/** The file with an int64 `bn1.num_batches_tracked` at its end, as PyTorch writes one. */
function withCounter(bytes: Uint8Array): Uint8Array {
  const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
  const header = JSON.parse(Buffer.from(bytes.subarray(8, 8 + length)).toString()) as object;
  const end = bytes.length - 8 - length;
  const counter = { dtype: 'I64', shape: [], data_offsets: [end, end + 8] };
  const text = Buffer.from(JSON.stringify({ ...header, 'bn1.num_batches_tracked': counter }));
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([size, text, bytes.subarray(8 + length), Buffer.alloc(8)]);
}
