/**
 * What the presets set for pretraining on images: `paper`, the method as the paper's text and tables have it, and
 * `official-code`, each departure from it being one named setting (docs/paper.md lists them).
 */
import { baseOf, type MethodName } from '../../methods/methods.js';
import type { PresetName } from '../../runs/presets.js';
import type { Json } from '../../runs/record.js';
import type { ImageMeasureName } from './measures.js';

type Layer = Readonly<Record<string, Json>>;

/** The columns of the paper's table of training settings. */
export const RECIPES = ['cifar10', 'cifar100', 'stl10', 'imagenet100'] as const;
export type Recipe = (typeof RECIPES)[number];

/** The column for a data set; sets that the paper does not have are trained as CIFAR-10. */
export function recipeOf(data: string): Recipe {
  return RECIPES.find((name) => name === data) ?? 'cifar10';
}

/** How long and in which batches the paper trains: sizes, and so of its profile rather than of a preset. */
export const PAPER_SIZES: Readonly<Record<Recipe, Layer>> = {
  cifar10: { 'training.epochs': 400, 'training.batch': 256 },
  cifar100: { 'training.epochs': 400, 'training.batch': 256 },
  stl10: { 'training.epochs': 400, 'training.batch': 256 },
  imagenet100: { 'training.epochs': 200, 'training.batch': 512 },
};

/** The optimizer of the paper's linear probe, with its epochs, batch and learning rate. */
export const PAPER_PROBES: Readonly<Record<Recipe, 'adam' | 'sgd'>> = {
  cifar10: 'adam',
  cifar100: 'adam',
  stl10: 'adam',
  imagenet100: 'sgd',
};

/** The paper's training settings (appendix C), but for the sizes. */
const PAPER: Readonly<Record<Recipe, Layer>> = {
  cifar10: { 'training.chunks': 16, 'training.lambda': 0.01 },
  cifar100: { 'training.chunks': 4, 'training.lambda': 0.001 },
  stl10: {
    'data.size': 32,
    'training.chunks': 8,
    'training.lambda': 0.01,
    'training.optimizer': 'sgd',
    'training.learningRate': 0.06,
    'training.weightDecay': 5e-4,
    'training.schedule': 'cosine',
    'training.warmup': 10,
    'training.warmupUnit': 'steps',
  },
  imagenet100: {
    'model.stem': 'imagenet',
    'training.chunks': 4,
    'training.lambda': 0.005,
    'training.temperature': 0.2,
    'training.optimizer': 'sgd',
    'training.learningRate': 0.8,
    'training.schedule': 'cosine',
  },
};

/** What the paper says of MoCo apart. */
const PAPER_MOCO: Readonly<Record<Recipe, Layer>> = {
  cifar10: { 'training.temperature': 0.1 },
  cifar100: { 'training.temperature': 0.1 },
  stl10: { 'training.temperature': 0.1 },
  imagenet100: { 'moco.momentum': 0.99, 'training.chunks': 8, 'training.lambda': 0.01 },
};

/**
 * What both have alike though the texts differ: L_equi is a sum over the other images of a chunk, as the official code has
 * it. The paper writes a mean, on which its lambda of .01 would hardly be felt: with chunks of c images, lambda on the sum
 * is 2 (c - 1) lambda on the mean.
 */
const BOTH: Layer = { 'training.reduction': 'official-sum' };

const PAPER_ALWAYS: Layer = {
  'training.pairs': 'per-chunk',
  'training.negativeGroups': 1,
  'training.kept': 'last',
};

/** Where the official code departs. */
const OFFICIAL_ALWAYS: Layer = { 'training.pairs': 'per-batch', 'training.kept': 'last-and-best' };
const OFFICIAL: Readonly<Record<Recipe, Layer>> = {
  cifar10: { 'training.lambda': 0.03 },
  cifar100: {},
  stl10: { 'training.warmupUnit': 'epochs' },
  // Each of the paper's four GPUs has negatives of its own, since embeddings are not gathered.
  imagenet100: { 'training.negativeGroups': 4 },
};
const OFFICIAL_MOCO: Readonly<Record<Recipe, Layer>> = {
  cifar10: {},
  cifar100: {},
  stl10: {},
  // Its keys are gathered, and its queue is one.
  imagenet100: { 'training.lambda': 0.005, 'training.chunks': 4, 'training.negativeGroups': 1 },
};

/** What a preset sets, for a data set and a method; null for the encoder that is not trained. */
export function presetLayer(preset: PresetName, data: string, method: MethodName | null): Layer {
  const recipe = recipeOf(data);
  const isMoco = method !== null && baseOf(method) === 'moco-v2';
  const paper = { ...BOTH, ...PAPER_ALWAYS, ...PAPER[recipe], ...(isMoco ? PAPER_MOCO[recipe] : {}) };
  if (preset === 'paper') return paper;
  return { ...paper, ...OFFICIAL_ALWAYS, ...OFFICIAL[recipe], ...(isMoco ? OFFICIAL_MOCO[recipe] : {}) };
}

/** A point at which the official code departs from the paper, and a setting of training that is its switch. */
export interface SettingDeparture {
  readonly point: string;
  readonly setting: string;
  /** Where the presets differ in it; everywhere where left out. */
  readonly data?: Recipe;
  readonly method?: MethodName;
  /** Why the presets agree in it nevertheless. */
  readonly alike?: string;
}

/** A departure in how a trained run is measured: its switch is which measure `care measure RUN` makes. */
export interface MeasureDeparture {
  readonly point: string;
  readonly measures: Readonly<Record<PresetName, ImageMeasureName>>;
}

export type Departure = SettingDeparture | MeasureDeparture;

/** The departures of the official code, in the order of docs/paper.md. */
export const DEPARTURES: readonly Departure[] = [
  { point: 'lambda on CIFAR10', setting: 'training.lambda', data: 'cifar10' },
  { point: 'augmentation pairs of L_equi', setting: 'training.pairs' },
  {
    point: 'scale of L_equi',
    setting: 'training.reduction',
    alike:
      'The paper writes a mean over pairs, on which its lambda would hardly be felt; with -p training.reduction=mean, ' +
      'multiply lambda by 2 (c - 1) for chunks of c images.',
  },
  { point: 'linear probe', measures: { paper: 'probe', 'official-code': 'probe-official' } },
  { point: 'warm-up on STL10', setting: 'training.warmupUnit', data: 'stl10' },
  { point: 'model chosen', setting: 'training.kept' },
  {
    point: 'lambda of MoCo on ImageNet100',
    setting: 'training.lambda',
    data: 'imagenet100',
    method: 'moco-v2+care',
  },
  {
    point: 'chunks of MoCo on ImageNet100',
    setting: 'training.chunks',
    data: 'imagenet100',
    method: 'moco-v2+care',
  },
  { point: 'negatives on 4 GPUs', setting: 'training.negativeGroups', data: 'imagenet100' },
];
