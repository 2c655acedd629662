/** Notebook files (nbformat 4): their types, reading with errors that say where, writing, and clearing. */
import { readFileSync } from 'node:fs';
import { z } from 'zod';

const text = z.union([z.string(), z.array(z.string())]);
const metadata = z.record(z.string(), z.unknown());
const bundle = z.record(z.string(), z.unknown());

const streamOutput = z.looseObject({
  output_type: z.literal('stream'),
  name: z.enum(['stdout', 'stderr']),
  text,
});
const displayOutput = z.looseObject({ output_type: z.literal('display_data'), data: bundle, metadata });
const resultOutput = z.looseObject({
  output_type: z.literal('execute_result'),
  data: bundle,
  metadata,
  execution_count: z.number().nullable(),
});
const errorOutput = z.looseObject({
  output_type: z.literal('error'),
  ename: z.string(),
  evalue: z.string(),
  traceback: z.array(z.string()),
});
const output = z.discriminatedUnion('output_type', [streamOutput, displayOutput, resultOutput, errorOutput]);

const codeCell = z.looseObject({
  cell_type: z.literal('code'),
  id: z.string().optional(),
  metadata,
  source: text,
  outputs: z.array(output),
  execution_count: z.number().nullable(),
});
const textCell = z.looseObject({
  cell_type: z.enum(['markdown', 'raw']),
  id: z.string().optional(),
  metadata,
  source: text,
});
const cell = z.discriminatedUnion('cell_type', [codeCell, textCell]);

const notebook = z.looseObject({
  nbformat: z.literal(4, 'only notebook format 4 is read; open and save the file with a current Jupyter'),
  nbformat_minor: z.number(),
  metadata,
  cells: z.array(cell),
});

/** Output of a cell as nbformat has it: stream, display_data, execute_result or error. */
export type NotebookOutput = z.infer<typeof output>;
export type ErrorOutput = z.infer<typeof errorOutput>;
export type CodeCell = z.infer<typeof codeCell>;
export type NotebookCell = z.infer<typeof cell>;
/** A notebook file, nbformat 4. Fields that are not named here are kept as they are. */
export type Notebook = z.infer<typeof notebook>;

/** The text of a field that nbformat allows as one string or as a list of lines. */
export function joinText(value: string | readonly string[]): string {
  return typeof value === 'string' ? value : value.join('');
}

/** Text as nbformat stores it: a list of lines, each with its line break, which keeps diffs readable. */
export function splitText(value: string): string[] {
  return value.match(/[^\n]*\n|[^\n]+$/g) ?? [];
}

/**
 * Reads and checks a notebook file.
 *
 * @throws Error that names the file, and line and column of broken JSON, the byte of broken UTF-8, or the cell and
 *   field that do not fit the format.
 */
export function readNotebook(path: string): Notebook {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    throw new Error(`cannot read the notebook ${path}: ${messageOf(error)}`, { cause: error });
  }
  return parseNotebook(decodeUtf8(bytes, path), path);
}

/** Checks the text of a notebook; `path` is for messages. */
export function parseNotebook(content: string, path: string): Notebook {
  let value: unknown;
  try {
    value = JSON.parse(content);
  } catch (error) {
    const at = locateJsonError(content);
    const before = content.slice(0, at).split('\n');
    const column = (before.at(-1)?.length ?? 0) + 1;
    const found =
      at >= content.length ? 'the file ends too early' : `unexpected ${JSON.stringify(content.charAt(at))}`;
    const place = `line ${before.length}, column ${column} (byte ${Buffer.byteLength(content.slice(0, at))})`;
    const advice = 'Restore the file, or repair it there: a merge conflict often looks like this.';
    throw new Error(`${path} is no notebook: broken JSON at ${place}: ${found}. ${advice}`, { cause: error });
  }
  const result = notebook.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const where = issue ? describePath(issue.path) : '';
  throw new Error(`${path} is no notebook of format 4: ${where}${issue?.message ?? 'unknown shape'}`);
}

/** The file's content for a notebook, laid out as Jupyter does it (one space, a line break at the end). */
export function formatNotebook(value: Notebook): string {
  return `${JSON.stringify(value, null, 1)}\n`;
}

/** The notebook without outputs, execution counts and execution times: what is committed. */
export function clearNotebook(value: Notebook): Notebook {
  return {
    ...value,
    cells: value.cells.map((entry) => {
      const { execution: _, ExecuteTime: __, ...kept } = entry.metadata;
      if (entry.cell_type !== 'code') return { ...entry, metadata: kept };
      return { ...entry, metadata: kept, outputs: [], execution_count: null };
    }),
  };
}

/** The code cells, numbered from 1 in the order of the file. */
export function codeCells(value: Notebook): readonly { readonly number: number; readonly cell: CodeCell }[] {
  const cells = value.cells.filter((entry): entry is CodeCell => entry.cell_type === 'code');
  return cells.map((entry, index) => ({ number: index + 1, cell: entry }));
}

/** The tags of a cell, as papermill and Jupyter keep them. */
export function tagsOf(entry: NotebookCell): readonly string[] {
  const tags = entry.metadata.tags;
  return Array.isArray(tags) ? tags.filter((tag): tag is string => typeof tag === 'string') : [];
}

function decodeUtf8(bytes: Buffer, path: string): string {
  const content = bytes.toString('utf8').replace(/^\uFEFF/, '');
  const broken = content.indexOf('\uFFFD');
  // A replacement character may also stand in the file itself, which is valid UTF-8.
  if (broken >= 0 && !Buffer.from(content, 'utf8').equals(bytes)) {
    const at = Buffer.byteLength(content.slice(0, broken));
    if (bytes.subarray(at, at + 3).toString('hex') !== 'efbfbd')
      throw new Error(`${path} is no UTF-8 text (byte ${at}): save it as UTF-8`);
  }
  return content;
}

function describePath(path: readonly PropertyKey[]): string {
  const [first, index, ...rest] = path.map(String);
  if (first === undefined) return '';
  if (first !== 'cells' || index === undefined)
    return `${[first, index, ...rest].filter(Boolean).join('.')}: `;
  return `cell ${Number(index) + 1} of the file${rest.length > 0 ? `, ${rest.join('.')}` : ''}: `;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

const SPACE = /[ \t\r\n]*/y;
// JSON's strings hold no control characters; \p{Cc} also has U+007F to U+009F, which JSON allows.
const STRING = /"(?:(?!["\\])[^\p{Cc}]|[\u007f-\u009f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/uy;
const WORD = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;

/**
 * Offset of the first character at which the text stops being JSON. Node's own message has no position before Node 22,
 * and none for every kind of error after it.
 */
export function locateJsonError(content: string): number {
  let at = 0;
  const match = (pattern: RegExp): boolean => {
    pattern.lastIndex = at;
    const found = pattern.exec(content);
    if (found) at += found[0].length;
    return found !== null;
  };
  const char = (expected: string): boolean => {
    match(SPACE);
    if (content[at] !== expected) return false;
    at++;
    return true;
  };
  const list = (close: string, item: () => boolean): boolean => {
    if (char(close)) return true;
    do if (!item()) return false;
    while (char(','));
    return char(close);
  };
  const value = (): boolean => {
    match(SPACE);
    if (char('{')) return list('}', () => (match(SPACE), match(STRING)) && char(':') && value());
    if (char('[')) return list(']', value);
    return match(STRING) || match(WORD);
  };
  if (value()) match(SPACE);
  return at;
}
