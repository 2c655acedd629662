import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { drawingPage, findChromium, launch, NO_CHROMIUM } from './fixtures/browser.js';
import { fixtureNotebook } from './fixtures/notebook.js';
import { renderReport } from '../../src/report/render-report.js';

const chromium = findChromium();
const title = chromium === undefined ? `in a browser (skipped: ${NO_CHROMIUM})` : 'in a browser';

describe.skipIf(chromium === undefined)(title, { timeout: 180_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'care-report-'));
  const file = join(folder, 'report.html');
  const url = pathToFileURL(file).href;
  let browser: Browser | undefined;

  beforeAll(async () => {
    const notebook = fixtureNotebook();
    writeFileSync(
      file,
      await renderReport({ notebook, notebookName: 'fixture.ipynb', generatedAt: '2001-02-03T04:05:06Z' }),
    );
    browser = await launch(chromium ?? '');
  });
  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Opens the report, and collects every request beside its own and every complaint. */
  async function open(
    options: BrowserContextOptions,
  ): Promise<{ page: Page; requests: string[]; complaints: string[] }> {
    if (!browser) throw new Error('The browser did not start.');
    const context = await browser.newContext(options);
    const page = await (options.javaScriptEnabled === false ? context.newPage() : drawingPage(context));
    const requests: string[] = [];
    const complaints: string[] = [];
    page.on('request', (request) => {
      if (request.url() !== url && !request.url().startsWith('data:')) requests.push(request.url());
    });
    page.on('console', (message) => complaints.push(`${message.type()}: ${message.text()}`));
    page.on('pageerror', (error) => complaints.push(error.message));
    await page.goto(url);
    return { page, requests, complaints };
  }

  /** Scrolls through the page until every chart has come into view and is live. */
  async function wakeAll(page: Page): Promise<void> {
    await page.evaluate(async () => {
      // Without the limit a page that stops drawing would hang the test; with it the charts' own wait says so.
      const frame = (): Promise<unknown> =>
        new Promise((done) => {
          requestAnimationFrame(done);
          setTimeout(done, 2_000);
        });
      for (let top = 0; top < document.documentElement.scrollHeight; top += innerHeight / 2) {
        scrollTo(0, top);
        await frame();
        await frame();
      }
    });
    await page.waitForFunction(
      () => document.querySelectorAll('.chart:not([data-live])').length === 0,
      undefined,
      { timeout: 90_000 },
    );
  }

  const overflow = (page: Page): Promise<number> =>
    page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

  it.each([360, 768, 1280])(
    '%i px wide: live charts, no request, no complaint, nothing beyond the edge',
    async (width) => {
      const { page, requests, complaints } = await open({ viewport: { width, height: 900 } });
      expect(await overflow(page)).toBe(0);
      await wakeAll(page);
      expect(await overflow(page)).toBe(0);
      expect(requests).toEqual([]);
      expect(complaints).toEqual([]);
      expect(await page.evaluate(() => 'hacked' in globalThis)).toBe(false);
      await page.context().close();
    },
  );

  it('gives exact numbers and the run under the pointer', async () => {
    const { page } = await open({ viewport: { width: 1280, height: 900 } });
    const chart = page.locator('#fig4-first-component .chart');
    await chart.scrollIntoViewIfNeeded();
    await chart.locator('.live').waitFor();
    await chart.locator('path[fill="var(--m-simclr)"]').first().hover();
    const tip = page.locator('.tip');
    await tip.waitFor({ state: 'visible' });
    expect(await tip.innerText()).toMatch(
      /method\s*SimCLR[\s\S]*degrees[\s\S]*\d\d\.\d+[\s\S]*run\s*fixture\d/,
    );
    await page.context().close();
  });

  it('saves the numbers and the pictures', async () => {
    const { page, complaints } = await open({
      viewport: { width: 1280, height: 900 },
      acceptDownloads: true,
    });
    const figure = page.locator('#fig8-training');
    const [csv] = await Promise.all([page.waitForEvent('download'), figure.getByText('Data as CSV').click()]);
    expect(csv.suggestedFilename()).toBe('fig8-training.csv');
    const [svg] = await Promise.all([
      page.waitForEvent('download'),
      figure.getByText('Picture as SVG').click(),
    ]);
    expect(svg.suggestedFilename()).toBe('fig8-training.svg');
    const text = (await import('node:fs')).readFileSync(await svg.path(), 'utf8');
    expect(text).toMatch(/^<svg[^>]*xmlns="http:\/\/www.w3.org\/2000\/svg"/);
    expect(text).toContain('#D55E00');
    expect(text).not.toContain('var(--');
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  it('opens the fold of a run that a link leads to, by keyboard alone', async () => {
    const { page } = await open({ viewport: { width: 1280, height: 900 } });
    await page.locator('.claims a[href="#run-fixture0"]').first().focus();
    await page.keyboard.press('Enter');
    await page.locator('#run-fixture0').waitFor({ state: 'visible' });
    const summary = page.locator('.cell > summary').first();
    await summary.focus();
    await page.keyboard.press('Enter');
    expect(await page.locator('.cell').first().getAttribute('open')).not.toBeNull();
    await page.context().close();
  });

  it('works without scripts: still pictures, folds, nothing requested', async () => {
    const { page, requests, complaints } = await open({
      javaScriptEnabled: false,
      viewport: { width: 390, height: 800 },
    });
    const sizes = await page
      .locator('.chart')
      .evaluateAll((charts) => charts.map((chart) => chart.getBoundingClientRect()));
    expect(sizes.length).toBeGreaterThan(60);
    for (const { width, height } of sizes) {
      expect(width).toBeGreaterThan(90);
      expect(height).toBeGreaterThan(40);
    }
    expect(await page.locator('[data-save-svg]').first().isVisible()).toBe(false);
    await page.locator('#fig4-first-component summary').click();
    expect(await page.locator('#fig4-first-component table').isVisible()).toBe(true);
    expect(requests).toEqual([]);
    expect(complaints.filter((complaint) => !complaint.includes('script'))).toEqual([]);
    await page.context().close();
  });

  it.each(['light', 'dark'] as const)('%s: all text has a contrast of at least 4.5', async (colorScheme) => {
    const { page } = await open({ colorScheme, viewport: { width: 1280, height: 900 } });
    await page
      .locator('details')
      .evaluateAll((folds) => folds.forEach((fold) => fold.setAttribute('open', '')));
    const weak = await page.evaluate(() => {
      type Colour = readonly [number, number, number, number];
      const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
      const cache = new Map<string, Colour>();
      const read = (css: string): Colour => {
        const known = cache.get(css);
        if (known) return known;
        if (!canvas) return [0, 0, 0, 1];
        canvas.clearRect(0, 0, 1, 1);
        canvas.fillStyle = css;
        canvas.fillRect(0, 0, 1, 1);
        const [r = 0, g = 0, b = 0, a = 0] = canvas.getImageData(0, 0, 1, 1).data;
        const colour: Colour = [r, g, b, a / 255];
        cache.set(css, colour);
        return colour;
      };
      const luminance = ([r, g, b]: Colour): number => {
        const linear = [r, g, b].map((value) =>
          value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4,
        );
        return 0.2126 * (linear[0] ?? 0) + 0.7152 * (linear[1] ?? 0) + 0.0722 * (linear[2] ?? 0);
      };
      const behind = (element: Element | null): Colour => {
        for (let at = element; at; at = at.parentElement) {
          const colour = read(getComputedStyle(at).backgroundColor);
          if (colour[3] > 0.99) return colour;
        }
        return [255, 255, 255, 1];
      };
      const found: string[] = [];
      let texts = 0;
      const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
      for (let node = walker.nextNode(); node; node = walker.nextNode()) {
        const element = node.parentElement;
        if (
          !element ||
          !node.textContent?.trim() ||
          !element.checkVisibility() ||
          element.closest('script, .alt')
        )
          continue;
        texts++;
        const style = getComputedStyle(element);
        const ink = luminance(read(element.closest('svg') ? style.fill : style.color));
        const page = luminance(behind(element));
        const ratio = (Math.max(ink, page) + 0.05) / (Math.min(ink, page) + 0.05);
        if (ratio < 4.5)
          found.push(`${ratio.toFixed(2)} ${element.tagName} ${node.textContent.trim().slice(0, 40)}`);
      }
      return { found, texts };
    });
    expect(weak.texts).toBeGreaterThan(1000);
    expect(weak.found).toEqual([]);
    await page.context().close();
  });

  it('prints whole: light, links spelled out, runs unfolded', async () => {
    const { page } = await open({ colorScheme: 'dark', viewport: { width: 794, height: 1123 } });
    await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
    const state = await page.evaluate(() => {
      dispatchEvent(new Event('beforeprint'));
      const link = document.querySelector('a[href^="https://arxiv.org"]');
      return {
        paper: getComputedStyle(document.body).backgroundColor,
        spelled: link ? getComputedStyle(link, '::after').content : '',
        runs: Array.from(document.querySelectorAll<HTMLDetailsElement>('details.run')).every(
          (fold) => fold.open,
        ),
        code: Array.from(document.querySelectorAll('.cell')).some((cell) => cell.checkVisibility()),
      };
    });
    expect(state.paper).toBe('rgb(255, 255, 255)');
    expect(state.spelled).toContain('arxiv.org/abs/2306.13924');
    expect(state).toMatchObject({ runs: true, code: false });
    await page.context().close();
  });
});
