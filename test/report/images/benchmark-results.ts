/** Records of Table 1 and the ablations made by hand. */
import { planBenchmarkTables } from '../../../src/experiments/images/benchmark-tables.js';
import type { ImagePlan, ImageResults, ImageRun } from '../../../src/experiments/images/study.js';
import { METHOD_NAMES } from '../../../src/methods/methods.js';
import { parseOverrides } from '../../../src/runs/configuration.js';
import type { ProfileName } from '../../../src/runs/profiles.js';
import type { RunRecord, Series } from '../../../src/runs/record.js';
import { imageResultsOf } from '../fixtures/image-results.js';

/** What is measured of a run. */
export interface Numbers {
  readonly probe: number;
  readonly transfer: number;
  readonly knn: number;
  readonly cosine: number;
  readonly rank: number;
  readonly uniformity: number;
}
export type NumbersOf = (run: ImageRun) => Partial<Numbers>;

export const CHANCE = 10.25;
export const TRANSFER_CHANCE = 1.5;
/** Images in the bins from .8, .85, .9 and .95. */
export const LAST_BINS = [1, 2, 3, 4] as const;

/** Different numbers for each method, seed, set of images and lambda, with differences that vary from seed to seed. */
export const plainNumbers: NumbersOf = ({ method, seed, part, config }) => {
  const place = METHOD_NAMES.findIndex((name) => name === method) + 2;
  const parts = ['cifar10', 'ablation', 'lambda', 'cifar100', 'stl10', 'imagenet100', 'beyond'];
  const base = 30 + 1.7 * place + 0.31 * seed * place + 0.13 * parts.indexOf(part) + config.training.lambda;
  return {
    probe: base,
    transfer: base - 20,
    knn: base - 4.5,
    cosine: 0.3 + 0.01 * place,
    rank: 10 + place,
    uniformity: 0.2 + 0.01 * place,
  };
};

/** A measurement of transfer with the images that it is of. */
export function triedOn<Found extends { readonly transfer?: object }>(
  found: Found,
  name = 'flowers5',
): Found {
  if (found.transfer === undefined) return found;
  return { ...found, transfer: { ...found.transfer, tables: { images: { name: [name] } } } };
}

export interface TablesOptions {
  readonly profile?: ProfileName;
  readonly numbers?: NumbersOf;
  readonly ran?: (run: ImageRun) => boolean;
  readonly change?: (record: RunRecord, run: ImageRun) => RunRecord;
  /** Settings to change, e.g. `training.reduction=mean`. */
  readonly settings?: readonly string[];
}

/** Making a plan takes a moment. */
const plans = new Map<string, ImagePlan>();
function planOf(profile: ProfileName, settings: readonly string[]): ImagePlan {
  const key = [profile, ...settings].join(' ');
  const overrides = parseOverrides(settings);
  const plan = plans.get(key) ?? planBenchmarkTables({ profile, preset: 'paper', overrides });
  plans.set(key, plan);
  return plan;
}

const entry = (name: string, value: number | undefined) => (value === undefined ? {} : { [name]: value });

/** Results of the overnight plan, three seeds, from records made by hand. */
export function tablesOf(options: TablesOptions = {}): ImageResults {
  const { profile = 'overnight', numbers = plainNumbers, ran = () => true } = options;
  const counts = Array.from({ length: 40 }, (_, bin) => LAST_BINS[bin - 36] ?? 0);
  return imageResultsOf(planOf(profile, options.settings ?? []), {
    found: (run) => {
      const { probe, transfer, knn, cosine, rank, uniformity } = numbers(run);
      const classifier = (name: string, accuracy: number | undefined, chance: number) =>
        accuracy === undefined
          ? {}
          : { [name]: { estimates: { 'features.accuracy': accuracy, 'features.chance': chance } } };
      return {
        ...classifier('probe', probe, CHANCE),
        ...(run.measures.includes('transfer')
          ? triedOn(classifier('transfer', transfer, TRANSFER_CHANCE))
          : {}),
        knn: { estimates: entry('accuracy', knn) },
        positives: {
          estimates: entry('embedding.mean', cosine),
          tables: {
            'embedding.histogram': { from: counts.map((_, bin) => -1 + 0.05 * bin), count: counts },
          },
        },
        collapse: {
          estimates: {
            ...entry('embedding.effectiveRank', rank),
            ...entry('embedding.uniformity', uniformity),
          },
        },
      };
    },
    series: ({ method }): Readonly<Record<string, Series>> =>
      method === 'untrained' ? {} : { positiveCosine: { steps: [10, 20], values: [0.91, 0.5] } },
    ran,
    change: (record, run) => {
      const trained = run.method !== 'untrained';
      const changed = {
        ...record,
        steps: trained ? record.steps : { planned: 0, done: 0 },
        ...(trained ? { viewsPerSecond: 1000 + 10 * run.seed, peakMemoryBytes: 2.5e9 } : {}),
        trainingSeconds: trained ? 90 + 30 * run.seed : 0,
      };
      return options.change?.(changed, run) ?? changed;
    },
  });
}
