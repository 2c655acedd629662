/** Options that every command which trains shares. */
import { availableParallelism } from 'node:os';
import { Option } from 'commander';
import { UserError } from '../runs/user-error.js';
import type { Execution } from '../tensorflow/compile.js';

/** Collects an option that may be given several times. */
export const collect = (value: string, previous: readonly string[]): readonly string[] => [
  ...previous,
  value,
];

/** How the steps are run, as the command line says it. */
export interface ExecutionOptions {
  readonly fast?: boolean;
  readonly eager?: boolean;
}

/** `--fast`. Options are made anew for each command, as commander keeps them. */
export function fastOption(): Option {
  const about = 'let ops run in any order: faster, not the same bits every time';
  return new Option('--fast', about).conflicts('eager');
}

/** `--eager`. */
export function eagerOption(): Option {
  return new Option('--eager', 'run op by op instead of as a recorded graph');
}

export function executionOf({ fast, eager }: ExecutionOptions): Execution {
  if (fast === true) return 'fast';
  return eager === true ? 'eager' : 'chained';
}

/** `--jobs`. */
export function jobsOption(): Option {
  const about = 'runs at the same time, each in a process with its share of the cores';
  return new Option('--jobs <n>', about).default('1');
}

/** @throws UserError for what is no number of jobs. */
export function parseJobs(text: string): number {
  const jobs = Number(text);
  if (Number.isInteger(jobs) && jobs >= 1) return jobs;
  throw new UserError(
    `--jobs is "${text}"; it is the number of runs at the same time.`,
    'Give a whole number from 1.',
  );
}

/** The threads of each of several processes; one alone takes what TensorFlow chooses. */
export function threadShare(jobs: number): { readonly threads?: number } {
  return jobs === 1 ? {} : { threads: Math.max(1, Math.floor(availableParallelism() / jobs)) };
}
