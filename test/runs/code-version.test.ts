import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { codeHash, codeProvenance } from '../../src/runs/code-version.js';
import { UserError } from '../../src/runs/user-error.js';
import { packageDir, temporaryFolder } from './compiled-sources.js';

const dir = realpathSync(temporaryFolder('code'));
afterAll(() => {
  rmSync(dir, { recursive: true });
});

let packages = 0;

/** A package with these files, and the hash of its entry. */
function hashOf(files: Readonly<Record<string, string>>, entry = 'dist/train/trainer.js'): string {
  const root = join(dir, `package-${packages++}`);
  for (const [name, content] of Object.entries({ 'package.json': '{"type":"module"}', ...files })) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), content);
  }
  return codeHash(pathToFileURL(join(root, entry)));
}

const trainer = `import { adam } from './adam.js';
import * as tf from '@tensorflow/tfjs';
export { relu } from '../nn/relu.js';
export const train = (steps) => { for (let i = 0; i < steps; i++) adam(tf, i, 'mean', 1e-3); };
`;
const base = {
  'dist/train/trainer.js': trainer,
  'dist/train/adam.js': `export const adam = (tf, step, reduction, rate) => rate / (step + 1);`,
  'dist/nn/relu.js': `export const relu = (x) => (x > 0 ? x : 0);`,
  'dist/report/page.js': `export const page = 1;`,
};

describe('codeHash', () => {
  const original = hashOf(base);

  it('is a sha256, the same in another folder', () => {
    expect(original).toMatch(/^[0-9a-f]{64}$/);
    expect(hashOf(base)).toBe(original);
  });

  it.each<[string, Readonly<Record<string, string>>]>([
    ['comments', { 'dist/train/trainer.js': `#!/usr/bin/env node\n// why\n${trainer}/* the end */` }],
    [
      'line breaks and spaces',
      { 'dist/nn/relu.js': `\nexport const relu =\n  (x) => ( x>0\n? x : 0 )\n;\n\n` },
    ],
    ['quotes', { 'dist/train/trainer.js': trainer.replaceAll("'", '"') }],
    ['brackets that mean nothing', { 'dist/nn/relu.js': `export const relu = x => ((x) > 0) ? x : (0);` }],
    [
      'commas at the end',
      { 'dist/train/adam.js': `export const adam = (tf, step, reduction, rate,) => rate / (step + 1);` },
    ],
    ['how a number is spelled', { 'dist/train/trainer.js': trainer.replace('1e-3', '0.001') }],
    ['a module that is not imported', { 'dist/report/page.js': `export const page = 2;` }],
  ])('does not change with %s', (_, change) => {
    expect(hashOf({ ...base, ...change })).toBe(original);
  });

  it.each<[string, Readonly<Record<string, string>>]>([
    ['a number', { 'dist/train/trainer.js': trainer.replace('1e-3', '2e-3') }],
    ['a text', { 'dist/train/trainer.js': trainer.replace("'mean'", "'sum'") }],
    [
      'an operator in an imported module',
      { 'dist/train/adam.js': base['dist/train/adam.js'].replace('+', '-') },
    ],
    [
      'a module that is only exported from',
      { 'dist/nn/relu.js': base['dist/nn/relu.js'].replace('0)', '0.01 * x)') },
    ],
    [
      'brackets that mean something',
      { 'dist/train/adam.js': base['dist/train/adam.js'].replace('(step + 1)', 'step + 1') },
    ],
  ])('changes with %s', (_, change) => {
    expect(hashOf({ ...base, ...change })).not.toBe(original);
  });

  it('follows dynamic imports, circles and JSON files', () => {
    const files = {
      'dist/train/trainer.js': `export const later = () => import('../nn/a.js');`,
      'dist/nn/a.js': `import { b } from './b.js'; import c from './c.json' with { type: 'json' }; export const a = [b, c];`,
      'dist/nn/b.js': `import { a } from './a.js'; export const b = () => a; export const n = 10n;`,
      'dist/nn/c.json': `{ "rate": 1 }`,
    };
    const whole = hashOf(files);
    expect(hashOf({ ...files, 'dist/nn/c.json': `{"rate":1}` })).toBe(whole);
    expect(hashOf({ ...files, 'dist/nn/c.json': `{"rate":2}` })).not.toBe(whole);
    expect(hashOf({ ...files, 'dist/nn/b.js': files['dist/nn/b.js'].replace('10n', '11n') })).not.toBe(whole);
  });

  it('is the same for TypeScript sources and for what the compiler makes of them', () => {
    const sources = {
      'tsconfig.json': JSON.stringify({
        compilerOptions: {
          ...(
            JSON.parse(readFileSync(join(packageDir, 'tsconfig.json'), 'utf8')) as { compilerOptions: object }
          ).compilerOptions,
          types: [],
          noEmit: false,
          rootDir: 'src',
          outDir: 'dist',
        },
        include: ['src'],
      }),
      'src/train/trainer.ts': `/** Trains. */
import type { Rate } from './rate.js';
import { adam, type Step } from './adam.js';

export interface Options { readonly rate: Rate; readonly steps?: readonly Step[] }
/** An error. */
export class Stop extends Error {
  readonly step: number;
  static count = 0;
  constructor(step: number, private readonly why = 'nan') { super(\`stopped at \${step}\`); this.step = step; }
  override toString(): string { return this.why; }
}
export function train({ rate, steps = [] }: Options): number[] {
  return steps.map((step) => adam(step as number, rate) ?? 0) satisfies number[];
}
`,
      'src/train/rate.ts': `export type Rate = number;`,
      'src/train/adam.ts': `export type Step = number;
export const adam = (step: Step, rate: number,): number | undefined =>
  step > 0 ? rate ** step : undefined; // bias
`,
    };
    const fromSources = hashOf(sources, 'src/train/trainer.ts');
    const root = join(dir, `package-${packages - 1}`);
    execFileSync(process.execPath, [join(packageDir, 'node_modules/typescript/bin/tsc'), '-p', root]);
    expect(codeHash(pathToFileURL(join(root, 'dist/train/trainer.js')))).toBe(fromSources);
  });

  it('says which import is missing', () => {
    expect(() => hashOf({ 'dist/train/trainer.js': `import './gone.js';` })).toThrow(UserError);
    expect(() => hashOf({ 'dist/train/trainer.js': `import './gone.js';` })).toThrow(
      /trainer\.js imports \.\/gone\.js/,
    );
  });

  it('hashes this package', () => {
    const url = pathToFileURL(join(packageDir, 'src/train/checkpoint.ts'));
    expect(codeHash(url)).toBe(codeHash(url.href));
    expect(codeHash(url)).not.toBe(codeHash(pathToFileURL(join(packageDir, 'src/train/safetensors.ts'))));
  });
});

describe('codeProvenance', () => {
  it('tells version, commit and whether the tree is clean', () => {
    const provenance = codeProvenance('abc');
    const { version } = JSON.parse(readFileSync(join(packageDir, 'package.json'), 'utf8')) as {
      version: string;
    };
    let commit: string | null = null;
    try {
      commit = execFileSync('git', ['rev-parse', 'HEAD'], { cwd: packageDir, encoding: 'utf8' }).trim();
    } catch {
      // Tests may run from an unpacked archive.
    }
    expect(provenance).toMatchObject({ version, trainingHash: 'abc' });
    // Somebody may commit between the two looks.
    if (commit === null) expect(provenance).toMatchObject({ commit: null, clean: null });
    else {
      expect(provenance.commit).toMatch(/^[0-9a-f]{40}$/);
      expect(typeof provenance.clean).toBe('boolean');
    }
  });
});
