import fc from 'fast-check';
import * as vega from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';
import { describe, expect, it } from 'vitest';
import { describeDots, dotPlot, dotTable, summarizeDots } from '../../../src/report/charts/dots.js';
import { binned, histogramPanels } from '../../../src/report/charts/histogram.js';
import { sensitivityChart, spreadLabels, trainingChart } from '../../../src/report/charts/lines.js';
import { brief } from '../../../src/report/charts/statistics.js';
import {
  describePath,
  gridStep,
  idealCircle,
  sharedHalfSpan,
  trajectoryPanels,
} from '../../../src/report/charts/trajectory.js';
import { wrapWords } from '../../../src/report/charts/words.js';
import { drawChart, NARROW_WIDTH } from '../../../src/report/page/chart-render.js';
import { expressionTable } from '../../../src/report/page/expressions.js';
import type { VegaLiteSpec } from '../../../src/report/blocks.js';

const draw = async (spec: VegaLiteSpec): Promise<string> =>
  (await drawChart(spec, expressionTable().compiler)).svg;

const circle = (radius: number, x = 0, y = 0, n = 100): { x: number; y: number; angle: number }[] =>
  Array.from({ length: n }, (_, step) => ({
    x: x + radius * Math.cos((2 * Math.PI * step) / n),
    y: y + radius * Math.sin((2 * Math.PI * step) / n),
    angle: (360 * step) / n,
  }));

describe('trajectories', () => {
  const big = { title: 'CARE', method: 'CARE', points: circle(2, 5, -3), run: 'run-one' };
  const small = { title: 'SimCLR', method: 'SimCLR', points: circle(0.1) };

  it('find the circle that a path should follow', () => {
    const found = idealCircle(big.points);
    expect([found.x, found.y, found.radius].map((value) => value.toFixed(10))).toEqual([
      '5.0000000000',
      '-3.0000000000',
      '2.0000000000',
    ]);
  });

  it('shorten the numbers of a path that hardly moves', async () => {
    const [panel] = trajectoryPanels([{ title: 'L_inv', method: 'L_inv', points: circle(2e-5) }]);
    const svg = await draw(panel?.spec ?? {});
    expect(svg).toMatch(/>2e\S?5</);
    expect(svg).toMatch(/>0</);
    expect(svg).not.toContain('0.0000');
  });

  it('share one scale with equal units on both axes, each around its own centre', () => {
    const panels = trajectoryPanels([big, small]);
    const spans = panels.map(({ spec }) => {
      const encoding = spec['encoding'] as Record<'x' | 'y', { scale: { domain: [number, number] } }>;
      return (['x', 'y'] as const).map(
        (axis) => encoding[axis].scale.domain[1] - encoding[axis].scale.domain[0],
      );
    });
    const expected = 2 * sharedHalfSpan([big, small]);
    for (const span of spans.flat()) expect(span).toBeCloseTo(expected, 3);
    expect(expected).toBeGreaterThan(4);
    expect(panels[0]?.spec['width']).toBe(panels[0]?.spec['height']);
  });

  it('are drawn closed, in the method\u2019s colour, with the ideal named once', async () => {
    const [first, second] = trajectoryPanels([big, small]);
    const svg = await draw(first?.spec ?? {});
    const path =
      [...svg.matchAll(/<path d="(M[^"]+)" stroke="var\(--m-care\)"/g)]
        .map((match) => match[1] ?? '')
        .at(0) ?? '';
    const points = path.slice(1).split('L');
    expect(points).toHaveLength(101);
    expect(points.at(-1)).toBe(points[0]);
    expect(svg).toContain('ideal');
    expect(await draw(second?.spec ?? {})).not.toContain('ideal');
  });

  it.each([
    [1, 0.5],
    [0.58, 0.5],
    [0.5, 0.2],
    [12, 10],
    [0.0003, 0.0002],
  ])('have a grid that fits half a side of %d: every %d', (halfSpan, step) => {
    expect(gridStep(halfSpan)).toBe(step);
  });

  it('give the grid in the name of the axis where there is no room for numbers', async () => {
    const [roomy, narrow] = [170, 116].map((size) => trajectoryPanels([big], { size })[0]?.spec ?? {});
    expect(await draw(roomy ?? {})).not.toContain('grid 2');
    const svg = await draw(narrow ?? {});
    expect(svg).toContain('PC 1, grid 2');
    expect(Number(/width="(\d+)"/.exec(svg)?.[1])).toBeLessThanOrEqual(116);
  });

  it('can run through a circle of colours instead', async () => {
    const [panel] = trajectoryPanels([big], { colour: 'angle' });
    const fills = [...(await draw(panel?.spec ?? {})).matchAll(/fill="(rgb[^"]+)"/g)].map(
      (match) => match[1],
    );
    expect(new Set(fills).size).toBeGreaterThan(50);
  });

  it('say in words how far the path strays, and refuse an empty one', () => {
    expect(describePath(big)).toBe('CARE: the path stays between 2 and 2 from its centre (mean 2).');
    expect(() => trajectoryPanels([{ ...big, points: [] }])).toThrow(/"CARE" has no points/);
  });

  it('take a path that never moves', async () => {
    const still = { ...small, points: circle(0) };
    const [panel] = trajectoryPanels([still]);
    expect(await draw(panel?.spec ?? {})).toContain('var(--m-simclr)');
  });
});

describe('dot plots', () => {
  const input = {
    dots: [1, 2, 4].map((value, seed) => ({ method: 'CARE', value, seed, run: `run${seed}` })),
    methods: ['CARE', 'SimCLR'],
    xTitle: 'error (degrees)',
    dotIs: 'pretraining seed',
    references: [{ value: 57.3, label: 'chance' }],
    paper: [{ method: 'CARE', value: 3 }],
  };

  it('summarise by mean and sample standard deviation', () => {
    const [care, simclr] = summarizeDots(input);
    expect(care?.mean).toBeCloseTo(7 / 3, 12);
    expect(care?.sd).toBeCloseTo(Math.sqrt(7 / 3), 12);
    expect(simclr?.n).toBe(0);
  });

  it('show every seed, the words for a missing run, the level and what the bars are', async () => {
    const svg = await draw(dotPlot(input));
    expect([...svg.matchAll(/fill="var\(--m-care\)"/g)]).toHaveLength(3);
    for (const words of ['not run', 'chance', 'error (degrees)', 'standard deviation', 'diamond: paper'])
      expect(svg).toContain(words);
  });

  it('are arranged for a phone as well', async () => {
    const chart = await drawChart(dotPlot(input), expressionTable().compiler);
    expect(chart.width).toBe(640);
    expect(chart.narrow?.width).toBeLessThanOrEqual(NARROW_WIDTH);
  });

  it('have words and a table', () => {
    expect(describeDots(input)).toBe(
      'Mean error (degrees) by method: CARE 2.33 \u00b1 1.5 (n = 3); SimCLR not run; chance 57.3.',
    );
    expect(dotTable(input, 'Errors').rows).toEqual([
      { method: 'CARE', seed: 0, value: 1, run: 'run0' },
      { method: 'CARE', seed: 1, value: 2, run: 'run1' },
      { method: 'CARE', seed: 2, value: 4, run: 'run2' },
      { method: 'SimCLR', seed: null, value: null, run: 'not run' },
    ]);
  });

  it('write the name of a level where it has room, also without any dot', () => {
    const spec = (value: number) =>
      JSON.stringify(dotPlot({ ...input, dots: [], paper: [], references: [{ value, label: 'level' }] }));
    // The axis begins at zero, so that a level alone is its right end.
    expect(spec(1)).toContain('"align":"right"');
    const low = dotPlot({ ...input, references: [{ value: 0.1, label: 'level' }] });
    expect(JSON.stringify(low)).not.toContain('"align":"right"');
  });

  it('take a logarithmic axis', async () => {
    const dots = [0.001, 0.1, 10].map((value, seed) => ({ method: 'CARE', value, seed }));
    expect(await draw(dotPlot({ ...input, dots, scale: 'log', references: [], paper: [] }))).not.toMatch(
      /NaN|Infinity/,
    );
  });
});

describe('lines', () => {
  const curves = ['CARE', 'SimCLR'].map((method, index) => ({
    method,
    steps: [0, 100, 200],
    values: [1, 0.5, 0.25 + index * 0.001],
  }));

  it('are named at their ends without overlap, in colour and dash', async () => {
    const svg = await draw(trainingChart({ curves, yTitle: 'loss' }));
    expect(svg).toMatch(/stroke="var\(--m-simclr\)"[^>]*stroke-dasharray="7,3"/);
    const heights = ['CARE', 'SimCLR'].map((name) =>
      Number(new RegExp(`translate\\([\\d.]+,([\\d.]+)\\)"[^>]*>${name}<`).exec(svg)?.[1]),
    );
    expect(Math.abs((heights[0] ?? 0) - (heights[1] ?? 0))).toBeGreaterThanOrEqual(14.9);
  });

  it('spread labels: apart by the gap, in order, inside the frame', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 300, noNaN: true }), { maxLength: 12 }), (positions) => {
        const placed = spreadLabels(positions, 15, 300);
        const sorted = [...placed].sort((a, b) => a - b);
        sorted.forEach((place, index) => {
          if (index > 0) expect(place - (sorted[index - 1] ?? 0)).toBeGreaterThanOrEqual(15 - 1e-9);
          expect(place).toBeLessThanOrEqual(300);
        });
        positions.forEach((a, i) =>
          positions.forEach((b, j) => a < b && expect(placed[i]).toBeLessThan(placed[j] ?? 0)),
        );
      }),
    );
  });

  it('of a sensitivity go through the means and mark the chosen setting', async () => {
    const dots = [0.01, 0.1, 1].flatMap((setting) =>
      [1, 3].map((value) => ({ method: 'CARE', setting, value })),
    );
    const spec = sensitivityChart({ dots, xTitle: 'lambda', yTitle: 'error', xScale: 'log', chosen: 0.1 });
    expect(spec['description']).toBe('Mean error by lambda. CARE at 0.01: 2; CARE at 0.1: 2; CARE at 1: 2.');
    const svg = await draw(spec);
    // Above the plot, whose top is at 0: inside, lines would run through it.
    const place = /translate\([-\d.]+,(-?[\d.]+)\)"[^>]*>chosen</.exec(svg);
    expect(Number(place?.[1])).toBeLessThan(0);
  });

  it.each(['linear', 'log'] as const)('on a %s scale leave Vega-Lite nothing to warn of', (scale) => {
    const warnings: unknown[] = [];
    const logger = vega.logger(vega.Warn, undefined, (...[, , args]) => void warnings.push(...args));
    const dots = ['CARE', 'SimCLR'].flatMap((method) =>
      [0.1, 1].map((value, seed) => ({ method, value, seed, setting: value })),
    );
    const level = { value: 0.5, label: 'chance' };
    const specs = [
      sensitivityChart({ dots, xTitle: 'lambda', yTitle: 'error', xScale: scale, chosen: 0.1 }),
      trainingChart({ curves, yTitle: 'loss', yScale: scale }),
      dotPlot({ dots, methods: ['CARE'], xTitle: 'x', dotIs: 'seed', references: [level], scale }),
    ];
    for (const spec of specs) compile(spec as unknown as TopLevelSpec, { logger });
    // That a dot plot's height follows from its rows is meant.
    expect(warnings.filter((text) => !String(text).includes('discrete height'))).toEqual([]);
  });
});

describe('histograms', () => {
  it('count every value of the domain once', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 1 }), (values) => {
        const bins = binned(values, [-1, 1], 7);
        expect(bins.reduce((sum, bin) => sum + bin.count, 0)).toBe(values.length);
      }),
    );
    expect(binned([0, 1, 2], [0, 1], 2).map((bin) => bin.count)).toEqual([1, 1]);
  });

  it('share their scales', () => {
    const panels = histogramPanels({
      samples: [
        { method: 'CARE', values: [0, 0, 0, 1] },
        { method: 'SimCLR', values: [-2, 0.5] },
      ],
      xTitle: 'cosine',
      bins: 4,
    });
    const scales = panels.map(({ spec }) => {
      const bars = (spec['layer'] as { encoding: Record<string, { scale: { domain: unknown } }> }[])[0];
      return [bars?.encoding['x']?.scale.domain, bars?.encoding['y']?.scale.domain];
    });
    expect(scales[0]).toEqual(scales[1]);
    expect(scales[0]?.[0]).toEqual([-2, 1]);
  });
});

it('breaks names of axes at spaces', () => {
  expect(wrapWords('error of the first component', 12)).toEqual(['error of the', 'first', 'component']);
});

it('writes numbers for sentences', () => {
  expect([0, 0.000123, 0.05, 12.345, -1234567, Number.NaN].map((value) => brief(value))).toEqual([
    '0',
    '0.000123',
    '0.05',
    '12.3',
    '\u22121.23e+6',
    'not a number',
  ]);
});
