import { describe, expect, it } from 'vitest';
import { planColorSensitivity } from '../../../src/experiments/images/color-sensitivity.js';
import type { ImageResults, ImageRun } from '../../../src/experiments/images/study.js';
import type { FigureBlock } from '../../../src/report/blocks.js';
import { formatValues } from '../../../src/report/claims.js';
import { colorClaims, colorSettings, colorSummary } from '../../../src/report/images/color-claims.js';
import { colorFindings } from '../../../src/report/images/color-findings.js';
import {
  circleFigure,
  colorProvenance,
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

  it('have one row a weight of L_equi, and the means of the others as levels', () => {
    const { data, panels } = lambdaFigure(won);
    expect(data.rows.map(({ setting }) => setting)).toEqual(['0.01', '0.03', '0.1', '0.3', '1']);
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

/** Claims that follow who is lower; the other two are of being similar. */
const ORDERED = [
  'wahba-average',
  'wahba-worst',
  'wahba-pointwise',
  'wahba-relative',
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
    const off = (measure: string, estimate: string, add: number) =>
      resultsOf('care', 'overnight', {
        found: (run) => {
          const found = foundIn(run, 'care');
          const own = found[measure];
          if (run.method !== 'care' || own === undefined) return found;
          const value = (own.estimates[estimate] ?? NaN) + add;
          return { ...found, [measure]: { ...own, estimates: { ...own.estimates, [estimate]: value } } };
        },
      });
    // 40 % more movement; 3 points less accuracy; 3 points more, which is no loss.
    expect(claimIn(off('gamma', 'embedding.invarianceLoss', 0.12), 'invariance').verdict).toBe(
      'not reproduced',
    );
    expect(claimIn(off('knn', 'accuracy', -3), 'knn').verdict).toBe('not reproduced');
    expect(claimIn(off('knn', 'accuracy', 3), 'knn').verdict).toBe('direction holds');
  });

  it('cannot hold with one seed', () => {
    const single = resultsOf('care', 'overnight', { ran: ({ seed }) => seed === 0 });
    for (const { id, verdict, because } of colorClaims(single).claims) {
      expect(verdict, id).toBe('not reproduced');
      expect(because, id).toContain('one seed');
    }
  });

  it('are reproduced in the setting of the paper alone: its profile, real images, no changed settings', () => {
    const verdict = (results: ImageResults) => claimIn(results, 'gamma').verdict;
    // The paper trains once; a test needs several seeds.
    const plan = planColorSensitivity({ profile: 'overnight', preset: 'paper' });
    const paper = (change: Partial<typeof plan.choice>, generated = false): ImageResults =>
      imageResultsOf(
        { ...plan, choice: { ...plan.choice, profile: 'paper', ...change } },
        {
          found: (run) => foundIn(run, 'care'),
          change: (record) => ({ ...record, data: { ...record.data, generated } }),
        },
      );
    expect(verdict(paper({}))).toBe('reproduced');
    expect(verdict(paper({}, true))).toBe('direction holds');
    expect(verdict(paper({ overrides: { source: '-p', values: { 'training.epochs': 1 } } }))).toBe(
      'direction holds',
    );
    expect(verdict(won)).toBe('direction holds');
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
      'With CARE it turns more as a whole: one rotation explains more of what an augmentation does to the embeddings than with SimCLR, and the error itself is lower. gamma_f is lower at similar invariance.',
    );
    const other = colorSummary(resultsOf('simclr')).answer;
    expect(other).toMatch(/^One rotation explains no more.*That gamma_f is lower is not shown\./);
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
    expect(verdicts).toHaveLength(11);
    expect(facts.find(({ label }) => label === 'runs')?.value).toBe('19 of 19');
    expect(facts.find(({ label }) => label === 'data')?.value).toBe('CIFAR-10, 5000 images');
  });
});

describe('settings and findings on colours', () => {
  it('set ours beside the paper\u2019s and mark what differs', () => {
    const rows = new Map(colorSettings(won).rows.map((row) => [row.setting, row]));
    expect(rows.get('epochs, batch')).toMatchObject({ paper: '400, 256', ours: '20, 64', differs: true });
    expect(rows.get('lambda')?.why).toBe('others tried: 0.01, 0.03, 0.1, 0.3, 1');
    expect(rows.get('temperature')).toMatchObject({ ours: '0.5', differs: false });
    expect(rows.get('optimiser')).toMatchObject({ differs: false });
    expect(rows.get('head')).toMatchObject({ differs: false });
  });

  it('explain the verdicts with numbers of the records', () => {
    const { markdown } = colorFindings(won);
    // CARE's relative error at seed 0 is 10/20; the best rotation explains 1 - .5^2 of the squared distance.
    expect(markdown).toContain('**How much of the movement is a rotation.** The best rotation leaves 0.506');
    expect(markdown).toMatch(/at 0\.03, 0\.45 at 0\.1/);
    expect(markdown).not.toMatch(/NaN|undefined|not a number/);
  });
});
