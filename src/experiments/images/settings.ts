/** What the presets and profiles of pretraining on images set (section 5 and appendix C of the paper). */
import { z } from 'zod';
import { resolveConfig, type ConfigLayer } from '../../runs/configuration.js';
import type { PresetName } from '../../runs/presets.js';
import type { ProfileName } from '../../runs/profiles.js';
import type { Json } from '../../runs/record.js';
import { measureSchema, trainingSchema, type ImageConfig, type ImageMeasureConfig } from './config.js';

type Layer = Readonly<Record<string, Json>>;

/** How big: network, images, epochs. What a profile does not say stands in the schema. */
export const IMAGE_PROFILES: Readonly<Record<ProfileName, Layer>> = {
  smoke: {
    'data.limit': 256,
    'model.width': 8,
    'training.epochs': 2,
    'training.batch': 64,
    'training.chunks': 4,
    'measures.k': 20,
    'measures.knnLimit': 256,
  },
  laptop: {
    'training.epochs': 30,
    'training.batch': 64,
    'training.chunks': 4,
    'measures.knnEvery': 5,
  },
  overnight: {
    'training.epochs': 100,
    'training.batch': 128,
    'training.chunks': 8,
    'model.width': 32,
    'measures.knnEvery': 10,
  },
  workstation: { 'model.architecture': 'resnet18', 'training.epochs': 200, 'measures.knnEvery': 10 },
  paper: { 'model.architecture': 'resnet50', 'training.epochs': 400, 'measures.knnEvery': 10 },
};

/**
 * Which method. `paper`: lambda .01, each chunk its own pair. Both count L_equi as the official code does, as a sum over
 * the other images of a chunk: on a mean over pairs a lambda of .01 would hardly be felt.
 */
export const IMAGE_PRESETS: Readonly<Record<PresetName, Layer>> = {
  paper: { 'training.lambda': 0.01, 'training.pairs': 'per-chunk', 'training.reduction': 'official-sum' },
  'official-code': {
    'training.lambda': 0.03,
    'training.pairs': 'per-batch',
    'training.reduction': 'official-sum',
  },
};

/** The choice of what to run. */
export interface ImageChoice {
  readonly profile: ProfileName;
  readonly preset: PresetName;
  /** What the command's own options say: method, data, network. */
  readonly options?: ConfigLayer;
  /** What the user set with `-p`; goes over all else. */
  readonly overrides?: ConfigLayer;
}

const settingsSchema = z.strictObject({ ...trainingSchema.shape, measures: measureSchema.prefault({}) });

/**
 * The settings of a run: defaults, then preset, profile, the command's options, and the user's settings.
 *
 * @throws UserError with a line for each setting that does not exist or does not fit.
 */
export function imageConfig(choice: ImageChoice): {
  readonly config: ImageConfig;
  readonly measures: ImageMeasureConfig;
} {
  const { preset, profile, options, overrides } = choice;
  const { measures, ...config } = resolveConfig(
    settingsSchema,
    { source: `preset ${preset}`, values: IMAGE_PRESETS[preset] },
    { source: `profile ${profile}`, values: IMAGE_PROFILES[profile] },
    ...(options === undefined ? [] : [options]),
    ...(overrides === undefined ? [] : [overrides]),
  );
  return { config, measures };
}
