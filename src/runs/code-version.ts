/**
 * Which code made a run: a hash of the code that can change its result, and where the checkout stood.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, extname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'acorn';
import type * as TypeScript from 'typescript';
import type { CodeProvenance } from './record.js';
import { UserError } from './user-error.js';

/** The folder with the nearest package.json above a file. */
function packageRoot(file: string): string {
  let dir = dirname(file);
  while (!existsSync(join(dir, 'package.json'))) {
    const parent = dirname(dir);
    if (parent === dir) throw new UserError(`No package.json above ${file}.`, 'Install the package again.');
    dir = parent;
  }
  return dir;
}

/**
 * The JavaScript of a module. Where the caller runs from the TypeScript sources (tests do), those are compiled in
 * memory with the settings of the build, which gives the same program as the built file.
 */
function javascriptOf(file: string): string {
  const source = readFileSync(file, 'utf8');
  if (!file.endsWith('.ts')) return source;
  const ts = createRequire(import.meta.url)('typescript') as typeof TypeScript;
  const { ES2022 } = ts.ScriptTarget;
  const compilerOptions = { target: ES2022, module: ts.ModuleKind.ES2022, verbatimModuleSyntax: true };
  return ts.transpileModule(source, { compilerOptions }).outputText;
}

/** The file that a relative import means; sources name their neighbours by the name they will be built to. */
function resolveImport(from: string, specifier: string): string {
  const file = resolve(dirname(from), specifier);
  const source = file.replace(/\.js$/, '.ts');
  if (from.endsWith('.ts') && existsSync(source)) return source;
  if (existsSync(file)) return file;
  throw new UserError(
    `${from} imports ${specifier}, which is missing.`,
    'Build the package again: npm run build',
  );
}

interface SyntaxNode {
  readonly type: string;
  readonly source?: { readonly value?: unknown } | null;
}

function isSyntaxNode(value: unknown): value is SyntaxNode {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';
}

const IMPORTING = ['ImportDeclaration', 'ExportNamedDeclaration', 'ExportAllDeclaration', 'ImportExpression'];
/** Where a node stands and how a literal was spelled: formatting. */
const FORMATTING = ['start', 'end', 'raw'];

/** A module's syntax tree as text, without comments, spaces, quotes, brackets and commas that mean nothing; and its relative imports. */
function syntaxOf(file: string): { readonly text: string; readonly imports: readonly string[] } {
  const program = parse(javascriptOf(file), { ecmaVersion: 2025, sourceType: 'module', allowHashBang: true });
  const imports: string[] = [];
  const text = JSON.stringify(program, (key, value: unknown) => {
    if (FORMATTING.includes(key) && typeof value !== 'object') return undefined;
    if (typeof value === 'bigint') return `${value}n`;
    if (isSyntaxNode(value) && IMPORTING.includes(value.type)) {
      const specifier = value.source?.value;
      if (typeof specifier === 'string' && /^\.\.?\//.test(specifier)) imports.push(specifier);
    }
    return value;
  });
  return { text, imports };
}

/** A module's path in the package, the same for `src/x/y.ts` and for the `dist/x/y.js` built from it. */
function logicalPath(root: string, file: string): string {
  const path = relative(root, file).split(sep).join('/');
  return path.replace(/^(?:src|dist)\//, '').replace(/\.ts$/, '.js');
}

/**
 * A module beside another, which is a `.ts` file where the sources are run and a `.js` file in a build.
 *
 * @param url - the other's `import.meta.url`.
 */
export function siblingModule(url: string, name: string): URL {
  return new URL(`./${name}${extname(url)}`, url);
}

/** A process has loaded its code once, so what tells of it is worked out once: a plan of a hundred runs asks a hundred times. */
const hashes = new Map<string, string>();
let checkout: ReturnType<typeof checkoutState> | null = null;

/** {@link codeHash} of a module that this process runs: as it was when it was first asked for. */
export function runningCodeHash(entryModuleUrl: string | URL): string {
  const key = String(entryModuleUrl);
  const hash = hashes.get(key) ?? codeHash(entryModuleUrl);
  hashes.set(key, hash);
  return hash;
}

/**
 * Hash of a module and of everything it imports from this package, directly or not: sha256 over the syntax trees
 * (acorn), in the order of the modules' paths. Comments and formatting do not change it, and it is the same for the
 * sources and for the build made from them.
 *
 * @param entryModuleUrl Usually the trainer's `import.meta.url`.
 * @returns 64 hex digits.
 * @throws UserError when an imported file is missing.
 */
export function codeHash(entryModuleUrl: string | URL): string {
  const entry = fileURLToPath(entryModuleUrl);
  const root = packageRoot(entry);
  const modules = new Map<string, string>();
  const waiting = [entry];
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    const path = logicalPath(root, file);
    if (modules.has(path)) continue;
    if (file.endsWith('.json')) {
      modules.set(path, JSON.stringify(JSON.parse(readFileSync(file, 'utf8'))));
      continue;
    }
    const { text, imports } = syntaxOf(file);
    modules.set(path, text);
    for (const specifier of imports) waiting.push(resolveImport(file, specifier));
  }
  const hash = createHash('sha256');
  for (const [path, text] of [...modules].sort(([a], [b]) => (a < b ? -1 : 1))) {
    // The lengths keep one module's end from being read as another's beginning.
    hash.update(`${path.length}:${path}${text.length}:${text}`);
  }
  return hash.digest('hex');
}

function git(root: string, args: readonly string[]): string | null {
  const environment = { ...process.env, GIT_OPTIONAL_LOCKS: '0' };
  const result = spawnSync('git', args, { cwd: root, encoding: 'utf8', env: environment });
  return result.status === 0 ? result.stdout.trim() : null;
}

/** Commit and cleanness of the checkout at `root`; both null outside a checkout, or in somebody else's. */
function checkoutState(root: string): { readonly commit: string | null; readonly clean: boolean | null } {
  const none = { commit: null, clean: null };
  const top = git(root, ['rev-parse', '--show-toplevel']);
  // As an installed package inside another repository, that repository's commit would say nothing about this code.
  if (top === null || realpathSync(top) !== realpathSync(root)) return none;
  const commit = git(root, ['rev-parse', '--verify', 'HEAD']);
  const changes = git(root, ['status', '--porcelain']);
  return commit === null || changes === null ? none : { commit, clean: changes === '' };
}

/** Version, commit and cleanness of this package, with the hash of its training code. */
export function codeProvenance(trainingHash: string): CodeProvenance {
  const root = packageRoot(fileURLToPath(import.meta.url));
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    readonly version: string;
  };
  checkout ??= checkoutState(root);
  return { version, ...checkout, trainingHash };
}
