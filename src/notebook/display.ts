/**
 * Rich outputs for the cells of a notebook: `show` for a block of the report, `showFrame` for a data frame. A block
 * travels inside the output, so that the report is made from the executed notebook and needs no second computation.
 */
import type { Block, TableBlock, TableCell } from '../report/blocks.js';
import { blockHtml, blockText } from './block-html.js';
import { figureSpec } from './figure-spec.js';
import { displayBundle, type MimeBundle } from './kernel-display.js';

/** As in `report/blocks.ts`; a value, which this room does not import from there. */
const BLOCK_MIME: typeof import('../report/blocks.js').BLOCK_MIME = 'application/vnd.care.block+json';
/** JupyterLab 4 renders Vega-Lite up to version 5; what version 6 added is not used in our charts. */
const VEGA_LITE_MIME = 'application/vnd.vegalite.v5+json';

const BLOCK_TYPES: readonly Block['type'][] = [
  'figure',
  'table',
  'pictures',
  'claims',
  'claim-index',
  'summary',
  'settings',
  'provenance',
  'prose',
];

/** More than this in one output makes a notebook slow to open. */
const LARGE_BYTES = 2_000_000;

/**
 * Shows a block below the running cell: figures as charts, everything else as tables and text. Outside a kernel its
 * plain text is printed.
 *
 * @throws Error when the value is no block.
 */
export function show(block: Block): void {
  checkBlock(block);
  const bundle = blockBundle(block);
  const size = Buffer.byteLength(JSON.stringify(bundle));
  if (size > LARGE_BYTES)
    console.warn(
      `this ${block.type} takes ${(size / 1e6).toFixed(1)} MB in the notebook: thin its points or rows`,
    );
  displayBundle(bundle);
}

/** Cells are plain JavaScript to us: what is passed may be anything. */
function checkBlock(value: unknown): void {
  const type: unknown =
    typeof value === 'object' && value !== null && 'type' in value ? value.type : undefined;
  if (BLOCK_TYPES.some((known) => known === type)) return;
  const given = typeof value === 'object' && value !== null ? 'an object that is none' : String(value);
  throw new Error(
    `show takes a block (${BLOCK_TYPES.join(', ')}), such as care.charts makes, but was given ${given}; ` +
      'a data frame is shown by showFrame',
  );
}

/** The forms of a block in a notebook's output: the block itself, what Jupyter shows, and plain text. */
export function blockBundle(block: Block): MimeBundle {
  const common = { [BLOCK_MIME]: block, 'text/plain': blockText(block) };
  switch (block.type) {
    case 'figure':
      return { ...common, [VEGA_LITE_MIME]: figureSpec(block) };
    case 'prose':
      return { ...common, 'text/markdown': block.markdown };
    default:
      return { ...common, 'text/html': blockHtml(block) };
  }
}

/** What is read of a danfojs data frame; its own types let misspelt methods through. */
export interface FrameLike {
  readonly columns: readonly string[];
  readonly values: readonly unknown[];
}

export interface ShowFrameOptions {
  readonly title?: string;
  readonly caption?: string;
  /** Rows shown. Default 100; the caption says how many there are. */
  readonly rows?: number;
}

/**
 * Shows a danfojs data frame as a table (a bare frame as the last expression of a cell prints its internals).
 *
 * @throws Error when the value is no data frame.
 */
export function showFrame(frame: FrameLike, options: ShowFrameOptions = {}): void {
  show(frameBlock(frame, options));
}

/** The table block of a data frame: columns in order, missing values empty. */
export function frameBlock(frame: FrameLike, options: ShowFrameOptions = {}): TableBlock {
  // Cells are plain JavaScript to us: what is passed may be anything.
  const { columns, values } = frame as Partial<FrameLike>;
  if (!isList(columns) || !isList(values))
    throw new Error('showFrame takes a danfojs DataFrame: what was given has no columns and values');
  const limit = options.rows ?? 100;
  const all = values.map((row) => (isList(row) ? row : [row]));
  const rows = all
    .slice(0, limit)
    .map((row) => Object.fromEntries(columns.map((column, index) => [column, tableCell(row[index])])));
  const more = all.length > limit ? `The first ${limit} of ${all.length} rows.` : '';
  const caption = [options.caption, more].filter(Boolean).join(' ');
  return {
    type: 'table',
    title: options.title ?? '',
    columns: columns.map((key) => ({
      key,
      title: key,
      kind: isNumeric(rows, key) ? 'number' : 'text',
    })),
    rows,
    ...(caption === '' ? {} : { caption }),
  };
}

function isNumeric(rows: readonly Readonly<Record<string, TableCell>>[], key: string): boolean {
  const values = rows.map((row) => row[key]).filter((value) => value !== null);
  return values.length > 0 && values.every((value) => typeof value === 'number');
}

/** `Array.isArray` that keeps the items' type, and gives unknown ones rather than `any`. */
function isList<Item>(value: readonly Item[] | undefined): value is readonly Item[];
function isList(value: unknown): value is readonly unknown[];
function isList(value: unknown): boolean {
  return Array.isArray(value);
}

/** danfojs marks what is missing by undefined, null or NaN. */
function tableCell(value: unknown): TableCell {
  if (value === undefined || value === null || (typeof value === 'number' && Number.isNaN(value)))
    return null;
  if (typeof value === 'number' || typeof value === 'string') return value;
  return typeof value === 'boolean' || typeof value === 'bigint' ? String(value) : JSON.stringify(value);
}
