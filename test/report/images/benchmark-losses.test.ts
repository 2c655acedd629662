import { describe, expect, it } from 'vitest';
import {
  lambdaFigure,
  positivesCurves,
  positivesFigure,
  subsetFigure,
  subsetTable,
} from '../../../src/report/images/benchmark-losses.js';
import { LAST_BINS, plainNumbers, tablesOf } from './benchmark-results.js';

const all = tablesOf();
const none = tablesOf({ ran: () => false });

/** All data rows of a specification. */
function rowsIn(spec: unknown): Record<string, unknown>[] {
  if (Array.isArray(spec)) return spec.flatMap(rowsIn);
  if (typeof spec !== 'object' || spec === null) return [];
  const { values, ...rest } = spec as Record<string, unknown>;
  const own = Array.isArray(values) ? (values as Record<string, unknown>[]) : [];
  return [...own, ...Object.values(rest).flatMap(rowsIn)];
}

describe('Figure 7', () => {
  it('is the error at every weight, with SimCLR beside it and the paper\u2019s best region', () => {
    const figure = lambdaFigure(all);
    const rows = rowsIn(figure.panels[0]?.spec);
    for (const { part, method, config, seed, record, ...run } of all.outcomes) {
      if (method !== 'care' || !['cifar10', 'lambda'].includes(part)) continue;
      const { probe = NaN } = plainNumbers({ part, method, config, seed, ...run });
      const dot = rows.find((row) => row.run === record?.id);
      expect(dot).toMatchObject({ setting: config.training.lambda });
      expect(dot?.value).toBeCloseTo(100 - probe, 9);
    }
    expect(rows).toContainEqual(
      expect.objectContaining({ low: 0.01, high: 0.1, label: 'best in the paper' }),
    );
    expect(rows).toContainEqual(expect.objectContaining({ label: 'SimCLR, lambda 0' }));
  });

  it('names the weight with the smallest error', () => {
    const best = tablesOf({
      numbers: (run) => ({
        ...plainNumbers(run),
        probe: run.config.training.lambda === 0.3 ? 70 : 40 + run.seed,
      }),
    });
    expect(lambdaFigure(best).title).toBe('The linear readout errs least at lambda 0.3');
    expect(lambdaFigure(none).title).toContain('not run');
  });
});

it('Figure 7 says what lambda weighs in its runs', () => {
  expect(lambdaFigure(all).differs).toContain(
    'lambda weighs a sum over the images of a chunk, as in the official code.',
  );
  const mean = tablesOf({ settings: ['training.reduction=mean'], ran: () => false });
  expect(lambdaFigure(mean).differs).toContain('lambda weighs a mean over pairs;');
});

describe('Figure 10', () => {
  it('has each subset with its seeds, the control last, and chance', () => {
    const figure = subsetFigure(all);
    const { domain } = (figure.panels[0]?.spec as { encoding: { y: { scale: { domain: string[] } } } })
      .encoding.y.scale;
    expect(domain).toEqual([
      'L_inv',
      'L_unif',
      'L_equi',
      'L_inv + L_unif',
      'L_inv + L_equi',
      'L_unif + L_equi',
      'L_inv + L_unif + L_equi',
      'untrained',
    ]);
    expect(figure.data.rows).toHaveLength(8 * 3);
    expect(rowsIn(figure.panels[0]?.spec)).toContainEqual(
      expect.objectContaining({ label: 'chance', level: 10.25 }),
    );
    expect(subsetTable(all).rows).toHaveLength(8);
    expect(subsetTable(all).columns.map(({ key }) => key)).toEqual(
      expect.arrayContaining(['embedding.uniformity', 'embedding.effectiveRank']),
    );
  });
});

describe('Figures 11 to 16', () => {
  it('pool the seeds\u2019 counts, in per cent', () => {
    const figure = positivesFigure(all);
    expect(figure.panels).toHaveLength(8);
    const bars = rowsIn(figure.panels[0]?.spec).filter((row) => 'share' in row && Number(row.count) > 0);
    const total = LAST_BINS.reduce((sum, count) => sum + count, 0);
    expect(bars).toHaveLength(4);
    LAST_BINS.forEach((count, i) => {
      expect(bars[i]).toMatchObject({ count: 3 * count, share: (100 * count) / total });
      expect(bars[i]?.from).toBeCloseTo(0.8 + 0.05 * i, 9);
    });
  });

  it('have the mean over training of every subset', () => {
    const { data, panels } = positivesCurves(all);
    expect(panels).toHaveLength(1);
    expect(data.rows).toHaveLength(7 * 3);
    expect(data.rows[0]).toMatchObject({ first: 0.91, last: 0.5 });
  });

  it('say what was not run', () => {
    const partial = tablesOf({ ran: ({ method }) => method === 'l-equi' });
    expect(positivesFigure(partial).weSee).toContain('Not run: L_inv, L_unif, L_inv + L_unif');
    for (const figure of [
      positivesFigure(none),
      positivesCurves(none),
      subsetFigure(none),
      lambdaFigure(none),
    ])
      expect(JSON.stringify(figure)).not.toMatch(/NaN|undefined|not a number/);
  });
});
