/**
 * Seeded random numbers that are counted, not chained: Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy
 * as 1, 2, 3", SC 2011). A stream is named by a seed and up to three counters, such as (seed, purpose, step, view), so a
 * run that resumes at step 1,000 draws what it would have drawn without the stop, and no stream depends on how much
 * another one used.
 */

const MULTIPLIER_0 = 0xd2511f53;
const MULTIPLIER_1 = 0xcd9e8d57;
const WEYL_0 = 0x9e3779b9;
const WEYL_1 = 0xbb67ae85;
const ROUNDS = 10;

/** High 32 bits of the 64-bit product of two unsigned 32-bit integers. */
function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const low = aLow * bLow;
  const middle = aHigh * bLow + (low >>> 16);
  const carried = aLow * bHigh + (middle % 0x10000);
  return (aHigh * bHigh + Math.floor(middle / 0x10000) + Math.floor(carried / 0x10000)) >>> 0;
}

/**
 * One block of Philox4x32-10: four 32-bit words from a counter of four and a key of two words.
 * The result is written to `out`.
 */
export function philox4x32(counter: Uint32Array, key: readonly [number, number], out: Uint32Array): void {
  let [c0 = 0, c1 = 0, c2 = 0, c3 = 0] = counter;
  let [k0, k1] = key;
  for (let round = 0; round < ROUNDS; round++) {
    const high0 = multiplyHigh(MULTIPLIER_0, c0);
    const low0 = Math.imul(MULTIPLIER_0, c0) >>> 0;
    const high1 = multiplyHigh(MULTIPLIER_1, c2);
    const low1 = Math.imul(MULTIPLIER_1, c2) >>> 0;
    c0 = (high1 ^ c1 ^ k0) >>> 0;
    c1 = low1;
    c2 = (high0 ^ c3 ^ k1) >>> 0;
    c3 = low0;
    k0 = (k0 + WEYL_0) >>> 0;
    k1 = (k1 + WEYL_1) >>> 0;
  }
  out[0] = c0;
  out[1] = c1;
  out[2] = c2;
  out[3] = c3;
}

/** A sequence of random numbers; two streams of the same name give the same sequence. */
export interface RandomStream {
  /** Uniform in [0, 1), 53 bits. */
  readonly uniform: () => number;
  /** Standard normal (Box-Muller). */
  readonly normal: () => number;
  /** Uniform integer in [0, n), without modulo bias. */
  readonly integer: (n: number) => number;
  /** A new array with the items in uniformly random order (Fisher-Yates). */
  readonly shuffle: <T>(items: Iterable<T>) => T[];
}

function checkedWord(value: number, what: string): number {
  if (!Number.isInteger(value) || value < 0 || value > 0xffffffff) {
    throw new RangeError(`Random stream: ${what} is ${value}; give an integer from 0 to 2^32 - 1.`);
  }
  return value;
}

/**
 * The stream of random numbers of a seed and up to three counters.
 *
 * @param seed - an integer from 0 to 2^53 - 1; it becomes Philox's key.
 * @param counters - what the numbers are for, e.g. purpose, step, view; each from 0 to 2^32 - 1.
 * @throws RangeError for a seed or counter out of range, or more than three counters.
 */
export function randomStream(seed: number, ...counters: readonly number[]): RandomStream {
  if (!Number.isSafeInteger(seed) || seed < 0) {
    throw new RangeError(`Random stream: the seed is ${seed}; give an integer from 0 to 2^53 - 1.`);
  }
  if (counters.length > 3) {
    throw new RangeError(
      `Random stream: ${counters.length} counters were given; a stream has at most three.`,
    );
  }
  const key = [seed % 2 ** 32, Math.floor(seed / 2 ** 32)] as const;
  const [first = 0, second = 0, third = 0] = counters;
  const counter = Uint32Array.of(
    0,
    checkedWord(first, 'counter 1'),
    checkedWord(second, 'counter 2'),
    checkedWord(third, 'counter 3'),
  );
  const block = new Uint32Array(4);
  let used = 4;
  let spareNormal: number | undefined;

  function word(): number {
    if (used === 4) {
      philox4x32(counter, key, block);
      counter[0] = ((counter[0] ?? 0) + 1) >>> 0;
      used = 0;
    }
    return block[used++] ?? 0;
  }
  function uniform(): number {
    return ((word() >>> 5) * 0x4000000 + (word() >>> 6)) / 2 ** 53;
  }
  function normal(): number {
    if (spareNormal !== undefined) {
      const value = spareNormal;
      spareNormal = undefined;
      return value;
    }
    const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
    const angle = 2 * Math.PI * uniform();
    spareNormal = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  }
  function integer(n: number): number {
    if (!Number.isInteger(n) || n < 1 || n > 2 ** 32) {
      throw new RangeError(`Random integer: the bound is ${n}; give an integer from 1 to 2^32.`);
    }
    const limit = 2 ** 32 - (2 ** 32 % n);
    for (;;) {
      const candidate = word();
      if (candidate < limit) return candidate % n;
    }
  }
  function shuffle<T>(items: Iterable<T>): T[] {
    const result = [...items];
    for (let i = result.length - 1; i > 0; i--) {
      const j = integer(i + 1);
      const held = result[i] as T;
      result[i] = result[j] as T;
      result[j] = held;
    }
    return result;
  }
  return { uniform, normal, integer, shuffle };
}
