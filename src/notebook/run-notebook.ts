/** Runs a notebook cell by cell in the project's kernel, without Python, and keeps outputs and error texts. */
import { randomUUID } from 'node:crypto';
import { dirname, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startKernel, type Kernel, type KernelMessage } from './kernel-process.js';
import {
  clearNotebook,
  joinText,
  readNotebook,
  type CodeCell,
  type Notebook,
  type NotebookOutput,
} from './nbformat.js';
import { createOutputCollector, makeError, storedOutputs } from './outputs.js';
import { injectParameters, isInjected } from './parameters.js';

/** What happens while a notebook runs, for progress displays. */
export type NotebookEvent =
  | {
      readonly type: 'cell-started';
      readonly cell: CellPosition;
      readonly cells: number;
      readonly firstLine: string;
    }
  | {
      readonly type: 'stream';
      readonly cell: CellPosition;
      readonly name: 'stdout' | 'stderr';
      readonly text: string;
    }
  /** A display, new or updated; `text` is its plain-text form. */
  | { readonly type: 'display'; readonly cell: CellPosition; readonly text: string; readonly update: boolean }
  | {
      readonly type: 'cell-finished';
      readonly cell: CellPosition;
      readonly cells: number;
      readonly status: CellStatus;
      readonly seconds: number;
    };

export type CellStatus = 'ok' | 'error';

/** Which code cell: its number in the file, from 1; the injected parameters cell, which is in no file, has null. */
export type CellPosition = number | null;

export interface RunNotebookOptions {
  /** Seconds that one cell may take before it is interrupted. Default: no limit. */
  readonly timeoutSeconds?: number;
  /** The kernel's working folder. Default: the notebook's folder. */
  readonly cwd?: string;
  /** Values for the variables of the cell tagged `parameters`; JSON, or text. */
  readonly parameters?: Readonly<Record<string, string>>;
  /** Added to the kernel's environment. */
  readonly env?: Readonly<Record<string, string>>;
  readonly onProgress?: (event: NotebookEvent) => void;
  /** Interrupts the running cell and ends the run; what was shown until then is kept. */
  readonly signal?: AbortSignal;
}

/** Why a run ended before the notebook's end. */
export interface CellFailure {
  readonly kind: 'error' | 'timeout' | 'interrupted' | 'kernel died';
  readonly cell: CellPosition;
  /** The count in brackets beside the cell; places in tracebacks (`In[3]:5:9`) use it. */
  readonly executionCount: number | null;
  readonly firstLine: string;
  readonly ename: string;
  readonly evalue: string;
  readonly traceback: readonly string[];
}

/** A notebook after a run, with outputs up to the first failing cell. */
export interface ExecutedNotebook {
  readonly notebook: Notebook;
  /** Absent when every cell ran. */
  readonly failure?: CellFailure;
  /** Seconds of the whole run, the kernel's start included. */
  readonly seconds: number;
  readonly cells: readonly {
    readonly cell: CellPosition;
    readonly seconds: number;
    readonly status: CellStatus;
  }[];
}

/** After an interrupt, a cell that goes on for so long is ended with its kernel. */
const GRACE_MILLISECONDS = 5_000;
/** How long rejections that nobody awaited may still arrive after the last cell. */
const SETTLE_MILLISECONDS = 200;

/**
 * Executes a notebook. A failing cell is no exception: the result carries `failure` and everything shown until then,
 * so that it can be saved and read. Old outputs are dropped; the file itself is not written.
 *
 * A cell fails when it throws, does not compile, leaves a rejection unawaited, takes longer than the limit, or brings
 * its kernel down.
 *
 * @throws Error when the file is no notebook, a parameter is unknown, or the kernel does not start.
 */
export async function runNotebook(path: string, options: RunNotebookOptions = {}): Promise<ExecutedNotebook> {
  const started = Date.now();
  const notebook = injectParameters(clearNotebook(readNotebook(path)), options.parameters ?? {});
  const cwd = options.cwd ?? dirname(resolve(path));
  const kernel = await startKernel({
    cwd,
    ...(options.env ? { env: options.env } : {}),
    ...(options.signal ? { signal: options.signal } : {}),
  });
  try {
    const run = await runCells(kernel, notebook, options);
    return {
      notebook: withOutputs(notebook, run.cells),
      ...summary(run),
      seconds: (Date.now() - started) / 1000,
    };
  } finally {
    await kernel.stop();
  }
}

/** One line: `code cell 3 (In[3]) "const x = ...": TypeError: ...`. */
export function describeFailure(failure: CellFailure): string {
  const which = failure.cell === null ? 'the cell of injected parameters' : `code cell ${failure.cell}`;
  const count = failure.executionCount === null ? '' : ` (In[${failure.executionCount}])`;
  return `${which}${count} "${failure.firstLine}": ${failure.ename}: ${failure.evalue}`;
}

/** A code cell on its way through the kernel. */
interface CellRun {
  readonly cell: CodeCell;
  readonly position: CellPosition;
  readonly firstLine: string;
  readonly outputs: NotebookOutput[];
  executionCount: number | null;
  request: string;
  /** The cell failed: what ended it, once known. */
  failure?: CellFailure;
  seconds: number;
}

async function runCells(kernel: Kernel, notebook: Notebook, options: RunNotebookOptions) {
  const cells = planCells(notebook);
  const waiting = followMessages(kernel, cells, options);
  const total = cells.filter(({ position }) => position !== null).length;
  let failure: CellFailure | undefined;
  for (const run of cells) {
    // An error that an earlier cell left behind, from a timer say, may have come in between two cells.
    failure = cells.find((earlier) => earlier.failure)?.failure;
    if (failure) break;
    options.onProgress?.({
      type: 'cell-started',
      cell: run.position,
      cells: total,
      firstLine: run.firstLine,
    });
    await runCell(kernel, run, waiting, options);
    failure = run.failure;
    const status = failure ? 'error' : 'ok';
    options.onProgress?.({
      type: 'cell-finished',
      cell: run.position,
      cells: total,
      status,
      seconds: run.seconds,
    });
    if (failure) break;
  }
  if (!failure) await Promise.race([sleep(SETTLE_MILLISECONDS), kernel.died]);
  failure ??= cells.find((run) => run.failure)?.failure;
  return { cells, failure };
}

function planCells(notebook: Notebook): CellRun[] {
  let number = 0;
  return notebook.cells
    .filter((cell): cell is CodeCell => cell.cell_type === 'code')
    .map((cell) => ({
      cell,
      position: isInjected(cell) ? null : ++number,
      firstLine: firstLineOf(joinText(cell.source)),
      outputs: [],
      executionCount: null,
      request: '',
      seconds: 0,
    }));
}

function firstLineOf(source: string): string {
  const line = source.split('\n').find((text) => text.trim() !== '') ?? '';
  return line.length > 80 ? `${line.slice(0, 79)}…` : line;
}

/** The promise of the cell that runs: resolved when it has replied and the kernel has said that all is sent. */
interface Waiting {
  current: { readonly request: string; replied: boolean; idle: boolean; readonly resolve: () => void } | null;
}

/** Sorts messages to their cells for the whole run: output can come after a cell's end. */
function followMessages(kernel: Kernel, cells: readonly CellRun[], options: RunNotebookOptions): Waiting {
  const waiting: Waiting = { current: null };
  const collector = createOutputCollector();
  kernel.onMessage((channel, message) => {
    const run = cells.find(({ request }) => request !== '' && request === message.parent);
    if (!run) return;
    if (message.type === 'execute_reply' || message.type === 'execute_input') keepCount(run, message);
    if (channel === 'iopub') collectOutput(run, message, collector, options);
    const current = waiting.current;
    if (current?.request !== message.parent) return;
    if (message.type === 'execute_reply') {
      current.replied = true;
      // The kernel's own word counts even where no error message was seen.
      if (message.content.status !== 'ok') run.failure ??= failureOf(run, 'error', replyError(message));
    }
    if (message.type === 'status' && message.content.execution_state === 'idle') current.idle = true;
    if (current.replied && current.idle) current.resolve();
  });
  return waiting;
}

function keepCount(run: CellRun, message: KernelMessage): void {
  const count = message.content.execution_count;
  if (typeof count === 'number') run.executionCount = count;
}

function collectOutput(
  run: CellRun,
  message: KernelMessage,
  collector: ReturnType<typeof createOutputCollector>,
  options: RunNotebookOptions,
): void {
  const output = collector.add(run.outputs, message);
  if (!output) return;
  const cell = run.position;
  if (output.output_type === 'error') {
    run.failure ??= failureOf(run, output.ename === 'Interrupted' ? 'interrupted' : 'error', output);
  } else if (output.output_type === 'stream') {
    const text = typeof message.content.text === 'string' ? message.content.text : '';
    options.onProgress?.({ type: 'stream', cell, name: output.name, text });
  } else {
    const plain = output.data['text/plain'];
    const update = message.type === 'update_display_data';
    options.onProgress?.({ type: 'display', cell, text: typeof plain === 'string' ? plain : '', update });
  }
}

function replyError({ content }: KernelMessage) {
  const text = (value: unknown, otherwise: string): string => (typeof value === 'string' ? value : otherwise);
  const lines = Array.isArray(content.traceback) ? content.traceback.map(String) : [];
  return makeError(text(content.ename, 'Error'), text(content.evalue, 'the kernel gave no reason'), lines);
}

function failureOf(
  run: CellRun,
  kind: CellFailure['kind'],
  {
    ename,
    evalue,
    traceback,
  }: { readonly ename: string; readonly evalue: string; readonly traceback: readonly string[] },
): CellFailure {
  const { position, executionCount, firstLine } = run;
  return { kind, cell: position, executionCount, firstLine, ename, evalue, traceback };
}

/** Records a failure that the kernel could not tell of itself, in the cell's outputs too. */
function fail(run: CellRun, kind: CellFailure['kind'], ename: string, evalue: string): void {
  const error = makeError(ename, evalue);
  run.outputs.push(error);
  run.failure = failureOf(run, kind, error);
}

type Ending = 'finished' | 'timeout' | 'aborted' | { readonly died: string };

/** Runs one cell to its end, whichever it is; the outcome stands in `run`. */
async function runCell(
  kernel: Kernel,
  run: CellRun,
  waiting: Waiting,
  options: RunNotebookOptions,
): Promise<void> {
  const code = joinText(run.cell.source);
  if (code.trim() === '') return;
  const started = Date.now();
  run.request = randomUUID();
  const finished = new Promise<'finished'>((resolve) => {
    const done = (): void => resolve('finished');
    waiting.current = { request: run.request, replied: false, idle: false, resolve: done };
  });
  const died = kernel.died.then((why) => ({ died: why }));
  const request = { code, silent: false, store_history: true, user_expressions: {}, allow_stdin: false };
  await kernel.request('execute_request', { ...request, stop_on_error: true }, run.request);
  const ending = await firstEnding([finished, died], options.timeoutSeconds, options.signal);
  if (typeof ending === 'object') failDead(run, ending.died);
  else if (ending !== 'finished')
    await stopCell(kernel, run, ending, Promise.race([finished, died]), options);
  waiting.current = null;
  run.seconds = (Date.now() - started) / 1000;
}

async function firstEnding(
  endings: readonly Promise<Ending>[],
  timeoutSeconds: number | undefined,
  signal: AbortSignal | undefined,
): Promise<Ending> {
  let timer: NodeJS.Timeout | undefined;
  let onAbort: (() => void) | undefined;
  const limit = new Promise<Ending>((resolve) => {
    if (timeoutSeconds !== undefined) timer = setTimeout(() => resolve('timeout'), timeoutSeconds * 1000);
    onAbort = () => resolve('aborted');
    if (signal?.aborted) onAbort();
    signal?.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([...endings, limit]);
  } finally {
    clearTimeout(timer);
    if (onAbort) signal?.removeEventListener('abort', onAbort);
  }
}

/** Interrupts a cell; one that does not stop (a synchronous loop after an await) is ended with its kernel. */
async function stopCell(
  kernel: Kernel,
  run: CellRun,
  why: 'timeout' | 'aborted',
  ended: Promise<unknown>,
  options: RunNotebookOptions,
): Promise<void> {
  kernel.interrupt();
  const patience = new AbortController();
  const overdue = sleep(GRACE_MILLISECONDS, 'hung' as const, { signal: patience.signal }).catch(
    () => 'stopped',
  );
  const result = await Promise.race([overdue, ended]);
  patience.abort();
  if (result === 'hung') {
    kernel.kill();
    await ended;
  }
  const how =
    result === 'hung' ? 'did not stop when interrupted, so its kernel was ended' : 'was interrupted';
  // The kernel's own note that it was interrupted would stand beside the reason.
  const last = run.outputs.at(-1);
  if (last?.output_type === 'error' && last.ename === 'Interrupted') run.outputs.pop();
  if (why === 'aborted') fail(run, 'interrupted', 'Interrupted', `the run was stopped and the cell ${how}`);
  else
    fail(
      run,
      'timeout',
      'Timeout',
      `the cell took longer than ${options.timeoutSeconds ?? 0} seconds and ${how}`,
    );
}

/** Also what a cell ends with that calls `process.exit`. */
function failDead(run: CellRun, why: string): void {
  fail(run, 'kernel died', 'KernelDied', why);
}

function withOutputs(notebook: Notebook, runs: readonly CellRun[]): Notebook {
  const cells = notebook.cells.map((cell) => {
    const run = runs.find((candidate) => candidate.cell === cell);
    if (!run) return cell;
    return { ...run.cell, outputs: storedOutputs(run.outputs), execution_count: run.executionCount };
  });
  return { ...notebook, cells };
}

function summary({
  cells,
  failure,
}: {
  readonly cells: readonly CellRun[];
  readonly failure: CellFailure | undefined;
}) {
  const ran = cells.filter(({ request }) => request !== '');
  return {
    ...(failure ? { failure } : {}),
    cells: ran.map((run) => ({
      cell: run.position,
      seconds: run.seconds,
      status: run.failure ? ('error' as const) : ('ok' as const),
    })),
  };
}
