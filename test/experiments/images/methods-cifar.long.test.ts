import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { findDataDir } from '../../../src/data/data-dir.js';
import { findImageData, imageData } from '../../../src/data/images.js';
import { IMAGE_METHODS } from '../../../src/experiments/images/config.js';
import { pretrain } from '../../../src/experiments/images/pretrain.js';
import { imageConfig } from '../../../src/experiments/images/settings.js';
import { openStore } from '../../../src/runs/store.js';
import { startEngine } from '../../../src/tensorflow/engine.js';

startEngine();

const folder = mkdtempSync(join(tmpdir(), 'care-methods-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const missing =
  findImageData(imageData('cifar10'), findDataDir()) === undefined
    ? ': CIFAR-10 is not below CARE_DATA_DIR'
    : '';

describe.skipIf(missing !== '')(`the smoke profile on CIFAR-10${missing}`, () => {
  it.each(IMAGE_METHODS)('%s trains to its end with finite losses, and is measured', async (method) => {
    const { config, measures } = imageConfig({
      profile: 'smoke',
      preset: 'paper',
      options: { source: 'this test', values: { method, 'data.name': 'cifar10' } },
    });
    const record = await pretrain({
      store: openStore(join(folder, 'runs')),
      config,
      measures,
      profile: 'smoke',
      preset: 'paper',
    });
    expect(record.status).toBe('finished');
    expect(record.data).toMatchObject({ generated: false });
    expect(record.steps.done).toBe(record.steps.planned);
    for (const { values } of Object.values(record.series)) {
      expect(values.length).toBeGreaterThan(0);
      for (const value of values) expect(Number.isFinite(value)).toBe(true);
    }
    // Eight steps on 256 images teach little: that a method beats chance and an untrained encoder is what larger profiles tell.
    const { accuracy, chance } = record.measurements['knn']?.estimates ?? {};
    expect(accuracy?.n).toBe(256);
    expect(accuracy?.value).toBeGreaterThan(chance?.value ?? NaN);
  });
});
