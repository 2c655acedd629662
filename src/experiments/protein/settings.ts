/** What the presets and profiles of the protein experiment set. */
import { z } from 'zod';
import { resolveConfig, type ConfigLayer } from '../../runs/configuration.js';
import type { Json } from '../../runs/record.js';
import type { PresetName } from '../../runs/presets.js';
import type { ProfileName } from '../../runs/profiles.js';
import { UserError } from '../../runs/user-error.js';
import { ENCODERS, trainingSchema, type EncoderName, type TrainingConfig } from './config.js';

/** Settings of what is measured on a trained encoder; they can change without training anew. */
export const measureSchema = z.strictObject({
  /** Rotations over which gamma_f, invariance and Wahba's error are averaged; the paper's Figure 5 has 20. */
  augmentations: z.number().int().min(2).default(20),
  /** Held-out structures whose trajectories are drawn (Figure 3 has 3) and over which roundness is averaged. */
  shownStructures: z.number().int().min(1).default(3),
  roundnessStructures: z.number().int().min(2).default(24),
  /** Rotations about an axis over 360 degrees (100 in the paper). */
  angles: z.number().int().min(8).default(100),
  /** Random orientations in which the readout of the principal component sees each structure. */
  trainOrientations: z.number().int().min(1).default(8),
  testOrientations: z.number().int().min(1).default(4),
  /** Structures whose two widest directions differ by less than this, (l1 - l2) / l1, have no principal component to speak of. */
  leastGap: z.number().min(0).lt(1).default(0.1),
  classifierSeeds: z.array(z.number().int().min(0)).min(1).default([0, 1, 2]),
  seed: z.number().int().min(0).default(0),
});
export type MeasureConfig = z.output<typeof measureSchema>;

/** A setting that the paper leaves open, varied for some encoders. */
export interface Variation {
  /** The setting as `-p` names it. */
  readonly setting: string;
  readonly values: readonly Json[];
  readonly encoders: readonly EncoderName[];
}

interface ProfileSettings {
  readonly training: { readonly [key: string]: Json };
  readonly measures: { readonly [key: string]: Json };
  readonly seeds: readonly number[];
  readonly encoders: readonly EncoderName[];
  readonly variations: readonly Variation[];
  /** Seeds of the varied runs. */
  readonly variedSeeds: readonly number[];
}

const VARIED = ['care', 'simclr'] as const satisfies readonly EncoderName[];

const LAPTOP: ProfileSettings = {
  training: { 'data.points': 64, 'training.steps': 400, 'training.batch': 64 },
  measures: {},
  seeds: [0, 1, 2, 3, 4],
  encoders: ENCODERS,
  variations: [
    { setting: 'training.lambda', values: [3, 300], encoders: ['care'] },
    { setting: 'training.steps', values: [100, 800], encoders: VARIED },
    { setting: 'data.points', values: [128], encoders: VARIED },
    { setting: 'model.pooling', values: ['mean'], encoders: VARIED },
  ],
  variedSeeds: [0],
};

/** The profiles; a larger one differs from `laptop` in what its lines say. */
export const PROTEIN_PROFILES: Readonly<Record<ProfileName, ProfileSettings>> = {
  smoke: {
    training: { 'data.points': 32, 'data.limit': 96, 'training.steps': 30, 'training.batch': 32 },
    measures: {
      augmentations: 4,
      roundnessStructures: 4,
      trainOrientations: 2,
      testOrientations: 2,
      classifierSeeds: [0, 1],
    },
    seeds: [0, 1],
    encoders: ENCODERS,
    variations: [{ setting: 'training.lambda', values: [3], encoders: ['care'] }],
    variedSeeds: [0],
  },
  laptop: LAPTOP,
  // The same runs with more seeds: computing a seed again elsewhere changes its result as much as another seed does.
  overnight: {
    ...LAPTOP,
    seeds: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
    variations: [
      { setting: 'training.lambda', values: [3, 300], encoders: ['care'] },
      { setting: 'training.steps', values: [100, 800, 2000], encoders: VARIED },
      { setting: 'data.points', values: [128, 256], encoders: VARIED },
      { setting: 'model.pooling', values: ['mean'], encoders: VARIED },
    ],
    variedSeeds: [0, 1, 2],
  },
  workstation: {
    ...LAPTOP,
    training: { 'data.points': 512, 'training.steps': 20000, 'training.batch': 128 },
    seeds: [0, 1, 2, 3, 4],
  },
  paper: {
    ...LAPTOP,
    training: { 'data.points': 512, 'training.steps': 20000, 'training.batch': 128 },
    seeds: [0, 1, 2, 3, 4],
  },
};

/**
 * What the presets set. The official code has no protein experiment; what carries over from it is how L_equi is reduced:
 * `2 mean_i sum_{j != i}`, under which its lambda is to be read.
 */
export const PROTEIN_PRESETS: Readonly<Record<PresetName, { readonly [key: string]: Json }>> = {
  paper: { 'training.reduction': 'mean' },
  'official-code': { 'training.reduction': 'official-sum', 'training.lambda': 0.03 },
};

/** The choice of what to run. */
export interface ProteinChoice {
  readonly profile: ProfileName;
  readonly preset: PresetName;
  /** What the user set with `-p`; keys of training as they are, those of measures after `measures.`. */
  readonly overrides?: ConfigLayer;
}

/** All that can be set: the settings of training as they are, those of the measures under `measures`. */
const settingsSchema = z.strictObject({ ...trainingSchema.shape, measures: measureSchema.prefault({}) });

/** What the plan sets run by run, so that nobody else can. */
const PLANNED = ['encoder', 'seed'] as const;

function checkNotPlanned(overrides: ConfigLayer | undefined): void {
  const taken = PLANNED.filter((key) => overrides !== undefined && key in overrides.values);
  if (taken.length === 0) return;
  throw new UserError(
    `${taken.join(' and ')} cannot be set (from ${overrides?.source ?? ''}): the plan trains every encoder with every seed of its profile.`,
    'Leave it out, or choose a profile with other seeds; all runs of the plan stand in the report.',
  );
}

/** Defaults, then preset, profile, the user's, and what the plan asks of a run: all checked together. */
function resolveSettings(
  choice: ProteinChoice,
  run: { readonly [key: string]: Json },
): z.output<typeof settingsSchema> {
  const { preset, profile, overrides } = choice;
  const { training, measures } = PROTEIN_PROFILES[profile];
  checkNotPlanned(overrides);
  return resolveConfig(
    settingsSchema,
    { source: `preset ${preset}`, values: PROTEIN_PRESETS[preset] },
    { source: `profile ${profile}`, values: { ...training, measures } },
    ...(overrides === undefined ? [] : [overrides]),
    { source: 'the plan', values: run },
  );
}

/**
 * The settings of one training run.
 *
 * @param run - what the plan asks of it; goes over what the user set.
 * @throws UserError with a line for each override that is no setting, of training or of the measures.
 */
export function trainingConfig(choice: ProteinChoice, run: { readonly [key: string]: Json }): TrainingConfig {
  const { measures: _apart, ...training } = resolveSettings(choice, run);
  return training;
}

/**
 * The settings of a run that stands for itself rather than in the experiment's plan: its encoder and seed can be set, too.
 *
 * @throws UserError with a line for each setting that does not exist or does not fit.
 */
export function singleConfig(choice: ProteinChoice, run: ConfigLayer): TrainingConfig {
  const { preset, profile } = choice;
  const { measures: _apart, ...training } = resolveConfig(
    settingsSchema,
    { source: `preset ${preset}`, values: PROTEIN_PRESETS[preset] },
    { source: `profile ${profile}`, values: PROTEIN_PROFILES[profile].training },
    run,
  );
  return training;
}

/** What a profile sets of the measures; nothing for one that is not known. */
export function profileMeasures(profile: string): ConfigLayer {
  const found = Object.entries(PROTEIN_PROFILES).find(([name]) => name === profile);
  return { source: `profile ${profile}`, values: found?.[1].measures ?? {} };
}

/** The settings of the measures. @throws UserError as {@link trainingConfig} does. */
export function measureConfig(choice: ProteinChoice): MeasureConfig {
  return resolveSettings(choice, {}).measures;
}
