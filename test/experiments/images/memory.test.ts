import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { measureSchema } from '../../../src/experiments/images/config.js';
import {
  checkMemory,
  isLarge,
  trainingMemory,
  type StepExecution,
} from '../../../src/experiments/images/memory.js';
import { pretrain } from '../../../src/experiments/images/pretrain.js';
import { imageTraining } from '../../../src/experiments/images/training.js';
import { openStore } from '../../../src/runs/store.js';
import { nativeBackend, startEngine } from '../../../src/tensorflow/engine.js';
import { UserError } from '../../../src/train/user-error.js';
import { noiseImages, tinyConfig } from './tiny.js';

// Steps take milliseconds, but programs are made by the dozen, on machines that may be busy.
vi.setConfig({ testTimeout: 180_000 });

startEngine();

const folder = mkdtempSync(join(tmpdir(), 'care-memory-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const MIB = 2 ** 20;
const BATCH = 240;
const SIZE = { height: 64, width: 64, length: 300 };
const GRAPH = { execution: 'chained', processes: 1, inPieces: false } as const;
const PIECES = { ...GRAPH, inPieces: true };
/** Five channels, but a batch of images large enough to be looked at. */
const largeConfig = (training: Record<string, unknown> = {}) =>
  tinyConfig({ model: { width: 5 }, training: { batch: BATCH, chunks: 4, ...training } });

/** What was said when it was refused. */
function refusal(run: () => void): { message: string; hint: string } {
  try {
    run();
  } catch (error) {
    if (error instanceof UserError) return { message: error.message, hint: error.hint };
    throw error;
  }
  return { message: '', hint: '' };
}

describe.skipIf(nativeBackend() === null)('the memory of training', () => {
  // First, since it looks at the peak of this process.
  it('is estimated within a factor of 1.6: ResNet-18, batch 8, images of 32 x 32', () => {
    const config = tinyConfig({
      model: { architecture: 'resnet18', hidden: 512, dim: 128 },
      training: { batch: 8 },
    });
    const images = noiseImages(16, { size: 32 });
    const peak = () => process.resourceUsage().maxRSS * 1024;
    const before = process.memoryUsage.rss();
    const training = imageTraining(config, 'care', images, 'chained');
    for (let step = 0; step < 2; step++) training.program.run('step', training.inputsAt(step), []);
    const measured = peak() - before;
    training.program.dispose();
    const estimated = trainingMemory(config, 'care', images, GRAPH)?.(8) ?? NaN;
    const told = `estimated ${Math.round(estimated / MIB)} MiB, measured ${Math.round(measured / MIB)} MiB`;
    expect(estimated / measured, told).toBeGreaterThan(1 / 1.6);
    expect(estimated / measured, told).toBeLessThan(1.6);
  }, 240_000);

  it('grows with the piece, and a batch in pieces needs less than a whole one', () => {
    const config = largeConfig();
    const whole = trainingMemory(config, 'care', SIZE, GRAPH);
    const pieces = trainingMemory(config, 'care', SIZE, PIECES);
    if (whole === null || pieces === null) throw new Error('There is no native library.');
    expect(whole(2 * BATCH)).toBeGreaterThan(1.8 * whole(BATCH));
    expect(pieces(2 * BATCH)).toBeGreaterThan(1.5 * pieces(BATCH));
    // One view at a time instead of four.
    expect(pieces(BATCH)).toBeLessThan(0.5 * whole(BATCH));
    const more = trainingMemory(config, 'care', { ...SIZE, length: 1300 }, GRAPH);
    // 1,000 images of 12,288 bytes, three times.
    expect((more?.(BATCH) ?? 0) - whole(BATCH)).toBe(3 * 1000 * 12_288);
  });

  it('that there is not is refused, with the largest piece that fits', () => {
    const config = largeConfig();
    const whole = trainingMemory(config, 'care', SIZE, GRAPH)?.(BATCH) ?? NaN;
    const pieces = trainingMemory(config, 'care', SIZE, PIECES);
    expect(() => checkMemory(config, 'care', SIZE, whole)).not.toThrow();
    const none = refusal(() => checkMemory(config, 'care', SIZE, 10 * MIB));
    expect(none.message).toMatch(
      /^Training small with a batch of 240 on images of 64 x 64 needs about [\d.]+ GiB of memory; 0\.0098 GiB are available\.$/,
    );
    expect(none.hint).toContain('Not even pieces of 2 images fit.');
    const available = Math.round(0.1 * whole);
    const { message, hint } = refusal(() => checkMemory(config, 'care', SIZE, available));
    expect(hint).toContain('CARE_MEMORY_BYTES');
    expect(message).toContain(`${(whole / 2 ** 30).toPrecision(2)} GiB of memory`);
    const piece = Number(/training\.microBatch=(\d+)/.exec(hint)?.[1]);
    // It fits, and the next larger divisor does not.
    const divisors = Array.from({ length: BATCH - 2 }, (_, i) => i + 2).filter((n) => BATCH % n === 0);
    expect(piece).toBe(Math.max(...divisors.filter((n) => (pieces?.(n) ?? NaN) <= available)));
    expect(piece).toBeGreaterThan(2);
    expect(piece).toBeLessThan(120);
    expect(() => checkMemory(largeConfig({ microBatch: piece }), 'care', SIZE, available)).not.toThrow();
    const smaller = refusal(() => checkMemory(largeConfig({ microBatch: 120 }), 'care', SIZE, available));
    expect(smaller.message).toContain('a batch of 240 in pieces of 120');
    expect(smaller.hint).toContain(`training.microBatch=${piece}`);
  }, 120_000);

  it('of a method whose step cannot be divided is estimated too, and no pieces are advised', () => {
    const config = { ...largeConfig(), moco: { momentum: 0.99, queue: 4 * BATCH, shuffleGroups: 2 } };
    const whole = (queue: number) =>
      trainingMemory({ ...config, moco: { ...config.moco, queue } }, 'moco-v2', SIZE, GRAPH)?.(BATCH) ?? NaN;
    const needed = whole(4 * BATCH);
    // A queue of 50 batches is there in 6 copies and more: state, on the way, old and new.
    expect(whole(50 * BATCH) - needed).toBeGreaterThan(3 * 46 * BATCH * config.model.dim * 4);
    // Two forward passes and one back, in place of four and four.
    const care = trainingMemory(config, 'care', SIZE, GRAPH)?.(BATCH) ?? NaN;
    expect(needed).toBeLessThan(care);
    expect(needed).toBeGreaterThan(0.2 * care);
    const { message, hint } = refusal(() => checkMemory(config, 'moco-v2', SIZE, 10 * MIB));
    expect(message).toContain('needs about');
    expect(hint).toMatch(
      /^This method takes a batch whole\. Take a smaller -p training\.batch, a smaller network/,
    );
    expect(hint).not.toContain('microBatch');
  }, 120_000);

  it('of several processes is that of all, and op by op more is needed; leaving either out is advised', () => {
    const config = largeConfig();
    const needs = (how: StepExecution) => trainingMemory(config, 'care', SIZE, how)?.(BATCH) ?? NaN;
    const whole = needs(GRAPH);
    const eager = needs({ ...GRAPH, execution: 'eager' });
    expect(eager).toBeGreaterThan(1.5 * whole);
    // Two more processes a time, each with the node and the TensorFlow of this one, and together the same views.
    const rss = process.memoryUsage.rss();
    const [two, four] = [needs({ ...GRAPH, processes: 2 }), needs({ ...GRAPH, processes: 4 })];
    expect(two - rss).toBeGreaterThan(0.7 * whole);
    expect(two - rss).toBeLessThan(1.3 * whole);
    expect((four - two) / (2 * rss)).toBeGreaterThan(0.8);
    expect((four - two) / (2 * rss)).toBeLessThan(1.2);
    const refused = (available: number, how: Partial<StepExecution>) =>
      refusal(() => checkMemory(config, 'care', SIZE, available, how));
    expect(refused(four + rss, { processes: 4 }).message).toBe('');
    const divided = refused(1.01 * whole, { processes: 4 });
    expect(divided.message).toContain('on images of 64 x 64, divided over 4 processes, needs about');
    expect(divided.hint).toMatch(/^Leave --shards out, which needs about/);
    expect(refused(0.2 * whole, { processes: 4 }).hint).toMatch(
      /^Leave --shards out and set -p training\.microBatch=\d+, which needs/,
    );
    expect(refused(1.01 * whole, { execution: 'eager' }).hint).toMatch(
      /^Leave --eager out, which needs about/,
    );
  }, 120_000);

  it('is looked at before a run is begun, and nothing is written', async () => {
    const store = openStore(join(folder, 'runs'));
    const training = pretrain({
      store,
      config: {
        ...largeConfig(),
        data: { name: 'generated', size: 64, limit: BATCH, seed: 0 },
      },
      measures: measureSchema.parse({}),
      profile: 'smoke',
      preset: 'paper',
      availableMemory: 100 * MIB,
    });
    await expect(training).rejects.toThrow('0.098 GiB are available');
    expect(existsSync(store.dir)).toBe(false);
  }, 120_000);
});

describe('small networks', () => {
  it('are not looked at, unless they are wide or their images large', () => {
    const size = { height: 32, width: 32 };
    expect(isLarge(tinyConfig({ training: { batch: 256 } }), size)).toBe(false);
    expect(isLarge(tinyConfig({ model: { width: 32 }, training: { batch: 256 } }), size)).toBe(true);
    expect(isLarge(tinyConfig({ model: { width: 16 } }), { height: 224, width: 224 })).toBe(true);
    expect(isLarge(tinyConfig({ model: { architecture: 'resnet18' } }), size)).toBe(true);
    expect(isLarge(largeConfig(), SIZE)).toBe(true);
    expect(() => checkMemory(tinyConfig(), 'care', SIZE, 1)).not.toThrow();
  });
});
