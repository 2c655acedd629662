/** What the paper shows of retrieval, judged by records; and the first screen that follows from it. */
import { STRONG_LAMBDA } from '../../experiments/images/retrieval.js';
import type { ImageResults, ImageRun } from '../../experiments/images/study.js';
import type { ClaimResult, ClaimsBlock, SettingsBlock, SummaryBlock } from '../blocks.js';
import { recordsOf } from '../compared.js';
import {
  judgeClaim,
  verdictBadges,
  verdictsOf,
  type ClaimDefinition,
  type Verdicts,
} from '../compared-claims.js';
import { factsOf, warningOf } from '../first-screen.js';
import { NOT_GIVEN, seedsRow, settingRow as row } from '../setting-row.js';
import { RETRIEVAL_QUANTITIES as Q } from './retrieval-quantities.js';
import { comparedAll, heroFigure, STRONG } from './retrieval.js';
import { trainingRows, variedLambdas } from './setting-rows.js';

const BY_EYE = 'shown by eye (no number)';

const CLAIMS: readonly ClaimDefinition[] = [
  {
    id: 'colour-simclr',
    label: 'nearer in colour than SimCLR',
    claim: 'The images nearest to a recoloured query have its new colour with CARE more than with SimCLR.',
    place: 'Figure 9',
    paperValue: BY_EYE,
    quantity: Q.colour,
    ours: 'CARE',
    rivals: ['SimCLR'],
  },
  {
    id: 'hue-simclr',
    label: 'nearer in hue than SimCLR',
    claim: 'The images nearest to a recoloured query have its new hue with CARE more than with SimCLR.',
    place: 'Figure 9',
    paperValue: BY_EYE,
    quantity: Q.hue,
    ours: 'CARE',
    rivals: ['SimCLR'],
  },
  {
    id: 'follows-simclr',
    label: 'follows the change more',
    claim:
      'Embedding the recoloured query instead of the plain one brings CARE\u2019s neighbours nearer to the new colour, by more than SimCLR\u2019s.',
    place: 'Figure 9',
    paperValue: BY_EYE,
    quantity: Q.colourGain,
    ours: 'CARE',
    rivals: ['SimCLR'],
  },
  {
    id: 'colour-equimod',
    label: 'nearer in colour than EquiMod',
    claim: 'The images nearest to a recoloured query have its new colour with CARE more than with EquiMod.',
    place: 'Figure 21',
    paperValue: BY_EYE,
    quantity: Q.colour,
    ours: 'CARE',
    rivals: ['EquiMod'],
  },
  {
    id: 'strong-simclr',
    label: 'follows more at a larger lambda',
    claim: `At a larger weight of L_equi (${STRONG}) CARE\u2019s neighbours follow the change of colour more than SimCLR\u2019s.`,
    place: 'addition: Figure 9 at another lambda',
    paperValue: BY_EYE,
    quantity: Q.colourGain,
    ours: STRONG,
    rivals: ['SimCLR'],
  },
  {
    id: 'untrained',
    label: 'beats an untrained encoder',
    claim:
      'The images nearest to a recoloured query have its new colour with CARE more than with an untrained encoder.',
    place: 'a control that the paper lacks',
    paperValue: 'not measured',
    quantity: Q.colour,
    ours: 'CARE',
    rivals: ['untrained'],
  },
  {
    id: 'class-untrained',
    label: 'finds the class',
    claim: 'More of CARE\u2019s neighbours have the query\u2019s class than those of an untrained encoder.',
    place: 'a control that the paper lacks',
    paperValue: 'not measured',
    quantity: Q.class,
    ours: 'CARE',
    rivals: ['untrained'],
  },
];

/** The first of the main runs of CARE. */
function careOf(runs: readonly ImageRun[]): ImageRun | undefined {
  return runs.find(({ part, method }) => part === 'main' && method === 'care');
}

/** Every claim with its verdict. */
export function retrievalClaims(results: ImageResults): ClaimsBlock {
  const compared = comparedAll(results);
  return { type: 'claims', claims: CLAIMS.map((definition) => judgeClaim(compared, definition)) };
}

/** CARE beside SimCLR at the weight of the main runs. */
function mainAnswer({ holds, missing }: Verdicts, lambda: string): string {
  if (missing('colour-simclr')) return 'CARE was not compared with SimCLR yet.';
  if (holds('colour-simclr') && holds('follows-simclr'))
    return `With CARE${lambda} the neighbours of a recoloured image follow its new colour more than with SimCLR.`;
  if (holds('colour-simclr'))
    return `With CARE${lambda} the neighbours of a recoloured image are nearer to its new colour than with SimCLR, but were not shown to follow the change more.`;
  return holds('follows-simclr')
    ? `With CARE${lambda} the neighbours follow a change of colour more than with SimCLR, but were not shown to be nearer to the new colour.`
    : `With CARE${lambda} the neighbours of a recoloured image were not shown to follow its colour more than with SimCLR.`;
}

function strongAnswer({ holds, missing }: Verdicts): string {
  if (missing('strong-simclr')) return '';
  const more = `follow it more than SimCLR\u2019s${holds('strong-simclr') && holds('follows-simclr') ? ', too' : ''}`;
  return ` At lambda ${STRONG_LAMBDA} CARE\u2019s neighbours ${holds('strong-simclr') ? more : `were not shown to ${more}`}.`;
}

function controlAnswer({ holds, missing, opposite }: Verdicts): string {
  if (missing('untrained')) return ' CARE was not compared with an untrained encoder yet.';
  if (opposite('untrained'))
    return ' CARE\u2019s neighbours are farther from the new colour than an untrained encoder\u2019s.';
  const nearer = 'nearer to the new colour than an untrained encoder\u2019s';
  return ` CARE\u2019s neighbours ${holds('untrained') ? 'are' : 'were not shown to be'} ${nearer}.`;
}

/** The answer in a sentence or three, composed of the verdicts. */
function answerOf({ plan }: ImageResults, claims: readonly ClaimResult[]): string {
  const verdicts = verdictsOf(claims);
  if (verdicts.nothingRun) return 'Nothing was run yet, so there is no answer.';
  const weight = careOf(plan.runs)?.config.training.lambda;
  const lambda = weight === undefined ? '' : ` at lambda ${weight}`;
  return `${mainAnswer(verdicts, lambda)}${strongAnswer(verdicts)}${controlAnswer(verdicts)}`;
}

/** The first screen. */
export function retrievalSummary(results: ImageResults): SummaryBlock {
  const { claims } = retrievalClaims(results);
  const records = recordsOf(results.outcomes);
  const { profile, preset } = results.plan.choice;
  return {
    type: 'summary',
    question: 'Do the neighbours of a recoloured image have its new colour?',
    answer: answerOf(results, claims),
    ...warningOf(records, {
      items: 'images',
      whyGenerated: 'no flowers were found under CARE_DATA_DIR',
    }),
    verdicts: verdictBadges(CLAIMS, claims),
    hero: heroFigure(results),
    facts: factsOf({ profile, preset, records, planned: results.outcomes.length, items: 'images' }),
  };
}

/** Settings, the paper's and ours. */
export function retrievalSettings(results: ImageResults): SettingsBlock {
  const { plan, outcomes } = results;
  const run = careOf(plan.runs);
  if (run === undefined) return { type: 'settings', rows: [] };
  const { jitter, brightness, contrast, saturation, hue } = run.config.augmentation;
  const { retrieval, images } = run.settings;
  const paper = { data: 'Flowers-102', encoder: NOT_GIVEN, lambda: NOT_GIVEN, epochs: NOT_GIVEN };
  return {
    type: 'settings',
    rows: [
      ...trainingRows(run, recordsOf(outcomes), paper, variedLambdas(plan.runs)),
      row(
        'change of colour',
        'colour change, not specified',
        `brightness, contrast, saturation by up to ${[brightness, contrast, saturation].join(', ')}, hue by ${retrieval.hue ?? hue} turns`,
        `as in training, but of every image (there with probability ${jitter})`,
      ),
      row('neighbours', '5, by Euclidean distance', `${retrieval.k}, by Euclidean distance`),
      row(
        'queries',
        'some, chosen by hand',
        images === null ? 'all test images' : `${images} test images at most`,
      ),
      row('permutations of the baseline', NOT_GIVEN, String(retrieval.permutations)),
      seedsRow(plan.runs),
    ],
  };
}
