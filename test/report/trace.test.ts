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
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PACKAGE_FOLDER } from '../../src/cli/report-files.js';
import { findDataDir } from '../../src/data/data-dir.js';
import { EXPERIMENT_NAMES, EXPERIMENTS } from '../../src/experiments/experiments.js';
import { mostRecorded } from '../../src/experiments/study.js';
import { BEST_LAMBDAS, REPOSITORY_CHART, TABLE_1, type PaperColumn } from '../../src/report/paper-numbers.js';
import { PAPER_ROWS } from '../../src/report/paper-rows.js';
import { renderReport } from '../../src/report/render-report.js';
import { PAPER_CARD } from '../../src/report/reproduction/card.js';
import { openStore } from '../../src/runs/store.js';
import { care, notBuilt } from '../cli/program.js';
import {
  difference,
  numberSet,
  numbersIn,
  otherRecord,
  pageParts,
  settledNumbers,
  shownIn,
  untraced,
} from './fixtures/trace.js';

const NO_PICTURES = 'the report shows flowers, and there is no data folder (CARE_DATA_DIR)';

const folder = mkdtempSync(join(tmpdir(), 'care-trace-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const reports = join(PACKAGE_FOLDER, 'reports');
const committed = readdirSync(reports).filter((name) => name.endsWith('.html'));
const records = openStore(join(reports, 'runs'))
  .list()
  .flatMap((entry) => ('record' in entry ? [entry.record] : []));

/** Numbers that are no results: what a word means, how a thing is drawn or tested. */
const DEFINITIONS: Readonly<Record<string, string>> = {
  '95': 'confidence of all intervals, in percent',
  '2018': 'year of the variables of the reproducibility card (Gundersen and Kjensmo)',
  '2021': 'year of the reproducibility checklist (Pineau et al.)',
};

const CARE_PAIRS = [
  ['simclr', 'care'],
  ['moco-v2', 'moco-v2+care'],
  ['barlow-twins', 'barlow-twins+care'],
] as const;

/** What the paper's Table 1 says of adding CARE to a method, to two decimals. */
function gainsOfTable1(): readonly number[] {
  return Object.values(TABLE_1).flatMap((column: PaperColumn) =>
    CARE_PAIRS.flatMap(([base, withCare]) => {
      const [before, after] = [column[base]?.value, column[withCare]?.value];
      return before === undefined || after === undefined ? [] : [Number((after - before).toFixed(2))];
    }),
  );
}

/** Numbers of what is planned, run or not: the settings of the profile that a report shows, and of the paper's. */
const planned = numberSet(
  EXPERIMENTS.flatMap((experiment) => {
    const choice = { preset: 'paper' } as const;
    const plans = [mostRecorded(experiment, records, choice), mostRecorded(experiment, [], choice)];
    return plans.flatMap(({ plan }) => plan.runs.map(({ config }) => config));
  }),
);

/** Renders the reports of some runs into a folder of that name. */
async function render(name: string, runs: readonly string[] = []): Promise<string> {
  const out = join(folder, name);
  const { code, err } = await care(['report', ...runs, '--out', out], { cwd: PACKAGE_FOLDER });
  expect([code, err]).toEqual([0, '']);
  return out;
}

/** Reports of a store in which every measured number is another one, made once for each name: of all experiments, or of one. */
const others = new Map<string, Promise<string>>();
function otherReports(name: string, experiment?: string): Promise<string> {
  const key = experiment === undefined ? name : `${name}-${experiment}`;
  const chosen = experiment === undefined ? [] : [experiment];
  const known = others.get(key) ?? render(key, [...chosen, '--runs', writeOthers(name)]);
  others.set(key, known);
  return known;
}

/** The experiment of a report; none for the index, which is made of all. */
function experimentOf(report: string): string | undefined {
  return EXPERIMENT_NAMES.find((name) => report === `${name}.html`);
}

function writeOthers(name: string): string {
  const runs = join(folder, `${name}-runs`);
  if (existsSync(runs)) return runs;
  for (const record of records) {
    mkdirSync(join(runs, record.id), { recursive: true });
    writeFileSync(join(runs, record.id, 'record.json'), JSON.stringify(otherRecord(record, name)));
  }
  return runs;
}

describe('numbers of a text', () => {
  it.each([
    ['0.343 \u00b1 0.019 (n = 5 seeds)', ['0.343', '0.019', '5']],
    ['\u22120.26 [\u22120.32, .2], 1e-6', ['\u22120.26', '\u22120.32', '.2', '1e-6']],
    ['L_2, 1ABC, run 4aa8df59, v1.2', []],
    ['what section 3.2 says of 7.5, and sections 4.2 and 5.2', ['7.5']],
  ])('of "%s"', (text, numbers) => expect(numbersIn(text)).toEqual(numbers));
});

describe('a number typed in by hand', () => {
  const known = (number: number) => number <= 5;
  const at = (text: string) => [{ place: 'here', text }];

  it('is found where it stays as it is though the values behind it change', () => {
    expect(untraced(at('roundness 7.31 of 5'), at('roundness 7.31 of 5'), known)).toMatchObject([
      { number: '7.31' },
    ]);
    expect(untraced(at('roundness 7.31 of 5'), at('roundness 8.02 of 5'), known)).toEqual([]);
  });
});

describe.skipIf(notBuilt !== null)(`the committed reports${notBuilt === null ? '' : `: ${notBuilt}`}`, () => {
  let fresh = '';
  const read = (dir: string, name: string) => readFileSync(join(dir, name), 'utf8');
  const shown = (dir: string, name: string) =>
    shownIn(JSON.parse(read(dir, name.replace('.html', '.ipynb'))));

  beforeAll(async () => {
    fresh = await render('fresh');
    await otherReports('other');
  }, 1_200_000);

  it('are one an experiment, and the index', () => {
    expect(committed.sort()).toEqual(
      [...EXPERIMENT_NAMES.map((name) => `${name}.html`), 'index.html'].sort(),
    );
  });

  it.for(committed)('%s is what the code makes of the records, part by part', (name, context) => {
    // Its pictures are read from the data folder, which is no part of the repository.
    if (name === 'retrieval.html' && findDataDir() === undefined) context.skip(NO_PICTURES);
    const parts = pageParts(read(reports, name));
    expect(parts.words.length).toBeGreaterThan(100);
    const found = difference(parts, pageParts(read(fresh, name)));
    expect(found, 'render the reports again: npm run reports').toBe(null);
  });

  it.each(committed)(
    '%s has no number without a source',
    async (name) => {
      const ours = shown(fresh, name);
      expect(ours.length).toBeGreaterThan(10);
      const sources = [
        settledNumbers(records),
        numberSet(PAPER_ROWS, PAPER_CARD, TABLE_1, REPOSITORY_CHART, BEST_LAMBDAS, gainsOfTable1()),
        new Set(Object.keys(DEFINITIONS).map(Number)),
        planned,
      ];
      // Counts of runs, claims and seeds do not change with the values.
      const most = Math.max(records.length, 100);
      const known = (number: number) =>
        (Number.isInteger(number) && number <= most) || sources.some((source) => source.has(number));
      let same = untraced(ours, shown(await otherReports('other'), name), known);
      // Rounded numbers can be alike by chance, such as effects of one decimal; that they are so each time is none.
      for (const next of ['another', 'wide', 'wider']) {
        if (same.length === 0) break;
        const before = same;
        same = untraced(before, shown(await otherReports(next, experimentOf(name)), name), known).filter(
          ({ place, number }) => before.some((one) => one.place === place && one.number === number),
        );
      }
      const found = same.map(({ number, place, text }) => `${number} in ${place}: ${text.slice(0, 200)}`);
      expect([...new Set(found)]).toEqual([]);
    },
    1_200_000,
  );

  it('change where values change', async () => {
    const other = await otherReports('other');
    const changed = committed.filter(
      (name) => difference(pageParts(read(other, name)), pageParts(read(fresh, name))) !== null,
    );
    const ran = committed.filter((name) => /\d \u00b1 /.test(read(fresh, name)));
    expect(ran.length).toBeGreaterThan(1);
    expect(changed).toEqual(expect.arrayContaining(ran));
  });

  it('cannot be edited by hand: one digit of an executed notebook is found', async () => {
    const name = 'protein.html';
    const notebookName = name.replace('.html', '.ipynb');
    const text = read(fresh, notebookName);
    const rendered = async (notebook: string) =>
      pageParts(
        await renderReport({
          notebook: JSON.parse(notebook),
          notebookName,
          generatedAt: '2001-02-03T04:05:06Z',
        }),
      );
    const parts = pageParts(read(fresh, name));
    expect(difference(await rendered(text), parts)).toBe(null);
    const number = /"ours": "[^"]*?(\d\.\d+) \u00b1/.exec(text)?.[1] ?? 'none';
    const edited = text.replaceAll(`${number} \u00b1`, `${(Number(number) + 0.1).toFixed(3)} \u00b1`);
    expect(edited).not.toBe(text);
    expect(difference(await rendered(edited), parts)).toContain('instead of');
  }, 120_000);
});
