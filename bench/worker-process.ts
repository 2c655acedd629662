/** A side of a benchmark: a process that runs steps when told to, so that the sides never compute at once. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

export interface Side {
  readonly name: string;
  /** Sends a line and gives the numbers of the answer. */
  readonly ask: (line: string) => Promise<readonly number[]>;
  /** Runs that many steps and gives the seconds of each. */
  readonly steps: (count: number) => Promise<readonly number[]>;
  readonly stop: () => void;
}

/** What a side is made of. */
export interface Command {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
}

/**
 * Starts a process that answers a line `N` on its standard input with a JSON array of N times in seconds, and other lines
 * with an array of numbers too. Its first line says that it is ready.
 *
 * @throws Error when the process ends before it has answered.
 */
export async function startSide(name: string, { command, args, env = {} }: Command): Promise<Side> {
  const child = spawn(command, [...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, ...env },
  });
  const waiting: { resolve: (line: string) => void; reject: (error: Error) => void }[] = [];
  let ended: string | undefined;
  createInterface({ input: child.stdout }).on('line', (line) => waiting.shift()?.resolve(line));
  const fail = (reason: string) => {
    ended = reason;
    for (const { reject } of waiting.splice(0)) reject(new Error(`${name}: ${reason}`));
  };
  child.on('error', (error) => fail(error.message));
  child.on('close', (code, signal) => fail(`ended with ${signal ?? String(code)}`));
  // A process that has died is heard of by its end, not by the pipe that it leaves.
  child.stdin.on('error', () => undefined);
  const nextLine = () =>
    new Promise<string>((resolve, reject) => {
      if (ended === undefined) waiting.push({ resolve, reject });
      else reject(new Error(`${name}: ${ended}`));
    });
  const ask = async (line: string) => {
    const answer = nextLine();
    child.stdin.write(`${line}\n`);
    return JSON.parse(await answer) as number[];
  };
  await nextLine();
  return { name, ask, steps: (count) => ask(String(count)), stop: () => child.stdin.end() };
}
