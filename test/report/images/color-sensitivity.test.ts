import { describe, expect, it } from 'vitest';
import { planColorSensitivity } from '../../../src/experiments/images/color-sensitivity.js';
import type { ImageMethod } from '../../../src/experiments/images/config.js';
import type { ImageResults, ImageRun } from '../../../src/experiments/images/study.js';
import type { FigureBlock } from '../../../src/report/blocks.js';
import { mean } from '../../../src/report/charts/statistics.js';
import { formatValues } from '../../../src/report/claims.js';
import { colorClaims, colorSettings, colorSummary } from '../../../src/report/images/color-claims.js';
import { colorFindings } from '../../../src/report/images/color-findings.js';
import {
  circleFigure,
  colorProvenance,
  estimateOf,
  gammaFigure,
  heroFigure,
  lambdaFigure,
  QUANTITIES,
  quantityTable,
  readBackFigure,
  sweepFigure,
  trainingFigure,
  wahbaFigure,
  wahbaSummaryFigure,
} from '../../../src/report/images/color-sensitivity.js';
import { placesIn } from '../../../src/report/paper-rows.js';
import type { ProfileName } from '../../../src/runs/profiles.js';
import { imageResultsOf, type HandFindings, type HandMade } from '../fixtures/image-results.js';

/** Who is lower: CARE by a third everywhere, or SimCLR. */
type Winner = 'care' | 'simclr';

const TRIALS = 20;
const FACTOR = { care: 1, simclr: 1.5, untrained: 2 } as const;

/** A value of a run that differs between methods, seeds and weights; CARE's is the smallest, unless SimCLR wins. */
function valueOf({ method, seed, config }: ImageRun, base: number, winner: Winner): number {
  const place = method === 'simclr' ? 'simclr' : method === 'untrained' ? 'untrained' : 'care';
  const other = place === 'care' ? 'simclr' : place === 'simclr' ? 'care' : place;
  const factor = FACTOR[winner === 'care' ? place : other];
  return base * factor * (1 + 0.004 * seed * (2 + factor)) * (config.training.lambda === 0.01 ? 1 : 0.9);
}

function foundIn(run: ImageRun, winner: Winner): Record<string, HandFindings> {
  const value = (base: number) => valueOf(run, base, winner);
  const trials = Array.from({ length: TRIALS }, (_, i) => i);
  const trialTable = (base: number) => ({
    trial: trials,
    error: trials.map((i) => value(base) * (1 + 0.02 * i)),
    relative: trials.map((i) => value(base / 10) * (1 + 0.01 * i)),
    // Twice CARE's error at seed 0: of the squared movement its rotation explains 1 - .5^2 there.
    moved: trials.map((i) => 2 * base * (1 + 0.02 * i)),
  });
  const wahba = (base: number): HandFindings => ({
    estimates: {
      'embedding.error': value(base),
      'embedding.worst': value(1.4 * base),
      'embedding.relative': value(base / 20),
    },
    tables: { 'embedding.trials': trialTable(base) },
  });
  const gamma = (base: number): HandFindings => ({
    estimates: {
      'embedding.gamma': value(base),
      'embedding.pooled': value(base / 2),
      // Similar, whoever wins.
      'embedding.invarianceLoss':
        base * (1 + 0.01 * run.seed) + (run.method === 'care' ? 0.001 * (1 + run.seed) : 0),
    },
  });
  const knn = {
    estimates: { accuracy: 40 + 0.1 * run.seed + (run.method === 'care' ? 0.2 + 0.05 * run.seed : 0) },
  };
  if (run.part === 'circle') {
    return {
      knn,
      cosines: {
        estimates: {
          'embedding.variance': value(0.1),
          'embedding.opposed': value(0.02),
          'embedding.mean': 0.5,
        },
        tables: {
          'embedding.histogram': {
            trial: [0, 0, 0, 0, 1, 1, 1, 1],
            from: [-1, -0.5, 0, 0.5, -1, -0.5, 0, 0.5],
            count: [1, 0, 2, 7, 3, 1, 1, 5],
          },
        },
      },
    };
  }
  const strengths = [0.5, 1, 1.5].flatMap((strength) => [
    { parameter: 'hue', strength: strength - 1 },
    { parameter: 'contrast', strength },
  ]);
  return {
    knn,
    wahba: wahba(10),
    'wahba-colour': wahba(8),
    gamma: gamma(0.3),
    'gamma-colour': gamma(0.2),
    steering: { estimates: { 'embedding.unseenRelative': value(0.6) } },
    collapse: { estimates: { 'embedding.effectiveRank': value(7) } },
    parameters: { estimates: { 'embedding.mean': value(0.1) } },
    'colour-sweep': {
      estimates: Object.fromEntries(
        ['hue', 'brightness', 'saturation', 'contrast'].map((name, i) => [
          `embedding.${name}Read`,
          value(0.2 + 0.1 * i),
        ]),
      ),
      tables: {
        'embedding.strengths': {
          parameter: strengths.map(({ parameter }) => parameter),
          strength: strengths.map(({ strength }) => strength),
          moved: strengths.map((_, i) => value(0.1 + 0.01 * i)),
          relative: strengths.map((_, i) => value(0.4 + 0.01 * i)),
          unseen: strengths.map((_, i) => value(0.5 + 0.01 * i)),
          gamma: strengths.map((_, i) => value(0.3 + 0.01 * i)),
        },
      },
    },
  };
}

function resultsOf(
  winner: Winner = 'care',
  profile: ProfileName = 'overnight',
  made: Partial<HandMade> = {},
): ImageResults {
  return imageResultsOf(planColorSensitivity({ profile, preset: 'paper' }), {
    found: (run) => foundIn(run, winner),
    series: (run): ReturnType<NonNullable<HandMade['series']>> =>
      run.method === 'untrained' || run.part !== 'main'
        ? {}
        : {
            gamma: { steps: [10, 20], values: [0.9, valueOf(run, 0.25, winner)] },
            invariance: { steps: [10, 20], values: [0.5, valueOf(run, 0.35, winner)] },
          },
    ...made,
  });
}

/** CARE's estimate is another one in all its runs, those at other lambdas too; of another method, where told. */
function changed(measure: string, estimate: string, add: number, method: ImageMethod = 'care'): ImageResults {
  return resultsOf('care', 'overnight', {
    found: (run) => {
      const found = foundIn(run, 'care');
      const own = found[measure];
      if (run.method !== method || own === undefined) return found;
      const value = (own.estimates[estimate] ?? NaN) + add;
      return { ...found, [measure]: { ...own, estimates: { ...own.estimates, [estimate]: value } } };
    },
  });
}

const won = resultsOf();
const none = resultsOf('care', 'overnight', { ran: () => false });

function figuresOf(results: ImageResults): FigureBlock[] {
  return [
    heroFigure(results),
    wahbaFigure(results),
    wahbaFigure(results, 'wahba-colour'),
    wahbaSummaryFigure(results),
    circleFigure(results),
    trainingFigure(results),
    gammaFigure(results),
    sweepFigure(results, 'moved'),
    sweepFigure(results, 'relative'),
    sweepFigure(results, 'unseen'),
    readBackFigure(results),
    lambdaFigure(results),
  ];
}

type Row = Readonly<Record<string, unknown>>;

function rowsWithRun(value: unknown): Row[] {
  if (Array.isArray(value)) return value.flatMap(rowsWithRun);
  if (typeof value !== 'object' || value === null) return [];
  const own = 'run' in value && typeof value.run === 'string' && 'value' in value ? [value as Row] : [];
  return [...own, ...Object.values(value).flatMap(rowsWithRun)];
}

const claimIn = (results: ImageResults, id: string) => {
  const found = colorClaims(results).claims.find((claim) => claim.id === id);
  if (found === undefined) throw new Error(`There is no claim ${id}.`);
  return found;
};

describe('figures on colours', () => {
  it('show no number that the record of its run does not hold', () => {
    const numbers = new Map(
      won.outcomes.flatMap(({ record }) => {
        if (record === null) return [];
        const estimates = Object.values(record.measurements).flatMap((m) => [
          ...Object.values(m.estimates).flatMap(({ value }) => [value, 100 * value]),
          ...Object.values(m.tables ?? {}).flatMap((table) => Object.values(table).flat().map(Number)),
        ]);
        const series = Object.values(record.series).flatMap(({ values }) => [...values]);
        return [[record.id, [...estimates, ...series]] as const];
      }),
    );
    const dots = figuresOf(won).flatMap(({ panels }) => rowsWithRun(panels.map(({ spec }) => spec)));
    expect(dots.length).toBeGreaterThan(300);
    for (const { run, value } of dots) expect(numbers.get(String(run)), String(run)).toContain(value);
    const cells = figuresOf(won).flatMap(({ data }) =>
      data.rows.flatMap((row) =>
        typeof row.run === 'string' && typeof row.value === 'number'
          ? [{ run: row.run, value: row.value }]
          : [],
      ),
    );
    expect(cells.length).toBeGreaterThan(100);
    for (const { run, value } of cells) {
      const held = numbers.get(run)?.some((n) => n === value || Number(n.toPrecision(4)) === value);
      expect(held, `${value} of ${run}`).toBe(true);
    }
  });

  it('have words for those who cannot see them, panels, an identifier of their own', () => {
    const figures = figuresOf(won);
    expect(new Set(figures.map(({ id }) => id)).size).toBe(figures.length);
    for (const { id, alt, panels, data } of figures) {
      expect(alt.length, id).toBeGreaterThan(40);
      expect(panels.length, id).toBeGreaterThan(1);
      expect(data.rows.length, id).toBeGreaterThan(0);
      for (const row of data.rows)
        expect(Object.keys(row).sort(), id).toEqual(data.columns.map(({ key }) => key).sort());
    }
  });

  it('say not run where nothing was, and break nothing', () => {
    for (const { id, alt, title, weSee } of figuresOf(none)) {
      expect(`${alt} ${title}`, id).toMatch(/not run/i);
      for (const text of [alt, title, weSee ?? ''])
        expect(text, id).not.toMatch(/NaN|undefined|not a number|Infinity/);
    }
    expect(colorFindings(none).markdown).toContain('not run');
    expect(colorProvenance(none).records).toEqual([]);
    expect(colorSummary(none).answer).toBe('Nothing was run yet, so there is no answer.');
  });

  it('count the pairs of runs and augmentations in which CARE is lower', () => {
    expect(wahbaFigure(won).weSee).toMatch(/^CARE has the lower error in 100 % of the pairs/);
    expect(wahbaFigure(resultsOf('simclr')).weSee).toMatch(/^CARE has the lower error in 0 % of the pairs/);
  });

  it('leave out the strength that changes nothing, where it is an error that is shown', () => {
    const at = (column: 'moved' | 'relative') =>
      new Set(sweepFigure(won, column).data.rows.map(({ parameter, setting }) => `${parameter} ${setting}`));
    expect(at('moved')).toContain('hue 0');
    expect(at('relative')).not.toContain('hue 0');
    expect(at('relative')).not.toContain('contrast 1');
    expect(at('relative')).toContain('contrast 1.5');
  });

  it('pool the histograms of the circle: 4 of 20 cosines lie below -1/2', () => {
    expect(circleFigure(won).alt).toContain('20 % of the images lie in');
  });

  it('have one row a seed and weight of L_equi, and the means of the others as levels', () => {
    const { data, panels } = lambdaFigure(won);
    const each = ['0.01', '0.03', '0.1', '0.3', '1'];
    expect(data.rows.map(({ setting }) => setting)).toEqual(
      each.flatMap((lambda) => [lambda, lambda, lambda]),
    );
    expect(JSON.stringify(panels[0]?.spec)).toContain('"label":"untrained"');
  });

  it('are tabled as mean and deviation of the records of the seeds', () => {
    const { rows } = quantityTable(won, '', [QUANTITIES.gamma]);
    const values = won.outcomes.flatMap(({ part, method, record }) =>
      part === 'main' && method === 'simclr'
        ? [record?.measurements.gamma?.estimates['embedding.gamma']?.value ?? NaN]
        : [],
    );
    expect(values).toHaveLength(3);
    const shown = rows.find(({ method }) => method === 'SimCLR')?.['embedding.gamma'];
    expect(`${String(shown)} (n = 3 pretraining seeds)`).toBe(formatValues(values));
  });
});

/** Claims that follow who is lower; two of the others are of being similar. */
const ORDERED = [
  'wahba-average',
  'wahba-worst',
  'wahba-pointwise',
  'wahba-relative',
  'wahba-unseen',
  'wahba-colour',
  'circle-variance',
  'circle-opposed',
  'gamma',
];

describe('claims on colours', () => {
  const lost = resultsOf('simclr');
  const [good, bad, empty] = [won, lost, none].map((results) => colorClaims(results).claims);

  it.each(ORDERED)('%s flips as the numbers flip, and is not run without runs', (id) => {
    const of = (claims: typeof good) => claims?.find((claim) => claim.id === id)?.verdict;
    expect([of(good), of(bad), of(empty)]).toEqual(['direction holds', 'not reproduced', 'not run']);
  });

  it('ask for what is similar to be within its margin', () => {
    expect(claimIn(won, 'invariance').verdict).toBe('direction holds');
    expect(claimIn(won, 'knn').verdict).toBe('direction holds');
    // 40 % more movement; 3 points less accuracy; 3 points more, which is no loss.
    expect(claimIn(changed('gamma', 'embedding.invarianceLoss', 0.12), 'invariance').verdict).toBe(
      'not reproduced',
    );
    expect(claimIn(changed('knn', 'accuracy', -3), 'knn').verdict).toBe('not reproduced');
    expect(claimIn(changed('knn', 'accuracy', 3), 'knn').verdict).toBe('direction holds');
  });

  it('cannot hold with one seed', () => {
    const single = resultsOf('care', 'overnight', { ran: ({ seed }) => seed === 0 });
    for (const { id, verdict, because } of colorClaims(single).claims) {
      expect(verdict, id).toBe('not reproduced');
      expect(because, id).toContain('one seed');
    }
  });

  it('are reproduced in the setting of the paper alone: its profile, real images, no changed settings', () => {
    const verdict = (results: ImageResults, id = 'gamma') => claimIn(results, id).verdict;
    // The paper trains once; a test needs several seeds.
    const plan = planColorSensitivity({ profile: 'overnight', preset: 'paper' });
    const paper = (change: Partial<typeof plan.choice>, generated = false): ImageResults =>
      imageResultsOf(
        { ...plan, choice: { ...plan.choice, profile: 'paper', ...change } },
        {
          found: (run) => foundIn(run, 'care'),
          change: (record) => ({ ...record, data: { ...record.data, items: 50_000, generated } }),
        },
      );
    expect(verdict(paper({}))).toBe('reproduced');
    expect(verdict(paper({}), 'wahba-average')).toBe('reproduced');
    // What the paper did not measure cannot be reproduced.
    for (const id of ['wahba-relative', 'wahba-unseen', 'wahba-colour', 'wahba-untrained'])
      expect(verdict(paper({}), id), id).toBe('direction holds');
    expect(verdict(paper({}, true))).toBe('direction holds');
    expect(verdict(paper({ overrides: { source: '-p', values: { 'training.epochs': 1 } } }))).toBe(
      'direction holds',
    );
    expect(verdict(won)).toBe('direction holds');
  });

  it('count for Figure 5 only where the paper shows it; controls and additions say that it did not measure them', () => {
    const { claims } = colorClaims(won);
    const shown = claims.filter(({ place }) => placesIn(place).includes('Figure 5')).map(({ id }) => id);
    expect(shown).toEqual(['wahba-average', 'wahba-worst', 'wahba-pointwise']);
    const others = claims.filter(({ place }) => placesIn(place).length === 0);
    expect(others.map(({ id }) => id)).toEqual([
      'wahba-relative',
      'wahba-unseen',
      'wahba-colour',
      'wahba-untrained',
    ]);
    for (const { paperValue, id } of others) expect(paperValue, id).toBe('not measured');
  });

  it('judge unseen images by the rotation of the other half alone', () => {
    const worse = changed('steering', 'embedding.unseenRelative', 10);
    expect(claimIn(worse, 'wahba-unseen').verdict).toBe('not reproduced');
    expect(claimIn(worse, 'wahba-relative').verdict).toBe('direction holds');
  });

  it('say of the relative error that the rotation is fitted to the images it is judged on, of the plan\u2019s numbers', () => {
    const plan = planColorSensitivity({
      profile: 'overnight',
      preset: 'paper',
      overrides: { source: '-p', values: { 'model.dim': 24, 'measure.images': 77 } },
    });
    const { because } = claimIn(
      imageResultsOf(plan, { found: (run) => foundIn(run, 'care') }),
      'wahba-relative',
    );
    // Ranks are 7 and 7 x 1.5 at seed 0 and a little more at the others: see `valueOf`.
    expect(because).toMatch(
      /SO\(24\).*at most 77\).*fits noise.*effective rank: CARE 7\.\d\d, SimCLR 10\.\d\)/,
    );
  });

  it('name the runs that decided them: of the circle, those onto the circle', () => {
    const parts = (id: string) =>
      new Set(
        claimIn(won, id).runs.map((run) => won.outcomes.find(({ record }) => record?.id === run)?.part),
      );
    expect(parts('circle-variance')).toEqual(new Set(['circle']));
    expect(parts('gamma')).toEqual(new Set(['main']));
  });
});

describe('the first screen on colours', () => {
  it('answers as the verdicts do', () => {
    expect(colorSummary(won).answer).toBe(
      'With CARE it turns more as a whole: one rotation explains more of what an augmentation does to the embeddings than with SimCLR, also of images that it was not fitted to. In a larger pair, trained once each, what one rotation leaves of the movement is CARE 0.5, SimCLR 0.75. Where colours alone change, one rotation explains more with CARE than with SimCLR. Wahba\u2019s error itself is lower on average, as the paper says. gamma_f is lower at similar invariance.',
    );
    // At lambda 0.01 alone nothing shows; at the others CARE explains more.
    const atOthers = resultsOf('care', 'overnight', {
      found: (run) => foundIn(run, run.config.training.lambda === 0.01 ? 'simclr' : 'care'),
    });
    expect(colorSummary(atOthers).answer).toMatch(
      /^One rotation explains no more.*what seeds explain\. At lambda 0\.03, 0\.1, 0\.3 and 1 it explains more, each/,
    );
    const other = colorSummary(resultsOf('simclr')).answer;
    expect(other).toContain(' It explains more at none of the weights of L_equi that were tried.');
    expect(other).toMatch(/^One rotation explains no more.*That gamma_f is lower is not shown\./);
    expect(other).toContain(
      'That Wahba\u2019s error itself is lower on average, as the paper says, is not shown.',
    );
  });

  it('says what became of the paper\u2019s own error, and of unseen images, where the relative one fails or holds', () => {
    expect(colorSummary(changed('wahba', 'embedding.relative', 10)).answer).toMatch(
      /^One rotation explains no more.* Wahba\u2019s error itself is lower on average, as the paper says\./,
    );
    expect(colorSummary(changed('wahba', 'embedding.error', 100)).answer).toMatch(
      /^With CARE it turns more.* That Wahba\u2019s error itself is lower on average, as the paper says, is not shown\./,
    );
    expect(colorSummary(changed('steering', 'embedding.unseenRelative', 10)).answer).toContain(
      'than with SimCLR, which is not shown of images that it was not fitted to.',
    );
  });

  it('warns of generated images', () => {
    const made = resultsOf('care', 'overnight', {
      change: (record) => ({ ...record, data: { ...record.data, generated: true } }),
    });
    expect(colorSummary(made).warning).toMatch(/^These images were generated: CIFAR-10 was not found/);
    expect(colorSummary(won).warning).toBeUndefined();
  });

  it('has a verdict a claim, and the facts of the runs', () => {
    const { verdicts, facts } = colorSummary(won);
    expect(verdicts).toHaveLength(12);
    expect(facts.find(({ label }) => label === 'runs')?.value).toBe('30 of 30');
    expect(facts.find(({ label }) => label === 'data')?.value).toBe('CIFAR-10, 5000 images');
  });
});

describe('settings and findings on colours', () => {
  it('set ours beside the paper\u2019s and mark what differs', () => {
    const rows = new Map(colorSettings(won).rows.map((row) => [row.setting, row]));
    expect(rows.get('epochs, batch')).toMatchObject({ paper: '400, 256', ours: '6, 64', differs: true });
    expect(rows.get('lambda')?.why).toBe('tried besides: 0.03, 0.1, 0.3, 1');
    expect(rows.get('temperature')).toMatchObject({ ours: '0.5', differs: false });
    expect(rows.get('optimiser')).toMatchObject({ differs: false });
    expect(rows.get('head')).toMatchObject({ differs: false });
  });

  it('tell the network, the chunks and the augmentations as they are', () => {
    const rowsOf = (profile: ProfileName, values: Readonly<Record<string, number>> = {}) => {
      const plan = planColorSensitivity({ profile, preset: 'paper', overrides: { source: '-p', values } });
      const results = imageResultsOf(plan, { found: () => ({}) });
      return new Map(colorSettings(results).rows.map((row) => [row.setting, row]));
    };
    const paper = rowsOf('paper');
    for (const setting of [
      'encoder',
      'epochs, batch',
      'optimiser',
      'chunks of L_equi',
      'augmentations of training',
    ])
      expect(paper.get(setting), setting).toMatchObject({ differs: false, open: false });
    expect(paper.get('chunks of L_equi')).toMatchObject({ ours: '16', why: '16 images in each' });
    const other = rowsOf('paper', { 'augmentation.hue': 0.3, 'augmentation.blur': 0, 'training.chunks': 8 });
    expect(other.get('augmentations of training')).toMatchObject({
      ours: 'crop of 0.08 to 1 of the area, flip 0.5, jitter 0.8 (brightness 0.4, contrast 0.4, saturation 0.4, hue 0.3), grayscale 0.2, blur 0',
      differs: true,
    });
    expect(other.get('chunks of L_equi')).toMatchObject({ ours: '8', differs: true });
  });

  it('take from the plan how training is looked at', () => {
    const looks = {
      'measures.knnEvery': 3,
      'measures.geometryAugmentations': 9,
      'measures.geometryImages': 77,
    };
    const plan = planColorSensitivity({
      profile: 'overnight',
      preset: 'paper',
      overrides: { source: '-p', values: looks },
    });
    const { differs } = trainingFigure(imageResultsOf(plan, { found: () => ({}) }));
    expect(differs).toContain('looked at every 3 epochs, under 9 augmentations of at most 77 test images.');
  });

  it('explain the verdicts with numbers of the records', () => {
    const { markdown } = colorFindings(won);
    expect(markdown).toContain('**How much of the movement is a rotation.** The best rotation leaves 0.506');
    expect(markdown).not.toMatch(/NaN|undefined|not a number/);
  });
});

describe('what explains the verdicts on colours', () => {
  const markdownOf = (results: ImageResults) => colorFindings(results).markdown;

  it('is the part of the squared movement that a rotation explains, summed over augmentations', () => {
    const tables = { 'embedding.trials': { error: [1, 3], moved: [2, 5] } };
    const { outcomes } = resultsOf('care', 'overnight', {
      found: () => ({ wahba: { estimates: { 'embedding.relative': 0.55 }, tables } }),
    });
    // Not 1 - .55^2 = 69.75 %, what the mean of the ratios 1/2 and 3/5 would make of it.
    expect(estimateOf(outcomes[0]?.record ?? null, QUANTITIES.explained)?.value).toBeCloseTo(
      100 * (1 - 10 / 29),
      10,
    );
    const shares = (factor: number) =>
      100 * (1 - mean([0, 1, 2].map((s) => ((factor / 2) * (1 + 0.004 * s * (2 + factor))) ** 2)));
    expect(markdownOf(won)).toContain(
      `it explains ${Number(shares(1).toPrecision(2))} % and ${Number(shares(1.5).toPrecision(2))} %. `,
    );
  });

  it('says of which loss most of the movement is a rotation, and with which the part is larger', () => {
    expect(markdownOf(won)).toContain(
      'with CARE most of what an augmentation does to these embeddings is a rotation, and',
    );
    expect(markdownOf(resultsOf('simclr'))).toContain('So with SimCLR most of what');
    // Movement as a multiple of the error: of 1.3, the rotation explains 1 - 1/1.3^2 = 41 %; of 1.2, 31 %.
    const withMoved = (care: number, simclr: number) =>
      markdownOf(
        resultsOf('care', 'overnight', {
          found: (run) => {
            const found = foundIn(run, 'care');
            const trials = found.wahba?.tables?.['embedding.trials'];
            if (found.wahba === undefined || trials === undefined) return found;
            const factor = run.method === 'care' ? care : simclr;
            const moved = (trials.error ?? []).map((value) => factor * Number(value));
            return {
              ...found,
              wahba: { ...found.wahba, tables: { 'embedding.trials': { ...trials, moved } } },
            };
          },
        }),
      );
    const says = (what: string, larger: string) =>
      `${what}, with either loss; by these means the part that is one is ${larger} with CARE`;
    expect(withMoved(2, 1.8)).toContain(says('is a rotation', 'larger'));
    expect(withMoved(1.8, 2)).toContain(says('is a rotation', 'not larger'));
    expect(withMoved(1.3, 1.2)).toContain(says('is no rotation', 'larger'));
    expect(withMoved(1.2, 1.3)).toContain(says('is no rotation', 'not larger'));
    expect(withMoved(1.3, 1.2)).toContain('it explains 41 % and 31 %.');
  });

  it('has a heading on error and movement that its numbers bear out', () => {
    // The errors are as 1 to 1.5; the roots of the invariance losses are about equal, or made to be as 1 to 1.5.
    expect(markdownOf(won)).toMatch(
      /\*\*The error does not just follow the movement\.\*\*.*The two ratios differ/,
    );
    expect(markdownOf(changed('gamma', 'embedding.invarianceLoss', 0.3 * (1.5 ** 2 - 1), 'simclr'))).toMatch(
      /\*\*The error follows the movement\.\*\*.*The two ratios are close/,
    );
  });

  it('explains a low error of the untrained encoder by its rank only where that is low', () => {
    const untrained = (relative: number, rank: number, gamma: number) =>
      markdownOf(
        resultsOf('care', 'overnight', {
          found: (run) => {
            const found = foundIn(run, 'care');
            if (run.method !== 'untrained') return found;
            const estimates = (name: string) => found[name]?.estimates ?? {};
            return {
              ...found,
              wahba: { estimates: { ...estimates('wahba'), 'embedding.relative': relative } },
              gamma: { estimates: { ...estimates('gamma'), 'embedding.gamma': gamma } },
              collapse: { estimates: { 'embedding.effectiveRank': rank } },
            };
          },
        }),
      );
    // CARE has about .5, 7 and .3.
    expect(untrained(0.1, 3, 0.1)).toMatch(
      /is lower, and so is its effective rank.*By gamma_f too it is no worse/,
    );
    expect(untrained(0.1, 30, 0.9)).toMatch(
      /is lower, and its effective rank is not.*CARE is the more equivariant/,
    );
    expect(untrained(0.9, 3, 0.1)).toMatch(/is not lower\. By gamma_f, however, it is no worse/);
    expect(untrained(0.9, 3, 0.9)).toMatch(
      /is not lower\. By gamma_f, which asks.*CARE is the more equivariant/,
    );
  });
});

describe('at which lambda', () => {
  const paragraph = (results: ImageResults) =>
    /\*\*At which lambda\.\*\*.*/.exec(colorFindings(results).markdown)?.[0] ?? '';

  it('pairs CARE with SimCLR of the same seeds', () => {
    const text = paragraph(won);
    // Mean of .45 (1 + .012 s) - .75 (1 + .014 s) over the seeds 0, 1 and 2.
    const at1 = mean([0, 1, 2].map((s) => 0.45 * (1 + 0.012 * s) - 0.75 * (1 + 0.014 * s)));
    expect(text).toContain(`\u2212${Math.abs(at1).toFixed(3)} [`);
    const all = '0.01, 0.03, 0.1, 0.3 and 1 (3 seeds each)';
    expect(text).toContain(`in every common seed at: ${all}.`);
    expect(text).toContain(`lies below 0 at: ${all}; above 0 at: none.`);
    expect(paragraph(resultsOf('simclr'))).toContain(`common seed at: none. `);
    expect(paragraph(resultsOf('simclr'))).toContain(`below 0 at: none; above 0 at: ${all}.`);
  });

  it('counts common seeds only, and gives no interval of one', () => {
    const some = resultsOf('care', 'overnight', {
      // SimCLR lacks seed 0; lambda 1 has the seeds 0 and 2, the other variations seed 0 alone.
      ran: ({ method, seed, variation }) =>
        method === 'simclr'
          ? seed > 0
          : variation === null || seed === 0 || (variation.value === 1 && seed === 2),
    });
    const text = paragraph(some);
    expect(text).toContain('in every common seed at: 0.01 (2 seeds) and 1 (1 seed).');
    expect(text).toMatch(/lies below 0 at: (0\.01 \(2 seeds\)|none); above 0 at: none\./);
  });

  it('does not call a lambda below SimCLR that is not so in one seed', () => {
    const mixed = resultsOf('care', 'overnight', {
      found: (run) => {
        const found = foundIn(run, 'care');
        if (run.variation?.value !== 0.3 || run.seed !== 1 || found.wahba === undefined) return found;
        const estimates = { ...found.wahba.estimates, 'embedding.relative': 0.9 };
        return { ...found, wahba: { ...found.wahba, estimates } };
      },
    });
    const rest = '0.01, 0.03, 0.1 and 1 (3 seeds each)';
    expect(paragraph(mixed)).toContain(`in every common seed at: ${rest}.`);
    expect(paragraph(mixed)).toContain(`lies below 0 at: ${rest}; above 0 at: none.`);
  });
});
