/**
 * The binding: tfjs-node's C++ addon, compiled against the library and put where tfjs-node looks for it.
 *
 * A stamp beside it says what it was made from; it is rebuilt when the sources, the library or the machine changed.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { bindingPath, preloadPath } from '../engine.js';
import { explainFileError, SetupError } from './error.js';
import { makeFolder } from './folders.js';
import { type Library } from './library.js';
import { runProgram, tail } from './processes.js';
import { cleanLeftovers, publish, stagingPath } from './staging.js';
import { FRAMEWORK, LIBRARIES } from './wheels.js';

/** What a binding was made from. */
export interface Stamp {
  readonly format: 1;
  /** Hash of all that goes into the binding. */
  readonly key: string;
  /** sha256 of the binding itself: a binding that somebody else put there is not ours. */
  readonly sha256: string;
  readonly library: Library;
  /** TensorFlow's version as the loaded binding reported it. */
  readonly tensorflow: string;
}

/** Asks a binding for TensorFlow's version by loading it; throws SetupError if it does not load. */
export type Probe = (binding: string, env: NodeJS.ProcessEnv) => Promise<string>;

/** Where and how to build. */
export interface BuildOptions {
  /** Folder of the npm package @tensorflow/tfjs-node-gpu. */
  readonly packageFolder: string;
  readonly env: NodeJS.ProcessEnv;
  readonly probe?: Probe;
}

const SOURCES = ['tfjs_backend.cc', 'tfjs_binding.cc'] as const;
const COMPILERS = ['g++', 'c++', 'clang++'] as const;
const native = (name: string): string => fileURLToPath(new URL(`native/${name}`, import.meta.url));
const PRELOAD_SOURCE = native('preload.c');
/** Ops of our own, compiled into the binding: it registers them with TensorFlow when it is loaded. */
const KERNEL_SOURCES = ['kernels.cc', 'conv-filter-gradient.cc', 'conv-winograd.cc', 'view-colours.cc'].map(
  native,
);
const KERNEL_HEADERS = [
  'conv-filter-gradient.h',
  'conv-winograd.h',
  'conv-winograd-vectors.h',
  'parallel.h',
  'processor.h',
  'view-colours.h',
  'view-colours-vectors.h',
].map(native);
const FLAGS = ['-O2', '-fPIC', '-shared', '-DNAPI_VERSION=8'] as const;
/** What to do where the binding cannot be written. */
export const NODE_MODULES_HINT =
  'The binding is put into node_modules of this checkout: make that folder writable, and run `npm run care -- setup` again.';

/** The stamp of the binding in place, or null where there is none or it is not the one that was stamped. */
export function readStamp(packageFolder: string): Stamp | null {
  const binding = bindingPath(packageFolder);
  try {
    const stamp = JSON.parse(readFileSync(stampPath(binding), 'utf8')) as Partial<Stamp> | null;
    if (stamp?.format !== 1 || stamp.sha256 !== sha256(readFileSync(binding))) return null;
    return stamp as Stamp;
  } catch {
    return null;
  }
}

/** The stamp of the binding in place if it was made from exactly this library and these sources, else null. */
export function currentBinding(packageFolder: string, library: Library): Stamp | null {
  const stamp = readStamp(packageFolder);
  return stamp !== null && stamp.key === bindingKey(packageFolder, library) ? stamp : null;
}

/**
 * Finds a C++ compiler: `CXX`, else g++, c++ or clang++.
 * @throws SetupError if there is none.
 */
export async function findCompiler(env: NodeJS.ProcessEnv): Promise<{ program: string; version: string }> {
  const asked = env['CXX'];
  const candidates = asked ? [asked] : COMPILERS;
  for (const program of candidates) {
    const outcome = await runProgram(program, ['--version'], env, 30_000);
    if (outcome.status === 0) return { program, version: (outcome.stdout.split('\n')[0] ?? '').trim() };
  }
  throw new SetupError(
    `There is no C++ compiler: ${candidates.join(', ')} not found${asked ? ' (from the variable CXX)' : ' on the PATH'}.`,
    'Install g++ (Debian, Ubuntu: apt-get install g++; Fedora: dnf install gcc-c++; Alpine and macOS are not supported), or set CXX.',
  );
}

/**
 * Compiles the binding against the library, checks in a process of its own that it loads, and only then puts it in
 * place: processes that use the one before it keep it, and at no moment is there none or half a one.
 * @throws SetupError if there is no compiler, or the binding does not compile or load.
 */
export async function buildBinding(library: Library, options: BuildOptions): Promise<Stamp> {
  const { packageFolder, env, probe = probeBinding } = options;
  const binding = bindingPath(packageFolder);
  const [staged, stagedPreload] = [stagingPath(binding), stagingPath(binding)];
  try {
    makeFolder(dirname(binding));
    cleanLeftovers(binding);
    const key = bindingKey(packageFolder, library);
    const { program } = await findCompiler(env);
    await compile(
      program,
      bindingArguments(library.folder, packageFolder, KERNEL_SOURCES, staged),
      staged,
      env,
    );
    await compile(
      program,
      preloadArguments(library.folder, PRELOAD_SOURCE, stagedPreload),
      stagedPreload,
      env,
    );
    const tensorflow = await probe(staged, env);
    const stamp: Stamp = { format: 1, key, sha256: sha256(readFileSync(staged)), library, tensorflow };
    publish(stagedPreload, preloadPath(binding, stamp.sha256));
    publish(staged, binding);
    writeStamp(stamp, binding);
    removeOldPreloads(binding, stamp);
    return stamp;
  } catch (error) {
    throw explainFileError(error, binding, NODE_MODULES_HINT);
  } finally {
    for (const path of [staged, stagedPreload]) rmSync(path, { force: true });
  }
}

function writeStamp(stamp: Stamp, binding: string): void {
  const staged = stagingPath(binding);
  writeFileSync(staged, `${JSON.stringify(stamp, null, 1)}\n`);
  publish(staged, stampPath(binding));
}

function removeOldPreloads(binding: string, { sha256: hash }: Stamp): void {
  const current = basename(preloadPath(binding, hash));
  for (const name of readdirSync(dirname(binding))) {
    if (name.startsWith('care_preload-') && name !== current)
      rmSync(join(dirname(binding), name), { force: true });
  }
}

/** Loads a binding in a process of its own, since one for another processor would take this one down with it. */
export async function probeBinding(binding: string, env: NodeJS.ProcessEnv): Promise<string> {
  const code = `
    try {
      const m = { exports: {} };
      process.dlopen(m, process.argv[1]);
      process.stdout.write('version=' + m.exports.TF_Version);
    } catch (error) {
      console.error(error.message);
      process.exit(1);
    }`;
  const outcome = await runProgram(process.execPath, ['-e', code, '--', binding], env, 120_000);
  const version = /version=(\S+)/.exec(outcome.stdout)?.[1];
  if (outcome.status === 0 && version !== undefined) return version;
  const processor =
    outcome.signal === 'SIGILL'
      ? 'This processor lacks instructions that TensorFlow was compiled for; plain TensorFlow.js still runs here.'
      : 'Run `npm run care -- setup --force` to fetch and build everything anew.';
  const how = outcome.signal === null ? `status ${outcome.status ?? 'none'}` : `signal ${outcome.signal}`;
  throw new SetupError(`TensorFlow's library does not load (${how}):\n${tail(outcome.stderr)}`, processor);
}

async function compile(
  program: string,
  args: string[],
  output: string,
  env: NodeJS.ProcessEnv,
): Promise<void> {
  const outcome = await runProgram(program, args, { ...env, LC_ALL: 'C' });
  if (outcome.status === 0) return;
  if (/No space left on device/.test(outcome.stderr)) {
    throw new SetupError(
      `The disk is full: ${output} could not be written.`,
      'Make room (TMPDIR counts, too), and run `npm run care -- setup` again.',
    );
  }
  throw new SetupError(
    `${program} could not compile the binding:\n${tail(outcome.stderr, 15)}`,
    'It needs C++17 (g++ 8 or newer). If a header is missing: `npm run care -- setup --force` fetches the library anew.',
  );
}

function bindingArguments(
  libraryFolder: string,
  packageFolder: string,
  kernelSources: readonly string[],
  output: string,
): string[] {
  const include = [nodeApiHeaders(), join(libraryFolder, 'include'), packageFolder, dirname(packageFolder)];
  return [
    ...['-std=c++17', ...FLAGS],
    ...include.map((folder) => `-I${folder}`),
    ...SOURCES.map((file) => join(packageFolder, 'binding', file)),
    ...kernelSources,
    ...['-o', output, `-L${libraryFolder}`, ...LIBRARIES.map((file) => `-l:${file}`)],
    `-Wl,-rpath,${libraryFolder}`,
  ];
}

function preloadArguments(libraryFolder: string, source: string, output: string): string[] {
  const framework = JSON.stringify(join(libraryFolder, FRAMEWORK));
  return [...FLAGS, `-I${nodeApiHeaders()}`, `-DFRAMEWORK=${framework}`, source, '-o', output, '-ldl'];
}

function nodeApiHeaders(): string {
  try {
    return join(dirname(createRequire(import.meta.url).resolve('node-api-headers/package.json')), 'include');
  } catch (error) {
    throw new SetupError('The npm package node-api-headers is not installed.', 'Run `npm ci`.', {
      cause: error,
    });
  }
}

/** Hash of all that goes into the binding: the call of the compiler, the sources, the library's files, the machine. */
function bindingKey(packageFolder: string, library: Library): string {
  const sources = join(packageFolder, 'binding');
  // Where our own sources lie is not among them: a build and the sources agree on whether the binding is current.
  const calls = [
    bindingArguments(library.folder, packageFolder, [], ''),
    preloadArguments(library.folder, '', ''),
  ];
  const hash = createHash('sha256').update(
    JSON.stringify([library.kind, calls, process.platform, process.arch]),
  );
  for (const file of [PRELOAD_SOURCE, ...KERNEL_SOURCES, ...KERNEL_HEADERS]) hash.update(readFileSync(file));
  for (const file of readdirSync(sources).sort()) hash.update(file).update(readFileSync(join(sources, file)));
  for (const file of LIBRARIES) {
    const { size, mtimeMs } = statSync(join(library.folder, file));
    hash.update(`${file} ${size} ${mtimeMs}`);
  }
  return hash.digest('hex');
}

function stampPath(binding: string): string {
  return `${binding}.stamp.json`;
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
