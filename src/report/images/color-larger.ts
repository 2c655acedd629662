/** The pair that was trained on more images and with a wider network: whether what the small runs show goes on there. */
import { imageLabel, type ImageResults, type ImageRun } from '../../experiments/images/study.js';
import type { FigureBlock, TableBlock } from '../blocks.js';
import { describeDots } from '../charts/dots.js';
import { brief, mean } from '../charts/statistics.js';
import { describeTrials, trialChart } from '../charts/trials.js';
import { compareSeeds, formatInterval } from '../claims.js';
import { cellOf, comparedMeans, NOT_RUN, seedValues, type Compared, type Quantity } from '../compared.js';
import { dotInput, quantityPanel } from '../compared-figures.js';
import { capital } from '../phrases.js';
import { BENCHMARK_QUANTITIES } from './benchmark-quantities.js';
import { comparedMain, PAIR } from './color-compared.js';
import { COLOR_QUANTITIES as Q } from './color-quantities.js';
import { trialInput, wahbaTrials } from './color-trials.js';
import { comparedOf } from './common.js';
import { shareLower, trialDifferences, type TrialColumn } from './trials.js';

const PART = 'larger';

const { probe: PROBE } = BENCHMARK_QUANTITIES;

/** What is set beside the small runs, in the order of the report. */
const SHOWN: readonly Quantity[] = [
  Q.wahba,
  Q.wahbaRelative,
  Q.steering,
  Q.colourRelative,
  Q.gamma,
  Q.colourGamma,
  Q.invariance,
  Q.rank,
  Q.knn,
  PROBE,
];

/**
 * Mean of the differences over augmentations, CARE minus SimCLR, with its 95% t interval. It says what other augmentations of
 * these two encoders would give, not what another training would.
 */
function differenceText(compared: Compared, trials: TrialColumn): string {
  const [first, ...others] = trialDifferences(compared, PAIR, trials);
  if (first === undefined) return NOT_RUN;
  // Augmentations of several trainings would be no independent values.
  if (others.length > 0) throw new Error('The larger pair is compared within one training of each method.');
  const { differences } = first;
  const zeros = differences.map(() => 0);
  const { difference } = compareSeeds(differences, zeros, true);
  const share = brief(100 * shareLower([first]), 3);
  return `${formatInterval(difference, undefined, true)}, lower for ${share} % of ${differences.length} augmentations`;
}

/** How the larger runs differ from the small ones, in words. */
function sizeText(larger: ImageRun, small: ImageRun, results: ImageResults): string {
  const dataOf = (part: string, name: string) => {
    const found = results.outcomes.find((each) => each.part === part && each.record !== null)?.record?.data;
    return found === undefined ? name : `${found.name}, ${found.items} images`;
  };
  const of = (part: string, { config: { data, model, training } }: ImageRun) =>
    `${dataOf(part, data.name)}: ${model.width} channels, ${training.epochs} epochs, batch ${training.batch}`;
  return `${capital(of(PART, larger))}. The small runs: ${of('main', small)}`;
}

function sizesTable(larger: Compared, small: Compared): TableBlock {
  const cell = (compared: Compared, method: string, quantity: Quantity) => {
    const values = seedValues(compared, method, quantity);
    return values.length === 0 ? NOT_RUN : cellOf(mean(values), 3);
  };
  const columns = [
    ...larger.methods.map((method) => ({ of: larger, method, title: `${method}, larger` })),
    ...small.methods.map((method) => ({ of: small, method, title: method })),
  ];
  return {
    type: 'table',
    title: 'The larger runs beside the small ones',
    columns: [
      { key: 'quantity', title: 'quantity', kind: 'text' },
      ...columns.map(({ title }) => ({ key: title, title, kind: 'number', source: 'ours' }) as const),
    ],
    rows: SHOWN.map((quantity) => ({
      quantity: quantity.unit === undefined ? quantity.title : `${quantity.title} (${quantity.unit})`,
      ...Object.fromEntries(columns.map(({ of, method, title }) => [title, cell(of, method, quantity)])),
    })),
    caption: 'One seed of the larger runs; means over the seeds of the small ones.',
  };
}

/** What the larger pair says, in a sentence; empty where one of it was not run. */
export function largerAnswer(results: ImageResults): string {
  const compared = comparedOf(results, { part: PART });
  const complete = PAIR.every((method) => seedValues(compared, method, Q.wahbaRelative).length > 0);
  return complete
    ? ` In a larger pair, trained once each, what one rotation leaves of the movement is ${comparedMeans(compared, Q.wahbaRelative, PAIR)}.`
    : '';
}

/** Wahba's error of every augmentation, gamma_f and accuracy of the larger pair; null where the plan has none. */
export function largerFigure(results: ImageResults): FigureBlock | null {
  const { runs } = results.plan;
  const planned = runs.find(({ part, method }) => part === PART && method === 'care');
  const small = runs.find(({ part, method }) => part === 'main' && method === 'care');
  if (planned === undefined || small === undefined) return null;
  const compared = comparedOf(results, { part: PART });
  const relative = trialInput(
    compared,
    compared.methods,
    wahbaTrials('wahba', 'relative'),
    'error / movement',
  );
  const colour = trialInput(
    compared,
    compared.methods,
    wahbaTrials('wahba-colour', 'relative'),
    'error / movement, colours alone',
  );
  const dots = [Q.gamma, Q.knn];
  return {
    type: 'figure',
    id: 'larger',
    title: `Larger runs, error / movement: ${comparedMeans(compared, Q.wahbaRelative)}`,
    paperPlace: 'Figures 5 and 8, nearer to the paper\u2019s size',
    panels: [
      { title: 'Augmentations of training', spec: trialChart(relative) },
      { title: 'Colours alone', spec: trialChart(colour) },
      ...dots.map((quantity) => quantityPanel(compared, quantity)),
    ],
    columns: 2,
    weSee:
      `${imageLabel('care')} minus ${imageLabel('simclr')}, mean over augmentations with its 95 % interval: error / movement ${differenceText(compared, wahbaTrials('wahba', 'relative'))}; ` +
      `with colours alone ${differenceText(compared, wahbaTrials('wahba-colour', 'relative'))}; Wahba\u2019s error itself ${differenceText(compared, wahbaTrials('wahba', 'error'))}. ` +
      `gamma_f: ${comparedMeans(compared, Q.gamma)}; invariance loss: ${comparedMeans(compared, Q.invariance)}; nearest neighbours (%): ${comparedMeans(compared, Q.knn)}; linear probe (%): ${comparedMeans(compared, PROBE)}.`,
    differs: `${sizeText(planned, small, results)}. Each method was trained once here, so the intervals are over augmentations of these encoders and say nothing of another training: no claim is judged by them.`,
    alt: `${describeTrials(relative)} ${describeTrials(colour)} ${dots.map((quantity) => describeDots(dotInput(compared, quantity))).join(' ')}`,
    data: sizesTable(compared, comparedMain(results)),
  };
}
