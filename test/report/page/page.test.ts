import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { drawChart } from '../../../src/report/page/chart-render.js';
import { anchorRegistry, scriptSafe } from '../../../src/report/page/escape.js';
import { expressionTable } from '../../../src/report/page/expressions.js';
import { formulaAt } from '../../../src/report/page/formulas.js';
import { cleanHtml, renderInline, renderMarkdown } from '../../../src/report/page/markdown.js';
import { terminalText } from '../../../src/report/page/outputs.js';
import { bytes, duration, provenanceBlock } from '../../../src/report/page/provenance.js';
import { csvLink, tableCsv, tableElement } from '../../../src/report/page/tables.js';
import type { TableBlock } from '../../../src/report/blocks.js';
import type { RunRecord } from '../../../src/runs/record.js';
import { fixtureRecord } from '../fixtures/notebook.js';

describe('Markdown', () => {
  it('sets formulas as MathML and leaves money alone', () => {
    const html = renderMarkdown('It costs $5 and $6; $\\lambda$ is a weight.\n\n$$x^2$$');
    expect(html).toContain('costs $5 and $6;');
    expect([...html.matchAll(/<math/g)]).toHaveLength(2);
    expect(html).toContain('class="formula"');
  });

  it('keeps a formula\u2019s text out of Markdown', () => {
    expect(renderInline('$a_1 * b_2 * c_3$')).not.toContain('<em>');
  });

  it.each([
    ['$x$', 'x', 3, false],
    ['$$ x $$', 'x', 7, true],
    ['$a\\$b$', 'a\\$b', 6, false],
  ])('finds the formula in %s', (text, tex, end, display) => {
    expect(formulaAt(text, 0)).toEqual({ tex, end, display });
  });

  it.each(['$ x$', '$x $', '$5 and $6', '$x', '$$'])('finds none in %s', (text) => {
    expect(formulaAt(text, 0)).toBeUndefined();
  });

  it('names losses with a subscript, but not in code', () => {
    expect(renderInline('L_unif+L_equi and `L_inv`')).toBe(
      '<i>L</i><sub>unif</sub>+<i>L</i><sub>equi</sub> and <code>L_inv</code>',
    );
  });

  it('never rises above a section', () => {
    expect(renderMarkdown('# A\n\n<h1>B</h1>\n\n### C')).not.toContain('<h1');
  });

  it.each([
    '<script>alert(1)</script>',
    '<img src=x onerror=alert(1)>',
    '[a](javascript:alert(1))',
    '<a href="java&#115;cript:alert(1)">a</a>',
    '<svg onload=alert(1)><circle/></svg>',
    '<iframe src="https://example.org"></iframe>',
    '<style>@import "https://example.org";</style>',
    '<p style="background:url(https://example.org)">a</p>',
    '<a href="data:text/html,<script>alert(1)</script>">a</a>',
    '<form action="https://example.org"><button>a</button></form>',
    '![a](https://example.org/a.png)',
    '$\\href{javascript:alert(1)}{x}$',
    '$\\text{<script>alert(1)</script>}$',
    '$\\includegraphics{https://example.org/a.png}$',
    '\uE0000\uE001',
  ])('makes %s inert', (hostile) => {
    const html = renderMarkdown(hostile);
    expect(html).not.toMatch(/<script|<iframe|<svg|<style|<form|\son\w+=|style="background|<img[^>]*http/i);
    expect(html).not.toMatch(/(href|src)="?(javascript|data:text|https:\/\/example.org\/a)/i);
  });

  it('keeps what is harmless', () => {
    expect(cleanHtml('<table><tr><td>1</td></tr></table>')).toContain('<td>1</td>');
    expect(renderMarkdown('[a](https://example.org)')).toContain(
      'href="https://example.org" rel="noopener noreferrer"',
    );
    expect(renderMarkdown('![a](data:image/png;base64,AAAA)')).toContain(
      '<img src="data:image/png;base64,AAAA" alt="a"',
    );
  });
});

describe('tables', () => {
  const table: TableBlock = {
    type: 'table',
    title: 'T',
    columns: [
      { key: 'name', title: 'name', kind: 'text' },
      { key: 'paper', title: 'paper', kind: 'number', source: 'paper', unit: '%' },
      { key: 'ours', title: 'ours', kind: 'number' },
    ],
    rows: [
      { name: 'a', paper: 90.98, ours: '-0.5 \u00b1 0.1' },
      { name: '=b,"c"', paper: null, ours: null },
      { name: 'd', paper: 9, ours: '12 \u00b1 3' },
    ],
  };

  it('align at the decimal point and add no digits', () => {
    const html = tableElement(table);
    expect(html).toContain('90<span class="tail" style="min-width:3ch">.98</span>');
    expect(html).toContain('9<span class="tail" style="min-width:3ch"></span>');
    expect(html).toContain('\u22120<span class="tail" style="min-width:8ch">.5 \u00b1 0.1</span>');
  });

  it('say missing values in words, and the unit in the header', () => {
    const html = tableElement(table);
    expect(html).toContain('<td class="num paper"><span class="missing">not reported</span></td>');
    expect(html).toContain('<td class="num"><span class="missing">not run</span></td>');
    expect(html).toContain('paper <span class="unit">(%)</span>');
  });

  it('become CSV that a spreadsheet takes for text', () => {
    expect(tableCsv(table)).toBe(
      'name,paper (%),ours\na,90.98,\'-0.5 \u00b1 0.1\n"\'=b,""c""",,\nd,9,12 \u00b1 3\n',
    );
    const href = /href="data:text\/csv;charset=utf-8,([^"]*)"/.exec(csvLink(table, 'x'))?.[1] ?? '';
    expect(decodeURIComponent(href)).toBe(tableCsv(table));
    expect(href).not.toMatch(/[<>#'\n]/);
  });
});

it('strips terminal codes and keeps the last state of a progress line', () => {
  expect(terminalText('10%\r100%\n\u001b[31mred\u001b[0m\r\n')).toBe('100%\nred\n');
});

it('gives every anchor once', () => {
  const anchors = anchorRegistry();
  const given = ['Figure 1', 'figure 1', 'figure-1-2', '???', '!!!'].map(anchors);
  expect(new Set(given).size).toBe(given.length);
  for (const id of given) expect(id).toMatch(/^[a-z0-9-]+$/);
});

it('keeps a script from ending its element', () => {
  const code = 'const a = "</script><!--";';
  expect(scriptSafe(code)).not.toMatch(/<\/script|<!--/);
  expect(runInNewContext(`${scriptSafe(code)} a`)).toBe('</script><!--');
});

it('writes durations and sizes', () => {
  expect([3.21, 59.4, 90.5, 7320].map(duration)).toEqual(['3.2 s', '59 s', '1 min 31 s', '2 h 2 min']);
  expect([0, 512, 2 ** 20, 1.5 * 2 ** 30].map(bytes)).toEqual(['0 B', '512 B', '1 MiB', '1.5 GiB']);
});

describe('charts', () => {
  const spec = {
    data: { values: [{ a: 1 }] },
    mark: 'point',
    encoding: { x: { field: 'a', type: 'quantitative' } },
  };

  it('load nothing from elsewhere', async () => {
    const { compiler } = expressionTable();
    const image = { ...spec, mark: { type: 'image', url: 'https://example.org/a.png', width: 9, height: 9 } };
    expect((await drawChart(image, compiler)).svg).not.toContain('example.org');
    const link = { ...spec, encoding: { ...spec.encoding, href: { value: 'https://example.org' } } };
    expect((await drawChart(link, compiler)).svg).not.toContain('example.org');
  });

  it('collect each expression once, as a function of its own source', async () => {
    const table = expressionTable();
    await drawChart(spec, table.compiler);
    const once = table.source();
    await drawChart(spec, table.compiler);
    expect(table.source()).toBe(once);
    const functions = runInNewContext(once) as unknown[];
    expect(functions.length).toBeGreaterThan(5);
    expect(functions.every((each) => typeof each === 'function')).toBe(true);
  });

  it('draw the same with the collected expressions as Vega does by itself', async () => {
    const vega = await import('vega');
    const values = [3, 1, 2].map((a) => ({ a, b: String(a) }));
    const bars = {
      width: 100,
      data: { values },
      mark: 'bar',
      encoding: { x: { field: 'a', type: 'quantitative' }, y: { field: 'b', type: 'nominal', sort: '-x' } },
    };
    const chart = await drawChart(bars, expressionTable().compiler);
    const plain = await new vega.View(vega.parse(chart.vega), { renderer: 'none' }).toSVG();
    const shapes = (svg: string): string[] =>
      [...svg.matchAll(/ d="(M[^"]+)"/g)].map((match) =>
        (match[1] ?? '').replaceAll(/\d+\.\d+/g, (number) => Number(number).toFixed(1)),
      );
    expect(shapes(chart.svg).length).toBeGreaterThan(2);
    expect(shapes(plain)).toEqual(expect.arrayContaining(shapes(chart.svg)));
  });

  it('refuse a specification that Vega-Lite does not know', async () => {
    await expect(drawChart({ mark: 'hologram' }, expressionTable().compiler)).rejects.toThrow();
  });
});

describe('provenance', () => {
  const provenance = (...records: readonly RunRecord[]) => provenanceBlock({ type: 'provenance', records });
  const onGpu = (index: number, peak: Partial<RunRecord>): RunRecord => {
    const record = fixtureRecord(index);
    const sessions = record.sessions.map((session) => ({
      ...session,
      environment: { ...session.environment, device: 'gpu' as const },
    }));
    return { ...record, sessions, ...peak };
  };

  it('tells peak memory, and that of the GPU where there was one', () => {
    const plain = provenance(fixtureRecord(0));
    expect(plain).toContain('<dt>peak memory</dt><dd>512 MiB</dd>');
    expect(plain).not.toContain('GPU memory');
    const mixed = provenance(
      fixtureRecord(0),
      onGpu(1, { peakDeviceMemoryBytes: 3 * 2 ** 30 }),
      onGpu(2, {}),
    );
    expect(mixed.match(/<dt>peak GPU memory<\/dt><dd>[^<]*/g)).toEqual([
      '<dt>peak GPU memory</dt><dd>3 GiB',
      '<dt>peak GPU memory</dt><dd>not measured',
    ]);
    const cells = [...mixed.matchAll(/<tr>.*?<\/tr>/gs)].map(([row]) => [
      ...row.matchAll(/<td[^>]*>(.*?)<\/td>/gs),
    ]);
    expect(cells.map((row) => row.at(-1)?.[1]).slice(-3)).toEqual(['no GPU', '3072', 'not measured']);
  });
});
