/** What the paper shows of retrieval, judged by records; and the first screen that follows from it. */
import type { ImageResults } from '../../experiments/images/study.js';
import type { ClaimResult, ClaimsBlock, SettingsBlock, SummaryBlock } from '../blocks.js';
import { recordsOf } from '../compared.js';
import { judgeClaim, verdictBadges, verdictsOf, type ClaimDefinition } from '../compared-claims.js';
import { factsOf, warningOf } from '../first-screen.js';
import { NOT_GIVEN, settingRow as row } from '../setting-row.js';
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

/** Every claim with its verdict. */
export function retrievalClaims(results: ImageResults): ClaimsBlock {
  const compared = comparedAll(results);
  return { type: 'claims', claims: CLAIMS.map((definition) => judgeClaim(compared, definition)) };
}

/** The answer in a sentence or three, composed of the verdicts. */
function answerOf(claims: readonly ClaimResult[]): string {
  const { holds, missing, nothingRun } = verdictsOf(claims);
  if (nothingRun) return 'Nothing was run yet, so there is no answer.';
  const main = missing('colour-simclr')
    ? 'CARE was not compared with SimCLR yet.'
    : holds('colour-simclr') && holds('follows-simclr')
      ? 'With CARE the neighbours of a recoloured image follow its new colour more than with SimCLR.'
      : holds('colour-simclr')
        ? 'With CARE the neighbours of a recoloured image are nearer to its new colour than with SimCLR, but not because they follow the change.'
        : holds('follows-simclr')
          ? 'With CARE the neighbours follow a change of colour more than with SimCLR, without being nearer to the new colour.'
          : 'At the paper\u2019s lambda the neighbours of a recoloured image follow its colour no more with CARE than with SimCLR, beyond what seeds explain.';
  const strong = missing('strong-simclr')
    ? ''
    : holds('strong-simclr')
      ? ` At a larger lambda they ${holds('follows-simclr') ? 'do, too' : 'do'}.`
      : ' Nor do they at a larger lambda, beyond what seeds explain.';
  const control = missing('untrained')
    ? ''
    : holds('untrained')
      ? ' CARE beats an untrained encoder in that.'
      : ' An untrained encoder is no worse in that: colour is what it sees first.';
  return `${main}${strong}${control}`;
}

/** The first screen. */
export function retrievalSummary(results: ImageResults): SummaryBlock {
  const { claims } = retrievalClaims(results);
  const records = recordsOf(results.outcomes);
  const { profile, preset } = results.plan.choice;
  return {
    type: 'summary',
    question: 'Do the neighbours of a recoloured image have its new colour?',
    answer: answerOf(claims),
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
  const run = plan.runs.find(({ part, method }) => part === 'main' && method === 'care');
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
      row('pretraining seeds', NOT_GIVEN, String(new Set(plan.runs.map(({ seed }) => seed)).size)),
    ],
  };
}
