/** What the report on colours shows of a run. */
import type { Quantity } from '../compared.js';
import { explainedShare } from './explained-share.js';

const trialValues = (table: string, column: string, summary: (values: readonly number[]) => number) =>
  ((measurement) => {
    const values = measurement.tables?.[table]?.[column]?.map(Number) ?? [];
    return values.length === 0 ? undefined : summary(values);
  }) satisfies Quantity['derive'];

const MOVED_TITLE = 'movement, mean of ||f(ax) \u2212 f(x)||\u00b2';

/** The quantities of the report, of embeddings behind the head, where the paper has them. */
export const COLOR_QUANTITIES = {
  wahba: {
    measure: 'wahba',
    estimate: 'embedding.error',
    title: 'Wahba\u2019s error, mean over augmentations',
    axis: 'Wahba\u2019s error',
    lowerIsBetter: true,
  },
  wahbaWorst: {
    measure: 'wahba',
    estimate: 'embedding.worst',
    title: 'Wahba\u2019s error, worst augmentation',
    lowerIsBetter: true,
  },
  wahbaRelative: {
    measure: 'wahba',
    estimate: 'embedding.relative',
    title: 'Wahba\u2019s error / movement, mean over augmentations',
    axis: 'error / movement',
    lowerIsBetter: true,
  },
  wahbaRelativeWorst: {
    measure: 'wahba',
    estimate: 'relativeWorst',
    title: 'Wahba\u2019s error / movement, worst augmentation',
    lowerIsBetter: true,
    derive: trialValues('embedding.trials', 'relative', (values) => Math.max(...values)),
  },
  // Of sums over augmentations: the square of a mean ratio is no mean of squares.
  explained: {
    measure: 'wahba',
    estimate: 'explainedPercent',
    title: 'squared movement that one rotation explains',
    unit: '%',
    lowerIsBetter: false,
    derive: (measurement) => {
      const share = explainedShare(measurement, 'embedding');
      return share === undefined ? undefined : 100 * share;
    },
  },
  colourWahba: {
    measure: 'wahba-colour',
    estimate: 'embedding.error',
    title: 'Wahba\u2019s error, colours alone',
    lowerIsBetter: true,
  },
  colourWahbaWorst: {
    measure: 'wahba-colour',
    estimate: 'embedding.worst',
    title: 'Wahba\u2019s error, colours alone, worst augmentation',
    lowerIsBetter: true,
  },
  colourRelative: {
    measure: 'wahba-colour',
    estimate: 'embedding.relative',
    title: 'Wahba\u2019s error / movement, colours alone',
    axis: 'error / movement',
    lowerIsBetter: true,
  },
  steering: {
    measure: 'steering',
    estimate: 'embedding.unseenRelative',
    title: 'error / movement of images that the rotation was not fitted to',
    axis: 'error / movement',
    lowerIsBetter: true,
  },
  gamma: {
    measure: 'gamma',
    estimate: 'embedding.gamma',
    title: 'gamma_f, mean of ratios',
    axis: 'gamma_f',
    lowerIsBetter: true,
    scale: 'log',
  },
  gammaPooled: {
    measure: 'gamma',
    estimate: 'embedding.pooled',
    title: 'gamma_f, ratio of means',
    axis: 'gamma_f, ratio of means',
    lowerIsBetter: true,
    scale: 'log',
  },
  colourGamma: {
    measure: 'gamma-colour',
    estimate: 'embedding.gamma',
    title: 'gamma_f, colours alone',
    lowerIsBetter: true,
    scale: 'log',
  },
  invariance: {
    measure: 'gamma',
    estimate: 'embedding.invarianceLoss',
    title: 'invariance loss',
    axis: 'invariance loss',
    lowerIsBetter: true,
  },
  colourInvariance: {
    measure: 'gamma-colour',
    estimate: 'embedding.invarianceLoss',
    title: 'invariance loss, colours alone',
    lowerIsBetter: true,
  },
  circleVariance: {
    measure: 'cosines',
    estimate: 'embedding.variance',
    title: 'variance of cos angle(f(x), f(ax)) within an augmentation',
    axis: 'variance',
    lowerIsBetter: true,
  },
  circleMean: {
    measure: 'cosines',
    estimate: 'embedding.mean',
    title: 'mean cosine',
    lowerIsBetter: false,
  },
  circleOpposed: {
    measure: 'cosines',
    estimate: 'opposedPercent',
    title: 'images with a cosine in [\u22121, \u22120.5]',
    unit: '%',
    lowerIsBetter: true,
    derive: ({ estimates }) => {
      const share = estimates['embedding.opposed']?.value;
      return share === undefined ? undefined : 100 * share;
    },
  },
  rank: {
    measure: 'collapse',
    estimate: 'embedding.effectiveRank',
    title: 'effective rank',
    lowerIsBetter: false,
  },
  knn: {
    measure: 'knn',
    estimate: 'accuracy',
    title: 'nearest neighbours, test accuracy',
    axis: 'accuracy (%)',
    unit: '%',
    lowerIsBetter: false,
  },
  parameters: {
    measure: 'parameters',
    estimate: 'embedding.mean',
    title: 'R\u00b2 of reading all parameters of an augmentation',
    lowerIsBetter: false,
  },
} as const satisfies Readonly<Record<string, Quantity>>;

/** The parameters that `colour-sweep` changes one at a time; at the neutral strength nothing changes. */
export const SWEPT = [
  { name: 'hue', neutral: 0, unit: 'turns of the colour circle' },
  { name: 'brightness', neutral: 1, unit: 'factor' },
  { name: 'saturation', neutral: 1, unit: 'factor' },
  { name: 'contrast', neutral: 1, unit: 'factor' },
] as const;

/** How well the strength of one change is read from the embeddings before and after it. */
export const READ_BACK: readonly Quantity[] = SWEPT.map(({ name }) => ({
  measure: 'colour-sweep',
  estimate: `embedding.${name}Read`,
  title: `R\u00b2 of ${name}`,
  lowerIsBetter: false,
}));

/** Columns of the sweep's table that are drawn. */
export const SWEEP_COLUMNS = [
  { column: 'moved', title: MOVED_TITLE, short: 'movement' },
  { column: 'relative', title: 'Wahba\u2019s error / movement', short: 'error / movement' },
  { column: 'unseen', title: 'error / movement, unseen images', short: 'error / movement, unseen' },
  { column: 'gamma', title: 'gamma_f, ratio of means', short: 'gamma_f' },
] as const;
export type SweepColumn = (typeof SWEEP_COLUMNS)[number]['column'];
