/** The figures of the protein report as JupyterLab draws them: none wider than its output. */
import * as vega from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { figureSpec } from '../../src/notebook/figure-spec.js';
import type { FigureBlock } from '../../src/report/blocks.js';
import * as charts from '../../src/report/protein.js';
import { resultsOf } from '../report/fixtures/protein-results.js';

/** Vega guesses 0.8 em a character where there is no canvas; sans serif fonts have about 0.56. */
interface TextItem {
  readonly text?: string;
  readonly fontSize?: number;
}
const metrics = Reflect.get(vega, 'textMetrics') as { width: (item: TextItem, text?: string) => number };
const guessed = metrics.width;
beforeAll(() => {
  metrics.width = (item, text) => 0.56 * (item.fontSize ?? 11) * String(text ?? item.text).length;
});
afterAll(() => {
  metrics.width = guessed;
});

const results = resultsOf();
const [structure = ''] = charts.shownStructures(results);
const figures: readonly FigureBlock[] = [
  charts.heroFigure(results),
  charts.trajectoryFigure(results, structure),
  charts.roundnessFigure(results),
  charts.axisFigure(results),
  charts.geometryFigure(results),
  charts.learningFigure(results),
  ...charts.variedSettings(results).map((setting) => charts.sensitivityFigure(results, setting)),
];

async function drawn(figure: FigureBlock): Promise<{ readonly width: number; readonly columns: unknown }> {
  const spec = figureSpec(figure);
  const compiled = compile(spec as unknown as TopLevelSpec).spec;
  const svg = await new vega.View(vega.parse(compiled), { renderer: 'none' }).toSVG();
  return { width: Number(/^<svg[^>]* width="([\d.]+)"/.exec(svg)?.[1]), columns: spec.columns };
}

test.each(figures.map((figure) => [figure.id, figure] as const))(
  '%s fits into 900 pixels',
  async (_, figure) => {
    const { width } = await drawn(figure);
    expect(width).toBeGreaterThan(300);
    expect(width).toBeLessThanOrEqual(900);
  },
);

test('the three axes of an encoder stay in one row', async () => {
  expect(figures[1]?.columns).toBe(6);
  expect(figures[1]?.panels).toHaveLength(18);
  expect((await drawn(charts.trajectoryFigure(results, structure))).columns).toBe(3);
});
