import type { Loader, Spec } from 'vega';
import type { TopLevelSpec } from 'vega-lite';
import { CHART_CONFIG, themed } from '../theme.js';
import type { VegaLiteSpec } from '../blocks.js';
import { keepInside } from './client.js';
import { withCompiler } from './expressions.js';
import type { ExpressionCompiler } from './expressions.js';

/** A chart as it goes into a page: pictures for readers without scripts, and the Vega specification for the others. */
export interface DrawnChart {
  readonly svg: string;
  /** Size of the picture in pixels. */
  readonly width: number;
  readonly height: number;
  /** The same chart redrawn for a phone, where it is too wide to fit. */
  readonly narrow?: {
    readonly svg: string;
    readonly width: number;
    readonly height: number;
    /** Its own specification, where the chart is arranged otherwise on a phone. */
    readonly vega?: Spec;
  };
  /** Vega specification with the page's CSS variables as colours. */
  readonly vega: Spec;
  /** Whether the chart can be redrawn at another width. */
  readonly flexible: boolean;
}

/** What fits a phone of 360 px beside the page's margins. */
export const NARROW_WIDTH = 328;

const REFUSE: Partial<Loader> = {
  load: (url) =>
    Promise.reject(new Error(`A report takes no data from elsewhere: put the values of ${url} inline.`)),
  sanitize: keepInside,
};

/**
 * Draws a Vega-Lite specification, twice if it is wider than a phone. Its `usermeta.narrow`, if it has one, is what a
 * phone gets instead.
 *
 * @param id prefix of the names inside the pictures, unique on its page.
 * @throws when the specification does not compile or draw, with Vega's own message.
 */
export async function drawChart(
  spec: VegaLiteSpec,
  compiler: ExpressionCompiler,
  id = 'chart',
): Promise<DrawnChart> {
  const flexible = isFlexible(spec);
  const vega = await toVega(flexible ? { autosize: FIT, ...spec } : spec);
  const wide = await toSvg(vega, compiler, id);
  if (!flexible || wide.width <= NARROW_WIDTH) return { ...wide, vega, flexible: false };
  const other = narrowSpec(spec);
  const own = other ? await toVega({ autosize: FIT, ...other }) : undefined;
  const narrow = await toSvg({ ...(own ?? vega), width: NARROW_WIDTH }, compiler, `${id}-n`);
  return { ...wide, narrow: { ...narrow, ...(own ? { vega: own } : {}) }, vega, flexible: true };
}

/** The width is that of the whole picture, names of axes included. */
const FIT = { type: 'fit-x', contains: 'padding' };

/** Charts of one view can be drawn at any width; facets, concatenations and square panels keep theirs. */
function isFlexible(spec: VegaLiteSpec): boolean {
  const composed = ['facet', 'concat', 'hconcat', 'vconcat', 'repeat'].some((key) => key in spec);
  const width = spec['width'];
  return !composed && typeof width === 'number' && width > NARROW_WIDTH;
}

function narrowSpec(spec: VegaLiteSpec): VegaLiteSpec | undefined {
  const meta = spec['usermeta'] as { narrow?: VegaLiteSpec } | undefined;
  return meta?.narrow;
}

async function toVega(spec: VegaLiteSpec): Promise<Spec> {
  const vegaLite = await import('vega-lite');
  const own = typeof spec['config'] === 'object' && spec['config'] !== null ? spec['config'] : {};
  const full = { ...spec, config: { ...CHART_CONFIG, ...own }, background: 'transparent' };
  const quiet = { warn: nothing, info: nothing, debug: nothing, error: nothing, level: nothing };
  const compiled = vegaLite.compile(full as unknown as TopLevelSpec, { logger: quiet as never });
  const { $schema: _, usermeta: __, ...vega } = compiled.spec as Spec & { usermeta?: unknown };
  return themed(vega);
}

function nothing(this: unknown): unknown {
  return this;
}

async function toSvg(
  spec: Spec,
  compiler: ExpressionCompiler,
  id: string,
): Promise<{ svg: string; width: number; height: number }> {
  const { loader, parse, View } = await import('vega');
  const refusing = Object.assign(loader(), REFUSE);
  const view = new View(
    parse(spec),
    withCompiler(compiler, { renderer: 'none', loader: refusing, logLevel: 0 }),
  );
  try {
    const svg = await view.toSVG();
    return { svg: ownIds(trimSvg(svg), id), ...sizeOf(svg) };
  } finally {
    view.finalize();
  }
}

/** Attributes that say what is the default anyway, or what only a live chart needs. */
const NEEDLESS =
  / (?:version="1\.1"|xmlns(?::xlink)?="[^"]*"|class="(?!marks")[^"]*"|role="[^"]*"|aria-[a-z]+="[^"]*"|pointer-events="none"|opacity="1"|stroke-width="1"|font-weight="normal"|fill-opacity="1"|stroke-opacity="1"|font-family="[^"]*"|[xy]2="0")(?=[^<]*>)/g;

/** Drops what the page says once for all charts, and digits below a tenth of a pixel: a page holds many of these. */
function trimSvg(svg: string): string {
  return svg
    .replaceAll(/<path [^>]*(?: opacity="0"| d=""|display="none"|d="M0,0h0v0h0Z")[^>]*\/>/g, '')
    .replaceAll(/<[a-z][^>]*>/g, (tag) => shortNumbers(tag.replaceAll(NEEDLESS, '')))
    .replaceAll(/<g><\/g>/g, '');
}

/** Vega numbers clips and gradients through the whole process; here each picture gets names of its own. */
function ownIds(svg: string, id: string): string {
  const names = new Map<string, string>();
  return svg.replaceAll(/(?<=\bid="|url\(#)[^")]+/g, (name) => {
    const own = names.get(name) ?? `${id}-part${names.size + 1}`;
    names.set(name, own);
    return own;
  });
}

function shortNumbers(tag: string): string {
  return tag.replaceAll(/ (?:d|transform|x|y|x1|x2|y1|y2)="[^"]*"/g, (attribute) =>
    attribute.replaceAll(/-?\d+\.\d{2,}/g, (number) => String(Math.round(Number(number) * 10) / 10)),
  );
}

function sizeOf(svg: string): { width: number; height: number } {
  const read = (name: string): number =>
    Number(new RegExp(`<svg[^>]*\\s${name}="([\\d.]+)"`).exec(svg)?.[1] ?? 0);
  return { width: Math.ceil(read('width')), height: Math.ceil(read('height')) };
}
