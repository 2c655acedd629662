/** A figure block as one Vega-Lite specification that JupyterLab can draw. */
import type { FigureBlock, VegaLiteSpec } from '../report/blocks.js';

const SCHEMA = 'https://vega.github.io/schema/vega-lite/v5.json';
/** Width of a notebook's text, in pixels, for charts that ask for the width of their container. */
const NOTEBOOK_WIDTH = 640;
const NOTEBOOK_HEIGHT = 320;
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
 * One panel: its chart with the figure's title. Several: the panels beside each other in `columns`, wrapping into rows,
 * with settings and named data sets of the panels gathered on the outside.
 */
export function figureSpec(figure: FigureBlock): VegaLiteSpec {
  const columns = Math.max(1, Math.min(figure.columns ?? figure.panels.length, figure.panels.length));
  const specs = figure.panels.map(({ spec }) => without(spec, PAGE_ONLY));
  const panels = figure.panels.map(({ title }, index) => {
    const spec = specs[index] ?? {};
    const fixed = withFixedSize(spec, Math.floor(NOTEBOOK_WIDTH / columns));
    return rounded(figure.panels.length > 1 ? separate(fixed, title, index) : fixed) as VegaLiteSpec;
  });
  const top = mergeTopLevel(specs);
  const title = figureTitle(figure);
  const [only] = panels;
  if (panels.length === 1 && only) return { ...only, ...top, $schema: SCHEMA, title };
  return { ...top, $schema: SCHEMA, title, columns, concat: panels, resolve: INDEPENDENT };
}

function without(spec: VegaLiteSpec, keys: readonly string[]): VegaLiteSpec {
  return Object.fromEntries(Object.entries(spec).filter(([key]) => !keys.includes(key)));
}

function figureTitle(figure: FigureBlock): VegaLiteSpec {
  return {
    text: figure.title,
    anchor: 'start',
    offset: 12,
    ...(figure.paperPlace ? { subtitle: figure.paperPlace } : {}),
  };
}

/** A notebook's cell has no width of its own while it is drawn, and a concatenated chart may not ask for one. */
function withFixedSize(spec: VegaLiteSpec, width: number): VegaLiteSpec {
  return {
    ...spec,
    ...(spec.width === 'container' ? { width } : {}),
    ...(spec.height === 'container' ? { height: NOTEBOOK_HEIGHT } : {}),
  };
}

/** A panel inside an arrangement: without what belongs outside, and with parameter names of its own. */
function separate(spec: VegaLiteSpec, title: string, index: number): VegaLiteSpec {
  const inner = without(spec, TOP_LEVEL);
  const names = parameterNames(spec);
  const renamed = renameParameters(
    inner,
    new Map(names.map((name) => [name, `${name}_${index}`])),
  ) as VegaLiteSpec;
  return { ...renamed, ...(title === '' ? {} : { title }) };
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
