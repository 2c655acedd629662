/** Figures and tables of the report on colours, as blocks: from records alone, with no number of their own. */
import type { ImageResults } from '../../experiments/images/study.js';
import type { FigureBlock, Panel, ProvenanceBlock, TableBlock } from '../blocks.js';
import { cosineChart, cosineShares, describeCosines, type CosineChartInput } from '../charts/cosines.js';
import { describeDots, dotTable } from '../charts/dots.js';
import { describeCurves } from '../charts/lines.js';
import { brief, mean } from '../charts/statistics.js';
import { describeTrials, trialChart } from '../charts/trials.js';
import {
  comparedMeans,
  NOT_RUN,
  recordsOf,
  runsOf,
  seedValues,
  type Compared,
  type Quantity,
} from '../compared.js';
import {
  curveParts,
  dotInput,
  quantityPanel,
  quantityTable as tableOf,
  trainingCurves,
} from '../compared-figures.js';
import { provenanceOf } from '../provenance-block.js';
import { sensitivityFigure, type VariedRun } from '../sensitivity.js';
import { variedRuns } from './common.js';
import { comparedCircle, comparedMain, PAIR } from './color-compared.js';
import { COLOR_QUANTITIES } from './color-quantities.js';
import { trialInput, trialTable, wahbaTrials } from './color-trials.js';
import { numbersIn, shareLower, trialDifferences, type TrialColumn } from './trials.js';

export { PAIR, comparedCircle, comparedMain } from './color-compared.js';
export { largerFigure } from './color-larger.js';
export { readBackFigure, sweepFigure } from './color-sweep.js';
export { estimateOf, type Quantity } from '../compared.js';
export { COLOR_QUANTITIES as QUANTITIES } from './color-quantities.js';

/** Mean and standard deviation over seeds of several quantities, a method a row. */
export function quantityTable(
  results: ImageResults,
  title: string,
  quantities: readonly Quantity[],
): TableBlock {
  return tableOf(comparedMain(results), title, quantities);
}

/** In how many trials CARE is lower than SimCLR, in words. */
export function lowerShareText(results: ImageResults, trials: TrialColumn): string {
  const share = shareLower(trialDifferences(comparedMain(results), PAIR, trials));
  return Number.isFinite(share) ? `${brief(100 * share, 3)} %` : NOT_RUN;
}

const WHICH = {
  wahba: {
    id: 'wahba',
    words: 'augmentations of training',
    paperPlace: 'Figure 5',
    average: COLOR_QUANTITIES.wahba,
    worst: COLOR_QUANTITIES.wahbaWorst,
    relative: COLOR_QUANTITIES.wahbaRelative,
  },
  'wahba-colour': {
    id: 'wahba-colour',
    words: 'changes of colour',
    paperPlace: 'Figure 5, colours alone',
    average: COLOR_QUANTITIES.colourWahba,
    worst: COLOR_QUANTITIES.colourWahbaWorst,
    relative: COLOR_QUANTITIES.colourRelative,
  },
} as const;

/** Wahba's error of every augmentation, a dot a seed, absolute as in Figure 5 and relative to the movement. */
export function wahbaFigure(results: ImageResults, which: keyof typeof WHICH = 'wahba'): FigureBlock {
  const { id, words, paperPlace, average, worst, relative } = WHICH[which];
  const compared = comparedMain(results);
  const absolute = trialInput(
    compared,
    PAIR,
    wahbaTrials(which, 'error'),
    'Wahba\u2019s error, ||RF \u2212 F_a||',
  );
  const shares = trialInput(compared, compared.methods, wahbaTrials(which, 'relative'), 'error / movement');
  const count = new Set(absolute.dots.map(({ trial }) => trial)).size;
  return {
    type: 'figure',
    id,
    title: `Wahba\u2019s error of ${count} ${words}: ${comparedMeans(compared, average, PAIR)}`,
    paperPlace,
    panels: [
      { title: 'As in the paper', spec: trialChart(absolute) },
      { title: 'Relative to how far the embeddings move', spec: trialChart(shares) },
    ],
    columns: 2,
    ...(which === 'wahba'
      ? {
          paperShows:
            'Over 20 augmentations of the test set, CARE\u2019s error is lower on average, in the worst case, and for almost every augmentation.',
        }
      : {}),
    weSee:
      `CARE has the lower error in ${lowerShareText(results, wahbaTrials(which, 'error'))} of the pairs of runs and augmentations, and the lower error relative to the movement in ` +
      `${lowerShareText(results, wahbaTrials(which, 'relative'))}. Worst augmentation: ${comparedMeans(compared, worst, PAIR)}. Relative, mean: ${comparedMeans(compared, relative)}; ` +
      '1 means that no rotation explains any of the movement.',
    differs:
      which === 'wahba'
        ? 'The panel on the right is an addition: an encoder that ignores its input has no Wahba error at all, so the error alone does not tell equivariance from invariance. The untrained encoder is a control that the paper lacks. Lines join means over seeds.'
        : 'The paper does not take colours apart. Jitter and grayscale are drawn as in training, jitter in every trial; crop, flip and blur are left out.',
    alt: `${describeTrials(absolute)} ${describeTrials(shares)}`,
    data: trialTable([absolute, shares], `Wahba\u2019s error, ${words}`),
  };
}

/** Mean, worst and relative error with their spread over seeds. */
export function wahbaSummaryFigure(results: ImageResults): FigureBlock {
  const compared = comparedMain(results);
  const Q = COLOR_QUANTITIES;
  const noBetter = [{ value: 1, label: 'no better than R = I' }];
  const shown = [
    { quantity: Q.wahba, title: 'Mean over augmentations', references: [] },
    { quantity: Q.wahbaWorst, title: 'Worst augmentation', references: [] },
    { quantity: Q.wahbaRelative, title: 'Relative to the movement', references: noBetter },
    { quantity: Q.steering, title: 'Relative, images that it was not fitted to', references: noBetter },
    { quantity: Q.colourRelative, title: 'Relative, colours alone', references: noBetter },
  ];
  return {
    type: 'figure',
    id: 'wahba-summary',
    title: `How much one rotation leaves of the movement: ${comparedMeans(compared, Q.wahbaRelative)}`,
    paperPlace: 'Figure 5, over pretraining seeds',
    panels: shown.map(({ quantity, title, references }) =>
      quantityPanel(compared, quantity, { references, title }),
    ),
    columns: 2,
    weSee:
      'The error is the Frobenius norm over all measured images, so it grows with their number and with how far they move. Divided by the movement it is 1 where the best rotation is none, and 0 where a rotation explains all. ' +
      'On images that it was not fitted to a rotation can also do harm: there the ratio can exceed 1.',
    alt: shown.map(({ quantity }) => describeDots(dotInput(compared, quantity))).join(' '),
    data: tableOf(compared, 'Wahba\u2019s error over pretraining seeds', [
      Q.wahba,
      Q.wahbaWorst,
      Q.wahbaRelative,
      Q.wahbaRelativeWorst,
      Q.explained,
      Q.colourWahba,
      Q.colourRelative,
      Q.steering,
    ]),
  };
}

const COSINE_TITLE = 'cos angle(f(x), f(ax))';

/** Histograms of the first seed of each method. */
function circleInputs(compared: Compared): readonly CosineChartInput[] {
  return PAIR.flatMap((method) => {
    const [first] = runsOf(compared, method).filter(
      ({ record }) => record.measurements.cosines !== undefined,
    );
    if (first === undefined) return [];
    const of = (column: string) =>
      numbersIn(first.record.measurements.cosines, 'embedding.histogram', column);
    const [trials, counts] = [of('trial'), of('count')];
    const histograms = [...new Set(trials)].map((trial) => ({
      trial,
      counts: counts.filter((_, row) => trials[row] === trial),
    }));
    return [{ method, run: first.record.id, histograms, xTitle: COSINE_TITLE }];
  });
}

/** Figure 6: an encoder onto the unit circle, and the angle by which each augmentation turns its embeddings. */
export function circleFigure(results: ImageResults): FigureBlock {
  const compared = comparedCircle(results);
  const inputs = circleInputs(compared);
  const shares = inputs.flatMap(({ histograms }) => cosineShares(histograms).map(({ share }) => share));
  const top = Math.max(1, ...shares);
  const Q = COLOR_QUANTITIES;
  return {
    type: 'figure',
    id: 'circle',
    title: `On the circle, the cosine\u2019s variance within an augmentation: ${comparedMeans(compared, Q.circleVariance)}`,
    paperPlace: 'Figure 6',
    panels: [
      ...inputs.map((input): Panel => ({ title: input.method, spec: cosineChart({ ...input, top }) })),
      quantityPanel(compared, Q.circleVariance, { title: 'Variance within an augmentation' }),
      quantityPanel(compared, Q.circleOpposed, { title: 'On the other side of the circle' }),
    ],
    columns: 2,
    paperShows:
      'For 20 augmentations of the test set: CARE\u2019s cosines vary less within an augmentation, and SimCLR has images with cosines in [\u22121, \u22120.5], which the augmentation throws to the other side.',
    weSee:
      `Above, the first seed of each method: a line an augmentation, bars for all of them together. Below, all seeds. Share of images in [\u22121, \u22120.5] (%): ${comparedMeans(compared, Q.circleOpposed)}; ` +
      `mean cosine: ${comparedMeans(compared, Q.circleMean)}.`,
    differs:
      'A low variance is also what an invariant encoder has, whose cosines are all near 1: read it beside the mean cosine.',
    alt:
      inputs.length === 0
        ? 'No histogram: not run.'
        : `${inputs.map(describeCosines).join(' ')} ${describeDots(dotInput(compared, Q.circleVariance))} ${describeDots(dotInput(compared, Q.circleOpposed))}`,
    data: dotTable(dotInput(compared, Q.circleVariance), 'Variance of the cosine within an augmentation'),
  };
}

const WATCHED = [
  { metric: 'gamma', yTitle: 'gamma_f', yScale: 'log' },
  { metric: 'invariance', yTitle: 'invariance loss', yScale: 'linear' },
] as const;

/** The last value of a series, of each seed of a method that has it. */
function lastOf(compared: Compared, method: string, metric: string): string {
  const curves = trainingCurves(compared.runs, metric).filter((curve) => curve.method === method);
  const values = curves.flatMap(({ values: all }) => all.slice(-1));
  return values.length === 0 ? NOT_RUN : `${method} ${brief(mean(values), 2)}`;
}

/** How often the geometry is looked at on the way, and on what; the same in all runs of the plan. */
function looksText({ plan }: ImageResults): string {
  const run = plan.runs.find(({ part, method }) => part === 'main' && method !== 'untrained');
  if (run === undefined) return '';
  const { knnEvery, geometryAugmentations, geometryImages } = run.monitor;
  const every = knnEvery === 0 ? 'at the end' : knnEvery === 1 ? 'every epoch' : `every ${knnEvery} epochs`;
  return `Ours is looked at ${every}, under ${geometryAugmentations} augmentations of at most ${geometryImages} test images. `;
}

/** Figure 8: gamma_f and the invariance loss over pretraining. */
export function trainingFigure(results: ImageResults): FigureBlock {
  const compared = comparedMain(results);
  const ends = (metric: string) => PAIR.map((method) => lastOf(compared, method, metric)).join(', ');
  const parts = curveParts(
    compared,
    WATCHED.map((each) => ({ ...each, withMean: true })),
  );
  return {
    type: 'figure',
    id: 'training',
    title: `gamma_f at the end of training: ${ends('gamma')}; invariance loss: ${ends('invariance')}`,
    paperPlace: 'Figure 8',
    ...parts,
    paperShows: 'The two methods reach a similar invariance loss, while CARE\u2019s gamma_f is much lower.',
    weSee:
      'Thin lines are pretraining seeds, thick ones their means. gamma_f compares how much distances between images change with how far the images move.',
    differs: `${looksText(results)}It takes the paper\u2019s mean of ratios. The end is measured again below, under other and more augmentations and on all measured images, so its values there are not the last ones here.`,
    alt:
      parts.panels.length === 0
        ? parts.alt
        : WATCHED.map(({ metric, yTitle }) =>
            describeCurves({ yTitle, curves: trainingCurves(compared.runs, metric) }),
          ).join(' '),
  };
}

/** gamma_f beside the invariance loss at the end. */
export function gammaFigure(results: ImageResults): FigureBlock {
  const compared = comparedMain(results);
  const Q = COLOR_QUANTITIES;
  const shown = [Q.gamma, Q.invariance, Q.colourGamma, Q.colourInvariance];
  return {
    type: 'figure',
    id: 'gamma',
    title: `gamma_f of trained encoders: ${comparedMeans(compared, Q.gamma)}`,
    paperPlace: 'Figure 8, its last epoch',
    panels: shown.map((quantity) => quantityPanel(compared, quantity)),
    columns: 2,
    weSee: `gamma_f divides by how far images move: of two encoders that are alike otherwise, the one whose embeddings move more has the lower one. With colours alone: gamma_f ${comparedMeans(compared, Q.colourGamma)}; invariance loss ${comparedMeans(compared, Q.colourInvariance)}.`,
    alt: shown.map((quantity) => describeDots(dotInput(compared, quantity))).join(' '),
    data: tableOf(compared, 'gamma_f and invariance loss at the end', [
      Q.gamma,
      Q.gammaPooled,
      Q.invariance,
      Q.colourGamma,
      Q.colourInvariance,
      Q.rank,
      Q.knn,
    ]),
  };
}

/** What the weight of L_equi does to these quantities. */
const WEIGHED: readonly Quantity[] = [
  COLOR_QUANTITIES.wahbaRelative,
  COLOR_QUANTITIES.gammaPooled,
  COLOR_QUANTITIES.invariance,
  COLOR_QUANTITIES.colourRelative,
  COLOR_QUANTITIES.wahba,
  COLOR_QUANTITIES.knn,
];

/** CARE at the main lambda, and at the others that were tried. */
export function lambdaRuns(results: ImageResults): readonly VariedRun[] {
  return variedRuns(results, { part: ['main', 'lambda'], methods: ['care'] });
}

/** At which weight of L_equi CARE differs from SimCLR, whose level and the untrained encoder's are lines. */
export function lambdaFigure(results: ImageResults): FigureBlock {
  const compared = comparedMain(results);
  const levels = (quantity: Quantity) =>
    ['SimCLR', 'untrained'].flatMap((method) => {
      const value = mean(seedValues(compared, method, quantity));
      return Number.isFinite(value) ? [{ value, label: method }] : [];
    });
  const figure = sensitivityFigure({
    runs: lambdaRuns(results),
    setting: 'training.lambda',
    quantities: WEIGHED,
    noun: 'method',
    references: levels,
  });
  return {
    ...figure,
    id: 'lambda',
    title: 'At which weight of L_equi does CARE differ from SimCLR?',
    paperPlace: 'Figure 7 varies it for the linear readout',
    weSee: `${figure.weSee ?? ''} Labelled levels are the means of SimCLR and of the untrained encoder over their seeds.`,
  };
}

/** The one picture of the first screen. */
export function heroFigure(results: ImageResults): FigureBlock {
  const { panels, alt, data, ...rest } = wahbaFigure(results);
  return {
    type: 'figure',
    id: 'hero',
    title: rest.title,
    paperPlace: 'Figure 5',
    panels,
    columns: 2,
    weSee:
      'Each dot is one encoder under one augmentation of all test images, lines join means over seeds. On the right, the part of the movement that no rotation explains.',
    alt,
    data,
  };
}

/** Every run that the report rests on. */
export function colorProvenance(results: ImageResults): ProvenanceBlock {
  return provenanceOf(recordsOf(results.outcomes));
}
