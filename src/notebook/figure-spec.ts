/** A figure block as one Vega-Lite specification that JupyterLab can draw. */
import type { FigureBlock, VegaLiteSpec } from '../report/blocks.js';

const SCHEMA = 'https://vega.github.io/schema/vega-lite/v5.json';
/** Width of a notebook's text, in pixels, for charts that ask for the width of their container. */
const NOTEBOOK_WIDTH = 640;
const NOTEBOOK_HEIGHT = 320;
/** Widest figure, all in all: JupyterLab's output takes 960 pixels on a common screen and cuts off the rest. */
const MAX_WIDTH = 900;
/** Vega-Lite's distance between panels. */
const SPACING = 20;
/** Widths in pixels: of a character (13 pixel sans serif, bold titles), of an upright axis of numbers with its name. */
const CHARACTER = 6.5;
const BOLD_CHARACTER = 7.3;
const NUMBER_AXIS = 60;
const SMALLEST_PLOT = 120;
/** A chart is drawn to a pixel: more digits only make the file larger. */
const DIGITS = 5;

/** Each panel is a chart of its own: a colour means in it what its own scale says. */
const INDEPENDENT = {
  scale: Object.fromEntries(
    ['x', 'y', 'color', 'shape', 'size', 'strokeDash', 'opacity'].map((channel) => [channel, 'independent']),
  ),
};

/**
 * A light page whatever Jupyter's theme: our charts name the colours of their texts, and its dark theme would put some
 * of them on dark grey and turn the rest white. The colours are those of the report's light page.
 */
const PAGE = '#fefefc';
const LIGHT: Readonly<Record<string, VegaLiteSpec>> = {
  title: { color: '#1b1b1a', subtitleColor: '#595955' },
  view: { stroke: '#e3e1db' },
  axis: { domainColor: '#8a8a84', gridColor: '#e3e1db', tickColor: '#8a8a84' },
  style: { 'guide-label': { fill: '#1b1b1a' }, 'guide-title': { fill: '#1b1b1a' } },
};

/**
 * What is meant for the report's page alone: charts that fit the page's width, and a second layout for phones. An
 * arrangement of charts that is told to fit its width never comes to rest in JupyterLab, and takes the page down with it.
 */
const PAGE_ONLY = ['autosize', 'usermeta'];

/** What only the outermost specification may hold. */
const TOP_LEVEL = ['$schema', 'config', 'background', 'padding', 'datasets'];

/**
 * One panel: its chart with the figure's title. Several: the panels beside each other in `columns`, or in fewer where
 * they would be wider than a notebook's output, with settings and named data sets of the panels gathered on the outside.
 */
export function figureSpec(figure: FigureBlock): VegaLiteSpec {
  const columns = columnsOf(figure);
  const share = (MAX_WIDTH - (columns - 1) * SPACING) / columns;
  const specs = figure.panels.map(({ spec }) => without(spec, PAGE_ONLY));
  const panels = figure.panels.map(({ title, spec: whole }, index) => {
    const spec = { ...specs[index], ...fixedSize(whole, columns, share) };
    return rounded(figure.panels.length > 1 ? separate(spec, title, index, share) : spec) as VegaLiteSpec;
  });
  const top = mergeTopLevel(specs);
  const title = figureTitle(figure);
  const [only] = panels;
  if (panels.length === 1 && only) return { ...only, ...top, $schema: SCHEMA, title };
  return { ...top, $schema: SCHEMA, title, columns, concat: panels, resolve: INDEPENDENT };
}

/** The figure's columns, or as many as fit: a divisor, so that rows keep what belongs together, else any number. */
function columnsOf({ columns, panels }: FigureBlock): number {
  const wanted = Math.max(1, Math.min(columns ?? panels.length, panels.length));
  const widest = Math.max(0, ...panels.map(({ spec }) => outerWidth(spec, NOTEBOOK_WIDTH / wanted)));
  const fits = (count: number) => count * widest + (count - 1) * SPACING <= MAX_WIDTH;
  const fewer = Array.from({ length: wanted }, (_, index) => wanted - index).filter(fits);
  return fewer.find((count) => count > 1 && wanted % count === 0) ?? fewer[0] ?? 1;
}

/** Pixels that a chart takes with its axes and legend; `container` is what it gets that asks for its container's width. */
function outerWidth(spec: VegaLiteSpec, container: number): number {
  if (typeof spec.width !== 'number') return container + besidePlot(spec);
  // On the report's page such a chart is fitted, axes and all, into the width that it names.
  return isFitted(spec) ? spec.width : spec.width + besidePlot(spec);
}

function isFitted({ autosize }: VegaLiteSpec): boolean {
  return isRecord(autosize) && typeof autosize.type === 'string' && autosize.type.startsWith('fit');
}

/**
 * The size of the plot itself. A notebook's cell has no width of its own while it is drawn, a concatenated chart may not
 * ask for one, and there axes and legends come on top of the width.
 */
function fixedSize(spec: VegaLiteSpec, columns: number, share: number): VegaLiteSpec {
  const outer = Math.min(outerWidth(spec, Math.floor(NOTEBOOK_WIDTH / columns)), share);
  const plot = Math.max(SMALLEST_PLOT, Math.floor(outer - besidePlot(spec)));
  const hasWidth = typeof spec.width === 'number' || spec.width === 'container';
  return {
    ...(hasWidth ? { width: typeof spec.width === 'number' ? Math.min(spec.width, plot) : plot } : {}),
    ...(spec.height === 'container' ? { height: NOTEBOOK_HEIGHT } : {}),
  };
}

/** About how many pixels axis, legend and names at the ends of lines take beside the plot. */
function besidePlot(spec: VegaLiteSpec): number {
  if (isRecord(spec.padding) && spec.autosize !== undefined && !isFitted(spec))
    return numberOr(spec.padding.left, 0) + numberOr(spec.padding.right, 0);
  const layers: readonly unknown[] = Array.isArray(spec.layer) ? spec.layer : [];
  const parts = [spec, ...layers].filter(isRecord);
  const encodings = parts.map(({ encoding }) => encoding).filter(isRecord);
  const uprights = encodings.map(({ y }) => y).filter(isRecord);
  const left = Math.max(0, ...uprights.map(axisWidth));
  const legends = encodings.flatMap(({ color, fill }) => [color, fill]).filter(isRecord);
  const right = Math.max(0, ...legends.map(legendWidth), ...parts.map(endNameWidth));
  return left + right;
}

function axisWidth(y: Readonly<Record<string, unknown>>): number {
  if (y.field === undefined || y.axis === null) return 0;
  if (y.type !== 'nominal' && y.type !== 'ordinal') return NUMBER_AXIS;
  return longest(isRecord(y.scale) ? y.scale.domain : []) * CHARACTER + 20;
}

function legendWidth({ field, type, legend, scale }: Readonly<Record<string, unknown>>): number {
  if (field === undefined || legend === null || type !== 'nominal') return 0;
  return longest(isRecord(scale) ? scale.domain : []) * CHARACTER + 40;
}

/** Text that begins well to the right of its point: the names at the ends of lines. */
function endNameWidth({ mark, encoding, data }: Readonly<Record<string, unknown>>): number {
  if (!isRecord(mark) || mark.type !== 'text' || mark.align !== 'left' || numberOr(mark.dx, 0) < 10) return 0;
  const field = isRecord(encoding) && isRecord(encoding.text) ? encoding.text.field : undefined;
  const rows = isRecord(data) && Array.isArray(data.values) ? data.values.filter(isRecord) : [];
  return numberOr(mark.dx, 0) + longest(rows.map((row) => row[String(field)])) * CHARACTER;
}

function longest(texts: unknown): number {
  return Array.isArray(texts) ? Math.max(0, ...texts.map((text) => String(text).length)) : 0;
}

function numberOr(value: unknown, otherwise: number): number {
  return typeof value === 'number' ? value : otherwise;
}

/** A title in lines that are no wider than their chart. */
function lines(text: string, width: number): string | string[] {
  const limit = Math.max(12, Math.floor(width / BOLD_CHARACTER));
  const wrapped: string[] = [];
  for (const word of text.split(' ')) {
    const last = wrapped.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= limit)
      wrapped[wrapped.length - 1] = `${last} ${word}`;
    else wrapped.push(word);
  }
  return wrapped.length > 1 ? wrapped : text;
}

function without(spec: VegaLiteSpec, keys: readonly string[]): VegaLiteSpec {
  return Object.fromEntries(Object.entries(spec).filter(([key]) => !keys.includes(key)));
}

function figureTitle(figure: FigureBlock): VegaLiteSpec {
  return {
    text: lines(figure.title, MAX_WIDTH - SPACING - NUMBER_AXIS),
    anchor: 'start',
    offset: 12,
    ...(figure.paperPlace ? { subtitle: figure.paperPlace } : {}),
  };
}

/** A panel inside an arrangement: without what belongs outside, and with parameter names of its own. */
function separate(spec: VegaLiteSpec, title: string, index: number, width: number): VegaLiteSpec {
  const inner = without(spec, TOP_LEVEL);
  const names = parameterNames(spec);
  const renamed = renameParameters(
    inner,
    new Map(names.map((name) => [name, `${name}_${index}`])),
  ) as VegaLiteSpec;
  return { ...renamed, ...(title === '' ? {} : { title: lines(title, width) }) };
}

/** Names of selections and variables, in the chart and in its layers. */
function parameterNames(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(parameterNames);
  if (!isRecord(value)) return [];
  const own = Array.isArray(value.params) ? value.params.filter(isRecord).map(({ name }) => name) : [];
  const nested = Object.entries(value).flatMap(([key, item]) => (key === 'data' ? [] : parameterNames(item)));
  return [...own.filter((name) => typeof name === 'string'), ...nested];
}

/**
 * Panels made by one function hold parameters of one name, which one Vega view may have only once. Renames them where
 * they are declared (`name`) and used (`param`, `expr`); data are left alone.
 */
function renameParameters(value: unknown, names: ReadonlyMap<string, string>, key = ''): unknown {
  if (names.size === 0 || key === 'data') return value;
  if (Array.isArray(value)) return value.map((item) => renameParameters(item, names));
  if (isRecord(value)) {
    return Object.fromEntries(
      Object.entries(value).map(([field, item]) => [field, renameParameters(item, names, field)]),
    );
  }
  if (typeof value !== 'string') return value;
  if (key === 'name' || key === 'param') return names.get(value) ?? value;
  if (key !== 'expr' && key !== 'test' && key !== 'filter' && key !== 'calculate') return value;
  return value.replace(/[A-Za-z_$][\w$]*/g, (word) => names.get(word) ?? word);
}

function mergeTopLevel(specs: readonly VegaLiteSpec[]): VegaLiteSpec {
  const datasets = Object.assign(
    {},
    ...specs.map(({ datasets: own }) => (isRecord(own) ? own : {})),
  ) as VegaLiteSpec;
  const first: Record<string, unknown> = {};
  for (const key of TOP_LEVEL) {
    const holder = specs.find((spec) => spec[key] !== undefined);
    if (holder) first[key] = holder[key];
  }
  const config = isRecord(first.config) ? first.config : {};
  const light = Object.fromEntries(
    Object.entries(LIGHT).map(([part, colours]) => {
      const own = config[part];
      return [part, isRecord(own) ? { ...colours, ...own } : colours];
    }),
  );
  return {
    background: PAGE,
    ...first,
    config: { ...config, ...light },
    ...(Object.keys(datasets).length > 0 ? { datasets: rounded(datasets) } : {}),
  };
}

/** Numbers of data, domains and sizes to five significant digits; whole numbers stay exact. */
function rounded(value: unknown): unknown {
  if (typeof value === 'number') return Number.isInteger(value) ? value : Number(value.toPrecision(DIGITS));
  if (Array.isArray(value)) return value.map(rounded);
  if (!isRecord(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, rounded(item)]));
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
