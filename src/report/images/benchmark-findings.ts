/** What explains the verdicts on Table 1 and the losses, with every number taken from records. */
import { TABLE_1_METHODS } from '../paper-numbers.js';
import { imageLabel, type ImageResults } from '../../experiments/images/study.js';
import type { ProseBlock } from '../blocks.js';
import { brief, mean } from '../charts/statistics.js';
import { estimateOf, ranking, runsOf, seedValues, type Compared, type Quantity } from '../compared.js';
import { meanAt, overLambda } from './benchmark-losses.js';
import { BENCHMARK_QUANTITIES, chanceOf, meanOver, onData, subsetRuns } from './benchmark-quantities.js';
import { gainsOf, paperRange, TABLE_1_PAIRS } from './benchmark-tables.js';

const { probe, knn, positives, rank } = BENCHMARK_QUANTITIES;

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
      `**How much there is to tell apart.** A probe reads an untrained network at ${brief(untrained)} % where guessing gives ${brief(chance)} %, ` +
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
    `**What CARE changes, seed by seed.** ${parts.join('; ')}. ${
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

/** Collapse of L_equi alone, and what L_unif adds. */
function collapse(results: ImageResults): string[] {
  const compared = subsetRuns(results);
  const of = (method: Parameters<typeof imageLabel>[0], quantity: Quantity) =>
    meanOf(compared, imageLabel(method), quantity);
  const numbers = [of('l-equi', rank), of('l-unif+l-equi', rank), of('untrained', rank)];
  return paragraph([...numbers, of('l-equi', positives), of('l-unif+l-equi', positives)], () => {
    const [alone = NaN, both = NaN, before = NaN] = numbers;
    const reading =
      of('l-equi', positives) > 0.95
        ? 'All images end up at about one point, for which L_equi is 0: the trivial solution.'
        : 'It has not reached the one point for which L_equi is 0 within these epochs.';
    return (
      `**L_equi alone.** The effective rank of its embedding is ${brief(alone, 2)}, that of an untrained network ${brief(before, 2)}, and with L_unif ${brief(both, 2)}; ` +
      `two views of an image have a mean cosine of ${brief(of('l-equi', positives), 2)} and ${brief(of('l-unif+l-equi', positives), 2)}. ${reading} ` +
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

/** How sure one pretraining's number is: the classifier's initial values matter little beside the pretraining's. */
function spreads(results: ImageResults): string[] {
  const compared = onData(results, 'cifar10');
  const care = imageLabel('care');
  const values = seedValues(compared, care, probe);
  const within = meanOver(
    runsOf(compared, care).map(({ record }) => record),
    (record) => estimateOf(record, probe)?.sd,
  );
  if (values.length < 2 || within === undefined) return [];
  const between = Math.sqrt(
    values.reduce((sum, value) => sum + (value - mean(values)) ** 2, 0) / (values.length - 1),
  );
  return [
    `**Which uncertainty.** Over classifiers CARE\u2019s probe varies by ${brief(within, 2)} points, over pretrainings by ${brief(between, 2)}. The paper\u2019s \u00b1 is of the first kind, and says little about training again.`,
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
