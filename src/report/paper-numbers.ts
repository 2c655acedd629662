/** The numbers that the paper prints, each once and with its place: what reports show in italics beside ours. */
import type { Recipe } from '../experiments/images/presets.js';
import type { MethodName } from '../methods/methods.js';

/** A number of the paper. */
export interface PaperNumber {
  readonly value: number;
  /** Sample standard deviation as printed; what it was taken over stands with the table. */
  readonly sd?: number;
  /** The paper takes it over from other work. */
  readonly quoted?: true;
  /** Its place in the table could not be read with certainty. */
  readonly uncertainPlace?: true;
}

const number = (value: number, sd?: number): PaperNumber => ({ value, ...(sd === undefined ? {} : { sd }) });
const quoted = (value: number): PaperNumber => ({ value, quoted: true });
const uncertain = (one: PaperNumber): PaperNumber => ({ ...one, uncertainPlace: true });

/** Cells of a table by method; a method without one was not reported. */
export type PaperColumn = Partial<Readonly<Record<MethodName, PaperNumber>>>;

/**
 * Table 1: top-1 accuracy in per cent of a linear probe on frozen features, ResNet-50; standard deviations are over three
 * initialisations of the classifier, on one pretraining.
 */
export const TABLE_1: Readonly<Record<Recipe, PaperColumn>> = {
  cifar10: {
    simclr: number(90.98, 0.1),
    'moco-v2': number(91.95, 0.05),
    byol: quoted(90.44),
    'barlow-twins': number(84.54, 0.02),
    equimod: number(91.28),
    'equimod-byol': quoted(91.57),
    care: number(91.92, 0.12),
    'moco-v2+care': number(92.19, 0.01),
    'barlow-twins+care': number(85.65, 0.05),
  },
  cifar100: {
    simclr: number(66.77, 0.34),
    'moco-v2': number(69.88, 0.23),
    byol: uncertain(quoted(67.41)),
    'barlow-twins': number(55.54, 0.05),
    equimod: number(67.59),
    care: number(68.05, 0.28),
    'moco-v2+care': number(70.56, 0.15),
    'barlow-twins+care': number(56.76, 0.02),
  },
  stl10: {
    simclr: number(84.19, 0.13),
    'barlow-twins': number(90.62, 0.02),
    equimod: number(83.67),
    care: number(84.64, 0.29),
    'moco-v2+care': number(88.97, 0.48),
    'barlow-twins+care': number(90.92, 0.01),
  },
  imagenet100: {
    simclr: number(72.79, 0.08),
    'moco-v2': uncertain(number(73.5, 0.19)),
    care: number(76.69, 0.08),
    'moco-v2+care': uncertain(number(74.3, 0.07)),
  },
};

/** The rows of Table 1, in its order. */
export const TABLE_1_METHODS = [
  'simclr',
  'moco-v2',
  'byol',
  'barlow-twins',
  'equimod',
  'equimod-byol',
  'care',
  'moco-v2+care',
  'barlow-twins+care',
] as const satisfies readonly MethodName[];

/** The bar chart of the official repository, where it has other numbers than Table 1. */
export const REPOSITORY_CHART: Partial<Readonly<Record<Recipe, PaperColumn>>> = {
  imagenet100: { 'moco-v2': number(73.16), 'moco-v2+care': number(74.22) },
};

/** Figure 7: the weights of L_equi with the best linear readout, both ends included. */
export const BEST_LAMBDAS = { low: 0.01, high: 0.1 } as const;

/** Data sets as the paper writes them. */
export const PAPER_DATA: Readonly<Record<Recipe, string>> = {
  cifar10: 'CIFAR10',
  cifar100: 'CIFAR100',
  stl10: 'STL10',
  imagenet100: 'ImageNet100',
};

/** A number of the paper as it stands in a table, in per cent or in the table's unit. */
export function paperText({ value, sd, quoted: isQuoted, uncertainPlace }: PaperNumber): string {
  const spread = sd === undefined ? '' : ` \u00b1 ${sd.toFixed(2)}`;
  return `${value.toFixed(2)}${spread}${isQuoted === true ? ' (quoted)' : ''}${uncertainPlace === true ? ' ?' : ''}`;
}

/** What adding CARE changes by the paper's numbers; undefined where it does not report both. */
export function paperGain(column: PaperColumn, base: MethodName, withCare: MethodName): number | undefined {
  const [before, after] = [column[base], column[withCare]];
  // Two decimals, as printed: a difference of floats would have more.
  return before === undefined || after === undefined
    ? undefined
    : Number((after.value - before.value).toFixed(2));
}
