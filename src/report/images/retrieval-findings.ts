/** What explains the verdicts of the report on retrieval, with every number taken from records. */
import type { ImageResults } from '../../experiments/images/study.js';
import type { ProseBlock } from '../blocks.js';
import { brief, mean } from '../charts/statistics.js';
import { seedValues, type Compared, type Quantity } from '../compared.js';
import { shownOrder } from '../shown.js';
import { RETRIEVAL_QUANTITIES as Q } from './retrieval-quantities.js';
import { comparedAll, STRONG } from './retrieval.js';

type MeanOf = (method: string, quantity: Quantity) => number;

/** A paragraph of numbers, or null where one of them is missing. */
function withNumbers(numbers: readonly number[], paragraph: () => string): string | null {
  return numbers.every(Number.isFinite) ? paragraph() : null;
}

const percent = (share: number) => `${brief(100 * share, 2)} %`;

function howMuch(of: MeanOf): string | null {
  const [care, simclr, strong] = ['CARE', 'SimCLR', STRONG].map((method) => of(method, Q.colourGain)) as [
    number,
    number,
    number,
  ];
  return withNumbers([care, simclr, strong], () => {
    const largest = Math.max(care, simclr, strong);
    const reading =
      largest < 0.05
        ? 'So none of them has much of the change in its neighbours: jitter is an augmentation of training, and InfoNCE asks to ignore it.'
        : 'So the change of colour is in the embedding.';
    return `**How much neighbours follow.** Embedding the recoloured query makes up ${percent(care)} of the distance in colour with CARE, ${percent(simclr)} with SimCLR and ${percent(strong)} with ${STRONG}. ${reading}`;
  });
}

/** Where an untrained encoder lies beside the trained ones, in means. */
function sidesOfUntrained(untrained: number, trained: readonly number[]): string {
  if (untrained > Math.max(...trained))
    return 'In these means both trained encoders have less of the colour than the untrained one.';
  if (untrained < Math.min(...trained))
    return 'In these means both trained encoders have more of the colour than the untrained one.';
  return 'In these means the untrained encoder is between the trained ones.';
}

function chance(of: MeanOf): string | null {
  const numbers = ['CARE', 'SimCLR', 'untrained'].map((method) => of(method, Q.colourScore));
  return withNumbers(numbers, () => {
    const [care, simclr, untrained] = numbers as [number, number, number];
    const reading = sidesOfUntrained(untrained, [care, simclr]);
    return `**Against chance.** On a scale from 0, neighbours of another query, to 1, the very colour, CARE has ${brief(care, 2)}, SimCLR ${brief(simclr, 2)}, an untrained encoder ${brief(untrained, 2)}. ${reading}`;
  });
}

/** Whether a method's neighbours are farther from the new colour behind the head than before it, beyond what seeds explain. */
function isFartherBehindHead(compared: Compared, method: string): boolean {
  const [behind, before] = [Q.colour, Q.featureColour].map((q) => seedValues(compared, method, q));
  if (behind === undefined || behind.length !== before?.length) return false;
  return shownOrder(behind, before, true) === 'higher';
}

function headReading(lost: readonly string[], all: number): string {
  if (lost.length === 0)
    return 'That the neighbours are farther from the new colour behind the head was not shown.';
  const who = lost.length === all ? `with ${lost.join(' and ')} alike` : `with ${lost.join(' and ')} alone`;
  return `The neighbours are farther from the new colour behind the head ${who}, beyond what seeds explain.`;
}

function head(of: MeanOf, compared: Compared): string | null {
  const methods = ['CARE', 'SimCLR'] as const;
  const numbers = methods.flatMap((method) => [of(method, Q.colour), of(method, Q.featureColour)]);
  return withNumbers(numbers, () => {
    const [care, careBefore, simclr, simclrBefore] = numbers as [number, number, number, number];
    const lost = methods.filter((method) => isFartherBehindHead(compared, method));
    return `**Before the head.** The distance in colour is ${brief(careBefore, 2)} before the head and ${brief(care, 2)} behind it with CARE, ${brief(simclrBefore, 2)} and ${brief(simclr, 2)} with SimCLR. ${headReading(lost, methods.length)}`;
  });
}

function classes(of: MeanOf): string | null {
  const methods = ['CARE', 'SimCLR', 'EquiMod', 'untrained'] as const;
  const numbers = methods.map((method) => of(method, Q.class));
  const permuted = of('CARE', Q.classPermuted);
  return withNumbers([...numbers, permuted], () => {
    const listed = methods.map((method, i) => `${method} ${percent(numbers[i] ?? NaN)}`).join(', ');
    return `**Class.** Of the five nearest, so many have the query\u2019s class: ${listed}; by chance it would be ${percent(permuted)}.`;
  });
}

/** What was found out about the verdicts; for the section on what did not work. */
export function retrievalFindings(results: ImageResults): ProseBlock {
  const compared = comparedAll(results);
  const of: MeanOf = (method, quantity) => mean(seedValues(compared, method, quantity));
  const found = [howMuch(of), chance(of), head(of, compared), classes(of)].filter((each) => each !== null);
  const paragraphs = found.length === 0 ? ['The runs that would tell are not there: **not run**.'] : found;
  return { type: 'prose', markdown: paragraphs.join('\n\n') };
}
