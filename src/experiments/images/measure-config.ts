/** Settings of what `care measure` measures on a trained encoder of images; they change no weights. */
import { z } from 'zod';

const whole = z.number().int();

/** At least two different numbers. */
const strengths = (number: z.ZodNumber) =>
  z.array(number).refine((given) => new Set(given).size > 1, 'must have at least two different strengths');

export const imageMeasureSchema = z.strictObject({
  /** Of the augmentations, splits, permutations and draws. */
  seed: whole.min(0).default(0),
  /** At most so many images of the test set, each class with its share; null: all. */
  images: whole.min(8).nullable().default(1000),
  /** Augmentations, one a trial; Figures 5 and 6 have 20. */
  augmentations: whole.min(2).default(20),
  /** Compositions of two augmentations. */
  compositions: whole.min(2).default(10),
  /** Whether the features before the head are measured too; Wahba's problem on 2,048 of them takes minutes. */
  beforeHead: z.boolean().default(true),
  retrieval: z
    .strictObject({
      /** Neighbours of a query; Figure 9 shows 5. */
      k: whole.min(1).default(5),
      /** Largest turn of the hue of the recoloured images, in turns; null: that of the run's own augmentation. */
      hue: z.number().min(0).max(0.5).nullable().default(null),
      permutations: whole.min(2).default(20),
    })
    .prefault({}),
  neighbours: z
    .strictObject({
      k: whole.min(1).default(200),
      temperature: z.number().gt(0).default(0.5),
    })
    .prefault({}),
  parameters: z.strictObject({ readout: z.enum(['linear', 'mlp']).default('linear') }).prefault({}),
  /** Strengths of `colour-sweep`, from the lowest to the highest of which readouts are also drawn. */
  colourSweep: z
    .strictObject({
      /** Turns of the colour circle; 0 changes nothing, and -.5 and .5 are the same. */
      hue: strengths(z.number().min(-0.5).max(0.5)).default([
        -0.5, -0.375, -0.25, -0.125, 0, 0.125, 0.25, 0.375, 0.5,
      ]),
      /** Factors of brightness, saturation and contrast; 1 changes nothing. */
      factor: strengths(z.number().min(0)).default([0.4, 0.6, 0.8, 1, 1.2, 1.4, 1.6]),
    })
    .prefault({}),
  /** Of both linear probes; `adam` and `sgd` are the paper's two. */
  probe: z
    .strictObject({
      optimizer: z.enum(['adam', 'sgd']).default('adam'),
      /** Null: that of the paper. */
      epochs: whole.min(1).nullable().default(null),
      batch: whole.min(1).nullable().default(null),
      learningRate: z.number().gt(0).nullable().default(null),
      /** At most so many training images, each class with its share; null: all. */
      images: whole.min(2).nullable().default(null),
    })
    .prefault({}),
  /** Where `transfer` looks: a set of images that the run was not trained on; null: CIFAR-100, or CIFAR-10 for runs of that. */
  transfer: z.strictObject({ data: z.string().nullable().default(null) }).prefault({}),
  /** One readout or classifier is trained for each. */
  classifierSeeds: z.array(whole.min(0)).min(1).default([0, 1, 2]),
});

export type MeasureSettings = z.output<typeof imageMeasureSchema>;
