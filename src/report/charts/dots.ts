/** Single runs as dots, their mean, and named error bars: for every measure that has one number a run. */
import type { TableBlock, VegaLiteSpec } from '../blocks.js';
import { INK, methodScale, methodStyle, MUTED, PAGE } from '../theme.js';
import { titleLimit, wrapWords } from './words.js';
import { brief, drawn, extent, mean, standardDeviation } from './statistics.js';

/** One number of one run. */
export interface Dot {
  readonly method: string;
  readonly value: number;
  readonly seed?: number;
  readonly run?: string;
}

/** A level to compare with: chance, the ideal, the untrained encoder. */
export interface ReferenceLevel {
  readonly value: number;
  readonly label: string;
}

export interface DotPlotInput {
  readonly dots: readonly Dot[];
  /** Name of the measure with its unit, e.g. `error (degrees)`. */
  readonly xTitle: string;
  /** Rows from top to bottom; a method without dots stays as the words "not run". */
  readonly methods: readonly string[];
  /** What one dot is: `pretraining seed`, `structure`; said beside the axis with the meaning of the bars. */
  readonly dotIs: string;
  readonly references?: readonly ReferenceLevel[];
  /** The paper's values, as hollow diamonds. */
  readonly paper?: readonly { readonly method: string; readonly value: number }[];
  readonly scale?: 'linear' | 'log';
  /** Whether the axis must reach zero. */
  readonly zero?: boolean;
  /** What the axis must hold beside its own values: those of a chart that it is to be compared with. */
  readonly reaches?: readonly number[];
  readonly width?: number;
}

/** Mean and spread of each method, in the order given. */
export function summarizeDots(
  input: Pick<DotPlotInput, 'dots' | 'methods'>,
): readonly { readonly method: string; readonly n: number; readonly mean: number; readonly sd: number }[] {
  return input.methods.map((method) => {
    const values = input.dots.filter((dot) => dot.method === method).map((dot) => dot.value);
    return { method, n: values.length, mean: mean(values), sd: standardDeviation(values) };
  });
}

/** Width that a chart is arranged for on a phone, in pixels. */
const PHONE = 328;

/** Dots of single runs, a vertical bar at the mean, a line of one standard deviation to each side. */
export function dotPlot(input: DotPlotInput): VegaLiteSpec {
  input.methods.forEach(methodStyle);
  const width = input.width ?? 640;
  return { ...dotSpec(input, width), usermeta: { narrow: dotSpec(input, PHONE) } };
}

function dotSpec(input: DotPlotInput, width: number): VegaLiteSpec {
  const { methods } = input;
  const x = xChannel(input, width);
  return {
    description: describeDots(input),
    width,
    height: { step: 34 },
    autosize: { type: 'fit-x', contains: 'padding' },
    encoding: {
      y: {
        field: 'method',
        type: 'nominal',
        title: null,
        sort: methods,
        scale: { domain: methods },
        axis: {
          domain: false,
          ticks: false,
          grid: true,
          labelColor: INK,
          labelFontSize: 13,
          labelPadding: 8,
        },
      },
    },
    layer: [
      ...(input.references ?? []).flatMap((reference) => referenceLayers(reference, x, input)),
      ...spreadLayers(input, x),
      dotLayer(input, x),
      ...paperLayers(input, x),
      ...notRunLayers(input),
    ],
  };
}

/** The measure, and under it what dots, bar and line are: error bars are never nameless. */
function axisTitle(input: DotPlotInput, width: number): string[] {
  const paper = input.paper?.length ? '; diamond: paper' : '';
  const key = `dot: one ${input.dotIs}; bar: mean; line: \u00b1 1 standard deviation${paper}`;
  const longest = Math.max(0, ...input.methods.map((method) => method.length));
  const limit = titleLimit(width, longest);
  return [...wrapWords(input.xTitle, limit), ...wrapWords(key, limit)];
}

/** What the axis must hold, before it is widened to round numbers. */
function domainOf(input: DotPlotInput): readonly [number, number] {
  const levels = (input.references ?? []).map((reference) => reference.value);
  const values = [
    ...input.dots.map((dot) => dot.value),
    ...summarizeDots(input).flatMap(({ mean: centre, sd }) => [centre - sd, centre + sd]),
    ...levels,
    ...(input.paper ?? []).map((mark) => mark.value),
    ...(input.reaches ?? []),
  ].filter((value) => input.scale !== 'log' || value > 0);
  const [low, high] = extent(values);
  const log = input.scale === 'log';
  const zero = !log && (input.zero ?? low >= 0);
  const pad = (high - low || Math.abs(high) || 1) * 0.04;
  return log ? [low / 1.15, high * 1.15] : [zero ? Math.min(0, low) : low - pad, high + pad];
}

function xChannel(input: DotPlotInput, width: number): object {
  const log = input.scale === 'log';
  return {
    type: 'quantitative',
    title: axisTitle(input, width),
    scale: {
      type: input.scale ?? 'linear',
      domain: domainOf(input).map(drawn),
      nice: !log,
      // A logarithmic scale has no zero, and Vega-Lite warns of one that is asked not to have it.
      ...(log ? {} : { zero: false }),
    },
    axis: { grid: false, tickCount: 5 },
  };
}

function xField(x: object, field: string): object {
  return { ...x, field };
}

function referenceLayers(reference: ReferenceLevel, x: object, input: DotPlotInput): object[] {
  const values = [{ level: reference.value, label: reference.label, method: input.methods[0] ?? '' }];
  const [low, high] = domainOf(input);
  // In the right half a label stands to the left of its line, where it has room.
  const right = reference.value > (low + high) / 2;
  return [
    {
      data: { values },
      mark: { type: 'rule', color: MUTED, strokeWidth: 1, strokeDash: [4, 3] },
      encoding: {
        x: xField(x, 'level'),
        y: null,
        tooltip: [{ field: 'level', type: 'quantitative', title: reference.label, format: '.6~g' }],
      },
    },
    {
      data: { values },
      mark: {
        type: 'text',
        color: MUTED,
        align: right ? 'right' : 'left',
        dx: right ? -5 : 5,
        dy: -22,
        baseline: 'middle',
      },
      encoding: { x: xField(x, 'level'), text: { field: 'label' } },
    },
  ];
}

function spreadLayers(input: DotPlotInput, x: object): object[] {
  const values = summarizeDots(input)
    .filter(({ n }) => n > 0)
    .map(({ method, n, mean: centre, sd }) => ({
      method,
      n,
      mean: centre,
      ...(n > 1 ? { low: lowEnd(input, centre - sd), high: centre + sd, sd } : {}),
    }));
  const tooltip = [
    { field: 'method', type: 'nominal', title: 'method' },
    { field: 'mean', type: 'quantitative', title: 'mean', format: '.6~g' },
    { field: 'sd', type: 'quantitative', title: 'standard deviation', format: '.4~g' },
    { field: 'n', type: 'quantitative', title: `n (${input.dotIs}s)` },
  ];
  return [
    {
      data: { values },
      transform: [{ filter: 'isValid(datum.sd)' }],
      mark: { type: 'rule', color: INK, strokeWidth: 1.25 },
      encoding: { x: xField(x, 'low'), x2: { field: 'high' }, tooltip },
    },
    {
      data: { values },
      mark: { type: 'tick', color: INK, thickness: 2.5, size: 20, opacity: 1 },
      encoding: { x: xField(x, 'mean'), tooltip },
    },
  ];
}

/** On a logarithmic axis a bar ends at the smallest dot rather than at a value without a logarithm. */
function lowEnd(input: DotPlotInput, low: number): number {
  if (input.scale !== 'log' || low > 0) return low;
  return Math.min(...input.dots.map((dot) => dot.value).filter((value) => value > 0));
}

function dotLayer(input: DotPlotInput, x: object): object {
  const { color, shape } = methodScale(input.methods);
  return {
    data: { values: input.dots.map(({ method, value, seed, run }) => ({ method, value, seed, run })) },
    mark: { type: 'point', filled: true, size: 70, opacity: 0.9, stroke: PAGE, strokeWidth: 0.75 },
    encoding: {
      x: xField(x, 'value'),
      fill: { field: 'method', type: 'nominal', scale: color, legend: null },
      shape: { field: 'method', type: 'nominal', scale: shape, legend: null },
      tooltip: [
        { field: 'method', type: 'nominal', title: 'method' },
        { field: 'value', type: 'quantitative', title: input.xTitle, format: '.6~g' },
        { field: 'seed', type: 'nominal', title: 'seed' },
        { field: 'run', type: 'nominal', title: 'run' },
      ],
    },
  };
}

function paperLayers(input: DotPlotInput, x: object): object[] {
  if (!input.paper?.length) return [];
  return [
    {
      data: { values: input.paper },
      mark: {
        type: 'point',
        shape: 'diamond',
        filled: false,
        stroke: INK,
        strokeWidth: 1.5,
        size: 110,
        opacity: 1,
      },
      encoding: {
        x: xField(x, 'value'),
        tooltip: [{ field: 'value', type: 'quantitative', title: "the paper's value", format: '.6~g' }],
      },
    },
  ];
}

function notRunLayers(input: DotPlotInput): object[] {
  const missing = summarizeDots(input).filter(({ n }) => n === 0);
  if (missing.length === 0) return [];
  return [
    {
      data: { values: missing.map(({ method }) => ({ method, text: 'not run' })) },
      mark: { type: 'text', align: 'left', color: MUTED, fontStyle: 'italic' },
      encoding: { x: { value: 6 }, text: { field: 'text' } },
    },
  ];
}

/** The plot in words: each method's mean with its spread, and the reference levels. */
export function describeDots(input: DotPlotInput): string {
  const rows = summarizeDots(input).map(({ method, n, mean: centre, sd }) => {
    if (n === 0) return `${method} not run`;
    return n === 1
      ? `${method} ${brief(centre)}`
      : `${method} ${brief(centre)} \u00b1 ${brief(sd, 2)} (n = ${n})`;
  });
  const levels = (input.references ?? []).map(({ label, value }) => `${label} ${brief(value)}`);
  return `Mean ${input.xTitle} by method: ${[...rows, ...levels].join('; ')}.`;
}

/** The table behind a dot plot: one row a dot. */
export function dotTable(input: DotPlotInput, title: string): TableBlock {
  return {
    type: 'table',
    title,
    columns: [
      { key: 'method', title: 'method', kind: 'text' },
      { key: 'seed', title: 'seed', kind: 'number' },
      { key: 'value', title: input.xTitle, kind: 'number' },
      { key: 'run', title: 'run', kind: 'text' },
    ],
    rows: input.methods.flatMap((method): TableBlock['rows'] => {
      const dots = input.dots.filter((dot) => dot.method === method);
      if (dots.length === 0) return [{ method, seed: null, value: null, run: 'not run' }];
      return dots.map((dot) => ({ method, seed: dot.seed ?? null, value: dot.value, run: dot.run ?? '' }));
    }),
    caption: `One row a ${input.dotIs}; the bars in the figure are one sample standard deviation over them.`,
  };
}
