import type { SettingsBlock, TableBlock, TableCell, TableColumn } from '../blocks.js';
import { escapeHtml } from './escape.js';
import { renderInline, renderMarkdown } from './markdown.js';

/** Longer tables show their beginning; the download has all rows. */
export const SHOWN_ROWS = 60;

/** A wide table scrolls inside its own container and can be reached by keyboard. */
export function scrollable(label: string, table: string): string {
  return `<div class="scroll" role="region" tabindex="0" aria-label="${escapeHtml(label)}">${table}</div>`;
}

function decimalsOf(value: number): number {
  const digits = /\.(\d+)$/.exec(String(value))?.[1];
  return digits?.length ?? 0;
}

/** One number of decimals for a whole column: five significant digits of its largest value, fewer if that is exact. */
function columnDecimals(values: readonly number[]): number {
  const finite = values.filter(Number.isFinite);
  const largest = Math.max(0, ...finite.map(Math.abs));
  const digits = largest > 0 ? 4 - Math.floor(Math.log10(largest)) : 0;
  return Math.max(0, Math.min(8, digits, Math.max(0, ...finite.map(decimalsOf))));
}

/** A minus sign rather than a hyphen; letters such as `e-5` keep theirs. */
function withMinus(text: string): string {
  return text.replaceAll(/(?<![\w.])-(?=\d)/g, '\u2212');
}

function numberText(cell: string | number, decimals: number): string {
  if (typeof cell === 'string') return withMinus(cell);
  if (!Number.isFinite(cell)) return 'not a number';
  // No zeros are added: they would claim digits that nobody measured.
  const fixed = String(Number(cell.toFixed(decimals)));
  return withMinus(Number(fixed) === 0 && cell !== 0 ? cell.toExponential(2) : fixed);
}

/** Splits before the decimal point of the first number, where the column is aligned. */
function splitAtPoint(text: string): readonly [string, string] {
  const found = /^([^\d]*\d+)(.*)$/s.exec(text);
  return found ? [found[1] ?? '', found[2] ?? ''] : [text, ''];
}

function missing(column: TableColumn): string {
  return `<span class="missing">${column.source === 'paper' ? 'not reported' : 'not run'}</span>`;
}

function numberCells(column: TableColumn, cells: readonly TableCell[]): string[] {
  const decimals = columnDecimals(cells.filter((cell) => typeof cell === 'number'));
  const parts = cells.map((cell) => (cell === null ? undefined : splitAtPoint(numberText(cell, decimals))));
  const tail = Math.max(0, ...parts.map((part) => part?.[1].length ?? 0));
  return parts.map((part) => {
    if (!part) return missing(column);
    const [whole, rest] = part;
    if (tail === 0) return escapeHtml(whole);
    return `${escapeHtml(whole)}<span class="tail" style="min-width:${tail}ch">${escapeHtml(rest)}</span>`;
  });
}

function textCells(column: TableColumn, cells: readonly TableCell[]): string[] {
  return cells.map((cell) => (cell === null ? missing(column) : renderInline(String(cell))));
}

function cellClass(column: TableColumn): string {
  const names = [column.kind === 'number' ? 'num' : '', column.source === 'paper' ? 'paper' : ''].filter(
    Boolean,
  );
  return names.length === 0 ? '' : ` class="${names.join(' ')}"`;
}

function headerCell(column: TableColumn): string {
  const unit = column.unit === undefined ? '' : ` <span class="unit">(${escapeHtml(column.unit)})</span>`;
  return `<th scope="col"${cellClass(column)}>${renderInline(column.title)}${unit}</th>`;
}

/** The `<table>` of a block: decimal points aligned, units in the header, missing values as words. */
export function tableElement(
  block: TableBlock,
  options: { readonly caption?: boolean; readonly limit?: number } = {},
): string {
  const rows = options.limit === undefined ? block.rows : block.rows.slice(0, options.limit);
  const columns = block.columns.map((column) => {
    const cells = rows.map((row) => row[column.key] ?? null);
    return column.kind === 'number' ? numberCells(column, cells) : textCells(column, cells);
  });
  const body = rows.map((_, index) => {
    const cells = block.columns.map((column, at) => {
      const content = columns[at]?.[index] ?? '';
      return at === 0
        ? `<th scope="row"${cellClass(column)}>${content}</th>`
        : `<td${cellClass(column)}${block.stacked === true ? ` data-title="${escapeHtml(column.title)}"` : ''}>${content}</td>`;
    });
    return `<tr>${cells.join('')}</tr>`;
  });
  const caption = options.caption === true ? `<caption>${renderInline(block.title)}</caption>` : '';
  const head = `<thead><tr>${block.columns.map(headerCell).join('')}</tr></thead>`;
  return `<table${block.stacked === true ? ' class="stacked"' : ''}>${caption}${head}<tbody>${body.join('\n')}</tbody></table>`;
}

/** A table block as it stands in the page. */
export function tableBlock(block: TableBlock): string {
  const note = block.caption === undefined ? '' : `<div class="note">${renderMarkdown(block.caption)}</div>`;
  return `<div class="block wide">${scrollable(block.title, tableElement(block, { caption: true }))}${note}</div>`;
}

/** Settings side by side; a row that differs has a word and a shape, not only a colour. */
export function settingsBlock(block: SettingsBlock): string {
  const rows = block.rows.map(({ setting, paper, ours, differs, open = false, why }) => {
    const mark = differs
      ? '<span class="differs"><span aria-hidden="true">\u25c6</span> differs</span>'
      : `<span class="same">${open ? 'chosen here' : 'same'}</span>`;
    const reason = why === undefined ? '' : `<div class="why">${renderInline(why)}</div>`;
    return `<tr${differs ? ' class="row-differs"' : ''}><th scope="row">${renderInline(setting)}</th><td class="paper">${renderInline(paper)}</td><td class="ours">${renderInline(ours)}</td><td>${mark}${reason}</td></tr>`;
  });
  const head =
    '<thead><tr><th scope="col">setting</th><th scope="col" class="paper">paper</th><th scope="col">ours</th><th scope="col">difference</th></tr></thead>';
  const table = `<table class="settings">${head}<tbody>${rows.join('\n')}</tbody></table>`;
  return `<div class="block wide">${scrollable('Settings, paper and ours', table)}</div>`;
}

/** Rows as CSV: text that a spreadsheet would take for a formula is quoted with an apostrophe. */
export function tableCsv(block: TableBlock): string {
  const quote = (cell: TableCell): string => {
    if (cell === null) return '';
    const text =
      typeof cell === 'string' && /^[=+\-@\t\r]/.test(cell) && !Number.isFinite(Number(cell))
        ? `'${cell}`
        : String(cell);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const title = ({ title: name, unit }: TableColumn): string =>
    unit === undefined ? name : `${name} (${unit})`;
  const lines = [
    block.columns.map((column) => quote(title(column))),
    ...block.rows.map((row) => block.columns.map((column) => quote(row[column.key] ?? null))),
  ];
  return `${lines.map((line) => line.join(',')).join('\n')}\n`;
}

/** A link that saves the rows as a file, with or without scripts. */
export function csvLink(block: TableBlock, file: string): string {
  // Only what an attribute or a data URL cannot hold is encoded: these links are a good part of a report's size.
  const body = tableCsv(block).replaceAll(/[%#"'<>&\r\n\t\u0080-\uffff]+/g, (part) =>
    encodeURIComponent(part).replaceAll("'", '%27'),
  );
  return `<a class="action" download="${escapeHtml(file)}.csv" href="data:text/csv;charset=utf-8,${body}">Data as CSV</a>`;
}
