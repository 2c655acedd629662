/** The encoder as every process of a divided step knows it: from the configuration and the size of an image. */
import type { ImageSize } from '../../augment/images.js';
import { scopeOf } from '../../nn/module.js';
import type { ShardModel } from '../../train/shards/shard-model.js';
import type { ImageConfig } from './config.js';
import { imageAugmentation, imageModel } from './model.js';
import { sentPixels } from './pixels.js';

export interface ImageShardOptions {
  readonly config: ImageConfig;
  readonly image: ImageSize;
}

/** Each step brings its images as bytes, so that no process but the first reads the data set. */
export function imageShardModel({ config, image }: ImageShardOptions): ShardModel {
  const { batch } = config.training;
  const model = imageModel(config);
  const augmentation = imageAugmentation(config, image);
  const pixels = sentPixels(image);
  return {
    name: `${config.model.architecture} ${config.method}`,
    model,
    batch,
    dim: config.model.dim,
    inputs: pixels.inputs(batch),
    viewInputs: augmentation.inputs(batch),
    embed: (state, inputs, viewed, buffers) =>
      model.project(scopeOf(state, true, buffers), augmentation.apply(pixels.images(state, inputs), viewed)),
  };
}
