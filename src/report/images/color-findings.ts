/** What explains the verdicts of the report on colours, with every number taken from records. */
import type { ImageResults } from '../../experiments/images/study.js';
import type { ProseBlock } from '../blocks.js';
import { brief, mean } from '../charts/statistics.js';
import { compareSeeds, formatInterval, type Interval } from '../claims.js';
import { pairSeeds, seedValues, valuesBySeed, type Compared, type Quantity } from '../compared.js';
import { listed } from '../phrases.js';
import { settingOf, type VariedRun } from '../sensitivity.js';
import { comparedCircle, comparedMain } from './color-compared.js';
import { COLOR_QUANTITIES as Q } from './color-quantities.js';
import { lambdaRuns } from './color-sensitivity.js';

type MeanOf = (method: string, quantity: Quantity) => number;

function meansOf(compared: Compared): MeanOf {
  return (method, quantity) => mean(seedValues(compared, method, quantity));
}

/** Whether all numbers that a paragraph is made of are there. */
function complete(of: MeanOf, needs: readonly (readonly [string, Quantity])[]): boolean {
  return needs.every(([method, quantity]) => Number.isFinite(of(method, quantity)));
}

/** Whether most of the movement is a rotation, and with which loss more of it; shares of the squared movement in percent. */
function rotationReading(care: number, simclr: number): string {
  const most = (share: number) => share > 50;
  if (most(care) !== most(simclr))
    return `So with ${most(care) ? 'CARE' : 'SimCLR'} most of what an augmentation does to these embeddings is a rotation, and with the other loss it is not.`;
  const what = most(care) ? 'is a rotation' : 'is no rotation';
  const more =
    care > simclr
      ? 'by these means the part that is one is larger with CARE'
      : 'by these means the part that is one is not larger with CARE';
  return `So most of what an augmentation does to these embeddings ${what}, with either loss; ${more}, and the claims above say whether beyond what seeds explain.`;
}

/** How large a part of the movement a rotation is at all. */
function howMuch(of: MeanOf): string | null {
  if (
    !complete(of, [
      ['CARE', Q.wahbaRelative],
      ['SimCLR', Q.wahbaRelative],
      ['CARE', Q.explained],
      ['SimCLR', Q.explained],
      ['CARE', Q.steering],
      ['SimCLR', Q.steering],
    ])
  )
    return null;
  const both = (quantity: Quantity) => [of('CARE', quantity), of('SimCLR', quantity)] as const;
  const [care, simclr] = both(Q.wahbaRelative);
  const [careShare, simclrShare] = both(Q.explained);
  const [careUnseen, simclrUnseen] = both(Q.steering);
  return (
    `**How much of the movement is a rotation.** The best rotation leaves ${brief(care)} of the movement with CARE and ${brief(simclr)} with SimCLR, as a mean over augmentations. ` +
    `Of the squared distance, summed over them, it explains ${brief(careShare, 2)} % and ${brief(simclrShare, 2)} %. ` +
    `For images that it was not fitted to, ${brief(careUnseen)} and ${brief(simclrUnseen)} of the movement is left, where no rotation at all would leave 1. ` +
    rotationReading(careShare, simclrShare)
  );
}

/** Ratios that differ by less are called close. */
const CLOSE = 0.1;

/** Whether the absolute error follows the movement. */
function absolute(of: MeanOf): string | null {
  if (
    !complete(of, [
      ['CARE', Q.wahba],
      ['SimCLR', Q.wahba],
      ['CARE', Q.invariance],
      ['SimCLR', Q.invariance],
    ])
  )
    return null;
  const ratio = (quantity: Quantity) => of('CARE', quantity) / of('SimCLR', quantity);
  const [error, movement] = [ratio(Q.wahba), Math.sqrt(ratio(Q.invariance))];
  const follows = Math.abs(error - movement) < CLOSE;
  const heading = follows
    ? 'The error follows the movement.'
    : 'The error does not just follow the movement.';
  return (
    `**${heading}** CARE\u2019s Wahba error is ${brief(error)} times SimCLR\u2019s, and the root of its invariance loss ${brief(movement)} times. ` +
    (follows
      ? 'The two ratios are close: Figure 5 by itself mostly compares how far embeddings move, which is why the relative error stands beside it.'
      : 'The two ratios differ: the error does not just say how far embeddings move.')
  );
}

/** What the ranks say of an untrained encoder whose relative error is lower. */
function lowerReading(untrained: number, care: number): string {
  return untrained < care
    ? 'Its relative error is lower, and so is its effective rank: in few dimensions, a shift of all embeddings in one direction is near to a rotation.'
    : 'Its relative error is lower, and its effective rank is not: few dimensions do not explain it.';
}

/** The untrained encoder beside CARE by gamma_f; `lower` says that its relative error is lower. */
function gammaReading(untrained: number, care: number, lower: boolean): string {
  if (untrained > care)
    return 'By gamma_f, which asks whether distances between images stay as they are, CARE is the more equivariant one; but it divides by how far images move, and the untrained encoder hardly moves them.';
  return `By gamma_f${lower ? ' too' : ', however,'} it is no worse than CARE.`;
}

function control(of: MeanOf): string | null {
  if (
    !complete(of, [
      ['untrained', Q.wahbaRelative],
      ['untrained', Q.gamma],
      ['untrained', Q.invariance],
      ['untrained', Q.rank],
      ['CARE', Q.wahbaRelative],
      ['CARE', Q.gamma],
      ['CARE', Q.rank],
    ])
  )
    return null;
  const both = (quantity: Quantity) => [of('untrained', quantity), of('CARE', quantity)] as const;
  const [[relative, careRelative], [gamma, careGamma], [rank, careRank]] = [
    both(Q.wahbaRelative),
    both(Q.gamma),
    both(Q.rank),
  ];
  const lower = relative < careRelative;
  return (
    `**The untrained encoder.** It has a relative Wahba error of ${brief(relative)} (CARE ${brief(careRelative)}), gamma_f ${brief(gamma)} (${brief(careGamma)}), ` +
    `an invariance loss of ${brief(of('untrained', Q.invariance))} and an effective rank of ${brief(rank)} (${brief(careRank)}). ` +
    `${lower ? lowerReading(rank, careRank) : 'Its relative error is not lower.'} ${gammaReading(gamma, careGamma, lower)}`
  );
}

/** On the circle: does a narrow histogram mean a rotation, or a standstill? */
function circle(of: MeanOf): string | null {
  if (
    !complete(of, [
      ['CARE', Q.circleVariance],
      ['SimCLR', Q.circleVariance],
      ['CARE', Q.circleMean],
      ['SimCLR', Q.circleMean],
    ])
  )
    return null;
  const narrower = of('CARE', Q.circleVariance) < of('SimCLR', Q.circleVariance);
  const still = of('CARE', Q.circleMean) > of('SimCLR', Q.circleMean);
  const reading = !narrower
    ? 'At this size the term does not narrow them.'
    : still
      ? 'On average CARE\u2019s embeddings also move less, which narrows them by itself: the histogram does not tell a rotation from a standstill.'
      : 'CARE\u2019s embeddings do not move less, so it is not a standstill that narrows them.';
  return (
    `**On the circle.** The cosine\u2019s variance within an augmentation is ${brief(of('CARE', Q.circleVariance), 2)} with CARE and ${brief(of('SimCLR', Q.circleVariance), 2)} with SimCLR, ` +
    `its mean ${brief(of('CARE', Q.circleMean), 2)} and ${brief(of('SimCLR', Q.circleMean), 2)}. ${reading}`
  );
}

/** Runs of CARE at a lambda. */
interface AtLambda {
  readonly lambda: number;
  readonly compared: Compared;
}

/** CARE at each lambda that was tried, the lowest first. */
function byLambda(results: ImageResults, main: Compared): readonly AtLambda[] {
  const runs = lambdaRuns(results);
  const lambdaOf = ({ config }: VariedRun) => Number(settingOf(config, 'training.lambda'));
  return [...new Set(runs.map(lambdaOf))]
    .sort((a, b) => a - b)
    .map((lambda) => ({
      lambda,
      compared: { ...main, runs: runs.filter((run) => lambdaOf(run) === lambda) },
    }));
}

/** CARE and SimCLR at a lambda, of the seeds that both have. */
interface PairedAt {
  readonly lambda: number;
  readonly n: number;
  readonly lowerInAll: boolean;
  readonly difference: Interval;
}

function pairedAt({ lambda, compared }: AtLambda, main: Compared, quantity: Quantity): readonly PairedAt[] {
  const pairs = pairSeeds(valuesBySeed(compared, 'CARE', quantity), valuesBySeed(main, 'SimCLR', quantity));
  if (pairs.length === 0) return [];
  const { difference } = compareSeeds(
    pairs.map(({ ours }) => ours),
    pairs.map(({ other }) => other),
    true,
  );
  const lowerInAll = pairs.every(({ ours, other }) => ours < other);
  return [{ lambda, n: pairs.length, lowerInAll, difference }];
}

const seedWords = (n: number) => (n === 1 ? '1 seed' : `${n} seeds`);

/** Lambdas with their numbers of common seeds. */
function lambdasOf(all: readonly PairedAt[]): string {
  const [first] = all;
  if (first === undefined) return 'none';
  const alike = all.length > 1 && all.every(({ n }) => n === first.n);
  if (alike) return `${listed(all.map(({ lambda }) => String(lambda)))} (${seedWords(first.n)} each)`;
  return listed(all.map(({ lambda, n }) => `${lambda} (${seedWords(n)})`));
}

/** What the paired differences say, and no more than that. */
function pairedReading(all: readonly PairedAt[]): string {
  const below = all.filter(({ lowerInAll }) => lowerInAll);
  const tested = all.filter(({ difference }) => Number.isFinite(difference.high));
  const lower = tested.filter(({ difference }) => difference.high < 0);
  const higher = tested.filter(({ difference }) => difference.low > 0);
  const intervals =
    tested.length === 0
      ? 'No lambda has the seeds for an interval.'
      : `The paired 95 % interval of the difference lies below 0 at: ${lambdasOf(lower)}; above 0 at: ${lambdasOf(higher)}. Each lambda is tested by itself, without a correction for their number.`;
  return `CARE is below SimCLR in every common seed at: ${lambdasOf(below)}. ${intervals}`;
}

/** Means over the seeds of each lambda, as the end of a sentence. */
function listOver(all: readonly AtLambda[], quantity: Quantity): string {
  return all
    .flatMap(({ lambda, compared }) => {
      const values = seedValues(compared, 'CARE', quantity);
      return values.length === 0 ? [] : [`${brief(mean(values), 3)} at ${lambda}`];
    })
    .join(', ');
}

/** Weights at which one rotation explains more with CARE than with SimCLR, beyond what seeds explain; null unless two were compared. */
export function lambdasThatExplainMore(results: ImageResults): readonly number[] | null {
  const main = comparedMain(results);
  const tested = byLambda(results, main)
    .flatMap((each) => pairedAt(each, main, Q.wahbaRelative))
    .filter(({ difference }) => Number.isFinite(difference.high));
  return tested.length < 2
    ? null
    : tested.flatMap(({ lambda, difference }) => (difference.high < 0 ? [lambda] : []));
}

function lambdas(results: ImageResults): string | null {
  const main = comparedMain(results);
  const all = byLambda(results, main);
  const paired = all.flatMap((each) => pairedAt(each, main, Q.wahbaRelative));
  if (paired.length < 2) return null;
  const differences = paired.map(
    ({ lambda, difference }) => `${formatInterval(difference, undefined, true)} at ${lambda}`,
  );
  const measured = ([Q.gammaPooled, Q.invariance, Q.knn] as const).flatMap((quantity: Quantity) => {
    const list = listOver(all, quantity);
    const unit = quantity.unit === undefined ? '' : ` (${quantity.unit})`;
    return list === '' ? [] : [`${quantity.title}${unit}: ${list}`];
  });
  return (
    `**At which lambda.** With the scale of L_equi that is used here, CARE\u2019s relative Wahba error is ${listOver(all, Q.wahbaRelative)}, as means over the seeds that were run. ` +
    `Minus SimCLR\u2019s of the same seeds it is ${differences.join(', ')}. ${pairedReading(paired)}` +
    (measured.length === 0 ? '' : ` Other means of CARE: ${measured.join('; ')}.`)
  );
}

/** What was found out about the verdicts; for the section on what did not work. */
export function colorFindings(results: ImageResults): ProseBlock {
  const of = meansOf(comparedMain(results));
  const found = [
    howMuch(of),
    absolute(of),
    control(of),
    circle(meansOf(comparedCircle(results))),
    lambdas(results),
  ].filter((paragraph) => paragraph !== null);
  return {
    type: 'prose',
    markdown:
      found.length === 0 ? 'The runs that would tell are not there: **not run**.' : found.join('\n\n'),
  };
}
