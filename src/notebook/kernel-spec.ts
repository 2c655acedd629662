/** The kernel specification by which Jupyter finds the kernel; written without Python. */
import { accessSync, constants, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, delimiter, join } from 'node:path';
import { makeFolder } from '../tensorflow/setup/folders.js';
import { kernelArguments } from './kernel-files.js';

/** What Jupyter reads from `kernel.json`. */
export interface KernelSpec {
  readonly argv: readonly string[];
  readonly display_name: string;
  readonly language: 'typescript';
  readonly interrupt_mode: 'signal';
  readonly env: Readonly<Record<string, string>>;
  /** `care` marks the kernels that are ours to list and remove. */
  readonly metadata: { readonly care: { readonly version: string } };
}

/** Where and under what name a kernel is installed. */
export interface KernelTarget {
  /** `PREFIX/share/jupyter`, e.g. a Python virtual environment; default: the user's own Jupyter folder. */
  readonly prefix?: string;
  readonly name: string;
}

/** An installed kernel. */
export interface InstalledKernel {
  readonly name: string;
  readonly folder: string;
  readonly spec: KernelSpec;
  /** Files that the kernel needs and that are gone, e.g. because the checkout was moved. */
  readonly missing: readonly string[];
}

/** Jupyter's data folder of the user: `JUPYTER_DATA_DIR`, or the platform's usual place. */
export function userDataFolder(env: NodeJS.ProcessEnv = process.env, platform = process.platform): string {
  if (env.JUPYTER_DATA_DIR) return env.JUPYTER_DATA_DIR;
  const home = env.HOME ?? homedir();
  if (platform === 'darwin') return join(home, 'Library', 'Jupyter');
  if (platform === 'win32') return join(env.APPDATA ?? home, 'jupyter');
  return join(env.XDG_DATA_HOME ?? join(home, '.local', 'share'), 'jupyter');
}

/** The specification for this installation: this Node, this package's preload, this package's tslab. */
export function kernelSpec(displayName: string, version: string): KernelSpec {
  return {
    // The full path of Node: Jupyter may be started where another Node, or none, is on the PATH.
    argv: [process.execPath, ...kernelArguments('{connection_file}')],
    display_name: displayName,
    language: 'typescript',
    interrupt_mode: 'signal',
    env: { TF_CPP_MIN_LOG_LEVEL: '2', TF_ENABLE_ONEDNN_OPTS: '1' },
    metadata: { care: { version } },
  };
}

/**
 * Writes the kernel specification and returns its folder. An older one of the same name is replaced.
 *
 * @throws Error for a name that Jupyter does not accept, a kernel of that name that is not ours, a folder that cannot
 *   be written, or a preload that is missing.
 */
export function installKernel(target: KernelTarget, displayName: string, version: string): string {
  checkName(target.name);
  const folder = join(kernelsFolder(target.prefix), target.name);
  const existing = join(folder, 'kernel.json');
  if (existsSync(existing) && !readSpec(existing))
    throw new Error(`${folder} holds a kernel that is not ours: choose another --name, or remove it`);
  const spec = kernelSpec(displayName, version);
  try {
    makeFolder(folder);
    writeFileSync(existing, `${JSON.stringify(spec, null, 2)}\n`);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const advice = 'Choose a folder that you may write: --prefix DIR, or JUPYTER_DATA_DIR.';
    throw new Error(`cannot write the kernel to ${folder}: ${why}. ${advice}`, { cause: error });
  }
  return folder;
}

/** Removes a kernel of ours and returns its folder. */
export function uninstallKernel(target: KernelTarget): string {
  checkName(target.name);
  const folder = join(kernelsFolder(target.prefix), target.name);
  const file = join(folder, 'kernel.json');
  if (!existsSync(file)) throw new Error(`no kernel "${target.name}" in ${kernelsFolder(target.prefix)}`);
  if (!readSpec(file)) throw new Error(`the kernel in ${folder} was not installed by care: it is left alone`);
  rmSync(folder, { recursive: true });
  return folder;
}

/** Our kernels in a prefix, or wherever Jupyter looks for the user's kernels. */
export function installedKernels(prefix?: string, env: NodeJS.ProcessEnv = process.env): InstalledKernel[] {
  const searched = prefix
    ? [kernelsFolder(prefix)]
    : [...(env.JUPYTER_PATH ?? '').split(delimiter).filter((path) => path !== ''), userDataFolder(env)].map(
        (path) => join(path, 'kernels'),
      );
  return searched
    .filter(existsSync)
    .flatMap((kernels) => readdirSync(kernels).flatMap((name) => readKernel(join(kernels, name))));
}

function readKernel(folder: string): InstalledKernel[] {
  const file = join(folder, 'kernel.json');
  const spec = existsSync(file) ? readSpec(file) : null;
  if (!spec) return [];
  const missing = spec.argv.filter((argument) => /[\\/]/.test(argument) && !existsSync(argument));
  return [{ name: basename(folder), folder, spec, missing }];
}

/** Null for a kernel that is not ours. */
function readSpec(file: string): KernelSpec | null {
  accessSync(file, constants.R_OK);
  try {
    const value = JSON.parse(readFileSync(file, 'utf8')) as Partial<KernelSpec>;
    return Array.isArray(value.argv) && value.metadata?.care ? (value as KernelSpec) : null;
  } catch {
    return null;
  }
}

function kernelsFolder(prefix: string | undefined): string {
  return prefix ? join(prefix, 'share', 'jupyter', 'kernels') : join(userDataFolder(), 'kernels');
}

function checkName(name: string): void {
  if (!/^[a-z0-9._-]+$/i.test(name))
    throw new Error(`"${name}" is no name for a kernel: Jupyter takes letters, digits, ".", "_" and "-"`);
}
