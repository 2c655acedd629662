import { BLOCK_MIME } from '../blocks.js';
import type { Block, SummaryBlock } from '../blocks.js';

/** As much of the notebook format (nbformat 4) as a report reads. */
export interface Notebook {
  readonly cells: readonly NotebookCell[];
  readonly metadata?: unknown;
}

export type MultilineText = string | readonly string[];

export interface NotebookCell {
  readonly cell_type: string;
  readonly source: MultilineText;
  readonly outputs?: readonly NotebookOutput[];
  readonly execution_count?: number | null;
  /** Pictures pasted into Markdown: `{ "name.png": { "image/png": base64 } }`. */
  readonly attachments?: Readonly<Record<string, Readonly<Record<string, MultilineText>>>>;
  readonly metadata?: unknown;
}

export interface NotebookOutput {
  readonly output_type: string;
  readonly name?: string;
  readonly text?: MultilineText;
  readonly data?: Readonly<Record<string, unknown>>;
  readonly ename?: string;
  readonly evalue?: string;
  readonly traceback?: readonly string[];
}

const BLOCK_TYPES: readonly Block['type'][] = [
  'table',
  'figure',
  'pictures',
  'claims',
  'claim-index',
  'summary',
  'settings',
  'provenance',
  'prose',
];

/** Text of a notebook, which may be split into lines. */
export function joined(text: unknown): string {
  if (typeof text === 'string') return text;
  return Array.isArray(text) ? text.map(String).join('') : '';
}

/** JSON of an output, which kernels send as an object or as text. */
export function jsonOf(data: unknown): unknown {
  if (typeof data === 'object' && data !== null && !Array.isArray(data)) return data;
  try {
    return JSON.parse(joined(data)) as unknown;
  } catch (error) {
    throw new Error(
      `An output is not valid JSON (${error instanceof Error ? error.message : String(error)}); run its cell again.`,
    );
  }
}

/**
 * The block of an output, or undefined where it carries none.
 *
 * @throws when it carries one that is damaged or of a kind that this version does not know.
 */
export function blockOf(output: NotebookOutput): Block | undefined {
  const data = output.data?.[BLOCK_MIME];
  if (data === undefined) return undefined;
  const block = jsonOf(data);
  const type = (block as { type?: unknown }).type;
  if (!BLOCK_TYPES.some((known) => known === type)) {
    throw new Error(
      `An output holds a block of unknown kind "${String(type)}"; known: ${BLOCK_TYPES.join(', ')}.`,
    );
  }
  return block as Block;
}

/** Every intact block of a notebook, in order. */
export function notebookBlocks(notebook: Notebook): Block[] {
  return notebook.cells.flatMap((cell) =>
    (cell.outputs ?? []).flatMap((output) => {
      try {
        return blockOf(output) ?? [];
      } catch {
        return [];
      }
    }),
  );
}

/** The last summary block, since a later one knows more; undefined where there is none. */
export function notebookSummary(notebook: Notebook): SummaryBlock | undefined {
  return notebookBlocks(notebook)
    .filter((block) => block.type === 'summary')
    .at(-1);
}

/** @throws when the value is not a notebook of format 4. */
export function assertNotebook(value: unknown, name: string): asserts value is Notebook {
  const cells =
    typeof value === 'object' && value !== null ? (value as { cells?: unknown }).cells : undefined;
  if (!Array.isArray(cells)) {
    throw new Error(
      `${name} is not a notebook: it has no list of cells. Give the JSON of an executed .ipynb file (nbformat 4).`,
    );
  }
}
