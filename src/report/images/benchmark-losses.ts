/** Which weight of L_equi reads best, and what each of the three losses does (Figures 7 and 10 to 16). */
import { SUBSETS } from '../../experiments/images/benchmark-tables.js';
import { imageLabel, type ImageResults } from '../../experiments/images/study.js';
import type { RunRecord } from '../../runs/record.js';
import type { FigureBlock, TableBlock } from '../blocks.js';
import { describeDots, dotPlot, dotTable, type ReferenceLevel } from '../charts/dots.js';
import { countedPanels, type CountedSample } from '../charts/histogram.js';
import { brief, mean } from '../charts/statistics.js';
import {
  cellOf,
  comparedMeans,
  estimateOf,
  NOT_RUN,
  ranking,
  runsOf,
  seedValues,
  type Compared,
  type Quantity,
} from '../compared.js';
import { curveParts, dotInput, quantityTable } from '../compared-figures.js';
import { BEST_LAMBDAS } from '../paper-numbers.js';
import { sensitivityFigure, settingOf, varied, type SensitivityInput } from '../sensitivity.js';
import { BENCHMARK_QUANTITIES, chanceOf, onData, reductionOf, subsetRuns } from './benchmark-quantities.js';
import { variedRuns } from './common.js';

const { probe, error, knn, positives, rank, uniformity } = BENCHMARK_QUANTITIES;

/** The setting of Figure 7. */
const LAMBDA = 'training.lambda';

/** What was measured at one weight of L_equi, seed by seed. */
export interface AtLambda {
  readonly lambda: number;
  readonly values: readonly { readonly seed: number; readonly value: number; readonly run: string }[];
}

function lambdaRuns(results: ImageResults) {
  return variedRuns(results, { part: ['cifar10', 'lambda'], methods: ['care'] });
}

/** A quantity of CARE at every weight of L_equi that was run, the smallest first. */
export function overLambda(results: ImageResults, quantity: Quantity): readonly AtLambda[] {
  const found = varied(lambdaRuns(results), LAMBDA).flatMap(({ config, seed, record }) => {
    const value = estimateOf(record, quantity)?.value;
    if (value === undefined || record === null) return [];
    return [{ lambda: Number(settingOf(config, LAMBDA)), seed, value, run: record.id }];
  });
  const lambdas = [...new Set(found.map(({ lambda }) => lambda))].sort((a, b) => a - b);
  return lambdas.map((lambda) => ({ lambda, values: found.filter((one) => one.lambda === lambda) }));
}

/** Whether a weight is among those that the paper found best. */
export function isPapersBest(lambda: number): boolean {
  return lambda >= BEST_LAMBDAS.low && lambda <= BEST_LAMBDAS.high;
}

export const meanAt = ({ values }: AtLambda): number => mean(values.map(({ value }) => value));

/** The weight with the highest mean; undefined where none was run. */
export function bestLambda(all: readonly AtLambda[]): AtLambda | undefined {
  return [...all].sort((a, b) => meanAt(b) - meanAt(a))[0];
}

/** SimCLR, which is CARE at lambda 0. */
function withoutTerm(results: ImageResults, quantity: Quantity): readonly ReferenceLevel[] {
  const values = seedValues(onData(results, 'cifar10'), imageLabel('simclr'), quantity);
  return values.length === 0 ? [] : [{ value: mean(values), label: 'SimCLR, lambda 0' }];
}

/** What lambda weighs in these runs. */
function scaleWords(results: ImageResults): string {
  return reductionOf(results, 'lambda') === 'mean'
    ? 'lambda weighs a mean over pairs; the official code has a sum over the images of a chunk.'
    : 'lambda weighs a sum over the images of a chunk, as in the official code.';
}

/** Figure 7: the linear readout by the weight of L_equi. */
export function lambdaFigure(results: ImageResults): FigureBlock {
  const input: SensitivityInput = {
    runs: lambdaRuns(results),
    setting: LAMBDA,
    name: 'lambda, weight of L_equi',
    quantities: [error, positives],
    noun: 'method',
    region: { ...BEST_LAMBDAS, label: 'best in the paper' },
    references: (quantity) => withoutTerm(results, quantity),
  };
  const all = overLambda(results, error);
  const best = bestLambda(overLambda(results, probe));
  return {
    ...sensitivityFigure(input),
    id: 'fig7-lambda',
    title:
      best === undefined
        ? 'The linear readout by the weight of L_equi: not run'
        : `The linear readout errs least at lambda ${best.lambda}`,
    paperPlace: 'Figure 7',
    columns: 2,
    paperShows: `The error is lowest for lambda from ${BEST_LAMBDAS.low} to ${BEST_LAMBDAS.high}, and higher on both sides.`,
    weSee:
      all.length === 0
        ? 'Not run.'
        : `Mean error: ${all.map((one) => `${brief(meanAt(one))} % at ${one.lambda}`).join(', ')}. The dashed line is the preset\u2019s weight; a dot is a pretraining seed.`,
    differs:
      `${scaleWords(results)} The paper writes a mean, and does not say which its axis is. ` +
      'How alike positive pairs are stays beside it, since a weight that changes nothing costs nothing.',
  };
}

function chanceLevel(compared: Compared): readonly ReferenceLevel[] {
  const chance = chanceOf(compared);
  return chance === undefined ? [] : [{ value: chance, label: 'chance' }];
}

/** How long the subsets were trained, where that is not as long as the methods of Table 1; ends with a space. */
function lengthWords({ plan: { runs } }: ImageResults): string {
  const epochsOf = (part: string) =>
    runs.find((run) => run.part === part && run.method !== 'untrained')?.config.training.epochs;
  const [subset, whole] = [epochsOf('ablation'), epochsOf('cifar10')];
  return subset === whole || subset === undefined || whole === undefined
    ? ''
    : `Each subset was trained for ${subset} epochs, the methods of Table 1 for ${whole}. `;
}

/** Figure 10: the linear probe after each subset of the losses. */
export function subsetFigure(results: ImageResults): FigureBlock {
  const compared = subsetRuns(results);
  const input = dotInput(compared, probe, chanceLevel(compared));
  const [best] = ranking(compared, probe);
  return {
    type: 'figure',
    id: 'fig10-losses',
    title:
      best === undefined
        ? 'The linear probe after each subset of the losses: not run'
        : `The linear probe has its highest mean with ${best.method}: ${brief(best.value)} %`,
    paperPlace: 'Figure 10',
    panels: [{ title: '', spec: dotPlot(input) }],
    paperShows:
      'Bars of the linear probe for each subset. L_equi with L_unif is non-trivial without asking for invariance; L_equi alone collapses; with L_inv as well the probe is best.',
    weSee: best === undefined ? 'Not run.' : `Means: ${comparedMeans(compared, probe)}.`,
    differs: `${lengthWords(results)}Seeds as dots instead of bars. The untrained encoder is a control that the paper lacks: the probe reads features before the head, which need not collapse when the embedding does.`,
    alt: describeDots(input),
    data: dotTable(input, 'Linear probe after each subset of the losses'),
  };
}

/** Probe, neighbours, cosine, uniformity and rank of each subset. */
export function subsetTable(results: ImageResults): TableBlock {
  return quantityTable(subsetRuns(results), 'What each subset of the losses leaves', [
    probe,
    knn,
    positives,
    uniformity,
    rank,
  ]);
}

function countsOf(record: RunRecord): readonly number[] {
  const { count = [] } = record.measurements.positives?.tables?.['embedding.histogram'] ?? {};
  return count.map(Number);
}

/** Counts of all seeds of a method together; undefined where it was not run. */
function pooledSample(compared: Compared, method: string): CountedSample | undefined {
  const found = runsOf(compared, method).flatMap(({ record }) => {
    const counts = countsOf(record);
    return counts.length === 0 ? [] : [{ counts, run: record.id }];
  });
  const [first] = found;
  if (first === undefined) return undefined;
  return {
    method,
    counts: first.counts.map((_, bin) => found.reduce((sum, { counts }) => sum + (counts[bin] ?? 0), 0)),
    mean: mean(seedValues(compared, method, positives)),
    run: found.map(({ run }) => run).join(', '),
  };
}

function histogramTable(samples: readonly CountedSample[]): TableBlock {
  const rows = samples.flatMap(({ method, counts }) =>
    counts.flatMap((count, bin) =>
      count === 0 ? [] : [{ losses: method, from: cellOf(-1 + (2 * bin) / counts.length, 4), count }],
    ),
  );
  return {
    type: 'table',
    title: 'Images by the cosine of their two views',
    columns: [
      { key: 'losses', title: 'losses', kind: 'text' },
      { key: 'from', title: 'cosine from', kind: 'number' },
      { key: 'count', title: 'images', kind: 'number' },
    ],
    rows,
    caption: 'Seeds together; bins of .05 without images are left out.',
  };
}

/** Figures 11 to 16, at the end of training: how alike two views of an image are, for each subset. */
export function positivesFigure(results: ImageResults): FigureBlock {
  const compared = subsetRuns(results);
  const samples = compared.methods.flatMap((method) => pooledSample(compared, method) ?? []);
  const missing = compared.methods.filter((method) => !samples.some((one) => one.method === method));
  const words = samples.map((one) => `${one.method} ${brief(one.mean, 2)}`).join(', ');
  return {
    type: 'figure',
    id: 'fig11-positives',
    title:
      samples.length === 0
        ? 'How alike two views of an image are: not run'
        : `Mean cosine of two views of an image at the end: ${words}`,
    paperPlace: 'Figures 11 to 16',
    panels: countedPanels({ samples, xTitle: 'cosine of f(a(x)) and f(a\u2032(x))', domain: [-1, 1] }),
    columns: 4,
    paperShows: 'A histogram over the test set for each subset, and its mean over training.',
    differs: `${lengthWords(results)}The histograms show the end of training, the curves below the way there.`,
    weSee: `Each image under two augmentations of its own; seeds together.${missing.length === 0 ? '' : ` Not run: ${missing.join(', ')}.`}`,
    alt: samples.length === 0 ? 'No histogram: not run.' : `Mean cosine of positive pairs: ${words}.`,
    data: histogramTable(samples),
  };
}

/** Figures 11 to 16, over training. */
export function positivesCurves(results: ImageResults): FigureBlock {
  const { noun, runs } = subsetRuns(results);
  const trained = runs.filter(({ method }) => SUBSETS.some((subset) => imageLabel(subset) === method));
  return {
    type: 'figure',
    id: 'fig11-positives-over-training',
    title: 'How alike two views of an image are while training goes on',
    paperPlace: 'Figures 11 to 16',
    ...curveParts({ noun, runs: trained }, [
      { metric: 'positiveCosine', yTitle: 'mean cosine of positive pairs', yScale: 'linear', withMean: true },
      { metric: 'knn', yTitle: 'kNN accuracy', yScale: 'linear', withMean: true },
    ]),
    weSee:
      'Looked at as often as the kNN accuracy beside it, on held-out images under the same augmentations for all; thin lines are seeds.',
  };
}

/** What the figures on the losses say of runs that are not there. */
export function lambdaWords(results: ImageResults): string {
  const all = overLambda(results, probe);
  return all.length === 0 ? NOT_RUN : all.map((one) => `${brief(meanAt(one))} % at ${one.lambda}`).join(', ');
}
