/** What the paper states of equivariance, judged by records; and the first screen that follows from it. */
import type { PropertiesResults } from '../../experiments/equivariance-properties.js';
import { FORM_LABELS } from '../../experiments/forms/study.js';
import type { BilinearForm } from '../../losses/bilinear-equivariance.js';
import type { ClaimResult, ClaimsBlock, SettingsBlock, SummaryBlock } from '../blocks.js';
import { judgeOrdering } from '../claims.js';
import { recordsOf, seedValues, type Compared, type Quantity } from '../compared.js';
import {
  claimResult,
  judgeClaim,
  verdictBadges,
  verdictsOf,
  type ClaimDefinition,
  type ClaimText,
} from '../compared-claims.js';
import { factsOf, warningOf } from '../first-screen.js';
import { trainingRows, variedLambdas } from '../images/setting-rows.js';
import { NOT_GIVEN, settingRow as row } from '../setting-row.js';
import { comparedForm, comparedImages, heroFigure, STRONG } from './properties.js';
import { EMBEDDING as E, FEATURES as F, FORM_QUANTITIES as Q } from './quantities.js';

/** One method is better than others, of images or with a form. */
interface Ordering extends ClaimDefinition {
  readonly kind: 'ordering';
  readonly of: 'images' | BilinearForm;
}

/** A method is below a level that means something. */
interface Below extends ClaimText {
  readonly kind: 'below';
  readonly quantity: Quantity;
  readonly ours: string;
  readonly level: number;
  /** What has that level. */
  readonly levelIs: string;
}

type Definition = Ordering | Below;

const NO_NUMBER = 'stated (no number)';
const ASKED = 'asked for by its reviewers';

function onImages(text: ClaimText, quantity: Quantity, ours: string, rivals: readonly string[]): Ordering {
  return { kind: 'ordering', of: 'images', ...text, quantity, ours, rivals };
}

function withForm(form: BilinearForm, text: ClaimText, quantity: Quantity): Ordering {
  return {
    kind: 'ordering',
    of: form,
    ...text,
    quantity,
    ours: FORM_LABELS.with,
    rivals: [FORM_LABELS.without],
  };
}

const CLAIMS: readonly Definition[] = [
  onImages(
    {
      id: 'rotation',
      label: 'more of a rotation than SimCLR',
      claim:
        'One rotation explains more of what an augmentation does to CARE\u2019s embeddings than to SimCLR\u2019s.',
      place: 'Proposition 1, Figure 5',
      paperValue: 'lower error (no number)',
    },
    E.relative,
    'CARE',
    ['SimCLR'],
  ),
  onImages(
    {
      id: 'rotation-strong',
      label: 'more at a larger lambda',
      claim: `The more weight L_equi has, the more of a rotation is an augmentation: ${STRONG} against CARE.`,
      place: 'Proposition 1',
      paperValue: NO_NUMBER,
    },
    E.relative,
    STRONG,
    ['CARE'],
  ),
  {
    kind: 'below',
    id: 'steering',
    label: 'steers unseen images',
    claim:
      'A rotation recovered on half of the images takes CARE\u2019s embeddings of the other half nearer to where the augmentation takes them.',
    place: 'Proposition 1',
    paperValue: ASKED,
    quantity: E.steering,
    ours: 'CARE',
    level: 1,
    levelIs: 'standing still',
  },
  onImages(
    {
      id: 'steering-simclr',
      label: 'steers better than SimCLR',
      claim: 'A recovered rotation steers unseen images better with CARE than with SimCLR.',
      place: 'Proposition 1',
      paperValue: ASKED,
    },
    E.steering,
    'CARE',
    ['SimCLR'],
  ),
  {
    kind: 'below',
    id: 'composition',
    label: 'compositions compose',
    claim:
      'With CARE, the rotation of a composed augmentation is nearer to the product of its parts\u2019 rotations than to one of augmentations that have nothing to do with it.',
    place: 'Corollary 1',
    paperValue: ASKED,
    quantity: E.composition,
    ours: 'CARE',
    level: 1,
    levelIs: 'unrelated augmentations',
  },
  onImages(
    {
      id: 'composition-simclr',
      label: 'compose better than SimCLR\u2019s',
      claim: 'Rotations compose better with CARE than with SimCLR.',
      place: 'Corollary 1',
      paperValue: ASKED,
    },
    E.composition,
    'CARE',
    ['SimCLR'],
  ),
  onImages(
    {
      id: 'before-head',
      label: 'also before the head',
      claim: 'Before the head, too, one rotation explains more with CARE than with SimCLR.',
      place: 'an addition',
      paperValue: ASKED,
    },
    F.relative,
    'CARE',
    ['SimCLR'],
  ),
  onImages(
    {
      id: 'baselines-wahba',
      label: 'more of a rotation than equivariant baselines',
      claim: 'One rotation explains more with CARE than with EquiMod and E-SSL.',
      place: 'an addition',
      paperValue: ASKED,
    },
    E.relative,
    'CARE',
    ['EquiMod', 'E-SSL'],
  ),
  onImages(
    {
      id: 'baselines-gamma',
      label: 'lower gamma_f than equivariant baselines',
      claim: 'CARE has a lower gamma_f than EquiMod and E-SSL.',
      place: 'an addition',
      paperValue: ASKED,
    },
    E.gamma,
    'CARE',
    ['EquiMod', 'E-SSL'],
  ),
  onImages(
    {
      id: 'parameters',
      label: 'parameters easier to read',
      claim:
        'The augmentation\u2019s parameters are read better from CARE\u2019s embeddings than from SimCLR\u2019s.',
      place: 'an addition',
      paperValue: 'not measured',
    },
    E.parameters,
    'CARE',
    ['SimCLR'],
  ),
  onImages(
    {
      id: 'untrained',
      label: 'more of a rotation than untrained',
      claim:
        'Training with CARE makes augmentations more of a rotation than they are for an untrained encoder.',
      place: 'a control that the paper lacks',
      paperValue: 'not measured',
    },
    E.relative,
    'CARE',
    ['untrained'],
  ),
  withForm(
    'minkowski',
    {
      id: 'lorentz-values',
      label: 'Minkowski\u2019s form stays',
      claim:
        'With Minkowski\u2019s form in L_equi, turning a protein changes the form\u2019s values less than without.',
      place: 'Section 3.2',
      paperValue: NO_NUMBER,
    },
    Q.gram,
  ),
  withForm(
    'minkowski',
    {
      id: 'lorentz-group',
      label: 'rotations act by the Lorentz group',
      claim:
        'With Minkowski\u2019s form in L_equi, rotations act by linear maps nearer to the Lorentz group than without.',
      place: 'Section 3.2',
      paperValue: NO_NUMBER,
    },
    Q.defect,
  ),
  withForm(
    'symplectic',
    {
      id: 'symplectic-values',
      label: 'the symplectic form stays',
      claim:
        'With the symplectic form in L_equi, turning a protein changes the form\u2019s values less than without.',
      place: 'Section 3.2',
      paperValue: NO_NUMBER,
    },
    Q.gram,
  ),
  withForm(
    'symplectic',
    {
      id: 'symplectic-group',
      label: 'rotations act by Sp(2n)',
      claim:
        'With the symplectic form in L_equi, rotations act by linear maps nearer to Sp(2n) than without.',
      place: 'Section 3.2',
      paperValue: NO_NUMBER,
    },
    Q.defect,
  ),
];

function judgeBelow(compared: Compared, definition: Below): ClaimResult {
  const { quantity, ours, level, levelIs } = definition;
  const values = seedValues(compared, ours, quantity);
  const judged = judgeOrdering({
    ours: values,
    other: values.map(() => level),
    oursName: ours,
    otherName: levelIs,
    paired: true,
    lowerIsBetter: quantity.lowerIsBetter,
    sameSetting: compared.sameSetting,
  });
  return claimResult(compared, definition, judged, quantity, [ours]);
}

/** Every claim with its verdict. */
export function propertiesClaims(results: PropertiesResults): ClaimsBlock {
  const images = comparedImages(results);
  const claims = CLAIMS.map((definition) => {
    if (definition.kind === 'below') return judgeBelow(images, definition);
    const compared = definition.of === 'images' ? images : comparedForm(results.forms, definition.of);
    return judgeClaim(compared, definition);
  });
  return { type: 'claims', claims };
}

function formsAnswer({ holds, missing }: ReturnType<typeof verdictsOf>): string {
  if (missing('lorentz-group') && missing('symplectic-group')) return '';
  const lorentz = holds('lorentz-values') && holds('lorentz-group');
  const symplectic = holds('symplectic-values') && holds('symplectic-group');
  if (lorentz && symplectic)
    return ' Other forms do what section 3.2 says, Minkowski\u2019s and the symplectic one.';
  if (lorentz)
    return ' Minkowski\u2019s form does what section 3.2 says; the symplectic one does not at this size.';
  if (symplectic)
    return ' The symplectic form does what section 3.2 says; Minkowski\u2019s does not at this size.';
  return ' Other forms do not show what section 3.2 says at this size, beyond what seeds explain.';
}

/** The answer in a few sentences, composed of the verdicts. */
function answerOf(claims: readonly ClaimResult[]): string {
  const verdicts = verdictsOf(claims);
  const { holds, missing, nothingRun } = verdicts;
  if (nothingRun) return 'Nothing was run yet, so there is no answer.';
  const rotation = missing('rotation')
    ? 'CARE was not compared with SimCLR yet.'
    : holds('rotation')
      ? 'Augmentations act more like rotations with CARE than with SimCLR'
      : 'At the paper\u2019s lambda augmentations act no more like rotations with CARE than with SimCLR, beyond what seeds explain';
  const strong = missing('rotation')
    ? ''
    : missing('rotation-strong')
      ? '.'
      : holds('rotation-strong')
        ? ', and the more so the larger lambda is.'
        : ', and a larger lambda changes nothing that seeds do not.';
  const composes = missing('composition')
    ? ''
    : holds('composition')
      ? ' Recovered rotations compose better than unrelated ones'
      : ' Recovered rotations compose no better than unrelated ones';
  const steers = missing('composition')
    ? ''
    : missing('steering')
      ? '.'
      : holds('steering')
        ? ', and steer unseen images.'
        : ', and do not steer unseen images.';
  return `${rotation}${strong}${composes}${steers}${formsAnswer(verdicts)}`;
}

/** The first screen. */
export function propertiesSummary(results: PropertiesResults): SummaryBlock {
  const { claims } = propertiesClaims(results);
  const { plan, images, forms } = results;
  const { profile, preset } = plan.choice;
  const records = recordsOf(results.outcomes);
  return {
    type: 'summary',
    question: 'Do augmentations act on the embedding as rotations that compose?',
    answer: answerOf(claims),
    ...warningOf(recordsOf(forms.outcomes), {
      items: 'proteins',
      whyGenerated: 'no structures were found under CARE_DATA_DIR',
    }),
    ...warningOf(recordsOf(images.outcomes), {
      items: 'images',
      whyGenerated: 'CIFAR-10 was not found under CARE_DATA_DIR',
    }),
    verdicts: verdictBadges(CLAIMS, claims),
    hero: heroFigure(results),
    facts: factsOf({
      profile,
      preset,
      records,
      planned: results.outcomes.length,
      items: 'items',
    }),
  };
}

function formsRows({ plan, outcomes }: PropertiesResults['forms']): SettingsBlock['rows'] {
  const run = plan.runs.find(({ config }) => config.training.lambda > 0);
  if (run === undefined) return [];
  const { data, model, training } = run.config;
  const found = recordsOf(outcomes)[0]?.data;
  return [
    row(
      'other forms: data',
      NOT_GIVEN,
      found === undefined ? 'not run' : `${found.name}, ${found.items}, ${data.points} points each`,
      'rotations of proteins are a group, which image augmentations are not',
    ),
    row(
      'other forms: encoder',
      NOT_GIVEN,
      `DeepSet, phi 3-${model.phi.join('-')}, ${model.pooling}, rho ${model.rho.join('-')}, to R^${model.dim}`,
    ),
    row(
      'other forms: space',
      'hyperboloid for Minkowski\u2019s form',
      `hyperboloid over a ball of radius ${model.radius}; sphere for the other two`,
    ),
    row(
      'other forms: loss',
      NOT_GIVEN,
      `L_unif at temperature ${training.temperature}, isotropy with weight ${training.isotropy}, L_equi with ${training.lambda} on the mean over pairs`,
      'isotropy keeps embeddings from where a form vanishes',
    ),
    row('other forms: steps, batch', NOT_GIVEN, `${training.steps}, ${training.batch}`),
  ];
}

/** Settings, the paper's and ours. */
export function propertiesSettings({ images, forms }: PropertiesResults): SettingsBlock {
  const run = images.plan.runs.find(({ part, method }) => part === 'main' && method === 'care');
  if (run === undefined) return { type: 'settings', rows: [] };
  const paper = {
    data: 'CIFAR10',
    encoder: 'ResNet-18, CIFAR stem',
    lambda: '0.01',
    epochs: '400, 256',
  };
  const { augmentations, compositions, images: limit, parameters } = run.settings;
  return {
    type: 'settings',
    rows: [
      ...trainingRows(run, recordsOf(images.outcomes), paper, variedLambdas(images.plan.runs)),
      row('augmentations that are measured', '20', String(augmentations)),
      row('compositions', NOT_GIVEN, String(compositions)),
      row('test images that are measured', 'test data', limit === null ? 'test data' : `${limit} at most`),
      row('readout of parameters', NOT_GIVEN, parameters.readout),
      row('pretraining seeds', NOT_GIVEN, String(new Set(images.plan.runs.map(({ seed }) => seed)).size)),
      ...formsRows(forms),
    ],
  };
}
