/** A side of a benchmark: a process that runs steps when told to, so that the sides never compute at once. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

export interface Side {
  readonly name: string;
  /** Runs that many steps and gives the seconds of each. */
  readonly steps: (count: number) => Promise<readonly number[]>;
  readonly stop: () => void;
}

/**
 * Starts a process that answers a line `N` on its standard input with a JSON array of N times in seconds. Its first line
 * says that it is ready.
 */
export async function startSide(
  name: string,
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<Side> {
  const child = spawn(command, [...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, ...env },
  });
  const waiting: { resolve: (line: string) => void; reject: (error: Error) => void }[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => waiting.shift()?.resolve(line));
  const fail = (reason: string) => {
    for (const { reject } of waiting.splice(0)) reject(new Error(`${name}: ${reason}`));
  };
  child.on('error', (error) => fail(error.message));
  child.on('exit', (code, signal) => fail(`ended with ${signal ?? String(code)}`));
  const nextLine = () => new Promise<string>((resolve, reject) => waiting.push({ resolve, reject }));
  await nextLine();
  return {
    name,
    async steps(count) {
      const answer = nextLine();
      child.stdin.write(`${count}\n`);
      return JSON.parse(await answer) as number[];
    },
    stop: () => child.stdin.end(),
  };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? (sorted[middle] ?? NaN)
    : ((sorted[middle - 1] ?? NaN) + (sorted[middle] ?? NaN)) / 2;
}
