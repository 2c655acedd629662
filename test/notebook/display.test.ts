import { describe, expect, test } from 'vitest';
import { BLOCK_MIME, type Block, type FigureBlock, type TableBlock } from '../../src/report/blocks.js';
import { blockHtml, blockText, escapeHtml } from '../../src/notebook/block-html.js';
import { blockBundle, frameBlock, show } from '../../src/notebook/display.js';
import { runNotebook } from '../../src/notebook/run-notebook.js';
import { folderWithDisplayPackage, outputsOf, printed, writeNotebookIn } from './notebook-files.js';

const TABLE: TableBlock = {
  type: 'table',
  title: 'Errors <by encoder>',
  columns: [
    { key: 'encoder', title: 'Encoder', kind: 'text' },
    { key: 'error', title: 'Error', kind: 'number', unit: 'degrees' },
    { key: 'paper', title: 'Paper', kind: 'number', source: 'paper' },
  ],
  rows: [
    { encoder: 'CARE & co', error: 1.23456789, paper: 2 },
    { encoder: 'untrained', error: 0.0000123456, paper: null },
  ],
  caption: 'mean over 3 seeds',
};

const FIGURE: FigureBlock = {
  type: 'figure',
  id: 'fig',
  title: 'CARE turns with the protein',
  paperPlace: 'Figure 3',
  panels: [{ title: '', spec: { mark: 'point', data: { values: [{ x: 1.23456789 }] } } }],
  alt: 'A circle.',
  data: TABLE,
};

test.each([[42], [null], [undefined], ['figure'], [{ type: 'picture' }]])('show(%j) is an error', (value) => {
  expect(() => show(value as unknown as Block)).toThrow(/show takes a block \(figure, table, .*\)/);
});

describe('in the kernel', () => {
  test('a block arrives in one output: itself, the form that Jupyter shows, and text', async () => {
    const folder = folderWithDisplayPackage();
    const executed = await runNotebook(
      writeNotebookIn(
        folder,
        `import { show } from 'care';\nshow(${JSON.stringify(FIGURE)});`,
        `show(${JSON.stringify(TABLE)});`,
      ),
    );
    expect(executed.failure).toBeUndefined();
    expect(outputsOf(executed, 0)).toEqual([
      {
        output_type: 'display_data',
        metadata: {},
        data: {
          [BLOCK_MIME]: FIGURE,
          'application/vnd.vegalite.v5+json': expect.objectContaining({ mark: 'point' }) as unknown,
          'text/plain': 'CARE turns with the protein\nA circle.',
        },
      },
    ]);
    expect(outputsOf(executed, 1)).toMatchObject([
      { data: { [BLOCK_MIME]: TABLE, 'text/html': expect.stringContaining('<table>') as unknown } },
    ]);
  });

  test('progress is one output that changes, and keeps its end', async () => {
    const executed = await runNotebook(
      writeNotebookIn(
        folderWithDisplayPackage(),
        [
          "import { progressDisplay } from 'care';",
          "const progress = progressDisplay('Training', { interval: 0 });",
          'for (let step = 1; step <= 50; step++) progress.update({ step, of: 50, losses: { loss: 1 / step } });',
          "progress.finish('50 steps');",
        ].join('\n'),
      ),
    );
    const outputs = outputsOf(executed, 0);
    expect(outputs).toHaveLength(1);
    expect(outputs[0]).toMatchObject({
      data: {
        'text/plain': expect.stringMatching(
          /^✓ Training: 50 steps · 100 %, step 50 of 50 · loss 0\.02 · /,
        ) as unknown,
      },
    });
  });

  test('a data frame of danfojs is shown as a table', async () => {
    const executed = await runNotebook(
      writeNotebookIn(
        folderWithDisplayPackage(),
        "import { showFrame } from 'care';\nshowFrame({ columns: ['a', 'b'], values: [[1, 'x'], [NaN, 'y']] });",
      ),
    );
    expect(outputsOf(executed, 0)).toMatchObject([
      {
        data: {
          [BLOCK_MIME]: {
            type: 'table',
            rows: [
              { a: 1, b: 'x' },
              { a: null, b: 'y' },
            ],
          },
        },
      },
    ]);
  });

  test('what a cell prints and shows stays in order, and the import brings no warning', async () => {
    const executed = await runNotebook(
      writeNotebookIn(
        folderWithDisplayPackage(),
        `import { show } from 'care';\nconsole.log('before');\nshow({ type: 'prose', markdown: '*x*' });\nconsole.log('after');`,
      ),
    );
    expect(outputsOf(executed, 0).map((output) => output.output_type)).toEqual([
      'stream',
      'display_data',
      'stream',
    ]);
    expect(printed(executed, 0, 'stderr')).toBe('');
  });
});

describe('forms of a block', () => {
  test('the mime type is the contract’s', () => {
    expect(Object.keys(blockBundle(TABLE))).toContain(BLOCK_MIME);
  });

  test('texts are escaped, the paper’s numbers are set apart, missing ones are empty', () => {
    const html = blockHtml(TABLE);
    expect(html).toContain('<strong>Errors &lt;by encoder&gt;</strong>');
    expect(html).toContain('CARE &amp; co');
    expect(html).toContain('Error (degrees)');
    expect(html).toMatch(/<td [^>]*><em>2<\/em><\/td>/);
    expect(html).toMatch(/<td [^>]*><em><\/em><\/td>/);
    expect(html).toContain('>1.235<');
    expect(html).toContain('>1.235e-5<');
    expect(escapeHtml(`<a href="x" title='y'>&</a>`)).toBe(
      '&lt;a href=&quot;x&quot; title=&#39;y&#39;&gt;&amp;&lt;/a&gt;',
    );
  });

  test('text is aligned in columns', () => {
    expect(blockText(TABLE).split('\n')).toEqual([
      'Errors <by encoder>',
      'Encoder    Error (degrees)  Paper',
      'CARE & co            1.235      2',
      'untrained         1.235e-5',
      'mean over 3 seeds',
    ]);
  });

  test('a verdict is a shape and a word', () => {
    const claims: Block = {
      type: 'claims',
      claims: [
        {
          id: 'c',
          claim: 'It turns',
          place: 'Figure 3',
          paperValue: 'a circle',
          ours: 'not run',
          difference: '',
          verdict: 'not run',
          because: 'no run',
          profile: 'smoke',
          runs: [],
        },
      ],
    };
    expect(blockText(claims)).toContain('◌ not run');
  });

  test('a summary starts with its warning', () => {
    const summary: Block = {
      type: 'summary',
      question: 'Does it turn?',
      answer: 'Yes.',
      warning: 'generated data',
      verdicts: [{ label: 'Figure 3', verdict: 'reproduced', claim: 'It turns' }],
      hero: FIGURE,
      facts: [{ label: 'profile', value: 'smoke' }],
    };
    expect(blockText(summary).split('\n')).toEqual([
      'Warning: generated data',
      'Does it turn?',
      'Yes.',
      '● Figure 3: reproduced',
      'profile: smoke',
    ]);
    expect(blockHtml(summary)).toMatch(/^<p><strong>⚠ generated data/);
  });
});

describe('frameBlock', () => {
  test('rows beyond the limit are counted in the caption, columns of numbers are numbers', () => {
    const values = Array.from({ length: 5 }, (_, i) => [i, `row ${i}`, i === 2 ? undefined : true]);
    const block = frameBlock({ columns: ['n', 'name', 'flag'], values }, { rows: 3, caption: 'All.' });
    expect(block.rows).toEqual([
      { n: 0, name: 'row 0', flag: 'true' },
      { n: 1, name: 'row 1', flag: 'true' },
      { n: 2, name: 'row 2', flag: null },
    ]);
    expect(block.columns.map(({ kind }) => kind)).toEqual(['number', 'text', 'text']);
    expect(block.caption).toBe('All. The first 3 of 5 rows.');
  });

  test('what is no frame is refused', () => {
    expect(() => frameBlock([] as never)).toThrow('showFrame takes a danfojs DataFrame');
  });
});
