/** What the embedding does when an image's colours change (sections 4.2 and 5.2; Figures 5, 6 and 8). */
import type { ProfileName } from '../../runs/profiles.js';
import type { Json } from '../../runs/record.js';
import type { Experiment, StudyChoice } from '../study.js';
import type { ImageMeasureName } from './measures.js';
import { experimentPlan, imagePlan, type ImagePlan, type PlanPart } from './study.js';
import { STUDY_SEEDS } from './study-seeds.js';

export const COLOR_SENSITIVITY = 'cifar-color-sensitivity';

/** Weights of L_equi that are tried beside that of the preset. */
const LAMBDAS: Readonly<Record<ProfileName, readonly number[]>> = {
  smoke: [1],
  laptop: [0.1, 1],
  overnight: [0.03, 0.1, 0.3, 1],
  workstation: [0.03, 0.1, 0.3, 1],
  paper: [0.03, 0.1, 0.3, 1],
};

/** Channels of the larger pair's network, twice those of the others. */
const LARGER_WIDTH = 32;
/**
 * The pair that rests on more than a sample: all images of CIFAR-10 (as JPEG) and a wider network, for as many epochs as two
 * cores train in two hours.
 */
const LARGER: Readonly<Record<string, Json>> = {
  'training.epochs': 4,
  'training.batch': 128,
  'training.chunks': 8,
};

/** The network of Figures 5, 6 and 8, where the other ones of the paper have a ResNet-50. */
export function paperArchitecture({ profile }: StudyChoice): Readonly<Record<string, Json>> {
  return profile === 'paper' ? { 'model.architecture': 'resnet18' } : {};
}

/** What is measured of the methods that are compared. */
const MEASURES: readonly ImageMeasureName[] = [
  'wahba',
  'wahba-colour',
  'steering',
  'gamma',
  'gamma-colour',
  'colour-sweep',
  'parameters',
  'collapse',
];

/** Only `overnight` has it: smaller profiles have no time for it, and larger ones have it in their main comparison. */
function largerPair({ profile }: StudyChoice): readonly PlanPart[] {
  if (profile !== 'overnight') return [];
  return [
    {
      part: 'larger',
      methods: ['care', 'simclr', 'untrained'],
      seeds: [0],
      data: 'cifar10-jpeg',
      values: LARGER,
      // The profile's sample would not be all of them.
      fixed: { 'model.width': LARGER_WIDTH, 'data.limit': null },
      measures: [...MEASURES, 'probe'],
    },
  ];
}

/** @throws UserError for overrides that are no settings. */
export function planColorSensitivity(choice: StudyChoice): ImagePlan {
  const { compared } = STUDY_SEEDS[choice.profile];
  const data = choice.data ?? 'cifar10';
  const values = paperArchitecture(choice);
  return imagePlan(COLOR_SENSITIVITY, choice, [
    {
      part: 'main',
      methods: ['care', 'simclr', 'untrained'],
      seeds: compared,
      data,
      values,
      measures: MEASURES,
    },
    // The encoder of Figure 6 goes to the unit circle, where an embedding is an angle.
    {
      part: 'circle',
      methods: ['care', 'simclr'],
      seeds: compared,
      data,
      values,
      fixed: { 'model.dim': 2 },
      measures: ['cosines', 'wahba'],
    },
    {
      part: 'lambda',
      methods: ['care'],
      seeds: compared,
      data,
      values,
      variation: { setting: 'training.lambda', values: LAMBDAS[choice.profile] },
      measures: ['wahba', 'wahba-colour', 'gamma', 'gamma-colour', 'collapse'],
    },
    ...largerPair(choice),
  ]);
}

export const colorSensitivity: Experiment = {
  name: COLOR_SENSITIVITY,
  about: 'what does the embedding do when colours change?',
  data: ['cifar10', 'cifar10-jpeg'],
  plan: (choice) => experimentPlan(planColorSensitivity(choice)),
};
