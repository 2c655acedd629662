/** Model, augmentation and optimizer of a configuration. */
import type { ImageSize } from '../../augment/images.js';
import { simclrAugmentation, type SimclrAugmentation } from '../../augment/simclr.js';
import { encoderOf } from '../../models/architectures.js';
import { imageEncoder, type ImageEncoder } from '../../models/image-encoder.js';
import { projectionHead } from '../../models/projection-head.js';
import { initialise } from '../../nn/module.js';
import { randomStream } from '../../tensorflow/random.js';
import type { TensorDataMap } from '../../tensorflow/tensor-data.js';
import { adam } from '../../train/adam.js';
import type { Optimizer } from '../../train/optimizer.js';
import { schedule } from '../../train/schedule.js';
import { sgd } from '../../train/sgd.js';
import type { ImageConfig } from './config.js';
import { PURPOSE } from './purpose.js';

/** The encoder with its head. */
export function imageModel({ model }: ImageConfig): ImageEncoder {
  const { architecture, stem, width, blocks } = model;
  // The small network is made for small images alone.
  const encoder = encoderOf(architecture, architecture === 'small' ? 'cifar' : stem, { width, blocks });
  const head = projectionHead({ inputs: encoder.dim, hidden: model.hidden, outputs: model.dim });
  return imageEncoder({ encoder, head });
}

/** The weights that a run starts from; they depend on the seed and the model alone. */
export function initialWeights(config: ImageConfig): TensorDataMap {
  return initialise(imageModel(config), randomStream(config.seed, PURPOSE.weights));
}

/** Sides of a view of the given share, an even number of pixels each. */
function viewSize({ height, width }: ImageSize, size: number): ImageSize {
  const side = (pixels: number) => Math.max(2, 2 * Math.round((pixels * size) / 2));
  return { height: side(height), width: side(width) };
}

/** The views' augmentation, for images of the given size; `size` is that of the views as a share of it. */
export function imageAugmentation(
  { augmentation }: ImageConfig,
  image: ImageSize,
  size = 1,
): SimclrAugmentation {
  const { cropScale, flip, jitter, brightness, contrast, saturation, hue, grayscale, blur } = augmentation;
  return simclrAugmentation({
    image,
    ...(size === 1 ? {} : { output: viewSize(image, size) }),
    crop: { scale: cropScale },
    flip: { p: flip },
    jitter: { p: jitter, brightness, contrast, saturation, hue },
    grayscale: { p: grayscale },
    blur: { p: blur },
  });
}

/** The optimizer with its learning rate over `steps` steps. */
export function imageOptimizer({ training }: ImageConfig, steps: number, stepsPerEpoch: number): Optimizer {
  const { optimizer, learningRate, momentum, weightDecay, warmup, warmupUnit } = training;
  const factor = schedule({
    kind: training.schedule,
    steps: Math.max(1, steps),
    stepsPerEpoch,
    ...(warmup === 0 ? {} : { warmup: { length: warmup, unit: warmupUnit } }),
  });
  const rateAt = (step: number) => learningRate * factor(step);
  return optimizer === 'adam'
    ? adam({ learningRate: rateAt, weightDecay })
    : sgd({ learningRate: rateAt, momentum, weightDecay });
}
