import { randomStream } from '../tensorflow/random.js';
import { DataError } from './data-error.js';
import type { PointCloudSet } from './point-clouds.js';

/** Consecutive residues that make a word of a sequence. */
export const WORD_LENGTH = 5;
/**
 * Share of the smaller structure's words that makes two structures similar. A word of 5 residues survives with
 * probability p^5 at sequence identity p, so half of the words stand for about 87 % identity over the whole, or for
 * identity over half of it, as in antibody fragments with the same constant domains.
 */
export const SIMILAR_SHARE = 0.5;
/** With fewer words than this, a share says little: only equal sequences are similar. */
const MIN_WORDS = 10;

const SPLITTING = 0x5917;

/** What decides the group of a structure. */
export interface GroupedItem {
  readonly name: string;
  /** Three-letter names of the residues, in order. */
  readonly sequence: readonly string[];
}

/**
 * Group number of each structure, from 0 in order of first appearance. Two structures are in one group when they
 * belong to one complex (same PDB id, or names that differ in `_l_u`, `_r_u`, `_l_b`, `_r_b` only), have the same
 * sequence, or share at least half of the smaller one's distinct words of 5 residues; and so is whatever is linked
 * through a third. Words with unknown residues (UNK) do not count.
 */
export function groupStructures(items: readonly GroupedItem[]): number[] {
  const parent = items.map((_, index) => index);
  linkEqual(
    items.map((item) => complexOf(item.name)),
    parent,
  );
  linkEqual(
    items.map((item) => item.sequence.join(' ')),
    parent,
  );
  linkSimilar(
    items.map((item) => wordsOf(item.sequence)),
    parent,
  );
  const numbers = new Map<number, number>();
  return items.map((_, index) => {
    const root = rootOf(parent, index);
    const number = numbers.get(root) ?? numbers.size;
    numbers.set(root, number);
    return number;
  });
}

/** Name of the complex that a file belongs to: `1AHW` of `1AHW_l_u`, of `1ahw_A` and of `pdb1ahw`. */
export function complexOf(name: string): string {
  const base = name.replace(/_[lr]_[ub]$/i, '');
  const id = /^(?:pdb)?(\d[a-z\d]{3})(?![a-z\d])/i.exec(base)?.[1];
  return (id ?? base).toUpperCase();
}

/** Which structures to train on and which to hold out, as sorted indices. */
export interface StructureSplit {
  readonly train: readonly number[];
  readonly test: readonly number[];
}

/**
 * Splits by structure, whole groups at a time, so that no held-out structure has a relative among the training
 * structures. Groups are taken in random order; one that would make the test set larger than asked is passed over, so
 * large groups tend to be trained on.
 *
 * @param set - its `groups`; without them every structure is a group of its own.
 * @param options - `testFraction`: share of the structures to hold out, above 0 and below 1; at least one is.
 * @throws DataError when the fraction is out of range, or there are fewer than two groups.
 */
export function splitByStructure(
  set: Pick<PointCloudSet, 'names' | 'groups'>,
  options: { readonly seed: number; readonly testFraction: number },
): StructureSplit {
  const { seed, testFraction } = options;
  if (!(testFraction > 0 && testFraction < 1)) {
    throw new DataError(`The test fraction is ${testFraction}.`, 'Give a number above 0 and below 1.');
  }
  const members = membersOf(set.groups ?? set.names.map((_, index) => index));
  if (members.length < 2) {
    throw new DataError(
      `${set.names.length} structures form ${members.length} group: none can be held out.`,
      'Give structures of at least two unrelated proteins.',
    );
  }
  const wanted = Math.max(1, Math.round(testFraction * set.names.length));
  const order = randomStream(seed, SPLITTING).shuffle(members);
  const test = chooseGroups(order, wanted);
  const held = new Set(test);
  return { train: set.names.flatMap((_, index) => (held.has(index) ? [] : [index])), test };
}

function membersOf(groups: readonly number[]): number[][] {
  const members = new Map<number, number[]>();
  groups.forEach((group, index) => members.set(group, [...(members.get(group) ?? []), index]));
  return [...members.values()];
}

function chooseGroups(order: readonly number[][], wanted: number): number[] {
  const chosen: number[] = [];
  let groups = 0;
  for (const group of order) {
    // One group is always left to train on.
    if (chosen.length + group.length <= wanted && groups < order.length - 1) {
      chosen.push(...group);
      groups += 1;
    }
  }
  if (groups > 0) return chosen.sort((a, b) => a - b);
  return [...order].sort((a, b) => a.length - b.length)[0] ?? [];
}

function rootOf(parent: number[], index: number): number {
  let root = index;
  while (parent[root] !== root) root = parent[root] ?? root;
  return root;
}

function link(parent: number[], a: number, b: number): void {
  parent[rootOf(parent, a)] = rootOf(parent, b);
}

function linkEqual(keys: readonly string[], parent: number[]): void {
  const first = new Map<string, number>();
  keys.forEach((key, index) => {
    const earlier = first.get(key);
    if (earlier === undefined) first.set(key, index);
    else link(parent, index, earlier);
  });
}

function wordsOf(sequence: readonly string[]): Set<string> {
  const words = new Set<string>();
  for (let start = 0; start + WORD_LENGTH <= sequence.length; start++) {
    const word = sequence.slice(start, start + WORD_LENGTH);
    if (!word.includes('UNK')) words.add(word.join(' '));
  }
  return words;
}

/** Counts shared words through an index of words: far fewer comparisons than set against set. */
function linkSimilar(words: readonly ReadonlySet<string>[], parent: number[]): void {
  const holders = new Map<string, number[]>();
  words.forEach((own, index) => {
    const shared = new Map<number, number>();
    for (const word of own) {
      const others = holders.get(word) ?? [];
      for (const other of others) shared.set(other, (shared.get(other) ?? 0) + 1);
      others.push(index);
      holders.set(word, others);
    }
    for (const [other, common] of shared) {
      const smaller = Math.min(own.size, words[other]?.size ?? 0);
      if (smaller >= MIN_WORDS && common >= SIMILAR_SHARE * smaller) link(parent, index, other);
    }
  });
}
