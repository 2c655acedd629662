/** What the paper claims of augmented images and the sphere, judged by records; and the first screen that follows from it. */
import type { ImageResults, ImageRun } from '../../experiments/images/study.js';
import type { ClaimResult, ClaimsBlock, SettingsBlock, SummaryBlock } from '../blocks.js';
import { mean } from '../charts/statistics.js';
import { judgeOrdering, judgeWithin, type Margin } from '../claims.js';
import { comparedMeans, recordsOf, seedValues, type Compared } from '../compared.js';
import {
  claimResult,
  judgeClaim,
  pairedBySeed,
  verdictBadges,
  verdictsOf,
  type ClaimDefinition,
  type ClaimText,
  type Verdicts,
} from '../compared-claims.js';
import { factsOf, warningOf } from '../first-screen.js';
import { listed } from '../phrases.js';
import { seedsRow, settingRow as row } from '../setting-row.js';
import { comparedCircle, comparedMain, PAIR } from './color-compared.js';
import { lambdasThatExplainMore } from './color-findings.js';
import { largerAnswer } from './color-larger.js';
import { COLOR_QUANTITIES as Q } from './color-quantities.js';
import { heroFigure } from './color-sensitivity.js';
import { augmentationText, trainingRows, variedLambdas } from './setting-rows.js';
import { quantile, trialDifferences } from './trials.js';

type Method = (typeof PAIR)[number] | 'untrained';

/** An ordering, over the seeds of a part of the plan. */
interface Ordering extends ClaimDefinition<Method> {
  readonly kind: 'ordering';
  readonly of: 'main' | 'circle';
  /** What else must be known to judge it, as sentences. */
  readonly note?: (results: ImageResults) => string;
}

/** Ours differs from its rival by no more than a margin. */
interface Similarity extends ClaimDefinition<Method> {
  readonly kind: 'similarity';
  /** The margin, of the rival's mean. */
  readonly margin: (rival: number) => Margin;
}

/** Ours is lower in all trials but a few. */
interface Pointwise extends ClaimText {
  readonly kind: 'pointwise';
}

type Definition = Ordering | Similarity | Pointwise;

/** *Almost* pointwise: in so large a share of the augmentations. */
const ALMOST = 0.9;
/** *Similar* invariance: within so large a share of SimCLR's. */
const SIMILAR = 0.25;
/** Accuracy that may be lost where it is said not to be lower, in percentage points. */
const LOSS_ALLOWED = 1;

/** Value of the paper for what is an addition, which no run can then reproduce. */
const NOT_MEASURED = 'not measured';

/** Why the error on the images that a rotation was fitted to also depends on the rank of the embeddings. */
function fittedNote(results: ImageResults): string {
  const run = results.plan.runs.find(({ part, method }) => part === 'main' && method === 'care');
  if (run === undefined) return '';
  const { images } = run.settings;
  const count = images === null ? 'all test images' : `at most ${images}`;
  const ranks = comparedMeans(comparedMain(results), Q.rank, PAIR);
  return `The rotation, one of SO(${run.config.model.dim}), is fitted to the very images that it is judged on (${count}), so it also fits noise: the relative error depends on the rank of the embeddings as well as on equivariance (effective rank: ${ranks}).`;
}

const PAIRED = { ours: 'CARE', rivals: ['SimCLR'] } as const;

const CLAIMS: readonly Definition[] = [
  {
    kind: 'ordering',
    of: 'main',
    id: 'wahba-average',
    label: 'lower Wahba error on average',
    claim: 'Over augmentations of the test set, CARE has a lower Wahba error than SimCLR on average.',
    place: 'Figure 5',
    paperValue: 'CARE lower (dots, no number)',
    quantity: Q.wahba,
    ...PAIRED,
  },
  {
    kind: 'ordering',
    of: 'main',
    id: 'wahba-worst',
    label: 'lower Wahba error in the worst case',
    claim: 'CARE\u2019s largest Wahba error of all augmentations is lower than SimCLR\u2019s.',
    place: 'Figure 5',
    paperValue: 'CARE lower (dots, no number)',
    quantity: Q.wahbaWorst,
    ...PAIRED,
  },
  {
    kind: 'pointwise',
    id: 'wahba-pointwise',
    label: 'lower for almost every augmentation',
    claim: `CARE\u2019s Wahba error is lower than SimCLR\u2019s almost pointwise: here, for at least ${100 * ALMOST} % of the augmentations.`,
    place: 'Figure 5',
    paperValue: '\u201calmost pointwise\u201d (dots, no number)',
  },
  {
    kind: 'ordering',
    of: 'main',
    id: 'wahba-relative',
    label: 'one rotation explains more of the movement',
    claim:
      'Relative to how far the embeddings move, the best rotation leaves less of the movement unexplained with CARE than with SimCLR.',
    place: 'a control of Figure 5',
    paperValue: NOT_MEASURED,
    quantity: Q.wahbaRelative,
    ...PAIRED,
    note: fittedNote,
  },
  {
    kind: 'ordering',
    of: 'main',
    id: 'wahba-unseen',
    label: 'of images that it was not fitted to',
    claim:
      'A rotation that is recovered on one half of the images leaves less of the movement of the other half unexplained with CARE than with SimCLR.',
    place: 'an addition',
    paperValue: NOT_MEASURED,
    quantity: Q.steering,
    ...PAIRED,
  },
  {
    kind: 'ordering',
    of: 'main',
    id: 'wahba-colour',
    label: 'where colours alone change',
    claim:
      'Where colours alone change, the best rotation leaves less of the movement unexplained with CARE than with SimCLR.',
    place: 'a control of Figure 5',
    paperValue: NOT_MEASURED,
    quantity: Q.colourRelative,
    ...PAIRED,
  },
  {
    kind: 'ordering',
    of: 'main',
    id: 'wahba-untrained',
    label: 'better than an untrained encoder',
    claim:
      'Training with CARE makes one rotation explain more of the movement than it does of an untrained encoder\u2019s.',
    place: 'a control that the paper lacks',
    paperValue: NOT_MEASURED,
    quantity: Q.wahbaRelative,
    ours: 'CARE',
    rivals: ['untrained'],
  },
  {
    kind: 'ordering',
    of: 'circle',
    id: 'circle-variance',
    label: 'narrower cosines on the circle',
    claim:
      'On the unit circle, the cosine of f(x) and f(ax) varies less within an augmentation with CARE than with SimCLR.',
    place: 'Figure 6',
    paperValue: 'CARE narrower (histograms, no number)',
    quantity: Q.circleVariance,
    ...PAIRED,
  },
  {
    kind: 'ordering',
    of: 'circle',
    id: 'circle-opposed',
    label: 'fewer images thrown to the other side',
    claim: 'SimCLR has more images than CARE with a cosine in [\u22121, \u22120.5] on the unit circle.',
    place: 'Figure 6',
    paperValue: 'mass there for SimCLR (histograms, no number)',
    quantity: Q.circleOpposed,
    ...PAIRED,
  },
  {
    kind: 'ordering',
    of: 'main',
    id: 'gamma',
    label: 'lower gamma_f',
    claim: 'CARE has the lower relative rotational equivariance error gamma_f at the end of training.',
    place: 'Figure 8',
    paperValue: 'CARE much lower (curves, no number)',
    quantity: Q.gamma,
    ...PAIRED,
  },
  {
    kind: 'similarity',
    id: 'invariance',
    label: 'similar invariance',
    claim: `The two methods are similarly invariant: their invariance losses are within ${100 * SIMILAR} % of each other.`,
    place: 'Figure 8',
    paperValue: 'similar (curves, no number)',
    quantity: Q.invariance,
    ...PAIRED,
    margin: (rival) => ({
      low: -SIMILAR * rival,
      high: SIMILAR * rival,
      words: `at most ${100 * SIMILAR} % lower or higher`,
    }),
  },
  {
    kind: 'similarity',
    id: 'knn',
    label: 'no loss of accuracy',
    claim: `CARE\u2019s nearest neighbours are as good as SimCLR\u2019s, within ${LOSS_ALLOWED} percentage point.`,
    place: 'Table 1, there the linear probe',
    paperValue: 'CARE higher (linear probe on CIFAR10 91.92 against 90.98)',
    quantity: Q.knn,
    ...PAIRED,
    margin: () => ({
      low: -LOSS_ALLOWED,
      high: Number.POSITIVE_INFINITY,
      words: `at most ${LOSS_ALLOWED} percentage point lower`,
    }),
  },
];

function judgeSimilar(compared: Compared, definition: Similarity): ClaimResult {
  const { quantity, ours, rivals, margin } = definition;
  const [rival = ours] = rivals;
  const other = seedValues(compared, rival, quantity);
  const judged = judgeWithin({
    ours: seedValues(compared, ours, quantity),
    other,
    oursName: ours,
    otherName: rival,
    paired: pairedBySeed(compared, [ours, rival], quantity),
    sameSetting: compared.sameSetting,
    margin: margin(mean(other)),
    ...('unit' in quantity ? { unit: quantity.unit } : {}),
  });
  return claimResult(compared, definition, judged, quantity, [ours, rival]);
}

/**
 * Almost pointwise: of each seed, the difference to SimCLR that all but a tenth of the augmentations stay below. Where that
 * is negative over seeds, CARE is lower in nine augmentations of ten.
 */
function judgePointwise(compared: Compared, definition: Pointwise): ClaimResult {
  const [ours, other] = PAIR;
  const trials = trialDifferences(compared, PAIR, {
    measure: 'wahba',
    table: 'embedding.trials',
    column: 'error',
  });
  const ends = trials.map(({ differences }) => quantile(differences, ALMOST));
  const judged = judgeOrdering({
    ours: ends,
    other: ends.map(() => 0),
    oursName: `${ours} minus ${other}`,
    otherName: '0',
    lowerIsBetter: true,
    sameSetting: compared.sameSetting,
  });
  const missing =
    ends.length === 0 ? `No finished runs of ${ours} and ${other} with one seed.` : judged.because;
  const title = `difference that ${100 * ALMOST} % of the augmentations do not exceed`;
  return claimResult(compared, definition, { ...judged, because: missing }, { title }, PAIR);
}

/** An ordering; one that the paper lacks has no setting of the paper either. */
function judgeOrder(results: ImageResults, definition: Ordering): ClaimResult {
  const compared = definition.of === 'main' ? comparedMain(results) : comparedCircle(results);
  const sameSetting = compared.sameSetting && definition.paperValue !== NOT_MEASURED;
  const judged = judgeClaim({ ...compared, sameSetting }, definition);
  const note = definition.note?.(results) ?? '';
  return note === '' ? judged : { ...judged, because: `${judged.because} ${note}` };
}

/** Every claim with its verdict. */
export function colorClaims(results: ImageResults): ClaimsBlock {
  const main = comparedMain(results);
  const claims = CLAIMS.map((definition): ClaimResult => {
    if (definition.kind === 'pointwise') return judgePointwise(main, definition);
    if (definition.kind === 'similarity') return judgeSimilar(main, definition);
    return judgeOrder(results, definition);
  });
  return { type: 'claims', claims };
}

/** Whether one rotation explains more with CARE: of the images that it was fitted to, and of others. */
function relativeAnswer({ holds, missing }: Verdicts): string {
  if (missing('wahba-relative'))
    return 'Whether a change of the image acts on CARE\u2019s embeddings more like a rotation than on SimCLR\u2019s was not measured yet';
  if (!holds('wahba-relative'))
    return 'One rotation explains no more of what an augmentation does to CARE\u2019s embeddings than to SimCLR\u2019s, beyond what seeds explain';
  const unseen = missing('wahba-unseen')
    ? ''
    : holds('wahba-unseen')
      ? ', also of images that it was not fitted to'
      : ', which is not shown of images that it was not fitted to';
  return `With CARE it turns more as a whole: one rotation explains more of what an augmentation does to the embeddings than with SimCLR${unseen}`;
}

/** At which weights of L_equi it does, where it does not at that of the main runs. */
function weightAnswer(results: ImageResults, { holds, missing }: Verdicts): string {
  const lambdas = lambdasThatExplainMore(results);
  if (missing('wahba-relative') || holds('wahba-relative') || lambdas === null) return '';
  return lambdas.length === 0
    ? ' It explains more at none of the weights of L_equi that were tried.'
    : ` At lambda ${listed(lambdas.map(String))} it explains more, each weight tested by itself.`;
}

/** The same where nothing but colours changes, which is what the report asks. */
function colourAnswer({ holds, missing }: Verdicts): string {
  if (missing('wahba-colour')) return '';
  return holds('wahba-colour')
    ? ' Where colours alone change, one rotation explains more with CARE than with SimCLR.'
    : ' Where colours alone change, it is not shown to explain more with CARE either.';
}

/** The paper's own quantity of Figure 5, whatever became of the relative one. */
function absoluteAnswer({ holds, missing }: Verdicts): string {
  if (missing('wahba-average')) return '';
  return holds('wahba-average')
    ? ' Wahba\u2019s error itself is lower on average, as the paper says.'
    : ' That Wahba\u2019s error itself is lower on average, as the paper says, is not shown.';
}

function gammaAnswer({ holds, missing }: Verdicts): string {
  if (missing('gamma')) return '';
  if (!holds('gamma')) return ' That gamma_f is lower is not shown.';
  const invariance = missing('invariance')
    ? ''
    : holds('invariance')
      ? ' at similar invariance'
      : ', though that their invariance is similar is not shown';
  return ` gamma_f is lower${invariance}.`;
}

/** The answer in a few sentences, composed of the verdicts. */
function answerOf(results: ImageResults, claims: readonly ClaimResult[]): string {
  const verdicts = verdictsOf(claims);
  const { holds, missing, opposite, nothingRun } = verdicts;
  if (nothingRun) return 'Nothing was run yet, so there is no answer.';
  const control =
    missing('wahba-untrained') || holds('wahba-untrained')
      ? ''
      : opposite('wahba-untrained')
        ? ' One rotation explains more of the movement of an untrained encoder, which hardly moves.'
        : ' That it does better than an untrained encoder is not shown.';
  return `${relativeAnswer(verdicts)}.${weightAnswer(results, verdicts)}${largerAnswer(results)}${colourAnswer(verdicts)}${absoluteAnswer(verdicts)}${gammaAnswer(verdicts)}${control}`;
}

/** The first screen. */
export function colorSummary(results: ImageResults): SummaryBlock {
  const { claims } = colorClaims(results);
  const records = recordsOf(results.outcomes);
  const { profile, preset } = results.plan.choice;
  return {
    type: 'summary',
    question: 'What does the embedding do when an image\u2019s colours change?',
    answer: answerOf(results, claims),
    ...warningOf(records, {
      items: 'images',
      whyGenerated: 'CIFAR-10 was not found under CARE_DATA_DIR',
    }),
    verdicts: verdictBadges(CLAIMS, claims),
    hero: heroFigure(results),
    facts: factsOf({ profile, preset, records, planned: results.outcomes.length, items: 'images' }),
  };
}

/** Augmentations of the official code on CIFAR, in the paper's place: it names them without numbers. */
const PAPER_AUGMENTATION = {
  cropScale: [0.08, 1],
  flip: 0.5,
  jitter: 0.8,
  brightness: 0.4,
  contrast: 0.4,
  saturation: 0.4,
  hue: 0.1,
  grayscale: 0.2,
  blur: 0.5,
} satisfies ImageRun['config']['augmentation'];

/** Of the paper, where this report is about its Figures 5, 6 and 8. */
const PAPER = {
  data: 'CIFAR10',
  encoder: 'ResNet-18, CIFAR stem',
  lambda: '0.01',
  epochs: '400, 256',
  chunks: '16',
} as const;

/** What is measured, the paper's and ours. */
function measuredRows({ augmentations, images }: ImageRun['settings']): SettingsBlock['rows'] {
  return [
    row('augmentations that are measured', '20', String(augmentations)),
    row(
      'test images that are measured',
      'test data',
      images === null ? 'test data' : `${images} at most`,
      'Wahba\u2019s error grows with their number',
    ),
  ];
}

/** Settings, the paper's and ours. */
export function colorSettings(results: ImageResults): SettingsBlock {
  const { plan, outcomes } = results;
  const main = plan.runs.filter(({ part }) => part === 'main');
  const run = main.find(({ method }) => method === 'care');
  if (run === undefined) return { type: 'settings', rows: [] };
  const circle = plan.runs.find(({ part }) => part === 'circle');
  return {
    type: 'settings',
    rows: [
      ...trainingRows(run, recordsOf(outcomes), PAPER, variedLambdas(plan.runs)),
      row('embedding of Figure 6', 'S^1', circle?.config.model.dim === 2 ? 'S^1' : 'not run'),
      row(
        'augmentations of training',
        augmentationText(PAPER_AUGMENTATION),
        augmentationText(run.config.augmentation),
        'strengths and probabilities are those of the official code',
      ),
      ...measuredRows(run.settings),
      seedsRow(main),
    ],
  };
}
