import { describe, expect, it } from 'vitest';
import type { ImageMethod } from '../../../src/experiments/images/config.js';
import { PAPER_SIZES } from '../../../src/experiments/images/presets.js';
import { IMAGE_PROFILES } from '../../../src/experiments/images/settings.js';
import { STUDY_SEEDS } from '../../../src/experiments/images/study-seeds.js';
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
  /** Looked at besides, for the note alone. */
  readonly beside?: readonly ImageMethod[];
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
  'care-equimod-cifar10': pair('cifar10', 'care', 'equimod'),
  'care-equimod-cifar100': pair('cifar100', 'care', 'equimod'),
  'care-equimod-stl10': pair('stl10', 'care', 'equimod'),
  'transfer-simclr': { ...pair('cifar10', 'care', 'simclr'), of: 'transfer' },
  'equi-unif-nontrivial': {
    part: 'ablation',
    of: 'probe',
    better: 'higher',
    ours: 'l-unif+l-equi',
    rivals: ['l-equi', 'untrained'],
    beside: ['l-unif'],
  },
  'invariance-helps': {
    part: 'ablation',
    of: 'probe',
    better: 'higher',
    ours: 'l-inv+l-unif+l-equi',
    rivals: ['l-unif+l-equi'],
  },
  'equi-collapses': {
    part: 'ablation',
    of: 'uniformity',
    better: 'higher',
    ours: 'l-equi',
    rivals: ['untrained'],
  },
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
  it('are those of the paper, transfer and two controls, each with its place', () => {
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

  it.each(Object.entries(SAYS))('%s rests on the runs of its part alone', (id, says) => {
    const { part, ours, rivals, beside = [] } = says;
    const parts = [part, ...(rivals.includes('untrained') ? ['cifar10'] : [])];
    const expected = all.outcomes.flatMap(({ record, ...run }) =>
      [ours, ...rivals, ...beside].includes(run.method) &&
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

describe('collapse of L_equi alone', () => {
  /** L_unif of the embeddings of L_equi alone and of the untrained encoder; the rank always falls by a lot. */
  const at =
    (alone: number, before: number): NumbersOf =>
    (run) => ({
      ...plainNumbers(run),
      rank: run.method === 'l-equi' ? 2 : 50,
      uniformity:
        (run.method === 'l-equi' ? alone : before) - 0.001 * run.seed * (run.method === 'l-equi' ? 1 : 2),
    });
  const verdictOf = (alone: number, before: number) =>
    claimOf(tablesOf({ numbers: at(alone, before) }), 'equi-collapses').verdict;

  it('is nearness to one point, not a low rank', () => {
    expect(verdictOf(0.99, 0.3)).toBe('direction holds');
    expect(verdictOf(0.3, 0.31)).toBe('not reproduced');
    expect(verdictOf(0.9, 0.95)).toBe('not reproduced');
  });

  it('takes more than moving a little towards it', () => {
    const claim = claimOf(tablesOf({ numbers: at(0.3, 0.2) }), 'equi-collapses');
    expect(claim.verdict).toBe('not reproduced');
    expect(claim.because).toContain('It holds against untrained. Not against halfway');
  });

  it('is told in the findings by what L_unif says', () => {
    const found = (alone: number, before: number) =>
      benchmarkFindings(tablesOf({ numbers: at(alone, before) })).markdown;
    expect(found(0.999, 0.3)).toContain('all images end up at about one point');
    expect(found(0.999, 0.99)).toContain('but so they do before training');
    expect(found(0.6, 0.3)).toContain('has not brought all images to the one point');
    // Positive pairs alike are no collapse: any invariant encoder has them.
    const invariant = tablesOf({ numbers: (run) => ({ ...at(0.1, 0.3)(run), cosine: 0.99 }) });
    expect(benchmarkFindings(invariant).markdown).not.toContain('at about one point');
  });
});

describe('L_unif + L_equi', () => {
  const differing: NumbersOf = (run) => ({
    ...plainNumbers(run),
    probe: 20,
    ...(run.method === 'l-unif+l-equi' ? { probe: 50 + run.seed } : {}),
    ...(run.method === 'l-unif' ? { probe: 53 } : {}),
  });

  it('has the difference to L_unif alone beside it, which decides nothing', () => {
    // 50, 51, 52 against 53: -2 +- 4.303 / sqrt 3.
    const claim = claimOf(tablesOf({ numbers: differing }), 'equi-unif-nontrivial');
    expect(claim.verdict).toBe('direction holds');
    expect(claim.because).toContain('the difference is \u22122.0 [\u22124.5, 0.5] points to L_unif alone.');
  });

  it('says where L_unif alone was not run', () => {
    const without = tablesOf({ numbers: differing, ran: ({ method }) => method !== 'l-unif' });
    const claim = claimOf(without, 'equi-unif-nontrivial');
    expect(claim.verdict).toBe('direction holds');
    expect(claim.because).toContain('the difference to L_unif alone: not run.');
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

  it('reproduce nothing of the paper, which lacks them', () => {
    const whole = tablesOf({
      profile: 'paper',
      ran: onCifar10,
      numbers: ({ method, seed }) => {
        const place = TABLE_1_METHODS.findIndex((name) => name === method);
        return { probe: place < 0 ? 30 + 0.1 * seed : 50 + 4 * seed * (1 + place / 20) };
      },
      change: (record) => ({ ...record, data: { ...record.data, items: 50_000 } }),
    });
    for (const id of ['above-untrained', 'above-chance'])
      expect(claimOf(whole, id).verdict).toBe('direction holds');
  });
});

describe('the first screen', () => {
  it('answers as the verdicts do', () => {
    expect(benchmarkSummary(none).answer).toBe('Nothing was run yet, so there is no answer.');
    const won = benchmarkSummary(tablesOf({ numbers: apart('care', 'probe', 'higher'), ran: onCifar10 }));
    expect(won.answer).toContain('Adding CARE raises the linear probe of SimCLR on CIFAR10.');
    expect(won.answer).toContain('on SimCLR (paper +0.94)');
    expect(won.answer).toContain(' On CIFAR10 it is higher for CARE than for EquiMod.');
    expect(won.answer).not.toContain('CIFAR100');
    const onBoth = benchmarkSummary(tablesOf({ numbers: apart('care', 'probe', 'higher') }));
    expect(onBoth.answer).toMatch(
      / On CIFAR100, with \d+ training images, it is shown to raise it in 1 of 3\./,
    );
    const lost = benchmarkSummary(tablesOf({ numbers: apart('care', 'probe', 'lower'), ran: onCifar10 }));
    expect(lost.answer).toContain(
      'Adding CARE to SimCLR, MoCo-v2 and Barlow Twins does not raise the linear probe on CIFAR10 beyond what seeds explain.',
    );
    expect(lost.answer).toContain(' On CIFAR10 it is lower for CARE than for EquiMod, against the paper.');
    const single = benchmarkSummary(tablesOf({ ran: ({ seed, part }) => seed === 0 && part === 'cifar10' }));
    expect(single.answer).toContain('For SimCLR, MoCo-v2 and Barlow Twins one seed each cannot tell.');
    const seed0 = benchmarkSummary(tablesOf({ ran: ({ seed }) => seed === 0 }));
    expect(seed0.answer).not.toContain('CIFAR100');
    expect(won.verdicts.map(({ label }) => label)).toContain('CARE on SimCLR, CIFAR10');
  });

  it('speaks of no differences where none was run', () => {
    const { answer } = benchmarkSummary(
      tablesOf({ ran: ({ part, method }) => part === 'ablation' || method === 'untrained' }),
    );
    expect(answer).toContain('Whether CARE raises the linear probe on CIFAR10 was not run.');
    expect(answer).not.toContain('differences');
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
    expect(markdown).toContain(
      'reads an untrained network at 23.5 % where guessing the commonest class gives 10.3 %',
    );
    expect(markdown).toContain('0.24 to 3.90 points');
    expect(markdown).not.toMatch(/NaN|undefined|not a number/);
    expect(benchmarkFindings(none).markdown).toBe('The runs that would tell are not there: **not run**.');
  });

  it('say of the paper\u2019s uncertainty only what both deviations tell', () => {
    const spread = (sd: number) =>
      benchmarkFindings(
        tablesOf({
          change: (record) => {
            const { probe, ...others } = record.measurements;
            if (probe === undefined) return record;
            const estimates = Object.entries(probe.estimates).map(
              ([name, one]) => [name, { ...one, sd }] as const,
            );
            return {
              ...record,
              measurements: { ...others, probe: { ...probe, estimates: Object.fromEntries(estimates) } },
            };
          },
        }),
      ).markdown;
    expect(spread(0.01)).toContain('which is the smaller of the two here, and does not tell');
    expect(spread(50)).toContain('which is not the smaller of the two here.');
  });

  it('say how L_equi\u2019s weight on its mean differs, from lambda, batch and chunks', () => {
    const rowOf = (results: ImageResults, data: string) =>
      benchmarkSettings(results).rows.find(
        ({ setting }) =>
          setting === `${data}: weight on the mean of L_equi, with the official code\u2019s sum`,
      );
    // 2 (c - 1) with c = 256 / 16, 256 / 4, 256 / 8 and 512 / 4 in the paper, and 64 / 4 here.
    expect(rowOf(all, 'CIFAR10')).toMatchObject({ paper: '30 x 0.01', ours: '30 x 0.01', differs: false });
    const weaker = { CIFAR100: '126 x 0.001', STL10: '62 x 0.01', ImageNet100: '254 x 0.005' };
    for (const [data, paper] of Object.entries(weaker)) {
      const row = rowOf(all, data);
      expect(row).toMatchObject({ paper, ours: paper.replace(/^\d+/, '30'), differs: true });
      expect(row?.why).toMatch(/: weaker here$/);
    }
    const mean = tablesOf({ settings: ['training.reduction=mean'] });
    expect(rowOf(mean, 'CIFAR100')).toMatchObject({ paper: '126 x 0.001', ours: '0.001' });
    const strong = tablesOf({ settings: ['training.lambda=1'] });
    expect(rowOf(strong, 'STL10')?.why).toMatch(/: stronger here$/);
    const scale = benchmarkSettings(mean).rows.find(({ setting }) => setting === 'scale of L_equi');
    expect(scale).toMatchObject({ ours: 'mean over pairs', differs: false });
  });

  it('say what was run of each kind of finding', () => {
    const small = benchmarkFindings(tablesOf({ ran: ({ part }) => part === 'ablation' })).markdown;
    expect(small).not.toMatch(/NaN|undefined|not a number/);
  });

  it('mark what differs from the paper\u2019s profile', () => {
    const { rows } = benchmarkSettings(all);
    const row = (setting: string) => rows.find((one) => one.setting === setting);
    const { 'training.epochs': epochs, 'training.batch': batch } = PAPER_SIZES.cifar10;
    const { 'training.epochs': ownEpochs, 'training.batch': ownBatch } = IMAGE_PROFILES.overnight;
    expect(row('CIFAR10: epochs x batch')).toMatchObject({
      paper: `${Number(epochs)} x ${Number(batch)}`,
      ours: `${Number(ownEpochs)} x ${Number(ownBatch)}`,
      differs: true,
    });
    expect(row('CIFAR10: temperature')).toMatchObject({ paper: '0.5', ours: '0.5', differs: false });
    expect(
      benchmarkSettings(tablesOf({ profile: 'paper' }))
        .rows.filter(({ differs }) => differs)
        .map(({ setting }) => setting),
    ).toEqual(['scale of L_equi', ...(STUDY_SEEDS.paper.compared.length > 1 ? ['pretraining seeds'] : [])]);
  });
});
