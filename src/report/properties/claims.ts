/** What the paper states of equivariance, judged by records; and the first screen that follows from it. */
import type { PropertiesResults } from '../../experiments/equivariance-properties.js';
import { FORM_LABELS } from '../../experiments/forms/study.js';
import { STRONG_LAMBDA } from '../../experiments/images/retrieval.js';
import type { BilinearForm } from '../../losses/bilinear-equivariance.js';
import type { ClaimResult, ClaimsBlock, SettingsBlock, SummaryBlock } from '../blocks.js';
import { mean } from '../charts/statistics.js';
import { judgeOrdering, judgeWithin, type Judgement } from '../claims.js';
import { NOT_RUN, recordsOf, seedValues, type Compared, type Quantity } from '../compared.js';
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
import { trainingRows, variedLambdas } from '../images/setting-rows.js';
import { NOT_GIVEN, seedsRow, settingRow as row } from '../setting-row.js';
import { comparedForm, comparedImages, heroFigure, STRONG } from './properties.js';
import { EMBEDDING as E, FEATURES as F, FORM_QUANTITIES as Q } from './quantities.js';
import { shownAgainst, shownAgainstLevel, type Shown } from '../shown.js';

/** One method is better than others, of images. */
interface Ordering extends ClaimDefinition {
  readonly kind: 'ordering';
  /** Whether the paper measured it; what is an addition is never in the paper's setting. */
  readonly ofPaper?: true;
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

/** With L_equi a form's quantity is lower than without, and not because the form's values became small. */
interface WithForm extends ClaimDefinition {
  readonly kind: 'form';
  readonly form: BilinearForm;
}

type Definition = Ordering | Below | WithForm;

const NO_NUMBER = 'stated (no number)';
const ASKED = 'asked for by its reviewers';
const UNMEASURED = 'not measured';
const ADDITION = 'an addition';

function onImages(text: ClaimText, quantity: Quantity, ours: string, rivals: readonly string[]): Ordering {
  return { kind: 'ordering', ...text, quantity, ours, rivals };
}

function withForm(
  form: BilinearForm,
  text: Omit<ClaimText, 'place' | 'paperValue'>,
  quantity: Quantity,
): WithForm {
  return {
    kind: 'form',
    form,
    ...text,
    place: 'Section 3.2',
    paperValue: NO_NUMBER,
    quantity,
    ours: FORM_LABELS.with,
    rivals: [FORM_LABELS.without],
  };
}

/** Weight of L_equi in the main runs of CARE; undefined where none is planned. */
function lambdaOf({ images }: PropertiesResults): number | undefined {
  const run = images.plan.runs.find(({ part, method }) => part === 'main' && method === 'care');
  return run?.config.training.lambda;
}

/** The weight that STRONG has, and that of the main runs, in words. */
function lambdaWords(results: PropertiesResults): { readonly main: string; readonly strong: string } {
  return { main: `lambda ${lambdaOf(results) ?? NOT_RUN}`, strong: `lambda ${STRONG_LAMBDA}` };
}

/** Proposition 1: whether an augmentation acts by a rotation. */
function rotationClaims(results: PropertiesResults): readonly Definition[] {
  const { main, strong } = lambdaWords(results);
  return [
    {
      ...onImages(
        {
          id: 'rotation',
          label: 'more of a rotation than SimCLR',
          claim:
            'One rotation explains more of what an augmentation does to CARE\u2019s embeddings than to SimCLR\u2019s, on the images that it is fitted to, as in Figure 5. A fit can be better because embeddings fill fewer dimensions; the claims on unseen images are free of that.',
          place: 'Proposition 1, Figure 5',
          paperValue: 'lower error (no number)',
        },
        E.relative,
        'CARE',
        ['SimCLR'],
      ),
      ofPaper: true,
    },
    onImages(
      {
        id: 'rotation-strong',
        label: 'steers better at a larger lambda',
        claim: `With CARE at ${strong} a recovered rotation steers unseen images better than at ${main}.`,
        place: ADDITION,
        paperValue: UNMEASURED,
      },
      E.steering,
      STRONG,
      ['CARE'],
    ),
    {
      kind: 'below',
      id: 'steering',
      label: 'steers unseen images',
      claim:
        'A rotation recovered on half of the images takes CARE\u2019s embeddings of the other half nearer to where the augmentation takes them.',
      place: 'an addition, after Proposition 1',
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
        place: 'an addition, after Proposition 1',
        paperValue: ASKED,
      },
      E.steering,
      'CARE',
      ['SimCLR'],
    ),
  ];
}

/** Corollary 1: whether the rotations compose. */
const COMPOSITION_CLAIMS: readonly Definition[] = [
  {
    kind: 'below',
    id: 'composition',
    label: 'compositions compose better than unrelated maps',
    claim:
      'With CARE, the rotation of a composed augmentation is nearer to the product of its parts\u2019 rotations than to one of augmentations that have nothing to do with it.',
    place: 'an addition, after Corollary 1',
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
      place: 'an addition, after Corollary 1',
      paperValue: ASKED,
    },
    E.composition,
    'CARE',
    ['SimCLR'],
  ),
];

/** Other places and methods. They are judged on unseen images, where a fit in few dimensions gains nothing. */
const OTHER_CLAIMS: readonly Definition[] = [
  onImages(
    {
      id: 'before-head',
      label: 'also before the head',
      claim:
        'Before the head, too, a recovered rotation steers unseen images better with CARE than with SimCLR.',
      place: ADDITION,
      paperValue: ASKED,
    },
    F.steering,
    'CARE',
    ['SimCLR'],
  ),
  onImages(
    {
      id: 'baselines-relative',
      label: 'more of a rotation than equivariant baselines',
      claim:
        'Relative to how far the embeddings move, the best rotation leaves less of the movement unexplained with CARE than with EquiMod and E-SSL.',
      place: ADDITION,
      paperValue: ASKED,
    },
    E.relative,
    'CARE',
    ['EquiMod', 'E-SSL'],
  ),
  onImages(
    {
      id: 'baselines-wahba',
      label: 'steers better than equivariant baselines',
      claim: 'A recovered rotation steers unseen images better with CARE than with EquiMod and E-SSL.',
      place: ADDITION,
      paperValue: ASKED,
    },
    E.steering,
    'CARE',
    ['EquiMod', 'E-SSL'],
  ),
  onImages(
    {
      id: 'baselines-gamma',
      label: 'lower gamma_f than equivariant baselines',
      claim:
        'CARE has a lower gamma_f than EquiMod and E-SSL, as a ratio of means, in which images that hardly move do not dominate; the paper\u2019s is a mean of ratios.',
      place: ADDITION,
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
      place: ADDITION,
      paperValue: UNMEASURED,
    },
    E.parameters,
    'CARE',
    ['SimCLR'],
  ),
  onImages(
    {
      id: 'untrained',
      label: 'steers better than untrained',
      claim: 'A recovered rotation steers unseen images better with CARE than with an untrained encoder.',
      place: 'a control that the paper lacks',
      paperValue: UNMEASURED,
    },
    E.steering,
    'CARE',
    ['untrained'],
  ),
];

/** Section 3.2. Relative to the movement, since an encoder that ignores rotations preserves every form. */
const FORM_CLAIMS: readonly Definition[] = [
  withForm(
    'minkowski',
    {
      id: 'lorentz-values',
      label: 'Minkowski\u2019s form stays',
      claim:
        'With Minkowski\u2019s form in L_equi, turning a protein changes the form\u2019s values less than without, for how far it moves the embeddings.',
    },
    Q.gramPerMovement,
  ),
  withForm(
    'minkowski',
    {
      id: 'lorentz-group',
      label: 'nearer to the Lorentz group than without',
      claim:
        'With Minkowski\u2019s form in L_equi, rotations act by linear maps nearer to the Lorentz group than without, for how far they move the embeddings.',
    },
    Q.defectPerMovement,
  ),
  withForm(
    'symplectic',
    {
      id: 'symplectic-values',
      label: 'the symplectic form stays',
      claim:
        'With the symplectic form in L_equi, turning a protein changes the form\u2019s values less than without, for how far it moves the embeddings.',
    },
    Q.gramPerMovement,
  ),
  withForm(
    'symplectic',
    {
      id: 'symplectic-group',
      label: 'nearer to Sp(2n) than without',
      claim:
        'With the symplectic form in L_equi, rotations act by linear maps nearer to Sp(2n) than without, for how far they move the embeddings.',
    },
    Q.defectPerMovement,
  ),
];

function definitionsOf(results: PropertiesResults): readonly Definition[] {
  return [...rotationClaims(results), ...COMPOSITION_CLAIMS, ...OTHER_CLAIMS, ...FORM_CLAIMS];
}

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

/**
 * Whether the form's values kept their size: they are at most half lower. Training can make L_equi small by embeddings
 * among which a form is 0, and what it then leaves as it is says nothing.
 */
function judgeSize(compared: Compared, { ours, rivals: [other = ''] }: WithForm): Judgement {
  const [own, without] = [seedValues(compared, ours, Q.size), seedValues(compared, other, Q.size)];
  return judgeWithin({
    ours: own,
    other: without,
    oursName: `the size of the form\u2019s values of ${ours}`,
    otherName: `that of ${other}`,
    paired: pairedBySeed(compared, [ours, other], Q.size),
    sameSetting: compared.sameSetting,
    margin: { low: -mean(without) / 2, high: Infinity, words: 'not smaller by half or more' },
  });
}

/** A claim of section 3.2 holds where its quantity is lower and the form's values kept their size. */
function judgeForm(compared: Compared, definition: WithForm): ClaimResult {
  const judged = judgeClaim(compared, definition);
  if (judged.verdict === 'not run' || judged.verdict === 'not reproduced') return judged;
  const size = judgeSize(compared, definition);
  return { ...judged, verdict: size.verdict, because: `${judged.because} ${size.because}` };
}

/** Every claim with its verdict. */
export function propertiesClaims(results: PropertiesResults): ClaimsBlock {
  const images = comparedImages(results);
  const additions: Compared = { ...images, sameSetting: false };
  const claims = definitionsOf(results).map((definition) => {
    if (definition.kind === 'form')
      return judgeForm(comparedForm(results.forms, definition.form), definition);
    if (definition.kind === 'below') return judgeBelow(additions, definition);
    return judgeClaim(definition.ofPaper === true ? images : additions, definition);
  });
  return { type: 'claims', claims };
}

/** What records say of a form, behind its name. */
function formWords({ holds, missing }: Verdicts, form: 'lorentz' | 'symplectic'): string {
  const ids = [`${form}-values`, `${form}-group`];
  if (ids.some(missing)) return 'was not run';
  return ids.every(holds)
    ? 'is kept better than without, as section 3.2 says, though not exactly'
    : 'was not shown to be kept better than without';
}

function formsAnswer(verdicts: Verdicts): string {
  const [lorentz, symplectic] = [formWords(verdicts, 'lorentz'), formWords(verdicts, 'symplectic')];
  if (lorentz === symplectic && lorentz === 'was not run') return '';
  return ` In L_equi, Minkowski\u2019s form ${lorentz}; the symplectic one ${symplectic}.`;
}

/** A phrase for each thing that seeds can show. */
type Phrases = Readonly<Record<Exclude<Shown, 'not run'>, string>>;

const phrase = (shown: Shown, phrases: Phrases): string | null =>
  shown === 'not run' ? null : phrases[shown];

function rotationAnswer(results: PropertiesResults): string {
  const compared = comparedImages(results);
  const { main, strong } = lambdaWords(results);
  const than = 'with CARE than with SimCLR';
  const rotation = phrase(shownAgainst(compared, 'CARE', 'SimCLR', E.relative), {
    lower: `At ${main} augmentations act more like rotations ${than}`,
    higher: `At ${main} augmentations act less like rotations ${than}`,
    unclear: `At ${main} augmentations were not shown to act more like rotations ${than}`,
  });
  const larger = phrase(shownAgainst(compared, STRONG, 'CARE', E.steering), {
    lower: `; at ${strong} recovered rotations steer unseen images better than at ${main}`,
    higher: `; at ${strong} recovered rotations steer unseen images worse than at ${main}`,
    unclear: `; at ${strong} recovered rotations were not shown to steer unseen images better than at ${main}`,
  });
  return `${rotation ?? 'CARE was not compared with SimCLR yet'}${larger ?? ''}.`;
}

function steeringAnswer(results: PropertiesResults): string {
  const compared = comparedImages(results);
  const composes = phrase(shownAgainstLevel(compared, 'CARE', 1, E.composition), {
    lower: 'compose better than unrelated ones',
    higher: 'compose worse than unrelated ones',
    unclear: 'were not shown to compose better than unrelated ones',
  });
  const steers = phrase(shownAgainstLevel(compared, 'CARE', 1, E.steering), {
    lower: 'steer unseen images',
    higher: 'take unseen images farther away than standing still',
    unclear: 'were not shown to steer unseen images',
  });
  const found = [composes, steers].filter((each) => each !== null);
  return found.length === 0 ? '' : ` CARE\u2019s recovered rotations ${found.join(', and ')}.`;
}

/** The answer in a few sentences, composed of what the numbers show. */
function answerOf(results: PropertiesResults, claims: readonly ClaimResult[]): string {
  const verdicts = verdictsOf(claims);
  if (verdicts.nothingRun) return 'Nothing was run yet, so there is no answer.';
  return `${rotationAnswer(results)}${steeringAnswer(results)}${formsAnswer(verdicts)}`;
}

/** Both warnings, where both kinds of data call for one. */
function warningsOf({ images, forms }: PropertiesResults): Pick<SummaryBlock, 'warning'> {
  const found = [
    warningOf(recordsOf(images.outcomes), {
      items: 'images',
      whyGenerated: 'CIFAR-10 was not found under CARE_DATA_DIR',
    }),
    warningOf(recordsOf(forms.outcomes), {
      items: 'proteins',
      whyGenerated: 'no structures were found under CARE_DATA_DIR',
    }),
  ].flatMap(({ warning }) => (warning === undefined ? [] : [warning]));
  return found.length === 0 ? {} : { warning: found.join(' ') };
}

/** The first screen. */
export function propertiesSummary(results: PropertiesResults): SummaryBlock {
  const { claims } = propertiesClaims(results);
  const { profile, preset } = results.plan.choice;
  const records = recordsOf(results.outcomes);
  return {
    type: 'summary',
    question: 'Do augmentations act on the embedding as rotations that compose?',
    answer: answerOf(results, claims),
    ...warningsOf(results),
    verdicts: verdictBadges(definitionsOf(results), claims),
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
      seedsRow(images.plan.runs),
      ...formsRows(forms),
    ],
  };
}
