import { describe, expect, test } from 'vitest';
import * as vega from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';
import { figureSpec } from '../../src/notebook/figure-spec.js';
import type { FigureBlock, Panel } from '../../src/report/blocks.js';

const DATA = { type: 'table', title: '', columns: [], rows: [] } as const;

function figure(panels: readonly Panel[], columns?: number): FigureBlock {
  const layout = columns === undefined ? {} : { columns };
  return {
    type: 'figure',
    id: 'f',
    title: 'What is seen',
    paperPlace: 'Figure 3',
    panels,
    alt: '',
    data: DATA,
    ...layout,
  };
}

/** A panel as one function makes many: same parameter, same named data, its own colour scale. */
function panel(colour: string): Panel {
  return {
    title: `panel ${colour}`,
    spec: {
      $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
      config: { view: { stroke: null } },
      width: 'container',
      datasets: { [`points ${colour}`]: [{ x: 1.23456789, y: 100000.25, name: 'pick' }] },
      data: { name: `points ${colour}` },
      params: [{ name: 'pick', select: 'point' }],
      mark: 'point',
      encoding: {
        x: { field: 'x', type: 'quantitative' },
        color: { field: 'name', type: 'nominal', scale: { range: [colour] } },
        opacity: { condition: { param: 'pick', value: 1 }, value: 0.2 },
        size: { condition: { test: 'pick.x > 0', value: 10 }, value: 5 },
      },
    },
  };
}

async function draw(spec: unknown): Promise<string> {
  const view = new vega.View(vega.parse(compile(spec as TopLevelSpec).spec), { renderer: 'none' });
  return view.toSVG();
}

describe('one panel', () => {
  test('has the figure’s title, a fixed width, and numbers of five digits', () => {
    const spec = figureSpec(figure([panel('#0072b2')]));
    expect(spec).toMatchObject({
      $schema: 'https://vega.github.io/schema/vega-lite/v5.json',
      title: { text: 'What is seen', subtitle: 'Figure 3' },
      width: 640,
      datasets: { 'points #0072b2': [{ x: 1.2346, y: 100000, name: 'pick' }] },
      params: [{ name: 'pick' }],
    });
    expect(spec).not.toHaveProperty('concat');
  });
});

describe('several panels', () => {
  const spec = figureSpec(figure([panel('#0072b2'), panel('#d55e00'), panel('#009e73')], 2));

  test('are arranged in columns that share the width', () => {
    expect(spec).toMatchObject({
      columns: 2,
      background: '#fefefc',
      config: { view: { stroke: null }, axis: { gridColor: '#e3e1db' } },
      concat: [{ title: 'panel #0072b2', width: 320 }, { width: 320 }, { width: 320 }],
    });
    for (const inner of spec.concat as object[]) {
      expect(inner).not.toHaveProperty('config');
      expect(inner).not.toHaveProperty('$schema');
      expect(inner).not.toHaveProperty('datasets');
    }
  });

  test('have parameters of their own, wherever these are used, and data as they were', () => {
    expect(spec.concat).toMatchObject([
      { params: [{ name: 'pick_0' }] },
      {
        params: [{ name: 'pick_1' }],
        encoding: {
          opacity: { condition: { param: 'pick_1' } },
          size: { condition: { test: 'pick_1.x > 0' } },
        },
      },
      { params: [{ name: 'pick_2' }] },
    ]);
    expect(spec.datasets).toMatchObject({ 'points #d55e00': [{ name: 'pick' }] });
  });

  test('stay readable under Jupyter’s dark theme', async () => {
    // What JupyterLab's vega-embed lays beneath a specification.
    const dark = { background: '#333', title: { color: '#fff' }, style: { 'guide-label': { fill: '#fff' } } };
    const compiled = compile(spec as unknown as TopLevelSpec, { config: dark }).spec;
    const svg = await new vega.View(vega.parse(compiled), { renderer: 'none' }).toSVG();
    expect(svg).not.toContain('fill="#fff"');
    expect(svg).not.toContain('#333');
    expect(svg).toContain('fill="#fefefc"');
  });

  test('are drawn by Vega, each with its own colours', async () => {
    const svg = await draw(spec);
    for (const text of ['What is seen', 'Figure 3', 'panel #009e73']) expect(svg).toContain(text);
    for (const colour of ['#0072b2', '#d55e00', '#009e73']) expect(svg).toContain(`stroke="${colour}"`);
  });

  test('leaves out what is meant for the page of a report alone', () => {
    const spec = {
      mark: 'point',
      width: 300,
      autosize: { type: 'fit-x' },
      usermeta: { narrow: { mark: 'point' } },
    };
    const panel = { title: 'panel', spec };
    for (const panels of [[panel], [panel, panel]]) {
      const shown = figureSpec(figure(panels));
      expect(JSON.stringify(shown)).not.toMatch(/autosize|usermeta/);
    }
  });
});
