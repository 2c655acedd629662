/**
 * Notebook parameters by papermill's convention: the cell tagged `parameters` declares them with their defaults, and
 * a cell that overrides some of them is put behind it.
 */
import { createRequire } from 'node:module';
import type * as TypeScript from 'typescript';
import { closest } from '../runs/closest.js';
import { tslabFile } from './kernel-files.js';
import { joinText, tagsOf, type CodeCell, type Notebook } from './nbformat.js';

/** One declared parameter. */
export interface NotebookParameter {
  readonly name: string;
  /** Its type: as annotated, or the type of a plain number, string or boolean default; null where neither tells. */
  readonly type: string | null;
}

/** The tag of the cell that declares the parameters, and of the one that we put behind it. */
const DECLARING_TAG = 'parameters';
const INJECTED_TAG = 'injected-parameters';
/** The parameter that takes settings of an experiment, `key=value` each: those that are no parameters go there. */
const SETTINGS = 'settings';

/** The parameters that a notebook declares: the top-level variables of its cell tagged `parameters`. */
export function notebookParameters(notebook: Notebook): readonly NotebookParameter[] {
  const declaring = declaringCell(notebook);
  return declaring ? declaredParameters(joinText(declaring.source)) : [];
}

/**
 * The notebook with a cell that sets parameters, behind the one that declares them, and says so in its output.
 *
 * Values are read as JSON where that gives a number, a boolean, a list or an object, and as text otherwise; a parameter
 * declared as `string` keeps its text as it is. A name with a dot, `training.lambda`, or one that is near to no parameter, such
 * as `lambda`, is a setting of the experiment and is added to the parameter `settings` of a notebook that has it.
 *
 * @throws Error for a name that the notebook does not declare, listing those that it does.
 */
export function injectParameters(notebook: Notebook, given: Readonly<Record<string, string>>): Notebook {
  if (Object.keys(given).length === 0) return notebook;
  const declared = notebookParameters(notebook);
  const values = withSettings(given, declared);
  const names = Object.keys(values);
  const unknown = names.filter((name) => !declared.some((parameter) => parameter.name === name));
  if (unknown.length > 0) throw new Error(unknownParameters(notebook, unknown, declared));
  const set = declared
    .filter(({ name }) => name in values)
    .map((parameter) => ({ parameter, value: valueOf(parameter, values[parameter.name] ?? '') }));
  const lines = set.map(({ parameter, value }) => overridingLine(parameter, value));
  const injected: CodeCell = {
    cell_type: 'code',
    ...(notebook.nbformat_minor >= 5 ? { id: INJECTED_TAG } : {}),
    metadata: { tags: [INJECTED_TAG] },
    source: ['// Parameters of this run\n', ...lines, sayingLine(set)].join(''),
    outputs: [],
    execution_count: null,
  };
  // A notebook that was itself made by a run carries that run's cell: it is replaced.
  const cells = notebook.cells.filter((cell) => !tagsOf(cell).includes(INJECTED_TAG));
  const at = cells.findIndex((cell) => tagsOf(cell).includes(DECLARING_TAG));
  return { ...notebook, cells: [...cells.slice(0, at + 1), injected, ...cells.slice(at + 1)] };
}

/** Whether a cell was put in by {@link injectParameters}; it has no number of its own in the file. */
export function isInjected(cell: CodeCell): boolean {
  return tagsOf(cell).includes(INJECTED_TAG);
}

function declaringCell(notebook: Notebook): CodeCell | undefined {
  return notebook.cells.find(
    (cell): cell is CodeCell => cell.cell_type === 'code' && tagsOf(cell).includes(DECLARING_TAG),
  );
}

function unknownParameters(
  notebook: Notebook,
  unknown: readonly string[],
  declared: readonly NotebookParameter[],
): string {
  const what = `unknown notebook parameter${unknown.length > 1 ? 's' : ''} ${unknown.join(', ')}`;
  if (!declaringCell(notebook)) return `${what}: the notebook has no cell tagged "${DECLARING_TAG}"`;
  const settings = declared.some(({ name }) => name === SETTINGS)
    ? '. A setting of the experiment is written training.lambda=3'
    : '';
  return `${what}; the notebook knows: ${declared.map(({ name }) => name).join(', ') || 'none'}${settings}`;
}

interface SetParameter {
  readonly parameter: NotebookParameter;
  readonly value: unknown;
}

/** Names that are no parameters, gathered in the one that takes settings; what may be a misspelt parameter stays. */
function withSettings(
  given: Readonly<Record<string, string>>,
  declared: readonly NotebookParameter[],
): Readonly<Record<string, string>> {
  const known = declared.map(({ name }) => name);
  const isSetting = (name: string) =>
    name.includes('.') || (!known.includes(name) && closest(name, known) === null);
  const ofExperiment = Object.entries(given).filter(([name]) => isSetting(name));
  if (ofExperiment.length === 0 || !known.includes(SETTINGS)) return given;
  const listed = parseValue(given[SETTINGS] ?? '[]');
  const earlier: readonly unknown[] = Array.isArray(listed) ? listed : [listed];
  const settings = [...earlier, ...ofExperiment.map(([name, value]) => `${name}=${value}`)];
  const others = Object.entries(given).filter(([name]) => !isSetting(name));
  return { ...Object.fromEntries(others), [SETTINGS]: JSON.stringify(settings) };
}

function valueOf({ type }: NotebookParameter, text: string): unknown {
  return type === 'string' ? text : parseValue(text);
}

/**
 * `const` where the type is known, so that a wrong value is a compile error of this very cell where types are checked; else
 * `let`, because a `const` would narrow to the one value and later comparisons with another would not compile.
 */
function overridingLine({ name, type }: NotebookParameter, value: unknown): string {
  return type === null
    ? `let ${name} = ${JSON.stringify(value)};\n`
    : `const ${name}: ${type} = ${JSON.stringify(value)};\n`;
}

/** Shows what was set below the cell, where a reader sees it without unfolding code. */
function sayingLine(set: readonly SetParameter[]): string {
  const words = set.map(({ parameter: { name }, value }) => `${name} = ${JSON.stringify(value)}`);
  return `console.log(${JSON.stringify(`Set for this run: ${words.join(', ')}`)});\n`;
}

function parseValue(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

/** tslab brings a TypeScript of its own, which is there wherever a notebook can run. */
function loadTypeScript(): typeof TypeScript {
  return createRequire(tslabFile())('@tslab/typescript-for-tslab') as typeof TypeScript;
}

function declaredParameters(source: string): NotebookParameter[] {
  const ts = loadTypeScript();
  const file = ts.createSourceFile('parameters.ts', source, ts.ScriptTarget.ES2022, true);
  const parameters: NotebookParameter[] = [];
  for (const statement of file.statements) {
    if (!ts.isVariableStatement(statement)) continue;
    for (const declaration of statement.declarationList.declarations) {
      if (!ts.isIdentifier(declaration.name)) continue;
      const type = declaration.type?.getText(file) ?? typeOfDefault(ts, declaration.initializer);
      parameters.push({ name: declaration.name.text, type });
    }
  }
  return parameters;
}

function typeOfDefault(ts: typeof TypeScript, initial: TypeScript.Expression | undefined): string | null {
  if (!initial) return null;
  if (ts.isStringLiteralLike(initial)) return 'string';
  const operand = ts.isPrefixUnaryExpression(initial) ? initial.operand : initial;
  if (ts.isNumericLiteral(operand)) return 'number';
  const isBoolean = initial.kind === ts.SyntaxKind.TrueKeyword || initial.kind === ts.SyntaxKind.FalseKeyword;
  return isBoolean ? 'boolean' : null;
}
