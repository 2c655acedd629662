/** Retrieval, in numbers: whether the neighbours of an augmented image are like it. */
import type { Estimate } from '../runs/record.js';
import { randomStream } from '../tensorflow/random.js';
import type { Embeddings } from './embeddings.js';
import { nearest, type Nearest } from './nearest.js';
import { estimateOver, mean, sampleSd } from './statistics.js';

/** What is known of an image besides its embedding. */
export interface ImageTraits {
  /** Mean red, green and blue of each image, `[rows, 3]`, 0 to 1. */
  readonly colours: ArrayLike<number>;
  /** Hue of each image in turns, 0 to 1; NaN for one without (grey). */
  readonly hues: ArrayLike<number>;
  /** Class of each image. */
  readonly labels: ArrayLike<number>;
}

export interface RetrievalInput {
  /** Embeddings of the images as they are; the neighbours are found among them. */
  readonly gallery: Embeddings;
  readonly galleryTraits: ImageTraits;
  /** Embeddings of the images after the augmentation; row i of both is image i. */
  readonly queries: Embeddings;
  readonly queryTraits: ImageTraits;
}

export interface RetrievalOptions {
  /** Neighbours of a query; the paper shows 5. */
  readonly k?: number;
  /** Seed of the permutations. */
  readonly seed?: number;
  /** Permutations of the baseline. */
  readonly permutations?: number;
}

/** One trait of neighbours against the query's. */
export interface TraitMatch {
  /** Of the neighbours of `f(a(x))`, over queries; for colour and hue a distance: lower is better. */
  readonly found: Estimate;
  /** Of the neighbours of `f(x)` against the traits of `a(x)`: what an encoder gives that ignores a. */
  readonly unmoved: Estimate;
  /** With the queries' neighbours permuted at random, mean and standard deviation over permutations. */
  readonly permuted: Estimate;
  /** `(permuted - found) / permuted`, or `(found - permuted) / (1 - permuted)` for a share: 1 is perfect, 0 chance. */
  readonly score: Estimate;
}

export interface RetrievalResult {
  /** Euclidean distance of mean colours, 0 to sqrt 3. */
  readonly colour: TraitMatch;
  /** Angle between hues, 0 to 180 degrees; grey queries and neighbours do not count. Null where all are. */
  readonly hue: TraitMatch | null;
  /** Share of neighbours of the query's class. */
  readonly class: TraitMatch;
  /** Share of queries with a hue. */
  readonly hued: number;
  readonly neighbours: Nearest;
  readonly neighboursUnmoved: Nearest;
}

type Compare = (query: number, item: number) => number;

function compareColours(queries: ImageTraits, gallery: ImageTraits): Compare {
  return (query, item) =>
    Math.hypot(
      ...[0, 1, 2].map(
        (c) => (queries.colours[3 * query + c] ?? NaN) - (gallery.colours[3 * item + c] ?? NaN),
      ),
    );
}

function compareHues(queries: ImageTraits, gallery: ImageTraits): Compare {
  return (query, item) => {
    const turns = Math.abs((queries.hues[query] ?? NaN) - (gallery.hues[item] ?? NaN)) % 1;
    return 360 * Math.min(turns, 1 - turns);
  };
}

/** Mean over its neighbours of what each query is compared by; NaN where none can be. */
function perQuery(compare: Compare, neighbours: Int32Array, k: number, order: readonly number[]): number[] {
  return order.map((taken, query) => {
    const values: number[] = [];
    for (let place = 0; place < k; place++) {
      const value = compare(query, neighbours[taken * k + place] ?? -1);
      if (!Number.isNaN(value)) values.push(value);
    }
    return values.length === 0 ? NaN : mean(values);
  });
}

const known = (values: readonly number[]) => values.filter((value) => !Number.isNaN(value));

interface Comparison {
  readonly found: Nearest;
  readonly unmoved: Nearest;
  readonly k: number;
  readonly rows: number;
  readonly seed: number;
  readonly permutations: number;
}

function matchOf(
  comparison: Comparison,
  compare: Compare,
  isShare: boolean,
  unit?: string,
): TraitMatch | null {
  const { found, unmoved, k, rows, seed, permutations } = comparison;
  const order = Array.from({ length: rows }, (_, i) => i);
  const values = known(perQuery(compare, found.indices, k, order));
  const still = known(perQuery(compare, unmoved.indices, k, order));
  const permuted = Array.from({ length: permutations }, (_, permutation) =>
    known(perQuery(compare, found.indices, k, randomStream(seed, permutation).shuffle(order))),
  ).flatMap((one) => (one.length === 0 ? [] : [mean(one)]));
  if (values.length === 0 || still.length === 0 || permuted.length === 0) return null;
  const chance = mean(permuted);
  const range = isShare ? 1 - chance : -chance;
  const spread = (sampleSd(values) ?? 0) / Math.sqrt(values.length);
  return {
    found: estimateOver(values, 'samples', unit),
    unmoved: estimateOver(still, 'samples', unit),
    permuted: estimateOver(permuted, 'permutations', unit),
    score: {
      value: range === 0 ? 0 : (mean(values) - chance) / range,
      sd: range === 0 ? 0 : spread / Math.abs(range),
      n: values.length,
      kind: 'standard error over samples',
    },
  };
}

function checkTraits(name: string, { rows }: Embeddings, traits: ImageTraits): void {
  const lengths = {
    colours: traits.colours.length / 3,
    hues: traits.hues.length,
    labels: traits.labels.length,
  };
  for (const [trait, count] of Object.entries(lengths)) {
    if (count !== rows) {
      throw new RangeError(
        `retrieval: ${name} has ${rows} rows and ${count} ${trait}; each image needs one.`,
      );
    }
  }
  const bad = Array.from(traits.colours).findIndex((value) => !Number.isFinite(value));
  if (bad >= 0)
    throw new RangeError(`retrieval: the colour of image ${Math.floor(bad / 3)} of ${name} is not finite.`);
  const unlabelled = Array.from(traits.labels).findIndex((label) => !Number.isInteger(label) || label < 0);
  if (unlabelled >= 0) {
    throw new RangeError(
      `retrieval: image ${unlabelled} of ${name} has no class; labels are whole numbers from 0.`,
    );
  }
}

/**
 * Retrieval in numbers: the k images whose embeddings are nearest to `f(a(x))`, and whether their colour, hue and class are
 * those of `a(x)`, which the paper shows by eye (Figures 9 and 21).
 *
 * The image itself is never its own neighbour. The estimates' `samples` are queries; their standard deviation is over
 * queries, that of a score its standard error.
 *
 * @throws RangeError for a k larger than the other images, sizes that differ, numbers that are not finite, or images
 *   without a class.
 */
export function retrieval(input: RetrievalInput, options: RetrievalOptions = {}): RetrievalResult {
  const { gallery, galleryTraits, queries, queryTraits } = input;
  const { k = 5, seed = 0, permutations = 20 } = options;
  if (gallery.rows !== queries.rows) {
    throw new RangeError(
      `retrieval: there are ${gallery.rows} images and ${queries.rows} augmented ones; row i of both must be image i.`,
    );
  }
  if (!Number.isInteger(permutations) || permutations < 2) {
    throw new RangeError(`retrieval: permutations is ${permutations}; it must be a whole number from 2.`);
  }
  checkTraits('the gallery', gallery, galleryTraits);
  checkTraits('the queries', queries, queryTraits);
  const without = (query: number) => query;
  const found = nearest(gallery, queries, { k, without });
  const unmoved = nearest(gallery, gallery, { k, without });
  const comparison = { found, unmoved, k, rows: queries.rows, seed, permutations };
  const isSame: Compare = (query, item) => Number(queryTraits.labels[query] === galleryTraits.labels[item]);
  const always = (match: TraitMatch | null): TraitMatch => {
    if (match === null) throw new Error('retrieval: every image has a colour and a class.');
    return match;
  };
  const hued = Array.from(queryTraits.hues).filter((hue) => !Number.isNaN(hue)).length;
  return {
    colour: always(matchOf(comparison, compareColours(queryTraits, galleryTraits), false)),
    hue: matchOf(comparison, compareHues(queryTraits, galleryTraits), false, 'degrees'),
    class: always(matchOf(comparison, isSame, true)),
    hued: hued / queries.rows,
    neighbours: found,
    neighboursUnmoved: unmoved,
  };
}

/** Least length of the mean colour vector, chroma times direction, from which an image counts as having a hue. */
const LEAST_CHROMA = 0.02;

/**
 * Mean colour and hue of images. The hue is that of the mean over pixels of chroma times its direction on the colour circle,
 * so that pale pixels count little; NaN where these cancel or there is no colour.
 *
 * @param pixels `[rows, size, 3]`, red, green and blue from 0 to 1.
 */
export function colourTraits(pixels: ArrayLike<number>, rows: number): Pick<ImageTraits, 'colours' | 'hues'> {
  const size = pixels.length / (3 * rows);
  if (!Number.isInteger(size) || size < 1) {
    throw new RangeError(`colourTraits: ${pixels.length} numbers are no ${rows} images of three channels.`);
  }
  const colours = new Float64Array(3 * rows);
  const hues = new Float64Array(rows);
  for (let row = 0; row < rows; row++) {
    for (let k = 3 * size * row; k < 3 * size * (row + 1); k++) {
      const at = 3 * row + (k % 3);
      colours[at] = (colours[at] ?? 0) + (pixels[k] ?? NaN) / size;
    }
    const [r, g, b] = [colours[3 * row] ?? NaN, colours[3 * row + 1] ?? NaN, colours[3 * row + 2] ?? NaN];
    // Red points along 0 degrees, green along 120, blue along 240.
    const [x, y] = [r - (g + b) / 2, (Math.sqrt(3) / 2) * (g - b)];
    const turns = Math.atan2(y, x) / (2 * Math.PI);
    hues[row] = Math.hypot(x, y) < LEAST_CHROMA ? NaN : (turns + 1) % 1;
  }
  return { colours, hues };
}
