/** What can be set in pretraining on images (section 5 and appendix C of the paper). */
import { z } from 'zod';
import { ARCHITECTURES } from '../../models/architectures.js';
import { METHOD_NAMES } from '../../methods/methods.js';

/** Methods that pretrain; `untrained` keeps the initial weights, as a control. */
export const IMAGE_METHODS = [...METHOD_NAMES, 'untrained'] as const;
export type ImageMethod = (typeof IMAGE_METHODS)[number];

const whole = z.number().int();
const share = z.number().min(0).max(1);

/** Settings that change the weights: they are part of a run's id. */
export const trainingSchema = z.strictObject({
  method: z.enum(IMAGE_METHODS).default('care'),
  /** Seed of the initial weights, the order of the images and the augmentations. */
  seed: whole.min(0).default(0),
  data: z
    .strictObject({
      /** A data set of `care data list`, or `folder:<path>`. */
      name: z.string().min(1).default('generated'),
      /** Height and width in pixels, an even number; null: the data set's own. */
      size: whole.min(8).multipleOf(2).nullable().default(null),
      /** At most so many training images, each class with its share; null: all. */
      limit: whole.min(2).nullable().default(null),
      /** Seed of the limit, of splits that data sets do not bring, and of generated images. */
      seed: whole.min(0).default(0),
    })
    .prefault({}),
  model: z
    .strictObject({
      architecture: z.enum(ARCHITECTURES).default('small'),
      /** First layers for small images (`cifar`) or for those of 224 pixels; the small network has the first. */
      stem: z.enum(['cifar', 'imagenet']).default('cifar'),
      /** Of `small`: channels of its first stage, and blocks in each of its three stages. */
      width: whole.min(1).default(16),
      blocks: whole.min(1).default(1),
      /** Width of the projection head's hidden layer, and the embedding's dimension. */
      hidden: whole.min(1).default(512),
      dim: whole.min(1).default(128),
    })
    .prefault({}),
  augmentation: z
    .strictObject({
      cropScale: z.tuple([share, share]).default([0.08, 1]),
      flip: share.default(0.5),
      jitter: share.default(0.8),
      brightness: z.number().min(0).default(0.4),
      contrast: z.number().min(0).default(0.4),
      saturation: z.number().min(0).default(0.4),
      hue: z.number().min(0).max(0.5).default(0.1),
      grayscale: share.default(0.2),
      blur: share.default(0.5),
    })
    .prefault({}),
  training: z
    .strictObject({
      epochs: whole.min(0).default(10),
      /** Images in a step; what an epoch leaves over is dropped. */
      batch: whole.min(2).default(256),
      optimizer: z.enum(['adam', 'sgd']).default('adam'),
      learningRate: z.number().gt(0).default(1e-3),
      momentum: share.default(0.9),
      weightDecay: z.number().min(0).default(1e-6),
      schedule: z.enum(['constant', 'cosine']).default('constant'),
      /** Linear warm-up of the learning rate. */
      warmup: whole.min(0).default(0),
      warmupUnit: z.enum(['steps', 'epochs']).default('epochs'),
      /** tau of InfoNCE and of L_unif. */
      temperature: z.number().gt(0).default(0.5),
      /**
       * Groups of the batch whose images are each other's negatives: 1 is the whole batch; N is what N GPUs give that gather
       * no embeddings, as in the official code. A queue is shared by all.
       */
      negativeGroups: whole.min(1).default(1),
      /** Weight of L_equi; it means nothing without `reduction`. */
      lambda: z.number().min(0).default(0.01),
      /** Chunks of the batch that draw one pair of augmentations each (`n_split`). */
      chunks: whole.min(1).default(16),
      reduction: z.enum(['mean', 'official-sum']).default('official-sum'),
      /** Whether each chunk draws a pair of augmentations, or one pair serves the whole batch as in the official code. */
      pairs: z.enum(['per-chunk', 'per-batch']).default('per-chunk'),
      /**
       * Images of a view that go through the network at a time; null: all. Smaller pieces need less memory, but batch
       * norm then sees the statistics of a piece.
       */
      microBatch: whole.min(2).nullable().default(null),
      /**
       * Whether the weights with the best kNN accuracy on the way are kept beside the last ones, as the official code does.
       * They are chosen on the *test* images, so their accuracy is no estimate for others.
       */
      kept: z.enum(['last', 'last-and-best']).default('last'),
    })
    .prefault({}),
  moco: z
    .strictObject({
      /** m of the momentum encoder. */
      momentum: share.default(0.999),
      /** Keys in the queue, a multiple of the batch. */
      queue: whole.min(2).default(4096),
      /** Groups in which the keys go through batch norm, shuffled; 1: all together, in order. */
      shuffleGroups: whole.min(1).default(1),
    })
    .prefault({}),
  byol: z
    .strictObject({
      /** The momentum at the first step; it rises to 1 at the last. */
      momentum: share.default(0.996),
      /** Width of the predictor's hidden layer. */
      hidden: whole.min(1).default(512),
    })
    .prefault({}),
  barlow: z
    .strictObject({
      /** Weight of the correlations off the diagonal. */
      offDiagonal: z.number().min(0).default(0.0051),
    })
    .prefault({}),
  equimod: z
    .strictObject({
      /** Weight of the equivariance loss beside that of SimCLR or BYOL. */
      weight: z.number().min(0).default(1),
      temperature: z.number().gt(0).default(0.2),
      /** Width of the equivariance head's hidden layers. */
      hidden: whole.min(1).default(2048),
    })
    .prefault({}),
  essl: z
    .strictObject({
      /** Weight of the rotation loss beside InfoNCE. */
      weight: z.number().min(0).default(0.4),
      /** Width of the predictor's hidden layers. */
      hidden: whole.min(1).default(2048),
    })
    .prefault({}),
});

export type ImageConfig = z.output<typeof trainingSchema>;

/** Settings of what is measured on the way and at the end; they change no weights. */
export const measureSchema = z.strictObject({
  /** Epochs between two looks at the kNN accuracy; 0: only at the end. */
  knnEvery: whole.min(0).default(1),
  k: whole.min(1).default(200),
  /** Temperature of the neighbours' weights exp(similarity / temperature); the official code uses that of the loss. */
  knnTemperature: z.number().gt(0).default(0.5),
  /** At most so many images of the bank and of the queries; null: all. */
  knnLimit: whole.min(1).nullable().default(null),
  /** Augmentations under which gamma_f is looked at as often as the kNN accuracy; 0: not at all. */
  geometryAugmentations: whole
    .refine((n) => n !== 1, 'must be 0, or at least 2')
    .min(0)
    .default(0),
  /** Test images that it is looked at on, at most; each class with its share. */
  geometryImages: whole.min(8).default(500),
});
export type ImageMeasureConfig = z.output<typeof measureSchema>;
