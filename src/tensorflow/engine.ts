/**
 * The engine: TensorFlow's native library behind TensorFlow.js, started once a process.
 *
 * tfjs-node reports a failed start on stderr and goes on with the plain JavaScript backend, some hundred times slower.
 * Here a slower backend is never reached unnoticed: it is asked for, or a warning says why it is used, or an error.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { cpus, totalmem } from 'node:os';
import { dirname, join } from 'node:path';

import type { Environment } from '../runs/record.js';
import * as tf from './tf.js';

const nodeRequire = createRequire(import.meta.url);
const NATIVE_PACKAGE = '@tensorflow/tfjs-node-gpu';
const SETUP_HINT =
  'Run `npm run care -- setup` to build it, or `npm run care -- doctor` to see what is missing.';

/** How to start the engine. Everything that is left out is TensorFlow's or the machine's choice. */
export interface EngineOptions {
  /**
   * `tensorflow`: the native library or an error. `cpu`: plain TensorFlow.js, no warning. Left out: the native library,
   * and plain TensorFlow.js after one loud warning where it cannot be had.
   */
  readonly backend?: 'tensorflow' | 'cpu';
  /** Threads inside one op; 0: all cores. Sets TF_NUM_INTRAOP_THREADS. */
  readonly intraOpThreads?: number;
  /** Ops that run at a time; 0: TensorFlow's choice. Sets TF_NUM_INTEROP_THREADS. */
  readonly interOpThreads?: number;
}

/** What the process computes with: the engine's share of a run record's {@link Environment}. */
export interface EngineFacts extends Pick<
  Environment,
  'tfjs' | 'tensorflow' | 'device' | 'gpu' | 'driver' | 'intraOpThreads' | 'interOpThreads' | 'oneDnn'
> {
  readonly backend: 'tensorflow' | 'cpu';
  /** Why the native library is not in use although it was wanted; absent otherwise. */
  readonly fallbackReason?: string;
}

/** An attribute of a raw TensorFlow op; `type` is one of the binding's `TF_ATTR_*` numbers. */
export interface NativeOpAttr {
  readonly name: string;
  readonly type: number;
  readonly value: boolean | number | string | object | readonly number[];
}

/** An output of the binding: the id of a native tensor, its shape and its TensorFlow dtype number. */
export interface NativeTensorMetadata {
  readonly id: number;
  readonly shape: number[];
  readonly dtype: number;
}

/** The C++ addon, as far as this package uses it. */
export interface NativeBinding {
  readonly TF_Version: string;
  readonly TF_FLOAT: number;
  readonly TF_INT32: number;
  readonly TF_INT64: number;
  readonly TF_BOOL: number;
  readonly TF_STRING: number;
  readonly TF_RESOURCE: number;
  readonly TF_ATTR_STRING: number;
  readonly TF_ATTR_INT: number;
  readonly TF_ATTR_FLOAT: number;
  readonly TF_ATTR_BOOL: number;
  readonly TF_ATTR_TYPE: number;
  readonly TF_ATTR_SHAPE: number;
  createTensor(shape: number[], dtype: number, values: ArrayBufferView | readonly Uint8Array[]): number;
  deleteTensor(tensorId: number): void;
  tensorDataSync(tensorId: number): Float32Array | Int32Array | Uint8Array;
  executeOp(
    name: string,
    attrs: readonly NativeOpAttr[],
    inputIds: readonly number[],
    outputs: number,
  ): NativeTensorMetadata[];
  loadSavedModel(folder: string, tags: string): number;
  deleteSavedModel(id: number): void;
  runSavedModel(
    id: number,
    inputIds: readonly number[],
    inputNames: string,
    outputNames: string,
  ): NativeTensorMetadata[];
  getNumOfSavedModels(): number;
  getNumOfTensors(): number;
  isUsingGpuDevice(): boolean;
}

/** What the backend keeps of a tensor: `id` is the native tensor, null until `values` were handed to TensorFlow. */
export interface NativeTensorInfo {
  readonly shape: number[];
  readonly dtype: number;
  values: tf.backend_util.BackendValues | null;
  id: number;
  refCount: number;
}

/**
 * tfjs-node's backend as kernels and compiled steps use it: every kernel, forward and backward, passes through
 * `executeSingleOutput` or `executeMultipleOutputs`.
 */
export interface NativeBackend {
  readonly binding: NativeBinding;
  readonly tensorMap: {
    get(dataId: object): NativeTensorInfo;
    set(dataId: object, info: NativeTensorInfo): void;
    has(dataId: object): boolean;
    delete(dataId: object): boolean;
    numDataIds(): number;
  };
  /** A tensor around a native one. */
  createOutputTensor(metadata: NativeTensorMetadata): tf.Tensor;
  /** Runs the named TensorFlow op, which has one output. */
  executeSingleOutput(
    name: string,
    attrs: readonly NativeOpAttr[],
    inputs: readonly tf.TensorInfo[],
  ): tf.Tensor;
  /** Runs the named TensorFlow op with `outputs` outputs. */
  executeMultipleOutputs(
    name: string,
    attrs: readonly NativeOpAttr[],
    inputs: readonly tf.TensorInfo[],
    outputs: number,
  ): tf.Tensor[];
  /** Opens a SavedModel folder and returns its session's id; `tags` are joined by commas, e.g. `serve`. */
  loadSavedModelMetaGraph(folder: string, tags: string): number;
  /** Runs `outputNames` of an open SavedModel; `inputInfos` names the graph's input of each tensor. */
  runSavedModel(
    id: number,
    inputs: readonly tf.Tensor[],
    inputInfos: readonly { readonly name: string; readonly dtype?: string }[],
    outputNames: readonly string[],
  ): tf.Tensor[];
  /** Closes the session of an open SavedModel. */
  deleteSavedModel(id: number): void;
}

/** The engine could not be started as asked; the message says what to do. */
export class EngineError extends Error {
  override readonly name = 'EngineError';
}

interface Started {
  readonly options: EngineOptions;
  readonly facts: EngineFacts;
}

let started: Started | undefined;

/**
 * Starts the engine and makes it tfjs's current backend; later calls return the same facts.
 *
 * Before the native library is first loaded, `TF_ENABLE_ONEDNN_OPTS=1`, `TF_CPP_MIN_LOG_LEVEL=2` and
 * `TF_FORCE_GPU_ALLOW_GROWTH=true` are set where the user has not set them.
 *
 * @throws EngineError if `backend: 'tensorflow'` cannot be had, if the options contradict an earlier call's (threads and
 * backend are fixed for the life of a process), or if another backend was made current meanwhile.
 */
export function startEngine(options: EngineOptions = {}): EngineFacts {
  checkOptions(options);
  if (started === undefined) {
    started = { options, facts: options.backend === 'cpu' ? startPlain() : startNativeOrPlain(options) };
  } else {
    checkAgainst(started, options);
  }
  const current = tf.getBackend();
  if (current !== started.facts.backend) {
    throw new EngineError(
      `The engine runs on tfjs's '${started.facts.backend}' backend, but the current backend is '${current}'. ` +
        `Something called tf.setBackend('${current}'): remove that call, or choose the backend in startEngine({ backend }).`,
    );
  }
  return started.facts;
}

/** Machine and libraries of this process, as a run record keeps them; starts the engine if nothing has yet. */
export function environmentFacts(): Environment {
  const { fallbackReason: _, ...engine } = startEngine();
  const cores = cpus();
  return {
    node: process.versions.node,
    platform: `${process.platform}-${process.arch}`,
    cpu: cores[0]?.model.trim() ?? 'unknown',
    cores: cores.length,
    memoryBytes: totalmem(),
    ...engine,
  };
}

/** The native backend if it is tfjs's current one, else null: then only plain tfjs ops can run. Starts nothing. */
export function nativeBackend(): NativeBackend | null {
  return tf.getBackend() === 'tensorflow' ? (tf.backend() as unknown as NativeBackend) : null;
}

/** Folder of the npm package that the native library serves, or null where it is not installed. */
export function nativePackageFolder(): string | null {
  try {
    return dirname(nodeRequire.resolve(`${NATIVE_PACKAGE}/package.json`));
  } catch {
    return null;
  }
}

/** Where the native package looks for its C++ addon: N-API 8, the same file for Node 18 to 24. */
export function bindingPath(packageFolder: string): string {
  return join(packageFolder, 'lib', 'napi-v8', 'tfjs_binding.node');
}

/**
 * The addon that loads TensorFlow's framework library without its notices, for the binding with this sha256. The name
 * ties the two together: with another library loaded beforehand, a binding would end up with halves of two.
 */
export function preloadPath(binding: string, sha256: string): string {
  return join(dirname(binding), `care_preload-${sha256.slice(0, 16)}.node`);
}

function checkOptions(options: EngineOptions): void {
  for (const name of ['intraOpThreads', 'interOpThreads'] as const) {
    const value = options[name];
    if (value !== undefined && !(Number.isInteger(value) && value >= 0)) {
      throw new EngineError(`${name} is ${value}; it must be a whole number, 0 (automatic) or more.`);
    }
  }
}

function checkAgainst({ options: first, facts }: Started, options: EngineOptions): void {
  const conflicts: string[] = [];
  if (options.backend !== undefined && options.backend !== facts.backend) {
    conflicts.push(`backend '${options.backend}' (it runs on '${facts.backend}')`);
  }
  for (const name of ['intraOpThreads', 'interOpThreads'] as const) {
    const asked = options[name];
    // The plain backend has one thread whatever was asked; what counts there is that nobody asked for two things.
    const has = facts.backend === 'tensorflow' ? facts[name] : (first[name] ?? asked);
    if (asked !== undefined && asked !== has) conflicts.push(`${name} ${asked} (it has ${has ?? 0})`);
  }
  if (conflicts.length === 0) return;
  const why =
    facts.fallbackReason === undefined ? '' : ` The native library is not in use: ${facts.fallbackReason}`;
  throw new EngineError(
    `The engine of this process was already started and cannot be changed to ${conflicts.join(', ')}.${why} ` +
      'Backend and threads are fixed at the first start: pass these options to the first startEngine call, or use a new process.',
  );
}

function startNativeOrPlain(options: EngineOptions): EngineFacts {
  const reason = loadNative(options);
  if (reason === null) return nativeFacts();
  if (options.backend === 'tensorflow') {
    throw new EngineError(`TensorFlow's native library cannot be used: ${reason}`);
  }
  warnAboutPlain(reason);
  return { ...startPlain(), fallbackReason: reason };
}

/** Loads the native package; returns null, or the reason why it is not tfjs's backend afterwards. */
function loadNative(options: EngineOptions): string | null {
  const folder = nativePackageFolder();
  if (folder === null) return `the npm package ${NATIVE_PACKAGE} is not installed. Run \`npm ci\`.`;
  const binding = bindingPath(folder);
  if (!existsSync(binding)) return `it is not set up (${binding} is missing). ${SETUP_HINT}`;
  const alreadyLoaded = isLoaded();
  prepareProcess(options, alreadyLoaded);
  try {
    if (!alreadyLoaded) silenceLoading(binding);
    nodeRequire(NATIVE_PACKAGE);
  } catch (error) {
    return `it does not load: ${firstLine(error)}. ${SETUP_HINT}`;
  }
  if (tf.getBackend() === 'tensorflow') return null;
  return `TensorFlow refused to start (its own message is above), and tfjs chose '${tf.getBackend()}'. ${SETUP_HINT}`;
}

function isLoaded(): boolean {
  return nodeRequire.resolve(NATIVE_PACKAGE) in nodeRequire.cache;
}

/** TensorFlow reads these once, when it is loaded or first runs an op. */
function prepareProcess(options: EngineOptions, alreadyLoaded: boolean): void {
  restoreUtilFunctions();
  const threads = {
    TF_NUM_INTRAOP_THREADS: options.intraOpThreads,
    TF_NUM_INTEROP_THREADS: options.interOpThreads,
  };
  for (const [name, count] of Object.entries(threads)) {
    if (count === undefined || String(count) === (process.env[name] ?? '0')) continue;
    if (alreadyLoaded) {
      throw new EngineError(
        `${name}=${count} comes too late: ${NATIVE_PACKAGE} is loaded in this process already. ` +
          'Call startEngine before anything requires it, or set the variable in the environment.',
      );
    }
    process.env[name] = String(count);
  }
  if (alreadyLoaded) return;
  process.env['TF_ENABLE_ONEDNN_OPTS'] ??= '1';
  process.env['TF_CPP_MIN_LOG_LEVEL'] ??= '2';
  // Without this TensorFlow takes the whole memory of a GPU that may be shared.
  process.env['TF_FORCE_GPU_ALLOW_GROWTH'] ??= 'true';
}

/** Keeps the notices that TensorFlow prints while being loaded off stderr, if notices are not wanted. */
function silenceLoading(binding: string): void {
  if (!(Number(process.env['TF_CPP_MIN_LOG_LEVEL']) > 0)) return;
  const preload = preloadPath(binding, createHash('sha256').update(readFileSync(binding)).digest('hex'));
  if (!existsSync(preload)) return;
  try {
    nodeRequire(preload);
  } catch {
    // Then the notices are printed; whatever is wrong, the binding itself tells better.
  }
}

/** tfjs-node calls two functions of node:util that warn from Node 22 on and are gone from Node 23 on. */
function restoreUtilFunctions(): void {
  const major = Number(process.versions.node.split('.')[0]);
  if (major < 22) return;
  Object.assign(nodeRequire('node:util') as object, {
    isNullOrUndefined: (value: unknown) => value === null || value === undefined,
    isArray: Array.isArray,
  });
}

function startPlain(): EngineFacts {
  // Resolves to whether it worked; the plain backend starts synchronously, and startEngine checks the outcome.
  void tf.setBackend('cpu');
  return {
    backend: 'cpu',
    tfjs: tf.version.tfjs,
    tensorflow: null,
    device: 'cpu',
    intraOpThreads: 1,
    interOpThreads: 1,
    oneDnn: false,
  };
}

function nativeFacts(): EngineFacts {
  const { binding } = tf.backend() as unknown as NativeBackend;
  const onGpu = binding.isUsingGpuDevice();
  return {
    backend: 'tensorflow',
    tfjs: tf.version.tfjs,
    tensorflow: binding.TF_Version,
    device: onGpu ? 'gpu' : 'cpu',
    ...(onGpu ? gpuFacts() : {}),
    intraOpThreads: threadsFromEnvironment('TF_NUM_INTRAOP_THREADS'),
    interOpThreads: threadsFromEnvironment('TF_NUM_INTEROP_THREADS'),
    oneDnn: ['1', 'true'].includes((process.env['TF_ENABLE_ONEDNN_OPTS'] ?? '').toLowerCase()),
  };
}

function threadsFromEnvironment(name: string): number {
  const count = Number(process.env[name] ?? 0);
  return Number.isInteger(count) && count > 0 ? count : 0;
}

/** Name and driver of the first visible GPU; empty where nvidia-smi cannot tell. */
function gpuFacts(): { gpu?: string; driver?: string } {
  const query = ['--query-gpu=name,driver_version', '--format=csv,noheader'];
  const visible = process.env['CUDA_VISIBLE_DEVICES']?.split(',')[0];
  try {
    const output = execFileSync('nvidia-smi', visible ? [...query, `--id=${visible}`] : query, {
      encoding: 'utf8',
      timeout: 20_000,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const [gpu, driver] = (output.split('\n')[0] ?? '').split(',').map((part) => part.trim());
    return { ...(gpu ? { gpu } : {}), ...(driver ? { driver } : {}) };
  } catch {
    return {};
  }
}

function warnAboutPlain(reason: string): void {
  const bar = '='.repeat(78);
  process.stderr.write(
    `${bar}\nWARNING: running on plain TensorFlow.js, some hundred times slower than intended.\n` +
      `TensorFlow's native library cannot be used: ${reason}\n${bar}\n`,
  );
}

function firstLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return (text.split('\n')[0] ?? '').trim();
}
