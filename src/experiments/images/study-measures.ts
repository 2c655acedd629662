import type { ProfileName } from '../../runs/profiles.js';
import type { Json } from '../../runs/record.js';

/** Samples of data sets have many flowers, but five training images of a class of CIFAR-100. */
const TO_FLOWERS = { 'transfer.data': 'flowers5' };

/** Seeds differ by more than 500 images do. */
const SMALL: Readonly<Record<string, Json>> = {
  ...TO_FLOWERS,
  images: 500,
  'colourSweep.hue': [-0.5, -0.25, 0, 0.25, 0.5],
  'colourSweep.factor': [0.4, 0.7, 1, 1.3, 1.6],
};

/**
 * Settings of the measures that each profile can afford, over their defaults. All experiments on images have the same, since
 * they share runs, and a record keeps a measure once.
 */
export const STUDY_MEASURES: Readonly<Record<ProfileName, Readonly<Record<string, Json>>>> = {
  smoke: {
    ...TO_FLOWERS,
    images: 64,
    augmentations: 4,
    compositions: 2,
    'retrieval.permutations': 4,
    'colourSweep.hue': [-0.25, 0, 0.25],
    'colourSweep.factor': [0.5, 1, 1.5],
    'probe.epochs': 5,
    classifierSeeds: [0],
    'neighbours.k': 20,
  },
  laptop: SMALL,
  overnight: SMALL,
  workstation: { images: 2000 },
  paper: { images: null },
};
