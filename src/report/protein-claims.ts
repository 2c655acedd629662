/** What the paper claims of the protein experiment, judged by records; and the first screen that follows from it. */
import { objectiveOf } from '../experiments/protein/config.js';
import type { ProteinResults } from '../experiments/protein/study.js';
import type { ClaimResult, ClaimsBlock, SettingsBlock, SummaryBlock } from './blocks.js';
import { ranking, recordsOf } from './compared.js';
import { judgeClaim, verdictBadges, verdictsOf, type ClaimDefinition } from './compared-claims.js';
import { factsOf, warningOf } from './first-screen.js';
import { comparedEncoders, encoderLabel, heroFigure, QUANTITIES, variedSettings } from './protein.js';
import { NOT_GIVEN, seedsRow, settingRow as row } from './setting-row.js';

const CLAIMS: readonly ClaimDefinition<ReturnType<typeof encoderLabel>>[] = [
  {
    id: 'circles-simclr',
    label: 'rounder than SimCLR',
    claim:
      'While a protein turns, its CARE embedding follows a circle more closely than its SimCLR embedding.',
    place: 'Figure 3',
    paperValue: 'circles for CARE, none for SimCLR (no number)',
    quantity: QUANTITIES.roundness,
    ours: 'CARE',
    rivals: ['SimCLR'],
  },
  {
    id: 'circles-all',
    label: 'rounder than all ablations',
    claim: 'CARE\u2019s paths are rounder than those of SimCLR, L_unif and L_inv.',
    place: 'Figures 3, 17 to 20',
    paperValue: 'circles for CARE alone (no number)',
    quantity: QUANTITIES.roundness,
    ours: 'CARE',
    rivals: ['SimCLR', 'L_unif', 'L_inv'],
  },
  {
    id: 'component-simclr',
    label: 'keeps orientation better than SimCLR',
    claim: 'The first principal component is read from CARE with a smaller error than from SimCLR.',
    place: 'Figure 4',
    paperValue: 'CARE lower (bar chart, no number)',
    quantity: QUANTITIES.axisLinear,
    ours: 'CARE',
    rivals: ['SimCLR'],
  },
  {
    id: 'component-all',
    label: 'keeps orientation best',
    claim:
      'CARE has the lowest error of CARE, SimCLR, L_unif and L_inv in predicting the first principal component.',
    place: 'Figure 4',
    paperValue: 'CARE lowest (bar chart, no number)',
    quantity: QUANTITIES.axisLinear,
    ours: 'CARE',
    rivals: ['SimCLR', 'L_unif', 'L_inv'],
  },
  {
    id: 'component-untrained',
    label: 'keeps orientation better than untrained',
    claim:
      'Training with CARE makes the first principal component easier to read than from an untrained encoder.',
    place: 'a control that the paper lacks',
    paperValue: 'not measured',
    quantity: QUANTITIES.axisLinear,
    ours: 'CARE',
    rivals: ['untrained'],
  },
  {
    id: 'wahba-simclr',
    label: 'one rotation explains more',
    claim:
      'One rotation of the sphere explains more of what turning does to CARE\u2019s embeddings than to SimCLR\u2019s.',
    place: 'Figure 5, there on CIFAR10',
    paperValue: 'CARE lower (no number for proteins)',
    quantity: QUANTITIES.wahbaRelative,
    ours: 'CARE',
    rivals: ['SimCLR'],
  },
  {
    id: 'gamma-simclr',
    label: 'lower gamma_f',
    claim:
      'CARE has the lower relative rotational equivariance error gamma_f, as a ratio of means, in which structures that hardly move do not dominate; the paper\u2019s is a mean of ratios.',
    place: 'Figure 8, there on CIFAR10',
    paperValue: 'CARE much lower (no number for proteins)',
    quantity: QUANTITIES.gammaPooled,
    ours: 'CARE',
    rivals: ['SimCLR'],
  },
  {
    id: 'equivariance-term',
    label: 'L_equi adds equivariance',
    claim:
      'Adding L_equi to L_unif makes the embedding more equivariant: one rotation explains more of its movement.',
    place: 'Section 3, L_equi + L_unif is non-trivial',
    paperValue: 'stated (no number for proteins)',
    quantity: QUANTITIES.wahbaRelative,
    ours: 'L_unif+L_equi',
    rivals: ['L_unif'],
  },
];

/** Every claim with its verdict. */
export function proteinClaims(results: ProteinResults): ClaimsBlock {
  const compared = comparedEncoders(results);
  return { type: 'claims', claims: CLAIMS.map((definition) => judgeClaim(compared, definition)) };
}

/** The answer in a sentence: what held, what did not, and who was best; composed of the verdicts. */
function answerOf(results: ProteinResults, claims: readonly ClaimResult[]): string {
  const { holds, missing, opposite, nothingRun } = verdictsOf(claims);
  if (nothingRun) return 'Nothing was run yet, so there is no answer.';
  const ranked = ranking(comparedEncoders(results), QUANTITIES.roundness).map(({ method }) => method);
  const [best] = ranked;
  const behind = ranked.indexOf('CARE') > ranked.indexOf('untrained') && ranked.includes('untrained');
  const against = holds('circles-simclr')
    ? 'CARE\u2019s paths are rounder than SimCLR\u2019s'
    : missing('circles-simclr')
      ? 'CARE\u2019s paths were not compared with SimCLR\u2019s yet'
      : 'CARE\u2019s paths were not shown to be rounder than SimCLR\u2019s';
  const notBest = opposite('component-all')
    ? 'does not keep it best of all'
    : 'was not shown to keep it best of all';
  const untrained =
    opposite('component-untrained') && !missing('component-simclr')
      ? ', and an untrained encoder keeps it better than CARE'
      : '';
  const component = holds('component-all')
    ? 'and CARE keeps the principal component best of those trained with the paper\u2019s losses'
    : holds('component-simclr')
      ? `and CARE keeps the principal component better than SimCLR${missing('component-all') ? '' : `, but ${notBest}`}`
      : missing('component-simclr')
        ? 'and how well the two keep the principal component was not compared'
        : 'and CARE was not shown to keep the principal component better than SimCLR';
  const control = behind ? ', and on average those of an untrained encoder are rounder than CARE\u2019s' : '';
  const roundest = best === undefined ? '' : ` The roundest paths are those of ${best}${control}.`;
  return `${against}, ${component}${untrained}.${roundest}`;
}

/** The first screen. */
export function proteinSummary(results: ProteinResults): SummaryBlock {
  const { claims } = proteinClaims(results);
  const records = recordsOf(results.outcomes);
  const { profile, preset } = results.plan.choice;
  return {
    type: 'summary',
    question: 'Does CARE\u2019s embedding turn when the protein turns?',
    answer: answerOf(results, claims),
    ...warningOf(records, {
      items: 'proteins',
      whyGenerated: 'no structures were found under CARE_DATA_DIR',
    }),
    verdicts: verdictBadges(CLAIMS, claims),
    hero: heroFigure(results),
    facts: factsOf({ profile, preset, records, planned: results.outcomes.length, items: 'structures' }),
  };
}

/** Settings, the paper's and ours. */
export function proteinSettings(results: ProteinResults): SettingsBlock {
  const { plan, outcomes } = results;
  const config =
    plan.runs.find(({ encoder }) => objectiveOf(encoder) !== null)?.config ?? plan.runs[0]?.config;
  if (config === undefined) return { type: 'settings', rows: [] };
  const { data, model, training } = config;
  const found = outcomes.find(({ record }) => record !== null)?.record?.data;
  const dataName = found === undefined ? 'not run' : `${found.name}, ${found.items}`;
  const varied = variedSettings(results);
  const ifVaried = (...settings: string[]) =>
    settings.some((setting) => varied.includes(setting)) ? 'varied below' : undefined;
  return {
    type: 'settings',
    rows: [
      row('data', 'PDB, structures not named', dataName, 'the paper does not say which'),
      row('atoms', NOT_GIVEN, data.atoms === 'ca' ? 'C-alpha' : 'backbone'),
      row('points a cloud', NOT_GIVEN, String(data.points), ifVaried('data.points')),
      row(
        'scale of a cloud',
        NOT_GIVEN,
        data.scale === 'rms' ? 'each to radius 1' : 'one length for all',
        'size alone would tell proteins apart',
      ),
      row(
        'split',
        NOT_GIVEN,
        `by structure and relatives, ${Math.round(100 * data.testFraction)} % held out`,
      ),
      row(
        'encoder',
        'DeepSet',
        `DeepSet, phi 3-${model.phi.join('-')}, ${model.pooling}, rho ${model.rho.join('-')}`,
        'the paper gives no widths',
      ),
      row('embedding', 'R^16, on the sphere', `R^${model.rho.at(-1) ?? 0}, on the sphere`),
      row('augmentations', 'random rotations of SO(3)', 'random rotations of SO(3)', 'Haar-uniform'),
      row(
        'temperature',
        NOT_GIVEN,
        String(training.temperature),
        'at that of CIFAR10 training stays at the trivial solution for long',
      ),
      row(
        'lambda, reduction',
        NOT_GIVEN,
        `${training.lambda}, ${training.reduction}`,
        ifVaried('training.lambda'),
      ),
      row('chunks of L_equi', NOT_GIVEN, `${training.chunks} of ${training.batch / training.chunks}`),
      row('optimiser', NOT_GIVEN, `Adam ${training.learningRate}, weight decay ${training.weightDecay}`),
      row('steps, batch', NOT_GIVEN, `${training.steps}, ${training.batch}`, ifVaried('training.steps')),
      row(
        'target of Figure 4',
        'first principal component',
        'first principal component, without sign',
        'its sign means nothing',
      ),
      seedsRow(plan.runs),
    ],
  };
}
