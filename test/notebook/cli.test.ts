import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { registerKernel } from '../../src/cli/kernel.js';
import { registerNotebook } from '../../src/cli/notebook.js';
import { formatNotebook, joinText, readNotebook } from '../../src/notebook/nbformat.js';
import { codeCell, notebookOf, outputsOf, temporaryFolder, writeNotebook } from './notebook-files.js';

let printed = '';
beforeEach(() => {
  printed = '';
  const collect = (...values: unknown[]): void => void (printed += `${values.join(' ')}\n`);
  vi.spyOn(console, 'log').mockImplementation(collect);
  vi.spyOn(console, 'error').mockImplementation(collect);
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => ((printed += String(text)), true));
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  process.exitCode = undefined;
});

async function care(...args: string[]): Promise<number> {
  const program = new Command('care')
    .exitOverride()
    .configureOutput({ writeErr: (text) => (printed += text) });
  registerKernel(program);
  registerNotebook(program);
  // Subcommands made before exitOverride was inherited would end the process of the tests.
  for (const command of program.commands.flatMap((group) => [group, ...group.commands]))
    command.exitOverride();
  await program.parseAsync(args, { from: 'user' });
  return Number(process.exitCode ?? 0);
}

describe('care notebook run', () => {
  test('shows what cells print, takes parameters, and saves the result', async () => {
    const path = writeNotebook(
      codeCell("const name = 'nobody';", ['parameters']),
      'console.log(`hello ${name}`);',
    );
    const out = join(temporaryFolder(), 'new', 'out.ipynb');
    expect(await care('notebook', 'run', path, '-p', 'name=you=me', '-o', out)).toBe(0);
    expect(printed).toContain('hello you=me\n');
    const saved = readNotebook(out);
    expect(outputsOf({ notebook: saved }, 2)).toEqual([
      { output_type: 'stream', name: 'stdout', text: ['hello you=me\n'] },
    ]);
  });

  test('a failing cell is named, the notebook is saved all the same, and the exit code says it', async () => {
    const path = writeNotebook('const a = 1;', 'throw new RangeError("too far");');
    const out = join(temporaryFolder(), 'out.ipynb');
    expect(await care('notebook', 'run', path, '-o', out)).toBe(1);
    expect(printed).toContain(
      `${path} failed in code cell 2 (In[2]) "throw new RangeError("too far");": RangeError: too far`,
    );
    expect(outputsOf({ notebook: readNotebook(out) }, 1)).toMatchObject([
      { output_type: 'error', ename: 'RangeError' },
    ]);
  });

  test('wrong options are refused before anything runs', async () => {
    const path = writeNotebook('1');
    await expect(care('notebook', 'run', path, '-p', 'novalue')).rejects.toThrow('Expected key=value');
    await expect(care('notebook', 'run', path, '--timeout', '0')).rejects.toThrow('seconds above zero');
  });
});

describe('care notebook clear', () => {
  const dirty = {
    ...codeCell('1'),
    outputs: [{ output_type: 'stream' as const, name: 'stdout' as const, text: 'x' }],
    execution_count: 1,
  };

  test('--check fails for outputs and changes nothing; clearing is idempotent', async () => {
    const path = writeNotebook(dirty, 'const kept = 1;');
    const before = readFileSync(path, 'utf8');
    expect(await care('notebook', 'clear', '--check', path)).toBe(1);
    expect(printed).toContain(`${path} has outputs`);
    expect(readFileSync(path, 'utf8')).toBe(before);

    process.exitCode = undefined;
    expect(await care('notebook', 'clear', path)).toBe(0);
    const clean = readFileSync(path, 'utf8');
    expect(readNotebook(path)).toEqual(notebookOf('1', 'const kept = 1;'));
    expect(await care('notebook', 'clear', path)).toBe(0);
    expect(await care('notebook', 'clear', '--check', path)).toBe(0);
    expect(readFileSync(path, 'utf8')).toBe(clean);
  });

  test('a clear notebook of another layout is not touched', async () => {
    const path = writeNotebook('1');
    const other = JSON.stringify(notebookOf('1'), null, 4);
    writeFileSync(path, other);
    expect(await care('notebook', 'clear', path)).toBe(0);
    expect(readFileSync(path, 'utf8')).toBe(other);
    expect(formatNotebook(readNotebook(path))).not.toBe(other);
  });
});

test('care notebook check tells findings with their place', async () => {
  const path = writeNotebook('const point = { x: 1 };\npoint.y;');
  expect(await care('notebook', 'check', path)).toBe(1);
  expect(printed).toContain(`${path}, code cell 1, line 2: Property 'y' does not exist`);
  process.exitCode = undefined;
  expect(await care('notebook', 'check', writeNotebook('const a = 1;'))).toBe(0);
  expect(joinText(printed)).toContain('1 notebook checked, nothing to report.');
});

describe('care kernel', () => {
  test('install, list and uninstall agree', async () => {
    const prefix = temporaryFolder();
    const file = join(prefix, 'share', 'jupyter', 'kernels', 'care', 'kernel.json');
    await care('kernel', 'install', '--prefix', prefix, '--display-name', 'Mine');
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ display_name: 'Mine' });
    expect(printed).toContain(`care kernel list --prefix ${prefix}`);
    await care('kernel', 'list', '--prefix', prefix);
    expect(printed).toMatch(/care {2}Mine {2}/);
    await care('kernel', 'uninstall', '--prefix', prefix);
    expect(existsSync(file)).toBe(false);
  });

  test('--user and --prefix exclude each other, a bad name is refused', async () => {
    await expect(care('kernel', 'install', '--user', '--prefix', temporaryFolder())).rejects.toThrow(
      'exclude each other',
    );
    await expect(care('kernel', 'install', '--name', 'a b')).rejects.toThrow('Jupyter takes letters');
  });
});
