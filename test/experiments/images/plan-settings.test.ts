import { describe, expect, it } from 'vitest';
import { planBenchmarkTables } from '../../../src/experiments/images/benchmark-tables.js';
import { planColorSensitivity } from '../../../src/experiments/images/color-sensitivity.js';
import { planRetrieval } from '../../../src/experiments/images/retrieval.js';
import { collectImages, type ImagePlan } from '../../../src/experiments/images/study.js';
import type { StudyChoice } from '../../../src/experiments/study.js';
import { parseOverrides } from '../../../src/runs/configuration.js';
import { imageResultsOf } from '../../report/fixtures/image-results.js';

const chosen = (...settings: string[]): StudyChoice => ({
  profile: 'overnight',
  preset: 'paper',
  overrides: parseOverrides(settings),
});
const runsOf = ({ runs }: ImagePlan, part: string) => runs.filter((run) => run.part === part);
const PLANS = [planBenchmarkTables, planColorSensitivity, planRetrieval];

describe('settings of a user in a plan of several runs', () => {
  it.each(['method=simclr', 'seed=7', 'data.name=cifar10', 'name=cifar10'])(
    'are refused for %s, which it sets itself',
    (setting) => {
      for (const plan of PLANS) expect(() => plan(chosen(setting))).toThrow(/cannot be set \(from -p\)/);
    },
  );

  it('go over profile and preset, and not over what a part is about', () => {
    const plan = planColorSensitivity(chosen('dim=64', 'lambda=0.3', 'width=8', 'training.epochs=1'));
    expect(new Set(runsOf(plan, 'main').map(({ config }) => config.model.dim))).toEqual(new Set([64]));
    // Figure 6 is about the circle, the sweep about its values, the larger pair about a wider network.
    expect(new Set(runsOf(plan, 'circle').map(({ config }) => config.model.dim))).toEqual(new Set([2]));
    expect(new Set(runsOf(plan, 'larger').map(({ config }) => config.model.width))).toEqual(new Set([32]));
    const lambdas = runsOf(plan, 'lambda').map(({ config }) => config.training.lambda);
    expect([...new Set(lambdas)]).toEqual([0.03, 0.1, 1]);
    expect(runsOf(plan, 'main')[0]?.config.training).toMatchObject({ lambda: 0.3, epochs: 1 });
    expect(runsOf(plan, 'larger')[0]?.config.training.epochs).toBe(1);
  });

  it('find runs without L_equi again at another weight of it', () => {
    const lambdaOf = ({ runs }: ImagePlan, methods: readonly string[]) =>
      new Set(
        runs.flatMap((run) =>
          methods.includes(run.method) && run.variation === null ? run.config.training.lambda : [],
        ),
      );
    const plan = planBenchmarkTables(chosen('lambda=0.07'));
    expect(lambdaOf(plan, ['care', 'byol+care', 'l-equi'])).toEqual(new Set([0.07]));
    const others = ['simclr', 'moco-v2', 'l-unif', 'untrained'];
    expect(lambdaOf(plan, others)).toEqual(lambdaOf(planBenchmarkTables(chosen()), others));
  });

  it('are asked for in full where a short name could be of training or of a measure', () => {
    expect(() => planRetrieval(chosen('hue=0.5'))).toThrow(
      'hue (from -p) is short for several settings: augmentation.hue, measure.retrieval.hue, measure.colourSweep.hue.',
    );
    const [run] = planRetrieval(chosen('permutations=7')).runs;
    expect(run?.settings.retrieval.permutations).toBe(7);
  });
});

describe('training images of the profiles that two cores can train', () => {
  it('are a sample at most, of the larger pair all', () => {
    const plan = planColorSensitivity(chosen());
    expect(new Set(runsOf(plan, 'main').map(({ config }) => config.data.limit))).toEqual(new Set([5000]));
    expect(new Set(runsOf(plan, 'larger').map(({ config }) => config.data.limit))).toEqual(new Set([null]));
  });
});

describe('records of a plan', () => {
  const plan = planColorSensitivity(chosen());
  const { outcomes } = imageResultsOf(plan, {
    found: () => ({ wahba: { estimates: { 'embedding.error': 3 } }, gamma: { estimates: {} } }),
    ran: ({ part }) => part === 'main',
  });
  const records = outcomes.flatMap(({ record }) => (record === null ? [] : [record]));
  const mainOf = (found: typeof records) =>
    collectImages(plan, found).outcomes.filter(({ part, record }) => part === 'main' && record !== null);
  const withoutLimit = (items: number) =>
    records.map((record) => {
      const config = record.config as { readonly data: object };
      return {
        ...record,
        config: { ...config, data: { ...config.data, limit: null } },
        data: { ...record.data, items },
      };
    });

  it('are found where a limit that they do not have would have left nothing out', () => {
    expect(mainOf(records)).toHaveLength(records.length);
    expect(mainOf(withoutLimit(5000))).toHaveLength(records.length);
    expect(mainOf(withoutLimit(50_000))).toEqual([]);
  });

  it('lose measurements that were made with other settings: they are not compared', () => {
    const [run] = runsOf(plan, 'main');
    const measured = (images: number) =>
      records.map((record) => {
        const { wahba, ...others } = record.measurements;
        if (wahba === undefined) throw new Error('the fixture has a Wahba error');
        return { ...record, measurements: { ...others, wahba: { ...wahba, settings: { images } } } };
      });
    const names = (images: number) =>
      mainOf(measured(images)).map(({ record }) => Object.keys(record?.measurements ?? {}).sort());
    expect(new Set(names(run?.settings.images ?? 0).map(String))).toEqual(new Set(['gamma,wahba']));
    expect(new Set(names(50).map(String))).toEqual(new Set(['gamma']));
  });
});
