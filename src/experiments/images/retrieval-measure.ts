/** Whether the neighbours of a recoloured image have its new colour, its hue, and its class (Figure 9). */
import { type SimclrAugmentation, type SimclrParameters } from '../../augment/simclr.js';
import type { DataSet } from '../../data/data-set.js';
import { colourTraits, retrieval, type TraitMatch } from '../../measure/retrieval.js';
import type { Estimate } from '../../runs/record.js';
import { withoutNormalize } from './augmented-embedding.js';
import type { Findings } from '../recorded-run.js';
import { EMBED_BATCH } from './embedding.js';
import type { MeasureSettings } from './measure-config.js';
import { augmentedPixels, recolouring, recolouringDraws } from './recolouring.js';
import { byStage, limited, limitedNumbers, stageOf, withEncoder, type ImageSubject } from './subject.js';
import { readParameters } from './parameter-measure.js';

/** Mean colours and hues of the images, and of the images after the augmentation. */
function traitsOf(
  images: DataSet,
  augmentation: SimclrAugmentation | null,
  drawn: (start: number) => SimclrParameters,
) {
  const colours: number[] = [];
  const hues: number[] = [];
  const plainColours = augmentation === null ? null : withoutNormalize(augmentation);
  for (let start = 0; start < images.length; start += EMBED_BATCH) {
    const count = Math.min(EMBED_BATCH, images.length - start);
    const indices = Array.from({ length: EMBED_BATCH }, (_, i) => start + (i < count ? i : 0));
    const bytes = Float32Array.from(images.batch(indices), (byte) => byte / 255);
    const pixels = plainColours === null ? bytes : augmentedPixels(bytes, images, plainColours, drawn(start));
    const found = colourTraits(pixels.subarray(0, (pixels.length / EMBED_BATCH) * count), count);
    colours.push(...Array.from(found.colours));
    hues.push(...Array.from(found.hues));
  }
  return { colours, hues, labels: images.labels };
}

function matchEstimates(name: string, match: TraitMatch | null): Record<string, Estimate> {
  if (match === null) return {};
  return {
    [`${name}Score`]: match.score,
    [name]: match.found,
    [`${name}Unmoved`]: match.unmoved,
    [`${name}Permuted`]: match.permuted,
  };
}

/** The queries by their numbers in the test set, and how each was recoloured. */
function queryTable({ config, task }: ImageSubject, settings: MeasureSettings) {
  const numbers = limitedNumbers(task.test, settings.images);
  const augmentation = recolouring(config, task.test, settings.retrieval.hue);
  const drawn = recolouringDraws(augmentation, settings);
  const batches = Array.from({ length: Math.ceil(numbers.length / EMBED_BATCH) }, (_, i) =>
    drawn(i * EMBED_BATCH),
  );
  const { names, parameters } = readParameters(augmentation, batches, numbers.length);
  const columns = names.flatMap((name, column) => {
    const values = numbers.map((_, row) => parameters[row * names.length + column] ?? NaN);
    // What is turned off is the same for all.
    return new Set(values).size === 1 ? [] : [[name, values.map((x) => Number(x.toPrecision(4)))] as const];
  });
  return { image: numbers, ...Object.fromEntries(columns) };
}

export function retrievalOf(subject: ImageSubject, settings: MeasureSettings): Findings {
  const { k, hue, permutations } = settings.retrieval;
  const images = limited(subject.task.test, settings.images);
  const augmentation = recolouring(subject.config, images, hue);
  const drawn = recolouringDraws(augmentation, settings);
  const galleryTraits = traitsOf(images, null, drawn);
  const queryTraits = traitsOf(images, augmentation, drawn);
  return withEncoder(subject, { recoloured: [augmentation] }, (encoder) => {
    const before = encoder.plain(images);
    const after = encoder.augmented('recoloured', images, (start) => [drawn(start)]);
    const findings = byStage(settings, (stage) => {
      const found = retrieval(
        {
          gallery: stageOf(before, stage),
          galleryTraits,
          queries: stageOf(after, stage),
          queryTraits,
        },
        { k, seed: settings.seed, permutations },
      );
      const places = Array.from(found.neighbours.indices);
      return {
        estimates: {
          ...matchEstimates('colour', found.colour),
          ...matchEstimates('hue', found.hue),
          ...matchEstimates('class', found.class),
          hued: { value: found.hued },
        },
        tables: {
          neighbours: {
            query: places.map((_, at) => Math.floor(at / k)),
            place: places.map((_, at) => 1 + (at % k)),
            image: places,
            unmoved: Array.from(found.neighboursUnmoved.indices),
            distance: Array.from(found.neighbours.distances, (x) => Number(x.toPrecision(4))),
          },
        },
      };
    });
    return { ...findings, tables: { ...findings.tables, queries: queryTable(subject, settings) } };
  });
}
