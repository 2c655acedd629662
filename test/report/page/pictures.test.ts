import { describe, expect, it } from 'vitest';
import { blockHtml, blockText } from '../../../src/notebook/block-html.js';
import { blockBundle } from '../../../src/notebook/display.js';
import { BLOCK_MIME, type PicturesBlock } from '../../../src/report/blocks.js';
import { notebookBlocks } from '../../../src/report/page/notebook.js';
import { picturesBlock } from '../../../src/report/page/pictures.js';
import { renderReport } from '../../../src/report/render-report.js';

const PNG = 'data:image/png;base64,iVBORw0KGgo=';

const block: PicturesBlock = {
  type: 'pictures',
  id: 'found',
  title: 'Two flowers & what is near them',
  paperPlace: 'Figure 9',
  galleries: [
    {
      title: 'Test image 7, rose',
      lead: [{ src: PNG, alt: 'Image 7, rose', caption: 'query x' }],
      columns: ['nearest to f(x)', 'nearest to f(a(x))'],
      rows: [
        {
          label: 'CARE',
          columns: [
            [
              { src: PNG, alt: 'Place 1: image 3, "tulip"' },
              { src: PNG, alt: 'Place 2: image 4, rose', marked: true },
            ],
            [{ src: PNG, alt: 'Place 1: image 9, daisy' }],
          ],
        },
      ],
    },
  ],
  markMeans: 'an image of the query\u2019s class',
  weSee: 'The lists are $k$ long.',
  data: {
    type: 'table',
    title: 'Numbers',
    columns: [{ key: 'image', title: 'image', kind: 'number' }],
    rows: [{ image: 3 }],
  },
};

const withSource = (src: string): PicturesBlock => ({
  ...block,
  galleries: [
    {
      title: 'g',
      lead: [],
      columns: ['c'],
      rows: [{ label: 'CARE', columns: [[{ src, alt: 'not a picture' }]] }],
    },
  ],
});

describe('a block of pictures', () => {
  const html = picturesBlock(block, { id: 'found', level: 3 });

  it('has every picture with its words, in order, under its method and list', () => {
    expect([...html.matchAll(/<img[^>]* alt="([^"]*)"/g)].map(([, alt]) => alt)).toEqual([
      'Image 7, rose',
      'Place 1: image 3, &quot;tulip&quot;',
      'Place 2: image 4, rose',
      'Place 1: image 9, daisy',
    ]);
    expect(html).toContain('<th scope="row">CARE</th>');
    expect(html).toContain('aria-label="CARE, nearest to f(x)"');
    expect(html).toContain('data-column="nearest to f(a(x))"');
  });

  it('can be reached by keyboard where it is wider than the page', () => {
    expect(html).toMatch(/<div class="scroll" role="region" tabindex="0" aria-label="Test image 7, rose">/);
  });

  it('frames those that are marked, says what that means, and offers the numbers', () => {
    expect([...html.matchAll(/class="thumb marked"/g)]).toHaveLength(1);
    expect(html).toContain('Framed: an image of the query\u2019s class.');
    expect(html).toContain('download="found.csv"');
    // There is no chart to be saved.
    expect(html).not.toContain('data-save-svg');
    expect(html).toContain('after the paper\u2019s Figure 9');
  });

  it.each([
    'https://example.org/a.png',
    'data:image/svg+xml;base64,PHN2Zz4=',
    'data:image/png;base64,"><script>alert(1)</script>',
    'javascript:alert(1)',
  ])('refuses %s', (src) => {
    expect(() => picturesBlock(withSource(src), { id: 'x', level: 3 })).toThrow(/no PNG in a data URL/);
    expect(blockHtml(withSource(src))).toContain('src=""');
  });

  it('travels through a notebook into the report, and a damaged one becomes a note', async () => {
    const bundle = blockBundle(block);
    const damaged = blockBundle(withSource('https://example.org/a.png'));
    const notebook = {
      cells: [
        {
          cell_type: 'code',
          source: 'show',
          outputs: [bundle, damaged].map((data) => ({ output_type: 'display_data', data })),
        },
      ],
    };
    expect(notebookBlocks(notebook)[0]).toEqual(block);
    const page = await renderReport({ notebook, notebookName: 'n.ipynb', generatedAt: '2026-01-01' });
    expect(page).toContain('Two flowers &amp; what is near them');
    expect(page).toContain('An output could not be shown.');
    expect(page).not.toContain('example.org/a.png"');
  });

  it('is readable in Jupyter and as text', () => {
    const bundle = blockBundle(block);
    expect(bundle[BLOCK_MIME]).toEqual(block);
    expect(String(bundle['text/html'])).toContain('alt="Place 2: image 4, rose"');
    expect(blockText(block)).toContain('Two flowers & what is near them');
    expect(blockText(block)).toMatch(/image\n\s*3/);
  });
});
