/**
 * A strict type check of notebook cells with the project's own TypeScript; the kernel's is older and not strict.
 *
 * Each cell becomes a module that imports what earlier cells declared and hands on what it declares itself. That is how
 * tslab treats cells: a later declaration of a name replaces the earlier one, and only declared types cross cells.
 */
import Module, { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import type * as TypeScript from 'typescript';
import { codeCells, joinText, readNotebook } from './nbformat.js';

/** One finding of the type check. */
export interface Diagnostic {
  readonly notebook: string;
  /** Number of the code cell in the file, from 1. */
  readonly cell: number;
  /** Line in the cell, from 1. */
  readonly line: number;
  readonly column: number;
  readonly message: string;
  /** TypeScript's number for the message. */
  readonly code: number;
}

type Compiler = typeof TypeScript;

/** A `let` of an earlier cell may be assigned in a later one; as an import it could not. */
const ASSIGNED_IMPORT = 2632;
const CANNOT_FIND_MODULE = 2307;

/**
 * Checks the code cells of notebooks; an empty list means that all are well.
 *
 * @throws Error when a file is no notebook, or TypeScript, a development dependency, is not installed.
 */
export function checkNotebookCells(paths: readonly string[]): Diagnostic[] {
  const ts = loadCompiler();
  return paths.flatMap((path) => checkNotebook(ts, path));
}

/** `notebooks/a.ipynb, code cell 3, line 2: message (TS2339)`. */
export function formatDiagnostic({ notebook, cell, line, message, code }: Diagnostic): string {
  return `${notebook}, code cell ${cell}, line ${line}: ${message} (TS${code})`;
}

function loadCompiler(): Compiler {
  try {
    return createRequire(import.meta.url)('typescript') as Compiler;
  } catch (error) {
    const advice = 'It is a development dependency: run `npm ci` in a checkout of the project.';
    throw new Error(`checking notebooks needs TypeScript, which is not installed. ${advice}`, {
      cause: error,
    });
  }
}

/** A cell as a module: its own lines first, so that positions stay, then what ties it to the other cells. */
interface CellModule {
  readonly file: string;
  /** Whether it is TypeScript at all; if not, later cells pass it over. */
  readonly broken: boolean;
  readonly number: number;
  readonly source: string;
  readonly content: string;
}

function checkNotebook(ts: Compiler, path: string): Diagnostic[] {
  const folder = dirname(resolve(path));
  const modules = cellModules(ts, path, folder);
  const program = createProgram(ts, modules, folder);
  return modules.flatMap((module) => {
    const file = program.getSourceFile(module.file);
    if (!file) return [];
    // A cell that is no TypeScript has no types to speak of, and what ties it to the others is broken too.
    const inCell = ({ code, start = 0 }: TypeScript.Diagnostic): boolean =>
      code !== ASSIGNED_IMPORT && start <= module.source.length;
    return (
      module.broken
        ? program.getSyntacticDiagnostics(file)
        : program.getSemanticDiagnostics(file).filter(inCell)
    ).map((diagnostic) => describe(ts, path, module, diagnostic));
  });
}

function cellModules(ts: Compiler, path: string, folder: string): CellModule[] {
  const modules: CellModule[] = [];
  /** Names that cells so far have declared. */
  let known = new Set<string>();
  for (const { number, cell } of codeCells(readNotebook(path))) {
    const source = joinText(cell.source);
    const file = join(folder, `${moduleName(number)}.ts`);
    if (!isTypeScript(ts, source)) {
      modules.push({ file, number, source, content: source, broken: true });
      continue;
    }
    const own = declaredNames(ts, source);
    const before = modules.filter(({ broken }) => !broken).at(-1);
    const specifier = before ? `./${moduleName(before.number)}.js` : '';
    const inherited = [...known].filter((name) => !own.has(name));
    const ties = [
      // A declaration of the cell's own replaces the exported star of the same name.
      ...(before ? [`export * from '${specifier}';`] : []),
      ...(inherited.length > 0 ? [`import { ${inherited.join(', ')} } from '${specifier}';`] : []),
      `export { ${[...own].join(', ')} };`,
    ];
    modules.push({ file, number, source, content: `${source}\n;${ties.join(' ')}\n`, broken: false });
    known = new Set([...known, ...own]);
  }
  return modules;
}

function isTypeScript(ts: Compiler, source: string): boolean {
  const { diagnostics = [] } = ts.transpileModule(source, { reportDiagnostics: true });
  return diagnostics.length === 0;
}

/** Never a file of the notebook's folder. */
function moduleName(number: number): string {
  return `__care_cell_${number}__`;
}

/** Names that the top level of a cell declares: variables, functions, classes, types and imports. */
function declaredNames(ts: Compiler, source: string): Set<string> {
  const file = ts.createSourceFile('cell.ts', source, ts.ScriptTarget.ES2022, true);
  const names = new Set<string>();
  const addBinding = (name: TypeScript.BindingName): void => {
    if (ts.isIdentifier(name)) names.add(name.text);
    else for (const element of name.elements) if (ts.isBindingElement(element)) addBinding(element.name);
  };
  for (const statement of file.statements) {
    if (ts.isVariableStatement(statement)) {
      for (const declaration of statement.declarationList.declarations) addBinding(declaration.name);
    } else if (ts.isImportDeclaration(statement)) {
      for (const name of importedNames(ts, statement)) names.add(name);
    } else if (isNamedDeclaration(ts, statement) && statement.name && ts.isIdentifier(statement.name)) {
      names.add(statement.name.text);
      names.add(statement.name.text);
    }
  }
  return names;
}

type NamedDeclaration =
  | TypeScript.FunctionDeclaration
  | TypeScript.ClassDeclaration
  | TypeScript.InterfaceDeclaration
  | TypeScript.TypeAliasDeclaration
  | TypeScript.EnumDeclaration
  | TypeScript.ModuleDeclaration;

function isNamedDeclaration(ts: Compiler, node: TypeScript.Statement): node is NamedDeclaration {
  return (
    ts.isFunctionDeclaration(node) ||
    ts.isClassDeclaration(node) ||
    ts.isInterfaceDeclaration(node) ||
    ts.isTypeAliasDeclaration(node) ||
    ts.isEnumDeclaration(node) ||
    ts.isModuleDeclaration(node)
  );
}

function importedNames(ts: Compiler, { importClause }: TypeScript.ImportDeclaration): string[] {
  if (!importClause) return [];
  const bindings = importClause.namedBindings;
  const named = !bindings ? [] : ts.isNamespaceImport(bindings) ? [bindings] : [...bindings.elements];
  return [importClause, ...named].flatMap(({ name }) => (name ? [name.text] : []));
}

/** As in the kernel: packages and Node's types that the notebook's folder lacks are found where we are installed. */
function resolution(folder: string): TypeScript.CompilerOptions {
  const require = createRequire(import.meta.url);
  const preload = require('./preload-packages.cjs') as {
    readonly compilerPaths: (module: typeof Module, folder: string) => TypeScript.CompilerOptions;
  };
  const base = { ...preload.compilerPaths(Module, folder), types: ['node'] };
  const nodeTypes = '@types/node/package.json';
  try {
    createRequire(join(folder, 'cell.js')).resolve(nodeTypes);
    return base;
  } catch {
    return { ...base, typeRoots: [dirname(dirname(require.resolve(nodeTypes)))] };
  }
}

function createProgram(ts: Compiler, modules: readonly CellModule[], folder: string): TypeScript.Program {
  const options: TypeScript.CompilerOptions = {
    // What tslab fixes for cells ...
    target: ts.ScriptTarget.ES2022,
    lib: ['lib.es2022.d.ts'],
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Node10,
    esModuleInterop: true,
    resolveJsonModule: true,
    skipLibCheck: true,
    noEmit: true,
    ...resolution(folder),
    // ... and what it leaves out.
    strict: true,
    noUncheckedIndexedAccess: true,
    noImplicitOverride: true,
    noFallthroughCasesInSwitch: true,
  };
  const contents = new Map(modules.map(({ file, content }) => [file, content]));
  const host = ts.createCompilerHost(options);
  return ts.createProgram([...contents.keys()], options, {
    ...host,
    getCurrentDirectory: () => folder,
    fileExists: (name) => contents.has(name) || host.fileExists(name),
    readFile: (name) => contents.get(name) ?? host.readFile(name),
    getSourceFile: (name, language, ...rest) => {
      const content = contents.get(name);
      if (content === undefined) return host.getSourceFile(name, language, ...rest);
      return ts.createSourceFile(name, content, language);
    },
  });
}

function describe(
  ts: Compiler,
  notebook: string,
  { number, source }: CellModule,
  { start = 0, messageText, code }: TypeScript.Diagnostic,
): Diagnostic {
  const before = source.slice(0, start).split('\n');
  const text = ts.flattenDiagnosticMessageText(messageText, ' ');
  const hint =
    code === CANNOT_FIND_MODULE && text.includes("'care'") ? ' Build the package first: npm run build.' : '';
  const column = (before.at(-1)?.length ?? 0) + 1;
  return { notebook, cell: number, line: before.length, column, message: `${text}${hint}`, code };
}
