import { expect, test } from 'vitest';
import { joinText } from '../../src/notebook/nbformat.js';
import { injectParameters, notebookParameters } from '../../src/notebook/parameters.js';
import { codeCell, notebookOf } from './notebook-files.js';

const DECLARING = codeCell(
  [
    "const profile: 'smoke' | 'laptop' = 'laptop'; // how big",
    'const steps = 10, rate = -1e-3;',
    'let label = `x`, fast = false, seeds = [1, 2];',
    'function notAParameter() { const inner = 1; return inner; }',
  ].join('\n'),
  ['parameters'],
);

test('parameters are the variables of the tagged cell, with the types that they show', () => {
  expect(notebookParameters(notebookOf('const other = 1;', DECLARING))).toEqual([
    { name: 'profile', type: "'smoke' | 'laptop'" },
    { name: 'steps', type: 'number' },
    { name: 'rate', type: 'number' },
    { name: 'label', type: 'string' },
    { name: 'fast', type: 'boolean' },
    { name: 'seeds', type: null },
  ]);
});

test('a cell behind the tagged one overrides what is given, and only that', () => {
  const notebook = notebookOf('before();', DECLARING, 'after();');
  const values = { label: '12', steps: '12', seeds: '[3]', profile: 'smoke "or" more' };
  const injected = injectParameters(notebook, values);
  expect(injected.cells).toHaveLength(4);
  expect(injected.cells[2]?.metadata).toEqual({ tags: ['injected-parameters'] });
  expect(joinText(injected.cells[2]?.source ?? '').split('\n')).toEqual([
    '// Parameters of this run',
    `const profile: 'smoke' | 'laptop' = "smoke \\"or\\" more";`,
    'const steps: number = 12;',
    'const label: string = "12";',
    'let seeds = [3];',
    `console.log("Set for this run: profile = \\"smoke \\\\\\"or\\\\\\" more\\", steps = 12, label = \\"12\\", seeds = [3]");`,
    '',
  ]);
  expect(injected.cells[3]).toEqual(notebook.cells[2]);
});

test('the parameters of an earlier run are replaced', () => {
  const once = injectParameters(notebookOf(DECLARING), { steps: '1' });
  const twice = injectParameters(once, { steps: '2' });
  expect(twice.cells).toHaveLength(2);
  expect(joinText(twice.cells[1]?.source ?? '')).toContain('steps: number = 2');
});

test('unknown names are listed with the known ones; nothing given changes nothing', () => {
  const notebook = notebookOf(DECLARING);
  expect(() => injectParameters(notebook, { step: '1', b: '2' })).toThrow(
    'unknown notebook parameters step, b; the notebook knows: profile, steps, rate, label, fast, seeds',
  );
  expect(() => injectParameters(notebookOf('1'), { steps: '1' })).toThrow('no cell tagged "parameters"');
  expect(injectParameters(notebook, {})).toBe(notebook);
});

const STUDY = codeCell("const profile: string = 'laptop';\nconst settings: string[] = ['seed=1'];", [
  'parameters',
]);

test('names with a dot are settings of the experiment, behind those that are given as a list', () => {
  const lines = (values: Readonly<Record<string, string>>) =>
    joinText(injectParameters(notebookOf(STUDY), values).cells[1]?.source ?? '').split('\n');
  expect(lines({ 'training.lambda': '0.03', profile: 'smoke', 'training.steps': '5' })).toContain(
    'const settings: string[] = ["training.lambda=0.03","training.steps=5"];',
  );
  expect(lines({ 'training.lambda': '3', settings: '["data.limit=8"]' })).toContain(
    'const settings: string[] = ["data.limit=8","training.lambda=3"];',
  );
  expect(lines({ lambda: '0.03' })).toContain('const settings: string[] = ["lambda=0.03"];');
  // What was set stands in the output, not in folded code alone.
  expect(lines({ 'training.lambda': '3' })).toContain(
    'console.log("Set for this run: settings = [\\"training.lambda=3\\"]");',
  );
});

test('without such a list a setting is unknown, and a misspelt parameter is no setting', () => {
  expect(() => injectParameters(notebookOf(DECLARING), { 'training.lambda': '3' })).toThrow(
    'unknown notebook parameter training.lambda; the notebook knows: profile, steps',
  );
  expect(() => injectParameters(notebookOf(STUDY), { profle: '3' })).toThrow(
    'unknown notebook parameter profle; the notebook knows: profile, settings. A setting of the experiment is written training.lambda=3',
  );
});
