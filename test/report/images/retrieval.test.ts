import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { shownQueries } from '../../../src/experiments/images/retrieval-pictures.js';
import { planRetrieval } from '../../../src/experiments/images/retrieval.js';
import type { ImageRun } from '../../../src/experiments/images/study.js';
import {
  followingFigure,
  heroFigure,
  neighbourPictures,
  STRONG,
} from '../../../src/report/images/retrieval.js';
import {
  retrievalClaims,
  retrievalSettings,
  retrievalSummary,
} from '../../../src/report/images/retrieval-claims.js';
import { retrievalFindings } from '../../../src/report/images/retrieval-findings.js';
import { variantLabel } from '../../../src/report/images/variants.js';
import { methodStyle } from '../../../src/report/theme.js';
import { imageResultsOf, type HandMade } from '../fixtures/image-results.js';

const folder = mkdtempSync(join(tmpdir(), 'care-retrieval-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const plan = planRetrieval({ profile: 'laptop', preset: 'paper', data: 'flowers5' });

/** Distance in colour by method; seeds differ by a hundredth of it. */
const COLOURS: Readonly<Record<string, number>> = {
  CARE: 0.2,
  [STRONG]: 0.1,
  SimCLR: 0.3,
  EquiMod: 0.25,
  untrained: 0.15,
};

const scaled = (run: ImageRun, value: number) => value * (1 + 0.01 * run.seed * (1 + run.label.length / 100));

const TABLES = {
  queries: { image: [10, 20, 30, 40, 50, 60], hue: [0.1, 0.2, 0.3, 0.4, 0.5, 0.6] },
  // Two neighbours of each of six queries.
  'embedding.neighbours': {
    query: [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5],
    place: [1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2],
    image: [1, 2, 0, 2, 0, 1, 4, 5, 3, 5, 3, 4],
    unmoved: [2, 1, 2, 0, 1, 0, 5, 4, 5, 3, 4, 3],
    distance: new Array<number>(12).fill(0.5),
  },
};

const made: HandMade = {
  found: (run) => {
    const colour = scaled(run, COLOURS[variantLabel(run)] ?? NaN);
    return {
      retrieval: {
        estimates: {
          'embedding.colour': colour,
          'embedding.colourUnmoved': 0.4,
          'embedding.colourPermuted': 0.5,
          'embedding.colourScore': 1 - colour / 0.5,
          'features.colour': colour / 2,
          'embedding.hue': scaled(run, 60),
          'embedding.hueUnmoved': 70,
          'embedding.class': scaled(run, run.method === 'untrained' ? 0.2 : 0.4),
          'embedding.classPermuted': 0.2,
        },
        tables: TABLES,
      },
    };
  },
};
const results = imageResultsOf(plan, made);
const nothing = imageResultsOf(plan, { ...made, ran: () => false });

const verdicts = (from: typeof results) =>
  Object.fromEntries(retrievalClaims(from).claims.map(({ id, verdict }) => [id, verdict]));

describe('the plan', () => {
  it('trains the four methods with every seed at 32 pixels, and CARE with a larger weight', () => {
    expect(new Set(plan.runs.map(variantLabel))).toEqual(
      new Set(['CARE', 'SimCLR', 'EquiMod', 'untrained', STRONG]),
    );
    expect(plan.runs).toHaveLength(15);
    for (const { config } of plan.runs) expect(config.data).toMatchObject({ name: 'flowers5', size: 32 });
    const paper = planRetrieval({ profile: 'paper', preset: 'paper', data: 'flowers102' }).runs[0]?.config;
    expect(paper).toMatchObject({ data: { size: 224 }, model: { stem: 'imagenet' } });
  });

  it('has a colour for every method that it shows', () => {
    for (const run of plan.runs) expect(methodStyle(variantLabel(run)).name).toBe(variantLabel(run));
    expect(methodStyle(STRONG).colour).toBe(methodStyle('CARE').colour);
    expect(methodStyle(STRONG).shape).not.toBe(methodStyle('CARE').shape);
  });
});

describe('claims', () => {
  it('hold where the numbers say so, and only there', () => {
    expect(verdicts(results)).toEqual({
      'colour-simclr': 'direction holds',
      'hue-simclr': 'not reproduced',
      'follows-simclr': 'direction holds',
      'colour-equimod': 'direction holds',
      'strong-simclr': 'direction holds',
      untrained: 'not reproduced',
      'class-untrained': 'direction holds',
    });
  });

  it('are not run without runs, and the answer says so', () => {
    expect(new Set(Object.values(verdicts(nothing)))).toEqual(new Set(['not run']));
    expect(retrievalSummary(nothing).answer).toBe('Nothing was run yet, so there is no answer.');
    expect(retrievalFindings(nothing).markdown).toContain('**not run**');
  });

  it('give an answer that follows from them', () => {
    expect(retrievalSummary(results).answer).toMatch(
      /^With CARE the neighbours .* more than with SimCLR\. At a larger lambda they do, too\. An untrained encoder is no worse/,
    );
  });
});

describe('figures', () => {
  it('show every run, and the gain that is made of two estimates', () => {
    const figure = followingFigure(results);
    expect(figure.panels).toHaveLength(2);
    const row = figure.data.rows.find(({ method }) => method === 'SimCLR');
    // 1 - .3 / .4 for the first seed, a little less for the others.
    expect(String(row?.['colourGain'])).toMatch(/^0\.24/);
    expect(heroFigure(results).alt).toContain('SimCLR');
    expect(followingFigure(nothing).title).toContain('not run');
  });

  it('find numbers for sentences in the records alone', () => {
    // Gains of 1 - .2 / .4 and 1 - .3 / .4, each for the mean of three seeds.
    expect(retrievalFindings(results).markdown).toMatch(
      /makes up 49 % of the distance in colour with CARE, 24 % with SimCLR/,
    );
  });

  it('list settings, the paper\u2019s and ours', () => {
    const { rows } = retrievalSettings(results);
    expect(rows.find(({ setting }) => setting === 'data')).toMatchObject({
      paper: 'Flowers-102',
      differs: true,
    });
    expect(rows.find(({ setting }) => setting === 'neighbours')).toMatchObject({ differs: false });
  });
});

describe('queries and their neighbours', () => {
  const records = results.outcomes.flatMap(({ record }) => record ?? []).slice(0, 1);

  it('are spread through the images, with numbers in the test set', () => {
    const queries = shownQueries(records, 3);
    expect(queries.map(({ query, image }) => [query, image])).toEqual([
      [1, 20],
      [3, 40],
      [5, 60],
    ]);
    expect(queries[0]).toMatchObject({
      change: [['hue', 0.2]],
      found: [
        {
          before: [
            { image: 30, place: 1 },
            { image: 10, place: 2 },
          ],
          after: [
            { image: 10, place: 1 },
            { image: 30, place: 2 },
          ],
        },
      ],
    });
  });

  it('stand as numbers, with the reason, where the data are not at hand', async () => {
    const blocks = await neighbourPictures(results, { dataDir: folder });
    expect(blocks.map(({ type }) => type)).toEqual(['prose', 'table']);
    const [, table] = blocks;
    expect(table?.type === 'table' && table.rows[1]).toMatchObject({
      query: 20,
      method: 'CARE',
      of: 'nearest to f(a(x))',
      images: '10, 30',
    });
  });

  it('are not run without runs', async () => {
    expect(await neighbourPictures(nothing)).toMatchObject([{ type: 'prose' }]);
  });
});
