/** From an executed notebook to report files. */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { EXPERIMENT_NAMES } from '../experiments/experiments.js';
import { formatNotebook } from '../notebook/nbformat.js';
import { describeFailure, runNotebook } from '../notebook/run-notebook.js';
import type { SummaryBlock } from '../report/blocks.js';
import { notebookSummary, renderReport } from '../report/render-report.js';
import type { ReproductionChoice } from '../report/reproduction/results.js';
import { UserError } from '../runs/user-error.js';
import { makeFolder } from '../tensorflow/setup/folders.js';
import { writeFileAtomically } from '../train/atomic-file.js';

/** The folder of the package, in which `notebooks/` stands. */
export const PACKAGE_FOLDER = resolve(dirname(fileURLToPath(import.meta.url)), '../..');

export interface ReportRequest {
  /** Name of the notebook in `notebooks/`, without its ending. */
  readonly name: string;
  readonly out: string;
  readonly parameters: Readonly<Record<string, string>>;
  /** Folder of the data, where it is not the usual one. */
  readonly dataDir?: string;
  readonly signal?: AbortSignal;
  readonly onCell?: (cell: number, cells: number) => void;
}

export interface WrittenReport {
  readonly html: string;
  readonly summary: SummaryBlock | undefined;
}

/** A path as a notebook's parameter: relative to the notebooks, so that no report carries a path of one machine. */
export function notebookPath(path: string): string {
  return relative(join(PACKAGE_FOLDER, 'notebooks'), resolve(path)).split(sep).join('/');
}

/** Makes the output folder now, so that a folder that cannot be written is found before an hour of training. */
export function prepareFolder(folder: string): void {
  const trial = join(folder, '.care-write-test');
  try {
    makeFolder(folder);
    writeFileAtomically(trial, '', 'a test file');
    rmSync(trial);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UserError(
      `Reports cannot be written to ${folder}: ${reason}`,
      'Choose another folder with --out.',
      {
        cause: error,
      },
    );
  }
}

/** The notebooks of the package are checked, strictly, by its tests: doing it again took most of a report's time. */
const UNCHECKED_TYPES = { CARE_KERNEL_TYPES: 'unchecked' };

/**
 * Executes a notebook and writes `<out>/<name>.html`, with the executed notebook beside it.
 *
 * @throws UserError when a cell failed; the executed notebook is written all the same, with the error in it.
 */
export async function writeReport(request: ReportRequest): Promise<WrittenReport> {
  const { name, out, parameters, dataDir, signal, onCell } = request;
  const source = join(PACKAGE_FOLDER, 'notebooks', `${name}.ipynb`);
  const executed = await runNotebook(source, {
    parameters,
    env: { ...UNCHECKED_TYPES, ...(dataDir === undefined ? {} : { CARE_DATA_DIR: resolve(dataDir) }) },
    ...(signal === undefined ? {} : { signal }),
    onProgress: (event) => {
      if (event.type === 'cell-started' && event.cell !== null) onCell?.(event.cell, event.cells);
    },
  });
  const notebookFile = join(out, `${name}.ipynb`);
  writeFileAtomically(notebookFile, formatNotebook(executed.notebook), 'the executed notebook');
  if (executed.failure !== undefined) {
    throw new UserError(
      `The notebook ${basename(source)} failed.\n${describeFailure(executed.failure)}`,
      `What it showed until then is in ${notebookFile}.`,
    );
  }
  const html = join(out, `${name}.html`);
  const page = await renderReport({
    notebook: executed.notebook,
    notebookName: `${name}.ipynb`,
    generatedAt: new Date().toISOString(),
    generator: `care ${packageVersion()}`,
  });
  writeFileAtomically(html, page, 'the report');
  return { html, summary: notebookSummary(executed.notebook) };
}

/** Name of the notebook over all experiments. */
export const INDEX = 'index';

/** What the index looks at beside the store. */
export interface IndexRequest {
  readonly out: string;
  readonly runs: string;
  readonly preset: string;
  /** Left out: of each experiment the profile with most runs. */
  readonly profile?: string;
  readonly chosen?: NonNullable<ReproductionChoice['chosen']>;
  readonly signal?: AbortSignal;
}

/** Writes the report over all experiments, which links to those that lie in the same folder. */
export async function writeIndex(request: IndexRequest): Promise<WrittenReport> {
  const { out, runs, preset, profile, chosen = {}, signal } = request;
  const beside = EXPERIMENT_NAMES.filter((name) => existsSync(join(out, `${name}.html`)));
  return writeReport({
    name: INDEX,
    out,
    parameters: {
      preset,
      runs: notebookPath(runs),
      chosen: JSON.stringify(chosen),
      reports: JSON.stringify(beside),
      ...(profile === undefined ? {} : { profile }),
    },
    ...(signal === undefined ? {} : { signal }),
  });
}

function packageVersion(): string {
  const manifest = JSON.parse(readFileSync(join(PACKAGE_FOLDER, 'package.json'), 'utf8')) as {
    version: string;
  };
  return manifest.version;
}
