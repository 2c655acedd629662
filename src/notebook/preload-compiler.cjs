/**
 * Three changes to tslab's compiler.
 *
 * Stack traces name the cell and its line, `In[3]:5:9`, instead of a line of the JavaScript made from it: tslab compiles
 * a cell twice (TypeScript to ES modules, these to CommonJS) and throws the positions away. Both passes are asked for a
 * source map, and the code is given the name `In[n]`, which V8 then puts into stack traces.
 *
 * Packages may change while the kernel runs: tslab takes one timer of the compiler at a time and throws "Unexpected
 * pending rebuildTimer" in whatever cell comes next when a package was installed or built meanwhile.
 *
 * With `CARE_KERNEL_TYPES=unchecked` types are not checked: no declaration of any package is read, which takes most of a
 * short notebook's time. It is for notebooks whose types were checked before; a syntax error is found all the same.
 */
'use strict';

const Module = require('node:module');
const { clearTimeout, setTimeout } = require('node:timers');
const { compilerPaths } = require('./preload-packages.cjs');

const { SourceMap } = Module;

const MAP_COMMENT = /\n?\/\/# sourceMappingURL=data:application\/json;base64,([\w+/=]+)\s*$/;
/** tslab wraps the code of a cell in a function; only the columns of its first line move. */
const WRAPPER = '(async function(exports, require) { '.length;

const UNCHECKED = process.env.CARE_KERNEL_TYPES === 'unchecked';
/** `await` outside a function: tslab looks for it among the errors. */
const TOP_LEVEL_AWAIT = 1308;

/** Per execution count: the two source maps and the lines of the cell. */
const cells = new Map();
let current = { number: 0, source: '' };

function beginCell(number, source) {
  current = { number, source };
}

/** A copy of the compiler's module with functions of ours (the module's own cannot be replaced). */
function mendCompiler(ts) {
  const createWatchCompilerHost = (files, options, ...rest) => {
    const reads = UNCHECKED ? { noResolve: true, noLib: true, types: [] } : compilerPaths(Module);
    const settings = { ...options, ...reads, inlineSourceMap: true };
    const host = ts.createWatchCompilerHost(files, settings, ...rest);
    return withSecondTimer(UNCHECKED ? withForcedDeclarations(host) : host);
  };

  const transpileModule = (code, options) => {
    const found = options.fileName === 'custom.js' ? MAP_COMMENT.exec(code) : null;
    if (!found) return ts.transpileModule(code, options);
    const first = JSON.parse(Buffer.from(found[1], 'base64').toString('utf8'));
    const result = ts.transpileModule(code.slice(0, found.index), {
      ...options,
      compilerOptions: { ...options.compilerOptions, sourceMap: true },
    });
    const plain = result.outputText.replace(/\n?\/\/# sourceMappingURL=.*\s*$/, '\n');
    // Files that a cell imports are compiled here too; only the cell itself gets the cell's name.
    if (!/__tslab__\.[jt]s$/.test(first.sources?.[0] ?? '')) return { ...result, outputText: plain };
    cells.set(current.number, {
      maps: [new SourceMap(JSON.parse(result.sourceMapText)), new SourceMap(first)],
      lines: current.source.split('\n'),
    });
    return { ...result, outputText: `${plain}//# sourceURL=In[${current.number}]\n` };
  };

  const getPreEmitDiagnosticsOfFiles = (program, files, ...rest) => {
    const all = ts.getPreEmitDiagnosticsOfFiles(program, files, ...rest);
    if (!UNCHECKED) return all;
    const syntax = new Set(files.flatMap((file) => program.getSyntacticDiagnostics(file)));
    return all.filter((diagnostic) => diagnostic.code === TOP_LEVEL_AWAIT || syntax.has(diagnostic));
  };

  return Object.defineProperties(
    {},
    {
      ...Object.getOwnPropertyDescriptors(ts),
      createWatchCompilerHost: { value: createWatchCompilerHost, enumerable: true },
      getPreEmitDiagnosticsOfFiles: { value: getPreEmitDiagnosticsOfFiles, enumerable: true },
      transpileModule: { value: transpileModule, enumerable: true },
    },
  );
}

/** What a cell declares is handed to the next one also where its types are not known: the compiler would write nothing. */
function withForcedDeclarations(host) {
  const { createProgram } = host;
  host.createProgram = (...given) => {
    const builder = createProgram(...given);
    const program = builder.getProgram();
    const { emit } = program;
    program.emit = (file, write, cancel, onlyDeclarations, transformers) =>
      emit(file, write, cancel, onlyDeclarations, transformers, true);
    return builder;
  };
  return host;
}

/** Keeps the compiler's other timer, for lookups that failed before, apart from the one that tslab runs by hand. */
function withSecondTimer(host) {
  const { setTimeout: schedule, clearTimeout: cancel } = host;
  const own = new Set();
  host.setTimeout = (callback, delay, ...rest) => {
    if (callback.name === 'updateProgramWithWatchStatus') return schedule(callback, delay, ...rest);
    const timer = setTimeout(callback, delay, ...rest).unref();
    own.add(timer);
    return timer;
  };
  host.clearTimeout = (timer) => (own.delete(timer) ? clearTimeout(timer) : cancel(timer));
  return host;
}

/** The line (from 1) and column of the cell for a position in the code made from it, or null. */
function originalPosition(cell, line, column) {
  let position = { line: line - 1, column: Math.max(0, column - 1 - (line === 1 ? WRAPPER : 0)) };
  for (const map of cell.maps) {
    const entry = map.findEntry(position.line, position.column);
    if (entry.originalLine === undefined) return null;
    position = { line: entry.originalLine, column: entry.originalColumn };
  }
  // tslab puts one line of its own before the cell's source.
  return { line: position.line, column: position.column + 1 };
}

/** Rewrites every `In[n]:line:column` of a stack trace; `at` is the first place in a cell, with its source line. */
function mapPlaces(stack) {
  let at = null;
  const text = stack.replace(/In\[(\d+)\]:(\d+):(\d+)/g, (place, number, line, column) => {
    const cell = cells.get(Number(number));
    const found = cell && originalPosition(cell, Number(line), Number(column));
    if (!found) return place;
    at ??= { cell: Number(number), line: found.line, source: (cell.lines[found.line - 1] ?? '').trim() };
    return `In[${number}]:${found.line}:${found.column}`;
  });
  return { text, at };
}

module.exports = { beginCell, mapPlaces, mendCompiler };
