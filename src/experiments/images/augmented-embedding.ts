/** An encoder for measuring: embeddings of images as they are, and after augmentations. */
import { CHANNELS, imagesFromWords, packBytes, type ImageSize } from '../../augment/images.js';
import { simclrAugmentation, type SimclrAugmentation, type SimclrParameters } from '../../augment/simclr.js';
import type { DataSet } from '../../data/data-set.js';
import type { Embeddings } from '../../measure/embeddings.js';
import { scopeOf } from '../../nn/module.js';
import { normalizeRows } from '../../nn/normalize-rows.js';
import { compileProgram, type ProgramFunction } from '../../tensorflow/compile.js';
import type { TensorDataMap } from '../../tensorflow/tensor-data.js';
import type * as tf from '../../tensorflow/tf.js';
import type { ImageConfig } from './config.js';
import { EMBED_BATCH, embedFunction, embedImages, type ImageEmbeddings } from './embedding.js';
import { imageModel } from './model.js';

/** Augmentations that are applied one after the other. */
export type Pipeline = readonly SimclrAugmentation[];

/** What is drawn for the images from `start` on, `EMBED_BATCH` of them: for each step of a pipeline. */
export type Drawn = (start: number) => readonly SimclrParameters[];

export interface AugmentedEncoder {
  /** Images as they are. */
  readonly plain: (set: DataSet) => ImageEmbeddings;
  /** Images after the named pipeline. */
  readonly augmented: (pipeline: string, set: DataSet, drawn: Drawn) => ImageEmbeddings;
  readonly dispose: () => void;
}

/** An augmentation whose views stay from 0 to 1, so that another can follow. */
export function withoutNormalize({ settings }: SimclrAugmentation): SimclrAugmentation {
  return simclrAugmentation({ ...settings, normalize: null });
}

/** The weights of the encoder and its head among all that a run keeps. */
export function encoderWeights(config: ImageConfig, weights: TensorDataMap): TensorDataMap {
  const names = new Set(imageModel(config).variables.map(({ name }) => name));
  return Object.fromEntries(Object.entries(weights).filter(([name]) => names.has(name)));
}

function augmentedFunction(config: ImageConfig, size: ImageSize, pipeline: Pipeline): ProgramFunction {
  const model = imageModel(config);
  const specs = pipeline.flatMap((augmentation, i) =>
    Object.entries(augmentation.inputs(EMBED_BATCH)).map(([key, spec]) => [`${i}.${key}`, spec] as const),
  );
  const words = (size.height * size.width * CHANNELS) / 4;
  return {
    inputs: { ...Object.fromEntries(specs), pixels: { shape: [EMBED_BATCH, words], dtype: 'int32' } },
    run(state, inputs) {
      const images = imagesFromWords(inputs['pixels'] as tf.Tensor2D, size);
      const views = pipeline.reduce((seen, augmentation, i) => {
        const keys = Object.keys(augmentation.inputs(EMBED_BATCH));
        const own = Object.fromEntries(keys.map((key) => [key, inputs[`${i}.${key}`] as tf.Tensor]));
        return augmentation.apply(seen, own);
      }, images);
      const scope = scopeOf(state, false);
      const features = model.features.apply(scope, views);
      return { outputs: { features, embeddings: normalizeRows(model.head.apply(scope, features)) } };
    },
  };
}

/**
 * An encoder with given weights, for images of one size.
 *
 * @param pipelines - augmentations after which images are to be embedded, by name.
 */
export function augmentedEncoder(
  config: ImageConfig,
  weights: TensorDataMap,
  size: ImageSize,
  pipelines: Readonly<Record<string, Pipeline>>,
): AugmentedEncoder {
  const program = compileProgram({
    name: `${config.model.architecture} encoder`,
    state: encoderWeights(config, weights),
    functions: {
      embed: embedFunction(config, size, EMBED_BATCH),
      ...Object.fromEntries(
        Object.entries(pipelines).map(([name, pipeline]) => [
          name,
          augmentedFunction(config, size, pipeline),
        ]),
      ),
    },
  });
  return {
    plain: (set) => embedImages(program, set),
    augmented(name, set, drawn) {
      const parts: Record<'features' | 'embeddings', Float32Array> = {
        features: new Float32Array(0),
        embeddings: new Float32Array(0),
      };
      for (let start = 0; start < set.length; start += EMBED_BATCH) {
        const count = Math.min(EMBED_BATCH, set.length - start);
        // A short last batch is filled up with its first image; those rows are not kept.
        const indices = Array.from({ length: EMBED_BATCH }, (_, i) => start + (i < count ? i : 0));
        const values = (pipelines[name] ?? []).flatMap((augmentation, i) => {
          const parameters = drawn(start)[i];
          if (parameters === undefined) throw new Error(`${name}: nothing was drawn for step ${i}.`);
          const own = augmentation.inputValues(parameters);
          return Object.entries(own).map(([key, value]) => [`${i}.${key}`, value] as const);
        });
        const outputs = program.run(name, {
          ...Object.fromEntries(values),
          pixels: packBytes(set.batch(indices)),
        });
        for (const part of ['features', 'embeddings'] as const) {
          const rows = outputs[part]?.values as Float32Array;
          const dim = rows.length / EMBED_BATCH;
          if (start === 0) parts[part] = new Float32Array(set.length * dim);
          parts[part].set(rows.subarray(0, count * dim), start * dim);
        }
      }
      const embeddingsOf = (values: Float32Array): Embeddings => ({
        rows: set.length,
        dim: values.length / set.length,
        values,
      });
      return { features: embeddingsOf(parts.features), embeddings: embeddingsOf(parts.embeddings) };
    },
    dispose: () => program.dispose(),
  };
}
