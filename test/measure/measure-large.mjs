/**
 * Measures 50,000 embeddings of 128 with one measure of the build, in a process of its own, and prints the peak of its
 * resident memory in MiB: `node measure-large.mjs MEASURE`. With `none` it makes the embeddings only.
 */
import {
  augmentationCosines,
  compositionError,
  effectiveRank,
  estimateByHalves,
  gammaF,
  invarianceLoss,
  knn,
  linearProbe,
  parameterReadout,
  positiveCosine,
  randomStream,
  retrieval,
  startEngine,
  steeringTrials,
  uniformityOf,
  wahbaTrials,
} from 'care';

const [ROWS, DIM, CLASSES, TRIALS] = [50_000, 128, 10, 20];
startEngine();

function embeddings(seed) {
  const random = randomStream(seed);
  const values = new Float32Array(ROWS * DIM);
  for (let k = 0; k < values.length; k++) values[k] = 2 * random.uniform() - 1;
  return { rows: ROWS, dim: DIM, values };
}

/** The same embeddings with every second coordinate mirrored, and noise. */
function moved({ values }, seed) {
  const random = randomStream(seed);
  const other = values.slice();
  for (let k = 0; k < other.length; k++) other[k] = (k % 2 ? -1 : 1) * other[k] + 0.1 * random.uniform();
  return { rows: ROWS, dim: DIM, values: other };
}

const from = embeddings(1);
const labels = Int32Array.from({ length: ROWS }, (_, i) => i % CLASSES);
function* pairs() {
  for (let trial = 0; trial < TRIALS; trial++) yield { from, to: moved(from, 2 + trial) };
}
function* compositions() {
  for (let trial = 0; trial < 2; trial++) {
    yield {
      plain: from,
      first: moved(from, 3),
      second: moved(from, 4 + trial),
      both: moved(from, 5 + trial),
    };
  }
}
const even = Array.from({ length: ROWS / 2 }, (_, i) => 2 * i);
const traits = {
  colours: new Float32Array(3 * ROWS).map((_, i) => Math.abs(Math.sin(i))),
  hues: Float32Array.from(labels, (label) => label / CLASSES),
  labels,
};

const MEASURES = {
  none: () => 0,
  wahba: () => wahbaTrials(pairs(), { group: 'SO' }).error.value,
  steering: () => steeringTrials(pairs(), { group: 'O', seed: 0 }).unseen.rms.value,
  gamma: () => gammaF(pairs()).gamma.value,
  invariance: () => invarianceLoss(pairs()).value,
  cosines: () => augmentationCosines(pairs()).variance.value,
  positive: () => positiveCosine(from, moved(from, 2)).mean.value,
  composition: () => compositionError(compositions()).error.value,
  rank: () => estimateByHalves(from, (part) => effectiveRank(part).value).value,
  uniformity: () => estimateByHalves(from, (part) => uniformityOf(part)).value,
  knn: () =>
    knn({ embeddings: from, labels }, { embeddings: moved(from, 2), labels }, { k: 200, temperature: 0.5 })
      .accuracy,
  retrieval: () =>
    retrieval({ gallery: from, galleryTraits: traits, queries: moved(from, 2), queryTraits: traits }).colour
      .found.value,
  probe: () =>
    linearProbe(
      { embeddings: from, labels },
      { embeddings: moved(from, 2), labels },
      { epochs: 2, seeds: [0, 1, 2] },
    ).accuracy.value,
  parameters: () =>
    parameterReadout({
      from,
      to: moved(from, 2),
      names: ['class', 'number'],
      parameters: Float64Array.from({ length: 2 * ROWS }, (_, k) => (k % 2 ? k : labels[k / 2])),
      train: even,
      test: even.map((i) => i + 1),
    }).mean.value,
};

const name = process.argv[2] ?? 'none';
const value = MEASURES[name]();
if (!Number.isFinite(value)) throw new Error(`${name} gave ${value}.`);
console.log(Math.round(process.resourceUsage().maxRSS / 1024));
