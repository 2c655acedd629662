import { describe, expect, it } from 'vitest';
import { imagesFromBytes } from '../../../src/augment/images.js';
import type { DataSet } from '../../../src/data/data-set.js';
import { measureSchema } from '../../../src/experiments/images/config.js';
import { EMBED_BATCH } from '../../../src/experiments/images/embedding.js';
import { geometryOf } from '../../../src/experiments/images/geometry-monitor.js';
import { imageAugmentation, imageModel, initialWeights } from '../../../src/experiments/images/model.js';
import type { SimclrParameters } from '../../../src/augment/simclr.js';
import { normalizeRows } from '../../../src/nn/normalize-rows.js';
import { scopeOf } from '../../../src/nn/module.js';
import { startEngine } from '../../../src/tensorflow/engine.js';
import { randomStream } from '../../../src/tensorflow/random.js';
import { toTensor } from '../../../src/tensorflow/tensor-data.js';
import * as tf from '../../../src/tensorflow/tf.js';
import { noiseImages, tinyConfig } from './tiny.js';

startEngine({ intraOpThreads: 1, interOpThreads: 1 });

const config = tinyConfig();
const images = noiseImages(10, { size: 16 });
const augmentation = imageAugmentation(config, images);
const settings = measureSchema.parse({ geometryAugmentations: 3, geometryImages: 10 });

/** Embeddings of the images after an augmentation, op by op; the batch is filled up with its first image. */
function embedded(set: DataSet, drawn: SimclrParameters | null): number[][] {
  const indices = Array.from({ length: EMBED_BATCH }, (_, i) => (i < set.length ? i : 0));
  return tf.tidy(() => {
    const bytes = tf.tensor4d(set.batch(indices), [EMBED_BATCH, 16, 16, 3], 'int32');
    const plain = imagesFromBytes(bytes);
    const normalize = imageAugmentation(config, set).settings.normalize;
    if (normalize === null) throw new Error('views are normalised');
    const specs = augmentation.inputs(EMBED_BATCH);
    const views =
      drawn === null
        ? tf.div<tf.Tensor4D>(
            tf.sub(plain, tf.tensor1d([...normalize.mean])),
            tf.tensor1d([...normalize.std]),
          )
        : augmentation.apply(
            plain,
            Object.fromEntries(
              Object.entries(augmentation.inputValues(drawn)).map(([key, value]) => [
                key,
                tf.tensor(value, [...(specs[key]?.shape ?? [])], specs[key]?.dtype),
              ]),
            ),
          );
    const weights = initialWeights(config);
    const state = Object.fromEntries(Object.entries(weights).map(([name, value]) => [name, toTensor(value)]));
    const scope = scopeOf(state, false);
    const model = imageModel(config);
    const rows = normalizeRows(model.head.apply(scope, model.features.apply(scope, views)));
    return rows.arraySync().slice(0, set.length);
  });
}

const squared = (a: readonly number[] = [], b: readonly number[] = []) =>
  a.reduce((sum, x, i) => sum + (x - (b[i] ?? NaN)) ** 2, 0);

describe('geometryOf', () => {
  it('gives gamma_f, invariance loss and positive cosine of loops over embeddings made op by op', () => {
    const found = geometryOf(config, initialWeights(config), images, settings);

    const from = embedded(images, null);
    const sums = [0, 1, 2].map((trial) => {
      const one = augmentation.draw(randomStream(0, 101, trial), 1);
      const to = embedded(images, augmentation.repeat(one, EMBED_BATCH));
      const moved = from.map((row, i) => squared(row, to[i]));
      const ratios: number[] = [];
      let [change, both] = [0, 0];
      for (let i = 0; i < from.length; i++) {
        for (let j = 0; j < i; j++) {
          const a = (squared(to[i], to[j]) - squared(from[i], from[j])) ** 2;
          const b = ((moved[i] ?? NaN) + (moved[j] ?? NaN)) ** 2;
          ratios.push(a / b);
          change += a;
          both += b;
        }
      }
      const mean = (values: readonly number[]) => values.reduce((sum, x) => sum + x, 0) / values.length;
      return { gamma: mean(ratios), pooled: change / both, invariance: mean(moved) };
    });
    const over = (key: 'gamma' | 'pooled' | 'invariance') =>
      sums.reduce((sum, trial) => sum + trial[key], 0) / sums.length;
    expect(found.gamma).toBeCloseTo(over('gamma'), 4);
    expect(found.gammaPooled).toBeCloseTo(over('pooled'), 4);
    expect(found.invariance).toBeCloseTo(over('invariance'), 4);

    const views = [0, 1].map((view) =>
      embedded(images, augmentation.draw(randomStream(0, 102, view, 0), EMBED_BATCH)),
    );
    const cosines = from.map((_, i) =>
      (views[0]?.[i] ?? []).reduce((sum, x, k) => sum + x * (views[1]?.[i]?.[k] ?? NaN), 0),
    );
    expect(found.positiveCosine).toBeCloseTo(cosines.reduce((sum, x) => sum + x, 0) / cosines.length, 4);
  });

  it('looks at equal encoders under equal augmentations', () => {
    const look = () => geometryOf(config, initialWeights(config), images, settings);
    expect(look()).toEqual(look());
  });
});
