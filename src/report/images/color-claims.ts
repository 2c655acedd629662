/** What the paper claims of augmented images and the sphere, judged by records; and the first screen that follows from it. */
import type { ImageResults } from '../../experiments/images/study.js';
import type { ClaimResult, ClaimsBlock, SettingsBlock, SummaryBlock } from '../blocks.js';
import { mean } from '../charts/statistics.js';
import { judgeOrdering, judgeWithin, type Margin } from '../claims.js';
import { recordsOf, seedValues, type Compared } from '../compared.js';
import {
  claimResult,
  judgeClaim,
  pairedBySeed,
  verdictBadges,
  verdictsOf,
  type ClaimDefinition,
  type ClaimText,
} from '../compared-claims.js';
import { factsOf, warningOf } from '../first-screen.js';
import { NOT_GIVEN, settingRow as row } from '../setting-row.js';
import { settingOf } from '../sensitivity.js';
import { COLOR_QUANTITIES as Q } from './color-quantities.js';
import { comparedCircle, comparedMain, heroFigure, lambdaRuns, PAIR } from './color-sensitivity.js';
import { quantile, trialDifferences } from './trials.js';

type Method = (typeof PAIR)[number] | 'untrained';

/** An ordering, over the seeds of a part of the plan. */
interface Ordering extends ClaimDefinition<Method> {
  readonly kind: 'ordering';
  readonly of: 'main' | 'circle';
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
    paperValue: 'not measured',
    quantity: Q.wahbaRelative,
    ...PAIRED,
  },
  {
    kind: 'ordering',
    of: 'main',
    id: 'wahba-colour',
    label: 'also where colours alone change',
    claim:
      'Where colours alone change, the best rotation leaves less of the movement unexplained with CARE than with SimCLR.',
    place: 'Figure 5, colours alone',
    paperValue: 'not measured',
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
    paperValue: 'not measured',
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

/** Every claim with its verdict. */
export function colorClaims(results: ImageResults): ClaimsBlock {
  const [main, circle] = [comparedMain(results), comparedCircle(results)];
  const claims = CLAIMS.map((definition): ClaimResult => {
    if (definition.kind === 'pointwise') return judgePointwise(main, definition);
    if (definition.kind === 'similarity') return judgeSimilar(main, definition);
    return judgeClaim(definition.of === 'main' ? main : circle, definition);
  });
  return { type: 'claims', claims };
}

/** The answer in a sentence or two, composed of the verdicts. */
function answerOf(claims: readonly ClaimResult[]): string {
  const { holds, missing, nothingRun } = verdictsOf(claims);
  if (nothingRun) return 'Nothing was run yet, so there is no answer.';
  const rotates = missing('wahba-relative')
    ? 'Whether a change of the image acts on CARE\u2019s embeddings more like a rotation than on SimCLR\u2019s was not measured yet'
    : holds('wahba-relative')
      ? 'With CARE it turns more as a whole: one rotation explains more of what an augmentation does to the embeddings than with SimCLR'
      : 'One rotation explains no more of what an augmentation does to CARE\u2019s embeddings than to SimCLR\u2019s, beyond what seeds explain';
  const absolute = missing('wahba-average')
    ? ''
    : holds('wahba-average')
      ? ', and the error itself is lower'
      : ', though that the error itself is lower is not shown';
  const joined = holds('wahba-relative') ? absolute : '';
  const gamma = missing('gamma')
    ? ''
    : holds('gamma')
      ? ` gamma_f is lower${missing('invariance') ? '' : holds('invariance') ? ' at similar invariance' : ', though that their invariance is similar is not shown'}.`
      : ' That gamma_f is lower is not shown.';
  const control =
    missing('wahba-untrained') || holds('wahba-untrained')
      ? ''
      : ' That it does better than an untrained encoder is not shown.';
  return `${rotates}${joined}.${gamma}${control}`;
}

/** The first screen. */
export function colorSummary(results: ImageResults): SummaryBlock {
  const { claims } = colorClaims(results);
  const records = recordsOf(results.outcomes);
  const { profile, preset } = results.plan.choice;
  return {
    type: 'summary',
    question: 'What does the embedding do when an image\u2019s colours change?',
    answer: answerOf(claims),
    ...warningOf(records, {
      items: 'images',
      whyGenerated: 'CIFAR-10 was not found under CARE_DATA_DIR',
    }),
    verdicts: verdictBadges(CLAIMS, claims),
    hero: heroFigure(results),
    facts: factsOf({ profile, preset, records, planned: results.outcomes.length, items: 'images' }),
  };
}

const ARCHITECTURE_NAMES = {
  small: 'small residual network',
  resnet18: 'ResNet-18',
  resnet34: 'ResNet-34',
  resnet50: 'ResNet-50',
} as const;

/** Settings, the paper's and ours. */
export function colorSettings(results: ImageResults): SettingsBlock {
  const { plan, outcomes } = results;
  const run = plan.runs.find(({ part, method }) => part === 'main' && method === 'care');
  const circle = plan.runs.find(({ part }) => part === 'circle');
  if (run === undefined) return { type: 'settings', rows: [] };
  const { model, training, augmentation } = run.config;
  const found = recordsOf(outcomes)[0]?.data;
  const stages =
    model.architecture === 'small' ? `, ${model.width} channels, ${model.blocks} block a stage` : '';
  const tried = [...new Set(lambdaRuns(results).map(({ config }) => settingOf(config, 'training.lambda')))];
  const seeds = new Set(plan.runs.filter(({ part }) => part === 'main').map(({ seed }) => seed));
  const size = `${training.optimizer === 'adam' ? 'Adam' : 'SGD'} ${training.learningRate}, weight decay ${training.weightDecay}`;
  return {
    type: 'settings',
    rows: [
      row(
        'data',
        'CIFAR10',
        found === undefined ? 'not run' : `${found.name}, ${found.items} images`,
        'the paper does not give its splits',
      ),
      row(
        'encoder',
        'ResNet-18, CIFAR stem',
        `${ARCHITECTURE_NAMES[model.architecture]}${stages}${model.architecture === 'small' ? '' : `, ${model.stem === 'cifar' ? 'CIFAR' : 'ImageNet'} stem`}`,
        'of Figures 5, 6 and 8',
      ),
      row('head', 'MLP to 128', `MLP to ${model.dim}`),
      row('embedding of Figure 6', 'S^1', circle?.config.model.dim === 2 ? 'S^1' : 'not run'),
      row('epochs, batch', '400, 256', `${training.epochs}, ${training.batch}`),
      row('optimiser', 'Adam 0.001, weight decay 0.000001', size.replace('1e-6', '0.000001')),
      row('temperature', '0.5', String(training.temperature)),
      row('lambda', '0.01', String(training.lambda), `others tried: ${tried.join(', ')}`),
      row(
        'scale of L_equi',
        NOT_GIVEN,
        training.reduction === 'mean'
          ? 'mean over pairs'
          : 'sum over an image\u2019s partners, as the official code',
        'lambda means nothing without it',
      ),
      row('chunks of L_equi', '16', `${training.chunks} of ${training.batch / training.chunks} images`),
      row(
        'augmentations of training',
        'SimCLR\u2019s: crop, flip, jitter, grayscale, blur',
        augmentation.jitter === 0 ? 'changed' : 'SimCLR\u2019s: crop, flip, jitter, grayscale, blur',
      ),
      row('augmentations that are measured', '20', String(run.settings.augmentations)),
      row(
        'test images that are measured',
        'test data',
        run.settings.images === null ? 'test data' : `${run.settings.images} at most`,
        'Wahba\u2019s error grows with their number',
      ),
      row('pretraining seeds', NOT_GIVEN, String(seeds.size)),
    ],
  };
}
