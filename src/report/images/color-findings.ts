/** What explains the verdicts of the report on colours, with every number taken from records. */
import type { ImageResults } from '../../experiments/images/study.js';
import type { ProseBlock } from '../blocks.js';
import { brief, mean } from '../charts/statistics.js';
import { estimateOf, seedValues, type Compared, type Quantity } from '../compared.js';
import { settingOf } from '../sensitivity.js';
import { COLOR_QUANTITIES as Q } from './color-quantities.js';
import { comparedCircle, comparedMain, lambdaRuns } from './color-sensitivity.js';

type MeanOf = (method: string, quantity: Quantity) => number;

function meansOf(compared: Compared): MeanOf {
  return (method, quantity) => mean(seedValues(compared, method, quantity));
}

const percent = (share: number) => `${brief(100 * share, 2)} %`;

/** Whether all numbers that a paragraph is made of are there. */
function complete(of: MeanOf, needs: readonly (readonly [string, Quantity])[]): boolean {
  return needs.every(([method, quantity]) => Number.isFinite(of(method, quantity)));
}

/** How large a part of the movement a rotation is at all. */
function howMuch(of: MeanOf): string | null {
  if (
    !complete(of, [
      ['CARE', Q.wahbaRelative],
      ['SimCLR', Q.wahbaRelative],
      ['CARE', Q.steering],
      ['SimCLR', Q.steering],
    ])
  )
    return null;
  const [care, simclr] = [of('CARE', Q.wahbaRelative), of('SimCLR', Q.wahbaRelative)];
  const explained = (relative: number) => percent(1 - relative ** 2);
  const small = 1 - care ** 2 < 0.5;
  return (
    `**How much of the movement is a rotation.** The best rotation leaves ${brief(care)} of the movement with CARE and ${brief(simclr)} with SimCLR: ` +
    `it explains ${explained(care)} and ${explained(simclr)} of the squared distance. For images that it was not fitted to, ${brief(of('CARE', Q.steering))} and ${brief(of('SimCLR', Q.steering))} is left. ` +
    (small
      ? 'So most of what an augmentation does to these embeddings is no rotation, with either loss; the term moves it in its direction.'
      : 'So with CARE most of what an augmentation does is a rotation.')
  );
}

/** The absolute error follows the movement. */
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
  const follows = Math.abs(error - movement) < 0.1;
  return (
    `**The error follows the movement.** CARE\u2019s Wahba error is ${brief(error, 2)} times SimCLR\u2019s, and the root of its invariance loss ${brief(movement, 2)} times. ` +
    (follows
      ? 'The two ratios are close: Figure 5 by itself mostly compares how far embeddings move, which is why the relative error stands beside it.'
      : 'The two ratios differ: the error is not just how far embeddings move.')
  );
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
  const lower = of('untrained', Q.wahbaRelative) < of('CARE', Q.wahbaRelative);
  const gamma = of('untrained', Q.gamma) > of('CARE', Q.gamma);
  return (
    `**The untrained encoder.** It has a relative Wahba error of ${brief(of('untrained', Q.wahbaRelative))} (CARE ${brief(of('CARE', Q.wahbaRelative))}), gamma_f ${brief(of('untrained', Q.gamma))} (${brief(of('CARE', Q.gamma))}), ` +
    `an invariance loss of ${brief(of('untrained', Q.invariance))} and an effective rank of ${brief(of('untrained', Q.rank))} (${brief(of('CARE', Q.rank))}). ` +
    (lower
      ? 'Its relative error is lower: its embeddings lie in few dimensions, and a shift of all of them in one direction is near to a rotation. '
      : 'Its relative error is higher. ') +
    (gamma
      ? 'By gamma_f, which asks whether distances between images stay as they are, CARE is the more equivariant one.'
      : 'By gamma_f too it is no worse than CARE.')
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
      ? 'CARE\u2019s embeddings also move less, which narrows them by itself: the histogram does not tell a rotation from a standstill.'
      : 'CARE\u2019s embeddings do not move less, so it is not a standstill that narrows them.';
  return (
    `**On the circle.** The cosine\u2019s variance within an augmentation is ${brief(of('CARE', Q.circleVariance), 2)} with CARE and ${brief(of('SimCLR', Q.circleVariance), 2)} with SimCLR, ` +
    `its mean ${brief(of('CARE', Q.circleMean), 2)} and ${brief(of('SimCLR', Q.circleMean), 2)}. ${reading}`
  );
}

/** A quantity at each lambda that was tried, of the seed that has them all. */
function overLambda(results: ImageResults, quantity: Quantity): readonly { lambda: number; value: number }[] {
  const runs = lambdaRuns(results);
  const seeds = new Set(runs.filter(({ variation }) => variation !== null).map(({ seed }) => seed));
  return runs
    .filter(({ seed }) => seeds.has(seed))
    .flatMap(({ config, record }) => {
      const value = estimateOf(record, quantity)?.value;
      return value === undefined ? [] : [{ lambda: Number(settingOf(config, 'training.lambda')), value }];
    })
    .sort((a, b) => a.lambda - b.lambda);
}

function lambdas(results: ImageResults, of: MeanOf): string | null {
  const list = (quantity: Quantity) =>
    overLambda(results, quantity)
      .map(({ lambda, value }) => `${brief(value, 3)} at ${lambda}`)
      .join(', ');
  const relative = overLambda(results, Q.wahbaRelative);
  const simclr = of('SimCLR', Q.wahbaRelative);
  if (relative.length < 2 || !Number.isFinite(simclr)) return null;
  const below = relative.filter(({ value }) => value < simclr).map(({ lambda }) => lambda);
  const knn = overLambda(results, Q.knn);
  const accuracy = knn.length === 0 ? '' : ` Nearest neighbours: ${list(Q.knn)} %.`;
  return (
    `**At which lambda.** With the scale of L_equi that is used here, CARE\u2019s relative Wahba error is ${list(Q.wahbaRelative)}; SimCLR\u2019s mean is ${brief(simclr, 3)}. ` +
    `gamma_f (ratio of means) is ${list(Q.gammaPooled)}, the invariance loss ${list(Q.invariance)}.${accuracy} ` +
    (below.length === 0
      ? 'None of them is below SimCLR.'
      : `Below SimCLR are those at ${below.join(', ')}. One seed each: read the direction, not the digits.`)
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
    lambdas(results, of),
  ].filter((paragraph) => paragraph !== null);
  return {
    type: 'prose',
    markdown:
      found.length === 0 ? 'The runs that would tell are not there: **not run**.' : found.join('\n\n'),
  };
}
