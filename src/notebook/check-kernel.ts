/** Whether the kernel works here: started for real, with one cell run in it. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatNotebook, joinText, type Notebook } from './nbformat.js';
import { describeFailure, runNotebook } from './run-notebook.js';

/** What a working kernel tells of itself. */
export interface KernelCheck {
  /** Seconds from the kernel's start to its end. */
  readonly seconds: number;
  readonly node: string;
  /** Version of the TypeScript that compiles cells. */
  readonly typescript: string;
}

const QUESTION = `import { versions } from 'tslab';
console.log(JSON.stringify(versions));`;

/**
 * Starts the kernel and runs a cell that asks for its versions.
 *
 * @throws Error with the kernel's own words when it does not start, or answers wrongly.
 */
export async function checkKernel(): Promise<KernelCheck> {
  const folder = mkdtempSync(join(tmpdir(), 'care-kernel-check-'));
  try {
    const path = join(folder, 'check.ipynb');
    writeFileSync(path, formatNotebook(questionNotebook()));
    const { notebook, failure, seconds } = await runNotebook(path, { timeoutSeconds: 60 });
    if (failure) throw new Error(`the kernel starts, but cannot run a cell: ${describeFailure(failure)}`);
    const answer = JSON.parse(printedText(notebook)) as {
      readonly node: string;
      readonly typescript: string;
    };
    return { seconds, node: answer.node, typescript: answer.typescript };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function questionNotebook(): Notebook {
  const cell = {
    cell_type: 'code' as const,
    id: 'check',
    metadata: {},
    source: QUESTION,
    outputs: [],
    execution_count: null,
  };
  return { nbformat: 4, nbformat_minor: 5, metadata: {}, cells: [cell] };
}

function printedText(notebook: Notebook): string {
  const outputs = notebook.cells.flatMap((cell) => (cell.cell_type === 'code' ? cell.outputs : []));
  return outputs.map((output) => (output.output_type === 'stream' ? joinText(output.text) : '')).join('');
}
