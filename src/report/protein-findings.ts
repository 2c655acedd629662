/** What explains the verdicts of the protein experiment, with every number taken from records. */
import type { EncoderName } from '../experiments/protein/config.js';
import { ENCODER_LABELS } from '../experiments/protein/labels.js';
import type { ProteinResults } from '../experiments/protein/study.js';
import type { ProseBlock } from './blocks.js';
import { brief, mean } from './charts/statistics.js';
import { estimateOf } from './compared.js';
import { seedDifferenceText } from './compared-claims.js';
import { repeatsFinding } from './protein-repeats.js';
import { QUANTITIES, seedValues, sensitivityTable, variedSettings, type Quantity } from './protein.js';

type MeanOf = (encoder: EncoderName, quantity: Quantity) => number;

function meansOf(results: ProteinResults): MeanOf {
  return (encoder, quantity) => mean(seedValues(results, encoder, quantity));
}

/** Why an encoder with InfoNCE has little left to turn. */
function whereItGoes(of: MeanOf): string {
  const radius = (encoder: EncoderName) => of(encoder, QUANTITIES.radius);
  const invariance = (encoder: EncoderName) => of(encoder, QUANTITIES.invariance);
  const stays = radius('care') < radius('l-unif+l-equi') / 2;
  const reading = stays
    ? 'InfoNCE pays for ignoring the rotation, since its positives are two orientations of one protein; an encoder that ignores it has L_equi = 0 for free. What L_equi can shape is the little movement that is left.'
    : 'Here InfoNCE has not made the encoder ignore the rotation: it was trained too briefly, or weighs too little, for that.';
  return (
    `**Where the movement goes.** Turning a protein once moves its CARE embedding by ${brief(radius('care'), 2)} of the distance between proteins, ` +
    `its SimCLR embedding by ${brief(radius('simclr'), 2)}, and that of L_unif+L_equi by ${brief(radius('l-unif+l-equi'), 2)}; ` +
    `the invariance losses are ${brief(invariance('care'), 2)}, ${brief(invariance('simclr'), 2)} and ${brief(invariance('l-unif+l-equi'), 2)}. ${reading}`
  );
}

/** L_equi beside a term that does not ask for invariance. */
function withoutInvariance(of: MeanOf): string {
  const change = (quantity: Quantity) =>
    `${brief(of('l-unif', quantity), 2)} to ${brief(of('l-unif+l-equi', quantity), 2)}`;
  const wins = of('l-unif+l-equi', QUANTITIES.roundness) > of('l-unif', QUANTITIES.roundness);
  const reading = wins
    ? 'So the term does what Proposition 1 says where nothing pulls against it.'
    : 'So the term does not show its effect at this size.';
  return (
    `**L_equi without invariance.** From L_unif to L_unif+L_equi, roundness goes from ${change(QUANTITIES.roundness)}, ` +
    `the error of the principal component from ${change(QUANTITIES.axisLinear)} degrees, and Wahba\u2019s relative error from ${change(QUANTITIES.wahbaRelative)}. ${reading}`
  );
}

/** An invariance loss below this leaves nothing to compare: a turn moves the embedding by less than a thousandth of the sphere\u2019s radius. */
const COLLAPSED = 1e-6;

/** That an encoder which was trained for invariance alone lies in a point, where it does. */
function collapse(of: MeanOf): string[] {
  const invariance = of('l-inv', QUANTITIES.invariance);
  if (!(invariance < COLLAPSED)) return [];
  const radius = of('l-inv', QUANTITIES.radius);
  return [
    `**L_inv has collapsed.** Nothing in it keeps proteins apart, and all of them lie in nearly one point: a turn moves its embedding by about ${brief(Math.sqrt(invariance), 2)} of the sphere\u2019s radius, the root of its invariance loss, ` +
      `and proteins are no farther apart than that: the radius of a path is ${brief(radius, 2)} of their spread. What is measured of its paths, and relative to its movement, is measured on that remainder; to be rounder than L_inv says little of CARE.`,
  ];
}

function control(of: MeanOf): string {
  const better = (['care', 'simclr', 'l-unif', 'l-unif+l-equi', 'l-inv'] as const).filter(
    (encoder) => of(encoder, QUANTITIES.axisLinear) < of('untrained', QUANTITIES.axisLinear),
  );
  const named = better.map((encoder) => ENCODER_LABELS[encoder]).join(' and ');
  return (
    `**An untrained encoder is hard to beat.** A random DeepSet keeps much of the geometry: its error is ${brief(of('untrained', QUANTITIES.axisLinear), 3)} degrees. ` +
    `${better.length === 0 ? 'No training makes it smaller.' : `Only ${named} have a smaller one.`} The paper has no such control.`
  );
}

/** Means of a quantity over the values of a setting that were tried, e.g. `0.41 at 100, 0.33 at 400`, and over how many seeds. */
function overSetting(
  results: ProteinResults,
  setting: string,
  encoder: EncoderName,
  quantity: Quantity,
): string {
  const rows = sensitivityTable(results, setting).rows.filter(
    (row) => row.encoder === ENCODER_LABELS[encoder],
  );
  const values = [...new Set(rows.map((row) => String(row.setting)))];
  return values
    .map((value) => {
      const found = rows.flatMap((row) =>
        String(row.setting) === value ? Number(row[quantity.estimate]) : [],
      );
      return `${brief(mean(found))} at ${value}`;
    })
    .join(', ');
}

/** CARE less SimCLR at the largest value of a setting, over the seeds of both; empty for fewer than two. */
function atLargest(results: ProteinResults, setting: string): string {
  const runs = results.outcomes.filter(({ variation }) => variation?.setting === setting);
  const largest = Math.max(...runs.map(({ variation }) => Number(variation?.value)));
  const at = runs.filter(({ variation }) => Number(variation?.value) === largest);
  const difference = (quantity: Quantity): string | null => {
    const of = (wanted: EncoderName) =>
      at.flatMap(({ encoder, seed, record }) => {
        const value = estimateOf(record, quantity)?.value;
        return encoder !== wanted || value === undefined ? [] : [{ seed, value }];
      });
    return seedDifferenceText(of('care'), of('simclr'));
  };
  const [roundness, error] = [difference(QUANTITIES.roundness), difference(QUANTITIES.wahbaRelative)];
  return roundness === null || error === null
    ? ''
    : ` At ${largest}, CARE less SimCLR is ${roundness} in roundness and ${error} in that error.`;
}

/** What CARE and SimCLR become at other values of a setting. */
function settingText(results: ProteinResults, setting: string): string {
  const runs = results.outcomes.filter(({ variation }) => variation?.setting === setting);
  const encoders = [...new Set(runs.map(({ encoder }) => encoder))];
  const seeds = new Set(runs.map(({ seed }) => seed)).size;
  const parts = encoders.map(
    (encoder) =>
      `${ENCODER_LABELS[encoder]}\u2019s roundness is ${overSetting(results, setting, encoder, QUANTITIES.roundness)}, its Wahba relative error ${overSetting(results, setting, encoder, QUANTITIES.wahbaRelative)}`,
  );
  return `**${setting}.** ${parts.join('; ')} (${seeds === 1 ? 'one seed' : `means of ${seeds} seeds`}).${atLargest(results, setting)}`;
}

function settings(results: ProteinResults): string[] {
  return ['training.lambda', 'training.steps']
    .filter((setting) => variedSettings(results).includes(setting))
    .map((setting) => settingText(results, setting));
}

const TRIED = [
  '**What was tried before.** With the temperature that the paper has on CIFAR10, or with mean pooling for some seeds, training stayed for hundreds of steps at the trivial solution: the same embedding for every protein, InfoNCE at its chance level. ' +
    'At the lower temperature of the settings below, with max pooling, it leaves that plateau at once, for every seed. A much larger lambda lowers the rank of the embedding along with L_equi. Records of these trials were not kept.',
  '**How the settings were chosen.** By held-out measures, since there is no validation set. A pilot with three pretraining seeds and 600 steps, whose records were not kept, left open whether CARE\u2019s paths are rounder than SimCLR\u2019s. ' +
    'We then set the number of seeds to five and of steps to 400, before the runs of the `laptop` profile were made; the settings of `laptop` were not changed after seeing them. ' +
    'The profile `overnight` first planned ten times the steps, four times the points and twice the batch, which two cores cannot do in a night for all encoders and seeds; none of that was run. ' +
    'It now has the settings of `laptop` with ten seeds instead of five, decided when five seeds computed twice disagreed on that comparison, and more steps and points among the settings that are varied.',
];

/** What was found out about the verdicts; for the section on what did not work. */
export function proteinFindings(results: ProteinResults): ProseBlock {
  const of = meansOf(results);
  const complete = Number.isFinite(
    of('care', QUANTITIES.radius) +
      of('l-unif', QUANTITIES.radius) +
      of('l-unif+l-equi', QUANTITIES.radius) +
      of('untrained', QUANTITIES.radius) +
      of('simclr', QUANTITIES.radius),
  );
  const computed = complete
    ? [
        whereItGoes(of),
        withoutInvariance(of),
        ...collapse(of),
        control(of),
        ...settings(results),
        ...repeatsFinding(results),
      ]
    : ['The runs that would tell are not there: **not run**.'];
  return { type: 'prose', markdown: [...computed, ...TRIED].join('\n\n') };
}
