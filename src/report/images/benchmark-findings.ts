/** What explains the verdicts on Table 1 and the losses, with every number taken from records. */
import { TABLE_1_METHODS } from '../paper-numbers.js';
import { imageLabel, type ImageResults } from '../../experiments/images/study.js';
import type { ProseBlock } from '../blocks.js';
import { brief, mean, standardDeviation } from '../charts/statistics.js';
import { estimateOf, ranking, runsOf, seedValues, type Compared, type Quantity } from '../compared.js';
import { meanAt, overLambda } from './benchmark-losses.js';
import {
  BENCHMARK_QUANTITIES,
  chanceOf,
  meanOver,
  ONE_POINT,
  onData,
  subsetRuns,
} from './benchmark-quantities.js';
import { gainsOf, paperRange, TABLE_1_PAIRS } from './benchmark-tables.js';

const { probe, knn, positives, rank, uniformity } = BENCHMARK_QUANTITIES;

function meanOf(compared: Compared, method: string, quantity: Quantity): number {
  return mean(seedValues(compared, method, quantity));
}

/** A paragraph, or nothing where one of its numbers is missing. */
function paragraph(numbers: readonly number[], text: () => string): string[] {
  return numbers.every(Number.isFinite) ? [text()] : [];
}

/** How far from the paper's accuracies the runs are, and what pretraining adds at all. */
function whereWeStand(results: ImageResults): string[] {
  const compared = onData(results, 'cifar10');
  const methods = TABLE_1_METHODS.map(imageLabel);
  const [best] = ranking(compared, probe).filter(({ method }) => methods.some((label) => label === method));
  const untrained = meanOf(compared, imageLabel('untrained'), probe);
  const chance = chanceOf(compared) ?? NaN;
  return paragraph([best?.value ?? NaN, untrained, chance], () => {
    const above = (best?.value ?? NaN) - untrained;
    const reading =
      above > 0
        ? `Pretraining adds ${brief(above, 2)} points at most; a difference between two methods has to be seen against that.`
        : 'No pretraining makes the features better than random ones at this size.';
    return (
      `**How much there is to tell apart.** A probe reads an untrained network at ${brief(untrained)} % where guessing the commonest class gives ${brief(chance)} %, ` +
      `and the best method of Table 1, ${best?.method ?? ''}, at ${brief(best?.value ?? NaN)} %. ${reading}`
    );
  });
}

/** Signs of the gains beside the paper's, which are all positive. */
function gains(results: ImageResults): string[] {
  const compared = onData(results, 'cifar10');
  const found = TABLE_1_PAIRS.flatMap((pair) => {
    const values = gainsOf(compared, pair).map(({ value }) => value);
    return values.length === 0 ? [] : [{ base: imageLabel(pair.base), values }];
  });
  if (found.length === 0) return [];
  const parts = found.map(
    ({ base, values }) =>
      `on ${base} from ${brief(Math.min(...values), 2)} to ${brief(Math.max(...values), 2)} points over ${values.length} ${values.length === 1 ? 'seed' : 'seeds'}`,
  );
  const up = found.filter(({ values }) => values.every((value) => value > 0)).map(({ base }) => base);
  return [
    `**What CARE changes, seed by seed.** Adding it changes the linear probe ${parts.join('; ')}. ${
      up.length === 0
        ? 'On no method is every seed better with CARE'
        : `Every seed is better with CARE on ${up.join(' and ')}`
    }; the paper has one pretraining each, and differences of ${paperRange()} points.`,
  ];
}

/** What a probe and nearest neighbours say of the same encoders. */
function neighbours(results: ImageResults): string[] {
  const compared = onData(results, 'cifar10');
  const [byProbe, byKnn] = [ranking(compared, probe), ranking(compared, knn)];
  const order = (all: typeof byProbe) =>
    all
      .slice(0, 3)
      .map(({ method }) => method)
      .join(', ');
  return paragraph([byProbe.length > 1 ? 0 : NaN], () => {
    const same = byProbe[0]?.method === byKnn[0]?.method;
    return `**Probe and neighbours.** The best three by the linear probe are ${order(byProbe)}; by nearest neighbours ${order(byKnn)}. ${
      same
        ? 'Both have the same method first.'
        : 'They do not agree on the first: which method is best depends on how one asks.'
    }`;
  });
}

/** Whether embeddings lie at about one point: their cosines with each other are about 1. */
function isOnePoint(value: number): boolean {
  return value > 0.95 * ONE_POINT;
}

/** What L_unif of the embedding says of L_equi alone, beside that before training. */
function collapseReading(alone: number, before: number): string {
  if (!isOnePoint(alone)) {
    return 'L_equi alone has not brought all images to the one point for which it is 0 within these epochs.';
  }
  return isOnePoint(before)
    ? 'With L_equi alone all images lie at about one point, but so they do before training: that is not what L_equi has done.'
    : 'With L_equi alone all images end up at about one point, for which it is 0: the trivial solution.';
}

/** Collapse of L_equi alone, and what L_unif adds. */
function collapse(results: ImageResults): string[] {
  const compared = subsetRuns(results);
  const methods = (['l-equi', 'untrained', 'l-unif+l-equi'] as const).map(imageLabel);
  const [spread, ranks] = [uniformity, rank].map((quantity) =>
    methods.map((method) => meanOf(compared, method, quantity)),
  ) as [number[], number[]];
  return paragraph([...spread, ...ranks], () => {
    const [alone = NaN, before = NaN] = spread;
    const listed = methods
      .map(
        (method, i) =>
          `${method} ${brief(spread[i] ?? NaN, 2)} (effective rank ${brief(ranks[i] ?? NaN, 2)})`,
      )
      .join(', ');
    return (
      `**L_equi alone.** L_unif of the embedding, ${ONE_POINT} where all images are one point and near 0 where they are spread evenly: ${listed}. ` +
      `${collapseReading(alone, before)} The rank says in how many directions images differ, however little they do. ` +
      'The probe reads features before the head, which need not collapse with the embedding.'
    );
  });
}

/** What the weight of L_equi changes. */
function weights(results: ImageResults): string[] {
  const [accuracies, cosines] = [overLambda(results, probe), overLambda(results, positives)];
  const [first, last] = [accuracies[0], accuracies.at(-1)];
  if (first === undefined || last === undefined || accuracies.length < 2) return [];
  const values = accuracies.map(meanAt);
  const spread = Math.max(...values) - Math.min(...values);
  const [low, high] = [cosines[0], cosines.at(-1)];
  const movement =
    low === undefined || high === undefined
      ? ''
      : ` The cosine of positive pairs goes from ${brief(meanAt(low), 2)} to ${brief(meanAt(high), 2)}.`;
  const seeds = Math.min(...accuracies.map((one) => one.values.length));
  return [
    `**The weight of L_equi.** From lambda ${first.lambda} to ${last.lambda} the probe goes from ${brief(meanAt(first))} to ${brief(meanAt(last))} %, and lies within ${brief(spread, 2)} points for all weights (${seeds === 1 ? 'one seed' : `${seeds} seeds`}).${movement}`,
  ];
}

/** What CARE costs beside its base. */
function price(results: ImageResults): string[] {
  const compared = onData(results, 'cifar10');
  const parts = TABLE_1_PAIRS.flatMap(({ base, withCare }) => {
    const seconds = (label: string) =>
      meanOver(
        runsOf(compared, label).map(({ record }) => record),
        ({ trainingSeconds }) => trainingSeconds,
      ) ?? NaN;
    const ratio = seconds(imageLabel(withCare)) / seconds(imageLabel(base));
    return Number.isFinite(ratio) ? [`${brief(ratio, 2)} times that of ${imageLabel(base)}`] : [];
  });
  return parts.length === 0
    ? []
    : [
        `**What it costs.** CARE has two views more in a step: its training took ${parts.join(', ')}. Runs that shared the machine with other work count as well.`,
      ];
}

/** How sure one pretraining's number is: what the classifier's initial values change beside what training again does. */
function spreads(results: ImageResults): string[] {
  const compared = onData(results, 'cifar10');
  const care = imageLabel('care');
  const values = seedValues(compared, care, probe);
  const within = meanOver(
    runsOf(compared, care).map(({ record }) => record),
    (record) => estimateOf(record, probe)?.sd,
  );
  if (values.length < 2 || within === undefined) return [];
  const between = standardDeviation(values);
  return [
    `**Which uncertainty.** Over classifiers CARE\u2019s probe varies by ${brief(within, 2)} points, over pretrainings by ${brief(between, 2)}. The paper\u2019s \u00b1 is of the first kind, ${
      between > within
        ? 'which is the smaller of the two here, and does not tell what training again changes.'
        : 'which is not the smaller of the two here.'
    }`,
  ];
}

/** What was found out about the verdicts; for the section on what did not work. */
export function benchmarkFindings(results: ImageResults): ProseBlock {
  const found = [
    ...whereWeStand(results),
    ...gains(results),
    ...spreads(results),
    ...neighbours(results),
    ...weights(results),
    ...collapse(results),
    ...price(results),
  ];
  return {
    type: 'prose',
    markdown:
      found.length === 0 ? 'The runs that would tell are not there: **not run**.' : found.join('\n\n'),
  };
}
