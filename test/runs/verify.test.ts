import { createHash } from 'node:crypto';
import {
  appendFileSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { compareRuns } from '../../src/runs/compare.js';
import { openStore, type RunStore } from '../../src/runs/store.js';
import { verifyRun } from '../../src/runs/verify.js';
import { temporaryFolder } from './compiled-sources.js';
import { someEnvironment, someSpec } from './spec.js';

const root = temporaryFolder('verify');
const dataDir = join(root, 'data');
const content = 'ATOM';
const file = { name: '1AHW.pdb', bytes: 4, sha256: createHash('sha256').update(content).digest('hex') };
const data = { name: 'PDB', generated: false, sha256: 'ef'.repeat(32), files: 1, items: 1 };
const spec = someSpec({ data });
const tensors = { w: { shape: [3], dtype: 'float32' as const, values: Float32Array.of(1, 2, 3) } };
let store: RunStore = openStore(root);
let dir = '';
let count = 0;

beforeEach(() => {
  mkdirSync(join(dataDir, 'pdb'), { recursive: true });
  writeFileSync(join(dataDir, 'pdb', file.name), content);
  store = openStore(join(root, `store-${count++}`));
  const run = store.begin(spec);
  dir = run.dir;
  run.startSession(someEnvironment, 0);
  for (let step = 0; step < 20; step++) {
    run.metrics(step, { loss: 1 / (step + 1) });
    if (step % 8 === 7) run.saveCheckpoint({ step: step + 1, tensors });
  }
  run.finish({ tensors });
  run.close();
  const { files: _count, ...set } = data;
  store.saveManifest({ ...set, files: [file] });
});
afterAll(() => {
  rmSync(root, { recursive: true });
});

/** The results of the checks as `name: result`, and the details of those that are wrong. */
function verify(from: string | null = dataDir): {
  readonly results: readonly string[];
  readonly wrong: string;
  readonly ok: boolean;
} {
  const entry = store.list()[0];
  if (entry === undefined) throw new Error('The store has no run.');
  const { checks, ok } = verifyRun(store, entry, from);
  return {
    results: checks.map(({ name, result }) => `${name}: ${result}`),
    wrong: checks
      .flatMap(({ name, result, detail }) => (result === 'wrong' ? [`${name}: ${detail}`] : []))
      .join('\n'),
    ok,
  };
}

function change(name: string, from: string | RegExp, to: string): void {
  const path = join(dir, name);
  const text = readFileSync(path, 'utf8');
  expect(text).toMatch(from);
  writeFileSync(path, text.replace(from, to));
}

describe('verifyRun', () => {
  it('finds a sound run sound', () => {
    const names = ['record', 'id', 'weights', 'checkpoints', 'metrics', 'data'];
    expect(verify()).toEqual({ results: names.map((name) => `${name}: ok`), wrong: '', ok: true });
  });

  it('does not miss data that are not here', () => {
    expect(verify(null)).toMatchObject({ ok: true });
    expect(verify(join(root, 'none')).results.at(-1)).toBe('data: absent');
  });

  it.each<[string, () => void, RegExp]>([
    [
      'changed configuration',
      () => change('record.json', '"lambda": 0.01', '"lambda": 0.5'),
      /^id: .*record was changed$/,
    ],
    ['changed weights', () => truncateSync(join(dir, 'weights.safetensors'), 30), /^weights: .*was changed/],
    ['lost weights', () => rmSync(join(dir, 'weights.safetensors')), /^weights: Cannot read the weights/],
    [
      'damaged checkpoint',
      () => change('checkpoints/step-00000008.json', '"step":8', '"step":9'),
      /^checkpoints: step 8 is damaged \(its JSON state/,
    ],
    [
      'series that the metrics do not have',
      () => change('record.json', /("values": \[\s*1,\s*)0\.5/, '$10.25'),
      /^metrics: the record has other values than metrics.jsonl for loss$/,
    ],
    ['lost metrics', () => rmSync(join(dir, 'metrics.jsonl')), /^metrics: no metrics.jsonl$/],
    [
      'torn metrics',
      () => appendFileSync(join(dir, 'metrics.jsonl'), '{"st'),
      /^metrics: unreadable line\(s\) 21/,
    ],
    [
      'lost manifest',
      () => rmSync(join(store.dir, 'data-efefefefefef.json')),
      /^data: no manifest data-efefefefefef.json/,
    ],
    [
      'changed data file',
      () => writeFileSync(join(dataDir, 'pdb', file.name), 'ATOX'),
      /^data: 1AHW.pdb was changed$/,
    ],
    [
      'truncated data file',
      () => writeFileSync(join(dataDir, 'pdb', file.name), 'AT'),
      /^data: 1AHW.pdb has 2 bytes, was 4$/,
    ],
    ['torn record', () => truncateSync(join(dir, 'record.json'), 99), /^record: Run .* cannot be read/],
  ])('finds a %s and nothing else', (_, damage, wrong) => {
    damage();
    const found = verify();
    expect(found.ok).toBe(false);
    expect(found.wrong).toMatch(wrong);
    expect(found.wrong.split('\n')).toHaveLength(1);
  });

  it('leaves alone what a process is working on', () => {
    const other = store.begin(someSpec({ data, label: 'other', config: {} }));
    other.startSession(someEnvironment, 0);
    writeFileSync(join(other.dir, 'metrics.jsonl'), '{"st');
    const entry = store.entry(other.id);
    expect(verifyRun(store, entry, null)).toMatchObject({ ok: true, label: 'other' });
    rmSync(join(other.dir, 'metrics.jsonl'));
    other.close();
    expect(readdirSync(store.dir)).toHaveLength(3);
  });
});

describe('compareRuns', () => {
  it('names what differs, key by key, and puts every estimate side by side', () => {
    const other = store.begin(
      someSpec({
        data,
        label: 'SimCLR',
        config: { steps: 20, lambda: 0, optimizer: { rate: 0.1 }, seeds: [0, 1], new: true },
      }),
    );
    const measure = { settings: {}, key: 'k', measuredAt: '2025-11-24T02:36:00.000Z', seconds: 1 };
    other.startSession({ ...someEnvironment, intraOpThreads: 4 }, 0);
    other.addMeasurement({
      ...measure,
      name: 'wahba',
      estimates: { mean: { value: 90 }, worst: { value: 180 } },
    });
    other.close();
    const first = store.begin(spec);
    first.addMeasurement({ ...measure, name: 'wahba', estimates: { mean: { value: 3, sd: 1 } } });
    first.close();
    expect(compareRuns(first.record, other.record)).toEqual({
      a: first.id,
      b: other.id,
      run: [
        { name: 'label', a: 'CARE seed 0', b: 'SimCLR' },
        { name: 'status', a: 'finished', b: 'stopped' },
      ],
      config: [
        { name: 'lambda', a: 0.01, b: 0 },
        { name: 'optimizer.rate', a: 0.001, b: 0.1 },
        { name: 'new', a: null, b: true },
      ],
      data: [],
      code: [],
      environment: [{ name: 'intraOpThreads', a: 2, b: 4 }],
      measurements: [
        { name: 'wahba.mean', a: { value: 3, sd: 1 }, b: { value: 90 } },
        { name: 'wahba.worst', a: null, b: { value: 180 } },
      ],
    });
  });
});
