/** How well the parameters of an augmentation are read from embeddings before and after it. */
import { type SimclrAugmentation, type SimclrParameters } from '../../augment/simclr.js';
import { parameterReadout } from '../../measure/parameter-readout.js';
import { randomStream } from '../../tensorflow/random.js';
import type { Findings } from '../recorded-run.js';
import { EMBED_BATCH } from './embedding.js';
import type { MeasureSettings } from './measure-config.js';
import { imageAugmentation } from './model.js';
import {
  byStage,
  DRAWN_FOR,
  learntAndJudged,
  limited,
  stageOf,
  withEncoder,
  type ImageSubject,
} from './subject.js';

/** Not read: whether and in which order an image was jittered, which the strengths already tell or hide. */
const UNREAD = /^jittered$|Place$/;

/** The parameters that are read, of all that an augmentation describes: their names, and values `[rows, names]`. */
export function readParameters(
  augmentation: SimclrAugmentation,
  drawn: readonly SimclrParameters[],
  rows: number,
) {
  const described = drawn.map((one) => augmentation.describe(one));
  const all = described[0]?.names ?? [];
  const columns = all.flatMap((name, column) => (UNREAD.test(name) ? [] : [column]));
  const values = described.flatMap((one) => Array.from(one.values));
  return {
    names: columns.map((column) => all[column] ?? ''),
    parameters: Array.from({ length: rows }, (_, i) =>
      columns.map((k) => values[i * all.length + k] ?? NaN),
    ).flat(),
  };
}

export function parametersOf(subject: ImageSubject, settings: MeasureSettings): Findings {
  const images = limited(subject.task.test, settings.images);
  const augmentation = imageAugmentation(subject.config, images);
  const drawn = (start: number) =>
    augmentation.draw(randomStream(settings.seed, DRAWN_FOR.own, start), EMBED_BATCH);
  const batches = Array.from({ length: Math.ceil(images.length / EMBED_BATCH) }, (_, i) =>
    drawn(i * EMBED_BATCH),
  );
  const { names, parameters } = readParameters(augmentation, batches, images.length);
  const { train, test } = learntAndJudged(images.length);
  return withEncoder(subject, { augmented: [augmentation] }, (encoder) => {
    const before = encoder.plain(images);
    const after = encoder.augmented('augmented', images, (start) => [drawn(start)]);
    return byStage(settings, (stage) => {
      const found = parameterReadout(
        { from: stageOf(before, stage), to: stageOf(after, stage), names, parameters, train, test },
        { readout: settings.parameters.readout, seeds: settings.classifierSeeds },
      );
      return { estimates: { mean: found.mean, ...found.perParameter } };
    });
  });
}
