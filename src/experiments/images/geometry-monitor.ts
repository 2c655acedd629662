/** How the geometry of the embedding changes over training: Figure 8, and the means of Figures 11 to 16. */
import { gammaF, invarianceLoss } from '../../measure/gamma.js';
import { positiveCosine } from '../../measure/positive-cosine.js';
import type { EmbeddingPair } from '../../measure/embeddings.js';
import type { DataSet } from '../../data/data-set.js';
import { randomStream } from '../../tensorflow/random.js';
import type { TensorDataMap } from '../../tensorflow/tensor-data.js';
import { augmentedEncoder } from './augmented-embedding.js';
import type { ImageConfig, ImageMeasureConfig } from './config.js';
import { EMBED_BATCH } from './embedding.js';
import { imageAugmentation } from './model.js';
import { limited } from './monitor.js';

/** What is drawn: one augmentation a trial for all images, or one an image and view. Never the streams of training. */
const PURPOSE = { trials: 101, views: 102 } as const;

/** Numbers of one look at an encoder, by the names of their series. */
export interface GeometryLook {
  /** Mean of ratios, as the paper writes it. */
  readonly gamma: number;
  /** Ratio of means, which a few images that hardly move do not rule. */
  readonly gammaPooled: number;
  readonly invariance: number;
  readonly positiveCosine: number;
}

/**
 * gamma_f and invariance loss over `geometryAugmentations` augmentations that all images share, and the mean cosine of two
 * views with augmentations of their own, on at most `geometryImages` test images. What is drawn depends on nothing but
 * this file, so that all runs, at all times, are looked at under the same augmentations.
 *
 * @param weights - those of encoder and head, beside which others may stand.
 * @see CARE, sections 4.2 and 5.2, Figures 8 and 11 to 16.
 */
export function geometryOf(
  config: ImageConfig,
  weights: TensorDataMap,
  test: DataSet,
  { geometryAugmentations, geometryImages }: ImageMeasureConfig,
): GeometryLook {
  const images = limited(test, geometryImages);
  const augmentation = imageAugmentation(config, images);
  const encoder = augmentedEncoder(config, weights, images, { augmented: [augmentation] });
  try {
    const from = encoder.plain(images).embeddings;
    const under = (drawn: (start: number) => ReturnType<typeof augmentation.draw>) =>
      encoder.augmented('augmented', images, (start) => [drawn(start)]).embeddings;
    const pairs: EmbeddingPair[] = Array.from({ length: geometryAugmentations }, (_, trial) => {
      const one = augmentation.draw(randomStream(0, PURPOSE.trials, trial), 1);
      return { from, to: under(() => augmentation.repeat(one, EMBED_BATCH)) };
    });
    const view = (which: number) =>
      under((start) => augmentation.draw(randomStream(0, PURPOSE.views, which, start), EMBED_BATCH));
    const { gamma, pooled } = gammaF(pairs, { seed: 0 });
    return {
      gamma: gamma.value,
      gammaPooled: pooled.value,
      invariance: invarianceLoss(pairs).value,
      positiveCosine: positiveCosine(view(0), view(1)).mean.value,
    };
  } finally {
    encoder.dispose();
  }
}
