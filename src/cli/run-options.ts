/** Options that every command which trains shares. */
import { Option } from 'commander';
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
