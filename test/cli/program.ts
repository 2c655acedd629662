/** The command line program of the build, in processes of its own. */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

/** Why the tests of the program are left out, or null. */
export const notBuilt = existsSync(program) ? null : 'the package is not built (npm run build)';

export interface Ended {
  readonly code: number | null;
  /** What killed it, where something did. */
  readonly signal: NodeJS.Signals | null;
  readonly out: string;
  readonly err: string;
}

export interface RunningProgram {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** Resolves when the error output holds a text, or the program ends. */
  readonly says: (text: string) => Promise<void>;
}

export interface ProgramOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts `care <args>`. */
export function start(args: readonly string[], { cwd, env = {} }: ProgramOptions = {}): RunningProgram {
  const child = spawn(process.execPath, [program, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
    ...(cwd === undefined ? {} : { cwd }),
  });
  let out = '';
  let err = '';
  const waiting: (() => void)[] = [];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text;
    for (const check of waiting) check();
  });
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal, out, err }));
  });
  const says = (text: string) =>
    new Promise<void>((resolve) => {
      const check = () => {
        if (err.includes(text)) resolve();
      };
      waiting.push(check);
      child.on('close', () => resolve());
      check();
    });
  return { child, ended, says };
}

/** Runs `care <args>` to its end. */
export function care(args: readonly string[], options: ProgramOptions = {}): Promise<Ended> {
  return start(args, options).ended;
}
