import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { notebookPath, PACKAGE_FOLDER, prepareFolder } from '../../src/cli/report-files.js';
import { EXPERIMENT_NAMES } from '../../src/experiments/experiments.js';
import { UserError } from '../../src/runs/user-error.js';
import { parse } from '../report/fixtures/html.js';
import { care, notBuilt } from './program.js';

const folder = mkdtempSync(join(tmpdir(), 'care-report-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the output folder', () => {
  it('is made, and nothing is left in it by trying', () => {
    const out = join(folder, 'a', 'b');
    prepareFolder(out);
    expect(readdirSync(out)).toEqual([]);
    writeFileSync(join(out, 'mine.txt'), 'kept');
    prepareFolder(out);
    expect(readdirSync(out)).toEqual(['mine.txt']);
  });

  it('that cannot be one is an error that names it and says what to do', () => {
    const file = join(folder, 'file');
    writeFileSync(file, 'kept');
    for (const out of [file, join(file, 'below')]) {
      let problem: unknown;
      try {
        prepareFolder(out);
      } catch (error) {
        problem = error;
      }
      expect(problem).toBeInstanceOf(UserError);
      expect(problem).toMatchObject({ hint: 'Choose another folder with --out.' });
      expect((problem as UserError).message).toContain(`Reports cannot be written to ${out}: `);
    }
    expect(readFileSync(file, 'utf8')).toBe('kept');
  });
});

describe('a path that a report shows', () => {
  it('is relative to the notebooks, so that it tells nothing of the machine', () => {
    expect(notebookPath(join(PACKAGE_FOLDER, 'runs'))).toBe('../runs');
    expect(notebookPath(join(PACKAGE_FOLDER, 'reports', 'runs'))).toBe('../reports/runs');
  });
});

describe.skipIf(notBuilt !== null)(`care report${notBuilt === null ? '' : `: ${notBuilt}`}`, () => {
  it.each([
    [['--profile', 'smok'], 'There is no profile "smok".\nDid you mean "smoke"?'],
    [['--preset', 'official'], 'There is no preset "official".\n'],
    [['--runs', join(folder, 'mistyped')], `There is no folder ${join(folder, 'mistyped')}.\n`],
  ])('%j is an error before anything is written', async (args, message) => {
    const out = join(folder, 'unwritten');
    const { code, err } = await care(['report', '--out', out, ...args]);
    expect(code).toBe(1);
    expect(err).toContain(message);
    expect(existsSync(out)).toBe(false);
  });

  it('of other records than the committed ones does not take the place of the committed reports', async () => {
    const cwd = join(folder, 'elsewhere');
    mkdirSync(join(cwd, 'mine'), { recursive: true });
    const { code } = await care(['report', 'retrieval', '--runs', 'mine'], { cwd });
    expect(code).toBe(0);
    expect(readdirSync(join(cwd, 'out'))).toContain('retrieval.html');
    expect(existsSync(join(cwd, 'reports'))).toBe(false);
  }, 200_000);

  it('without any run gives a report in which everything is not run', async () => {
    const out = join(folder, 'empty');
    mkdirSync(join(folder, 'none'));
    const { code, err } = await care([
      'report',
      '--profile',
      'smoke',
      '--runs',
      join(folder, 'none'),
      '--out',
      out,
    ]);
    expect([code, err]).toEqual([0, '']);
    for (const name of EXPERIMENT_NAMES) {
      const html = readFileSync(join(out, `${name}.html`), 'utf8');
      expect(parse(html).problems).toEqual([]);
      const text = html.slice(html.indexOf('<main'));
      expect(text).toContain('Nothing was run yet, so there is no answer.');
      // All claims share one badge, and each is named in it.
      const ofClass = (name: string) => parse(html).elements.filter(({ classes }) => classes.includes(name));
      expect(ofClass('badge').map(({ inner }) => inner)).toEqual([
        expect.stringContaining('<span>not run</span>'),
      ]);
      expect(ofClass('badge-link').length).toBeGreaterThan(4);
      const words = text.replace(/<(script|pre)[ >].*?<\/\1>/gs, '').replace(/<[^>]+>/g, ' ');
      expect(words).not.toMatch(/NaN|undefined|null|not a number/);
    }
    expect(readdirSync(join(folder, 'none'))).toEqual([]);
    const index = readFileSync(join(out, 'index.html'), 'utf8');
    expect(parse(index).problems).toEqual([]);
    expect(index).toMatch(/None of \d+ claims was decided yet: nothing is run\./);
    expect(index).toContain('href="protein.html"');
  }, 400_000);
});
