/** Embedding of a data set: features before the head and embeddings behind it, without augmentation. */
import { CHANNELS, imagesFromWords, packBytes, type ImageSize } from '../../augment/images.js';
import { CIFAR_NORMALIZE } from '../../augment/normalize.js';
import type { DataSet } from '../../data/data-set.js';
import type { Embeddings } from '../../measure/embeddings.js';
import { scopeOf } from '../../nn/module.js';
import { normalizeRows } from '../../nn/normalize-rows.js';
import { compileProgram, type Program, type ProgramFunction } from '../../tensorflow/compile.js';
import type { TensorDataMap } from '../../tensorflow/tensor-data.js';
import * as tf from '../../tensorflow/tf.js';
import type { ImageConfig } from './config.js';
import { imageModel } from './model.js';

/** Images that go through the encoder at a time: enough for speed, and less memory than a training step needs. */
export const EMBED_BATCH = 64;

/** What an encoder makes of images. */
export interface ImageEmbeddings {
  /** Before the head, on which probes are trained. */
  readonly features: Embeddings;
  /** Behind the head, on the unit sphere. */
  readonly embeddings: Embeddings;
}

/** The function `embed` of a program over the model's weights: running statistics, images as they are. */
export function embedFunction(config: ImageConfig, size: ImageSize, batch: number): ProgramFunction {
  const model = imageModel(config);
  const words = (size.height * size.width * CHANNELS) / 4;
  return {
    inputs: { 'embed.pixels': { shape: [batch, words], dtype: 'int32' } },
    run(state, inputs) {
      const images = imagesFromWords(inputs['embed.pixels'] as tf.Tensor2D, size);
      const { mean, std } = CIFAR_NORMALIZE;
      const normal = tf.div(tf.sub(images, tf.tensor1d([...mean])), tf.tensor1d([...std]));
      const scope = scopeOf(state, false);
      const features = model.features.apply(scope, normal as tf.Tensor4D);
      return { outputs: { features, embeddings: normalizeRows(model.head.apply(scope, features)) } };
    },
  };
}

/** Embeds all images of a set with a program that has the function `embed`, of the same image size. */
export function embedImages(program: Program, data: DataSet): ImageEmbeddings {
  const parts: Record<'features' | 'embeddings', Float32Array[]> = { features: [], embeddings: [] };
  for (let start = 0; start < data.length; start += EMBED_BATCH) {
    const count = Math.min(EMBED_BATCH, data.length - start);
    // A short last batch is filled up with its first image; those rows are not kept.
    const indices = Array.from({ length: EMBED_BATCH }, (_, i) => start + (i < count ? i : 0));
    const outputs = program.run('embed', { 'embed.pixels': packBytes(data.batch(indices)) });
    for (const name of ['features', 'embeddings'] as const) {
      const values = outputs[name]?.values as Float32Array;
      parts[name].push(values.slice(0, (values.length / EMBED_BATCH) * count));
    }
  }
  return {
    features: joined(parts.features, data.length),
    embeddings: joined(parts.embeddings, data.length),
  };
}

function joined(parts: readonly Float32Array[], rows: number): Embeddings {
  const values = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    values.set(part, at);
    at += part.length;
  }
  return { rows, dim: values.length / rows, values };
}

/** A program that embeds, with given weights; for measuring a trained encoder. */
export function embeddingProgram(config: ImageConfig, weights: TensorDataMap, size: ImageSize): Program {
  return compileProgram({
    name: `${config.model.architecture} encoder`,
    state: weights,
    functions: { embed: embedFunction(config, size, EMBED_BATCH) },
  });
}
