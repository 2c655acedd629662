import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { ImageMethod } from '../../../src/experiments/images/config.js';
import { RECIPES } from '../../../src/experiments/images/presets.js';
import { imageLabel, type ImageResults } from '../../../src/experiments/images/study.js';
import {
  benchmarkTable,
  beyondTable,
  gainFigure,
  gainTable,
  gainWords,
  heroFigure,
} from '../../../src/report/images/benchmark-tables.js';
import { PAPER_DATA, TABLE_1, TABLE_1_METHODS } from '../../../src/report/paper-numbers.js';
import { transferFigure, transferRuns } from '../../../src/report/images/transfer.js';
import { plainNumbers, tablesOf, triedOn, type NumbersOf } from './benchmark-results.js';

const all = tablesOf();
const none = tablesOf({ ran: () => false });

function rowOf(results: ImageResults, data: keyof typeof TABLE_1, method: ImageMethod) {
  const row = benchmarkTable(results, data).rows.find((one) => one.method === imageLabel(method));
  if (row === undefined) throw new Error(`There is no row of ${method}.`);
  return row;
}

/** Values of one method under which seeds 0, 1 and 2 have the probes given. */
function withProbes(probes: Partial<Record<ImageMethod, readonly number[]>>): NumbersOf {
  return (run) => ({ ...plainNumbers(run), ...given(probes[run.method]?.[run.seed]) });
}
const given = (probe: number | undefined) => (probe === undefined ? {} : { probe });

describe('the paper\u2019s numbers', () => {
  it('are those that docs/paper.md has', () => {
    const text = readFileSync(new URL('../../../docs/paper.md', import.meta.url), 'utf8');
    const [, table = ''] = /### Table 1[\s\S]*?\n(\|[\s\S]*?)\n\n/.exec(text) ?? [];
    const lines = table.split('\n').map((line) =>
      line
        .split('|')
        .map((cell) => cell.trim())
        .slice(1, -1),
    );
    const header = lines[0]?.slice(1);
    expect(header).toEqual(RECIPES.map((data) => PAPER_DATA[data]));
    const rows: readonly (readonly [string, ImageMethod])[] = [
      ['SimCLR', 'simclr'],
      ['with CARE', 'care'],
      ['MoCo-v2', 'moco-v2'],
      ['with CARE', 'moco-v2+care'],
      ['Barlow Twins', 'barlow-twins'],
      ['with CARE', 'barlow-twins+care'],
      ['BYOL', 'byol'],
      ['EquiMod on SimCLR', 'equimod'],
      ['EquiMod on BYOL', 'equimod-byol'],
    ];
    expect(lines.slice(2).map(([name]) => name)).toEqual(rows.map(([name]) => name));
    rows.forEach(([, method], i) => {
      RECIPES.forEach((data, column) => {
        const cell = lines[i + 2]?.[column + 1] ?? '';
        const found = /^([\d.]+)(?: \u00b1 ([\d.]+))?( q)?( \?)?$/.exec(cell);
        const own = method === 'untrained' ? undefined : TABLE_1[data][method];
        if (found === null) {
          expect([cell, own]).toEqual(['not given', undefined]);
          return;
        }
        const [, value, sd, isQuoted, isUncertain] = found;
        expect(own).toEqual({
          value: Number(value),
          ...(sd === undefined ? {} : { sd: Number(sd) }),
          ...(isQuoted === undefined ? {} : { quoted: true }),
          ...(isUncertain === undefined ? {} : { uncertainPlace: true }),
        });
      });
    });
  });
});

describe('a column of Table 1', () => {
  it('has the paper\u2019s rows, with the control', () => {
    for (const data of RECIPES) {
      const { rows, title } = benchmarkTable(all, data);
      expect(title).toBe(`Table 1, ${PAPER_DATA[data]}`);
      expect(rows.map(({ method }) => method)).toEqual(
        [...TABLE_1_METHODS, 'untrained'].map((name) => imageLabel(name as ImageMethod)),
      );
    }
  });

  it('has mean, deviation, difference and cost worked out by hand', () => {
    // Mean 51, deviation 1; the t interval of three is 51 - 91.92 +- 4.303 / sqrt 3.
    const results = tablesOf({ numbers: withProbes({ care: [50, 51, 52] }) });
    expect(rowOf(results, 'cifar10', 'care')).toMatchObject({
      paper: '91.92 \u00b1 0.12',
      ours: '51.0 \u00b1 1.0',
      seeds: 3,
      difference: '\u221240.9 [\u221243.4, \u221238.4]',
      verdict: 'other setting',
      views: 1010,
      minutes: 2,
      memory: 2.5,
    });
  });

  it('marks what the paper quotes, what is uncertain, and what it does not report', () => {
    expect(rowOf(all, 'cifar100', 'byol').paper).toBe('67.41 (quoted) ?');
    expect(rowOf(all, 'imagenet100', 'moco-v2').paper).toBe('73.50 \u00b1 0.19 ?');
    expect(rowOf(all, 'stl10', 'moco-v2')).toMatchObject({ paper: null, difference: '', verdict: '' });
    expect(benchmarkTable(all, 'cifar100').caption).toContain('(quoted): taken over by the paper');
    expect(benchmarkTable(all, 'stl10').caption).not.toContain('(quoted)');
    expect(benchmarkTable(all, 'imagenet100').caption).toContain(
      'MoCo-v2 at 73.16 and CARE (MoCo-v2) at 74.22',
    );
  });

  it('reproduces a number only in the paper\u2019s setting, within uncertainty', () => {
    const near = withProbes({ care: [91.8, 91.9, 92.1] });
    const far = withProbes({ care: [80.8, 80.9, 81.1] });
    const verdictOf = (profile: 'paper' | 'overnight', numbers: NumbersOf, seeds = 3) => {
      const results = tablesOf({
        profile,
        numbers,
        ran: ({ part, seed }) => part === 'cifar10' && seed < seeds,
        change: (record) => ({ ...record, data: { ...record.data, items: 50_000 } }),
      });
      return rowOf(results, 'cifar10', 'care').verdict;
    };
    // Elsewhere the number is not expected: neither agreeing nor not says anything.
    expect([verdictOf('overnight', near), verdictOf('overnight', far)]).toEqual([
      'other setting',
      'other setting',
    ]);
    expect([verdictOf('paper', near), verdictOf('paper', far)]).toEqual(['reproduced', 'not reproduced']);
    // One seed has no uncertainty to agree within.
    expect(verdictOf('paper', near, 1)).toBe('not reproduced');
  });

  it('says once a row that it was not run, and of a set without data only that', () => {
    const partial = tablesOf({ ran: ({ part, method }) => part === 'cifar10' && method !== 'byol' });
    expect(rowOf(partial, 'cifar10', 'byol')).toMatchObject({
      paper: '90.44 (quoted)',
      ours: null,
      seeds: '',
      difference: '',
      verdict: 'not run',
      knn: '',
      views: '',
    });
    const absent = benchmarkTable(partial, 'stl10');
    expect(absent.columns.map(({ key }) => key)).toEqual(['method', 'paper', 'ours']);
    expect(absent.caption).toContain('nothing was run');
  });

  it('has no cost of an encoder that was not trained', () => {
    expect(rowOf(all, 'cifar10', 'untrained')).toMatchObject({
      paper: null,
      views: '',
      minutes: '',
      memory: '',
    });
  });

  it('says that no number is judged outside the paper\u2019s setting, and where L_equi weighs less', () => {
    expect(benchmarkTable(all, 'cifar10').caption).toContain('\u201cother setting\u201d: not judged');
    expect(benchmarkTable(all, 'cifar10').caption).not.toContain('L_equi is');
    expect(benchmarkTable(all, 'cifar100').caption).toContain(
      'L_equi is weaker in CARE than in the paper\u2019s setting: lambda 0.001 on chunks of 16 images, the paper\u2019s lambda 0.001 on chunks of 64 images',
    );
    expect(gainFigure(all).differs).toContain('On STL10, L_equi is weaker');
    expect(gainFigure(all).differs).not.toContain('On CIFAR10, L_equi');
    expect(gainFigure(all).differs).not.toContain('different processors');
    const elsewhere = tablesOf({
      change: (record, { method, seed }) => ({
        ...record,
        sessions: record.sessions.map((session) => ({
          ...session,
          environment: {
            ...session.environment,
            ...(method === 'care' && seed === 1 ? { cpu: 'Other' } : {}),
          },
        })),
      }),
    });
    expect(gainFigure(elsewhere).differs).toContain(
      'On CIFAR10, the runs with and without CARE come from different processors for CARE in 1 of 3 seeds.',
    );
    expect(benchmarkTable(none, 'cifar100').caption).not.toMatch(/L_equi is|other setting/);
  });

  it('has a unit for every deviation', () => {
    const column = benchmarkTable(all, 'cifar10').columns.find(({ key }) => key === 'classifiers');
    expect(column).toMatchObject({ unit: 'points' });
  });

  it('names profile, data and chance', () => {
    expect(benchmarkTable(all, 'cifar10').caption).toContain(
      'Profile overnight: CIFAR-10, 5000 training images.',
    );
    expect(benchmarkTable(all, 'cifar10').caption).toContain('Guessing gives 10.3 %.');
  });
});

describe('what CARE changes', () => {
  const hand = tablesOf({
    numbers: withProbes({
      care: [50, 51, 52],
      simclr: [49, 49, 49],
      'moco-v2+care': [40, 41, 42],
      'moco-v2': [41, 42, 43],
      'barlow-twins+care': [30, 30, 33],
      'barlow-twins': [30, 30, 30],
    }),
  });

  it('is the mean of the differences of one seed, beside the paper\u2019s', () => {
    expect(gainWords(hand, 'cifar10')).toBe(
      '+2.0 on SimCLR (paper +0.94), \u22121.0 on MoCo-v2 (paper +0.24), +1.0 on Barlow Twins (paper +1.11)',
    );
    const rows = gainTable(hand).rows.filter(({ data }) => data === 'CIFAR10');
    expect(
      rows
        .slice(0, 3)
        .map(({ method, base, paper, ours, sd, seeds }) => [method, base, paper, ours, sd, seeds]),
    ).toEqual([
      ['CARE', 'SimCLR', '+0.94', '+2.00', 1, 3],
      ['CARE (MoCo-v2)', 'MoCo-v2', '+0.24', '\u22121.00', 0, 3],
      ['CARE (Barlow Twins)', 'Barlow Twins', '+1.11', '+1.00', 1.7, 3],
    ]);
  });

  it('pairs seeds, and leaves out a seed that one of the two lacks', () => {
    const partial = tablesOf({
      numbers: withProbes({ care: [50, 51, 52], simclr: [49, 49, 49] }),
      ran: ({ part, method, seed }) => part === 'cifar10' && !(method === 'simclr' && seed === 2),
    });
    const row = gainTable(partial).rows[0];
    expect(row).toMatchObject({ ours: '+1.50', seeds: 2 });
    const [care, simclr] = (['care', 'simclr'] as const).map((method) =>
      partial.outcomes
        .filter((one) => one.part === 'cifar10' && one.method === method)
        .map(({ record }) => record?.id),
    );
    expect(row?.runs).toBe(`${care?.[0]} \u2212 ${simclr?.[0]}, ${care?.[1]} \u2212 ${simclr?.[1]}`);
  });

  it('shows the dots, and the paper\u2019s differences, of every set of images that was run', () => {
    const figure = gainFigure(hand);
    expect(figure.panels.map(({ title }) => title)).toEqual(RECIPES.map((data) => PAPER_DATA[data]));
    const drawn = JSON.stringify(figure.panels[0]?.spec);
    for (const value of [1, 2, 3, -1, 0.94, 0.24, 1.11]) expect(drawn).toContain(`"value":${value}`);
    expect(figure.paperShows).toContain('by 0.24 to 3.90 points');
    expect(gainFigure(none).title).toBe('What adding CARE changes of the linear probe on CIFAR10: not run');
    expect(gainFigure(none).panels).toHaveLength(1);
    expect(JSON.stringify(gainFigure(none))).not.toContain('NaN');
    expect(heroFigure(hand).panels).toHaveLength(1);
  });

  it('stands beyond Table 1 without a paper\u2019s number', () => {
    const { columns, rows } = beyondTable(all);
    expect(columns.some(({ source }) => source === 'paper')).toBe(false);
    expect(rows.map(({ method }) => method)).toEqual([
      'CARE (BYOL)',
      'CARE (EquiMod)',
      'E-SSL',
      'CARE (E-SSL)',
    ]);
  });
});

describe('transferFigure', () => {
  it('has the probe on the other images beside that on its own, and says which they are', () => {
    const figure = transferFigure(tablesOf());
    expect(figure.title).toMatch(
      /^Trained on CIFAR10, probed on Flowers \(5 classes\): .+ has the highest mean/,
    );
    const { rows } = figure.data;
    expect(rows.map(({ method }) => method)).toEqual(['CARE', 'SimCLR', 'untrained']);
    expect(figure.alt).toContain('chance');
  });

  it('leaves out what was tried on other images than those of the plan', () => {
    const onCifar = tablesOf({
      change: (record) => ({ ...record, measurements: triedOn(record.measurements, 'cifar100') }),
    });
    expect(transferFigure(onCifar).title).toBe('Trained on CIFAR10, probed on Flowers (5 classes): not run');
    expect(transferRuns(onCifar).runs.every(({ record }) => record === null)).toBe(true);
  });
});
