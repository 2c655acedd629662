/** Running other programs, and telling whether a process still lives. */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';

const LINE = 200;

/** How a program ended. */
export interface Outcome {
  /** Exit status; null if it was ended by a signal or could not be started. */
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  /** True when there is no such program. */
  readonly missing: boolean;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end, found on `env.PATH`, or ends it after a time; never rejects for its failure. */
export function runProgram(
  program: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  timeoutMs?: number,
): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    // Not spawn's own `timeout`: Node 20 keeps that timer, and so this process, when there is no such program.
    const timer = timeoutMs === undefined ? undefined : setTimeout(() => child.kill(), timeoutMs);
    const end = (outcome: Outcome) => {
      clearTimeout(timer);
      resolve(outcome);
    };
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.on('error', (error: NodeJS.ErrnoException) => {
      const text = stderr || error.message;
      end({ status: null, signal: null, missing: error.code === 'ENOENT', stdout, stderr: text });
    });
    child.on('close', (status, signal) => end({ status, signal, missing: false, stdout, stderr }));
  });
}

/** The last lines of a program's output, indented and each cut to a readable length, for an error message. */
export function tail(text: string, lines = 8): string {
  const all = text.trimEnd().split('\n').slice(-lines);
  return all.map((line) => `    ${line.length > LINE ? `${line.slice(0, LINE - 3)}...` : line}`).join('\n');
}

/**
 * When a process started, in clock ticks since boot, which tells it from a later one with the same number; null where
 * the system does not say.
 */
export function processStart(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field is the program's name in parentheses and may hold spaces; the start is the 22nd field.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null;
  } catch {
    return null;
  }
}

/** Whether the process lives; with `start` (see {@link processStart}), whether it is still the same one. */
export function isAlive(pid: number, start: string | null = null): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it lives, as another user's.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  const now = processStart(pid);
  return start === null || now === null || now === start;
}
