/** What can be set where L_equi is given another bilinear form (section 3.2 of the paper), and what each profile sets. */
import { z } from 'zod';
import type { BilinearForm } from '../../losses/bilinear-equivariance.js';
import type { ProfileName } from '../../runs/profiles.js';
import type { Json } from '../../runs/record.js';
import { trainingSchema as proteinSchema } from '../protein/config.js';

/** The forms that are tried; the first is the paper's own L_equi. */
export const FORMS = ['inner', 'minkowski', 'symplectic'] as const satisfies readonly BilinearForm[];

const whole = z.number().int();
const width = whole.min(1);

/** Settings that change the weights: they are part of a run's id. */
export const formsSchema = z.strictObject({
  /** The form in L_equi, and with it the space that the encoder goes to. */
  form: z.enum(FORMS).default('inner'),
  /** Seed of the initial weights, the batches and the rotations. */
  seed: whole.min(0).default(0),
  /** Proteins: their rotations are a group, which image augmentations are not. */
  data: proteinSchema.shape.data,
  model: z
    .strictObject({
      phi: z.array(width).min(1).default([64, 128]),
      pooling: z.enum(['mean', 'max', 'sum']).default('max'),
      rho: z.array(width).min(1).default([128, 32]),
      /** Coordinates of an embedding, on which the form acts; the symplectic one wants an even number. */
      dim: whole.min(2).multipleOf(2).default(8),
      /** Radius of the ball to which places on the hyperboloid are confined; the sphere has radius 1. */
      radius: z.number().gt(0).default(2),
    })
    .prefault({}),
  training: z
    .strictObject({
      steps: whole.min(0).default(400),
      batch: whole.min(4).default(64),
      learningRate: z.number().gt(0).default(1e-3),
      weightDecay: z.number().min(0).default(1e-6),
      /** Of L_unif, in units of the squared radius. */
      temperature: z.number().gt(0).default(0.1),
      /** Weight of the mean of L_equi in units of the fourth power of the radius; 0: without the term. */
      lambda: z.number().min(0).default(30),
      /** Weight of the loss that keeps all directions filled. */
      isotropy: z.number().min(0).default(1),
      chunks: whole.min(1).default(4),
    })
    .prefault({}),
});
export type FormsConfig = z.output<typeof formsSchema>;

/** Settings of what is measured; they change no weights. */
export const formsMeasureSchema = z.strictObject({
  /** Rotations, each of all held-out structures. */
  augmentations: whole.min(2).default(20),
  seed: whole.min(0).default(0),
});
export type FormsMeasureConfig = z.output<typeof formsMeasureSchema>;

/** How big. */
export const FORMS_PROFILES: Readonly<
  Record<
    ProfileName,
    {
      readonly training: Readonly<Record<string, Json>>;
      readonly measures: Readonly<Record<string, Json>>;
      readonly seeds: readonly number[];
    }
  >
> = {
  smoke: {
    training: { 'data.points': 16, 'data.limit': 96, 'training.steps': 20, 'training.batch': 32 },
    measures: { augmentations: 3 },
    seeds: [0],
  },
  laptop: { training: {}, measures: {}, seeds: [0, 1, 2] },
  overnight: { training: { 'training.steps': 2000 }, measures: {}, seeds: [0, 1, 2] },
  workstation: {
    training: { 'data.points': 256, 'training.steps': 10000, 'training.batch': 128 },
    measures: {},
    seeds: [0, 1, 2, 3, 4],
  },
  // The paper has no such experiment.
  paper: {
    training: { 'data.points': 256, 'training.steps': 10000, 'training.batch': 128 },
    measures: {},
    seeds: [0, 1, 2, 3, 4],
  },
};
