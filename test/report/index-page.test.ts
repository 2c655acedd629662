import { describe, expect, it } from 'vitest';
import { parse } from './fixtures/html.js';
import { HOSTILE } from './fixtures/notebook.js';
import { renderIndexPage } from '../../src/report/index-page.js';
import type { IndexEntry } from '../../src/report/index-page.js';

const entry: IndexEntry = {
  file: 'some reports/protein.html',
  summary: {
    question: `Does it turn? ${HOSTILE}`,
    answer: 'Yes, with **CARE**.',
    verdicts: [{ label: 'circle', verdict: 'direction holds', claim: 'CARE moves on a circle' }],
    warning: 'Generated data.',
  },
  generatedAt: '2001-02-03T04:05:06Z',
  profile: 'laptop',
};

describe('the index', () => {
  it('lists question, answer, verdicts, warning, profile and date, and links to the report', () => {
    const html = renderIndexPage([entry], 'All reports');
    expect(parse(html).problems).toEqual([]);
    for (const part of [
      '<h1>All reports</h1>',
      'href="some%20reports/protein.html"',
      '<strong>CARE</strong>',
      '<span>direction holds</span>',
      'Generated data.',
      'laptop',
      '2001-02-03',
    ]) {
      expect(html).toContain(part);
    }
    expect(html).not.toMatch(/<script|onerror/);
    expect(html).toContain("script-src 'none'");
  });

  it('says that there is none yet', () => {
    expect(renderIndexPage([])).toContain('No report has been made yet.');
  });

  it.each(['/home/protein.html', 'https://example.org/a.html', 'file:///a.html'])(
    'refuses the path %s',
    (file) => {
      expect(() => renderIndexPage([{ ...entry, file }])).toThrow(/relative to the index page/);
    },
  );
});
