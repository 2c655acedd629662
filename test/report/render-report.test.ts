import { describe, expect, it, beforeAll } from 'vitest';
import { parse } from './fixtures/html.js';
import { fixtureNotebook, HOSTILE } from './fixtures/notebook.js';
import { badgeRow, type Badge } from '../../src/report/page/badges.js';
import { notebookSummary, renderReport } from '../../src/report/render-report.js';

const INPUT = { notebookName: 'fixture.ipynb', generatedAt: '2001-02-03T04:05:06Z', generator: 'care 0.0.0' };
let html = '';

beforeAll(async () => {
  html = await renderReport({ ...INPUT, notebook: fixtureNotebook() });
});

describe('the page', () => {
  it('is well-formed: every element is closed in order, every id stands once', () => {
    const page = parse(html);
    expect(page.problems).toEqual([]);
    expect(page.ids.filter((id, index) => page.ids.indexOf(id) !== index)).toEqual([]);
    for (const target of page.localTargets) expect(page.ids).toContain(target);
  });

  it('stays small enough to send', () => {
    expect(html.length).toBeLessThan(1_500_000);
  });

  it('begins with warning, question, answer, verdicts, picture and facts, wherever the summary stood', () => {
    const order = [
      'Fixture: every number',
      '<h1>Does an embedding trained with CARE turn',
      'class="answer"',
      'class="badges"',
      'One turn of the protein 1A2K',
      'class="facts"',
      '<nav class="contents',
      '>Figures</h2>',
      '>Claims</h2>',
      '>What did not work</h2>',
      '>Method</h2>',
      '>Provenance</h2>',
    ];
    const places = order.map((text) => html.indexOf(text));
    expect(places).not.toContain(-1);
    expect(places).toEqual([...places].sort((a, b) => a - b));
  });

  it('has one h1 and an outline without gaps', () => {
    const levels = parse(html).headings;
    expect(levels.filter((level) => level === 1)).toHaveLength(1);
    levels.forEach((level, index) => expect(level - (levels[index - 1] ?? 0)).toBeLessThanOrEqual(1));
  });

  it('is the same when it is rendered again', async () => {
    expect(await renderReport({ ...INPUT, notebook: fixtureNotebook() })).toBe(html);
  });
});

describe('charts', () => {
  it('each have a still picture, words for it, a table and a download', () => {
    const page = parse(html);
    const charts = page.elements.filter((element) => element.classes.includes('chart'));
    expect(charts.length).toBeGreaterThan(60);
    for (const chart of charts) {
      expect(chart.attributes['role']).toBe('img');
      expect(chart.attributes['aria-label']?.length).toBeGreaterThan(20);
      expect(chart.inner).toContain('<svg class="marks"');
    }
    const figures = page.elements.filter((element) => element.name === 'figure');
    expect(figures).toHaveLength(6);
    for (const figure of figures) {
      for (const part of ['<figcaption>', '<table>', 'download="', 'data-save-svg'])
        expect(figure.inner).toContain(part);
    }
  });

  it('follow the reader\u2019s scheme: no colour of the theme is fixed', () => {
    for (const picture of html.match(/<svg class="marks".*?<\/svg>/gs) ?? [])
      expect(picture).not.toMatch(/#[0-9a-f]{6}/i);
  });
});

describe('safety', () => {
  it('loads nothing: no address in any attribute that loads, in the style, or in the policy', () => {
    const page = parse(html);
    for (const { name, attributes } of page.elements) {
      for (const key of [
        'src',
        'srcset',
        'poster',
        'action',
        'data',
        'xlink:href',
        'background',
        'formaction',
      ]) {
        expect(attributes[key]?.replace(/^data:.*/s, 'inline') ?? 'inline', `${name} ${key}`).toBe('inline');
      }
      if (name !== 'a' && attributes['href'] !== undefined) expect(attributes['href']).toMatch(/^data:image/);
      expect(Object.keys(attributes).filter((key) => key.startsWith('on'))).toEqual([]);
    }
    expect(/<style>.*<\/style>/s.exec(html)?.[0]).not.toMatch(/url\(|@import/);
    const policy = /Content-Security-Policy" content="([^"]*)"/.exec(html)?.[1] ?? '';
    expect(policy).toMatch(/^default-src 'none'; script-src ('sha256-[^']+' ?)+;/);
    expect(policy).not.toMatch(/unsafe-eval|https?:|connect-src/);
  });

  it('runs only its own scripts, whatever a notebook or a record says', () => {
    const scripts = parse(html).elements.filter((element) => element.name === 'script');
    expect(scripts.map((script) => script.attributes['type'] ?? 'code')).toEqual([
      'text/plain',
      'text/plain',
      'code',
      'code',
    ]);
    expect(html).not.toContain(HOSTILE);
    expect(html).toContain('&lt;script&gt;globalThis.hacked=1&lt;/script&gt;');
    expect(html).not.toContain('javascript:');
  });
});

describe('outputs', () => {
  it('are text without terminal codes, and errors stand out', () => {
    expect(html).not.toContain('\u001b');
    expect(html).toContain('training 100%\ndone');
    expect(html).not.toContain('training 10%');
    expect(html).toContain('<strong>This cell failed.</strong> RangeError: no such protein');
  });

  it('that cannot be shown say why instead of breaking the page', () => {
    expect(html).toContain('block of unknown kind &quot;hologram&quot;');
  });

  it('show a block once, not the form for Jupyter beside it', () => {
    expect(html).not.toContain('only for Jupyter');
  });

  it('fold the code, highlighted', () => {
    expect(html).toMatch(
      /<details class="fold cell"><summary>Code \[1\]<\/summary>.*?<span class="hljs-keyword">import<\/span>/s,
    );
  });
});

describe('claims and runs', () => {
  it('have verdicts as word and shape, the paper in italics, and links to runs that are there', () => {
    const claims = /<table class="claims">.*?<\/table>/s.exec(html)?.[0] ?? '';
    for (const verdict of ['reproduced', 'direction holds', 'not reproduced', 'not run']) {
      expect(claims).toMatch(
        new RegExp(`class="verdict v-[a-z]+"><svg[^>]*>.*?</svg><span>${verdict}</span>`),
      );
    }
    expect(claims).toContain('<td class="paper">');
    expect(claims).toContain('<a href="#run-fixture0">');
    expect(claims).toContain('not-in-the');
    expect(claims).not.toContain('#run-not-in-the-report');
  });

  it('link badges to their claims', () => {
    expect(html).toMatch(/<a class="badge" href="#claim-fig3-circle" title="CARE moves on a circle/);
  });

  it('name losses with subscripts, and let no markup through', () => {
    const badge = { label: 'L_equi <b> helps', verdict: 'not run', claim: 'L_equi helps.' } as const;
    const row = badgeRow([badge]);
    expect(row).toContain('<i>L</i><sub>equi</sub> &lt;b&gt; helps</span>');
    expect(row).toContain('title="L_equi helps."');
  });

  it('share one badge where several were not run', () => {
    const badge = (label: string, verdict: Badge['verdict']): Badge => ({
      label,
      verdict,
      claim: `${label} is so.`,
      target: label,
    });
    const row = (labels: readonly string[]) =>
      badgeRow([...labels.map((label) => badge(label, 'not run')), badge('last', 'reproduced')]);
    expect(row(['a', 'b']).match(/<li>/g)).toHaveLength(3);
    const together = row(['a', 'b', 'c']);
    expect(together.match(/<li>/g)).toHaveLength(2);
    expect(together.match(/>not run</g)).toHaveLength(1);
    for (const label of ['a', 'b', 'c'])
      expect(together).toContain(`href="#${label}" title="${label} is so."`);
    expect(together.indexOf('last')).toBeLessThan(together.indexOf('not run'));
  });

  it('have one fold a run with all of its record', () => {
    const runs = html.match(/<details class="fold run unfold-in-print">/g);
    expect(runs).toHaveLength(6);
    for (const part of [
      'cdcdcdcd',
      '512 MiB',
      'TensorFlow 2.0.0-fixture',
      'resumed once',
      '1 min 31 s',
      'clean tree',
    ]) {
      expect(html).toContain(part);
    }
  });
});

describe('other notebooks', () => {
  it('without a summary take their first heading as title', async () => {
    const notebook = { cells: [{ cell_type: 'markdown', source: '# Hello $x$\n\nText.' }] };
    const page = await renderReport({ ...INPUT, notebook });
    expect(page).toMatch(/<h1>Hello <math/);
    expect(page).toContain('<p>Text.</p>');
    expect(page).not.toContain('data-packed');
  });

  it('that are none are refused by name', async () => {
    await expect(renderReport({ ...INPUT, notebook: { worksheets: [] } })).rejects.toThrow(
      /fixture.ipynb is not a notebook/,
    );
  });

  it('take blocks as text, as kernels send them', async () => {
    const data = {
      'application/vnd.care.block+json': [JSON.stringify({ type: 'prose', markdown: '**six** runs' })],
    };
    const notebook = {
      cells: [{ cell_type: 'code', source: '', outputs: [{ output_type: 'display_data', data }] }],
    };
    expect(await renderReport({ ...INPUT, notebook })).toContain('<strong>six</strong> runs');
  });

  it('keep the table of a chart that cannot be drawn', async () => {
    const data = { 'application/vnd.vegalite.v5+json': { mark: 'hologram', data: { values: [{ a: 1 }] } } };
    const notebook = {
      cells: [{ cell_type: 'code', source: '', outputs: [{ output_type: 'display_data', data }] }],
    };
    const page = await renderReport({ ...INPUT, notebook });
    expect(page).toContain('This chart could not be drawn');
    expect(page).toContain('<th scope="row" class="num">1</th>');
  });

  it('show pasted pictures', async () => {
    const cell = {
      cell_type: 'markdown',
      source: '![a](attachment:a.png)',
      attachments: { 'a.png': { 'image/png': 'AAAA' } },
    };
    expect(await renderReport({ ...INPUT, notebook: { cells: [cell] } })).toContain(
      'src="data:image/png;base64,AAAA"',
    );
  });
});

it('finds the last summary of a notebook', () => {
  expect(notebookSummary(fixtureNotebook())?.question).toMatch(/^Does an embedding/);
  expect(notebookSummary({ cells: [] })).toBeUndefined();
});
