import { describe, expect, it } from 'vitest';
import type { ImageMethod } from '../../../src/experiments/images/config.js';
import { PAPER_SIZES } from '../../../src/experiments/images/presets.js';
import type { ImageResults, ImageRun } from '../../../src/experiments/images/study.js';
import {
  benchmarkClaim,
  benchmarkClaims,
  benchmarkSummary,
} from '../../../src/report/images/benchmark-claims.js';
import { benchmarkFindings } from '../../../src/report/images/benchmark-findings.js';
import { benchmarkSettings } from '../../../src/report/images/benchmark-settings.js';
import { TABLE_1_METHODS } from '../../../src/report/paper-numbers.js';
import { plainNumbers, tablesOf, type Numbers, type NumbersOf } from './benchmark-results.js';

/** What each claim says: which method beats which in what, and where. */
interface Says {
  readonly part: string;
  readonly of: keyof Numbers;
  readonly better: 'lower' | 'higher';
  readonly ours: ImageMethod;
  readonly rivals: readonly ImageMethod[];
}

const pair = (part: string, ours: ImageMethod, base: ImageMethod): Says => ({
  part,
  of: 'probe',
  better: 'higher',
  ours,
  rivals: [base],
});

const SAYS: Readonly<Record<string, Says>> = {
  'simclr-cifar10': pair('cifar10', 'care', 'simclr'),
  'moco-v2-cifar10': pair('cifar10', 'moco-v2+care', 'moco-v2'),
  'barlow-twins-cifar10': pair('cifar10', 'barlow-twins+care', 'barlow-twins'),
  'simclr-cifar100': pair('cifar100', 'care', 'simclr'),
  'moco-v2-cifar100': pair('cifar100', 'moco-v2+care', 'moco-v2'),
  'barlow-twins-cifar100': pair('cifar100', 'barlow-twins+care', 'barlow-twins'),
  'simclr-stl10': pair('stl10', 'care', 'simclr'),
  'barlow-twins-stl10': pair('stl10', 'barlow-twins+care', 'barlow-twins'),
  'simclr-imagenet100': pair('imagenet100', 'care', 'simclr'),
  'moco-v2-imagenet100': pair('imagenet100', 'moco-v2+care', 'moco-v2'),
  'equi-unif-nontrivial': {
    part: 'ablation',
    of: 'probe',
    better: 'higher',
    ours: 'l-unif+l-equi',
    rivals: ['l-equi', 'untrained'],
  },
  'invariance-helps': {
    part: 'ablation',
    of: 'probe',
    better: 'higher',
    ours: 'l-inv+l-unif+l-equi',
    rivals: ['l-unif+l-equi'],
  },
  'equi-collapses': { part: 'ablation', of: 'rank', better: 'lower', ours: 'l-equi', rivals: ['untrained'] },
  'equi-unif-moves': {
    part: 'ablation',
    of: 'cosine',
    better: 'lower',
    ours: 'l-unif+l-equi',
    rivals: ['l-inv+l-unif'],
  },
};

const all = tablesOf();
const none = tablesOf({ ran: () => false });

function claimOf(results: ImageResults, id: string) {
  const found = benchmarkClaim(results, id);
  if (found === undefined) throw new Error(`There is no claim ${id}.`);
  return found;
}

/** One method at 20 in a number and all others at 60, or the other way round; seeds vary a little. */
function apart(ours: ImageMethod, of: keyof Numbers, side: 'lower' | 'higher'): NumbersOf {
  return (run) => {
    const low = (run.method === ours) === (side === 'lower');
    return { ...plainNumbers(run), [of]: (low ? 20 : 60) + 0.1 * run.seed * (run.method === ours ? 1 : 2) };
  };
}

describe('the claims', () => {
  it('are those of the paper and two controls, each with its place', () => {
    const { claims } = benchmarkClaims(all);
    expect(claims.map(({ id }) => id).sort()).toEqual(
      [...Object.keys(SAYS), 'lambda', 'above-untrained', 'above-chance'].sort(),
    );
    for (const { claim, place, paperValue, profile } of claims) {
      expect(claim).toMatch(/\.$/);
      expect([place, paperValue]).not.toContain('');
      expect(profile).toBe('overnight');
    }
    expect(claimOf(all, 'simclr-imagenet100').paperValue).toBe(
      '76.69 \u00b1 0.08 against 72.79 \u00b1 0.08 %: +3.90',
    );
  });

  it.each(Object.entries(SAYS))('%s flips as the numbers flip', (id, { of, better, ours, rivals }) => {
    const other = better === 'lower' ? 'higher' : 'lower';
    const won = claimOf(tablesOf({ numbers: apart(ours, of, better) }), id);
    const lost = claimOf(tablesOf({ numbers: apart(ours, of, other) }), id);
    expect([won.verdict, lost.verdict]).toEqual(['direction holds', 'not reproduced']);
    for (const rival of rivals) {
      const same: NumbersOf = (run) =>
        apart(ours, of, better)(run.method === rival ? { ...run, method: ours } : run);
      expect(claimOf(tablesOf({ numbers: same }), id).verdict, `against ${rival}`).toBe('not reproduced');
    }
  });

  it.each(Object.entries(SAYS))('%s rests on the runs of its part alone', (id, { part, ours, rivals }) => {
    const parts = [part, ...(rivals.includes('untrained') ? ['cifar10'] : [])];
    const expected = all.outcomes.flatMap(({ record, ...run }) =>
      [ours, ...rivals].includes(run.method) &&
      parts.includes(run.part) &&
      (run.method === 'untrained') === (run.part === 'cifar10' && part === 'ablation') &&
      record !== null
        ? [record.id]
        : [],
    );
    expect([...claimOf(all, id).runs].sort()).toEqual(expected.sort());
    const without = tablesOf({ ran: (run) => !(run.part === part && run.method === ours) });
    expect(claimOf(without, id).verdict).toBe('not run');
    expect(claimOf(none, id)).toMatchObject({ verdict: 'not run', runs: [] });
  });

  it('cannot be shown by one seed', () => {
    const single = tablesOf({ numbers: apart('care', 'probe', 'higher'), ran: ({ seed }) => seed === 0 });
    expect(claimOf(single, 'simclr-cifar10')).toMatchObject({ verdict: 'not reproduced' });
    expect(claimOf(single, 'simclr-cifar10').because).toContain('with one seed no test is possible');
  });
});

/** The probe of CARE on CIFAR-10 as a function of its weight. */
function byLambda(probe: (lambda: number) => number): NumbersOf {
  return (run) => ({
    ...plainNumbers(run),
    ...(isCare(run)
      ? { probe: probe(run.config.training.lambda) + 0.1 * run.seed * (1 + run.config.training.lambda) }
      : {}),
  });
}
const isCare = ({ method, part }: ImageRun) => method === 'care' && ['cifar10', 'lambda'].includes(part);

describe('the weight of L_equi', () => {
  it('is best in the paper\u2019s region where that beats every weight outside it', () => {
    const peak = tablesOf({ numbers: byLambda((lambda) => (lambda === 0.1 ? 60 : 50)) });
    const claim = claimOf(peak, 'lambda');
    expect(claim.verdict).toBe('direction holds');
    expect(claim.ours).toContain('at lambda 0.1: 60');
    expect(claim.because).toContain('All: 50.1 % at 0.001');
    // All weights, each with three seeds, but those in the region that were not picked.
    expect(claim.runs).toHaveLength(5 * 3);
  });

  it('is not, where one weight outside is as good or better', () => {
    for (const lambda of [0.001, 0.003, 0.3, 1]) {
      const also = tablesOf({ numbers: byLambda((l) => (l === 0.1 || l === lambda ? 60 : 50)) });
      expect(claimOf(also, 'lambda').verdict, `at ${lambda}`).toBe('not reproduced');
    }
  });

  it('is not run without weights on both sides of the comparison', () => {
    expect(claimOf(tablesOf({ ran: ({ part }) => part !== 'lambda' }), 'lambda').verdict).toBe('not run');
    const outside = tablesOf({ ran: (run) => !isCare(run) || run.config.training.lambda > 0.2 });
    expect(claimOf(outside, 'lambda').verdict).toBe('not run');
  });
});

const onCifar10 = ({ part }: ImageRun) => part === 'cifar10';

describe('the controls', () => {
  it.each(['simclr', 'equimod-byol', 'barlow-twins+care'] as const)('fail by %s alone', (worst) => {
    const good: NumbersOf = (run) => ({
      probe:
        run.method === 'untrained'
          ? 30 + 0.1 * run.seed
          : 50 + 4 * run.seed * (1 + TABLE_1_METHODS.findIndex((name) => name === run.method) / 20),
    });
    const bad: NumbersOf = (run) => (run.method === worst ? { probe: 10.2 + 0.1 * run.seed } : good(run));
    const verdicts = (numbers: NumbersOf) =>
      ['above-untrained', 'above-chance'].map(
        (id) => claimOf(tablesOf({ numbers, ran: onCifar10 }), id).verdict,
      );
    expect(verdicts(good)).toEqual(['direction holds', 'direction holds']);
    expect(verdicts(bad)).toEqual(['not reproduced', 'not reproduced']);
    const between: NumbersOf = (run) => (run.method === worst ? { probe: 20 + 0.1 * run.seed } : good(run));
    expect(verdicts(between)).toEqual(['not reproduced', 'direction holds']);
  });
});

describe('the first screen', () => {
  it('answers as the verdicts do', () => {
    expect(benchmarkSummary(none).answer).toBe('Nothing was run yet, so there is no answer.');
    const won = benchmarkSummary(tablesOf({ numbers: apart('care', 'probe', 'higher'), ran: onCifar10 }));
    expect(won.answer).toContain('Adding CARE raises the linear probe of SimCLR on CIFAR10.');
    expect(won.answer).toContain('on SimCLR (paper +0.94)');
    const lost = benchmarkSummary(tablesOf({ numbers: apart('care', 'probe', 'lower'), ran: onCifar10 }));
    expect(lost.answer).toContain(
      'Adding CARE to SimCLR, MoCo-v2 and Barlow Twins does not raise the linear probe on CIFAR10 beyond what seeds explain.',
    );
    const single = benchmarkSummary(tablesOf({ ran: ({ seed, part }) => seed === 0 && part === 'cifar10' }));
    expect(single.answer).toContain('For SimCLR, MoCo-v2 and Barlow Twins one seed each cannot tell.');
    expect(won.verdicts.map(({ label }) => label)).toContain('CARE on SimCLR, CIFAR10');
  });

  it('warns of images that were generated', () => {
    const few = ({ part, seed }: ImageRun) => part === 'cifar10' && seed === 0;
    expect(benchmarkSummary(tablesOf({ ran: few })).warning).toBeUndefined();
    const generated = tablesOf({
      ran: few,
      change: (record) => ({ ...record, data: { ...record.data, generated: true } }),
    });
    expect(benchmarkSummary(generated).warning).toContain('These images were generated');
  });
});

describe('findings and settings', () => {
  it('take their numbers from the records', () => {
    const results = tablesOf({
      numbers: (run) => ({ ...plainNumbers(run), ...(run.method === 'untrained' ? { probe: 23.46 } : {}) }),
    });
    const { markdown } = benchmarkFindings(results);
    expect(markdown).toContain('reads an untrained network at 23.5 % where guessing gives 10.3 %');
    expect(markdown).toContain('0.24 to 3.90 points');
    expect(markdown).not.toMatch(/NaN|undefined|not a number/);
    expect(benchmarkFindings(none).markdown).toBe('The runs that would tell are not there: **not run**.');
  });

  it('say what was run of each kind of finding', () => {
    const small = benchmarkFindings(tablesOf({ ran: ({ part }) => part === 'ablation' })).markdown;
    expect(small).not.toMatch(/NaN|undefined|not a number/);
  });

  it('mark what differs from the paper\u2019s profile', () => {
    const { rows } = benchmarkSettings(all);
    const row = (setting: string) => rows.find((one) => one.setting === setting);
    const { 'training.epochs': epochs, 'training.batch': batch } = PAPER_SIZES.cifar10;
    expect(row('CIFAR10: epochs x batch')).toMatchObject({
      paper: `${Number(epochs)} x ${Number(batch)}`,
      ours: '20 x 64',
      differs: true,
    });
    expect(row('CIFAR10: temperature')).toMatchObject({ paper: '0.5', ours: '0.5', differs: false });
    expect(
      benchmarkSettings(tablesOf({ profile: 'paper' }))
        .rows.filter(({ differs }) => differs)
        .map(({ setting }) => setting),
    ).toEqual(['scale of L_equi']);
  });
});
