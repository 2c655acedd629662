import { existsSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { describe, expect, test } from 'vitest';
import { describeFailure, runNotebook, type NotebookEvent } from '../../src/notebook/run-notebook.js';
import { codeCell, outputsOf, printed, writeNotebook } from './notebook-files.js';

describe('outputs', () => {
  test('streams, displays of several kinds and the last expression arrive in order', async () => {
    const executed = await runNotebook(
      writeNotebook(
        'console.log("one");\nconsole.log("two");\nconsole.error("three");\nconsole.log("four");',
        [
          "import { display } from 'tslab';",
          'console.log("before");',
          'display.html("<b>bold</b>");',
          'display.png(new Uint8Array([1, 2, 3]));',
          'console.log("after");',
        ].join('\n'),
        'const answer = 6 * 7;\nanswer',
      ),
    );
    expect(executed.failure).toBeUndefined();
    expect(outputsOf(executed, 0)).toEqual([
      { output_type: 'stream', name: 'stdout', text: ['one\n', 'two\n'] },
      { output_type: 'stream', name: 'stderr', text: ['three\n'] },
      { output_type: 'stream', name: 'stdout', text: ['four\n'] },
    ]);
    expect(outputsOf(executed, 1)).toEqual([
      { output_type: 'stream', name: 'stdout', text: ['before\n'] },
      { output_type: 'display_data', data: { 'text/html': '<b>bold</b>' }, metadata: {} },
      { output_type: 'display_data', data: { 'image/png': 'AQID' }, metadata: {} },
      { output_type: 'stream', name: 'stdout', text: ['after\n'] },
    ]);
    expect(printed(executed, 2)).toBe('42\n');
    expect(executed.notebook.cells.map((cell) => cell.execution_count)).toEqual([1, 2, 3]);
  });

  test('20,000 lines in one burst arrive, in order, and so does what follows', async () => {
    const executed = await runNotebook(
      writeNotebook('for (let i = 0; i < 20000; i++) console.log(`line ${i}`);', 'console.log("after");'),
      { timeoutSeconds: 60 },
    );
    expect(printed(executed, 0)).toBe(Array.from({ length: 20_000 }, (_, i) => `line ${i}\n`).join(''));
    expect(printed(executed, 1)).toBe('after\n');
  });

  test('5,000 separate displays, which cannot be gathered, arrive', async () => {
    const executed = await runNotebook(
      writeNotebook(
        "import { display } from 'tslab';\nfor (let i = 0; i < 5000; i++) display.text(String(i));",
      ),
      { timeoutSeconds: 60 },
    );
    const shown = outputsOf(executed, 0).map((output) =>
      output.output_type === 'display_data' ? output.data['text/plain'] : null,
    );
    expect(shown).toEqual(Array.from({ length: 5_000 }, (_, i) => String(i)));
  });

  test('an updated display changes where it was first shown, also from a later cell', async () => {
    const executed = await runNotebook(
      writeNotebook(
        "import { newDisplay } from 'tslab';\nconst bar = newDisplay();\nbar.text('0 %');\nbar.text('50 %');",
        "bar.text('100 %');",
      ),
    );
    expect(outputsOf(executed, 0)).toEqual([
      { output_type: 'display_data', data: { 'text/plain': '100 %' }, metadata: {} },
    ]);
    expect(outputsOf(executed, 1)).toEqual([]);
  });

  test('a callback of stdout.write is called, and characters split over two writes are whole', async () => {
    const executed = await runNotebook(
      writeNotebook(
        [
          "const bytes = Buffer.from('é\\n');",
          'await new Promise<void>((done) => process.stdout.write(bytes.subarray(0, 1), () => done()));',
          'void process.stdout.write(bytes.subarray(1));',
        ].join('\n'),
      ),
      { timeoutSeconds: 20 },
    );
    expect(executed.failure).toBeUndefined();
    expect(printed(executed, 0)).toBe('é\n');
  });

  test('the working folder is the notebook’s, the environment is passed on, progress is told', async () => {
    const path = writeNotebook('console.log(process.cwd());\nconsole.log(process.env.CARE_TEST_VALUE);');
    const events: NotebookEvent[] = [];
    const executed = await runNotebook(path, {
      env: { CARE_TEST_VALUE: 'given' },
      onProgress: (event) => events.push(event),
    });
    expect(printed(executed, 0)).toBe(`${dirname(path)}\ngiven\n`);
    expect(events.map(({ type }) => type)).toEqual(
      expect.arrayContaining(['cell-started', 'stream', 'cell-finished']),
    );
    expect(events[0]).toMatchObject({ cell: 1, cells: 1, firstLine: 'console.log(process.cwd());' });
    const text = events.map((event) => (event.type === 'stream' ? event.text : '')).join('');
    expect(text).toBe(printed(executed, 0));
  });
});

describe('failing cells', () => {
  test('an exception keeps name, message and the line of the cell, and later cells do not run', async () => {
    const executed = await runNotebook(
      writeNotebook(
        // Types and blank lines vanish in the compiled code, so its line numbers differ from the cell's.
        'interface Shape {\n  radius: number;\n}\n\n\nfunction area(shape: Shape): number {\n' +
          "  if (shape.radius < 0) throw new RangeError('negative radius');\n  return shape.radius ** 2;\n}",
        'type Unused = string;\n\nconst size = area({ radius: -1 });',
        'console.log("never");',
      ),
    );
    expect(executed.failure).toMatchObject({
      kind: 'error',
      cell: 2,
      executionCount: 2,
      firstLine: 'type Unused = string;',
      ename: 'RangeError',
      evalue: 'negative radius',
    });
    const traceback = executed.failure?.traceback.join('\n') ?? '';
    expect(traceback).toContain(
      "In[1], line 7: if (shape.radius < 0) throw new RangeError('negative radius');",
    );
    expect(traceback).toMatch(/at .*area \(In\[1\]:7:\d+\)\n\s+at In\[2\]:3:\d+$/);
    expect(outputsOf(executed, 1).at(-1)).toMatchObject({ output_type: 'error', ename: 'RangeError' });
    expect(outputsOf(executed, 2)).toEqual([]);
    expect(executed.failure && describeFailure(executed.failure)).toBe(
      'code cell 2 (In[2]) "type Unused = string;": RangeError: negative radius',
    );
  });

  test('a rejection in an awaiting cell and a compile error keep their places', async () => {
    const rejected = await runNotebook(
      writeNotebook('await Promise.resolve();\n\nthrow new TypeError("late");'),
    );
    expect(rejected.failure).toMatchObject({ ename: 'TypeError', evalue: 'late' });
    expect(rejected.failure?.traceback[0]).toBe('In[1], line 3: throw new TypeError("late");');
    const uncompiled = await runNotebook(writeNotebook('const ok = 1;\nconst wrong: string = ok;'));
    expect(uncompiled.failure).toMatchObject({
      ename: 'CompileError',
      evalue: "In[1]:2:7 - Type 'number' is not assignable to type 'string'.",
    });
  });

  test('an error with a hint is shown as its message and hint alone', async () => {
    const source =
      "throw Object.assign(new Error('no such folder'), { name: 'UserError', hint: 'Make it.' });";
    const executed = await runNotebook(writeNotebook(source));
    expect(executed.failure).toMatchObject({ ename: 'UserError', evalue: 'no such folder' });
    expect(executed.failure?.traceback).toEqual(['UserError: no such folder', 'Make it.']);
  });

  test.each([
    ['a rejection that nobody awaits', 'void Promise.reject(new Error("forgotten"));', 'forgotten'],
    [
      'an exception in a callback',
      'setImmediate(() => { throw new Error("from a callback"); });',
      'from a callback',
    ],
    ['a value that is no error', 'throw { code: 7 };', '{ code: 7 }'],
  ])('%s makes its cell fail', async (_, source, evalue) => {
    const executed = await runNotebook(writeNotebook('const first = 1;', source, 'console.log("never");'));
    expect(executed.failure).toMatchObject({ kind: 'error', cell: 2, evalue });
    expect(outputsOf(executed, 2)).toEqual([]);
  });

  test('an exception from a timer after the last cell is not missed', async () => {
    const executed = await runNotebook(
      writeNotebook('setTimeout(() => { throw new Error("late"); }, 60);\n1;'),
    );
    expect(executed.failure).toMatchObject({ cell: 1, ename: 'Error', evalue: 'late' });
  });

  test('a waiting cell and a synchronous loop are interrupted at the limit', async () => {
    for (const source of [
      'console.log("begun");\nawait new Promise(() => {});',
      'console.log("begun");\nwhile (true);',
    ]) {
      const executed = await runNotebook(writeNotebook(source), { timeoutSeconds: 1 });
      expect(executed.failure).toMatchObject({
        kind: 'timeout',
        cell: 1,
        evalue: 'the cell took longer than 1 seconds and was interrupted',
      });
      expect(printed(executed, 0)).toBe('begun\n');
    }
  });

  test('a loop after an await, which cannot be interrupted, ends with its kernel', async () => {
    const executed = await runNotebook(writeNotebook('await 1;\nwhile (true);'), { timeoutSeconds: 1 });
    expect(executed.failure?.kind).toBe('timeout');
    expect(executed.failure?.evalue).toContain('its kernel was ended');
  });

  test('a kernel that is killed in the middle is told with its last words, and leaves nothing behind', async () => {
    const source = 'console.log("before");\nrequire("fs").writeSync(2, "native library: out of luck\\n");\n';
    const executed = await runNotebook(
      writeNotebook(`${source}process.kill(process.pid, 'SIGKILL');\nawait 1;`),
      {
        timeoutSeconds: 20,
      },
    );
    expect(executed.failure).toMatchObject({ kind: 'kernel died', cell: 1, ename: 'KernelDied' });
    expect(executed.failure?.evalue).toMatch(/SIGKILL[^]*native library: out of luck/);
    expect(outputsOf(executed, 0).at(-1)).toMatchObject({ output_type: 'error', ename: 'KernelDied' });
  });

  test('an abort stops the running cell and keeps what it showed', async () => {
    const stop = new AbortController();
    const executed = await runNotebook(writeNotebook('console.log("begun");\nawait new Promise(() => {});'), {
      signal: stop.signal,
      onProgress: ({ type }) => {
        if (type === 'stream') stop.abort();
      },
    });
    expect(executed.failure).toMatchObject({ kind: 'interrupted', cell: 1 });
    expect(printed(executed, 0)).toBe('begun\n');
  });
});

test('a package that is installed while the kernel runs can be imported, and disturbs no cell', async () => {
  const install = (name: string): string =>
    [
      "import { mkdirSync, writeFileSync } from 'node:fs';",
      `mkdirSync('node_modules/${name}', { recursive: true });`,
      `writeFileSync('node_modules/${name}/index.d.ts', 'export declare const value: number;');`,
      `writeFileSync('node_modules/${name}/index.js', 'exports.value = 7;');`,
      // Until the compiler's watchers and timers have seen it.
      'await new Promise((done) => setTimeout(done, 1500));',
    ].join('\n');
  const executed = await runNotebook(
    writeNotebook(
      install('first'),
      "import { value } from 'first';\nconsole.log(value);",
      install('second'),
      'console.log(value + 1);',
      "import * as second from 'second';\nconsole.log(second.value);",
    ),
  );
  expect(executed.failure).toBeUndefined();
  expect([1, 3, 4].map((index) => printed(executed, index))).toEqual(['7\n', '8\n', '7\n']);
});

test('parameters override their defaults, keep their types, and an unknown one is an error with the known ones', async () => {
  const path = writeNotebook(
    codeCell("const profile: 'smoke' | 'laptop' = 'laptop';\nconst steps = 10;\nconst label = 'x';", [
      'parameters',
    ]),
    "const summary = `${profile} ${steps + 1} ${label}`;\nif (profile === 'smoke') console.log(summary);",
  );
  const executed = await runNotebook(path, { parameters: { profile: 'smoke', steps: '41', label: '7' } });
  expect(executed.failure).toBeUndefined();
  expect(printed(executed, 2)).toBe('smoke 42 7\n');
  const wrong = await runNotebook(path, { parameters: { profile: 'huge' } });
  expect(wrong.failure).toMatchObject({ cell: null, ename: 'CompileError' });
  await expect(runNotebook(path, { parameters: { profil: 'smoke' } })).rejects.toThrow(
    'unknown notebook parameter profil; the notebook knows: profile, steps, label',
  );
});

test('the kernel ends although a cell left a timer, and its connection file, readable by us alone, is removed', async () => {
  const executed = await runNotebook(
    writeNotebook(
      [
        "import { statSync } from 'node:fs';",
        'setInterval(() => {}, 1000);',
        "const file = process.argv.at(-1) ?? '';",
        'console.log([process.pid, (statSync(file).mode & 0o777).toString(8), file].join(" "));',
      ].join('\n'),
    ),
  );
  const [pid = '', mode, file = ''] = printed(executed, 0).trim().split(' ');
  expect(mode).toBe('600');
  expect(file).toMatch(/connection\.json$/);
  expect(existsSync(dirname(file))).toBe(false);
  expect(() => process.kill(Number(pid), 0)).toThrow('ESRCH');
});

test('the file itself is left as it was', async () => {
  const path = writeNotebook('console.log(1);');
  const before = readFileSync(path, 'utf8');
  await runNotebook(path);
  expect(readFileSync(path, 'utf8')).toBe(before);
});

describe('without checking types', () => {
  const env = { CARE_KERNEL_TYPES: 'unchecked' };

  test('declarations, types, imports and top-level await pass from cell to cell', async () => {
    const executed = await runNotebook(
      writeNotebook(
        'interface Point { x: number }\nconst table: Record<string, Point> = { a: { x: 3 } };\nlet sum = 0;',
        "import { join } from 'node:path';\nimport * as os from 'node:os';\nconst name = await Promise.resolve(join('a', 'b'));",
        'const double = (point: Point): number => 2 * point.x;\nenum Side { left = 4 }\nsum = double(table.a) + Side.left;',
        'console.log(name, sum, typeof os.EOL);\n[...new Map([[1, sum]]).values()]',
      ),
      { env },
    );
    expect(executed.failure).toBeUndefined();
    expect(printed(executed, 3)).toBe('a/b 10 string\n[ 10 ]\n');
  });

  test('an error of types is passed over; one of syntax, and one that is thrown, is told with its place', async () => {
    const passed = await runNotebook(writeNotebook('const count: number = "three";\ncount'), { env });
    expect(printed(passed, 0)).toBe('three\n');
    const broken = await runNotebook(writeNotebook('const x = ;'), { env });
    expect(broken.failure?.traceback.join('\n')).toContain('Expression expected');
    const thrown = await runNotebook(writeNotebook('let a = 1;\n\nthrow new Error("no");'), { env });
    expect(thrown.failure?.traceback.join('\n')).toContain('In[1]:3:7');
  });
});
