import type { FigureBlock, Panel, PicturesBlock, TableBlock } from '../blocks.js';
import { drawChart, NARROW_WIDTH } from './chart-render.js';
import type { DrawnChart } from './chart-render.js';
import { escapeHtml } from './escape.js';
import type { ExpressionTable } from './expressions.js';
import { renderInline, renderMarkdown } from './markdown.js';
import { csvLink, scrollable, SHOWN_ROWS, tableElement } from './tables.js';

/** What the charts of one page share: their expressions, and the specifications that scripts bring to life. */
export interface ChartRoom {
  readonly expressions: ExpressionTable;
  /** Vega specifications by the id of their element. */
  readonly specs: Map<string, unknown>;
  /** Rules of the grids, each once. */
  readonly styles: Set<string>;
}

export interface FigureOptions {
  /** Level of the figure's heading in the page's outline. */
  readonly level: number;
  readonly id: string;
}

/** A figure with its heading, panels, caption, table and downloads. */
export async function figureBlock(
  figure: FigureBlock,
  room: ChartRoom,
  options: FigureOptions,
): Promise<string> {
  const { id, level } = options;
  const panels: string[] = [];
  let widest = 0;
  for (const [index, panel] of figure.panels.entries()) {
    const drawn = await drawPanel(figure, panel, `${id}-${index + 1}`, room);
    panels.push(drawn.html);
    widest = Math.max(widest, drawn.width);
  }
  const single = figure.panels.length === 1;
  const columns = Math.max(1, Math.min(figure.columns ?? 3, figure.panels.length));
  const grid = single
    ? panels.join('')
    : panelGrid(panels, { columns, width: widest, alt: figure.alt }, room);
  return `<figure class="block wide figure${single ? ' single' : ''}" id="${escapeHtml(id)}" data-name="${escapeHtml(figure.id)}">
<h${level} class="figure-title">${renderInline(figure.title)}</h${level}>${placeLine(figure)}
${grid}
<figcaption>${captionOf(figure)}<p class="alt">${escapeHtml(figure.alt)}</p></figcaption>
${dataBehind(figure.data, figure.id)}
</figure>`;
}

/** What the id of a chart's specification for phones ends with. */
const NARROW_SUFFIX = '~narrow';

/** Panels may grow this much to fill their place in a grid. */
const GROWTH = 1.25;
const GAP = 9;
/** Two panels side by side on a phone may shrink this much before they stack. */
const PHONE_SHRINK = 0.94;

/** Panels in the paper's arrangement where there is room, and in a divisor of its columns where there is less. */
function panelGrid(
  panels: readonly string[],
  grid: { readonly columns: number; readonly width: number; readonly alt: string },
  room: ChartRoom,
): string {
  const { columns, width, alt } = grid;
  const name = `grid-${columns}-${width}`;
  const steps = Array.from({ length: columns - 1 }, (_, index) => index + 2).filter(
    (count) => count === 2 || columns % count === 0,
  );
  for (const count of steps) {
    const needed = count * width * (count === 2 ? PHONE_SHRINK : 1) + (count - 1) * GAP;
    room.styles.add(
      `@container (min-width:${Math.ceil(needed)}px){.${name}{grid-template-columns:repeat(${count},minmax(0,${Math.round(width * GROWTH)}px))}}`,
    );
  }
  return `<div class="panel-box"><div class="panels ${name}" role="group" aria-label="${escapeHtml(alt)}">${panels.join('')}</div></div>`;
}

/** Where in the paper a figure stands. */
export function placeLine({ paperPlace }: Pick<FigureBlock, 'paperPlace'>): string {
  return paperPlace === undefined
    ? ''
    : `<p class="place">after the paper\u2019s ${escapeHtml(paperPlace)}</p>`;
}

/** What the paper shows, what we see, and what differs, as far as a figure says. */
export function captionOf(
  figure: Pick<FigureBlock | PicturesBlock, 'paperShows' | 'weSee' | 'differs'>,
): string {
  const parts: readonly (readonly [string, string | undefined])[] = [
    ['The paper shows', figure.paperShows],
    ['We see', figure.weSee],
    ['What differs', figure.differs],
  ];
  const given = parts.filter(
    (part): part is readonly [string, string] => part[1] !== undefined && part[1] !== '',
  );
  if (given.length === 0) return '';
  const items = given.map(([term, text]) => `<div><dt>${term}</dt><dd>${renderMarkdown(text)}</dd></div>`);
  return `<dl class="compare">${items.join('')}</dl>`;
}

async function drawPanel(
  figure: FigureBlock,
  panel: Panel,
  id: string,
  room: ChartRoom,
): Promise<{ html: string; width: number }> {
  const title = panel.title === '' ? '' : `<p class="panel-title">${renderInline(panel.title)}</p>`;
  try {
    const chart = await drawChart(panel.spec, room.expressions.compiler, id);
    room.specs.set(id, chart.vega);
    if (chart.narrow?.vega) room.specs.set(`${id}${NARROW_SUFFIX}`, chart.narrow.vega);
    const alt = figure.panels.length === 1 ? figure.alt : panelAlt(figure, panel);
    return { html: `<div class="panel">${title}${chartElement(chart, id, alt)}</div>`, width: chart.width };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const html = `<div class="panel">${title}<p class="problem">This chart could not be drawn: ${escapeHtml(reason)} Its numbers stand in the table below.</p></div>`;
    return { html, width: NARROW_WIDTH };
  }
}

function panelAlt(figure: FigureBlock, panel: Panel): string {
  const own = panel.spec['description'];
  if (typeof own === 'string' && own !== '') return own;
  return `${panel.title || 'Panel'}: part of the figure \u201c${figure.title}\u201d`;
}

/** The still picture; scripts put the live chart in its place when it comes into view. */
export function chartElement(chart: DrawnChart, id: string, alt: string): string {
  const picture = (svg: string, width: number, name: string): string =>
    `<div class="still ${name}" style="max-width:${Math.round(width * GROWTH)}px">${svg}</div>`;
  const pictures = chart.narrow
    ? picture(chart.svg, chart.width, 'at-wide') + picture(chart.narrow.svg, chart.narrow.width, 'at-narrow')
    : picture(chart.svg, chart.width, 'at-any');
  const flexible = chart.flexible ? ' data-flexible' : '';
  const fixed = !chart.flexible && chart.width > NARROW_WIDTH ? ' chart-scroll' : '';
  return `<div class="chart${fixed}" id="${escapeHtml(id)}" role="img" aria-label="${escapeHtml(alt)}" data-width="${chart.width}"${flexible}>${pictures}</div>`;
}

/** The folded table with the downloads; that of a chart as a picture needs scripts and is offered by them. */
export function dataBehind(data: TableBlock, file: string, { chart = true } = {}): string {
  const total = data.rows.length;
  const cut =
    total > SHOWN_ROWS
      ? `<p class="note">The first ${SHOWN_ROWS} of ${total} rows; the CSV file has all.</p>`
      : '';
  const note = data.caption === undefined ? '' : `<div class="note">${renderMarkdown(data.caption)}</div>`;
  const table = scrollable(data.title, tableElement(data, { caption: true, limit: SHOWN_ROWS }));
  return `<div class="behind"><details class="fold"><summary>The numbers behind it</summary>${table}${cut}${note}</details>
<p class="actions">${csvLink(data, file)}${chart ? '<button type="button" class="action" data-save-svg hidden>Picture as SVG</button>' : ''}</p></div>`;
}
