/**
 * What is measured on a trained encoder of images: embeddings of the test set, as they are and under augmentations drawn as
 * in training, before the head (`features`) and after it (`embedding`). All runs with one seed see the same augmentations,
 * so that they can be compared trial by trial.
 *
 * A measurement's key holds a hash of this file and of all that it imports: it is made anew when they change.
 */
import { simclrAugmentation, type SimclrAugmentation, type SimclrParameters } from '../../augment/simclr.js';
import type { DataSet } from '../../data/data-set.js';
import { augmentationCosines } from '../../measure/augmentation-cosines.js';
import { compositionError, type CompositionTrial } from '../../measure/composition.js';
import { effectiveRank } from '../../measure/effective-rank.js';
import type { EmbeddingPair } from '../../measure/embeddings.js';
import { gammaF, invarianceLoss } from '../../measure/gamma.js';
import { estimateByHalves } from '../../measure/half-samples.js';
import { knn } from '../../measure/knn.js';
import {
  linearProbe,
  PROBE_PRESETS,
  type ProbeResult,
  type ProbeSettings,
} from '../../measure/linear-probe.js';
import { parameterReadout } from '../../measure/parameter-readout.js';
import { positiveCosine } from '../../measure/positive-cosine.js';
import { colourTraits, retrieval, type TraitMatch } from '../../measure/retrieval.js';
import { estimateOver } from '../../measure/statistics.js';
import { steeringTrials } from '../../measure/steering.js';
import { uniformityOf } from '../../measure/uniformity-of.js';
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
import { colourSweep } from './colour-sweep.js';
import { EMBED_BATCH, type ImageEmbeddings } from './embedding.js';
import type { MeasureSettings } from './measure-config.js';
import { imageAugmentation } from './model.js';
import { officialProbe } from './official-probe.js';
import { augmentedPixels, recolouring, recolouringDraws } from './recolouring.js';
import { sharedEmbeddings } from './shared-embeddings.js';
import {
  byStage,
  DRAWN_FOR,
  learntAndJudged,
  limited,
  limitedNumbers,
  STAGES,
  stageOf,
  withEncoder,
  type ImageSubject,
  type Stage,
} from './subject.js';
import { transferData } from './transfer.js';

export type { ImageSubject } from './subject.js';

/** A measure with what it is, in a line. */
export interface ImageMeasure {
  readonly about: string;
  readonly measure: (subject: ImageSubject, settings: MeasureSettings) => Findings;
}

const plain = (value: number): Estimate => ({ value });

/** One draw for all images. */
function drawnOnce(augmentation: SimclrAugmentation, seed: number, purpose: number, trial: number) {
  const one = augmentation.draw(randomStream(seed, purpose, trial), 1);
  return augmentation.repeat(one, EMBED_BATCH);
}

/** What embeds images; see {@link withEncoder}. */
type Encoder = Pick<AugmentedEncoder, 'plain' | 'augmented'>;

/** The test images that measures look at, as they are. */
function plainTest(encoder: Encoder, subject: ImageSubject, settings: MeasureSettings): ImageEmbeddings {
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
const coloursAlone: AugmentationOf = ({ config }, images) => {
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
function ofPairs(
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

function wahbaFindings(pairs: Iterable<EmbeddingPair>): Findings {
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

function steeringFindings(pairs: Iterable<EmbeddingPair>, { seed }: MeasureSettings): Findings {
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

function gammaFindings(pairs: Iterable<EmbeddingPair>, { seed }: MeasureSettings): Findings {
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

function cosineFindings(pairs: Iterable<EmbeddingPair>): Findings {
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

function composition(subject: ImageSubject, settings: MeasureSettings): Findings {
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

function retrievalOf(subject: ImageSubject, settings: MeasureSettings): Findings {
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
          hued: plain(found.hued),
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

/** Not read: whether and in which order an image was jittered, which the strengths already tell or hide. */
const UNREAD = /^jittered$|Place$/;

/** The parameters that are read, of all that an augmentation describes: their names, and values `[rows, names]`. */
function readParameters(augmentation: SimclrAugmentation, drawn: readonly SimclrParameters[], rows: number) {
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

function parametersOf(subject: ImageSubject, settings: MeasureSettings): Findings {
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

function probeSettings({ probe }: MeasureSettings): ProbeSettings {
  const paper = PROBE_PRESETS[probe.optimizer];
  return {
    ...paper,
    epochs: probe.epochs ?? paper.epochs,
    batch: probe.batch ?? paper.batch,
    learningRate: probe.learningRate ?? paper.learningRate,
  };
}

const percent = (estimate: Estimate): Estimate => ({
  ...estimate,
  value: 100 * estimate.value,
  unit: '%',
  ...(estimate.sd === undefined ? {} : { sd: 100 * estimate.sd }),
});

function probeFindings(
  { accuracy, standardError, chance, perSeed }: ProbeResult,
  n: number,
  { classifierSeeds }: MeasureSettings,
): Findings {
  return {
    estimates: {
      accuracy: percent(accuracy),
      overImages: percent({
        value: accuracy.value,
        sd: standardError,
        n,
        kind: 'standard error over samples',
      }),
      chance: percent(plain(chance)),
    },
    tables: { seeds: { seed: classifierSeeds, accuracy: perSeed } },
  };
}

/** The same encoder and classifier, on images that the encoder was not trained on. */
function transfer(subject: ImageSubject, settings: MeasureSettings): Findings {
  const { elsewhere } = subject;
  if (elsewhere === undefined) throw new Error('Transfer is measured on other images, and none were given.');
  const found = probe({ ...subject, task: elsewhere }, settings);
  const { train, test } = elsewhere;
  const images = {
    name: [transferData(subject.config, settings)],
    sha256: [train.provenance.sha256],
    train: [train.length],
    test: [test.length],
  };
  return { ...found, tables: { ...found.tables, images } };
}

function probe(subject: ImageSubject, settings: MeasureSettings): Findings {
  const train = limited(subject.task.train, settings.probe.images);
  const { test } = subject.task;
  return withEncoder(subject, {}, (encoder) => {
    const [learnt, judged] = [encoder.plain(train), encoder.plain(test)];
    return byStage(settings, (stage) =>
      probeFindings(
        linearProbe(
          { embeddings: learnt[STAGES[stage]], labels: train.labels },
          { embeddings: judged[STAGES[stage]], labels: test.labels },
          { ...probeSettings(settings), seeds: settings.classifierSeeds },
        ),
        test.length,
        settings,
      ),
    );
  });
}

function probeOfficial({ config, weights, task }: ImageSubject, settings: MeasureSettings): Findings {
  const train = limited(task.train, settings.probe.images);
  const seeds = settings.classifierSeeds;
  const found = officialProbe(config, weights, train, task.test, probeSettings(settings), seeds);
  return probeFindings(found, task.test.length, settings);
}

function neighbours(subject: ImageSubject, settings: MeasureSettings): Findings {
  const { temperature } = settings.neighbours;
  const { train, test } = subject.task;
  // Of few images all vote; the finding says how many did.
  const k = Math.min(settings.neighbours.k, train.length);
  return withEncoder(subject, {}, (encoder) => {
    const [bank, queries] = [encoder.plain(train), encoder.plain(test)];
    return byStage(settings, (stage) => {
      const { accuracy, standardError, n } = knn(
        { embeddings: bank[STAGES[stage]], labels: train.labels },
        { embeddings: queries[STAGES[stage]], labels: test.labels },
        { k, temperature },
      );
      const estimate = percent({
        value: accuracy,
        sd: standardError,
        n,
        kind: 'standard error over samples',
      });
      return { estimates: { accuracy: estimate, k: { value: k } } };
    });
  });
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
