/**
 * One look for every chart: a colour, a dash and a shape for each method, and the colours of the page around them.
 *
 * Specifications carry plain hexadecimal colours, so that Jupyter draws them too. The report replaces each known colour
 * by a CSS variable (`themed`), and one static SVG then follows the reader's light or dark scheme.
 */

import type { Verdict } from './blocks.js';

/** How a method is drawn, in every chart of every report. */
export interface MethodStyle {
  /** Name shown to readers. */
  readonly name: string;
  /**
   * Okabe-Ito colour or a neighbour of it; of the rest, colours far from all others, also as colour-blind readers see them.
   */
  readonly colour: string;
  /** The colour on a dark page, where the first would vanish. */
  readonly darkColour: string;
  /** Dash pattern of lines, in pixels; `[1, 0]` is solid. */
  readonly dash: readonly number[];
  /** Vega symbol name or SVG path in the unit square. */
  readonly shape: string;
}

const SOLID: readonly number[] = [1, 0];
const X_SHAPE = 'M-.9,-.5L-.5,-.9L0,-.4L.5,-.9L.9,-.5L.4,0L.9,.5L.5,.9L0,.4L-.5,.9L-.9,.5L-.4,0Z';
const STAR_SHAPE = 'M0,-1L.26,-.35L.95,-.31L.42,.13L.59,.81L0,.43L-.59,.81L-.42,.13L-.95,-.31L-.26,-.35Z';

const FOUR_POINT_STAR_SHAPE = 'M0,-1L.28,-.28L1,0L.28,.28L0,1L-.28,.28L-1,0L-.28,-.28Z';
const HEXAGON_SHAPE = 'M-.5,-.87L.5,-.87L1,0L.5,.87L-.5,.87L-1,0Z';
const PENTAGON_SHAPE = 'M0,-1L.95,-.31L.59,.81L-.59,.81L-.95,-.31Z';
const HOURGLASS_SHAPE = 'M-.8,-.9L.8,-.9L.2,0L.8,.9L-.8,.9L-.2,0Z';
const BOW_TIE_SHAPE = 'M-.9,-.8L0,-.2L.9,-.8L.9,.8L0,.2L-.9,.8Z';
const BAR_SHAPE = 'M-1,-.4L1,-.4L1,.4L-1,.4Z';

function style(
  name: string,
  colour: string,
  dash: readonly number[],
  shape: string,
  dark = colour,
): MethodStyle {
  return { name, colour, darkColour: dark, dash, shape };
}

/** The methods that have a colour of their own, in the order in which charts and legends list them. */
export const METHODS: readonly MethodStyle[] = [
  style('CARE', '#0072B2', SOLID, 'circle'),
  style('SimCLR', '#D55E00', [7, 3], 'square'),
  style('L_unif', '#009E73', [2, 2], 'triangle-up'),
  style('L_unif+L_equi', '#56B4E9', [9, 2, 2, 2], 'diamond'),
  style('L_inv', '#CC79A7', [4, 2], 'triangle-down'),
  style('L_equi', '#BB0000', [1, 2], PENTAGON_SHAPE, '#CC0000'),
  style('L_inv+L_unif', '#550000', [6, 2, 1, 2], HOURGLASS_SHAPE, '#FFBB99'),
  style('L_inv+L_equi', '#8800FF', [3, 3], BOW_TIE_SHAPE, '#9944FF'),
  style('L_inv+L_unif+L_equi', '#4433BB', [8, 2, 2, 2, 2, 2], BAR_SHAPE, '#7777DD'),
  style('MoCo-v2', '#E69F00', SOLID, 'cross'),
  style('BYOL', '#882255', SOLID, 'triangle-right', '#B03A70'),
  style('Barlow Twins', '#44AA99', SOLID, 'triangle-left'),
  style('EquiMod', '#AA4499', SOLID, STAR_SHAPE),
  style('EquiMod (BYOL)', '#441166', SOLID, FOUR_POINT_STAR_SHAPE, '#8833DD'),
  style('E-SSL', '#000099', SOLID, HEXAGON_SHAPE, '#BBCCFF'),
  style('untrained', '#999999', [1, 3], X_SHAPE),
];

const ALIASES: Readonly<Record<string, string>> = {
  'care(simclr)': 'care',
  'l_equi+l_unif': 'l_unif+l_equi',
  moco: 'moco-v2',
  mocov2: 'moco-v2',
  barlow: 'barlowtwins',
  'equimod(simclr)': 'equimod',
  equimodonbyol: 'equimod(byol)',
};

function canonical(name: string): string {
  const plain = name.toLowerCase().replaceAll(/\s+/g, '');
  return ALIASES[plain] ?? plain;
}

function findBase(name: string): MethodStyle | undefined {
  const key = canonical(name);
  return METHODS.find((method) => canonical(method.name) === key);
}

/**
 * Style of a method. `CARE (X)` has the colour and shape of X, dashed; `X, λ v` has the colour of X, a shape and dash of its own.
 *
 * @throws when the method has no colour: every chart of every report must agree, so none is made up.
 */
export function methodStyle(name: string): MethodStyle {
  const base = findBase(name);
  if (base) return base;
  const on = /^\s*care\s*\((.+)\)\s*$/i.exec(name)?.[1];
  const carried = on === undefined ? undefined : findBase(on);
  if (carried) return { ...carried, name, dash: [5, 3] };
  const varied = /^(.+), \u03bb \S+$/.exec(name)?.[1];
  const main = varied === undefined ? undefined : findBase(varied);
  if (main) return { ...main, name, dash: [2, 3], shape: 'diamond' };
  const known = METHODS.map((method) => method.name).join(', ');
  throw new Error(
    `methodStyle: no colour for method "${name}". Known: ${known}, and "CARE (X)" for X of these. ` +
      'Give it a colour in src/report/theme.ts.',
  );
}

/** Methods in the order of the theme; methods of one base stay together. */
export function sortMethods(methods: readonly string[]): string[] {
  const rank = (name: string): number =>
    METHODS.findIndex((method) => method.colour === methodStyle(name).colour);
  return [...new Set(methods)].sort((a, b) => rank(a) - rank(b));
}

/** Scales for the channels colour, dash and shape that agree on order and domain. */
export interface MethodScales {
  readonly color: { readonly domain: readonly string[]; readonly range: readonly string[] };
  readonly strokeDash: { readonly domain: readonly string[]; readonly range: readonly (readonly number[])[] };
  readonly shape: { readonly domain: readonly string[]; readonly range: readonly string[] };
}

/** Vega-Lite scales that give each method its colour, dash and shape. Throws as `methodStyle` does. */
export function methodScale(methods: readonly string[]): MethodScales {
  const domain = [...new Set(methods)];
  const styles = domain.map(methodStyle);
  return {
    color: { domain, range: styles.map((each) => each.colour) },
    strokeDash: { domain, range: styles.map((each) => each.dash) },
    shape: { domain, range: styles.map((each) => each.shape) },
  };
}

/** Neutral colours of charts, as they stand in specifications. */
export const INK = '#1b1b1a';
export const MUTED = '#595955';
export const RULE = '#8a8a84';
export const GRID = '#e3e1db';
export const PAGE = '#fefefc';

/** Colours of the verdicts, beside their words and shapes; text in them has a contrast of at least 4.5 on the page. */
export const VERDICT_COLOURS = {
  reproduced: { variable: '--v-yes', light: '#00664b', dark: '#4fc9a0' },
  'direction holds': { variable: '--v-half', light: '#0a5a94', dark: '#79b8ec' },
  'not reproduced': { variable: '--v-no', light: '#a23a00', dark: '#f59b6b' },
  'not run': { variable: '--v-none', light: '#5c5c58', dark: '#b0afa9' },
} as const satisfies Readonly<Record<Verdict, ThemeColour>>;

interface ThemeColour {
  readonly variable: string;
  readonly light: string;
  readonly dark: string;
}

function slug(name: string): string {
  return name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replace(/-$/, '');
}

/** Every colour that changes with the scheme. */
export const THEME_COLOURS: readonly ThemeColour[] = [
  { variable: '--ink', light: INK, dark: '#e9e7e2' },
  { variable: '--muted', light: MUTED, dark: '#a9a8a2' },
  { variable: '--rule', light: RULE, dark: '#7d7d78' },
  { variable: '--grid', light: GRID, dark: '#34363b' },
  { variable: '--page', light: PAGE, dark: '#16181c' },
  ...METHODS.map((method) => ({
    variable: `--m-${slug(method.name)}`,
    light: method.colour,
    dark: method.darkColour,
  })),
  ...Object.values(VERDICT_COLOURS),
];

const VARIABLE_OF = new Map(
  THEME_COLOURS.map((colour) => [colour.light.toLowerCase(), `var(${colour.variable})`]),
);

/** Replaces each colour of the theme inside plain JSON by its CSS variable; everything else stays as it is. */
export function themed<T>(value: T): T {
  if (typeof value === 'string') return (VARIABLE_OF.get(value.toLowerCase()) ?? value) as T;
  if (Array.isArray(value)) return value.map((item: unknown) => themed(item)) as T;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, themed(item)])) as T;
}

/** CSS declarations of the theme's colours for one scheme. */
export function themeDeclarations(scheme: 'light' | 'dark'): string {
  return THEME_COLOURS.map((colour) => `${colour.variable}:${colour[scheme]};`).join('');
}

/** Fonts that every reader has; charts and tables use the sans. */
export const SANS = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif";
export const SERIF = "Charter, 'Bitstream Charter', 'Sitka Text', Cambria, Georgia, serif";
export const MONO = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'Liberation Mono', monospace";

/** Text in charts, in pixels: stays readable on a phone, because panels wrap instead of shrinking. */
export const CHART_FONT_SIZE = 12;

/** Vega-Lite configuration that every chart shares. */
export const CHART_CONFIG = {
  // The words around a chart are the page's: per-mark labels would repeat every point to a screen reader.
  aria: false,
  background: 'transparent',
  font: SANS,
  view: { stroke: null },
  axis: {
    labelFontSize: CHART_FONT_SIZE,
    titleFontSize: CHART_FONT_SIZE,
    titleFontWeight: 'normal',
    labelColor: MUTED,
    titleColor: INK,
    domainColor: RULE,
    tickColor: RULE,
    gridColor: GRID,
    tickSize: 4,
    // Without a canvas, Vega takes letters for wider than they are: no name of a method is cut.
    labelLimit: 200,
  },
  legend: {
    labelFontSize: CHART_FONT_SIZE,
    titleFontSize: CHART_FONT_SIZE,
    titleFontWeight: 'normal',
    labelColor: INK,
    titleColor: INK,
    orient: 'top',
  },
  mark: { color: '#0072B2' },
  text: { fontSize: CHART_FONT_SIZE, color: INK },
  title: { color: INK, fontSize: 13, fontWeight: 'normal', anchor: 'start' },
  header: { labelColor: INK, titleColor: INK, labelFontSize: CHART_FONT_SIZE },
  range: { category: METHODS.map((method) => method.colour) },
} as const;
