/** Lines over training, and over a setting that the paper leaves open. */
import type { VegaLiteSpec } from '../blocks.js';
import { GRID, INK, methodScale, methodStyle, MUTED, PAGE } from '../theme.js';
import { brief, drawn, extent, mean } from './statistics.js';
import type { ReferenceLevel } from './dots.js';

/** A metric of one run over training. */
export interface TrainingCurve {
  readonly method: string;
  readonly run?: string;
  readonly seed?: number;
  readonly steps: readonly number[];
  readonly values: readonly number[];
}

export interface TrainingChartInput {
  readonly curves: readonly TrainingCurve[];
  readonly yTitle: string;
  readonly xTitle?: string;
  readonly yScale?: 'linear' | 'log';
  readonly references?: readonly ReferenceLevel[];
  /** Whether the mean over each method's runs is drawn, and the runs thin beneath it. */
  readonly withMean?: boolean;
  readonly width?: number;
  readonly height?: number;
}

/** Distance between the names of lines that end close together, in pixels. */
const LABEL_GAP = 15;

/** Width that a chart is arranged for on a phone, in pixels. */
const PHONE = 328;

const FIT = { type: 'fit-x', contains: 'padding' };

/** One line a run in its method's colour and dash, named at its end, or in a legend where a phone lacks the room. */
export function trainingChart(input: TrainingChartInput): VegaLiteSpec {
  const wide = trainingSpec(input, 'labels');
  return { ...wide, usermeta: { narrow: { ...trainingSpec(input, 'legend'), width: PHONE } } };
}

function trainingSpec(input: TrainingChartInput, names: 'labels' | 'legend'): VegaLiteSpec {
  const { width = 680, height = 260, curves } = input;
  const methods = [...new Set(curves.map((curve) => curve.method))];
  const { color, strokeDash } = methodScale(methods);
  const legend =
    names === 'legend' ? { title: null, columns: 3, symbolType: 'stroke', symbolSize: 200 } : null;
  const values = curves.flatMap((curve) => curveRows(curve, input.yScale === 'log'));
  const domain = yDomain(input, values);
  const y = {
    type: 'quantitative',
    title: input.yTitle,
    scale: { ...scaleType(input.yScale), domain, nice: false },
    axis: { grid: true, tickCount: 5 },
  };
  const lastStep = Math.max(1, ...values.map((row) => row.step));
  const x = {
    type: 'quantitative',
    title: input.xTitle ?? 'training step',
    scale: { domain: [0, lastStep], nice: false },
    axis: { grid: false, tickCount: 5, format: '~s' },
  };
  return {
    description: describeCurves(input),
    width,
    height,
    autosize: FIT,
    padding: { left: 5, top: 8, bottom: 5, right: 8 },
    layer: [
      ...levelLayers(input.references ?? [], y),
      {
        data: { values },
        mark: {
          type: 'line',
          interpolate: 'linear',
          ...(input.withMean === true ? { strokeWidth: 1, opacity: 0.45 } : { strokeWidth: 2 }),
        },
        encoding: {
          x: { ...x, field: 'step' },
          y: { ...y, field: 'value' },
          detail: { field: 'series' },
          color: { field: 'method', type: 'nominal', scale: color, legend },
          strokeDash: { field: 'method', type: 'nominal', scale: strokeDash, legend },
        },
      },
      ...(input.withMean === true
        ? [
            {
              data: { values: meanRows(values) },
              mark: { type: 'line', strokeWidth: 2.5, interpolate: 'linear' },
              encoding: {
                x: { ...x, field: 'step' },
                y: { ...y, field: 'value' },
                color: { field: 'method', type: 'nominal', scale: color, legend },
                strokeDash: { field: 'method', type: 'nominal', scale: strokeDash, legend },
              },
            },
          ]
        : []),
      {
        data: { values },
        mark: { type: 'point', filled: true, size: 60, opacity: 0 },
        encoding: {
          x: { ...x, field: 'step' },
          y: { ...y, field: 'value' },
          tooltip: [
            { field: 'method', type: 'nominal', title: 'method' },
            { field: 'step', type: 'quantitative', title: 'step' },
            { field: 'value', type: 'quantitative', title: input.yTitle, format: '.6~g' },
            { field: 'series', type: 'nominal', title: 'run' },
          ],
        },
      },
      ...(names === 'labels'
        ? endLabels(curves, { domain, height, lastStep, log: input.yScale === 'log' }, x, color)
        : []),
    ],
  };
}

/** Axes need not reach zero; a logarithmic one has none, and Vega-Lite warns of one that is asked not to. */
function scaleType(type: 'linear' | 'log' = 'linear'): object {
  return type === 'log' ? { type } : { type, zero: false };
}

interface CurveRow {
  readonly method: string;
  readonly series: string;
  readonly step: number;
  readonly value: number;
}

function seriesName(curve: TrainingCurve): string {
  return curve.run ?? `${curve.method} seed ${curve.seed ?? 0}`;
}

function curveRows(curve: TrainingCurve, log: boolean): CurveRow[] {
  const series = seriesName(curve);
  return curve.steps.flatMap((step, index) => {
    const value = curve.values[index];
    if (value === undefined || !Number.isFinite(value) || (log && value <= 0)) return [];
    return [{ method: curve.method, series, step, value: drawn(value) }];
  });
}

/** Means over the runs of each method, at steps that all of them have. */
function meanRows(rows: readonly CurveRow[]): { method: string; step: number; value: number }[] {
  const methods = [...new Set(rows.map(({ method }) => method))];
  return methods.flatMap((method) => {
    const own = rows.filter((row) => row.method === method);
    const runs = new Set(own.map(({ series }) => series)).size;
    return [...new Set(own.map(({ step }) => step))].flatMap((step) => {
      const values = own.filter((row) => row.step === step).map(({ value }) => value);
      return values.length === runs ? [{ method, step, value: drawn(mean(values)) }] : [];
    });
  });
}

function yDomain(input: TrainingChartInput, rows: readonly CurveRow[]): readonly [number, number] {
  const levels = (input.references ?? []).map((reference) => reference.value);
  const [low, high] = extent([...rows.map((row) => row.value), ...levels]);
  if (input.yScale === 'log') return [low / 1.2, high * 1.2];
  const pad = (high - low || Math.abs(high) || 1) * 0.05;
  return [drawn(low - pad), drawn(high + pad)];
}

function levelLayers(levels: readonly ReferenceLevel[], y: object): object[] {
  return levels.flatMap((level) => [
    {
      data: { values: [{ level: level.value, label: level.label }] },
      mark: { type: 'rule', color: MUTED, strokeWidth: 1, strokeDash: [4, 3] },
      encoding: { y: { ...y, field: 'level' } },
    },
    {
      data: { values: [{ level: level.value, label: level.label }] },
      mark: { type: 'text', color: MUTED, align: 'right', baseline: 'bottom', dy: -3, x: 'width' },
      encoding: { y: { ...y, field: 'level' }, text: { field: 'label' } },
    },
  ]);
}

interface LabelFrame {
  readonly domain: readonly [number, number];
  readonly height: number;
  readonly lastStep: number;
  readonly log: boolean;
}

/** Names at the ends of the lines, pushed apart where lines end close together; a dot carries the colour. */
function endLabels(curves: readonly TrainingCurve[], frame: LabelFrame, x: object, color: object): object[] {
  const ends = [...new Set(curves.map((curve) => curve.method))].flatMap((method) => {
    const rows = curves
      .filter((curve) => curve.method === method)
      .flatMap((curve) => curveRows(curve, frame.log).slice(-1));
    return rows.length === 0
      ? []
      : [{ method, step: frame.lastStep, value: drawn(mean(rows.map((row) => row.value))) }];
  });
  const pixel = (value: number): number => {
    const [low, high] = frame.domain.map((end) => (frame.log ? Math.log(end) : end)) as [number, number];
    return frame.height * (1 - ((frame.log ? Math.log(value) : value) - low) / (high - low));
  };
  const spread = spreadLabels(
    ends.map((end) => pixel(end.value)),
    LABEL_GAP,
    frame.height,
  );
  return ends.flatMap((end, index) => [
    {
      data: { values: [end] },
      mark: { type: 'point', filled: true, size: 44, opacity: 1, xOffset: 0 },
      encoding: {
        x: { ...x, field: 'step' },
        y: { value: spread[index] ?? 0 },
        xOffset: { value: 9 },
        color: { field: 'method', type: 'nominal', scale: color, legend: null },
        shape: { value: methodStyle(end.method).shape },
      },
    },
    {
      data: { values: [end] },
      mark: { type: 'text', align: 'left', baseline: 'middle', dx: 18, color: INK },
      encoding: { x: { ...x, field: 'step' }, y: { value: spread[index] ?? 0 }, text: { field: 'method' } },
    },
  ]);
}

/** Moves positions apart to at least `gap` between neighbours, inside [0, height], keeping their order. */
export function spreadLabels(positions: readonly number[], gap: number, height: number): number[] {
  const order = positions.map((_, index) => index).sort((a, b) => (positions[a] ?? 0) - (positions[b] ?? 0));
  const placed = [...positions];
  let floor = -Infinity;
  for (const index of order) {
    placed[index] = Math.max(placed[index] ?? 0, floor);
    floor = (placed[index] ?? 0) + gap;
  }
  let ceiling = height;
  for (const index of [...order].reverse()) {
    placed[index] = Math.min(placed[index] ?? 0, ceiling);
    ceiling = (placed[index] ?? 0) - gap;
  }
  return placed;
}

/** The lines in words: where each method starts and ends. */
export function describeCurves(input: TrainingChartInput): string {
  const methods = [...new Set(input.curves.map((curve) => curve.method))];
  const sentences = methods.map((method) => {
    const own = input.curves.filter((curve) => curve.method === method);
    const first = mean(own.flatMap((curve) => curve.values.slice(0, 1)));
    const last = mean(own.flatMap((curve) => curve.values.slice(-1)));
    return `${method} from ${brief(first)} to ${brief(last)}`;
  });
  return `${input.yTitle} over training, from first to last step: ${sentences.join('; ')}.`;
}

/** A stretch of a setting's axis, both ends included. */
export interface SettingRegion {
  readonly low: number;
  readonly high: number;
  readonly label: string;
}

export interface SensitivityInput {
  /** One row a run: the setting's value and what was measured. */
  readonly dots: readonly {
    readonly method: string;
    readonly setting: number;
    readonly value: number;
    readonly run?: string;
  }[];
  readonly xTitle: string;
  readonly yTitle: string;
  readonly xScale?: 'linear' | 'log';
  /** The setting that the other figures use, as a thin labelled line. */
  readonly chosen?: number;
  /** Levels of what the setting does not change, such as another method. */
  readonly references?: readonly ReferenceLevel[];
  readonly yScale?: 'linear' | 'log';
  /** Settings to mark, e.g. where the paper found the best ones. */
  readonly region?: SettingRegion;
  readonly width?: number;
  readonly height?: number;
}

/** How much a measure depends on a setting: runs as dots, a line through the means, the chosen setting marked. */
export function sensitivityChart(input: SensitivityInput): VegaLiteSpec {
  const { dots, width = 340, height = 220 } = input;
  const methods = [...new Set(dots.map((dot) => dot.method))];
  const { color, shape, strokeDash } = methodScale(methods);
  const x = {
    type: 'quantitative',
    title: input.xTitle,
    scale: { ...scaleType(input.xScale), nice: false, padding: 14 },
    axis: {
      grid: false,
      values: [...new Set(dots.map((dot) => dot.setting))].sort((a, b) => a - b),
      format: '.4~g',
      labelOverlap: true,
    },
  };
  const y = {
    type: 'quantitative',
    title: input.yTitle,
    scale: { ...scaleType(input.yScale), nice: input.yScale !== 'log' },
    axis: { tickCount: 4 },
  };
  const byMethod = { field: 'method', type: 'nominal' };
  // One legend for colour, dash and shape, so all say the same of it.
  const legend = methods.length > 1 ? { title: null } : null;
  return {
    description: describeSensitivity(input),
    width,
    height,
    autosize: FIT,
    layer: [
      ...regionLayers(input, x),
      ...chosenLayers(input, x),
      ...levelLayers(input.references ?? [], y),
      {
        data: { values: settingMeans(input) },
        mark: { type: 'line', strokeWidth: 1.75 },
        encoding: {
          x: { ...x, field: 'setting' },
          y: { ...y, field: 'value' },
          color: { ...byMethod, scale: color, legend },
          strokeDash: { ...byMethod, scale: strokeDash, legend },
        },
      },
      {
        data: { values: dots },
        mark: { type: 'point', filled: true, size: 60, opacity: 0.95, stroke: PAGE, strokeWidth: 0.75 },
        encoding: {
          x: { ...x, field: 'setting' },
          y: { ...y, field: 'value' },
          color: { ...byMethod, scale: color, legend },
          shape: { ...byMethod, scale: shape, legend },
          tooltip: [
            { ...byMethod, title: 'method' },
            { field: 'setting', type: 'quantitative', title: input.xTitle },
            { field: 'value', type: 'quantitative', title: input.yTitle, format: '.6~g' },
            { field: 'run', type: 'nominal', title: 'run' },
          ],
        },
      },
    ],
  };
}

/** A band behind the lines, as far as the axis goes, named at its foot. */
function regionLayers({ region, dots }: SensitivityInput, x: object): object[] {
  if (region === undefined || dots.length === 0) return [];
  const [first, last] = extent(dots.map(({ setting }) => setting));
  const [low, high] = [Math.max(region.low, first), Math.min(region.high, last)];
  if (low > high) return [];
  const values = [{ low, high, middle: drawn(Math.sqrt(low * high)), label: region.label }];
  return [
    {
      data: { values },
      mark: { type: 'rect', color: GRID, opacity: 0.6 },
      encoding: { x: { ...x, field: 'low' }, x2: { field: 'high' } },
    },
    {
      data: { values },
      mark: { type: 'text', color: MUTED, align: 'center', baseline: 'bottom', dy: -4, y: 'height' },
      encoding: { x: { ...x, field: 'middle' }, text: { field: 'label' } },
    },
  ];
}

function chosenLayers(input: SensitivityInput, x: object): object[] {
  if (input.chosen === undefined) return [];
  const values = [{ setting: input.chosen, label: 'chosen' }];
  return [
    {
      data: { values },
      mark: { type: 'rule', color: MUTED, strokeWidth: 1, strokeDash: [4, 3] },
      encoding: { x: { ...x, field: 'setting' } },
    },
    {
      data: { values },
      // Above the plot, where no line can run through it.
      mark: { type: 'text', color: MUTED, align: 'center', baseline: 'bottom', dy: -3, y: 0 },
      encoding: { x: { ...x, field: 'setting' }, text: { field: 'label' } },
    },
  ];
}

function settingMeans(input: SensitivityInput): { method: string; setting: number; value: number }[] {
  const groups = new Map<string, { method: string; setting: number; values: number[] }>();
  for (const { method, setting, value } of input.dots) {
    const key = `${method}|${setting}`;
    const group = groups.get(key) ?? { method, setting, values: [] };
    group.values.push(value);
    groups.set(key, group);
  }
  return [...groups.values()].map(({ method, setting, values }) => ({
    method,
    setting,
    value: mean(values),
  }));
}

function describeSensitivity(input: SensitivityInput): string {
  const means = settingMeans(input).map(
    ({ method, setting, value }) => `${method} at ${brief(setting)}: ${brief(value)}`,
  );
  const levels = (input.references ?? []).map(({ label, value }) => `${label}: ${brief(value)}`);
  return `Mean ${input.yTitle} by ${input.xTitle}. ${[...means, ...levels].join('; ')}.`;
}
