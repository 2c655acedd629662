/** `care doctor`: what the package computes with, whether that works, and what is missing. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';

import { findDataDir } from '../data/data-dir.js';
import type { Environment } from '../runs/record.js';
import { bindingPath, environmentFacts, nativePackageFolder, startEngine } from '../tensorflow/engine.js';
import { findCompiler, probeBinding, readStamp } from '../tensorflow/setup/binding.js';
import { SetupError } from '../tensorflow/setup/error.js';
import { cacheFolder, ownLibrary, type Library } from '../tensorflow/setup/library.js';
import { runProgram } from '../tensorflow/setup/processes.js';
import { findPip } from '../tensorflow/setup/python.js';
import {
  timeMatMul,
  trainRegression,
  type MatMulTime,
  type TrainingCheck,
} from '../tensorflow/setup/self-test.js';
import { wrapped } from './text-table.js';

/** Something that does not work, and the way to mend it. */
export interface Problem {
  readonly what: string;
  readonly hint: string;
}

/** A program beside Node: its version, or null and how to get it. */
export interface Tool {
  readonly name: string;
  readonly version: string | null;
  /** What it is for, and so whether its absence matters. */
  readonly purpose: string;
  readonly hint: string;
}

/** What `care doctor --json` prints. */
export interface DoctorReport {
  /** The native library computes and trains. */
  readonly nativeWorks: boolean;
  /** Exit status 0 if it works and there are none, else 1. */
  readonly problems: readonly Problem[];
  readonly environment: Environment;
  /** The library that the binding was built for; null if `npm run care -- setup` has not built it. */
  readonly library: Library | null;
  readonly training: TrainingCheck;
  readonly matMul: MatMulTime;
  readonly cache: { readonly folder: string; readonly bytes: number };
  /** Null: everything runs on generated data. */
  readonly dataFolder: string | null;
  readonly tools: readonly Tool[];
}

/** Adds `care doctor` to the command line. */
export function registerDoctor(program: Command): void {
  program
    .command('doctor')
    .description('train a small model and say what it ran on, and what is missing and how to get it')
    .option('--json', 'print the findings as JSON')
    .action(async ({ json }: { readonly json?: boolean }) => {
      const report = await examine();
      process.stdout.write(json ? `${JSON.stringify(report, null, 2)}\n` : describe(report));
      process.exitCode = report.nativeWorks && report.problems.length === 0 ? 0 : 1;
    });
}

/** Examines this machine: starts the engine of this process, trains on it, and looks for the other programs. */
export async function examine(): Promise<DoctorReport> {
  const problems: Problem[] = [];
  const packageFolder = nativePackageFolder();
  const loads = await bindingLoads(packageFolder, problems);
  // The probe has said what is wrong; the engine need not warn a second time.
  const facts = startEngine(loads ? {} : { backend: 'cpu' });
  const native = facts.backend === 'tensorflow';
  if (facts.fallbackReason !== undefined) problems.push(notNative(facts.fallbackReason));
  const training = trainRegression();
  if (!training.passed) problems.push(wrongTraining(training));
  const environment = environmentFacts();
  const library = packageFolder === null ? null : (readStamp(packageFolder)?.library ?? null);
  problems.push(...namedLibraryProblems(process.env['CARE_TENSORFLOW_DIR'], library));
  if (library?.kind === 'gpu' && native && environment.device !== 'gpu') problems.push(NO_GPU);
  const data = dataFolder(problems);
  return {
    nativeWorks: native && training.passed,
    problems,
    environment,
    library,
    training,
    // Plain TensorFlow.js would take minutes for the size that is telling on the native library.
    matMul: timeMatMul(native ? 1024 : 128),
    cache: { folder: cacheFolder(), bytes: folderBytes(cacheFolder()) },
    dataFolder: data,
    tools: await findTools(),
  };
}

const NO_GPU: Problem = {
  what: 'The GPU library is set up, but TensorFlow found no GPU that it can use, and computes on the processor.',
  hint: 'Check that nvidia-smi lists a GPU, then run TF_CPP_MIN_LOG_LEVEL=0 npm run care -- doctor to read what TensorFlow says.',
};

/** What is wrong with the library that `CARE_TENSORFLOW_DIR` names: none, or not the one in use. */
export function namedLibraryProblems(named: string | undefined, inUse: Library | null): Problem[] {
  if (named === undefined || named === '') return [];
  try {
    const { folder } = ownLibrary(named);
    if (inUse?.folder === folder) return [];
    const what = `CARE_TENSORFLOW_DIR names ${folder}, but the library in use is ${inUse?.folder ?? 'none'}.`;
    return [{ what, hint: 'Run npm run care -- setup to use it, or unset CARE_TENSORFLOW_DIR.' }];
  } catch (error) {
    const { what, hint } = asProblem(error);
    return [{ what: `CARE_TENSORFLOW_DIR: ${what}`, hint }];
  }
}

/** Whether the binding loads, tried in a process of its own: a library for another processor would end this one. */
async function bindingLoads(packageFolder: string | null, problems: Problem[]): Promise<boolean> {
  if (packageFolder === null) {
    problems.push({
      what: 'The npm package @tensorflow/tfjs-node-gpu is not installed.',
      hint: 'Run npm ci.',
    });
    return false;
  }
  const binding = bindingPath(packageFolder);
  if (!existsSync(binding)) {
    problems.push({ what: "TensorFlow's native library is not set up.", hint: 'Run npm run care -- setup.' });
    return false;
  }
  try {
    await probeBinding(binding, process.env);
    return true;
  } catch (error) {
    problems.push(asProblem(error));
    return false;
  }
}

function notNative(reason: string): Problem {
  return { what: `The native library is not in use: ${reason}`, hint: 'Run npm run care -- setup --force.' };
}

function wrongTraining({ firstLoss, lastLoss, coefficientError }: TrainingCheck): Problem {
  return {
    what:
      `A linear regression did not find its answer: loss ${firstLoss} -> ${lastLoss}, coefficients off by ` +
      `${coefficientError}. Results computed here cannot be trusted.`,
    hint: 'Run npm run care -- setup --force; try TF_ENABLE_ONEDNN_OPTS=0 npm run care -- doctor to see whether oneDNN is to blame.',
  };
}

function asProblem(error: unknown): Problem {
  if (error instanceof SetupError) return { what: error.message, hint: error.hint };
  throw error;
}

/** Why there is no data folder: one that is named and not there stops every command. */
function noDataText(): string {
  const named = process.env['CARE_DATA_DIR'] ?? '';
  return named === ''
    ? 'none: generated data are used. Set CARE_DATA_DIR to use real ones.'
    : `none: CARE_DATA_DIR is ${named}, which is no folder`;
}

function dataFolder(problems: Problem[]): string | null {
  try {
    return findDataDir() ?? null;
  } catch (error) {
    const hint = 'Correct CARE_DATA_DIR, or unset it to run on generated data.';
    problems.push({ what: error instanceof Error ? error.message : String(error), hint });
    return null;
  }
}

async function findTools(): Promise<Tool[]> {
  const needed = (find: () => Promise<{ readonly version: string }>) =>
    find().then(
      ({ version }) => ({ version, hint: '' }),
      (error: unknown) => ({ version: null, hint: asProblem(error).hint }),
    );
  const optional = async (programs: readonly string[], hint: string) => {
    for (const program of programs) {
      const { status, stdout } = await runProgram(program, ['--version'], process.env, 20_000);
      const line = stdout.split('\n').find((text) => /\d/.test(text));
      if (status === 0 && line !== undefined) return { version: line.trim(), hint: '' };
    }
    return { version: null, hint };
  };
  const chromium = ['chromium', 'chromium-browser', 'google-chrome'];
  return [
    { name: 'pip', purpose: 'for care setup', ...(await needed(() => findPip(process.env))) },
    { name: 'compiler', purpose: 'for care setup', ...(await needed(() => findCompiler(process.env))) },
    {
      name: 'chromium',
      purpose: 'optional, to check reports as pictures',
      ...(await optional(chromium, 'apt-get install chromium')),
    },
    {
      name: 'jupyter',
      purpose: 'optional, to work in notebooks; reports need none',
      ...(await optional(['jupyter'], 'pip install jupyterlab, then npm run care -- kernel install --user')),
    },
  ];
}

function folderBytes(folder: string): number {
  if (!existsSync(folder)) return 0;
  const files = readdirSync(folder, { withFileTypes: true, recursive: true }).filter((entry) =>
    entry.isFile(),
  );
  // A set-up that goes on meanwhile may take a file away.
  const size = (path: string) => statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  return files.reduce((sum, entry) => sum + size(join(entry.parentPath, entry.name)), 0);
}

const WIDTH = 80;
const LABEL = 12;

/** The findings for a terminal of 80 columns. */
export function describe(report: DoctorReport): string {
  const { environment, training, matMul, cache, problems } = report;
  const sections = [
    section('Engine', [
      [
        'backend',
        environment.backend === 'tensorflow' ? 'tensorflow (native)' : 'cpu (plain TensorFlow.js, slow)',
      ],
      ['library', libraryText(report)],
      ['device', deviceText(environment)],
      ['threads', threadText(environment)],
      ['oneDNN', environment.oneDnn ? 'on' : 'off'],
      ['versions', `tfjs ${environment.tfjs}, Node ${environment.node}, ${environment.platform}`],
    ]),
    section('Checks', [
      [
        'training',
        `${training.passed ? 'ok' : 'WRONG'}: ${training.steps} steps, loss ${training.firstLoss.toPrecision(3)} -> ` +
          `${training.lastLoss.toExponential(1)}, ${training.milliseconds.toFixed(0)} ms`,
      ],
      [
        'matmul',
        `${matMul.size} x ${matMul.size}: ${matMul.milliseconds.toFixed(1)} ms, ${matMul.gflops.toPrecision(3)} GFLOP/s`,
      ],
    ]),
    section('Folders', [
      ['cache', `${tilde(cache.folder)} (${(cache.bytes / 1e9).toFixed(2)} GB)`],
      ['data', report.dataFolder ?? noDataText()],
    ]),
    section('Programs', report.tools.map(toolRow)),
  ];
  return `${sections.join('\n')}\n${verdict(report.nativeWorks, problems)}`;
}

function section(title: string, rows: readonly (readonly [string, string])[]): string {
  const lines = rows.map(([label, text]) => {
    const indent = ' '.repeat(LABEL + 2);
    return `  ${label.padEnd(LABEL)}${wrapped(text, indent, WIDTH).trimStart()}`;
  });
  return `${title}\n${lines.join('\n')}\n`;
}

function libraryText({ environment, library }: DoctorReport): string {
  if (environment.tensorflow === null) return 'none';
  const version = `TensorFlow ${environment.tensorflow}`;
  if (library === null) return `${version}, not built by care setup`;
  const kind = library.kind === 'own' ? 'from CARE_TENSORFLOW_DIR' : library.kind.toUpperCase();
  return `${version}, ${kind}, ${tilde(library.folder)}`;
}

function deviceText({ device, gpu, driver, cpu, cores, memoryBytes }: Environment): string {
  const processor = `${cpu}, ${cores} cores, ${(memoryBytes / 1e9).toFixed(1)} GB`;
  return device === 'gpu'
    ? `GPU: ${gpu ?? 'unknown'}, driver ${driver ?? 'unknown'} (${processor})`
    : `CPU: ${processor}`;
}

function threadText({ backend, intraOpThreads, interOpThreads }: Environment): string {
  if (backend === 'cpu') return 'one';
  const text = (count: number) => (count === 0 ? 'automatic' : String(count));
  return `${text(intraOpThreads)} within an op, ${text(interOpThreads)} between ops`;
}

function toolRow({ name, version, purpose, hint }: Tool): readonly [string, string] {
  return [name, version ?? `not found (${purpose}). ${hint}`];
}

function verdict(nativeWorks: boolean, problems: readonly Problem[]): string {
  if (problems.length === 0) return 'The native library works.\n';
  const list = problems.map(({ what, hint }) => `  ! ${what}\n${wrapped(`-> ${hint}`, '    ', WIDTH)}\n`);
  const summary = nativeWorks ? 'The native library works, but:' : 'The native library does not work:';
  return `${summary}\n${list.join('')}`;
}

function tilde(path: string): string {
  const home = homedir();
  return path.startsWith(`${home}/`) ? `~${path.slice(home.length)}` : path;
}
