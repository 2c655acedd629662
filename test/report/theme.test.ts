import { describe, expect, it } from 'vitest';
import {
  METHODS,
  methodScale,
  methodStyle,
  sortMethods,
  THEME_COLOURS,
  themed,
} from '../../src/report/theme.js';

/** Relative luminance (WCAG 2.2). */
function luminance(hex: string): number {
  const channels = [1, 3, 5].map((at) => {
    const value = parseInt(hex.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * (channels[0] ?? 0) + 0.7152 * (channels[1] ?? 0) + 0.0722 * (channels[2] ?? 0);
}

function contrast(a: string, b: string): number {
  const [high, low] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return ((high ?? 0) + 0.05) / ((low ?? 0) + 0.05);
}

const colourOf = (variable: string, scheme: 'light' | 'dark'): string =>
  THEME_COLOURS.find((colour) => colour.variable === variable)?.[scheme] ?? '';

describe('methods', () => {
  it('have the colours that every report shares', () => {
    const colours = Object.fromEntries(METHODS.map((method) => [method.name, method.colour]));
    expect(colours).toEqual({
      CARE: '#0072B2',
      SimCLR: '#D55E00',
      L_unif: '#009E73',
      'L_unif+L_equi': '#56B4E9',
      L_inv: '#CC79A7',
      'MoCo-v2': '#E69F00',
      BYOL: '#882255',
      'Barlow Twins': '#44AA99',
      EquiMod: '#AA4499',
      untrained: '#999999',
    });
  });

  it('differ in shape as well as in colour', () => {
    expect(new Set(METHODS.map((method) => method.shape)).size).toBe(METHODS.length);
    expect(new Set(METHODS.map((method) => method.darkColour)).size).toBe(METHODS.length);
  });

  it('give CARE on another method that method\u2019s colour, dashed', () => {
    const moco = methodStyle('MoCo-v2');
    const care = methodStyle('CARE (MoCo-v2)');
    expect(care.colour).toBe(moco.colour);
    expect(care.dash).not.toEqual(moco.dash);
    expect(methodStyle('CARE (SimCLR)').colour).toBe('#0072B2');
  });

  it('are never made up', () => {
    expect(() => methodStyle('SimSiam')).toThrow(/no colour for method "SimSiam"\. Known: CARE/);
    expect(() => methodScale(['CARE (SimSiam)'])).toThrow(/SimSiam/);
  });

  it('stand in one order', () => {
    expect(sortMethods(['untrained', 'CARE (BYOL)', 'SimCLR', 'CARE', 'BYOL'])).toEqual([
      'CARE',
      'SimCLR',
      'CARE (BYOL)',
      'BYOL',
      'untrained',
    ]);
  });

  it.each(['light', 'dark'] as const)('stand out from a %s page', (scheme) => {
    const page = colourOf('--page', scheme);
    for (const method of METHODS) {
      // Okabe-Ito's light colours reach 2.2 on white; dashes, shapes and direct labels carry them there.
      const floor = scheme === 'dark' ? 3 : 2.1;
      expect(
        contrast(scheme === 'dark' ? method.darkColour : method.colour, page),
        method.name,
      ).toBeGreaterThan(floor);
    }
  });

  it.each(['light', 'dark'] as const)('leave text readable on a %s page', (scheme) => {
    for (const text of ['--ink', '--muted']) {
      expect(contrast(colourOf(text, scheme), colourOf('--page', scheme))).toBeGreaterThan(4.5);
    }
  });
});

describe('themed', () => {
  it('replaces the theme\u2019s colours and nothing else', () => {
    const spec = {
      mark: { color: '#0072b2', size: 3 },
      list: ['#D55E00', '#123456', null],
      text: 'see #0072B2',
    };
    expect(themed(spec)).toEqual({
      mark: { color: 'var(--m-care)', size: 3 },
      list: ['var(--m-simclr)', '#123456', null],
      text: 'see #0072B2',
    });
  });
});
