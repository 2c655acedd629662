/** Small notebooks in temporary folders, and a `care` package made of the display sources, for the tests of this room. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { afterAll } from 'vitest';
import {
  formatNotebook,
  joinText,
  type CodeCell,
  type Notebook,
  type NotebookOutput,
} from '../../src/notebook/nbformat.js';
import type { ExecutedNotebook } from '../../src/notebook/run-notebook.js';

const folders: string[] = [];
afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true, force: true })));

export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'care-notebook-test-'));
  folders.push(folder);
  return folder;
}

/** A code cell; `tags` as papermill has them. */
export function codeCell(source: string, tags?: readonly string[]): CodeCell {
  const metadata = tags ? { tags: [...tags] } : {};
  return { cell_type: 'code', metadata, source, outputs: [], execution_count: null };
}

export function notebookOf(...cells: readonly (string | Notebook['cells'][number])[]): Notebook {
  return {
    nbformat: 4,
    nbformat_minor: 4,
    metadata: {},
    cells: cells.map((cell) => (typeof cell === 'string' ? codeCell(cell) : cell)),
  };
}

/** Writes a notebook of these cells and returns its path. */
export function writeNotebook(...cells: readonly (string | Notebook['cells'][number])[]): string {
  return writeNotebookIn(temporaryFolder(), ...cells);
}

export function writeNotebookIn(
  folder: string,
  ...cells: readonly (string | Notebook['cells'][number])[]
): string {
  const path = join(folder, 'test.ipynb');
  writeFileSync(path, formatNotebook(notebookOf(...cells)));
  return path;
}

/** Outputs of the code cell with this index, from 0. */
export function outputsOf({ notebook }: Pick<ExecutedNotebook, 'notebook'>, index: number): NotebookOutput[] {
  const cells = notebook.cells.filter((cell): cell is CodeCell => cell.cell_type === 'code');
  return cells[index]?.outputs ?? [];
}

/** What a cell printed to one stream. */
export function printed(
  executed: ExecutedNotebook,
  index: number,
  name: 'stdout' | 'stderr' = 'stdout',
): string {
  return outputsOf(executed, index)
    .map((output) => (output.output_type === 'stream' && output.name === name ? joinText(output.text) : ''))
    .join('');
}

/** A folder in which cells can import `care`, which holds the display functions compiled from the sources. */
export function folderWithDisplayPackage(): string {
  const folder = temporaryFolder();
  const home = join(folder, 'node_modules', 'care');
  const source = fileURLToPath(new URL('../../src/', import.meta.url));
  for (const name of ['display', 'block-html', 'figure-spec', 'kernel-display', 'progress-display']) {
    const { outputText } = ts.transpileModule(readFileSync(join(source, 'notebook', `${name}.ts`), 'utf8'), {
      compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 },
    });
    put(join(home, 'dist', `${name}.js`), outputText);
  }
  put(
    join(home, 'package.json'),
    '{ "name": "care", "type": "module", "main": "dist/index.js", "types": "index.d.ts" }',
  );
  put(
    join(home, 'dist', 'index.js'),
    "export * from './display.js';\nexport * from './progress-display.js';\n",
  );
  put(
    join(home, 'index.d.ts'),
    [
      'export declare function show(block: unknown): void;',
      'export declare function showFrame(frame: { columns: string[]; values: unknown[] }): void;',
      'export interface ProgressState { step: number; of: number; losses?: Record<string, number>; note?: string }',
      'export declare function progressDisplay(title: string, options?: { interval?: number }):',
      '  { update(state: ProgressState): void; finish(note?: string): void; fail(reason: string): void };',
    ].join('\n'),
  );
  return folder;
}

function put(path: string, content: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
}
