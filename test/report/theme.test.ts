import { describe, expect, it } from 'vitest';
import type { MethodModel } from '../../src/methods/method.js';
import { METHOD_NAMES, methodOf } from '../../src/methods/methods.js';
import * as tf from '../../src/tensorflow/tf.js';
import {
  METHODS,
  methodScale,
  methodStyle,
  sortMethods,
  THEME_COLOURS,
  themed,
  type MethodStyle,
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

/** Where Machado et al. (2009) take linear RGB for readers without one kind of cone. */
const VISIONS: Readonly<Record<string, readonly (readonly number[])[]>> = {
  trichromat: [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  protanope: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deuteranope: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  tritanope: [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
};

const times = (matrix: readonly (readonly number[])[], vector: readonly number[]): number[] =>
  matrix.map((row) => row.reduce((sum, x, i) => sum + x * (vector[i] ?? NaN), 0));

/** A colour in OKLab (Ottosson 2020), in which distances are about those that are seen, as a reader sees it. */
function seen(hex: string, vision: string): number[] {
  const linear = [1, 3, 5].map((at) => {
    const value = parseInt(hex.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  const light = times(VISIONS[vision] ?? [], linear).map((x) => Math.min(1, Math.max(0, x)));
  const cones = times(
    [
      [0.4122214708, 0.5363325363, 0.0514459929],
      [0.2119034982, 0.6806995451, 0.1073969566],
      [0.0883024619, 0.2817188376, 0.6299787005],
    ],
    light,
  );
  return times(
    [
      [0.2104542553, 0.793617785, -0.0040720468],
      [1.9779984951, -2.428592205, 0.4505937099],
      [0.0259040371, 0.7827717662, -0.808675766],
    ],
    cones.map(Math.cbrt),
  );
}

/** The colours that every report has had from the start; some of them differ by dash and shape more than by colour. */
const SHARED = {
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
} as const;

const model: MethodModel = { variables: [], project: () => tf.zeros([8, 3]), features: 5, dim: 3 };
/** The names under which runs of all methods stand in records. */
const LABELS = METHOD_NAMES.map(
  (name) =>
    methodOf(name, model, {
      batch: 8,
      parameters: 4,
      temperature: 0.5,
      negativeGroups: 1,
      care: { lambda: 0.3, chunks: 2, reduction: 'mean' },
      moco: { momentum: 0.9, queue: 16, shuffleGroups: 1 },
      byol: { momentum: 0.9, hidden: 4 },
      barlow: { offDiagonal: 0.2 },
      equimod: { weight: 1, temperature: 0.2, hidden: 4 },
      essl: { weight: 0.4, hidden: 4 },
    }).label,
);

describe('methods', () => {
  it.each([...LABELS, 'untrained'])('%s has a style', (label) => {
    expect(methodStyle(label).colour).toMatch(/^#[0-9A-F]{6}$/);
  });

  it('all look different: in colour, or, with CARE on another method, in dash', () => {
    const looks = [...LABELS, 'untrained'].map((label) => {
      const { colour, dash, shape } = methodStyle(label);
      return JSON.stringify([colour, dash, shape]);
    });
    expect(new Set(looks).size).toBe(looks.length);
  });

  it.each(['light', 'dark'] as const)(
    'can be told apart on a %s page without one kind of cones',
    (scheme) => {
      const colour = (method: MethodStyle) => (scheme === 'dark' ? method.darkColour : method.colour);
      for (const vision of Object.keys(VISIONS)) {
        for (const [i, one] of METHODS.entries()) {
          for (const other of METHODS.slice(i + 1)) {
            if (one.name in SHARED && other.name in SHARED) continue;
            const [a, b] = [seen(colour(one), vision), seen(colour(other), vision)];
            const distance = Math.hypot(...a.map((x, k) => x - (b[k] ?? NaN)));
            expect(distance, `${one.name} and ${other.name}, ${vision}`).toBeGreaterThan(0.06);
          }
        }
      }
    },
  );

  it('have the colours that every report shares', () => {
    const colours = Object.fromEntries(METHODS.map((method) => [method.name, method.colour]));
    expect(colours).toMatchObject(SHARED);
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
      const floor = scheme === 'dark' || !(method.name in SHARED) ? 3 : 2.1;
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
