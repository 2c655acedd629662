import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { openStore } from '../../src/runs/store.js';
import { TINY } from '../experiments/protein/tiny.js';
import { care, notBuilt, start } from './program.js';

const folder = mkdtempSync(join(tmpdir(), 'care-sweep-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Images, a network and an epoch so small that a run takes moments. */
const TINY_IMAGES = {
  'data.name': 'generated',
  'data.limit': 32,
  'data.size': 8,
  'model.width': 4,
  'model.hidden': 8,
  'model.dim': 4,
  'training.epochs': 1,
  'training.batch': 16,
  'training.chunks': 2,
  'measures.k': 4,
  'measures.knnLimit': 16,
};

function sweepFile(name: string, content: object): string {
  const file = join(folder, `${name}.json`);
  writeFileSync(file, JSON.stringify({ experiment: 'images', profile: 'smoke', ...content }));
  return file;
}

describe.skipIf(notBuilt !== null)(`care sweep${notBuilt === null ? '' : `: ${notBuilt}`}`, () => {
  it.each([
    [join(folder, 'nowhere.json'), 'The sweep cannot be read: ENOENT'],
    [sweepFile('key', { grid: { 'training.lamda': [1] } }), 'did you mean training.lambda?'],
    [
      sweepFile('value', { grid: { 'training.epochs': [1, 'soon'] } }),
      'training.epochs: given "soon" (from the sweep\'s run "training.epochs soon")',
    ],
    [sweepFile('empty', { grid: { seed: [] } }), 'describes no sweep'],
  ])('%s is an error that says what to do, before anything is trained', async (file, message) => {
    const runs = join(folder, 'none');
    const { code, out, err } = await care(['sweep', file, '--runs', runs]);
    expect([code, out]).toEqual([1, '']);
    expect(err).toContain(message);
    expect(err).not.toContain('    at ');
    expect(existsSync(runs)).toBe(false);
  });

  it('refuses a number of jobs that is none', async () => {
    const { code, err } = await care(['sweep', sweepFile('jobs', { grid: { seed: [0] } }), '--jobs', 'two']);
    expect(code).toBe(1);
    expect(err).toContain('--jobs is "two"; it is the number of runs at the same time.');
  });

  it('--plan lists the runs and writes nothing', async () => {
    const cwd = mkdtempSync(join(folder, 'cwd-'));
    const file = sweepFile('plan', { grid: { method: ['care', 'simclr'], seed: [0, 1] } });
    const { code, out } = await care(['sweep', file, '--plan'], { cwd });
    expect(code).toBe(0);
    expect(out).toContain('4 run(s) of images, profile smoke, preset paper, 1 at a time');
    expect(out).toContain('  method simclr, seed 1');
    expect(readdirSync(cwd)).toEqual([]);
  });

  it('trains every combination, two at a time, and finds them again', async () => {
    const runs = join(folder, 'runs');
    const file = sweepFile('whole', { set: TINY_IMAGES, grid: { method: ['care', 'simclr', 'untrained'] } });
    const first = await care(['sweep', file, '--jobs', '2', '--runs', runs]);
    expect([first.code, first.err.includes('failed')], first.err).toEqual([0, false]);
    for (const method of ['care', 'simclr', 'untrained']) {
      expect(first.out).toMatch(new RegExp(`method ${method} +done +[\\d.]+ ± [\\d.]+ %`));
    }
    const records = openStore(runs)
      .list()
      .flatMap((entry) => ('record' in entry ? [entry.record] : []));
    expect(records.map(({ status }) => status)).toEqual(['finished', 'finished', 'finished']);

    const second = await care(['sweep', file, '--runs', runs, '--show', 'knn.chance']);
    expect(second.code).toBe(0);
    expect(second.out).toMatch(/settings +state +chance/);
    expect(second.err).not.toContain('step');
    const again = openStore(runs)
      .list()
      .flatMap((entry) => ('record' in entry ? [entry.record] : []));
    expect(again).toEqual(records);
  }, 180_000);

  it('sweeps over proteins, too', async () => {
    const settings = TINY.map((setting) => setting.split('=') as [string, string]);
    const values = settings.map(([key, value]) => [
      key,
      JSON.parse(listed(key) ? `[${value}]` : value) as unknown,
    ]);
    const file = sweepFile('protein', {
      experiment: 'protein',
      set: Object.fromEntries(values) as object,
      grid: { encoder: ['care'], 'training.lambda': [1, 3] },
    });
    const { code, out, err } = await care(['sweep', file, '--runs', join(folder, 'proteins')], {
      env: { ...process.env, CARE_DATA_DIR: folder },
    });
    expect(code, err).toBe(0);
    expect(out).toMatch(/lambda 3 +done/);
  }, 180_000);

  it('stops in order, and goes on', async () => {
    const runs = join(folder, 'stopped');
    const file = sweepFile('stopped', {
      set: { ...TINY_IMAGES, 'training.epochs': 20_000 },
      grid: { method: ['simclr', 'care'] },
    });
    const running = start(['sweep', file, '--runs', runs]);
    await running.says('[1/2] method simclr: ');
    running.child.kill('SIGINT');
    const { code, err } = await running.ended;
    expect(code).toBe(130);
    expect(err).toContain('Stopped with 2 of 2 runs to do.');
    const [entry, ...others] = openStore(runs).list();
    expect([entry?.state, others.length]).toEqual(['stopped', 0]);
  }, 120_000);
});

function listed(key: string): boolean {
  return ['model.phi', 'model.rho', 'measures.classifierSeeds'].includes(key);
}
