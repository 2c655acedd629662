/** The table of methods and measures in the README: its examples run, and the tests that it names are there. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { IMAGE_METHODS } from '../src/experiments/images/config.js';
import { IMAGE_MEASURES } from '../src/experiments/images/measures.js';
import { PROTEIN_MEASURE_LINES } from '../src/experiments/protein/measure-run.js';
import * as care from '../src/index.js';
import * as tf from '../src/tensorflow/tf.js';
import { care as runCare, notBuilt } from './cli/program.js';
import { solidPng, writeFiles } from './data/image-files.js';
import { mapped, noisy, onSphere, orthogonal } from './measure/helpers.js';

vi.setConfig({ testTimeout: 180_000 });

const root = fileURLToPath(new URL('..', import.meta.url));
const readme = readFileSync(join(root, 'README.md'), 'utf8');

interface Row {
  readonly name: string;
  readonly tests: readonly string[];
  readonly example: string;
  /** By which `care measure` knows it; empty for a function only, or a method. */
  readonly ofRuns: string;
}

/** The rows of the table that follows a marker. */
function rowsAfter(marker: string): readonly Row[] {
  const [, after = ''] = readme.split(`<!-- ${marker}:`);
  const lines = after.split('\n').slice(1);
  const start = lines.findIndex((line) => line.startsWith('|'));
  const table = lines.slice(start, lines.indexOf('', start));
  return table.slice(2).map((line) => {
    const cells = line.split('|').map((cell) => cell.trim());
    return {
      name: cells[1] ?? '',
      tests: [...(cells[3] ?? '').matchAll(/\]\(([^)]+)\)/g)].map(([, path]) => path ?? ''),
      example: (cells[4] ?? '').replaceAll('`', ''),
      ofRuns: (cells[5] ?? '').replaceAll('`', ''),
    };
  });
}

/** The losses of each method, by their files; after a `+`, what is added. */
const LOSSES: Readonly<Record<string, readonly string[]>> = {
  care: ['equivariance'],
  simclr: ['info-nce'],
  'moco-v2': ['queue-info-nce'],
  byol: ['prediction'],
  'barlow-twins': ['barlow-twins'],
  equimod: ['info-nce'],
  'equimod-byol': ['prediction', 'info-nce'],
  'e-ssl': ['info-nce', 'cross-entropy'],
  'l-inv': ['alignment'],
  'l-unif': ['uniformity'],
  'l-equi': ['equivariance'],
};

const methods = rowsAfter('methods');
const measures = rowsAfter('measures');
const isCommand = ({ example }: Row) => example.startsWith('care ');

const folder = mkdtempSync(join(tmpdir(), 'care-readme-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const data = join(folder, 'data');
mkdirSync(data);

/** Settings that make a run of training, and of measuring, take seconds. */
const tiny = (settings: readonly string[]) => settings.flatMap((setting) => ['-p', setting]);
const TRAIN = [
  ...['--profile', 'smoke', '--data-dir', data, '--epochs', '1', '--batch', '8'],
  ...tiny(['data.size=16', 'data.limit=32', 'model.width=2', 'model.hidden=6', 'model.dim=4']),
  ...tiny(['training.chunks=2', 'measures.k=5']),
];
const MEASURE = [
  ...['--data-dir', data],
  ...tiny(['augmentations=2', 'probe.epochs=1', 'probe.batch=16', `transfer.data=folder:${data}/elsewhere`]),
];

/** What the examples speak of. */
function samples(): Record<string, unknown> {
  const from = onSphere(1, 120, 6);
  const turnedBy = (seed: number) => noisy(mapped(from, orthogonal(seed, 6)), 0.05, seed);
  const labels = Array.from({ length: 120 }, (_, i) => i % 3);
  const colours = Array.from({ length: 360 }, (_, i) => Math.abs(Math.sin(i)));
  const traits = { colours, hues: labels.map((label) => label / 3), labels };
  const items = Array.from({ length: 120 }, (_, i) => i);
  return {
    ...care,
    from,
    to: turnedBy(2),
    pairs: [2, 3, 4].map((seed) => ({ from, to: turnedBy(seed) })),
    trials: [5, 6].map((seed) => ({
      plain: from,
      first: turnedBy(seed),
      second: turnedBy(seed + 10),
      both: mapped(from, orthogonal(seed + 10, 6).mmul(orthogonal(seed, 6))),
    })),
    train: { embeddings: from, labels },
    test: { embeddings: turnedBy(2), labels },
    images: { gallery: from, galleryTraits: traits, queries: turnedBy(2), queryTraits: traits },
    parameters: {
      names: ['strength'],
      parameters: from.values.filter((_, k) => k % 6 === 0),
      train: items.slice(0, 90),
      test: items.slice(90),
    },
    axes: {
      embeddings: from,
      axes: items.flatMap((i) => Array.from(from.values.subarray(6 * i, 6 * i + 3))),
      structures: items,
      train: items.slice(0, 90),
      test: items.slice(90),
    },
    places: tf.tensor2d(from.values, [120, 6]),
    turned: tf.tensor2d(turnedBy(3).values, [120, 6]),
    turn: (items: care.Embeddings) => mapped(items, orthogonal(7, 6)),
  };
}

function evaluated(expression: string): unknown {
  const { outputText } = ts.transpileModule(`result = ${expression};`, {
    compilerOptions: { target: ts.ScriptTarget.ES2022 },
  });
  const given = samples();
  // eslint-disable-next-line @typescript-eslint/no-implied-eval -- the examples of the README are what is tested
  const run = new Function(...Object.keys(given), `let result; ${outputText} return result;`) as (
    ...values: unknown[]
  ) => unknown;
  return run(...Object.values(given));
}

beforeAll(async () => {
  care.startEngine();
  // What transfer is tried on.
  const places = ['train', 'test'].flatMap((split) =>
    ['light', 'dark'].map((name) => `elsewhere/${split}/${name}`),
  );
  const images = await Promise.all(
    places.flatMap((place) =>
      [0, 20, 40].map(
        async (grey) =>
          [
            `${place}/${grey}.png`,
            await solidPng((place.endsWith('light') ? 180 : 20) + grey, 90, 90),
          ] as const,
      ),
    ),
  );
  writeFiles(data, Object.fromEntries(images));
});

describe('the table of methods and measures', () => {
  it('has a row for every method that trains', () => {
    const trained = methods.map(({ example }) => /--method (\S+)/.exec(example)?.[1]);
    expect(IMAGE_METHODS.filter((method) => !trained.includes(method))).toEqual([]);
  });

  it.each(methods.map((row) => [row.name, row] as const))(
    '%s names the tests of all its losses, by PyTorch and by loops',
    (_, { tests, example }) => {
      const name = /--method (\S+)/.exec(example)?.[1] ?? '';
      if (name === 'untrained') return;
      const wanted = name.split('+').flatMap((part) => LOSSES[part] ?? ['none']);
      for (const loss of ['golden', ...wanted]) expect(tests).toContain(`test/losses/${loss}.test.ts`);
    },
  );

  it('names every measure of runs on images, and none that is not there', () => {
    const named = measures.flatMap(({ ofRuns }) => (ofRuns === '' ? [] : ofRuns.split(', ')));
    const known = [...Object.keys(IMAGE_MEASURES), ...Object.keys(PROTEIN_MEASURE_LINES)];
    expect(Object.keys(IMAGE_MEASURES).filter((name) => !named.includes(name))).toEqual([]);
    expect(named.filter((name) => !known.includes(name))).toEqual([]);
  });

  it.each([...methods, ...measures].map((row) => [row.name, row] as const))(
    '%s has oracle tests that are there',
    (_, { tests }) => {
      expect(tests.length).toBeGreaterThan(0);
      for (const path of tests) expect(existsSync(join(root, path)), path).toBe(true);
    },
  );

  it.each(measures.filter((row) => !isCommand(row)).map((row) => [row.name, row] as const))(
    '%s: its example gives a number',
    (_, { example }) => {
      const found = evaluated(example);
      if (Array.isArray(found)) {
        expect(found.length).toBeGreaterThan(0);
        return;
      }
      const value = typeof found === 'number' ? found : (found as { readonly value: number }).value;
      expect(Number.isFinite(value)).toBe(true);
      // An estimate says what its uncertainty is.
      if (typeof found !== 'number') expect(found).toHaveProperty('kind');
    },
  );
});

describe.skipIf(notBuilt !== null)(`commands of the table${notBuilt === null ? '' : `: ${notBuilt}`}`, () => {
  const runs = join(folder, 'runs');

  it.each(methods.map((row) => [row.name, row] as const))('%s trains', async (_, { example }) => {
    const [, ...words] = example.split(' ');
    const { code, err, out } = await runCare([...words, ...TRAIN, '--runs', runs]);
    expect(code, err).toBe(0);
    expect(out).toContain('kNN accuracy');
  });

  it.each(measures.filter(isCommand).map((row) => [row.name, row] as const))(
    '%s measures a run',
    async (_, { example }) => {
      const [id = ''] = readdirSync(runs).filter((name) => !name.endsWith('.json'));
      const words = example.replace('RUN', id).split(' ').slice(1);
      const { code, err, out } = await runCare([...words, ...MEASURE, '--runs', runs]);
      expect(code, err).toBe(0);
      expect(out).toMatch(/^ {2}\S+ +-?\d/m);
      expect(out).toContain('classifier seeds');
    },
  );
});
