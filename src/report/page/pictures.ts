import type { Gallery, Picture, PictureRow, PicturesBlock } from '../blocks.js';
import { escapeHtml } from './escape.js';
import { captionOf, dataBehind, placeLine, type FigureOptions } from './figures.js';
import { renderInline } from './markdown.js';
import { scrollable } from './tables.js';

/** A picture that is one: nothing else may stand in a page's source. */
const PNG = /^data:image\/png;base64,[A-Za-z0-9+/]+=*$/;

/** @throws for a source that is no PNG. */
function pictureElement({ src, alt, marked = false }: Picture): string {
  if (!PNG.test(src)) throw new Error(`The picture \u201c${alt}\u201d is no PNG in a data URL.`);
  return `<img class="thumb${marked ? ' marked' : ''}" src="${src}" alt="${escapeHtml(alt)}" title="${escapeHtml(alt)}">`;
}

/** Pictures in the order in which they were found; read out as a list, so that a listener can skip it. */
function strip(pictures: readonly Picture[], label: string): string {
  const items = pictures.map((picture) => `<li>${pictureElement(picture)}</li>`);
  return `<ol class="strip" aria-label="${escapeHtml(label)}">${items.join('')}</ol>`;
}

function galleryRow({ label, columns }: PictureRow, names: readonly string[]): string {
  const cells = columns.map((pictures, i) => {
    const name = names[i] ?? '';
    return `<td data-column="${escapeHtml(name)}">${strip(pictures, `${label}, ${name}`)}</td>`;
  });
  return `<tr><th scope="row">${renderInline(label)}</th>${cells.join('')}</tr>`;
}

function galleryElement({ title, lead, columns, rows }: Gallery): string {
  const query = lead.map(
    (picture) =>
      `<span class="lead-picture">${pictureElement(picture)}<span>${renderInline(picture.caption)}</span></span>`,
  );
  const head = columns.map((name) => `<th scope="col">${renderInline(name)}</th>`).join('');
  const body = rows.map((row) => galleryRow(row, columns)).join('\n');
  const table = `<table class="gallery"><caption class="alt">${escapeHtml(title)}</caption><thead><tr><td></td>${head}</tr></thead><tbody>${body}</tbody></table>`;
  return `<div class="gallery-box"><p class="panel-title">${renderInline(title)}</p><div class="lead">${query.join('')}</div>${scrollable(title, table)}</div>`;
}

/** Galleries of small pictures with heading, caption, table and download, as a figure has them. */
export function picturesBlock(block: PicturesBlock, { id, level }: FigureOptions): string {
  const legend =
    block.markMeans === undefined
      ? ''
      : `<p class="note"><span class="mark-sample" aria-hidden="true"></span> Framed: ${renderInline(block.markMeans)}.</p>`;
  return `<figure class="block wide pictures" id="${escapeHtml(id)}" data-name="${escapeHtml(block.id)}">
<h${level} class="figure-title">${renderInline(block.title)}</h${level}>${placeLine(block)}
${block.galleries.map(galleryElement).join('\n')}${legend}
<figcaption>${captionOf(block)}</figcaption>
${dataBehind(block.data, block.id, { chart: false })}
</figure>`;
}
