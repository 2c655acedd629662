import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { complexOf, groupStructures, splitByStructure } from '../../src/data/groups.js';
import { randomStream } from '../../src/tensorflow/random.js';

const LETTERS = 'ALA ARG ASN ASP CYS GLN GLU GLY HIS ILE LEU LYS MET PHE PRO SER THR TRP TYR VAL'.split(' ');

function sequence(seed: number, length: number): string[] {
  const random = randomStream(seed);
  return Array.from({ length }, () => LETTERS[random.integer(20)] ?? '');
}

describe('complexOf', () => {
  it.each([
    ['1AHW_l_u', '1AHW'],
    ['1AHW_r_b', '1AHW'],
    ['BOYV_r_u', 'BOYV'],
    ['1ahw', '1AHW'],
    ['1ahw_A', '1AHW'],
    ['pdb1ahw', '1AHW'],
    ['my_protein', 'MY_PROTEIN'],
    ['1234567', '1234567'],
  ])('%s belongs to %s', (name, complex) => {
    expect(complexOf(name)).toBe(complex);
  });
});

describe('groupStructures', () => {
  it('joins files of a complex, equal sequences, and what is linked through a third', () => {
    const [a, b, c] = [sequence(1, 60), sequence(2, 60), sequence(3, 60)];
    const items = [
      { name: '1AAA_l_u', sequence: a },
      { name: '1AAA_r_u', sequence: b },
      { name: '2BBB_l_u', sequence: c },
      { name: '3CCC_l_u', sequence: b },
      { name: '4DDD_l_u', sequence: ['GLY', 'GLY', 'ALA'] },
      { name: '5EEE_l_u', sequence: ['GLY', 'GLY', 'ALA'] },
    ];
    expect(groupStructures(items)).toEqual([0, 0, 1, 0, 2, 2]);
  });

  it('joins similar sequences: a point mutation and a missing end, but not a shared third', () => {
    const whole = sequence(7, 120);
    const mutated = whole.map((name, i) => (i === 50 ? 'UNK' : name));
    const items = [
      { name: 'a', sequence: whole },
      { name: 'b', sequence: mutated },
      { name: 'c', sequence: whole.slice(20, 90) },
      { name: 'd', sequence: [...sequence(8, 80), ...whole.slice(0, 40)] },
      { name: 'e', sequence: [...sequence(9, 40), ...whole.slice(0, 80)] },
    ];
    expect(groupStructures(items)).toEqual([0, 0, 0, 1, 0]);
  });

  it('does not join by unknown residues or by very short repeats', () => {
    const unknown = new Array<string>(50).fill('UNK');
    const items = [
      { name: 'a', sequence: [...unknown, ...sequence(1, 30)] },
      { name: 'b', sequence: [...unknown, ...sequence(2, 30)] },
      { name: 'c', sequence: new Array<string>(40).fill('ALA') },
      { name: 'd', sequence: [...new Array<string>(30).fill('ALA'), ...sequence(3, 60)] },
    ];
    expect(groupStructures(items)).toEqual([0, 1, 2, 3]);
  });
});

describe('splitByStructure', () => {
  const setArbitrary = fc
    .array(fc.nat(12), { minLength: 4, maxLength: 60 })
    .filter((groups) => new Set(groups).size > 1)
    .map((groups) => ({ names: groups.map((_, i) => `s${i}`), groups }));

  it('shares out every structure, keeps groups together, leaves neither side empty', () => {
    const fraction = fc.double({ min: 0.01, max: 0.99, noNaN: true });
    fc.assert(
      fc.property(setArbitrary, fraction, fc.nat(100), (set, testFraction, seed) => {
        const { train, test } = splitByStructure(set, { seed, testFraction });
        expect([...train, ...test].sort((a, b) => a - b)).toEqual(set.names.map((_, i) => i));
        expect(train.length).toBeGreaterThan(0);
        expect(test.length).toBeGreaterThan(0);
        const trained = new Set(train.map((index) => set.groups[index]));
        expect(test.filter((index) => trained.has(set.groups[index]))).toEqual([]);
      }),
    );
  });

  it('holds out the share that was asked for where groups allow it, by the seed', () => {
    const names = Array.from({ length: 100 }, (_, i) => `s${i}`);
    const split = splitByStructure({ names }, { seed: 1, testFraction: 0.2 });
    expect(split.test).toHaveLength(20);
    expect(splitByStructure({ names }, { seed: 1, testFraction: 0.2 })).toEqual(split);
    expect(splitByStructure({ names }, { seed: 2, testFraction: 0.2 }).test).not.toEqual(split.test);
    const pairs = names.map((_, i) => Math.floor(i / 2));
    expect(splitByStructure({ names, groups: pairs }, { seed: 1, testFraction: 0.25 }).test).toHaveLength(24);
  });

  it('refuses a fraction out of range and a single group', () => {
    const set = { names: ['a', 'b'], groups: [0, 0] };
    expect(() => splitByStructure(set, { seed: 0, testFraction: 1 })).toThrow(/test fraction is 1/);
    expect(() => splitByStructure(set, { seed: 0, testFraction: Number.NaN })).toThrow(/NaN/);
    expect(() => splitByStructure(set, { seed: 0, testFraction: 0.5 })).toThrow(/form 1 group/);
  });
});
