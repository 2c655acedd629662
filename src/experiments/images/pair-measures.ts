/** Measures of the same images before and after an augmentation that all of them share: rotations, gamma_f, cosines, composition. */
import { simclrAugmentation, type SimclrAugmentation, type SimclrParameters } from '../../augment/simclr.js';
import type { DataSet } from '../../data/data-set.js';
import { augmentationCosines } from '../../measure/augmentation-cosines.js';
import { compositionError, type CompositionTrial } from '../../measure/composition.js';
import type { EmbeddingPair } from '../../measure/embeddings.js';
import { gammaF, invarianceLoss } from '../../measure/gamma.js';
import { estimateOver } from '../../measure/statistics.js';
import { steeringTrials } from '../../measure/steering.js';
import {
  mapTrials,
  summariseErrors,
  wahba,
  type OrthogonalError,
  type OrthogonalGroup,
} from '../../measure/wahba.js';
import type { Estimate } from '../../runs/record.js';
import { randomStream } from '../../tensorflow/random.js';
import { withoutNormalize, type AugmentedEncoder } from './augmented-embedding.js';
import type { Findings } from '../recorded-run.js';
import { EMBED_BATCH, type ImageEmbeddings } from './embedding.js';
import type { MeasureSettings } from './measure-config.js';
import { imageAugmentation } from './model.js';
import { sharedEmbeddings } from './shared-embeddings.js';
import {
  byStage,
  DRAWN_FOR,
  limited,
  stageOf,
  withEncoder,
  type ImageSubject,
  type Stage,
} from './subject.js';

const plain = (value: number): Estimate => ({ value });

/** One draw for all images. */
function drawnOnce(augmentation: SimclrAugmentation, seed: number, purpose: number, trial: number) {
  const one = augmentation.draw(randomStream(seed, purpose, trial), 1);
  return augmentation.repeat(one, EMBED_BATCH);
}

/** What embeds images; see {@link withEncoder}. */
export type Encoder = Pick<AugmentedEncoder, 'plain' | 'augmented'>;

/** The test images that measures look at, as they are. */
export function plainTest(
  encoder: Encoder,
  subject: ImageSubject,
  settings: MeasureSettings,
): ImageEmbeddings {
  const { images: limit } = settings;
  return sharedEmbeddings(subject, { plain: limit }, () => encoder.plain(limited(subject.task.test, limit)));
}

/** Embeddings of the test images before and after each trial's augmentation, one for all images. */
function* trialPairs(
  encoder: Encoder,
  augmentation: SimclrAugmentation,
  subject: ImageSubject,
  stage: Stage,
  settings: MeasureSettings,
): Generator<EmbeddingPair> {
  const { seed, augmentations, images: limit } = settings;
  const images = limited(subject.task.test, limit);
  const from = stageOf(plainTest(encoder, subject, settings), stage);
  for (let trial = 0; trial < augmentations; trial++) {
    const augmented = () => {
      const drawn = drawnOnce(augmentation, seed, DRAWN_FOR.trials, trial);
      return encoder.augmented('augmented', images, () => [drawn]);
    };
    const what = { augmentation: augmentation.settings, seed, trial, images: limit };
    yield { from, to: stageOf(sharedEmbeddings(subject, what, augmented), stage) };
  }
}

/** Which augmentation a measure applies to a subject's images. */
type AugmentationOf = (subject: ImageSubject, images: DataSet) => SimclrAugmentation;

const asInTraining: AugmentationOf = ({ config }, images) => imageAugmentation(config, images);

/** That of training without what moves or blurs pixels; colours are jittered in every trial, so that none changes nothing. */
export const coloursAlone: AugmentationOf = ({ config }, images) => {
  const { settings } = imageAugmentation(config, images);
  return simclrAugmentation({
    ...settings,
    crop: null,
    flip: { p: 0 },
    jitter: { ...settings.jitter, p: 1 },
    blur: { p: 0 },
  });
};

/** A measure of pairs under augmentations that all images share. */
export function ofPairs(
  find: (pairs: Iterable<EmbeddingPair>, settings: MeasureSettings) => Findings,
  augmentationOf: AugmentationOf = asInTraining,
) {
  return (subject: ImageSubject, settings: MeasureSettings): Findings => {
    const images = limited(subject.task.test, settings.images);
    const augmentation = augmentationOf(subject, images);
    return withEncoder(subject, { augmented: [augmentation] }, (encoder) =>
      byStage(settings, (stage) =>
        find(trialPairs(encoder, augmentation, subject, stage, settings), settings),
      ),
    );
  };
}

export function wahbaFindings(pairs: Iterable<EmbeddingPair>): Findings {
  // Errors without the rotations, which for wide features are the larger part.
  const errorsIn = ({ from, to }: EmbeddingPair, group: OrthogonalGroup): OrthogonalError => {
    const { rotation: _rotation, singularValues: _values, ...error } = wahba(from, to, { group });
    return error;
  };
  const trials = mapTrials(pairs, (pair) => ({ so: errorsIn(pair, 'SO'), o: errorsIn(pair, 'O') }));
  const proper = summariseErrors(trials.map(({ so }) => so));
  const any = summariseErrors(trials.map(({ o }) => o));
  return {
    estimates: {
      error: proper.error,
      rms: proper.rms,
      relative: proper.relative,
      worst: plain(proper.worst.error),
      errorInO: any.error,
      relativeInO: any.relative,
      stillTrials: plain(proper.stillTrials),
    },
    tables: {
      trials: {
        trial: trials.map((_, i) => i),
        error: trials.map(({ so }) => so.error),
        errorInO: trials.map(({ o }) => o.error),
        relative: trials.map(({ so }) => so.relative),
        perSample: trials.map(({ so }) => so.perSample.value),
        perSampleSd: trials.map(({ so }) => so.perSample.sd ?? 0),
        moved: trials.map(({ so }) => so.moved),
      },
    },
  };
}

export function steeringFindings(pairs: Iterable<EmbeddingPair>, { seed }: MeasureSettings): Findings {
  const { fitted, unseen, trials } = steeringTrials(pairs, { group: 'SO', seed });
  return {
    estimates: {
      unseenRelative: unseen.relative,
      unseenRms: unseen.rms,
      fittedRelative: fitted.relative,
      fittedRms: fitted.rms,
    },
    tables: {
      trials: {
        trial: trials.map((_, i) => i),
        unseenRelative: trials.map((trial) => trial.unseen.relative),
        fittedRelative: trials.map((trial) => trial.fitted.relative),
      },
    },
  };
}

export function gammaFindings(pairs: Iterable<EmbeddingPair>, { seed }: MeasureSettings): Findings {
  const losses: number[] = [];
  function* watched(): Generator<EmbeddingPair> {
    for (const pair of pairs) {
      losses.push(invarianceLoss([pair]).value);
      yield pair;
    }
  }
  const { gamma, pooled, stillShare, perAugmentation } = gammaF(watched(), { seed });
  return {
    estimates: {
      gamma,
      pooled,
      stillShare: plain(stillShare),
      invarianceLoss: estimateOver(losses, 'trials'),
    },
    tables: {
      trials: {
        trial: perAugmentation.map((_, i) => i),
        gamma: perAugmentation,
        invarianceLoss: losses,
      },
    },
  };
}

export function cosineFindings(pairs: Iterable<EmbeddingPair>): Findings {
  const { variance, mean, opposed, perAugmentation } = augmentationCosines(pairs);
  const bins = perAugmentation.flatMap(({ histogram }, trial) =>
    histogram.counts.map((count, bin) => ({ trial, from: histogram.edges[bin] ?? NaN, count })),
  );
  return {
    estimates: { variance, mean, opposed },
    tables: {
      trials: {
        trial: perAugmentation.map((_, i) => i),
        mean: perAugmentation.map((one) => one.mean),
        variance: perAugmentation.map((one) => one.variance),
        opposed: perAugmentation.map((one) => one.opposed),
      },
      histogram: {
        trial: bins.map(({ trial }) => trial),
        from: bins.map(({ from }) => from),
        count: bins.map(({ count }) => count),
      },
    },
  };
}

function* compositionTrials(
  encoder: Encoder,
  [first, second]: readonly [SimclrAugmentation, SimclrAugmentation],
  subject: ImageSubject,
  stage: Stage,
  settings: MeasureSettings,
): Generator<CompositionTrial> {
  const { seed, compositions, images: limit } = settings;
  const images = limited(subject.task.test, limit);
  const plain = stageOf(plainTest(encoder, subject, settings), stage);
  for (let trial = 0; trial < compositions; trial++) {
    const a = drawnOnce(first, seed, DRAWN_FOR.first, trial);
    const b = drawnOnce(second, seed, DRAWN_FOR.second, trial);
    const under = (name: string, ...drawn: readonly SimclrParameters[]) => {
      const what = { composed: name, augmentation: second.settings, seed, trial, images: limit };
      const make = () => encoder.augmented(drawn.length === 1 ? 'one' : 'both', images, () => drawn);
      return stageOf(sharedEmbeddings(subject, what, make), stage);
    };
    yield { plain, first: under('first', a), second: under('second', b), both: under('both', a, b) };
  }
}

export function composition(subject: ImageSubject, settings: MeasureSettings): Findings {
  const images = limited(subject.task.test, settings.images);
  const second = imageAugmentation(subject.config, images);
  const first = withoutNormalize(second);
  return withEncoder(subject, { one: [second], both: [first, second] }, (encoder) =>
    byStage(settings, (stage) => {
      const found = compositionError(compositionTrials(encoder, [first, second], subject, stage, settings));
      const { error, onEmbeddings, unrelated, relative, haar, movement, fit } = found;
      return {
        estimates: {
          error,
          onEmbeddings,
          unrelated,
          relative,
          haar: plain(haar),
          movement,
          fit,
        },
      };
    }),
  );
}
