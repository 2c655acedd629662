import { describe, expect, it } from 'vitest';
import { DEPARTURES } from '../../src/experiments/images/presets.js';
import { care, notBuilt } from './program.js';

const lines = (out: string) => out.split('\n').map((line) => line.split(/ {2,}/).map((cell) => cell.trim()));

describe.skipIf(notBuilt !== null)(`care presets${notBuilt === null ? '' : `: ${notBuilt}`}`, () => {
  it('lists the presets', async () => {
    const { code, out } = await care(['presets', 'list']);
    expect(code).toBe(0);
    expect(out).toMatch(/^paper\n {2}The method as the paper's text/);
    expect(out).toContain('official-code\n');
  });

  it('tells every departure with its switch and both values', async () => {
    const { code, out, err } = await care(['presets', 'diff', 'paper', 'official-code']);
    expect([code, err]).toEqual([0, '']);
    const rows = lines(out);
    expect(rows[0]).toEqual(['point', 'switch', 'paper', 'official-code']);
    expect(rows.slice(1, 1 + DEPARTURES.length).map(([point, setting]) => [point, setting])).toEqual(
      DEPARTURES.map((departure) => [
        departure.point,
        'measures' in departure ? 'care measure RUN' : departure.setting,
      ]),
    );
    expect(rows).toContainEqual(['linear probe', 'care measure RUN', 'probe', 'probe-official']);
    expect(rows).toContainEqual(['lambda on CIFAR10', 'training.lambda', '0.01', '0.03']);
    expect(rows).toContainEqual(['warm-up on STL10', 'training.warmupUnit', 'steps', 'epochs']);
    expect(out).toContain('scale of L_equi, the same in both:');
  });

  it('tells all that differs for a data set and a method, turned round as asked', async () => {
    const about = ['--data', 'imagenet100', '--method', 'moco-v2+care'];
    const { out } = await care(['presets', 'diff', 'official-code', 'paper', ...about]);
    expect(out).toContain('moco-v2+care on imagenet100, profile paper');
    expect(lines(out)).toContainEqual(['training.chunks', '4', '8', 'chunks of MoCo on ImageNet100']);
    const same = await care(['presets', 'diff', 'paper', 'paper', ...about]);
    expect(same.out).toContain('no differences');
  });

  it('turns a pair of measures round with the presets', async () => {
    const { out } = await care(['presets', 'diff', 'official-code', 'paper']);
    expect(lines(out)).toContainEqual(['linear probe', 'care measure RUN', 'probe-official', 'probe']);
  });

  it('shows every setting', async () => {
    const { code, out } = await care(['presets', 'show', 'paper', '--data', 'stl10']);
    expect(code).toBe(0);
    for (const setting of [
      'training.optimizer = sgd',
      'training.learningRate = 0.06',
      'measures.k = 200',
      'method = care',
    ]) {
      expect(out).toContain(`  ${setting}\n`);
    }
  });

  it.each([
    [['show', 'papper'], 'There is no preset "papper".\nDid you mean "paper"?'],
    [['diff', 'paper', 'official-code', '--data', 'cifar-10'], 'There is no image data "cifar-10".'],
    [
      ['diff', 'paper', 'official-code', '--method', 'moco'],
      "argument 'moco' is invalid. Allowed choices are",
    ],
  ])('%j is an error that says what there is', async (args, message) => {
    const { code, err } = await care(['presets', ...args]);
    expect(code).toBe(1);
    expect(err).toContain(message);
  });
});
