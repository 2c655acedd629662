/** The whole set-up: the library in the cache, the binding in node_modules. */
import { bindingPath, nativePackageFolder } from '../engine.js';
import {
  buildBinding,
  currentBinding,
  findCompiler,
  NODE_MODULES_HINT,
  type Probe,
  readStamp,
  type Stamp,
} from './binding.js';
import { explainFileError, SetupError } from './error.js';
import { cachedLibrary, cacheFolder, cleanCache, fetchLibrary, type Library, ownLibrary } from './library.js';
import { withLock } from './lock.js';
import { checkMachine, type Machine, thisMachine } from './machine.js';
import type { Reporter } from './reporter.js';
import { libraryPlan, type LibraryPlan, type Variant } from './wheels.js';

/** What to set up, and where. */
export interface SetupOptions {
  /** Left out: what is in place now, else `cpu`. */
  readonly variant?: Variant;
  /** Fetch and build anew although all is there. */
  readonly force?: boolean;
  readonly reporter: Reporter;
  /** Default: this process's environment. */
  readonly env?: NodeJS.ProcessEnv;
  /** Default: where the npm package is installed. */
  readonly packageFolder?: string;
  /** Default: this machine. */
  readonly machine?: Machine;
  /** Default: the pinned wheels. */
  readonly plan?: (variant: Variant, arch: LibraryPlan['arch']) => LibraryPlan;
  /** Default: load the binding in a process of its own. */
  readonly probe?: Probe;
}

/** What is in place after a set-up. */
export interface SetupResult {
  readonly library: Library;
  /** TensorFlow's version as the library reports it. */
  readonly tensorflow: string;
  readonly binding: string;
  readonly cache: string;
  /** What had to be made; empty when all was there. */
  readonly made: readonly ('library' | 'binding')[];
}

/**
 * Brings TensorFlow's native library and builds the binding for it, unless they are there; takes milliseconds then.
 * `CARE_TENSORFLOW_DIR` names a library to use instead of fetching one.
 * @throws SetupError that says what is missing, where, and what to do.
 */
export async function setUp(options: SetupOptions): Promise<SetupResult> {
  const { force = false, env = process.env, reporter, packageFolder = demandPackage(), probe } = options;
  const cache = cacheFolder(env);
  const source = chooseSource(options, env, packageFolder);
  if (source.plan !== null) cleanCache(source.plan, cache);
  const there = source.library ?? (source.plan === null || force ? null : cachedLibrary(source.plan, cache));
  const stamp = there === null || force ? null : currentBinding(packageFolder, there);
  const binding = bindingPath(packageFolder);
  if (there !== null && stamp !== null) {
    return { library: there, tensorflow: stamp.tensorflow, binding, cache, made: [] };
  }
  // Before a download of minutes, not after it.
  const compiler = await findCompiler(env);
  const library = there ?? (await fetchLibrary(demandPlan(source), { cache, env, reporter, force }));
  const build = async (): Promise<Stamp> => {
    const current = force ? null : currentBinding(packageFolder, library);
    if (current !== null) return current;
    reporter.note(`Compiling the binding with ${compiler.version} ...`);
    return buildBinding(library, { packageFolder, env, ...(probe === undefined ? {} : { probe }) });
  };
  const { tensorflow } = await withBindingLock(binding, reporter, build);
  return { library, tensorflow, binding, cache, made: there === null ? ['library', 'binding'] : ['binding'] };
}

/** The library that the binding in place was built for, if that is still there; null: nothing can be loaded. */
export function libraryInPlace(packageFolder: string | null = nativePackageFolder()): Library | null {
  const library = packageFolder === null ? undefined : readStamp(packageFolder)?.library;
  return library === undefined ? null : stillThere(library);
}

interface Source {
  readonly library: Library | null;
  readonly plan: LibraryPlan | null;
}

/** The user's own library if one is named or in place, else the plan of the asked-for or present variant. */
function chooseSource(options: SetupOptions, env: NodeJS.ProcessEnv, packageFolder: string): Source {
  const named = env['CARE_TENSORFLOW_DIR'];
  if (named) return { library: ownLibrary(named), plan: null };
  const present = readStamp(packageFolder)?.library;
  if (options.variant === undefined && present?.kind === 'own') {
    const library = stillThere(present);
    if (library !== null) return { library, plan: null };
  }
  const variant = options.variant ?? (present?.kind === 'gpu' ? 'gpu' : 'cpu');
  const arch = checkMachine(options.machine ?? thisMachine(), variant === 'gpu');
  return { library: null, plan: (options.plan ?? libraryPlan)(variant, arch) };
}

function stillThere(library: Library): Library | null {
  try {
    return { ...ownLibrary(library.folder), kind: library.kind };
  } catch {
    return null;
  }
}

function demandPlan({ plan }: Source): LibraryPlan {
  if (plan !== null) return plan;
  throw new Error('A library of the user has no plan and is never fetched.');
}

function demandPackage(): string {
  const folder = nativePackageFolder();
  if (folder !== null) return folder;
  throw new SetupError(
    'The npm package @tensorflow/tfjs-node-gpu is not installed.',
    'Run `npm ci` in the checkout first.',
  );
}

async function withBindingLock(
  binding: string,
  reporter: Reporter,
  build: () => Promise<Stamp>,
): Promise<Stamp> {
  const onWait = () => reporter.note('Waiting for another process, which is building the same binding ...');
  try {
    return await withLock(`${binding}.lock`, onWait, build);
  } catch (error) {
    throw explainFileError(error, binding, NODE_MODULES_HINT);
  }
}
