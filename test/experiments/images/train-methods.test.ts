/** Every method as a run of the store, in `smoke` on a few generated images. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { InterruptedError } from '../../../src/experiments/execute-run.js';
import { pretrain, type PretrainOptions } from '../../../src/experiments/images/pretrain.js';
import { imageConfig } from '../../../src/experiments/images/settings.js';
import { METHOD_NAMES, type MethodName } from '../../../src/methods/methods.js';
import type { Json } from '../../../src/runs/record.js';
import { openStore, type RunStore } from '../../../src/runs/store.js';
import { startEngine } from '../../../src/tensorflow/engine.js';

// Steps take milliseconds, but programs are made by the dozen, on machines that may be busy.
vi.setConfig({ testTimeout: 180_000 });

startEngine({ intraOpThreads: 1, interOpThreads: 1 });

const folder = mkdtempSync(join(tmpdir(), 'care-methods-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Smaller than `smoke`: 24 images of 16 x 16 pixels, three steps an epoch. */
const TINY: Readonly<Record<string, Json>> = {
  'data.name': 'generated',
  'data.size': 16,
  'data.limit': 24,
  'model.width': 2,
  'model.hidden': 6,
  'model.dim': 4,
  'training.batch': 8,
  'training.chunks': 2,
  'moco.queue': 16,
  'measures.k': 5,
};

function train(store: RunStore, method: MethodName, change: Partial<PretrainOptions> = {}) {
  const overrides = { source: 'the test', values: { ...TINY, method } };
  const choice = { profile: 'smoke', preset: 'paper' } as const;
  const { config, measures } = imageConfig({ ...choice, overrides });
  return pretrain({ store, config, measures, ...choice, ...change });
}

describe('a run of smoke', () => {
  it.each(METHOD_NAMES)('trains with %s to its end', async (method) => {
    const store = openStore(join(folder, method));
    const record = await train(store, method);
    expect(record.status).toBe('finished');
    expect(record.steps).toEqual({ planned: 6, done: 6 });
    const losses = record.series['loss']?.values ?? [];
    expect(losses.length).toBeGreaterThan(1);
    expect(losses.every(Number.isFinite)).toBe(true);
    expect(record.measurements['knn']?.estimates['accuracy']?.n).toBe(24);
    expect(record.label).toContain(' small seed 0');
  });
});

describe('a method with a momentum encoder and a queue', () => {
  it.each([1, 4])('that was stopped after step %d ends in the same bits as undisturbed', async (stop) => {
    const method = 'moco-v2+care';
    const store = openStore(join(folder, `stopped-${stop}`));
    const controller = new AbortController();
    const first = train(store, method, {
      signal: controller.signal,
      onPhase: (_, progress) => progress?.step === stop && controller.abort(),
    });
    await expect(first).rejects.toThrow(InterruptedError);
    const record = await train(store, method);
    expect(record.sessions).toHaveLength(2);
    const left = openStore(join(folder, method));
    const expected = await train(left, method);
    const filesOf = (of: RunStore, id: string) =>
      ['weights.safetensors', 'metrics.jsonl'].map((name) => readFileSync(join(of.dir, id, name)));
    expect(record.id).toBe(expected.id);
    const whole = filesOf(left, expected.id);
    filesOf(store, record.id).forEach((bytes, i) =>
      expect(bytes.equals(whole[i] ?? Buffer.alloc(0))).toBe(true),
    );
  });
});
