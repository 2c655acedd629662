/** STL10 and ImageNet100, which nobody may pass on: from files in the official layouts to records and their columns of Table 1. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { planBenchmarkTables } from '../../../src/experiments/images/benchmark-tables.js';
import type { ImageMethod } from '../../../src/experiments/images/config.js';
import {
  collectImages,
  imageLabel,
  runImages,
  type ImagePlan,
} from '../../../src/experiments/images/study.js';
import { benchmarkClaim } from '../../../src/report/images/benchmark-claims.js';
import { benchmarkTable } from '../../../src/report/images/benchmark-tables.js';
import { tableBlock } from '../../../src/report/page/tables.js';
import { TABLE_1_METHODS } from '../../../src/report/paper-numbers.js';
import { parseOverrides } from '../../../src/runs/configuration.js';
import { openStore } from '../../../src/runs/store.js';
import { startEngine } from '../../../src/tensorflow/engine.js';
import { newFolder, patternByte, writeFiles } from '../../data/image-files.js';

// A step takes milliseconds, but each method's programs are made anew, on machines that may be busy.
vi.setConfig({ testTimeout: 1_800_000, hookTimeout: 300_000 });
startEngine({ intraOpThreads: 1, interOpThreads: 1 });

const root = newFolder('official');
const dataDir = join(root, 'data');
afterAll(() => rmSync(root, { recursive: true, force: true }));

const CLASSES = 10;

/** An STL-10 record: channel, then column by column. Its class decides the colour, its number the pattern. */
function stlRecord(label: number, image: number): Buffer {
  const bytes = Buffer.alloc(3 * 96 * 96);
  let at = 0;
  for (let channel = 0; channel < 3; channel++)
    for (let column = 0; column < 96; column++)
      for (let row = 0; row < 96; row++)
        bytes[at++] = (20 * label + 40 * channel + patternByte(image, channel, row, column) / 8) % 256;
  return bytes;
}

/** `stl10_binary/`, with so many images of each class. */
function writeStl10(each: Readonly<Record<'train' | 'test', number>>): void {
  const split = (name: 'train' | 'test', offset: number) => {
    const labels = Array.from({ length: CLASSES * each[name] }, (_, i) => 1 + (i % CLASSES));
    return {
      [`stl10_binary/${name}_X.bin`]: Buffer.concat(labels.map((label, i) => stlRecord(label, offset + i))),
      [`stl10_binary/${name}_y.bin`]: Buffer.from(labels),
    };
  };
  writeFiles(dataDir, {
    'stl10_binary/class_names.txt': 'airplane\nbird\ncar\ncat\ndeer\ndog\nhorse\nmonkey\nship\ntruck\n',
    ...split('train', 0),
    ...split('test', 1000),
  });
}

/** A JPEG as large as photographs are, of another shape for every image. */
function photograph(label: number, image: number): Promise<Buffer> {
  const [width, height] = [260 + 7 * (image % 5), 240 + 11 * (image % 3)];
  return sharp({
    create: {
      width,
      height,
      channels: 3,
      background: { r: (2 * label + image) % 256, g: (255 - 2 * label + 256) % 256, b: (40 * image) % 256 },
      noise: { type: 'gaussian', mean: 128, sigma: 40 },
    },
  })
    .jpeg()
    .toBuffer();
}

/** `imagenet100/train/<wnid>/*.JPEG` and `val/`, 100 classes. */
async function writeImageNet100(each: Readonly<Record<'train' | 'val', number>>): Promise<void> {
  const files: Record<string, Buffer> = {};
  for (const split of ['train', 'val'] as const)
    for (let label = 0; label < 100; label++)
      for (let image = 0; image < each[split]; image++) {
        const name = `n${String(1440764 + label).padStart(8, '0')}`;
        files[`imagenet100/${split}/${name}/${name}_${image}.JPEG`] = await photograph(label, image);
      }
  writeFiles(dataDir, files);
}

/** The laptop's plan for a set of images, a few steps of a small network a method. */
function tinyPlan(part: string, methods: readonly ImageMethod[]): ImagePlan {
  const plan = planBenchmarkTables({
    profile: 'laptop',
    preset: 'paper',
    overrides: parseOverrides([
      'model.width=6',
      'model.hidden=8',
      'model.dim=8',
      'training.epochs=1',
      'training.batch=32',
      'training.chunks=2',
      'data.limit=100',
      'moco.queue=32',
      'byol.hidden=8',
      'equimod.hidden=8',
      'measures.knnLimit=100',
      'measures.k=5',
      'measures.geometryImages=16',
      'measures.geometryAugmentations=2',
      'measure.images=16',
      'measure.probe.epochs=2',
      'measure.classifierSeeds=0,1',
    ]),
  });
  return {
    ...plan,
    runs: plan.runs.filter((run) => run.part === part && methods.includes(run.method)),
  };
}

beforeAll(async () => {
  writeStl10({ train: 7, test: 3 });
  await writeImageNet100({ train: 1, val: 1 });
});

describe.each([
  { part: 'stl10', classes: 10, title: 'STL-10', methods: [...TABLE_1_METHODS, 'untrained'] },
  { part: 'imagenet100', classes: 100, title: 'ImageNet100', methods: ['simclr', 'care', 'untrained'] },
] as const)('$part', ({ part, classes, title, methods }) => {
  const plan = tinyPlan(part, methods);
  const store = openStore(join(root, `runs-${part}`));

  const carryOut = (what: ImagePlan) => runImages(what, { store, dataDir });

  it('goes from official files to a record of every method, and to its column of Table 1', async () => {
    const done = await carryOut(plan);
    for (const { record, method } of done.outcomes) {
      expect(record?.status, method).toBe('finished');
      expect(record?.data.generated).toBe(false);
      expect(record?.data.name).toContain(title);
      const chance = record?.measurements.probe?.estimates['features.chance']?.value ?? NaN;
      // Every class has as many images.
      expect(chance, method).toBeCloseTo(100 / classes, 1);
    }
    // What is shown is what records hold, found without data or engine.
    const shown = collectImages(
      plan,
      store.list().flatMap((entry) => ('record' in entry ? [entry.record] : [])),
    );
    const table = benchmarkTable(shown, part);
    expect(table.rows.map(({ method }) => method)).toEqual(
      [...TABLE_1_METHODS, 'untrained' as const].map(imageLabel),
    );
    const ran: readonly string[] = methods.map((method) => imageLabel(method));
    for (const row of table.rows) {
      if (!ran.includes(String(row.method))) continue;
      const accuracy = done.outcomes.find(({ method }) => imageLabel(method) === row.method)?.record
        ?.measurements.probe?.estimates['features.accuracy']?.value;
      expect(Number(row.ours), String(row.method)).toBeCloseTo(accuracy ?? NaN, 0);
      expect(row.seeds).toBe(1);
      if (row.method === 'untrained') continue;
      for (const key of ['knn', 'classifiers', 'views', 'minutes', 'memory'])
        expect(typeof row[key]).toBe('number');
    }
    const html = tableBlock({
      ...table,
      rows: table.rows.filter(({ method }) => ran.includes(String(method))),
    });
    expect(html).not.toContain('not run');
    expect(html).not.toContain('NaN');
    expect(benchmarkClaim(shown, `simclr-${part}`)).toMatchObject({ verdict: 'not reproduced' });
  });

  it('is found again, without training', async () => {
    const before = store.list().map(({ id }) => store.read(id));
    await carryOut({ ...plan, runs: plan.runs.filter(({ method }) => method === 'care') });
    expect(store.list().map(({ id }) => store.read(id))).toEqual(before);
  });
});
