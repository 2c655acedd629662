/**
 * What is measured on a trained encoder of images: embeddings of the test set, as they are and under augmentations drawn as
 * in training, before the head (`features`) and after it (`embedding`). All runs with one seed see the same augmentations,
 * so that they can be compared trial by trial.
 *
 * A measurement's key holds a hash of this file and of all that it imports: it is made anew when they change.
 */
import { effectiveRank } from '../../measure/effective-rank.js';
import { estimateByHalves } from '../../measure/half-samples.js';
import { positiveCosine } from '../../measure/positive-cosine.js';
import { uniformityOf } from '../../measure/uniformity-of.js';
import { randomStream } from '../../tensorflow/random.js';
import type { Findings } from '../recorded-run.js';
import { colourSweep } from './colour-sweep.js';
import { EMBED_BATCH, type ImageEmbeddings } from './embedding.js';
import type { MeasureSettings } from './measure-config.js';
import { imageAugmentation } from './model.js';
import { recolouring } from './recolouring.js';
import { byStage, DRAWN_FOR, limited, stageOf, withEncoder, type ImageSubject } from './subject.js';
import {
  coloursAlone,
  composition,
  cosineFindings,
  gammaFindings,
  ofPairs,
  plainTest,
  steeringFindings,
  wahbaFindings,
} from './pair-measures.js';
import { parametersOf } from './parameter-measure.js';
import { neighbours, probe, probeOfficial, transfer } from './readout-measures.js';
import { retrievalOf } from './retrieval-measure.js';

export type { ImageSubject } from './subject.js';

/** A measure with what it is, in a line. */
export interface ImageMeasure {
  readonly about: string;
  readonly measure: (subject: ImageSubject, settings: MeasureSettings) => Findings;
}

function positives(subject: ImageSubject, settings: MeasureSettings): Findings {
  const images = limited(subject.task.test, settings.images);
  const augmentation = imageAugmentation(subject.config, images);
  return withEncoder(subject, { augmented: [augmentation] }, (encoder) => {
    const [first, second] = [0, 1].map((view) =>
      encoder.augmented('augmented', images, (start) => [
        augmentation.draw(randomStream(settings.seed, DRAWN_FOR.positive, view, start), EMBED_BATCH),
      ]),
    ) as [ImageEmbeddings, ImageEmbeddings];
    return byStage(settings, (stage) => {
      const { mean, histogram } = positiveCosine(stageOf(first, stage), stageOf(second, stage));
      const { counts, edges } = histogram;
      return {
        estimates: { mean },
        tables: { histogram: { from: counts.map((_, bin) => edges[bin] ?? NaN), count: counts } },
      };
    });
  });
}

function colours(subject: ImageSubject, settings: MeasureSettings): Findings {
  const images = limited(subject.task.test, settings.images);
  const augmentation = recolouring(subject.config, images, 0.5);
  const untouched = augmentation.draw(randomStream(0), EMBED_BATCH);
  return withEncoder(subject, { recoloured: [augmentation] }, (encoder) =>
    colourSweep(
      (jitterFrom) =>
        encoder.augmented('recoloured', images, (start) => [{ ...untouched, jitter: jitterFrom(start) }]),
      settings,
    ),
  );
}

function collapse(subject: ImageSubject, settings: MeasureSettings): Findings {
  const { seed } = settings;
  return withEncoder(subject, {}, (encoder) => {
    const found = plainTest(encoder, subject, settings);
    return byStage(settings, (stage) => {
      const embeddings = stageOf(found, stage);
      return {
        estimates: {
          effectiveRank: estimateByHalves(embeddings, (of) => effectiveRank(of).value, { seed }),
          uniformity: estimateByHalves(embeddings, (of) => uniformityOf(of, { seed }), { seed }),
        },
      };
    });
  });
}

/** The measures of the images' runs, by the names under which records keep them. */
export const IMAGE_MEASURES = {
  probe: { about: 'linear probe on frozen features (Table 1)', measure: probe },
  'probe-official': {
    about: 'the same with augmentations on and drifting batch norms, as in the official code; slow',
    measure: probeOfficial,
  },
  transfer: {
    about: 'linear probe on a set of images that the encoder was not trained on (-p transfer.data=NAME)',
    measure: transfer,
  },
  neighbours: { about: 'weighted nearest neighbours, before and after the head', measure: neighbours },
  wahba: { about: "Wahba's error in SO(d) and O(d) (Figure 5)", measure: ofPairs(wahbaFindings) },
  'wahba-colour': {
    about: "Wahba's error where colours alone change: jitter and grayscale of training",
    measure: ofPairs(wahbaFindings, coloursAlone),
  },
  steering: {
    about: 'a rotation recovered on one half of the images, tried on the other',
    measure: ofPairs(steeringFindings),
  },
  gamma: { about: 'gamma_f and invariance loss (Figure 8)', measure: ofPairs(gammaFindings) },
  'gamma-colour': {
    about: 'gamma_f and invariance loss where colours alone change',
    measure: ofPairs(gammaFindings, coloursAlone),
  },
  cosines: {
    about:
      'cosines of f(x) and f(a(x)) for each augmentation (Figure 6 where the embedding has 2 dimensions)',
    measure: ofPairs(cosineFindings),
  },
  positives: {
    about:
      "cosines of f(a(x)) and f(a'(x)), each image under two augmentations of its own (Figures 11 to 16)",
    measure: positives,
  },
  composition: { about: "R_{a'a} against R_{a'} R_a (Corollary 1)", measure: composition },
  retrieval: {
    about: 'colour, hue and class of the neighbours of recoloured images (Figure 9)',
    measure: retrievalOf,
  },
  parameters: {
    about: 'R^2 of augmentation parameters read from pairs of embeddings, as on 3DIEBench',
    measure: parametersOf,
  },
  'colour-sweep': {
    about:
      'hue, brightness, saturation and contrast one at a time: movement, rotation and readout by strength',
    measure: colours,
  },
  collapse: { about: 'effective rank and uniformity', measure: collapse },
} as const satisfies Readonly<Record<string, ImageMeasure>>;
export type ImageMeasureName = keyof typeof IMAGE_MEASURES;
