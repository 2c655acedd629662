import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  BLOCK_MIME,
  type ClaimIndexBlock,
  type ReportedClaim,
  type Verdict,
} from '../../../src/report/blocks.js';
import { blockHtml, blockText } from '../../../src/notebook/block-html.js';
import { renderReport } from '../../../src/report/render-report.js';
import { findChromium, launch, NO_CHROMIUM } from '../fixtures/browser.js';
import { parse } from '../fixtures/html.js';
import { HOSTILE } from '../fixtures/notebook.js';

function claim(id: string, verdict: Verdict, more: Partial<ReportedClaim> = {}): ReportedClaim {
  return {
    id,
    claim: `The claim ${id}.`,
    place: 'Figure 3',
    paperValue: 'lower',
    ours: verdict === 'not run' ? 'not run' : '0.25 \u00b1 0.01',
    difference: verdict === 'not run' ? 'not run' : '\u22120.5 [\u22120.6, \u22120.4]',
    verdict,
    because: `Because of ${id}.`,
    profile: 'laptop',
    runs: verdict === 'not run' ? [] : ['0123456789abcdef'],
    experiment: 'protein',
    ...more,
  };
}

const shared = claim('held', 'direction holds', { report: 'protein.html' });
const block: ClaimIndexBlock = {
  type: 'claim-index',
  sections: [
    {
      title: 'What the paper shows',
      groups: [
        {
          id: 'figure-3',
          place: 'Figure 3',
          shows: 'It turns.',
          claims: [
            shared,
            claim('lost', 'not reproduced', { claim: `Lost ${HOSTILE}`, because: HOSTILE, opposite: true }),
          ],
        },
        { id: 'figure-4', place: 'Figure 4', shows: 'It is read.', claims: [claim('open', 'not run')] },
      ],
    },
    {
      title: 'What its reviewers asked for',
      groups: [{ id: 'asked', place: 'seeds', shows: 'It stays.', claims: [shared] }],
    },
  ],
};

const notebook = {
  nbformat: 4,
  nbformat_minor: 5,
  metadata: {},
  cells: [
    { cell_type: 'markdown', metadata: {}, source: '# Index\n\n## All claims\n\nWhat verdicts mean.' },
    {
      cell_type: 'code',
      metadata: {},
      execution_count: 1,
      source: 'care.show(block);',
      outputs: [{ output_type: 'display_data', metadata: {}, data: { [BLOCK_MIME]: block } }],
    },
  ],
};
const render = () =>
  renderReport({ notebook, notebookName: 'index.ipynb', generatedAt: '2001-02-03T04:05:06Z' });

describe('the table of all claims', () => {
  it('counts each claim once, links to its report, and names what has none', async () => {
    const html = await render();
    const page = parse(html);
    expect(page.problems).toEqual([]);
    expect(new Set(page.ids).size).toBe(page.ids.length);
    const counts = page.elements.filter(({ classes }) => classes.includes('count')).map(({ inner }) => inner);
    // All, reproduced, direction holds, not reproduced, not run, and those not reproduced that are contradicted.
    expect(counts).toEqual(['3', '0', '1', '1', '1', '1']);
    expect(html.match(/is-not-reproduced is-opposite/g)).toHaveLength(1);
    expect(html.match(/<span class="why">contradicted<\/span>/g)).toHaveLength(1);
    expect(html).toContain('href="protein.html#claim-held"');
    expect(html).toContain('href="protein.html#run-0123456789abcdef"');
    expect(html).not.toMatch(/href="[^"#]*#claim-lost"/);
    expect(html).not.toMatch(/<script[^>]*>[^<]*alert|onerror=/);
    // Its headings go on from the notebook's, and there is no second one of the same name.
    expect(page.headings).toEqual([1, 2, 3, 3]);
  });

  it('leads nowhere but to a report beside the page', async () => {
    const evil = ['javascript:alert(1)', 'https://example.org/a.html', '../secret.html', '/etc/a.html'];
    for (const report of evil) {
      const changed = JSON.parse(
        JSON.stringify(notebook).replaceAll('"protein.html"', JSON.stringify(report)),
      ) as unknown;
      const html = await renderReport({
        notebook: changed,
        notebookName: 'index.ipynb',
        generatedAt: '2001-02-03T04:05:06Z',
      });
      expect(html).not.toContain(`href="${report}`);
    }
  });

  it('is a plain table in Jupyter, and text in a terminal', () => {
    for (const text of [blockHtml(block), blockText(block)]) {
      for (const part of ['The claim held.', 'direction holds', 'Figure 4', 'not run'])
        expect(text).toContain(part);
    }
    expect(blockHtml(block)).not.toContain('<img src=x');
  });
});

const chromium = findChromium();
const title = chromium === undefined ? `in a browser (skipped: ${NO_CHROMIUM})` : 'in a browser';

describe.skipIf(chromium === undefined)(title, { timeout: 120_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'care-claim-index-'));
  const file = join(folder, 'index.html');
  let browser: Browser | undefined;
  beforeAll(async () => {
    writeFileSync(file, await render());
    browser = await launch(chromium ?? '');
  });
  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function open(): Promise<Page> {
    if (browser === undefined) throw new Error('The browser did not start.');
    // The filter is style alone: it has to work where scripts do not run.
    const page = await (await browser.newContext({ javaScriptEnabled: false })).newPage();
    await page.goto(pathToFileURL(file).href);
    return page;
  }
  const places = (page: Page) => page.locator('.group-place:visible').allTextContents();
  const claims = (page: Page) => page.locator('.index-claims th[scope=row]:visible').count();

  it('shows what has the chosen verdict, without scripts, by mouse and by keyboard', async () => {
    const page = await open();
    expect([await places(page), await claims(page)]).toEqual([['Figure 3', 'Figure 4', 'seeds'], 4]);
    await page.getByLabel('not run', { exact: false }).check({ force: true });
    expect([await places(page), await claims(page)]).toEqual([['Figure 4'], 1]);
    // A section without any such claim is gone with its heading.
    expect(await page.getByRole('heading', { name: 'What its reviewers asked for' }).isVisible()).toBe(false);
    await page.getByLabel('all').focus();
    await page.keyboard.press('Space');
    expect(await claims(page)).toBe(4);
    await page.keyboard.press('ArrowRight');
    // Nothing is reproduced, so that choice is passed over.
    expect([await places(page), await claims(page)]).toEqual([['Figure 3', 'seeds'], 2]);
  });

  it('prints all, whatever is chosen', async () => {
    const page = await open();
    await page.getByLabel('not run', { exact: false }).check({ force: true });
    await page.emulateMedia({ media: 'print' });
    expect([(await places(page)).length, await claims(page)]).toEqual([3, 4]);
    expect(await page.locator('.filter').isVisible()).toBe(false);
  });

  it('fits a phone', async () => {
    const page = await open();
    await page.setViewportSize({ width: 360, height: 700 });
    for (const box of await page.locator('.index-claims tr > *').all()) {
      const { x = 0, width = 0 } = (await box.boundingBox()) ?? {};
      expect(x + width).toBeLessThanOrEqual(361);
    }
  });
});
