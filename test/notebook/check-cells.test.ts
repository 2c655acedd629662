import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { PACKAGE_FOLDER } from '../../src/cli/report-files.js';
import { checkNotebookCells, formatDiagnostic } from '../../src/notebook/check-cells.js';
import { runNotebook } from '../../src/notebook/run-notebook.js';
import {
  folderWithDisplayPackage,
  temporaryFolder,
  writeNotebook,
  writeNotebookIn,
} from './notebook-files.js';

/** A cell may use Node's types, which are looked for from the notebook's folder upwards. */
function checked(...cells: string[]): string[] {
  return checkNotebookCells([writeNotebook(...cells)]).map(
    ({ cell, line, code }) => `${cell}:${line} TS${code}`,
  );
}

test('a misspelt property is found in its cell and line', () => {
  const text = { cell_type: 'markdown' as const, metadata: {}, source: '# Title' };
  const path = writeNotebook(
    'const point = { x: 1, y: 2 };',
    text,
    '// a comment\nconst sum =\n  point.x + point.z;',
  );
  const found = checkNotebookCells([path]);
  expect(found).toEqual([
    {
      notebook: path,
      cell: 2,
      line: 3,
      column: 19,
      code: 2339,
      message: "Property 'z' does not exist on type '{ x: number; y: number; }'.",
    },
  ]);
  expect(found.map(formatDiagnostic)).toEqual([
    `${path}, code cell 2, line 3: Property 'z' does not exist on type '{ x: number; y: number; }'. (TS2339)`,
  ]);
});

test('what tslab allows is no finding, and the kernel agrees', async () => {
  const cells = [
    "interface Shape { radius: number }\nlet count = 0;\nconst value = 1;\nconst mode: 'a' | 'b' = 'a';",
    'const value = "redeclared with another type";\nconsole.log(value.length);\ncount = 5;\ncount++;',
    'const shape: Shape = { radius: value.length };\nawait Promise.resolve(shape);',
    "const { radius, ...rest } = shape;\nif (mode === 'b') console.log(rest);\nfunction area(r: number) { return r * r; }",
    'type Shape = { side: number };\nconst square: Shape = { side: area(radius) };\nconsole.log(square.side + count);',
  ];
  expect(checked(...cells)).toEqual([]);
  expect((await runNotebook(writeNotebook(...cells))).failure).toBeUndefined();
});

test('the check is strict where the kernel is not', () => {
  expect(checked('const double = (x) => 2 * x;')).toEqual(['1:1 TS7006']);
  expect(checked('const list = [1, 2];', '\nconst first: number = list[0];')).toEqual(['2:2 TS2322']);
  expect(checked('const found = [1].find((x) => x > 1);\nfound.toFixed();')).toEqual(['1:2 TS18048']);
});

test('a name is unknown before its cell, and a redeclared one has its new type', () => {
  expect(checked('later;', 'const later = 1;')).toEqual(['1:1 TS2304']);
  expect(checked('const a = 1;', 'const a = "x";', 'a.toFixed();')).toEqual(['3:1 TS2551']);
});

test('of a cell that is no TypeScript only that is said', () => {
  expect(checked('const fine = 1;', 'function broken() {', 'fine.nothing;')).toEqual([
    '2:1 TS1005',
    '3:1 TS2339',
  ]);
});

test('packages are imported by name, with their types', () => {
  const folder = folderWithDisplayPackage();
  const path = writeNotebookIn(folder, "import { show } from 'care';", 'show({}, 1);');
  expect(checkNotebookCells([path]).map(({ cell, code }) => [cell, code])).toEqual([[2, 2554]]);
});

test('a package that is not built is told so', () => {
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'node_modules', 'care'), { recursive: true });
  writeFileSync(
    join(folder, 'node_modules', 'care', 'package.json'),
    '{ "name": "care", "types": "dist/index.d.ts" }',
  );
  const found = checkNotebookCells([writeNotebookIn(folder, "import { show } from 'care';\nshow({});")]);
  expect(found.map(({ message }) => message)).toEqual([
    expect.stringMatching(/Cannot find module 'care'.*npm run build/),
  ]);
});

test('types of Node are found from the notebook’s folder', () => {
  const folder = temporaryFolder();
  const types = join(folder, 'node_modules', '@types', 'node');
  mkdirSync(types, { recursive: true });
  writeFileSync(join(types, 'package.json'), '{ "name": "@types/node", "types": "index.d.ts" }');
  writeFileSync(join(types, 'index.d.ts'), "declare module 'node:made-up' { export const answer: number; }");
  const path = writeNotebookIn(folder, "import { answer } from 'node:made-up';\nanswer.length;");
  expect(checkNotebookCells([path]).map(({ line, code }) => [line, code])).toEqual([[2, 2339]]);
});

test("the package's own notebooks are right in every type: reports are made of them without checking it again", () => {
  const notebooks = join(PACKAGE_FOLDER, 'notebooks');
  const files = readdirSync(notebooks).filter((file) => file.endsWith('.ipynb'));
  expect(files.length).toBeGreaterThanOrEqual(6);
  expect(checkNotebookCells(files.map((file) => join(notebooks, file))).map(formatDiagnostic)).toEqual([]);
});
