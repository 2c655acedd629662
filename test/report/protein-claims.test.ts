import { describe, expect, it } from 'vitest';
import { ENCODERS, type EncoderName } from '../../src/experiments/protein/config.js';
import type { ProteinResults } from '../../src/experiments/protein/study.js';
import { proteinClaims, proteinSettings, proteinSummary } from '../../src/report/protein-claims.js';
import { plainValues, resultsOf, type Values } from './fixtures/protein-results.js';

/** What each claim says, in the words of the paper: which encoder beats which in what. */
const SAYS: Readonly<
  Record<
    string,
    {
      readonly estimate: string;
      readonly better: 'lower' | 'higher';
      readonly ours: EncoderName;
      readonly rivals: readonly EncoderName[];
    }
  >
> = {
  'circles-simclr': { estimate: 'roundness', better: 'higher', ours: 'care', rivals: ['simclr'] },
  'circles-all': {
    estimate: 'roundness',
    better: 'higher',
    ours: 'care',
    rivals: ['simclr', 'l-unif', 'l-inv'],
  },
  'component-simclr': { estimate: 'linear', better: 'lower', ours: 'care', rivals: ['simclr'] },
  'component-all': {
    estimate: 'linear',
    better: 'lower',
    ours: 'care',
    rivals: ['simclr', 'l-unif', 'l-inv'],
  },
  'component-untrained': { estimate: 'linear', better: 'lower', ours: 'care', rivals: ['untrained'] },
  'wahba-simclr': { estimate: 'wahbaRelative', better: 'lower', ours: 'care', rivals: ['simclr'] },
  'gamma-simclr': { estimate: 'gammaPooled', better: 'lower', ours: 'care', rivals: ['simclr'] },
  'equivariance-term': {
    estimate: 'wahbaRelative',
    better: 'lower',
    ours: 'l-unif+l-equi',
    rivals: ['l-unif'],
  },
};

const all = resultsOf();
const none = resultsOf({ ran: () => false });

/** Judging takes a moment (noncentral t intervals), so each results are judged once. */
function once<T>(work: (results: ProteinResults) => T): (results: ProteinResults) => T {
  const known = new Map<ProteinResults, T>();
  return (results) => {
    const found = known.get(results) ?? work(results);
    known.set(results, found);
    return found;
  };
}
const claimsOf = once((results) => proteinClaims(results).claims);
const summaryOf = once(proteinSummary);

function claimOf(results: ProteinResults, id: string) {
  const found = claimsOf(results).find((claim) => claim.id === id);
  if (found === undefined) throw new Error(`There is no claim ${id}.`);
  return found;
}

/** Values under which one encoder is at 0.2 in a quantity and all others at 0.6, or the other way round; seeds vary a little. */
function apart(encoder: EncoderName, estimate: string, side: 'below' | 'above'): Values {
  return (run, name) => {
    if (name !== estimate) return plainValues(run, name);
    const low = (run.encoder === encoder) === (side === 'below');
    return (low ? 0.2 : 0.6) + 0.001 * run.seed * (1 + ENCODERS.indexOf(run.encoder));
  };
}

describe('the claims', () => {
  it('are those of the paper, each with its place', () => {
    const claims = claimsOf(all);
    expect(claims.map(({ id }) => id).sort()).toEqual(Object.keys(SAYS).sort());
    for (const { claim, place, paperValue, profile } of claims) {
      expect(claim).toMatch(/\.$/);
      expect([place, paperValue]).not.toContain('');
      expect(profile).toBe('smoke');
    }
  });

  it.each(Object.entries(SAYS))('%s flips as the numbers flip', (id, { estimate, better, ours, rivals }) => {
    const good = better === 'lower' ? 'below' : 'above';
    const bad = better === 'lower' ? 'above' : 'below';
    const won = claimOf(resultsOf({ values: apart(ours, estimate, good) }), id);
    const lost = claimOf(resultsOf({ values: apart(ours, estimate, bad) }), id);
    // No run can have the paper's setting, which it does not give: the direction is the most that can be shown.
    expect(won.verdict).toBe('direction holds');
    expect(lost.verdict).toBe('not reproduced');
    expect(won.ours).not.toBe(lost.ours);
    expect(won.difference).toMatch(better === 'lower' ? /\u2212/ : /\+/);
    // One rival that is as good is enough for it not to hold.
    for (const rival of rivals) {
      const same: Values = (run, name) => {
        const base = apart(ours, estimate, good);
        return name === estimate && run.encoder === rival
          ? base({ ...run, encoder: ours }, name)
          : base(run, name);
      };
      expect(claimOf(resultsOf({ values: same }), id).verdict, `against ${rival}`).toBe('not reproduced');
    }
  });

  it.each(Object.entries(SAYS))('%s is not run without its own encoder, or without any rival', (id, says) => {
    const without = (encoders: readonly EncoderName[]) =>
      claimOf(resultsOf({ ran: ({ encoder }) => !encoders.includes(encoder) }), id);
    expect(without([says.ours])).toMatchObject({ verdict: 'not run' });
    expect(without(says.rivals)).toMatchObject({ verdict: 'not run', difference: 'not run' });
    const unmeasured = resultsOf({
      values: (run, name) => (name === says.estimate ? undefined : plainValues(run, name)),
    });
    expect(claimOf(unmeasured, id).verdict).toBe('not run');
  });

  it('against all is not run, rather than won, while a rival is missing', () => {
    const values = apart('care', 'linear', 'below');
    const claim = claimOf(resultsOf({ values, ran: ({ encoder }) => encoder !== 'l-inv' }), 'component-all');
    expect(claim.verdict).toBe('not run');
    expect(claim.because).toContain('Not run: L_inv.');
  });

  it('names the runs of both sides that decided it, and no others', () => {
    for (const { id, runs } of claimsOf(all)) {
      const involved = [SAYS[id]?.ours, ...(SAYS[id]?.rivals ?? [])];
      const expected = all.outcomes.flatMap(({ encoder, variation, record }) =>
        involved.includes(encoder) && variation === null && record !== null ? [record.id] : [],
      );
      expect([...runs].sort()).toEqual(expected.sort());
    }
  });

  it('says which gamma_f it judges', () => {
    expect(claimOf(all, 'gamma-simclr').claim).toContain('ratio of means');
  });

  it('states our mean over seeds', () => {
    // CARE's two seeds have roundness 0.11 + 7 * 0.0173 = 0.2311 and 0.2342: mean 0.23265, deviation 0.0022,
    // of which one digit says something.
    expect(claimOf(all, 'circles-simclr').ours).toContain('0.233 \u00b1 0.002 (n = 2 pretraining seeds)');
  });

  it('cannot hold with one seed', () => {
    const single = resultsOf({ values: apart('care', 'linear', 'below'), ran: ({ seed }) => seed === 0 });
    const claim = claimOf(single, 'component-simclr');
    expect(claim.verdict).toBe('not reproduced');
    expect(claim.because).toContain('one seed');
  });

  it('is judged on an experiment that was interrupted between two encoders of a seed', () => {
    const values = apart('care', 'linear', 'below');
    const partial = resultsOf({ values, ran: ({ encoder, seed }) => seed === 0 || encoder === 'care' });
    const claim = claimOf(partial, 'component-simclr');
    expect(claim.verdict).toBe('not reproduced');
    expect(claim.runs).toHaveLength(3);
  });

  it('pairs values of one seed only where both have the same seeds', () => {
    const values = apart('care', 'linear', 'below');
    expect(claimOf(resultsOf({ values }), 'component-simclr').because).toContain('paired');
    // Seed 0 of one and seed 1 of the other are not a pair.
    const crossed = resultsOf({
      values,
      ran: ({ encoder, seed }) => (encoder === 'care' ? seed === 0 : seed === 1),
    });
    expect(claimOf(crossed, 'component-simclr').because).not.toContain('paired');
  });
});

describe('the first screen', () => {
  const fact = (results: ProteinResults, label: string) =>
    summaryOf(results).facts.find((item) => item.label === label)?.value;

  it('answers as the verdicts do', () => {
    const answer = (values: Values, ran?: (encoder: EncoderName) => boolean) =>
      summaryOf(resultsOf({ values, ran: ({ encoder }) => ran?.(encoder) ?? true })).answer;
    const both: Values = (run, name) =>
      name === 'roundness'
        ? apart('care', name, 'above')(run, name)
        : apart('care', 'linear', 'below')(run, name);
    expect(answer(both)).toBe(
      'CARE\u2019s paths are rounder than SimCLR\u2019s, and CARE keeps the principal component best of those trained with the paper\u2019s losses. The roundest paths are those of CARE.',
    );
    const neither: Values = (run, name) =>
      name === 'roundness'
        ? apart('care', name, 'below')(run, name)
        : apart('care', 'linear', 'above')(run, name);
    expect(answer(neither)).toMatch(
      /not shown to be rounder than SimCLR.*was not shown to keep the principal component better than SimCLR/,
    );
    expect(answer(neither)).not.toContain('those of CARE');
    expect(answer(neither)).toContain(', and an untrained encoder keeps it better than CARE.');
    expect(answer(both)).not.toContain('untrained');
    const second: Values = (run, name) => {
      if (name === 'roundness') return apart('care', name, 'above')(run, name);
      return name === 'linear' && run.encoder === 'l-inv'
        ? 0.01
        : apart('care', 'linear', 'below')(run, name);
    };
    expect(answer(second)).toContain('better than SimCLR, but does not keep it best of all');
  });

  it('does not say that CARE lost to an encoder that was not run', () => {
    const summary = summaryOf(resultsOf({ ran: ({ encoder }) => encoder !== 'simclr' }));
    expect(summary.answer).toContain('not compared with SimCLR');
    expect(summary.answer).not.toMatch(/rounder than SimCLR|not shown/);
    expect(summaryOf(none).answer).toBe('Nothing was run yet, so there is no answer.');
  });

  it('sets the untrained encoder beside CARE where its paths are rounder, and only there', () => {
    const at = (untrained: number) =>
      summaryOf(
        resultsOf({
          values: (run, name) =>
            name === 'roundness' && run.encoder === 'untrained' ? untrained : plainValues(run, name),
        }),
      ).answer;
    const words = 'on average those of an untrained encoder are rounder than CARE';
    expect(at(0.999)).toContain(words);
    expect(at(0.001)).not.toContain(words);
    const without = resultsOf({ ran: ({ encoder }) => encoder !== 'untrained' });
    expect(summaryOf(without).answer).not.toContain(words);
  });

  it('has the verdicts of the claims, in their order', () => {
    const { verdicts } = summaryOf(all);
    const claims = claimsOf(all);
    expect(verdicts.map(({ claim, verdict }) => [claim, verdict])).toEqual(
      claims.map(({ claim, verdict }) => [claim, verdict]),
    );
    expect(new Set(verdicts.map(({ label }) => label)).size).toBe(claims.length);
  });

  it('warns in its first line of generated proteins, also where some runs are on real ones', () => {
    expect(summaryOf(all).warning).toBeUndefined();
    const made = resultsOf({
      change: (record) => ({ ...record, data: { ...record.data, generated: true } }),
    });
    expect(summaryOf(made).warning).toMatch(/^These proteins were generated/);
    const mixed = resultsOf({
      change: (record, { encoder, seed }) => ({
        ...record,
        data: { ...record.data, generated: encoder === 'l-inv' && seed === 0 },
      }),
    });
    expect(summaryOf(mixed).warning).toMatch(/others on real ones: they cannot be compared/);
  });

  it('warns where runs saw other files of the same name', () => {
    const changed = resultsOf({
      change: (record, { encoder }) =>
        encoder === 'l-inv'
          ? { ...record, data: { ...record.data, items: 39, sha256: 'c0ffee'.padEnd(64, '0') } }
          : record,
    });
    expect(summaryOf(changed).warning).toContain(
      'different files of one name (PDB structures: 40 of sha256 ',
    );
    expect(summaryOf(changed).warning).toContain('39 of sha256 c0ffee00');
  });

  it('gives the facts of the runs', () => {
    expect(fact(all, 'profile')).toBe('smoke');
    expect(fact(all, 'data')).toBe('PDB structures, 40 structures');
    expect(fact(all, 'runs')).toBe('13 of 13');
    expect(fact(all, 'pretraining seeds')).toBe('2');
    expect(fact(all, 'device')).toBe('cpu, Some CPU');
    // Thirteen runs, a day each, the ninth the last; the commit cut to ten digits.
    expect(fact(all, 'date')).toBe('2026-01-01 to 2026-01-09');
    const elsewhere = resultsOf({
      change: (record, { encoder }) => ({
        ...record,
        sessions: record.sessions.map((session) => ({
          ...session,
          environment: { ...session.environment, ...(encoder === 'care' ? { cpu: 'Other' } : {}) },
        })),
      }),
    });
    expect(fact(elsewhere, 'device')).toBe('cpu, Other (3 runs); cpu, Some CPU (10 runs)');
    expect(fact(all, 'commit')).toBe('0123456789');
    const dirty = resultsOf({ change: (record) => ({ ...record, code: { ...record.code, clean: false } }) });
    expect(fact(dirty, 'commit')).toBe('0123456789 (changed since)');
    expect(fact(resultsOf({ ran: ({ encoder }) => encoder === 'care' }), 'runs')).toBe('3 of 13');
    expect(fact(none, 'date')).toBe('not run');
  });
});

describe('the settings', () => {
  const row = (results: ProteinResults, setting: string) =>
    proteinSettings(results).rows.find((item) => item.setting === setting);

  it('are those of the plan, and its data those of the records', () => {
    const { config } = all.plan.runs[0] ?? {};
    expect(row(all, 'steps, batch')?.ours).toBe('30, 32');
    expect(row(all, 'points a cloud')?.ours).toBe(String(config?.data.points));
    expect(row(all, 'lambda, reduction')?.ours).toBe('30, mean');
    expect(row(all, 'chunks of L_equi')?.ours).toBe('4 of 8');
    expect(row(all, 'encoder')?.ours).toBe('DeepSet, phi 3-64-128-256, max, rho 128-16');
    expect(row(all, 'pretraining seeds')?.ours).toBe('2');
    expect(row(all, 'data')?.ours).toContain('PDB structures, 40');
    expect(row(none, 'data')?.ours).toBe('not run');
  });

  it('mark what differs from the paper, and say which were varied only where they were', () => {
    for (const { paper, ours, differs, setting } of proteinSettings(all).rows)
      expect(differs, setting).toBe(paper !== 'not given' && paper !== ours);
    expect(row(all, 'lambda, reduction')?.why).toBe('varied below');
    expect(row(all, 'points a cloud')?.why).toBeUndefined();
  });
});
