import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  durationText,
  estimateText,
  numberText,
  shortened,
  textTable,
  wrapped,
} from '../../src/cli/text-table.js';

describe('textTable', () => {
  const columns = [{ title: 'id' }, { title: 'label', shrinkTo: 6 }, { title: 'n', align: 'right' as const }];

  it('aligns its columns', () => {
    expect(
      textTable(
        columns,
        [
          ['a', 'CARE', '5'],
          ['bb', 'L_unif+L_equi', '1500'],
        ],
        80,
      ),
    ).toBe(['id  label             n', 'a   CARE              5', 'bb  L_unif+L_equi  1500'].join('\n'));
  });

  it('shortens what may be shortened, as far as it may, until it fits', () => {
    const row = ['bb', 'L_unif+L_equi seed 0', '1500'];
    expect(textTable(columns, [row], 24).split('\n')[1]).toBe('bb  L_unif+…seed 0  1500');
    expect(textTable(columns, [row], 5).split('\n')[1]).toBe('bb  L_u… 0  1500');
  });
});

describe('a column that may be left out', () => {
  it('is, when the table is too wide and only then', () => {
    const columns = [
      { title: 'id' },
      { title: 'experiment', omittable: true },
      { title: 'label', shrinkTo: 3 },
    ];
    expect(textTable(columns, [['a', 'protein', 'CARE']], 22)).toBe(
      'id  experiment  label\na   protein     CARE',
    );
    expect(textTable(columns, [['a', 'protein', 'CARE']], 20)).toBe('id  label\na   CARE');
  });
});

describe('shortened', () => {
  it('keeps both ends, and never is longer than asked', () => {
    expect(shortened('L_unif+L_equi seed 0', 11)).toBe('L_uni…eed 0');
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme-composite' }), fc.nat(30), (text, width) => {
        const result = shortened(text, width);
        const length = Array.from(result).length;
        expect(length).toBe(Math.min(Array.from(text).length, width));
      }),
    );
  });
});

describe('numbers', () => {
  it.each([
    [0, '0'],
    [1500, '1500'],
    [0.01, '0.01000'],
    [3.14159, '3.142'],
    [-271.8281, '-271.8'],
    [1e-7, '1.00e-7'],
    [12345678.5, '1.23e+7'],
  ])('%d is %s', (value, text) => {
    expect(numberText(value)).toBe(text);
  });

  it.each([
    [{ value: 3.2149, sd: 0.1234, unit: 'degrees' }, '3.21 ± 0.12 degrees'],
    [{ value: 91.26, sd: 12.7 }, '91 ± 13'],
    [{ value: 0.98765, sd: 0.00012 }, '0.98765 ± 0.00012'],
    [{ value: 0.5 }, '0.5000'],
    [{ value: 2, sd: 0 }, '2'],
  ])('an estimate has the digits that its uncertainty allows (%#)', (estimate, text) => {
    expect(estimateText(estimate)).toBe(text);
  });

  it.each([
    [7.25, '7.3 s'],
    [59.6, '1 min 0 s'],
    [312, '5 min 12 s'],
    [11040, '3 h 4 min'],
  ])('%d seconds are %s', (seconds, text) => {
    expect(durationText(seconds)).toBe(text);
  });
});

describe('wrapped', () => {
  it('breaks at spaces and indents each line', () => {
    expect(wrapped('one two three four', '  ', 10)).toBe('  one two\n  three\n  four');
  });
});
