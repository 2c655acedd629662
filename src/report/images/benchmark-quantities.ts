/** What the report on Table 1 and the ablations reads off records, and which runs it compares. */
import { SUBSETS } from '../../experiments/images/benchmark-tables.js';
import type { ImageMethod } from '../../experiments/images/config.js';
import type { Recipe } from '../../experiments/images/presets.js';
import { imageLabel, type ImageResults } from '../../experiments/images/study.js';
import type { EquivarianceReduction } from '../../losses/equivariance.js';
import type { RunRecord } from '../../runs/record.js';
import { mean } from '../charts/statistics.js';
import { estimateOf, recordsOf, type Compared, type Quantity } from '../compared.js';
import { comparedOf } from './common.js';

const PROBE = { measure: 'probe', estimate: 'features.accuracy' } as const;

export const BENCHMARK_QUANTITIES = {
  probe: { ...PROBE, title: 'linear probe', unit: '%', lowerIsBetter: false },
  transfer: {
    measure: 'transfer',
    estimate: 'features.accuracy',
    title: 'linear probe on other images',
    unit: '%',
    lowerIsBetter: false,
  },
  error: {
    ...PROBE,
    estimate: 'features.error',
    title: 'error of the linear readout',
    axis: 'error (%)',
    lowerIsBetter: true,
    derive: ({ estimates }) => {
      const accuracy = estimates[PROBE.estimate]?.value;
      return accuracy === undefined ? undefined : 100 - accuracy;
    },
  },
  knn: { measure: 'knn', estimate: 'accuracy', title: 'kNN', unit: '%', lowerIsBetter: false },
  positives: {
    measure: 'positives',
    estimate: 'embedding.mean',
    title: 'mean cosine of positive pairs',
    axis: 'mean cosine',
    lowerIsBetter: true,
  },
  rank: {
    measure: 'collapse',
    estimate: 'embedding.effectiveRank',
    title: 'effective rank of the embedding',
    axis: 'effective rank',
    lowerIsBetter: false,
  },
  uniformity: {
    measure: 'collapse',
    estimate: 'embedding.uniformity',
    title: 'L_unif of the embedding (1: one point, near 0: spread evenly)',
    axis: 'L_unif',
    lowerIsBetter: true,
  },
} as const satisfies Readonly<Record<string, Quantity>>;

/**
 * L_unif, at the measure's temperature of 1, of embeddings that are all one point, and halfway from there to embeddings that
 * are spread evenly over a sphere of many dimensions, which come near 0.
 */
export const ONE_POINT = 1;
export const HALFWAY = ONE_POINT / 2;

/** The rate of guessing the most frequent class, of which the probes are told apart. */
export const CHANCE: Quantity = {
  measure: 'probe',
  estimate: 'features.chance',
  title: 'chance',
  unit: '%',
  lowerIsBetter: false,
};

/** Runs on one set of images; in CIFAR-10's place stand generated ones where it was not found. */
export function onData(results: ImageResults, data: Recipe): Compared {
  return comparedOf(results, { part: data });
}

/** Each subset of the losses, beside an encoder that was not trained. */
export function subsetRuns(results: ImageResults): Compared {
  const methods: readonly ImageMethod[] = [...SUBSETS, 'untrained'];
  const compared = comparedOf(results, { part: ['ablation', 'cifar10'], methods });
  const labels: readonly string[] = methods.map(imageLabel);
  return { ...compared, methods: labels.filter((label) => compared.methods.includes(label)) };
}

/** How lambda's term is scaled in the runs of CARE of a part; undefined where the plan has none. */
export function reductionOf({ plan }: ImageResults, part: string): EquivarianceReduction | undefined {
  return plan.runs.find((run) => run.part === part && run.method === 'care')?.config.training.reduction;
}

/** Chance level of runs on one set of images; undefined where no probe was made. */
export function chanceOf(compared: Compared, quantity = CHANCE): number | undefined {
  const found = recordsOf(compared.runs).flatMap((record) => estimateOf(record, quantity)?.value ?? []);
  return found[0];
}

/** Mean over records of what each of them tells; undefined where none does. */
export function meanOver(
  records: readonly RunRecord[],
  read: (record: RunRecord) => number | undefined,
): number | undefined {
  const values = records.flatMap((record) => read(record) ?? []);
  return values.length === 0 ? undefined : mean(values);
}
