import { stripVTControlCharacters } from 'node:util';
import type { FigureBlock, TableCell, VegaLiteSpec } from '../blocks.js';
import { escapeHtml } from './escape.js';
import { cleanHtml, renderMarkdown } from './markdown.js';
import { joined, jsonOf } from './notebook.js';
import type { NotebookOutput } from './notebook.js';

/** Output that is longer is folded. */
const OPEN_LINES = 24;

const PICTURES = ['image/png', 'image/jpeg', 'image/gif', 'image/webp'];

/** Text as it stands in a page: no terminal codes, and a progress line only in its last state. */
export function terminalText(text: string): string {
  return stripVTControlCharacters(text.replaceAll('\r\n', '\n'))
    .split('\n')
    .map((line) => line.split('\r').filter(Boolean).at(-1) ?? '')
    .join('\n');
}

function preformatted(text: string, label: string): string {
  const shown = terminalText(text).trimEnd();
  if (shown === '') return '';
  const pre = `<pre tabindex="0">${escapeHtml(shown)}</pre>`;
  const lines = shown.split('\n').length;
  if (lines <= OPEN_LINES) return pre;
  return `<details class="fold"><summary>${label}, ${lines} lines</summary>${pre}</details>`;
}

function wrapped(html: string): string {
  return html === '' ? '' : `<div class="out">${html}</div>`;
}

/** An error with its stack folded. */
export function errorOutput(output: NotebookOutput): string {
  const name = output.ename ?? 'Error';
  const head = `<strong>This cell failed.</strong> ${escapeHtml(`${name}: ${terminalText(output.evalue ?? '')}`)}`;
  const stack = terminalText((output.traceback ?? []).join('\n')).trim();
  const fold =
    stack === ''
      ? ''
      : `<details class="fold"><summary>Where it happened</summary><pre tabindex="0">${escapeHtml(stack)}</pre></details>`;
  return `<div class="problem" role="note">${head}${fold}</div>`;
}

export function streamOutput(output: NotebookOutput): string {
  const text = preformatted(joined(output.text), output.name === 'stderr' ? 'Messages' : 'Printed output');
  if (text === '') return '';
  return wrapped(output.name === 'stderr' ? `<p class="stderr">Messages (stderr)</p>${text}` : text);
}

/** A specification for Vega-Lite among the outputs, of whatever version. */
export function vegaLiteOf(output: NotebookOutput): VegaLiteSpec | undefined {
  const mime = Object.keys(output.data ?? {}).find((key) =>
    /^application\/vnd\.vegalite\.v\d+(\.\d+)*\+json$/.test(key),
  );
  return mime === undefined ? undefined : (jsonOf(output.data?.[mime]) as VegaLiteSpec);
}

/** A chart that a cell showed by itself, as a figure with what can be known of it. */
export function looseFigure(spec: VegaLiteSpec, id: string): FigureBlock {
  const textOf = (value: unknown): string => {
    if (typeof value === 'string') return value;
    const inner =
      typeof value === 'object' && value !== null ? (value as { text?: unknown }).text : undefined;
    return typeof inner === 'string' ? inner : '';
  };
  const title = textOf(spec['title']) || 'Chart';
  const { title: _, ...untitled } = spec;
  const alt =
    textOf(spec['description']) ||
    `${title}: a chart whose notebook gives no description; its numbers are in the table.`;
  return {
    type: 'figure',
    id,
    title,
    panels: [{ title: '', spec: untitled }],
    alt,
    data: inlineData(spec, title),
  };
}

function inlineData(spec: VegaLiteSpec, title: string): FigureBlock['data'] {
  const data = spec['data'] as { values?: unknown } | undefined;
  const values = Array.isArray(data?.values) ? (data.values as unknown[]) : [];
  const rows = values.filter(
    (row): row is Record<string, unknown> => typeof row === 'object' && row !== null,
  );
  const keys = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const cell = (value: unknown): TableCell =>
    typeof value === 'number' || typeof value === 'string'
      ? value
      : value === undefined || value === null
        ? null
        : JSON.stringify(value);
  return {
    type: 'table',
    title,
    columns: keys.map((key) => ({
      key,
      title: key,
      kind: rows.every((row) => typeof row[key] === 'number') ? 'number' : 'text',
    })),
    rows: rows.map((row) => Object.fromEntries(keys.map((key) => [key, cell(row[key])]))),
  };
}

/** What a cell displayed, in the richest form that is safe and needs no network. */
export function displayOutput(output: NotebookOutput): string {
  const data = output.data ?? {};
  const has = (mime: string): boolean => data[mime] !== undefined;
  if (has('text/markdown')) return wrapped(renderMarkdown(joined(data['text/markdown']), { topLevel: 3 }));
  if (has('text/html')) return wrapped(htmlOutput(joined(data['text/html'])));
  if (has('image/svg+xml')) return wrapped(svgPicture(joined(data['image/svg+xml'])));
  const picture = PICTURES.find(has);
  if (picture !== undefined) return wrapped(encodedPicture(picture, joined(data[picture])));
  if (has('text/latex')) return wrapped(renderMarkdown(joined(data['text/latex'])));
  if (has('application/json'))
    return wrapped(preformatted(JSON.stringify(jsonOf(data['application/json']), null, 2), 'JSON'));
  return wrapped(preformatted(joined(data['text/plain']), 'Result'));
}

function htmlOutput(html: string): string {
  const clean = cleanHtml(html).trim();
  return clean === ''
    ? ''
    : `<div class="scroll" role="region" aria-label="Output" tabindex="0">${clean}</div>`;
}

/** As a picture in a data URL: scripts inside an SVG do not run there. */
function svgPicture(svg: string): string {
  return `<img alt="Picture that the notebook drew" src="data:image/svg+xml;base64,${Buffer.from(svg, 'utf8').toString('base64')}">`;
}

function encodedPicture(mime: string, base64: string): string {
  const plain = base64.replaceAll(/[^A-Za-z0-9+/=]/g, '');
  return `<img alt="Picture that the notebook drew" src="data:${mime};base64,${plain}">`;
}
