/**
 * The augmentation of SimCLR as the official code has it: random resized crop, horizontal flip, colour jitter, grayscale,
 * Gaussian blur, normalisation.
 *
 * Drawing and applying are apart. What is drawn is plain arrays that can be kept, described and applied again; applying
 * is a function of tensors only, which a compiled step can contain.
 */
import type { RandomStream } from '../tensorflow/random.js';
import * as tf from '../tensorflow/tf.js';
import {
  JITTER_STEPS,
  checkColorJitter,
  colorJitterInputs,
  colorJitterValues,
  drawColorJitter,
  type ColorJitterOptions,
  type JitterParameters,
} from './color-jitter.js';
import {
  checkBlurFits,
  checkGaussianBlur,
  drawGaussianBlur,
  gaussianBlurInputs,
  gaussianBlurValues,
  type BlurParameters,
  type GaussianBlurOptions,
} from './gaussian-blur.js';
import {
  drawGrayscale,
  grayscaleInputs,
  grayscaleValues,
  type GrayscaleOptions,
  type GrayscaleParameters,
} from './grayscale.js';
import { drawHorizontalFlip, type FlipParameters, type HorizontalFlipOptions } from './horizontal-flip.js';
import { checkImages, checkProbability, type ImageSize, type InputSpecs } from './images.js';
import { CIFAR_NORMALIZE, checkNormalize, type NormalizeOptions } from './normalize.js';
import {
  checkRandomResizedCrop,
  cropToPlanes,
  drawRandomResizedCrop,
  randomResizedCropInputs,
  randomResizedCropValues,
  type CropParameters,
  type CropTensors,
  type RandomResizedCropOptions,
} from './random-resized-crop.js';
import { viewsOfPlanes } from './view-colours.js';

/** Settings of the whole augmentation; a probability of 0 leaves a part out, and its ops too. */
export interface SimclrSettings {
  /** Size of the images that come in. */
  readonly image: ImageSize;
  /** Size of the views that go out. */
  readonly output: ImageSize;
  /** `null`: the whole image, resized where the output has another size. */
  readonly crop: Pick<RandomResizedCropOptions, 'scale' | 'ratio'> | null;
  readonly flip: HorizontalFlipOptions;
  readonly jitter: ColorJitterOptions;
  readonly grayscale: GrayscaleOptions;
  readonly blur: GaussianBlurOptions;
  /** `null`: the views stay from 0 to 1. */
  readonly normalize: NormalizeOptions | null;
}

/** What may be said of the settings; the rest is {@link SIMCLR_DEFAULTS}. */
export interface SimclrOptions {
  readonly image: ImageSize;
  /** As the image where left out. */
  readonly output?: ImageSize;
  readonly crop?: Partial<NonNullable<SimclrSettings['crop']>> | null;
  readonly flip?: Partial<HorizontalFlipOptions>;
  readonly jitter?: Partial<ColorJitterOptions>;
  readonly grayscale?: Partial<GrayscaleOptions>;
  readonly blur?: Partial<GaussianBlurOptions>;
  readonly normalize?: NormalizeOptions | null;
}

/** The settings of the official code for CIFAR (paper, appendix C). */
export const SIMCLR_DEFAULTS = {
  crop: { scale: [0.08, 1], ratio: [3 / 4, 4 / 3] },
  flip: { p: 0.5 },
  jitter: { p: 0.8, brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0.1 },
  grayscale: { p: 0.2 },
  blur: { p: 0.5, kernel: 3, sigma: [0.1, 2] },
  normalize: CIFAR_NORMALIZE,
} as const satisfies Omit<SimclrSettings, 'image' | 'output'>;

/** What was drawn for `count` images. */
export interface SimclrParameters {
  readonly count: number;
  readonly crop: CropParameters;
  readonly flip: FlipParameters;
  readonly jitter: JitterParameters;
  readonly grayscale: GrayscaleParameters;
  readonly blur: BlurParameters;
}

/** Parameters as numbers for a model: `values` is `[count, names.length]`. */
export interface Description {
  readonly names: readonly string[];
  readonly values: Float32Array;
}

export interface SimclrAugmentation {
  readonly settings: SimclrSettings;
  /** Draws for each of `count` images on its own. */
  draw(random: RandomStream, count: number): SimclrParameters;
  /**
   * Draws once for each of `chunks` consecutive chunks of equal size, the same for every image of a chunk (Algorithm 1 of
   * the paper).
   *
   * @throws RangeError when `count` is no multiple of `chunks`.
   */
  drawChunked(random: RandomStream, count: number, chunks: number): SimclrParameters;
  /**
   * Given parameters for `count` images, each repeated for consecutive images: one draw for a whole data set, say.
   *
   * @throws RangeError when `count` is no multiple of what was drawn.
   */
  repeat(drawn: SimclrParameters, count: number): SimclrParameters;
  /** The inputs by which the parameters of `count` images enter a program. */
  inputs(count: number): InputSpecs;
  /** Values of these inputs. */
  inputValues(drawn: SimclrParameters): Record<string, Float32Array | Int32Array>;
  /**
   * The views; to be used in a compiled step, or by itself.
   *
   * @param images - `[n, height, width, 3]`, float32 from 0 to 1
   * @param inputs - tensors of {@link inputs}
   * @returns `[n, height', width', 3]`
   */
  apply(images: tf.Tensor4D, inputs: Readonly<Record<string, tf.Tensor>>): tf.Tensor4D;
  /**
   * The parameters of each image as a vector: the rectangle in shares of the image, 0 or 1 for what is done or not,
   * factors, hue in turns, the place of each jitter step in the order, sigma in pixels.
   */
  describe(drawn: SimclrParameters): Description;
}

function settingsOf(options: SimclrOptions): SimclrSettings {
  const defaults = SIMCLR_DEFAULTS;
  return {
    image: options.image,
    output: options.output ?? options.image,
    crop: options.crop === null ? null : { ...defaults.crop, ...options.crop },
    flip: { ...defaults.flip, ...options.flip },
    jitter: { ...defaults.jitter, ...options.jitter },
    grayscale: { ...defaults.grayscale, ...options.grayscale },
    blur: { ...defaults.blur, ...options.blur },
    normalize: options.normalize === undefined ? defaults.normalize : options.normalize,
  };
}

type Column = Int32Array | Float32Array | Uint8Array;

/** An array of `from` rows with each row repeated so that there are `to`. */
function repeatRows<T extends Column>(column: T, from: number, to: number): T {
  const width = column.length / from;
  const repeated = new (column.constructor as new (length: number) => T)(to * width);
  for (let i = 0; i < to; i++) {
    const row = Math.floor((i * from) / to) * width;
    for (let k = 0; k < width; k++) repeated[i * width + k] = column[row + k] ?? 0;
  }
  return repeated;
}

function repeatColumns<T extends object>(columns: T, from: number, to: number): T {
  return Object.fromEntries(
    Object.entries(columns).map(([name, column]) => [name, repeatRows(column as Column, from, to)]),
  ) as T;
}

function repeat(drawn: SimclrParameters, count: number): SimclrParameters {
  const { count: from } = drawn;
  if (!Number.isInteger(count / from) || count < from) {
    throw new RangeError(
      `SimCLR augmentation: the parameters of ${from} images cannot be repeated for ${count}; give a multiple.`,
    );
  }
  return {
    count,
    crop: repeatColumns(drawn.crop, from, count),
    flip: repeatColumns(drawn.flip, from, count),
    jitter: repeatColumns(drawn.jitter, from, count),
    grayscale: repeatColumns(drawn.grayscale, from, count),
    blur: repeatColumns(drawn.blur, from, count),
  };
}

/** The rectangle that is the whole image, for each of `count`. */
function wholeImages(count: number, { height, width }: ImageSize): CropParameters {
  return {
    top: new Int32Array(count),
    left: new Int32Array(count),
    height: new Int32Array(count).fill(height),
    width: new Int32Array(count).fill(width),
  };
}

function describe({ image }: SimclrSettings, drawn: SimclrParameters): Description {
  const { crop, flip, jitter, grayscale, blur } = drawn;
  const places = (step: number) =>
    Float32Array.from(jitter.jittered, (_, i) => jitter.order.indexOf(step, 4 * i) - 4 * i);
  const columns: Readonly<Record<string, Column>> = {
    cropTop: Float32Array.from(crop.top, (value) => value / image.height),
    cropLeft: Float32Array.from(crop.left, (value) => value / image.width),
    cropHeight: Float32Array.from(crop.height, (value) => value / image.height),
    cropWidth: Float32Array.from(crop.width, (value) => value / image.width),
    flipped: flip.flipped,
    jittered: jitter.jittered,
    brightness: jitter.brightness,
    contrast: jitter.contrast,
    saturation: jitter.saturation,
    hue: jitter.hue,
    ...Object.fromEntries(JITTER_STEPS.map((name, step) => [`${name}Place`, places(step)])),
    grey: grayscale.grey,
    blurSigma: blur.sigma,
  };
  const names = Object.keys(columns);
  const values = new Float32Array(drawn.count * names.length);
  names.forEach((name, k) =>
    columns[name]?.forEach((value, i) => {
      values[i * names.length + k] = value;
    }),
  );
  return { names, values };
}

/**
 * The SimCLR augmentation.
 *
 * @throws RangeError for settings that make no sense, with what is allowed.
 */
export function simclrAugmentation(options: SimclrOptions): SimclrAugmentation {
  const settings = settingsOf(options);
  const { image, output, jitter, grayscale, blur, normalize } = settings;
  const cropOptions = { ...(settings.crop ?? SIMCLR_DEFAULTS.crop), image, output };
  checkRandomResizedCrop(cropOptions);
  checkProbability(settings.flip.p, 'Horizontal flip');
  checkColorJitter(jitter);
  checkProbability(grayscale.p, 'Grayscale');
  checkGaussianBlur(blur);
  if (blur.p > 0) checkBlurFits(blur, output);
  if (normalize !== null) checkNormalize(normalize);

  function draw(random: RandomStream, count: number): SimclrParameters {
    return {
      count,
      crop:
        settings.crop === null
          ? wholeImages(count, image)
          : drawRandomResizedCrop(random, count, cropOptions),
      flip: drawHorizontalFlip(random, count, settings.flip),
      jitter: drawColorJitter(random, count, jitter),
      grayscale: drawGrayscale(random, count, grayscale),
      blur: drawGaussianBlur(random, count, blur),
    };
  }
  return {
    settings,
    draw,
    drawChunked(random, count, chunks) {
      if (!Number.isInteger(chunks) || chunks < 1 || count % chunks !== 0) {
        throw new RangeError(
          `SimCLR augmentation: ${count} images cannot be cut into ${chunks} equal chunks; take a batch that is a ` +
            'multiple of the number of chunks.',
        );
      }
      return repeat(draw(random, chunks), count);
    },
    repeat,
    inputs: (count) => ({
      ...randomResizedCropInputs(count, cropOptions),
      ...(jitter.p > 0 ? colorJitterInputs(count) : {}),
      ...(grayscale.p > 0 ? grayscaleInputs(count) : {}),
      ...(blur.p > 0 ? gaussianBlurInputs(count, blur) : {}),
    }),
    inputValues: (drawn) => ({
      ...randomResizedCropValues(drawn.crop, cropOptions, drawn.flip.flipped),
      ...(jitter.p > 0 ? colorJitterValues(drawn.jitter) : {}),
      ...(grayscale.p > 0 ? grayscaleValues(drawn.grayscale, normalize?.std) : {}),
      ...(blur.p > 0 ? gaussianBlurValues(drawn.blur, blur) : {}),
    }),
    apply(images, inputs) {
      checkImages(images, 'SimCLR augmentation', image);
      const cropped = cropToPlanes(images, inputs as unknown as CropTensors);
      return viewsOfPlanes(settings, cropped, inputs);
    },
    describe: (drawn) => describe(settings, drawn),
  };
}
