/** The views of a step: the inputs by which they come to the device, their values at each step, and their images there. */
import type { ImageSize } from '../../augment/images.js';
import { CIFAR_NORMALIZE } from '../../augment/normalize.js';
import type { SimclrAugmentation, SimclrParameters } from '../../augment/simclr.js';
import { VIEW_NAMES, type Method, type ViewName } from '../../methods/method.js';
import type { InputSpec } from '../../tensorflow/compile.js';
import { randomStream } from '../../tensorflow/random.js';
import * as tf from '../../tensorflow/tf.js';
import type { ImageConfig } from './config.js';
import { imageAugmentation } from './model.js';
import { inputValuesByPiece } from './pieces.js';
import { PURPOSE } from './purpose.js';

type Values = Record<string, Float32Array | Int32Array>;
type Specs = Readonly<Record<string, InputSpec>>;
type Tensors = Readonly<Record<string, tf.Tensor>>;

/** Augmentations from which mean and deviation of their parameters are taken. */
const SAMPLE = 4096;
const PARAMETERS = 'parameters';

/** The views of a method for images of one size. */
export interface StepViews {
  readonly names: readonly ViewName[];
  /** Inputs of all views of so many images, as `<view>.<name>`. */
  readonly inputs: (count: number) => Specs;
  /** Their values at a step; what is given by image lies piece behind piece. */
  readonly values: (step: number) => Values;
  /** A view of images, of the inputs of all views. */
  readonly apply: (view: ViewName, images: tf.Tensor4D, inputs: Tensors) => tf.Tensor4D;
  /** Standardised parameters of a described view. */
  readonly parameters: (view: ViewName, inputs: Tensors) => tf.Tensor2D;
}

/** The views of a method in their order. */
export function viewNames({ views }: Method): readonly ViewName[] {
  return Object.keys(views) as ViewName[];
}

/** The inputs of one view among all, without its name. */
export function ofView(inputs: Tensors, view: string): Record<string, tf.Tensor> {
  return Object.fromEntries(
    Object.entries(inputs).flatMap(([key, value]) =>
      key.startsWith(`${view}.`) ? [[key.slice(view.length + 1), value]] : [],
    ),
  );
}

/**
 * Parameters as a model is given them: each less its mean and divided by its deviation over a fixed sample of draws, so that
 * they do not depend on the batch.
 */
function standardizer(augmentation: SimclrAugmentation): (drawn: SimclrParameters) => Float32Array {
  const sample = augmentation.describe(augmentation.draw(randomStream(0, PURPOSE.method), SAMPLE));
  const count = sample.names.length;
  const column = (k: number) => Array.from({ length: SAMPLE }, (_, i) => sample.values[i * count + k] ?? 0);
  const moments = sample.names.map((_, k) => {
    const values = column(k);
    const mean = values.reduce((sum, value) => sum + value, 0) / SAMPLE;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / SAMPLE;
    // What never varies tells nothing, and is 0.
    return { mean, deviation: variance > 0 ? Math.sqrt(variance) : 1 };
  });
  return (drawn) =>
    augmentation.describe(drawn).values.map((value, i) => {
      const { mean, deviation } = moments[i % count] ?? { mean: 0, deviation: 1 };
      return (value - mean) / deviation;
    });
}

/** An image as it is, normalised as the augmented ones are. */
function plain(images: tf.Tensor4D): tf.Tensor4D {
  const { mean, std } = CIFAR_NORMALIZE;
  return tf.div(tf.sub(images, tf.tensor1d([...mean])), tf.tensor1d([...std]));
}

/** The augmentations of a view for each image of a batch, or for each chunk of it. */
function drawView(
  { seed, training }: ImageConfig,
  augmentation: SimclrAugmentation,
  view: ViewName,
  isChunked: boolean,
  step: number,
): SimclrParameters {
  const { batch, chunks, pairs } = training;
  const stream = randomStream(seed, PURPOSE.views, step, VIEW_NAMES.indexOf(view));
  return isChunked
    ? augmentation.drawChunked(stream, batch, pairs === 'per-batch' ? 1 : chunks)
    : augmentation.draw(stream, batch);
}

export function stepViews(config: ImageConfig, method: Method, image: ImageSize): StepViews {
  const { batch, microBatch } = config.training;
  const names = viewNames(method);
  const described = method.network?.described ?? [];
  const drawn = names.flatMap((view) => {
    const spec = method.views[view];
    return spec === undefined || spec.drawn === 'none'
      ? []
      : [
          {
            view,
            isChunked: spec.drawn === 'chunk',
            augmentation: imageAugmentation(config, image, spec.size),
          },
        ];
  });
  const standardized = new Map(
    drawn.flatMap(({ view, augmentation }) =>
      described.includes(view) ? [[view, standardizer(augmentation)] as const] : [],
    ),
  );
  const parameterCount = (augmentation: SimclrAugmentation) =>
    augmentation.describe(augmentation.draw(randomStream(0), 1)).names.length;

  function inputsOf(count: number): Specs {
    const entries = drawn.flatMap(({ view, augmentation }) => [
      ...Object.entries(augmentation.inputs(count)).map(([key, spec]) => [`${view}.${key}`, spec] as const),
      ...(described.includes(view)
        ? [
            [
              `${view}.${PARAMETERS}`,
              { shape: [count, parameterCount(augmentation)], dtype: 'float32' as const },
            ] as const,
          ]
        : []),
    ]);
    return Object.fromEntries(entries);
  }
  function valuesOf(step: number): Values {
    const entries = drawn.flatMap(({ view, augmentation, isChunked }) => {
      const parameters = drawView(config, augmentation, view, isChunked, step);
      const values = inputValuesByPiece(augmentation, parameters, microBatch ?? batch);
      const description = standardized.get(view)?.(parameters);
      return Object.entries({
        ...values,
        ...(description === undefined ? {} : { [PARAMETERS]: description }),
      }).map(([key, value]) => [`${view}.${key}`, value] as const);
    });
    return Object.fromEntries(entries);
  }
  return {
    names,
    inputs: inputsOf,
    values: valuesOf,
    apply(view, images, inputs) {
      const found = drawn.find((each) => each.view === view);
      return found === undefined ? plain(images) : found.augmentation.apply(images, ofView(inputs, view));
    },
    parameters: (view, inputs) => inputs[`${view}.${PARAMETERS}`] as tf.Tensor2D,
  };
}
