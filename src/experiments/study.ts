/** What all experiments have in common, so that one command can plan them, carry them out and show how far they are. */
import { z } from 'zod';
import type { ConfigLayer } from '../runs/configuration.js';
import type { PresetName } from '../runs/presets.js';
import type { ProfileName } from '../runs/profiles.js';
import { canonicalJson } from '../runs/canonical-json.js';
import type { DataProvenance, Json, Measurement, RunRecord } from '../runs/record.js';
import type { RunStore } from '../runs/store.js';
import { defaultImageData, type ImageDataName } from '../data/images.js';
import type { Execution } from '../tensorflow/compile.js';
import type { StudyEvent } from './study-event.js';

/** A setting that a run varies. */
export interface RunVariation {
  readonly setting: string;
  readonly value: Json;
}

/** The choice of what to run. */
export interface StudyChoice {
  readonly profile: ProfileName;
  readonly preset: PresetName;
  /** What the user set with `-p`. */
  readonly overrides?: ConfigLayer;
  /** The data set, where an experiment can use several. */
  readonly data?: string;
}

export interface StudyOptions {
  readonly store: RunStore;
  readonly dataDir?: string;
  readonly execution?: Execution;
  readonly onEvent?: (event: StudyEvent) => void;
  /** Things that a person should read, such as what was left out of the data. */
  readonly onRemark?: (remark: string) => void;
  /** Stops in order. Default: the interrupt of the notebook's cell, where there is one. */
  readonly signal?: AbortSignal;
}

/** Whether a run of a plan is in the store, and how far; `no data`: its data set is not there, so it is not run. */
export type RunReadiness = 'ready' | 'to measure' | 'to continue' | 'to train' | 'no data';

/** What of a plan is there already, and on which data. */
export interface Readiness {
  readonly runs: readonly RunReadiness[];
  /** Steps of training that each run has in all. */
  readonly steps: readonly number[];
  readonly data: readonly DataProvenance[];
}

/** What a run of any plan has. */
export interface PlannedRun {
  readonly label: string;
  readonly seed: number;
  /** Null for the main comparison. */
  readonly variation: RunVariation | null;
  readonly config: Json;
  /** What is measured of it beside what is measured of every run of its kind; left out: all that runs like it have. */
  readonly measures?: readonly string[];
}

/** A run with its record, or null where it was not run. */
export type Outcome<Run extends PlannedRun> = Run & {
  readonly record: RunRecord | null;
  /** Records of the same settings, seeds and data from before, the newest first, such as another machine's. */
  readonly earlier?: readonly RunRecord[];
};

/** An experiment for a choice of profile and preset. */
export interface ExperimentPlan {
  readonly choice: StudyChoice;
  readonly runs: readonly PlannedRun[];
  /** Whether a step of a recorded run costs what a step of the planned one does. */
  readonly alike: (run: PlannedRun, record: RunRecord) => boolean;
  /** What of the plan is there already. Loads the data, since its hash is part of a run's id, and writes nothing. */
  readonly readiness: (options: StudyOptions) => Promise<Readiness>;
  /** Brings every run to its end. */
  readonly carryOut: (options: StudyOptions) => Promise<void>;
  /** The same with some of its runs, by their places: for a process that works on no others. */
  readonly only: (runs: readonly number[]) => ExperimentPlan;
  /** Which runs records have. */
  readonly recorded: (records: readonly RunRecord[]) => number;
}

/** An experiment of the paper: a notebook of the same name shows it. */
export interface Experiment {
  readonly name: string;
  /** What is asked, in a few words. */
  readonly about: string;
  /** Sets of images that it can use, the best first; generated ones serve where none is found. Left out: it has but one. */
  readonly data?: readonly ImageDataName[];
  readonly plan: (choice: StudyChoice) => ExperimentPlan;
}

/** The data set of an experiment that is found; null where it has but one. */
export function dataFound({ data }: Experiment, dataDir?: string): string | null {
  return data === undefined ? null : defaultImageData(dataDir, data);
}

/** When a run began: by it the newest of several is chosen. */
function startOf(record: RunRecord): string {
  return record.sessions[0]?.startedAt ?? '';
}

/** The finished records of some experiments, the newest first. */
export function finishedRecords(records: readonly RunRecord[], experiment: string): readonly RunRecord[] {
  return records
    .filter((record) => record.experiment === experiment && record.status === 'finished')
    .sort((a, b) => (startOf(a) < startOf(b) ? 1 : -1));
}

/** Whether a measurement was made with the planned settings, as far as both say: another number of items is no comparison. */
export function isMadeWith(
  planned: Readonly<Record<string, Json>>,
  { settings }: Pick<Measurement, 'settings'>,
): boolean {
  return Object.entries(settings ?? {}).every(
    ([key, value]) => !(key in planned) || canonicalJson(planned[key] ?? null) === canonicalJson(value),
  );
}

/** The profiles, the largest first. */
const BY_SIZE = [
  'paper',
  'workstation',
  'overnight',
  'laptop',
  'smoke',
] as const satisfies readonly ProfileName[];

/** A plan with as many of its runs as some records hold. */
export interface RecordedPlan {
  readonly plan: ExperimentPlan;
  /** The data set, or null where the experiment has but one. */
  readonly data: string | null;
  readonly recorded: number;
}

/** What is given of a choice; the rest is found. */
export interface PartialChoice extends Omit<StudyChoice, 'profile'> {
  readonly profile?: ProfileName;
}

const onData = z.object({ data: z.object({ name: z.string() }) });

/** The sets of images of an experiment that some records are of: to plan runs on others would take time and find none. */
function dataRecorded({ data }: Experiment, records: readonly RunRecord[]): readonly (string | null)[] {
  if (data === undefined) return [null];
  const recorded = new Set(records.map(({ config }) => onData.safeParse(config).data?.data.name));
  const [first, ...others] = [...data, 'generated'];
  return [first, ...others.filter((name) => recorded.has(name))];
}

/**
 * The profile and data set of an experiment of which records hold most: for showing records without knowing how they came
 * about. Of equals the larger profile.
 */
export function mostRecorded(
  experiment: Experiment,
  records: readonly RunRecord[],
  choice: PartialChoice,
): RecordedPlan {
  const profiles = choice.profile === undefined ? BY_SIZE : [choice.profile];
  const data = choice.data === undefined ? dataRecorded(experiment, records) : [choice.data];
  const candidates = profiles.flatMap((profile) =>
    data.map((name) => {
      const plan = experiment.plan({ ...choice, profile, ...(name === null ? {} : { data: name }) });
      return { plan, data: name, recorded: plan.recorded(records) };
    }),
  );
  return candidates.reduce((best, next) => (next.recorded > best.recorded ? next : best));
}
