import { describe, expect, it } from 'vitest';
import type { Verdict } from '../../../src/report/blocks.js';
import {
  countVerdicts,
  describeVerdicts,
  verdictChart,
  verdictTable,
  VERDICTS,
  type VerdictMark,
} from '../../../src/report/charts/verdicts.js';
import { drawChart } from '../../../src/report/page/chart-render.js';
import { expressionTable } from '../../../src/report/page/expressions.js';

const mark = (group: string, verdict: Verdict): VerdictMark => ({
  group,
  verdict,
  claim: `${group} ${verdict}`,
});
const marks = [
  mark('tables', 'not run'),
  mark('tables', 'direction holds'),
  mark('tables', 'not reproduced'),
  mark('proteins', 'reproduced'),
  mark('tables', 'direction holds'),
];
const groups = ['proteins', 'tables', 'nothing'];

describe('verdicts as marks', () => {
  it('are counted, in words and in the table behind the chart', () => {
    expect(countVerdicts(marks)).toEqual({
      reproduced: 1,
      'direction holds': 2,
      'not reproduced': 1,
      'not run': 1,
    });
    expect(describeVerdicts(groups, marks)).toBe(
      'proteins: 1 reproduced. tables: 2 direction holds, 1 not reproduced, 1 not run. nothing: no claim.',
    );
    expect(verdictTable(groups, marks).rows[1]).toEqual({
      asked: 'tables',
      reproduced: 0,
      'direction holds': 2,
      'not reproduced': 1,
      'not run': 1,
    });
  });

  it('stand from the best to the least, each claim at one place', () => {
    const { values } = verdictChart(groups, marks).data as {
      readonly values: readonly { readonly group: string; readonly verdict: Verdict; readonly x: number }[];
    };
    const row = values.filter(({ group }) => group === 'tables').sort((a, b) => a.x - b.x);
    expect(row.map(({ verdict }) => verdict)).toEqual([
      'direction holds',
      'direction holds',
      'not reproduced',
      'not run',
    ]);
    expect(row.map(({ x }) => x)).toEqual([0, 1, 2, 3]);
  });

  it('wrap into rows on a phone, and every verdict has a shape of its own', async () => {
    const many = Array.from({ length: 23 }, (_, i) => mark('tables', VERDICTS[i % 4] ?? 'not run'));
    const chart = verdictChart(['tables'], many);
    const drawn = await drawChart(chart, expressionTable().compiler);
    expect(drawn.narrow?.height).toBeGreaterThan(drawn.height);
    const symbols = [...drawn.svg.matchAll(/<path[^>]*transform="translate[^>]*>/g)].map(([path]) => path);
    const dashed = symbols.filter((path) => path.includes('stroke-dasharray'));
    const filled = symbols.filter((path) => /fill="(?!transparent|none)/.test(path));
    // Of 23: six discs, six half discs on a ring, six strokes on a ring, five dotted rings.
    expect([symbols.length, filled.length, dashed.length]).toEqual([6 + 6 * 2 + 6 * 2 + 5, 6 + 6, 5]);
  });
});
