import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { openStore } from '../../src/runs/store.js';
import { care, notBuilt } from './program.js';

vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

const folder = mkdtempSync(join(tmpdir(), 'care-measure-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const [data, runs] = [join(folder, 'data'), join(folder, 'runs')];
mkdirSync(data);
const env = { TF_NUM_INTRAOP_THREADS: '1', TF_NUM_INTEROP_THREADS: '1' };
const places = ['--runs', runs, '--data-dir', data];

describe.skipIf(notBuilt !== null)(`care measure${notBuilt === null ? '' : `: ${notBuilt}`}`, () => {
  let id = '';
  beforeAll(async () => {
    const settings = ['data.size=16', 'data.limit=32', 'model.width=2', 'model.hidden=6', 'model.dim=4'];
    const { code, err } = await care(
      [
        ...['train', '--profile', 'smoke', '--method', 'untrained', ...places],
        ...['measures.k=5', ...settings].flatMap((setting) => ['-p', setting]),
      ],
      { env },
    );
    expect(code, err).toBe(0);
    [id = ''] = readdirSync(runs).filter((name) => !name.endsWith('.json'));
  });
  const measure = (...args: readonly string[]) => care(['measure', ...args, ...places], { env });

  it('prints a table, keeps the measurement, and finds it again', async () => {
    const first = await measure(id.slice(0, 6), 'gamma', '-p', 'augmentations=3');
    expect(first.code, first.err).toBe(0);
    expect(first.out).toContain('untrained small seed 0');
    expect(first.out).toMatch(/embedding\.gamma +[\d.]+ ± [\d.]+ +sd over 3 trials/);
    expect(first.err).toContain('measuring gamma ...');
    const kept = openStore(runs).read(id).measurements['gamma'];
    expect(kept?.estimates['features.invarianceLoss']).toMatchObject({ n: 3, kind: 'trials' });
    const again = await measure(id, 'gamma', '-p', 'augmentations=3', '--json');
    expect(again.err).not.toContain('measuring');
    expect(JSON.parse(again.out)).toEqual({ gamma: kept });
    const other = await measure(id, 'gamma', '-p', 'augmentations=3', '--seed', '7', '--json');
    expect(JSON.parse(other.out)).not.toEqual({ gamma: kept });
  });

  it('lists what can be measured without a run', async () => {
    const { code, out } = await care(['measure', '--list'], { env });
    expect(code).toBe(0);
    for (const name of ['wahba', 'probe-official', 'retrieval', 'trajectories']) expect(out).toContain(name);
  });

  it.each<[readonly string[], string]>([
    [['RUN', 'wabha'], 'There is no measure "wabha" for runs of images.\nDid you mean "wahba"?'],
    [
      ['RUN', 'gamma', '-p', 'augmentation=3'],
      'augmentation: unknown key (from -p); did you mean augmentations?',
    ],
    [
      ['RUN', 'gamma', '-p', 'neighbours.temperature=0'],
      'neighbours.temperature: given "0" (from -p), allowed is',
    ],
    [
      ['RUN', 'gamma', '--seed', '-1'],
      'seed: given "-1" (from the options), allowed is a whole number at least 0',
    ],
    [
      ['RUN', 'retrieval', '-p', 'retrieval.k=500'],
      'k is 500; it must be a whole number from 1 to the 31 items',
    ],
    [['zzzz'], 'There is no run "zzzz"'],
    [[], 'care measure takes a run.'],
  ])('%j is an error that says what to do', async (args, message) => {
    const { code, err, out } = await measure(...args.map((arg) => (arg === 'RUN' ? id : arg)));
    expect(code).toBe(1);
    expect(out).toBe('');
    expect(err).toContain(message);
    expect(err).not.toContain('    at ');
  });
});
