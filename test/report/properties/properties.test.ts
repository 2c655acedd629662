import { describe, expect, it } from 'vitest';
import { planProperties, type PropertiesResults } from '../../../src/experiments/equivariance-properties.js';
import { planColorSensitivity } from '../../../src/experiments/images/color-sensitivity.js';
import type { FormsOutcome } from '../../../src/experiments/forms/study.js';
import { canonicalJson } from '../../../src/runs/canonical-json.js';
import type { RunRecord } from '../../../src/runs/record.js';
import { variantLabel } from '../../../src/report/images/variants.js';
import {
  propertiesClaims,
  propertiesSettings,
  propertiesSummary,
} from '../../../src/report/properties/claims.js';
import { propertiesFindings } from '../../../src/report/properties/findings.js';
import {
  comparedForm,
  compositionFigure,
  formsFigure,
  headFigure,
  parametersFigure,
  propertiesProvenance,
  rotationFigure,
  stabiliserTable,
  STRONG,
} from '../../../src/report/properties/properties.js';
import { someEnvironment, someSpec } from '../../runs/spec.js';
import { imageResultsOf } from '../fixtures/image-results.js';

const plan = planProperties({ profile: 'laptop', preset: 'paper', data: 'cifar10' });

/** What one rotation leaves of the movement behind the head; seeds differ by a few thousandths. */
const RELATIVE: Readonly<Record<string, number>> = {
  CARE: 0.6,
  [STRONG]: 0.4,
  SimCLR: 0.8,
  EquiMod: 0.7,
  'E-SSL': 0.9,
  'L_unif + L_equi': 0.5,
  untrained: 0.55,
};

function imagesOf(ran: boolean): PropertiesResults['images'] {
  return imageResultsOf(plan.images, {
    ran: () => ran,
    found: (run) => {
      const label = variantLabel(run);
      const level = (RELATIVE[label] ?? NaN) + 0.001 * run.seed * (1 + Object.keys(RELATIVE).indexOf(label));
      const stages = (name: string, value: number) => ({
        [`embedding.${name}`]: value,
        [`features.${name}`]: 1 - value / 10,
      });
      return {
        wahba: { estimates: stages('relative', level) },
        steering: { estimates: stages('unseenRelative', level + 0.3) },
        gamma: { estimates: { ...stages('pooled', level), ...stages('invarianceLoss', 0.5) } },
        composition: {
          estimates: { ...stages('relative', level), ...stages('error', 2), ...stages('unrelated', 3) },
        },
        parameters: { estimates: { ...stages('mean', 0.5), 'embedding.hue': 0.25 } },
      };
    },
  });
}

function formsOf(ran: boolean): PropertiesResults['forms'] {
  const outcomes = plan.forms.runs.map((run, index): FormsOutcome => {
    if (!ran) return { ...run, record: null };
    const trained = run.config.training.lambda > 0;
    const estimates = {
      gram: (trained ? 0.2 : 0.6) + 0.01 * run.seed,
      // The symplectic form gains nothing.
      defect: (trained && run.config.form !== 'symplectic' ? 0.1 : 0.5) + 0.01 * run.seed,
      unrelated: 0.9,
      unseen: trained ? 0.2 : 0.5,
      movement: 1,
      size: trained && run.config.form === 'symplectic' ? 0.03 : 0.35,
      'defect.inner': 0.3,
      'defect.minkowski': 0.4,
      'defect.symplectic': 0.5,
    };
    const { plannedSteps, ...spec } = someSpec({ experiment: 'forms', label: run.label, config: run.config });
    const record: RunRecord = {
      schema: 1,
      id: (0xf0000 + index).toString(16).padStart(12, '0'),
      status: 'finished',
      ...spec,
      data: { ...spec.data, generated: false, name: 'PDB' },
      sessions: [{ startedAt: '2026-01-01T00:00:00.000Z', fromStep: 0, environment: someEnvironment }],
      steps: { planned: plannedSteps, done: plannedSteps },
      trainingSeconds: 1,
      series: {},
      measurements: {
        preserved: {
          name: 'preserved',
          settings: {},
          key: 'k',
          estimates: Object.fromEntries(Object.entries(estimates).map(([name, value]) => [name, { value }])),
          measuredAt: '2026-01-01T00:00:00.000Z',
          seconds: 1,
        },
      },
      notes: [],
    };
    return { ...run, record };
  });
  return { plan: plan.forms, outcomes };
}

function resultsOf(ran: boolean): PropertiesResults {
  const [images, forms] = [imagesOf(ran), formsOf(ran)];
  return { plan, images, forms, outcomes: [...images.outcomes, ...forms.outcomes] };
}

const results = resultsOf(true);
const nothing = resultsOf(false);

const verdicts = (from: PropertiesResults) =>
  Object.fromEntries(propertiesClaims(from).claims.map(({ id, verdict }) => [id, verdict]));

describe('the plan', () => {
  it('shares the pretraining of CARE, SimCLR and the untrained encoder with the report on colours', () => {
    const choice = { profile: 'overnight', preset: 'paper', data: 'cifar10' } as const;
    const known = new Set(
      planColorSensitivity(choice)
        .runs.filter(({ part }) => part === 'main')
        .map(({ config }) => canonicalJson(config)),
    );
    const shared = planProperties(choice).images.runs.filter(({ config }) =>
      known.has(canonicalJson(config)),
    );
    expect(new Set(shared.map(({ method }) => method))).toEqual(new Set(['care', 'simclr', 'untrained']));
    expect(shared).toHaveLength(known.size);
  });

  it('keeps settings of the forms apart from those of the images', () => {
    const { images, forms } = planProperties({
      profile: 'smoke',
      preset: 'paper',
      overrides: { source: '-p', values: { 'training.epochs': 3, 'forms.training.steps': 7 } },
    });
    expect(new Set(images.runs.map(({ config }) => config.training.epochs))).toEqual(new Set([3]));
    expect(new Set(forms.runs.map(({ config }) => config.training.steps))).toEqual(new Set([7]));
  });

  it('has every form with L_equi and without, with every seed', () => {
    expect(plan.forms.runs).toHaveLength(18);
    for (const form of ['inner', 'minkowski', 'symplectic'] as const) {
      expect(comparedForm(results.forms, form).runs).toHaveLength(6);
    }
  });
});

describe('claims', () => {
  it('hold where the numbers say so, and only there', () => {
    expect(verdicts(results)).toEqual({
      rotation: 'direction holds',
      'rotation-strong': 'direction holds',
      // .6 + .3 is below standing still; SimCLR's 1.1 is not.
      steering: 'direction holds',
      'steering-simclr': 'direction holds',
      composition: 'direction holds',
      'composition-simclr': 'direction holds',
      // Before the head the order is turned round.
      'before-head': 'not reproduced',
      'baselines-wahba': 'direction holds',
      'baselines-gamma': 'direction holds',
      parameters: 'not reproduced',
      untrained: 'not reproduced',
      'lorentz-values': 'direction holds',
      'lorentz-group': 'direction holds',
      'symplectic-values': 'direction holds',
      'symplectic-group': 'not reproduced',
    });
  });

  it('name the runs that decided them', () => {
    const { claims } = propertiesClaims(results);
    expect(claims.find(({ id }) => id === 'lorentz-group')?.runs).toHaveLength(6);
    expect(claims.find(({ id }) => id === 'steering')?.runs).toHaveLength(3);
  });

  it('give an answer that follows from them', () => {
    expect(propertiesSummary(results).answer).toBe(
      'Augmentations act more like rotations with CARE than with SimCLR, and the more so the larger lambda is. ' +
        'Recovered rotations compose better than unrelated ones, and steer unseen images. ' +
        'Minkowski\u2019s form does what section 3.2 says; the symplectic one does not at this size.',
    );
  });

  it('are not run without runs', () => {
    expect(new Set(Object.values(verdicts(nothing)))).toEqual(new Set(['not run']));
    expect(propertiesSummary(nothing).answer).toBe('Nothing was run yet, so there is no answer.');
  });
});

describe('figures', () => {
  it.each([
    ['rotation', rotationFigure, 4],
    ['composition', compositionFigure, 2],
    ['head', headFigure, 6],
    ['parameters', parametersFigure, 2],
    ['forms', formsFigure, 6],
  ] as const)('of %s has its panels, words and numbers, and can be made of nothing', (_, figure, panels) => {
    const { panels: found, alt, data } = figure(results);
    expect(found).toHaveLength(panels);
    expect(alt).toMatch(/0\.\d/);
    expect(data.rows.length).toBeGreaterThan(0);
    expect(() => figure(nothing)).not.toThrow();
    expect(figure(nothing).title).toContain('not run');
  });

  it('list every parameter that was read', () => {
    expect(parametersFigure(results).data.columns.map(({ title }) => title)).toContain('hue');
  });

  it('say which form rotations preserve', () => {
    expect(stabiliserTable(results).rows).toContainEqual({
      trained: 'Minkowski\u2019s form',
      inner: 0.3,
      minkowski: 0.4,
      symplectic: 0.5,
    });
  });
});

describe('findings', () => {
  const { markdown } = propertiesFindings(results);

  it('say how much of the movement is a rotation', () => {
    // 1 - .6^2, 1 - .8^2 and 1 - .4^2, up to the spread of seeds.
    expect(markdown).toMatch(
      /explains 64 % of the squared movement with CARE, 3[56] % with SimCLR, 84 % with/,
    );
  });

  it('see that the symplectic form vanishes where it does', () => {
    expect(markdown).toContain('are 0.03 of the lengths with L_equi and 0.35 without');
    expect(markdown).toContain('a subspace on which the form is 0');
  });

  it('list settings and records', () => {
    expect(propertiesSettings(results).rows.find(({ setting }) => setting === 'lambda')).toMatchObject({
      paper: '0.01',
      ours: '0.01',
      differs: false,
    });
    expect(propertiesProvenance(results).records).toHaveLength(plan.images.runs.length + 18);
  });
});
