import { describe, expect, it } from 'vitest';
import { EXPERIMENTS } from '../../src/experiments/experiments.js';
import { EXPERIMENT_REPORTS } from '../../src/report/experiment-reports.js';
import { PAPER_ROWS, placesIn, placesText } from '../../src/report/paper-rows.js';
import { collectReproduction } from '../../src/report/reproduction/results.js';

describe('places of the paper', () => {
  it.each([
    ['Figures 3, 17 to 20', ['Figure 3', 'Figure 17', 'Figure 18', 'Figure 19', 'Figure 20']],
    ['Figures 9 and 21', ['Figure 9', 'Figure 21']],
    ['Figures 9, 21', ['Figure 9', 'Figure 21']],
    ['Table 1', ['Table 1']],
    ['Figure 5, there on CIFAR10', ['Figure 5']],
    ['Figure 5, colours alone', ['Figure 5']],
    ['a control of Figure 5', []],
    ['Section 3, L_equi + L_unif is non-trivial', []],
    ['', []],
  ])('of "%s"', (text, places) => expect(placesIn(text)).toEqual(places));

  it.each([
    [['Figure 3', 'Figure 17', 'Figure 18', 'Figure 19', 'Table 1'], 'Figures 3 and 17 to 19 and Table 1'],
    [['Figure 8', 'Figure 7', 'Figure 7'], 'Figures 7 and 8'],
    [['Figure 4'], 'Figure 4'],
    [['Table 1'], 'Table 1'],
    [[], ''],
  ])('%j as a text', (places, text) => expect(placesText(places)).toBe(text));
});

describe('the rows', () => {
  it('are every figure and table of the experiments, each once', () => {
    // The paper's experiments are its Figures 3 to 21 and its only table.
    const all = [...Array.from({ length: 19 }, (_, i) => `Figure ${i + 3}`), 'Table 1'];
    const rows = PAPER_ROWS.filter(({ asked }) => asked === 'by the paper');
    expect(rows.flatMap(({ place }) => placesIn(place)).sort()).toEqual(all.sort());
    // What a row is called and where its claims are looked for are the same places.
    for (const { place, decidedBy } of rows) {
      const sought = decidedBy.flatMap((source) => ('places' in source ? source.places : []));
      expect([...sought].sort()).toEqual([...placesIn(place)].sort());
    }
  });

  it('are every request of the reviewers', () => {
    expect(PAPER_ROWS.filter(({ asked }) => asked === 'by its reviewers').map(({ id }) => id)).toEqual([
      'equivariant-baselines',
      'retrieval-in-numbers',
      'transfer',
      'pretraining-seeds',
      'protein-target',
      'composition',
      'before-and-after-head',
      'steering',
    ]);
  });

  it('have ids of their own, and a sentence', () => {
    expect(new Set(PAPER_ROWS.map(({ id }) => id)).size).toBe(PAPER_ROWS.length);
    for (const { shows } of PAPER_ROWS) expect(shows).toMatch(/^[A-Z].+\.$/);
  });
});

describe('every row', () => {
  const { rows } = collectReproduction([], { preset: 'paper' });
  const registered = EXPERIMENTS.map(({ name }) => name);

  it.each(PAPER_ROWS.map((row) => [row.place, row] as const))('%s has a claim of its own', (_, row) => {
    const found = rows.find(({ id }) => id === row.id);
    expect(found?.claims.length).toBeGreaterThan(0);
    const named = row.decidedBy.map(({ experiment }) => experiment);
    // Nothing can decide it: said with a reason. Otherwise a report has to have a claim of it.
    expect(named.length).toBeGreaterThan(0);
    for (const name of named.filter((each) => registered.includes(each))) {
      expect(found?.claims.some((claim) => claim.experiment === name && claim.id !== row.id)).toBe(true);
    }
  });

  it('is not run where nothing was run', () => {
    for (const { claims } of rows) {
      for (const { verdict, ours } of claims)
        expect([verdict, ours.endsWith('not run')]).toEqual(['not run', true]);
    }
  });

  it('names claims that are there', () => {
    const ids = new Map(
      EXPERIMENT_REPORTS.map((report) => {
        const plan = EXPERIMENTS.find(({ name }) => name === report.name)?.plan({
          profile: 'smoke',
          preset: 'paper',
        });
        const { claims } = report.claims([], plan?.choice ?? { profile: 'smoke', preset: 'paper' });
        return [report.name, claims.map(({ id }) => id)] as const;
      }),
    );
    for (const { decidedBy } of PAPER_ROWS) {
      for (const source of decidedBy) {
        const known = ids.get(source.experiment);
        if (known === undefined || !('ids' in source)) continue;
        expect(known).toEqual(expect.arrayContaining([...source.ids]));
      }
    }
  });
});

it('every experiment has its entry among the reports, and no other has one', () => {
  expect(EXPERIMENT_REPORTS.map(({ name }) => name)).toEqual(EXPERIMENTS.map(({ name }) => name));
});
