/** Choosing images so that every class keeps its share: limits and splits, the same for the same seed. */
import { randomStream } from '../tensorflow/random.js';
import { DataError } from './data-error.js';

/** Counters that keep these draws apart from other uses of the seed. */
const LIMIT = 0x51a7;
const SPLIT = 0x59a7;

/** Share of the images that are held out where a set brings no split of its own. */
export const TEST_SHARE = 0.2;

/**
 * Indices of `limit` images, ascending, each class with its share of them.
 *
 * The images of a class of n are put in random order; the one at place r gets the mark (r + 1/2) / n, and the lowest
 * marks over all classes are taken (Webster's rule). So a smaller limit gives a subset of a larger one, and classes of
 * equal size differ by at most one image.
 *
 * @throws DataError unless `limit` is a positive integer. A limit above the number of images takes all.
 */
export function stratifiedLimit(labels: ArrayLike<number>, limit: number, seed: number): number[] {
  checkLimit(limit);
  const marked = [...classMembers(labels)].flatMap(([label, members]) =>
    randomStream(seed, LIMIT, label + 1)
      .shuffle(members)
      .map((index, rank) => ({ index, label, mark: (rank + 0.5) / members.length })),
  );
  marked.sort((a, b) => a.mark - b.mark || a.label - b.label);
  return marked
    .slice(0, limit)
    .map(({ index }) => index)
    .sort((a, b) => a - b);
}

/**
 * Splits images at random into train and test, class by class: of n images of a class, round(n / 5) are for testing,
 * at least one where there are two. Both lists ascend.
 */
export function stratifiedSplit(
  labels: ArrayLike<number>,
  seed: number,
): { readonly train: number[]; readonly test: number[] } {
  const train: number[] = [];
  const test: number[] = [];
  for (const [label, members] of classMembers(labels)) {
    const share = Math.max(members.length > 1 ? 1 : 0, Math.round(TEST_SHARE * members.length));
    randomStream(seed, SPLIT, label + 1)
      .shuffle(members)
      .forEach((index, rank) => (rank < share ? test : train).push(index));
  }
  const ascending = (a: number, b: number): number => a - b;
  return { train: train.sort(ascending), test: test.sort(ascending) };
}

/** @throws DataError unless the limit is a positive integer. */
export function checkLimit(limit: number): void {
  if (Number.isInteger(limit) && limit > 0) return;
  throw new DataError(`A limit of ${limit} images was asked for.`, 'Give a positive integer.');
}

/** Indices by class, classes in ascending order. */
function classMembers(labels: ArrayLike<number>): Map<number, number[]> {
  const members = new Map<number, number[]>();
  for (let index = 0; index < labels.length; index++) {
    const label = labels[index] ?? -1;
    const own = members.get(label);
    if (own === undefined) members.set(label, [index]);
    else own.push(index);
  }
  return new Map([...members].sort(([a], [b]) => a - b));
}
