import { describe, expect, it } from 'vitest';
import { planBenchmarkTables, SUBSETS } from '../../../src/experiments/images/benchmark-tables.js';
import { planColorSensitivity } from '../../../src/experiments/images/color-sensitivity.js';
import type { ImagePlan } from '../../../src/experiments/images/study.js';
import { TABLE_1_METHODS } from '../../../src/report/paper-numbers.js';
import { canonicalJson } from '../../../src/runs/canonical-json.js';
import { parseOverrides } from '../../../src/runs/configuration.js';
import { PROFILE_NAMES, type ProfileName } from '../../../src/runs/profiles.js';

const planOf = (profile: ProfileName) => planBenchmarkTables({ profile, preset: 'paper' });
const runsOf = ({ runs }: ImagePlan, part: string) => runs.filter((run) => run.part === part);
const methodsOf = (plan: ImagePlan, part: string) => [
  ...new Set(runsOf(plan, part).map(({ method }) => method)),
];

describe.each(PROFILE_NAMES)('the plan of %s', (profile) => {
  const plan = planOf(profile);

  it('has CARE, SimCLR and the control on all four sets of images, CIFAR-10 first', () => {
    for (const part of ['cifar10', 'cifar100', 'stl10', 'imagenet100']) {
      expect(methodsOf(plan, part)).toEqual(expect.arrayContaining(['care', 'simclr', 'untrained']));
      for (const { config } of runsOf(plan, part)) expect(config.data.name).toBe(part);
    }
    expect(plan.runs[0]).toMatchObject({ part: 'cifar10', method: 'care', seed: 0, variation: null });
  });

  it('measures the probe, the positives and collapse of every run, and transfer of CARE and SimCLR on CIFAR-10', () => {
    for (const { part, method, measures } of plan.runs) {
      expect(measures.slice(0, 3)).toEqual(['probe', 'positives', 'collapse']);
      const compared = part === 'cifar10' && ['care', 'simclr', 'untrained'].includes(method);
      expect(measures.includes('transfer')).toBe(compared);
    }
  });

  it('asks for no run twice, and for no base without the pair that CARE makes of it', () => {
    const keys = plan.runs.map(({ config }) => canonicalJson(config));
    expect(new Set(keys).size).toBe(keys.length);
    for (const part of ['cifar10', 'cifar100', 'stl10', 'imagenet100']) {
      const methods = methodsOf(plan, part);
      for (const base of ['moco-v2', 'barlow-twins'] as const)
        expect(methods.includes(`${base}+care`)).toBe(methods.includes(base));
    }
  });

  it('shares CARE, SimCLR and the untrained encoder with the experiment on colours, where the paper has one network for both', () => {
    const other = planColorSensitivity({ profile, preset: 'paper' }).runs.filter(
      ({ part }) => part === 'main',
    );
    const own = new Map(runsOf(plan, 'cifar10').map((run) => [canonicalJson(run.config), run]));
    expect(other.length).toBeGreaterThan(2);
    if (profile === 'paper') {
      expect(new Set(other.map(({ config }) => config.model.architecture))).toEqual(new Set(['resnet18']));
      for (const { config } of plan.runs) expect(config.model.architecture).toBe('resnet50');
      return;
    }
    for (const run of other) {
      const shared = own.get(canonicalJson(run.config));
      expect(shared?.monitor).toEqual(run.monitor);
      expect(shared?.settings).toEqual(run.settings);
    }
  });

  it('trains on ImageNet100 as the paper does, or on small images', () => {
    for (const { config } of runsOf(plan, 'imagenet100')) {
      const { size } = config.data;
      expect([size, config.model.stem]).toEqual(profile === 'paper' ? [null, 'imagenet'] : [32, 'cifar']);
      // SGD's step goes with the batch: .8 for 512 images.
      expect(config.training.learningRate).toBeCloseTo((0.8 * config.training.batch) / 512, 9);
    }
  });
});

describe('the plan', () => {
  it.each(['laptop', 'overnight', 'workstation', 'paper'] as const)('of %s has all of Table 1', (profile) => {
    const plan = planOf(profile);
    for (const part of ['cifar10', 'cifar100', 'stl10', 'imagenet100'])
      expect([...methodsOf(plan, part)].sort()).toEqual([...TABLE_1_METHODS, 'untrained'].sort());
  });

  it('of overnight has three seeds wherever methods are compared, and every weight of Figure 7', () => {
    const plan = planOf('overnight');
    const seeds = (part: string, method: string) =>
      runsOf(plan, part).flatMap((run) => (run.method === method ? [run.seed] : []));
    for (const method of TABLE_1_METHODS) expect(seeds('cifar10', method)).toEqual([0, 1, 2]);
    for (const method of SUBSETS) expect(seeds('ablation', method)).toEqual([0, 1, 2]);
    const lambdas = [...runsOf(plan, 'lambda'), ...runsOf(plan, 'cifar10')]
      .filter(({ method }) => method === 'care')
      .map(({ config }) => config.training.lambda);
    const counted = [...new Set(lambdas)]
      .sort((a, b) => a - b)
      .map((one) => [one, lambdas.filter((l) => l === one).length]);
    expect(counted).toEqual([0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1].map((lambda) => [lambda, 3]));
  });

  it('ablates every subset of the three losses, and no other', () => {
    const terms = ['l-inv', 'l-unif', 'l-equi'];
    const subsets = Array.from({ length: 7 }, (_, i) =>
      terms.filter((_term, bit) => ((i + 1) & (1 << bit)) !== 0).join('+'),
    );
    expect([...SUBSETS].sort()).toEqual(subsets.sort());
    expect(methodsOf(planOf('laptop'), 'ablation').sort()).toEqual(subsets);
  });

  it('takes another set of images in the place of CIFAR-10, and settings of the user', () => {
    const plan = planBenchmarkTables({
      profile: 'smoke',
      preset: 'paper',
      data: 'generated',
      overrides: parseOverrides(['model.width=2', 'measure.images=16']),
    });
    for (const part of ['cifar10', 'ablation', 'lambda'])
      for (const { config } of runsOf(plan, part)) expect(config.data.name).toBe('generated');
    for (const { config, settings } of plan.runs) {
      expect(config.model.width).toBe(2);
      expect(settings.images).toBe(16);
    }
  });
});
