/** What the benchmarks share: sides that take turns, medians, and how the figures are printed. */
import { writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import { benchPython } from './python.js';
import { startSide, type Command, type Side } from './worker-process.js';

/** A side that is to take part. */
export interface Entrant {
  readonly name: string;
  readonly command: Command;
  /** Steps of a turn, where they differ from those of the others. */
  readonly steps?: number;
}

export interface Turns {
  /** Times that each side is timed. */
  readonly rounds: number;
  /** Steps of a side before the next has its turn. */
  readonly steps: number;
  /** Steps before timing begins: memory pools and caches fill. */
  readonly warmUp: number;
}

/** Seconds of each step, by side. */
export type Times = Readonly<Record<string, readonly number[]>>;

/** Our side: a module of the build, by its path under bench/, with that many threads inside an op. */
export function ourCommand(module: string, args: readonly string[], threads: string): Command {
  return {
    command: process.execPath,
    args: [fileURLToPath(new URL(`./${module}`, import.meta.url)), ...args],
    env: { TF_NUM_INTRAOP_THREADS: threads, TF_ENABLE_ONEDNN_OPTS: '1' },
  };
}

/** The other side: a Python program, by its path under bench/; the sources stand there, not in the build. */
export function pythonCommand(program: string, args: readonly string[]): Command {
  return {
    command: benchPython(),
    args: [fileURLToPath(new URL(`../../bench/${program}`, import.meta.url)), ...args],
  };
}

/** Starts the sides, gives the work to do with them, and stops them whatever happens. */
export async function withSides<T>(
  entrants: readonly Entrant[],
  work: (sides: readonly Side[]) => Promise<T>,
): Promise<T> {
  const sides: Side[] = [];
  try {
    for (const { name, command } of entrants) sides.push(await startSide(name, command));
    return await work(sides);
  } finally {
    sides.forEach((side) => side.stop());
  }
}

/** Times every side in turns, so that what else happens on the machine meets all of them. */
export function timeInTurns(entrants: readonly Entrant[], { rounds, steps, warmUp }: Turns): Promise<Times> {
  return withSides(entrants, async (sides) => {
    const times = Object.fromEntries(entrants.map(({ name }) => [name, [] as number[]]));
    for (const side of sides) await side.steps(warmUp);
    for (let round = 0; round < rounds; round++) {
      for (const [i, side] of sides.entries()) {
        times[side.name]?.push(...(await side.steps(entrants[i]?.steps ?? steps)));
      }
      if (process.stderr.isTTY) process.stderr.write(`round ${round + 1}/${rounds}\r`);
    }
    return times;
  });
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? (sorted[middle] ?? NaN)
    : ((sorted[middle - 1] ?? NaN) + (sorted[middle] ?? NaN)) / 2;
}

/** The name of the side with the smallest median. */
export function fastest(times: Times, names: readonly string[]): string {
  return names.reduce((best, name) => (median(times[name] ?? []) < median(times[best] ?? []) ? name : best));
}

/** What is timed, and on which machine. */
export function printHeading(what: string): void {
  const [processor] = cpus();
  const load = loadavg()[0]?.toFixed(1) ?? 'unknown';
  console.log(what);
  console.log(
    `on ${processor?.model.trim() ?? 'an unknown processor'}, ${cpus().length} cores, load ${load}`,
  );
}

/** Median and fastest of each side; `text` makes words of seconds. */
export function printTimes(times: Times, text: (seconds: number) => string = inSeconds): void {
  const width = Math.max(...Object.keys(times).map((name) => name.length));
  for (const [name, all] of Object.entries(times)) {
    const [middle, best] = [text(median(all)), text(Math.min(...all))];
    console.log(`  ${name.padEnd(width)}  median ${middle}, fastest ${best}  (${all.length})`);
  }
}

function inSeconds(seconds: number): string {
  return seconds < 1 ? `${(1000 * seconds).toFixed(0)} ms` : `${seconds.toFixed(2)} s`;
}

/** Prints `ratio N.NN`: how many times faster than the reference the side is, by medians. */
export function printRatio(times: Times, reference: string, name: string): void {
  const [theirs, ours] = [times[reference] ?? [], times[name] ?? []];
  const ratio = median(theirs) / median(ours);
  const best = Math.min(...theirs) / Math.min(...ours);
  console.log(`ratio ${ratio.toFixed(2)}  (${reference} / ${name}; fastest over fastest ${best.toFixed(2)})`);
}

/** Writes the figures as JSON where a file was named. */
export function writeFigures(out: string | undefined, figures: object): void {
  if (out !== undefined) writeFileSync(out, `${JSON.stringify(figures)}\n`);
}

/** A whole number of at least `least` from the command line. */
export function wholeNumber(name: string, text: string, least = 1): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= least) return value;
  throw new Error(`--${name} is ${text}; give a whole number from ${least}.`);
}
