/** Options that every command which trains shares. */
import { availableParallelism, totalmem } from 'node:os';
import { Option } from 'commander';
import type { ProfileName } from '../runs/profiles.js';
import { UserError } from '../runs/user-error.js';
import type { Execution } from '../tensorflow/compile.js';
import { libraryInPlace } from '../tensorflow/setup/setup.js';

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

const JOBS_ABOUT = 'runs at the same time, each in a process with its share of the cores';

/** `--jobs`. */
export function jobsOption(): Option {
  return new Option('--jobs <n>', JOBS_ABOUT).default('1');
}

/** `--jobs` where {@link defaultJobs} knows how many serve best. */
export function chosenJobsOption(): Option {
  const about =
    '(default: a core each for the small networks of laptop and overnight, else one run at a time)';
  return new Option('--jobs <n>', `${JOBS_ABOUT} ${about}`);
}

/** Profiles of small networks: two threads train one hardly faster than one does. */
const SMALL_NETWORKS: readonly ProfileName[] = ['laptop', 'overnight'];
const MOST_JOBS = 8;
/** What a run of a small network takes at most, with room to spare. */
const BYTES_PER_JOB = 1.5e9;

/** Runs at the same time that take the least time together, where none are asked for; a GPU, or what may be one, has memory for one. */
export function defaultJobs(
  profile: ProfileName,
  cores = availableParallelism(),
  memory = totalmem(),
): number {
  if (!SMALL_NETWORKS.includes(profile) || (libraryInPlace()?.kind ?? 'cpu') !== 'cpu') return 1;
  return Math.max(1, Math.min(cores, MOST_JOBS, Math.floor(memory / BYTES_PER_JOB)));
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
