import { randomStream } from '../tensorflow/random.js';

/**
 * Calls `visit` with every unordered pair of different rows, or, where there are more than `maxPairs`, with that many
 * drawn at random with replacement.
 *
 * @param seed seed and counter of the draw.
 * @returns the number of pairs visited.
 * @throws RangeError when maxPairs is no whole number >= 1.
 */
export function visitPairs(
  rows: number,
  maxPairs: number,
  seed: readonly [number, number],
  visit: (i: number, j: number) => void,
): number {
  if (!Number.isInteger(maxPairs) || maxPairs < 1) {
    throw new RangeError(`maxPairs is ${maxPairs}; it must be a whole number >= 1.`);
  }
  const all = (rows * (rows - 1)) / 2;
  if (all <= maxPairs) {
    for (let i = 0; i < rows; i++) for (let j = i + 1; j < rows; j++) visit(i, j);
    return all;
  }
  const stream = randomStream(...seed);
  for (let k = 0; k < maxPairs; k++) {
    const i = stream.integer(rows);
    const j = stream.integer(rows - 1);
    visit(i, j < i ? j : j + 1);
  }
  return maxPairs;
}
