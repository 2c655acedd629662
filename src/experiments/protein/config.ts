/** What can be set in the protein experiment (section 5.1 of the paper), and what each profile sets. */
import { z } from 'zod';
import type { ObjectiveName } from '../../methods/objective.js';

/** The encoders that are compared, in the order of the paper's rows; `untrained` is a control that the paper lacks. */
export const ENCODERS = ['care', 'simclr', 'l-unif', 'l-unif+l-equi', 'l-inv', 'untrained'] as const;
export type EncoderName = (typeof ENCODERS)[number];

/** The objective that an encoder is trained with; null for the one that is not trained. */
export function objectiveOf(encoder: EncoderName): ObjectiveName | null {
  return encoder === 'untrained' ? null : encoder;
}

const whole = z.number().int();
const width = whole.min(1);

/** Settings that change the weights: they are part of a run's id. */
export const trainingSchema = z.strictObject({
  encoder: z.enum(ENCODERS).default('care'),
  /** Seed of the initial weights, the batches and the rotations. */
  seed: whole.min(0).default(0),
  data: z
    .strictObject({
      /** Which atoms make a structure's cloud. */
      atoms: z.enum(['ca', 'backbone']).default('ca'),
      /** Points that every cloud is resampled to. */
      points: whole.min(4).default(64),
      /** `rms`: each cloud has radius 1; `global`: all are divided by one length. */
      scale: z.enum(['rms', 'global']).default('rms'),
      /** Share of the structures that is held out. */
      testFraction: z.number().gt(0).lt(1).default(0.2),
      /** Seed of the split and of the resampling; the same for all pretraining seeds, so that they can be paired. */
      seed: whole.min(0).default(0),
      /** At most this many structures; null: all. */
      limit: whole.min(16).nullable().default(null),
    })
    .prefault({}),
  model: z
    .strictObject({
      phi: z.array(width).min(1).default([64, 128, 256]),
      pooling: z.enum(['mean', 'max', 'sum']).default('max'),
      rho: z.array(width).min(1).default([128, 16]),
    })
    .prefault({}),
  training: z
    .strictObject({
      steps: whole.min(0).default(600),
      batch: whole.min(4).default(64),
      learningRate: z.number().gt(0).default(1e-3),
      weightDecay: z.number().min(0).default(1e-6),
      temperature: z.number().gt(0).default(0.1),
      /** Weight of L_equi; it means nothing without `reduction`. */
      lambda: z.number().min(0).default(30),
      chunks: whole.min(1).default(4),
      reduction: z.enum(['mean', 'official-sum']).default('mean'),
    })
    .prefault({}),
});

export type TrainingConfig = z.output<typeof trainingSchema>;
