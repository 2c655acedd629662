import { describe, expect, it } from 'vitest';
import type { RunRecord } from '../../../src/runs/record.js';
import type { Verdict } from '../../../src/report/blocks.js';
import { proteinClaims } from '../../../src/report/protein-claims.js';
import {
  reproductionAnswer,
  reproductionClaims,
  reproductionReports,
  reproductionSummary,
} from '../../../src/report/reproduction/overview.js';
import { claimsByAsker, collectReproduction } from '../../../src/report/reproduction/results.js';
import { plainValues, resultsOf, type ResultsOptions } from '../fixtures/protein-results.js';

function recordsOf(options: ResultsOptions = {}): readonly RunRecord[] {
  return resultsOf(options).outcomes.flatMap(({ record }) => (record === null ? [] : [record]));
}

const choice = { preset: 'paper', profile: 'smoke' } as const;
const all = collectReproduction(recordsOf(), { ...choice, reports: ['protein'] });
const none = collectReproduction([], choice);

describe('the claims of all experiments', () => {
  it('are those of the reports, word for word', () => {
    const own = proteinClaims(resultsOf()).claims;
    const found = all.claims.filter(({ experiment, runs }) => experiment === 'protein' && runs.length > 0);
    expect(found.map(({ experiment, report, ...claim }) => ({ ...claim, experiment, report }))).toHaveLength(
      own.length,
    );
    for (const claim of own) {
      expect(found).toContainEqual({ ...claim, experiment: 'protein', report: 'protein.html' });
    }
  });

  it('stand once in the count, though two rows may show one', () => {
    const shown = [...all.rows, ...all.others].flatMap(({ claims }) => claims);
    expect(shown.length).toBeGreaterThan(all.claims.length);
    const keys = all.claims.map(({ experiment, id }) => `${experiment} ${id}`);
    expect(new Set(keys).size).toBe(keys.length);
    expect(new Set(shown.map(({ experiment, id }) => `${experiment} ${id}`)).size).toBe(keys.length);
  });

  it('stand under the figure that they name, and controls under none', () => {
    const idsOf = (id: string) => all.rows.find((row) => row.id === id)?.claims.map((claim) => claim.id);
    expect(idsOf('figure-3')).toEqual(['circles-simclr', 'circles-all']);
    expect(idsOf('figure-4')).toEqual(['component-simclr', 'component-all']);
    const left = all.others.find(({ place }) => place === 'protein')?.claims.map(({ id }) => id);
    // Figures 5 and 8 are about images: the same measures on proteins are additions.
    expect(left).toEqual(['wahba-simclr', 'gamma-simclr', 'equivariance-term']);
  });

  it('are linked where their report lies beside the page, and not where it does not', () => {
    const alone = collectReproduction(recordsOf(), choice);
    expect(alone.claims.every(({ report }) => report === undefined)).toBe(true);
    expect(reproductionReports(all).markdown).toContain('](protein.html)');
    expect(reproductionReports(alone).markdown).not.toContain('](');
  });

  it('follow the settings that were chosen', () => {
    const chosen = { protein: { settings: ['training.lambda=7.5'] } };
    // No run has that lambda: encoders whose loss has it are missing.
    const other = collectReproduction(recordsOf(), { ...choice, chosen });
    expect(other.entries[0]?.recorded).toBeLessThan(all.entries[0]?.recorded ?? 0);
    expect(() => collectReproduction([], { ...choice, chosen: { protien: {} } })).toThrow(
      'There is no experiment "protien".',
    );
    const wrong = { protein: { settings: ['training.lamda=1'] } };
    expect(() => collectReproduction([], { ...choice, chosen: wrong })).toThrow(
      'did you mean training.lambda?',
    );
  });
});

describe('the first screen', () => {
  const [{ claims: own }] = claimsByAsker(all);
  const counted = (verdict: Verdict, of = own) => of.filter((claim) => claim.verdict === verdict).length;

  it('counts every verdict', () => {
    const { verdicts, hero } = reproductionSummary(all);
    expect(verdicts.map(({ verdict, label }) => [verdict, label])).toEqual(
      (['reproduced', 'direction holds', 'not reproduced', 'not run'] as const).map((verdict) => [
        verdict,
        `${counted(verdict)} of ${own.length} claims of the paper`,
      ]),
    );
    const rows = hero.data.rows;
    for (const verdict of ['direction holds', 'not reproduced', 'not run'] as const) {
      expect(rows.reduce((sum, row) => sum + Number(row[verdict]), 0)).toBe(counted(verdict, all.claims));
    }
    expect(counted('direction holds')).toBeGreaterThan(0);
    expect(counted('not reproduced')).toBeGreaterThan(0);
  });

  it('says in sentences what became of the figures', () => {
    const answer = reproductionAnswer(all);
    const opposite = own.filter((claim) => claim.opposite === true).length;
    expect(answer).toContain(
      `Of ${own.length} claims of the paper, none is reproduced in its setting: the direction of ${counted('direction holds')} holds in a smaller one, ${opposite} are contradicted`,
    );
    expect(counted('not reproduced')).toBeGreaterThanOrEqual(opposite);
    // Every claim once: a claim of the paper is not counted again among those that reviewers asked for.
    const ids = claimsByAsker(all).flatMap(({ claims }) =>
      claims.map(({ experiment, id }) => `${experiment} ${id}`),
    );
    expect([new Set(ids).size, ids.length]).toEqual([all.claims.length, all.claims.length]);
    expect(answer).toContain('of Figures 5 to 16 and 21 and Table 1 nothing is run.');
  });

  it('changes its sentences with the numbers', () => {
    // CARE far ahead of all in both quantities of Figures 3 and 4, and far behind.
    const place = (ahead: boolean) =>
      collectReproduction(
        recordsOf({
          values: (run, name) => {
            if (name !== 'roundness' && name !== 'linear') return plainValues(run, name);
            const better = (name === 'roundness') === ahead ? 0.9 : 0.1;
            return (run.encoder === 'care' ? better : 0.5) + 0.001 * run.seed * (1 + run.label.length);
          },
        }),
        choice,
      );
    expect(reproductionAnswer(place(true))).toContain('The direction of Figures 3, 4 and 17 to 20 holds;');
    expect(reproductionAnswer(place(false))).toContain('Of Figures 3, 4 and 17 to 20 nothing is shown;');
  });

  it('says that nothing is run', () => {
    const { answer, facts, verdicts } = reproductionSummary(none);
    expect(answer).toBe(`None of ${none.claims.length} claims was decided yet: nothing is run.`);
    expect(verdicts.at(-1)?.label).toBe(`${own.length} of ${own.length} claims of the paper`);
    expect(facts.find(({ label }) => label === 'runs')?.value).toBe('0');
  });

  it('warns of generated data', () => {
    const generated = recordsOf({
      change: (record) => ({ ...record, data: { ...record.data, generated: true } }),
    });
    expect(reproductionSummary(collectReproduction(generated, choice)).warning).toContain('generated data');
    expect(reproductionSummary(all).warning).toBeUndefined();
  });

  it('takes time, seeds, dates and commits from the records', () => {
    const facts = Object.fromEntries(
      reproductionSummary(all).facts.map(({ label, value }) => [label, value]),
    );
    const records = recordsOf();
    expect(facts).toMatchObject({
      runs: String(records.length),
      // A second of training each.
      'training in all': `${records.length} s`,
      'pretraining seeds': '0, 1',
      dates: '2026-01-01 to 2026-01-09',
      commits: '0123456789',
      profiles: 'smoke',
    });
  });
});

it('the table of claims has the rows in order, then the requests, then additions', () => {
  const { sections } = reproductionClaims(all);
  expect(sections.map(({ title }) => title)).toEqual([
    'What the paper shows',
    'What its reviewers asked for',
    'Controls and additions',
  ]);
  expect(sections[0]?.groups[0]?.place).toBe('Figures 3, 17 to 20');
  expect(sections[0]?.groups.at(-1)?.place).toBe('Table 1');
  expect(reproductionClaims(none).sections[0]?.groups).toHaveLength(10);
});
