/** What the presets and profiles of pretraining on images set (section 5 and appendix C of the paper). */
import { z } from 'zod';
import { resolveConfig, settingKeys, withWholeKeys, type ConfigLayer } from '../../runs/configuration.js';
import { METHOD_NAMES, type MethodName } from '../../methods/methods.js';
import type { PresetName } from '../../runs/presets.js';
import type { ProfileName } from '../../runs/profiles.js';
import type { Json } from '../../runs/record.js';
import { PAPER_PROBES, PAPER_SIZES, presetLayer, recipeOf } from './presets.js';
import { measureSchema, trainingSchema, type ImageConfig, type ImageMeasureConfig } from './config.js';

type Layer = Readonly<Record<string, Json>>;

/** The small network on the few thousand images that two cores can train on. */
const SMALL: Layer = {
  'training.batch': 64,
  'training.chunks': 4,
  // A momentum encoder must follow within a few thousand steps, and the queue not be older than a few epochs.
  'moco.momentum': 0.99,
  'moco.queue': 1024,
  'byol.momentum': 0.98,
  'equimod.hidden': 256,
  'essl.hidden': 256,
  'measures.knnEvery': 2,
};

/** How big: network, images, epochs, and what depends on how many steps there are. What a profile does not say stands in the schema. */
export const IMAGE_PROFILES: Readonly<Record<ProfileName, Layer>> = {
  smoke: {
    'data.limit': 256,
    'model.width': 8,
    'training.epochs': 2,
    'training.batch': 64,
    'training.chunks': 4,
    'moco.momentum': 0.9,
    'moco.queue': 128,
    'byol.momentum': 0.9,
    'byol.hidden': 128,
    'equimod.hidden': 128,
    'essl.hidden': 128,
    'measures.k': 20,
    'measures.knnLimit': 256,
  },
  // More epochs of all methods would take longer than the profile's hour, and that of the other one longer than six.
  laptop: { ...SMALL, 'training.epochs': 3, 'measures.knnEvery': 1 },
  overnight: { ...SMALL, 'training.epochs': 6 },
  workstation: { 'model.architecture': 'resnet18', 'training.epochs': 200, 'measures.knnEvery': 10 },
  /** Epochs and batch by data set: {@link PAPER_SIZES}. */
  paper: { 'model.architecture': 'resnet50', 'measures.knnEvery': 10 },
};

/** Profiles whose batches are an eighth of the paper's. */
const SMALL_BATCHES: readonly ProfileName[] = ['laptop', 'overnight'];

/**
 * A ResNet of the paper's on small batches: its Adam steps of 1e-3 are for batches of 512 images, and with 64 they are too long
 * (CARE on ResNet-18 and the CIFAR-10 sample, one epoch, kNN: 31.3 % at 1e-3, 36.1 % at 3e-4, 30.4 % untrained).
 */
function resNetLayer(profile: ProfileName, architecture: string | undefined, preset: Layer): Layer {
  const isAdam = (preset['training.optimizer'] ?? 'adam') === 'adam';
  if (!SMALL_BATCHES.includes(profile) || !isAdam || architecture?.startsWith('resnet') !== true) return {};
  return { 'training.learningRate': 3e-4 };
}

/** What a profile sets, for a data set, a network, and what the preset sets. */
function profileLayer(
  profile: ProfileName,
  data: string,
  architecture: string | undefined,
  preset: Layer,
): ConfigLayer {
  const sizes = profile === 'paper' ? PAPER_SIZES[recipeOf(data)] : {};
  const values = { ...IMAGE_PROFILES[profile], ...resNetLayer(profile, architecture, preset), ...sizes };
  return { source: `profile ${profile}`, values };
}

/**
 * What a run's profile sets for measuring it: in that of the paper, its linear probe of the data set, Adam, but SGD on
 * ImageNet100 (appendix C).
 */
export function probeLayer(profile: string, data: string): ConfigLayer {
  const values: ConfigLayer['values'] =
    profile === 'paper' ? { 'probe.optimizer': PAPER_PROBES[recipeOf(data)] } : {};
  return { source: `profile ${profile}`, values };
}

/** The choice of what to run. */
export interface ImageChoice {
  readonly profile: ProfileName;
  readonly preset: PresetName;
  /** What the command's own options say: method, data, network. */
  readonly options?: ConfigLayer;
  /** What the user set with `-p`; goes over all that stands above. */
  readonly overrides?: ConfigLayer;
  /** What a run of a plan is about, which nobody can change. */
  readonly fixed?: ConfigLayer;
}

const settingsSchema = z.strictObject({ ...trainingSchema.shape, measures: measureSchema.prefault({}) });

/** All settings of a run, with those of what is looked at on the way. */
export const TRAINING_KEYS = settingKeys(settingsSchema);

/** The last text that layers give for a setting. */
function textIn(layers: readonly (ConfigLayer | undefined)[], key: string): string | undefined {
  const given = layers.map((layer) => layer?.values[key]).filter((value) => typeof value === 'string');
  return given.at(-1);
}

/** Method and data set, on which a preset depends; what is no method is left to the check of the settings. */
function chosenIn(layers: readonly (ConfigLayer | undefined)[]): {
  readonly method: MethodName | null;
  readonly data: string;
} {
  const name = textIn(layers, 'method') ?? 'care';
  const method = METHOD_NAMES.find((known) => known === name) ?? null;
  return { method, data: textIn(layers, 'data.name') ?? 'generated' };
}

/**
 * The settings of a run: defaults, then preset, profile, the command's options, and the user's settings.
 *
 * @throws UserError with a line for each setting that does not exist or does not fit.
 */
export function imageConfig(choice: ImageChoice): {
  readonly config: ImageConfig;
  readonly measures: ImageMeasureConfig;
} {
  const { preset, profile, options, fixed } = choice;
  const overrides =
    choice.overrides === undefined ? undefined : withWholeKeys(TRAINING_KEYS, choice.overrides);
  const { method, data } = chosenIn([options, overrides, fixed]);
  const ofPreset = presetLayer(preset, data, method);
  const architecture = textIn([options, overrides, fixed], 'model.architecture');
  const { measures, ...config } = resolveConfig(
    settingsSchema,
    { source: `preset ${preset}`, values: ofPreset },
    profileLayer(profile, data, architecture, ofPreset),
    ...(options === undefined ? [] : [options]),
    ...(overrides === undefined ? [] : [overrides]),
    ...(fixed === undefined ? [] : [fixed]),
  );
  return { config, measures };
}
