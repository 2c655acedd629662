import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  clearNotebook,
  codeCells,
  formatNotebook,
  joinText,
  locateJsonError,
  parseNotebook,
  readNotebook,
  splitText,
} from '../../src/notebook/nbformat.js';
import { codeCell, notebookOf, temporaryFolder } from './notebook-files.js';

describe('locateJsonError', () => {
  test.each([
    ['{"a": 1,}', 8],
    ['{"a": x}', 6],
    ['[1 2]', 3],
    ['{"a" 1}', 5],
    ['["tab\there"]', 1],
    ['[01]', 2],
    ['{"a": [1, 2', 11],
    ['<<<<<<< HEAD', 0],
    ['{} {}', 3],
  ])('%s breaks at %i', (text, at) => expect(locateJsonError(text)).toBe(at));

  test('goes through all of any valid JSON', () => {
    fc.assert(
      fc.property(fc.json(), fc.constantFrom(0, 1, 2), (text, indent) => {
        const laidOut = JSON.stringify(JSON.parse(text), null, indent);
        expect(locateJsonError(laidOut)).toBe(laidOut.length);
      }),
    );
  });

  test('of JSON that was cut off, nothing before the cut is blamed, except the string or word that was cut', () => {
    fc.assert(
      fc.property(fc.array(fc.nat()), fc.nat(), (numbers, cut) => {
        const text = JSON.stringify({ list: numbers, end: [true] });
        const part = text.slice(0, cut % text.length);
        const at = locateJsonError(part);
        expect(/^["\w]*$/.test(part.slice(at))).toBe(true);
      }),
    );
  });
});

describe('reading', () => {
  test('broken JSON is told with file, line, column and byte', () => {
    const text = '{\n "é": 1,\n "cells": [,]\n}';
    expect(() => parseNotebook(text, 'a.ipynb')).toThrow(
      'a.ipynb is no notebook: broken JSON at line 3, column 12 (byte 23): unexpected ","',
    );
    expect(() => parseNotebook('{"cells": [', 'a.ipynb')).toThrow('the file ends too early');
  });

  test('what does not fit the format is told with its cell and field', () => {
    const broken = { ...notebookOf('1'), cells: [codeCell('1'), { ...codeCell('2'), outputs: 'none' }] };
    expect(() => parseNotebook(JSON.stringify(broken), 'b.ipynb')).toThrow(
      /b\.ipynb is no notebook of format 4: cell 2 of the file, outputs: /,
    );
    expect(() => parseNotebook(JSON.stringify({ ...notebookOf(), nbformat: 3 }), 'c.ipynb')).toThrow(
      'only notebook format 4',
    );
  });

  test('a missing file, and bytes that are no UTF-8', () => {
    const path = join(temporaryFolder(), 'd.ipynb');
    expect(() => readNotebook(path)).toThrow(`cannot read the notebook ${path}`);
    writeFileSync(path, Buffer.concat([Buffer.from('{"a": "'), Buffer.from([0xff]), Buffer.from('"}')]));
    expect(() => readNotebook(path)).toThrow(`${path} is no UTF-8 text (byte 7)`);
  });

  test('a byte order mark is skipped, unknown fields are kept', () => {
    const path = join(temporaryFolder(), 'e.ipynb');
    const notebook = { ...notebookOf('1'), extra: { kept: true } };
    writeFileSync(path, `\uFEFF${JSON.stringify(notebook)}`);
    expect(readNotebook(path)).toEqual(notebook);
  });
});

test('clearing removes outputs, counts and times, keeps everything else, and twice is once', () => {
  const dirty = notebookOf(
    {
      ...codeCell('1', ['parameters']),
      metadata: { tags: ['parameters'], execution: { 'iopub.status.idle': 'then' } },
      outputs: [{ output_type: 'stream', name: 'stdout', text: 'x' }],
      execution_count: 7,
    },
    { cell_type: 'markdown', metadata: { keep: 1 }, source: ['# Title\n', 'text'] },
  );
  const clean = clearNotebook(dirty);
  expect(clean.cells).toEqual([
    codeCell('1', ['parameters']),
    { cell_type: 'markdown', metadata: { keep: 1 }, source: ['# Title\n', 'text'] },
  ]);
  expect(clearNotebook(clean)).toEqual(clean);
  expect(formatNotebook(parseNotebook(formatNotebook(clean), 'x'))).toBe(formatNotebook(clean));
});

test('lines are split as Jupyter does it, and joined again', () => {
  expect(splitText('a\n\nb')).toEqual(['a\n', '\n', 'b']);
  expect(splitText('')).toEqual([]);
  fc.assert(fc.property(fc.string(), (text) => joinText(splitText(text)) === text));
});

test('code cells are numbered without the text between them', () => {
  const text = { cell_type: 'markdown' as const, metadata: {}, source: 'text' };
  const numbered = codeCells(notebookOf(text, 'a', text, 'b'));
  expect(numbered.map(({ number, cell }) => [number, cell.source])).toEqual([
    [1, 'a'],
    [2, 'b'],
  ]);
});
