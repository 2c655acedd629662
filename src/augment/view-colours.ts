/**
 * What follows the crop in SimCLR's augmentation: jitter, grayscale, normalisation and blur, from planes to views.
 *
 * Normalisation is done before the blur, which gives the same since the blur's weights add up to 1.
 */
import { hasViewColours, viewColours } from '../tensorflow/kernels/view-colours.js';
import * as tf from '../tensorflow/tf.js';
import { jitterPlanes, type ColorJitterOptions, type JitterTensors } from './color-jitter.js';
import { blurToImages, type GaussianBlurOptions } from './gaussian-blur.js';
import { tonePlanes, type GrayscaleOptions } from './grayscale.js';
import { CHANNELS, WHITE, imagesOfPlanes, type ImageSize } from './images.js';
import { normalizeOffsets, type NormalizeOptions } from './normalize.js';

/** What is done, and to which size of images; a probability of 0 leaves a part out. */
export interface ViewColourSettings {
  readonly output: ImageSize;
  readonly jitter: ColorJitterOptions;
  readonly grayscale: GrayscaleOptions;
  readonly blur: GaussianBlurOptions;
  readonly normalize: NormalizeOptions | null;
}

type Inputs = Readonly<Record<string, tf.Tensor>>;

/** By what each channel is multiplied, from intensities of planes to those of views. */
function scales({ normalize }: ViewColourSettings): number[] {
  return (normalize?.std ?? [1, 1, 1]).map((deviation) => 1 / (WHITE * deviation));
}

/** Channels of planes weighed and shifted to what the views hold. */
function finishPlanes(settings: ViewColourSettings, planes: tf.Tensor3D, inputs: Inputs): tf.Tensor3D {
  const { grayscale, normalize } = settings;
  const perChannel = (values: readonly number[]) => tf.tensor3d([...values], [1, CHANNELS, 1]);
  const toned =
    grayscale.p > 0
      ? tonePlanes(planes, { tones: inputs['tones'] as tf.Tensor3D })
      : tf.mul<tf.Tensor3D>(planes, perChannel(scales(settings)));
  return normalize === null ? toned : tf.add(toned, perChannel(normalizeOffsets(normalize)));
}

/** The plain twin of {@link viewsOfPlanes}, composed of an op for each part. */
export function viewsOfPlanesPlain(
  settings: ViewColourSettings,
  planes: tf.Tensor3D,
  inputs: Inputs,
): tf.Tensor4D {
  const { jitter, blur, output } = settings;
  const jittered =
    jitter.p > 0 ? jitterPlanes(planes, inputs as unknown as JitterTensors, jitter.hue) : planes;
  const finished = finishPlanes(settings, jittered, inputs);
  if (blur.p === 0) return imagesOfPlanes(finished, output);
  return blurToImages(finished, { blurTaps: inputs['blurTaps'] as tf.Tensor2D }, output);
}

/**
 * Views of planes: in one pass over memory where the op for it is there and colours are jittered.
 *
 * @param planes - `[n, 3, height * width]` from 0 to {@link WHITE}
 * @param inputs - those of jitter, grayscale and blur, as far as they are done
 * @returns `[n, height, width, 3]`
 */
export function viewsOfPlanes(
  settings: ViewColourSettings,
  planes: tf.Tensor3D,
  inputs: Inputs,
): tf.Tensor4D {
  const { jitter, grayscale, blur, normalize, output } = settings;
  if (jitter.p === 0 || !hasViewColours()) return viewsOfPlanesPlain(settings, planes, inputs);
  const { jitterBack, jitterBlends, jitterMeans, jitterHue } = inputs as unknown as JitterTensors;
  const same = () => tf.reshape<tf.Rank.R3>(tf.diag(tf.tensor1d(scales(settings))), [1, CHANNELS, CHANNELS]);
  return viewColours(
    planes,
    {
      back: jitterBack,
      blends: jitterBlends,
      means: jitterMeans,
      hue: jitterHue,
      tones: grayscale.p > 0 ? (inputs['tones'] as tf.Tensor3D) : same(),
      offsets: tf.tensor1d(normalize === null ? [0, 0, 0] : normalizeOffsets(normalize)),
      taps: blur.p > 0 ? (inputs['blurTaps'] as tf.Tensor2D) : tf.ones([1, 1]),
    },
    output,
  );
}
