/** What the paper claims in Table 1 and Figures 7 and 10 to 16, judged by records; and the first screen that follows from it. */
import { RECIPES, type Recipe } from '../../experiments/images/presets.js';
import { imageLabel, type ImageResults } from '../../experiments/images/study.js';
import type { ClaimResult, ClaimsBlock, SummaryBlock } from '../blocks.js';
import { judgeBest, judgeOrdering, type Judgement, type Rival } from '../claims.js';
import { estimateOf, NOT_RUN, recordsOf, runsOf, seedValues, type Compared } from '../compared.js';
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
import { listed } from '../phrases.js';
import {
  BEST_LAMBDAS,
  PAPER_DATA,
  paperGain,
  paperText,
  TABLE_1,
  TABLE_1_METHODS,
} from '../paper-numbers.js';
import { bestLambda, isPapersBest, lambdaWords, overLambda, type AtLambda } from './benchmark-losses.js';
import { BENCHMARK_QUANTITIES, CHANCE, HALFWAY, onData, subsetRuns } from './benchmark-quantities.js';
import { gainsOf, gainWords, heroFigure, TABLE_1_PAIRS, type Pair } from './benchmark-tables.js';
import { hasPaperSetting, outcomesOf } from './common.js';
import { TRANSFER_CLAIM, transferRuns } from './transfer.js';

const { probe, positives, uniformity } = BENCHMARK_QUANTITIES;

/** CARE against its base on a set of images; undefined where the paper does not report both. */
function pairClaim(data: Recipe, { base, withCare }: Pair): ClaimDefinition | undefined {
  const [before, after] = [TABLE_1[data][base], TABLE_1[data][withCare]];
  const gain = paperGain(TABLE_1[data], base, withCare);
  if (before === undefined || after === undefined || gain === undefined) return undefined;
  return {
    id: `${base}-${data}`,
    label: `CARE on ${imageLabel(base)}, ${PAPER_DATA[data]}`,
    claim: `Added to ${imageLabel(base)}, CARE raises the linear probe on ${PAPER_DATA[data]}.`,
    place: 'Table 1',
    paperValue: `${paperText(after)} against ${paperText(before)} %: +${gain.toFixed(2)}`,
    quantity: probe,
    ours: imageLabel(withCare),
    rivals: [imageLabel(base)],
  };
}

/** CARE against EquiMod, the other method of Table 1 that asks for equivariance; undefined where the paper does not report both. */
function rivalClaim(data: Recipe): ClaimDefinition | undefined {
  const { care, equimod } = TABLE_1[data];
  if (care === undefined || equimod === undefined) return undefined;
  return {
    id: `care-equimod-${data}`,
    label: `CARE above EquiMod, ${PAPER_DATA[data]}`,
    claim: `The linear probe is higher with CARE than with EquiMod on ${PAPER_DATA[data]}.`,
    place: 'Table 1',
    paperValue: `${paperText(care)} against ${paperText(equimod)} %`,
    quantity: probe,
    ours: imageLabel('care'),
    rivals: [imageLabel('equimod')],
  };
}

/** Claims on a set of images each: first those of what CARE adds, then those against another method. */
const DATA_CLAIMS = [
  (data: Recipe) => TABLE_1_PAIRS.map((pair) => pairClaim(data, pair)),
  (data: Recipe) => [rivalClaim(data)],
].flatMap((claimsOn) =>
  RECIPES.flatMap((data) =>
    claimsOn(data).flatMap((definition) => (definition === undefined ? [] : [{ data, definition }])),
  ),
);

const NONTRIVIAL: ClaimDefinition = {
  id: 'equi-unif-nontrivial',
  label: 'L_unif + L_equi learns',
  claim:
    'L_equi with L_unif alone is non-trivial: classes are read from it better than from L_equi alone and from an untrained encoder.',
  place: 'Figure 10',
  paperValue: 'stated; bars without numbers',
  quantity: probe,
  ours: imageLabel('l-unif+l-equi'),
  rivals: [imageLabel('l-equi'), imageLabel('untrained')],
};

const COLLAPSES: ClaimText = {
  id: 'equi-collapses',
  label: 'L_equi alone collapses',
  claim:
    'Trained with L_equi alone, the embedding collapses: it is nearer to one point than before training, and nearer to one point than to being spread evenly.',
  place: 'Figures 10 to 16',
  paperValue: 'stated (no number)',
};

/** Orderings of subsets of the losses. */
const SUBSET_CLAIMS: readonly ClaimDefinition[] = [
  {
    id: 'invariance-helps',
    label: 'L_inv helps',
    claim: 'Adding L_inv to L_unif and L_equi raises the linear probe.',
    place: 'Figure 10',
    paperValue: 'stated; bars without numbers',
    quantity: probe,
    ours: imageLabel('l-inv+l-unif+l-equi'),
    rivals: [imageLabel('l-unif+l-equi')],
  },
  {
    id: 'equi-unif-moves',
    label: 'L_unif + L_equi is not invariant',
    claim:
      'L_unif + L_equi does not ask for invariance: its positive pairs are less alike than those of L_inv + L_unif.',
    place: 'Figures 11 to 16',
    paperValue: 'histograms without numbers',
    quantity: positives,
    ours: imageLabel('l-unif+l-equi'),
    rivals: [imageLabel('l-inv+l-unif')],
  },
];

const LAMBDA_TEXT: ClaimText = {
  id: 'lambda',
  label: `best lambda ${BEST_LAMBDAS.low} to ${BEST_LAMBDAS.high}`,
  claim: `The linear readout is best for a weight of L_equi from ${BEST_LAMBDAS.low} to ${BEST_LAMBDAS.high}.`,
  place: 'Figure 7',
  paperValue: `best from ${BEST_LAMBDAS.low} to ${BEST_LAMBDAS.high} (curve, no number)`,
};

const CONTROLS: Readonly<Record<'untrained' | 'chance', ClaimText>> = {
  untrained: {
    id: 'above-untrained',
    label: 'all above an untrained encoder',
    claim: 'Every method of Table 1 is read better than an encoder that was not trained, on CIFAR10.',
    place: 'a control that the paper lacks',
    paperValue: 'not measured',
  },
  chance: {
    id: 'above-chance',
    label: 'all above chance',
    claim: 'Every method of Table 1 is read better than by guessing, on CIFAR10.',
    place: 'a control that the paper lacks',
    paperValue: 'not measured',
  },
};

const at = ({ lambda }: AtLambda): string => `lambda ${lambda}`;
const valuesOf = ({ values }: AtLambda): readonly number[] => values.map(({ value }) => value);

/** Whether the best weight within the paper's region beats every weight outside it. */
function lambdaClaim(results: ImageResults): ClaimResult {
  const all = overLambda(results, probe);
  const inside = bestLambda(all.filter(({ lambda }) => isPapersBest(lambda)));
  const outside = all.filter(({ lambda }) => !isPapersBest(lambda));
  const rivals: readonly Rival[] = outside.map((one) => ({ name: at(one), values: valuesOf(one) }));
  const outcomes = outcomesOf(results, { part: ['cifar10', 'lambda'], methods: ['care'] });
  const seeds = new Set([...outside, ...(inside === undefined ? [] : [inside])].map(seedsAt));
  const judged: Judgement = judgeBest({
    ours: inside === undefined ? [] : valuesOf(inside),
    oursName: inside === undefined ? 'any weight in that region' : at(inside),
    rivals: rivals.length === 0 ? [{ name: 'any weight outside that region', values: [] }] : rivals,
    lowerIsBetter: false,
    sameSetting: hasPaperSetting(results, outcomes),
    paired: seeds.size === 1,
    unit: '%',
  });
  const note =
    inside === undefined || rivals.length === 0
      ? ''
      : ` ${at(inside)} was picked as the best of its region, which favours it a little. All: ${lambdaWords(results)}.`;
  const { claim, ...text } = LAMBDA_TEXT;
  return {
    ...text,
    claim,
    ours: inside === undefined ? judged.ours : `${probe.title} at ${at(inside)}: ${judged.ours}`,
    difference: judged.difference,
    verdict: judged.verdict,
    because: judged.because + note,
    profile: results.plan.choice.profile,
    runs: [...(inside === undefined ? [] : [inside]), ...outside].flatMap(({ values }) =>
      values.map(({ run }) => run),
    ),
  };
}

/**
 * What the claim on L_unif + L_equi leaves open: L_unif alone might pass it as well. So the difference to it stands in the note,
 * and decides nothing.
 */
function nontrivialClaim(results: ImageResults): ClaimResult {
  const compared = subsetRuns(results);
  const result = judgeClaim(compared, NONTRIVIAL);
  if (result.verdict === NOT_RUN) return result;
  const [ours, other] = [NONTRIVIAL.ours, imageLabel('l-unif')];
  const beside = judgeOrdering({
    ours: seedValues(compared, ours, probe),
    other: seedValues(compared, other, probe),
    oursName: ours,
    otherName: other,
    lowerIsBetter: false,
    sameSetting: compared.sameSetting,
    paired: pairedBySeed(compared, [ours, other], probe),
    unit: '%',
  });
  const difference =
    beside.comparison === undefined
      ? `the difference to ${other} alone: ${NOT_RUN}`
      : `the difference is ${beside.difference} alone`;
  return {
    ...result,
    because: `${result.because} L_equi\u2019s own part is not in this claim; ${difference}.`,
    runs: [...result.runs, ...runsOf(compared, other).map(({ record }) => record.id)],
  };
}

/**
 * Whether L_equi alone collapses, by L_unif of its embedding. The effective rank would not tell: it is that of a centred and
 * scaled cloud, so images that are all at about one point have the rank of their noise.
 */
function collapseClaim(results: ImageResults): ClaimResult {
  const compared = subsetRuns(results);
  const [ours, before] = [imageLabel('l-equi'), imageLabel('untrained')];
  const values = seedValues(compared, ours, uniformity);
  const judged = judgeBest({
    ours: values,
    oursName: ours,
    rivals: [
      { name: before, values: seedValues(compared, before, uniformity) },
      { name: 'halfway from spread evenly to one point', values: values.map(() => HALFWAY) },
    ],
    // The more alike embeddings are, the higher it is.
    lowerIsBetter: false,
    sameSetting: compared.sameSetting,
    paired: pairedBySeed(compared, [ours, before], uniformity),
  });
  return claimResult(compared, COLLAPSES, judged, uniformity, [ours, before]);
}

function seedsAt({ values }: AtLambda): string {
  return values.map(({ seed }) => seed).join();
}

/** The rows of Table 1 that a plan has on CIFAR-10. */
function plannedMethods(compared: Compared): readonly string[] {
  return TABLE_1_METHODS.map(imageLabel).filter((label) => compared.methods.includes(label));
}

/** What every method must be above. */
interface Level {
  readonly name: string;
  /** Its values, one a seed. */
  readonly own: readonly number[];
  /** Methods whose runs it is taken from. */
  readonly methods: readonly string[];
}

/** Whether every method is above a level: judged as the level being the lowest of all. */
function controlClaim(compared: Compared, text: ClaimText, level: Level): ClaimResult {
  const methods = plannedMethods(compared);
  const found = methods.filter((method) => seedValues(compared, method, probe).length > 0);
  const judged = judgeBest({
    ours: level.own,
    oursName: level.name,
    rivals: methods.map((name) => ({ name, values: seedValues(compared, name, probe) })),
    lowerIsBetter: true,
    // The paper has no such control, so there is no setting of its own to have.
    sameSetting: false,
    paired: pairedBySeed(compared, [...found, ...level.methods], probe),
    unit: '%',
  });
  return claimResult(compared, text, judged, { title: level.name }, [...methods, ...level.methods]);
}

/** The control: no method is below an encoder that was not trained. */
function aboveUntrained(results: ImageResults): ClaimResult {
  const compared = onData(results, 'cifar10');
  const name = imageLabel('untrained');
  const own = seedValues(compared, name, probe);
  return controlClaim(compared, CONTROLS.untrained, { name, own, methods: [name] });
}

/** The control: no method is below guessing. Chance is the same for all, so it has one value a seed of the method with most. */
function aboveChance(results: ImageResults): ClaimResult {
  const compared = onData(results, 'cifar10');
  const chances = plannedMethods(compared).map((method) =>
    runsOf(compared, method).flatMap(({ record }) => estimateOf(record, CHANCE)?.value ?? []),
  );
  const [most = []] = [...chances].sort((a, b) => b.length - a.length);
  return controlClaim(compared, CONTROLS.chance, { name: 'chance', own: most, methods: [] });
}

/** A claim, and how it is judged. */
interface JudgedClaim {
  readonly text: ClaimText;
  readonly judge: (results: ImageResults) => ClaimResult;
}

const CLAIMS: readonly JudgedClaim[] = [
  ...DATA_CLAIMS.map(({ data, definition }) => ({
    text: definition,
    judge: (results: ImageResults) => judgeClaim(onData(results, data), definition),
  })),
  { text: LAMBDA_TEXT, judge: lambdaClaim },
  { text: NONTRIVIAL, judge: nontrivialClaim },
  { text: COLLAPSES, judge: collapseClaim },
  ...SUBSET_CLAIMS.map((definition) => ({
    text: definition,
    judge: (results: ImageResults) => judgeClaim(subsetRuns(results), definition),
  })),
  { text: TRANSFER_CLAIM, judge: (results) => judgeClaim(transferRuns(results), TRANSFER_CLAIM) },
  { text: CONTROLS.untrained, judge: aboveUntrained },
  { text: CONTROLS.chance, judge: aboveChance },
];

/** Every claim with its verdict. */
export function benchmarkClaims(results: ImageResults): ClaimsBlock {
  return { type: 'claims', claims: CLAIMS.map(({ judge }) => judge(results)) };
}

/** One claim with its verdict; undefined where there is none of that id. */
export function benchmarkClaim(results: ImageResults, id: string): ClaimResult | undefined {
  return CLAIMS.find(({ text }) => text.id === id)?.judge(results);
}

/** On CIFAR-10, to which methods adding CARE helped, to which it did not, and of which one seed cannot tell. */
function gainAnswer(results: ImageResults, claims: readonly ClaimResult[]): string {
  const { holds, missing } = verdictsOf(claims);
  const compared = onData(results, 'cifar10');
  const ran = TABLE_1_PAIRS.filter(({ base }) => !missing(`${base}-cifar10`));
  const tested = ran.filter((pair) => gainsOf(compared, pair).length > 1);
  const names = (which: readonly Pair[]) => listed(which.map(({ base }) => imageLabel(base)));
  const won = tested.filter(({ base }) => holds(`${base}-cifar10`));
  const lost = tested.filter(({ base }) => !holds(`${base}-cifar10`));
  const untold = ran.filter((pair) => !tested.includes(pair));
  const sentences = [
    ...(won.length === 0 ? [] : [`Adding CARE raises the linear probe of ${names(won)} on CIFAR10.`]),
    ...(lost.length === 0
      ? []
      : [
          `Adding CARE to ${names(lost)} does not raise the linear probe on CIFAR10 beyond what seeds explain.`,
        ]),
    ...(untold.length === 0 ? [] : [`For ${names(untold)} one seed each cannot tell.`]),
  ];
  return sentences.length === 0
    ? 'Whether CARE raises the linear probe on CIFAR10 was not run.'
    : sentences.join(' ');
}

/** The answer in a sentence or two, composed of the verdicts. */
function answerOf(results: ImageResults, claims: readonly ClaimResult[]): string {
  const { holds, missing, nothingRun } = verdictsOf(claims);
  if (nothingRun) return 'Nothing was run yet, so there is no answer.';
  const losses = missing('equi-unif-nontrivial')
    ? 'Which loss does what was not run.'
    : holds('equi-unif-nontrivial')
      ? 'L_equi with L_unif alone learns to tell classes apart.'
      : 'L_equi with L_unif alone was not shown to learn more than its controls.';
  const gains = gainWords(results, 'cifar10');
  const differences = gains === NOT_RUN ? '' : ` The differences are ${gains}, in points.`;
  return `${gainAnswer(results, claims)}${differences}${otherData(results, claims)}${againstEquiMod(claims)} ${losses}`;
}

/** The same on CIFAR-100, in so many of its pairs, and of how many images: a sample decides less. */
function otherData(results: ImageResults, claims: readonly ClaimResult[]): string {
  const { holds, missing } = verdictsOf(claims);
  const compared = onData(results, 'cifar100');
  const ran = TABLE_1_PAIRS.filter(
    (pair) => !missing(`${pair.base}-cifar100`) && gainsOf(compared, pair).length > 1,
  );
  if (ran.length === 0) return '';
  const won = ran.filter(({ base }) => holds(`${base}-cifar100`)).length;
  const records = recordsOf(results.outcomes.filter(({ config }) => config.data.name === 'cifar100'));
  const items = Math.max(...records.map(({ data }) => data.items));
  return ` On CIFAR100, with ${items} training images, it is shown to raise it in ${won} of ${ran.length}.`;
}

/** CARE beside the other equivariant method, on CIFAR-10. */
function againstEquiMod(claims: readonly ClaimResult[]): string {
  const { holds, missing, opposite } = verdictsOf(claims);
  const id = 'care-equimod-cifar10';
  if (missing(id)) return '';
  const how = holds(id)
    ? 'higher for CARE than for EquiMod'
    : opposite(id)
      ? 'lower for CARE than for EquiMod, against the paper'
      : 'not shown to be higher for CARE than for EquiMod';
  return ` On CIFAR10 it is ${how}.`;
}

/** The first screen. */
export function benchmarkSummary(results: ImageResults): SummaryBlock {
  const { claims } = benchmarkClaims(results);
  const records = recordsOf(results.outcomes);
  const { profile, preset } = results.plan.choice;
  return {
    type: 'summary',
    question: 'Does CARE make classes easier to read, and which of its losses does it?',
    answer: answerOf(results, claims),
    ...warningOf(records, {
      items: 'images',
      whyGenerated: 'CIFAR-10 was not found under CARE_DATA_DIR',
    }),
    verdicts: verdictBadges(
      CLAIMS.map(({ text }) => text),
      claims,
    ),
    hero: heroFigure(results),
    facts: factsOf({ profile, preset, records, planned: results.outcomes.length, items: 'images' }),
  };
}
