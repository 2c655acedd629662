/** The method of a configuration, over its model. */
import type { ImageSize } from '../../augment/images.js';
import type { Method, MethodModel } from '../../methods/method.js';
import { methodOf, type MethodName } from '../../methods/methods.js';
import type { ImageEncoder } from '../../models/image-encoder.js';
import { randomStream } from '../../tensorflow/random.js';
import { UserError } from '../../train/user-error.js';
import type { ImageConfig } from './config.js';
import { imageAugmentation, imageModel } from './model.js';

/** Numbers by which an augmentation is described. */
function parametersOf(config: ImageConfig, image: ImageSize): number {
  const augmentation = imageAugmentation(config, image);
  return augmentation.describe(augmentation.draw(randomStream(0), 1)).names.length;
}

function methodModel({ features, project, variables }: ImageEncoder, dim: number): MethodModel {
  return { variables, project, features: features.dim, dim };
}

/**
 * The method that a configuration names.
 *
 * @throws UserError for settings that make no sense together, such as a queue that is no multiple of the batch.
 */
export function imageMethod(config: ImageConfig, name: MethodName, image: ImageSize): Method {
  const { training, moco, byol, barlow, equimod, essl } = config;
  const { batch, temperature, negativeGroups } = training;
  try {
    return methodOf(name, methodModel(imageModel(config), config.model.dim), {
      batch,
      temperature,
      negativeGroups,
      parameters: parametersOf(config, image),
      care: training,
      moco,
      byol,
      barlow,
      equimod,
      essl,
    });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new UserError(error.message, `Set it with -p, e.g. -p ${SETTINGS[name] ?? 'training.batch'}=...`, {
      cause: error,
    });
  }
}

/** The group of settings in which a method's mistakes lie. */
const SETTINGS: Partial<Readonly<Record<MethodName, string>>> = {
  'moco-v2': 'moco.queue',
  'moco-v2+care': 'moco.queue',
};
