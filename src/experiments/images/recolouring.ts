/** Recoloured images, the queries of retrieval: what is drawn for them, and how they look (Figures 9 and 21). */
import { simclrAugmentation, type SimclrAugmentation, type SimclrParameters } from '../../augment/simclr.js';
import type { DataSet } from '../../data/data-set.js';
import { randomStream } from '../../tensorflow/random.js';
import * as tf from '../../tensorflow/tf.js';
import { withoutNormalize } from './augmented-embedding.js';
import type { ImageConfig } from './config.js';
import { EMBED_BATCH } from './embedding.js';
import type { MeasureSettings } from './measure-config.js';
import { imageAugmentation } from './model.js';
import { DRAWN_FOR } from './subject.js';

/** Colours alone are changed, of every image; `hue` is the largest turn of the colour circle, that of training where null. */
export function recolouring(config: ImageConfig, image: DataSet, hue: number | null): SimclrAugmentation {
  const { settings } = imageAugmentation(config, image);
  return simclrAugmentation({
    image,
    crop: null,
    flip: { p: 0 },
    grayscale: { p: 0 },
    blur: { p: 0 },
    jitter: { ...settings.jitter, p: 1, hue: hue ?? settings.jitter.hue },
    normalize: settings.normalize,
  });
}

/** What is drawn for the images from `start` on, `EMBED_BATCH` of them. */
export function recolouringDraws(
  augmentation: SimclrAugmentation,
  { seed }: Pick<MeasureSettings, 'seed'>,
): (start: number) => SimclrParameters {
  return (start) => augmentation.draw(randomStream(seed, DRAWN_FOR.recoloured, start), EMBED_BATCH);
}

const NO_PIXELS = new Float32Array(0);

/**
 * Images after an augmentation.
 *
 * @param pixels - `[EMBED_BATCH, height, width, 3]`, 0 to 1.
 * @returns the same size, 0 to 1 where the augmentation does not normalise.
 */
export function augmentedPixels(
  pixels: Float32Array,
  { height, width }: DataSet,
  augmentation: SimclrAugmentation,
  drawn: SimclrParameters,
): Float32Array {
  const specs = augmentation.inputs(EMBED_BATCH);
  const values = augmentation.inputValues(drawn);
  const views = tf.tidy(() => {
    const inputs = Object.fromEntries(
      Object.entries(specs).map(([key, { shape, dtype }]) => [
        key,
        tf.tensor(values[key] ?? NO_PIXELS, [...shape], dtype),
      ]),
    );
    return augmentation.apply(tf.tensor4d(pixels, [EMBED_BATCH, height, width, 3]), inputs);
  });
  const found = views.dataSync<'float32'>().slice();
  views.dispose();
  return found;
}

/**
 * Pixels of queries as retrieval saw them, uint8 `[height, width, 3]` each.
 *
 * @param images - the images that were measured.
 * @param queries - their numbers among these.
 */
export function recolouredImages(
  config: ImageConfig,
  images: DataSet,
  settings: Pick<MeasureSettings, 'seed' | 'retrieval'>,
  queries: readonly number[],
): readonly Uint8Array[] {
  const augmentation = recolouring(config, images, settings.retrieval.hue);
  const drawn = recolouringDraws(augmentation, settings);
  const size = images.height * images.width * 3;
  return queries.map((query) => {
    const place = query % EMBED_BATCH;
    const indices = new Array<number>(EMBED_BATCH).fill(query);
    const pixels = Float32Array.from(images.batch(indices), (byte) => byte / 255);
    const changed = augmentedPixels(pixels, images, withoutNormalize(augmentation), drawn(query - place));
    return Uint8Array.from(changed.subarray(place * size, (place + 1) * size), (x) => Math.round(255 * x));
  });
}
