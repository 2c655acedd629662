/** Files that describe a sweep: a grid of settings over one experiment. */
import { z } from 'zod';
import { canonicalJson } from '../../runs/canonical-json.js';
import { shortName } from '../../runs/configuration.js';
import { DEFAULT_PRESET, PRESET_NAMES, type PresetName } from '../../runs/presets.js';
import { DEFAULT_PROFILE, PROFILE_NAMES, type ProfileName } from '../../runs/profiles.js';
import type { Json } from '../../runs/record.js';
import { UserError } from '../../runs/user-error.js';

/** Experiments that a sweep can run over. */
export const SWEPT = ['images', 'protein'] as const;
export type Swept = (typeof SWEPT)[number];

const value = z.json();
const gridSchema = z.record(
  z.string().min(1),
  z.array(value).min(1, 'a list without a value sweeps nothing'),
);

/** What stands in the file. */
export const sweepSchema = z.strictObject({
  experiment: z.enum(SWEPT),
  profile: z.enum(PROFILE_NAMES as readonly [ProfileName, ...ProfileName[]]).default(DEFAULT_PROFILE),
  preset: z.enum(PRESET_NAMES as readonly [PresetName, ...PresetName[]]).default(DEFAULT_PRESET),
  /** Settings of all runs, keys as after `-p`. */
  set: z.record(z.string().min(1), value).default({}),
  /** Values of each setting, of which every combination is run; several grids are run one after the other. */
  grid: z.union([gridSchema, z.array(gridSchema).min(1)]),
  /** Times that a run is tried again after it failed. */
  retries: z.number().int().min(0).default(1),
});
export type Sweep = z.output<typeof sweepSchema>;

/** One run of a sweep. */
export interface SweepJob {
  /** What tells it from the others: the settings of the grid. */
  readonly varied: Readonly<Record<string, Json>>;
  /** All settings, those of the grid over those of `set`. */
  readonly settings: Readonly<Record<string, Json>>;
}

const gridsOf = ({ grid }: Sweep) => (Array.isArray(grid) ? grid : [grid]);

/** @throws UserError for a setting that all runs have and a grid varies: one of the two would be ignored. */
export function checkApart(sweep: Sweep): void {
  const twice = Object.keys(sweep.set).filter((key) => gridsOf(sweep).some((one) => key in one));
  if (twice.length === 0) return;
  throw new UserError(
    `${twice.join(', ')}: set for all runs, and varied by the grid.`,
    'Leave it in one of the two.',
  );
}

/**
 * Reads a sweep.
 *
 * @param text - JSON
 * @param file - its name, for errors
 * @throws UserError for what is no JSON or no sweep, with a line for each problem.
 */
export function parseSweep(text: string, file: string): Sweep {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UserError(`${file} is no JSON: ${reason}`, EXAMPLE_HINT, { cause: error });
  }
  const parsed = sweepSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(
    ({ path, message }) => `${path.length === 0 ? 'the file' : path.map(String).join('.')}: ${message}`,
  );
  throw new UserError(`${file} describes no sweep:\n  ${problems.join('\n  ')}`, EXAMPLE_HINT);
}

export const EXAMPLE =
  '{"experiment": "images", "set": {"data.name": "cifar10"}, "grid": {"method": ["care", "simclr"], "seed": [0, 1, 2]}}';
const EXAMPLE_HINT = `A sweep looks like this: ${EXAMPLE}\nEach value of "grid" is a list; "profile", "preset" and "retries" can stand beside it.`;

function combinations(
  grid: Readonly<Record<string, readonly Json[]>>,
): readonly Readonly<Record<string, Json>>[] {
  return Object.entries(grid).reduce<readonly Readonly<Record<string, Json>>[]>(
    (found, [key, values]) => found.flatMap((chosen) => values.map((each) => ({ ...chosen, [key]: each }))),
    [{}],
  );
}

/** Every combination of every grid, in the order of the file; the last key turns fastest. Equal ones count once. */
export function expandSweep(sweep: Sweep): readonly SweepJob[] {
  const jobs = gridsOf(sweep)
    .flatMap(combinations)
    .map((varied) => ({ varied, settings: { ...sweep.set, ...varied } }));
  const seen = new Set<string>();
  return jobs.filter(({ settings }) => {
    const key = canonicalJson(settings);
    return !seen.has(key) && seen.add(key);
  });
}

function labelled(entries: readonly (readonly [string, Json])[]): string {
  const parts = entries.map(
    ([key, each]) => `${key} ${typeof each === 'string' ? each : JSON.stringify(each)}`,
  );
  return parts.length === 0 ? 'one run' : parts.join(', ');
}

/** `method care, training.lambda 0.1`. */
export function jobLabel({ varied }: SweepJob): string {
  return labelled(Object.entries(varied));
}

/** Labels that say no more than what differs: `method care, lambda 0.1`. */
export function shortLabels(jobs: readonly SweepJob[]): readonly string[] {
  const keys = [...new Set(jobs.flatMap(({ varied }) => Object.keys(varied)))];
  const differing = keys.filter(
    (key) => new Set(jobs.map(({ varied }) => canonicalJson(varied[key] ?? null))).size > 1,
  );
  return jobs.map(({ varied }) =>
    labelled(
      differing.flatMap((key) => {
        const each = varied[key];
        return each === undefined ? [] : [[shortName(key, differing), each] as const];
      }),
    ),
  );
}
