import { spawn, type ChildProcess } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

export const packageDir = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** A new empty folder below the system's temporary one. */
export function temporaryFolder(name: string): string {
  return mkdtempSync(join(tmpdir(), `care-${name}-`));
}

/**
 * Compiles the rooms that child processes of the tests need into a folder of its own, so that no test depends on
 * whether and when the package was built.
 *
 * @returns The folder; `dist/runs/store.js` and the like stand in it.
 */
export function compileSources(): string {
  const target = temporaryFolder('sources');
  for (const room of ['runs', 'train', 'data', 'tensorflow/setup']) {
    mkdirSync(join(target, 'dist', room), { recursive: true });
    const source = join(packageDir, 'src', room);
    for (const name of readdirSync(source)) {
      if (!name.endsWith('.ts')) {
        cpSync(join(source, name), join(target, 'dist', room, name), { recursive: true });
        continue;
      }
      const { outputText } = ts.transpileModule(readFileSync(join(source, name), 'utf8'), {
        compilerOptions: {
          target: ts.ScriptTarget.ES2022,
          module: ts.ModuleKind.ES2022,
          verbatimModuleSyntax: true,
        },
      });
      writeFileSync(join(target, 'dist', room, name.replace(/\.ts$/, '.js')), outputText);
    }
  }
  writeFileSync(join(target, 'package.json'), '{"name":"care-sources","version":"0.0.0","type":"module"}');
  symlinkSync(join(packageDir, 'node_modules'), join(target, 'node_modules'));
  return target;
}

/** Starts a module given as text in the compiled sources' folder. Its imports start at `./dist/`. */
export function startChild(
  sources: string,
  name: string,
  program: string,
  args: readonly string[],
): ChildProcess {
  const file = join(sources, `${name}.mjs`);
  if (!existsSync(file)) writeFileSync(file, program);
  return spawn(process.execPath, [file, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
}

/** Resolves with the first line that a child prints, or with all it printed when it ends before that. */
export function firstLine(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      if (text.includes('\n')) resolve(text.slice(0, text.indexOf('\n')));
    });
    child.on('close', () => {
      resolve(text);
    });
  });
}

/** Resolves when a child is gone. */
export function ended(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve();
    else
      child.on('exit', () => {
        resolve();
      });
  });
}
