/** What the paper claims of the protein experiment, judged by records; and the first screen that follows from it. */
import type { EncoderName } from '../experiments/protein/config.js';
import { ENCODER_LABELS } from '../experiments/protein/labels.js';
import { objectiveOf } from '../experiments/protein/config.js';
import type { ProteinResults } from '../experiments/protein/study.js';
import type { RunRecord } from '../runs/record.js';
import type { ClaimResult, ClaimsBlock, SettingsBlock, SummaryBlock } from './blocks.js';
import { mean } from './charts/statistics.js';
import { judgeBest, judgeOrdering, type Judgement } from './claims.js';
import {
  encodersOf,
  heroFigure,
  mainOutcomes,
  QUANTITIES,
  seedValues,
  valuesBySeed,
  variedSettings,
  type Quantity,
} from './protein.js';

interface ClaimDefinition {
  readonly id: string;
  /** A few words for the badge on the first screen. */
  readonly label: string;
  readonly claim: string;
  readonly place: string;
  readonly paperValue: string;
  readonly quantity: Quantity;
  readonly ours: EncoderName;
  /** One rival: an ordering. Several: ours must be the best of all. */
  readonly rivals: readonly EncoderName[];
}

const CLAIMS: readonly ClaimDefinition[] = [
  {
    id: 'circles-simclr',
    label: 'rounder than SimCLR',
    claim:
      'While a protein turns, its CARE embedding follows a circle more closely than its SimCLR embedding.',
    place: 'Figure 3',
    paperValue: 'circles for CARE, none for SimCLR (no number)',
    quantity: QUANTITIES.roundness,
    ours: 'care',
    rivals: ['simclr'],
  },
  {
    id: 'circles-all',
    label: 'rounder than all ablations',
    claim: 'CARE\u2019s paths are rounder than those of SimCLR, L_unif and L_inv.',
    place: 'Figures 3, 17 to 20',
    paperValue: 'circles for CARE alone (no number)',
    quantity: QUANTITIES.roundness,
    ours: 'care',
    rivals: ['simclr', 'l-unif', 'l-inv'],
  },
  {
    id: 'component-simclr',
    label: 'keeps orientation better than SimCLR',
    claim: 'The first principal component is read from CARE with a smaller error than from SimCLR.',
    place: 'Figure 4',
    paperValue: 'CARE lower (bar chart, no number)',
    quantity: QUANTITIES.axisLinear,
    ours: 'care',
    rivals: ['simclr'],
  },
  {
    id: 'component-all',
    label: 'keeps orientation best',
    claim:
      'CARE has the lowest error of CARE, SimCLR, L_unif and L_inv in predicting the first principal component.',
    place: 'Figure 4',
    paperValue: 'CARE lowest (bar chart, no number)',
    quantity: QUANTITIES.axisLinear,
    ours: 'care',
    rivals: ['simclr', 'l-unif', 'l-inv'],
  },
  {
    id: 'component-untrained',
    label: 'beats an untrained encoder',
    claim:
      'Training with CARE makes the first principal component easier to read than from an untrained encoder.',
    place: 'a control that the paper lacks',
    paperValue: 'not measured',
    quantity: QUANTITIES.axisLinear,
    ours: 'care',
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
    ours: 'care',
    rivals: ['simclr'],
  },
  {
    id: 'gamma-simclr',
    label: 'lower gamma_f',
    claim: 'CARE has the lower relative rotational equivariance error gamma_f.',
    place: 'Figure 8, there on CIFAR10',
    paperValue: 'CARE much lower (no number for proteins)',
    quantity: QUANTITIES.gammaPooled,
    ours: 'care',
    rivals: ['simclr'],
  },
  {
    id: 'equivariance-term',
    label: 'L_equi adds equivariance',
    claim:
      'Adding L_equi to L_unif makes the embedding more equivariant: one rotation explains more of its movement.',
    place: 'Section 3, L_equi + L_unif is non-trivial',
    paperValue: 'stated (no number for proteins)',
    quantity: QUANTITIES.wahbaRelative,
    ours: 'l-unif+l-equi',
    rivals: ['l-unif'],
  },
];

function judge(results: ProteinResults, definition: ClaimDefinition): Judgement {
  const { quantity, ours, rivals } = definition;
  const seedsOf = (encoder: EncoderName) => valuesBySeed(results, encoder, quantity).map(({ seed }) => seed);
  const ran = rivals.filter((rival) => seedsOf(rival).length > 0);
  const common = {
    ours: seedValues(results, ours, quantity),
    // An experiment that was interrupted has more seeds of one encoder than of another.
    paired: ran.every((rival) => seedsOf(rival).join() === seedsOf(ours).join()),
    oursName: ENCODER_LABELS[ours],
    lowerIsBetter: quantity.lowerIsBetter,
    // The paper leaves n, the network, the optimiser and lambda of this experiment open: no run can have its setting.
    sameSetting: false,
    ...(quantity.unit === undefined ? {} : { unit: quantity.unit }),
  };
  const values = rivals.map((name) => ({
    name: ENCODER_LABELS[name],
    values: seedValues(results, name, quantity),
  }));
  const [only] = values;
  if (values.length === 1 && only !== undefined) {
    return judgeOrdering({ ...common, other: only.values, otherName: only.name });
  }
  return judgeBest({ ...common, rivals: values });
}

/** Every claim with its verdict. */
export function proteinClaims(results: ProteinResults): ClaimsBlock {
  const claims = CLAIMS.map((definition): ClaimResult => {
    const { verdict, ours, difference, because } = judge(results, definition);
    const { id, claim, place, paperValue, quantity } = definition;
    const involved = [definition.ours, ...definition.rivals];
    return {
      id,
      claim,
      place,
      paperValue,
      ours: `${quantity.title}: ${ours}`,
      difference,
      verdict,
      because,
      profile: results.plan.choice.profile,
      runs: involved.flatMap((encoder) =>
        mainOutcomes(results, encoder).flatMap(({ record }) => record?.id ?? []),
      ),
    };
  });
  return { type: 'claims', claims };
}

function newest(records: readonly RunRecord[]): RunRecord | undefined {
  const endOf = (record: RunRecord) => record.sessions.at(-1)?.endedAt ?? '';
  return [...records].sort((a, b) => (endOf(a) < endOf(b) ? 1 : -1))[0];
}

/** The answer in a sentence: what held, what did not, and who was best; composed of the verdicts. */
function answerOf(results: ProteinResults, claims: readonly ClaimResult[]): string {
  const verdictOf = (id: string) => claims.find((claim) => claim.id === id)?.verdict ?? 'not run';
  if (claims.every(({ verdict }) => verdict === 'not run'))
    return 'Nothing was run yet, so there is no answer.';
  const holds = (id: string) => verdictOf(id) === 'reproduced' || verdictOf(id) === 'direction holds';
  const best = encodersOf(results)
    .map((encoder) => ({ encoder, value: mean(seedValues(results, encoder, QUANTITIES.roundness)) }))
    .filter(({ value }) => Number.isFinite(value))
    .sort((a, b) => b.value - a.value)[0];
  const missing = (id: string) => verdictOf(id) === 'not run';
  const against = holds('circles-simclr')
    ? 'CARE\u2019s paths are rounder than SimCLR\u2019s'
    : missing('circles-simclr')
      ? 'CARE\u2019s paths were not compared with SimCLR\u2019s yet'
      : 'CARE\u2019s paths are no rounder than SimCLR\u2019s beyond what seeds explain';
  const component = holds('component-all')
    ? 'and CARE keeps the principal component best'
    : holds('component-simclr')
      ? `and CARE keeps the principal component better than SimCLR${missing('component-all') ? '' : ', but not best of all'}`
      : missing('component-simclr')
        ? 'and how well the two keep the principal component was not compared'
        : 'and CARE does not keep the principal component better than SimCLR';
  const roundest =
    best === undefined ? '' : ` The roundest paths are those of ${ENCODER_LABELS[best.encoder]}.`;
  return `${against}, ${component}.${roundest}`;
}

/** What must stand in the first line: data that are not real, or not the same for all runs. */
function warningOf(records: readonly RunRecord[]): Pick<SummaryBlock, 'warning'> {
  const generated = records.some(({ data }) => data.generated);
  const mixed = generated && records.some(({ data }) => !data.generated);
  if (mixed) {
    return {
      warning:
        'Some of these runs are on generated proteins, others on real ones: they cannot be compared. Run again with the data of your choice.',
    };
  }
  return generated
    ? {
        warning:
          'These proteins were generated: no structures were found under CARE_DATA_DIR. Nothing here is a statement about real proteins.',
      }
    : {};
}

/** The first screen. */
export function proteinSummary(results: ProteinResults): SummaryBlock {
  const { claims } = proteinClaims(results);
  const records = results.outcomes.flatMap(({ record }) => (record === null ? [] : [record]));
  const last = newest(records);
  const seeds = new Set(records.map(({ seeds: { pretraining } }) => pretraining));
  const environment = last?.sessions.at(-1)?.environment;
  const date = last?.sessions.at(-1)?.endedAt?.slice(0, 10);
  const commit = last?.code.commit;
  const clean = last?.code.clean === false ? ' (changed since)' : '';
  const labels = new Map(CLAIMS.map(({ id, label }) => [id, label]));
  return {
    type: 'summary',
    question: 'Does CARE\u2019s embedding turn when the protein turns?',
    answer: answerOf(results, claims),
    ...warningOf(records),
    verdicts: claims.map(({ id, verdict, claim }) => ({ label: labels.get(id) ?? id, verdict, claim })),
    hero: heroFigure(results),
    facts: [
      { label: 'profile', value: results.plan.choice.profile },
      { label: 'preset', value: results.plan.choice.preset },
      {
        label: 'data',
        value: last === undefined ? 'none' : `${last.data.name}, ${last.data.items} structures`,
      },
      { label: 'runs', value: `${records.length} of ${results.outcomes.length}` },
      { label: 'pretraining seeds', value: String(seeds.size) },
      {
        label: 'device',
        value: environment === undefined ? 'none' : `${environment.device}, ${environment.cpu.trim()}`,
      },
      { label: 'date', value: date ?? 'not run' },
      { label: 'commit', value: commit == null ? 'none' : `${commit.slice(0, 10)}${clean}` },
    ],
  };
}

/** Settings, the paper's and ours. */
export function proteinSettings(results: ProteinResults): SettingsBlock {
  const { plan, outcomes } = results;
  const config =
    plan.runs.find(({ encoder }) => objectiveOf(encoder) !== null)?.config ?? plan.runs[0]?.config;
  if (config === undefined) return { type: 'settings', rows: [] };
  const { data, model, training } = config;
  const open = 'not given';
  const found = outcomes.find(({ record }) => record !== null)?.record?.data;
  const dataName = found === undefined ? 'not run' : `${found.name}, ${found.items}`;
  const varied = variedSettings(results);
  const ifVaried = (...settings: string[]) =>
    settings.some((setting) => varied.includes(setting)) ? 'varied below' : undefined;
  const row = (setting: string, paper: string, ours: string, why?: string) => ({
    setting,
    paper,
    ours,
    differs: paper !== open && paper !== ours,
    open: paper === open,
    ...(why === undefined ? {} : { why }),
  });
  return {
    type: 'settings',
    rows: [
      row('data', 'PDB, structures not named', dataName, 'the paper does not say which'),
      row('atoms', open, data.atoms === 'ca' ? 'C-alpha' : 'backbone'),
      row('points a cloud', open, String(data.points), ifVaried('data.points')),
      row(
        'scale of a cloud',
        open,
        data.scale === 'rms' ? 'each to radius 1' : 'one length for all',
        'size alone would tell proteins apart',
      ),
      row('split', open, `by structure and relatives, ${Math.round(100 * data.testFraction)} % held out`),
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
        open,
        String(training.temperature),
        'at .5 training stays at the trivial solution for long',
      ),
      row(
        'lambda, reduction',
        open,
        `${training.lambda}, ${training.reduction}`,
        ifVaried('training.lambda'),
      ),
      row('chunks of L_equi', open, `${training.chunks} of ${training.batch / training.chunks}`),
      row('optimiser', open, `Adam ${training.learningRate}, weight decay ${training.weightDecay}`),
      row('steps, batch', open, `${training.steps}, ${training.batch}`, ifVaried('training.steps')),
      row(
        'target of Figure 4',
        'first principal component',
        'first principal component, without sign',
        'its sign means nothing',
      ),
      row('pretraining seeds', open, String(new Set(plan.runs.map(({ seed }) => seed)).size)),
    ],
  };
}
