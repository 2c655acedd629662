/** Experiments on images as a whole: which runs they need, how to get them, and what records hold of them. */
import { imageData, isAtHand } from '../../data/images.js';
import { hasCare } from '../../methods/methods.js';
import { canonicalJson } from '../../runs/canonical-json.js';
import { resolveConfig, settingKeys, withWholeKeys, type ConfigLayer } from '../../runs/configuration.js';
import type { DataProvenance, Json, RunRecord } from '../../runs/record.js';
import type { ProfileName } from '../../runs/profiles.js';
import { idOf } from '../../runs/store.js';
import { UserError } from '../../runs/user-error.js';
import type { TrainProgress } from '../../train/trainer.js';
import { stopIfTold } from '../execute-run.js';
import { breathe, interruptSignal } from '../interrupt.js';
import { settingsForMethod } from '../method-settings.js';
import {
  finishedRecords,
  isMadeWith,
  type ExperimentPlan,
  type Outcome,
  type Readiness,
  type RunReadiness,
  type RunVariation,
  type StudyChoice,
  type StudyOptions,
} from '../study.js';
import type { StudyEvent } from '../study-event.js';
import { trainingSchema, type ImageConfig, type ImageMeasureConfig, type ImageMethod } from './config.js';
import { METHOD_LABELS } from './labels.js';
import { imageMeasureSchema, type MeasureSettings } from './measure-config.js';
import { measureImageRun, measureKeys, transferTask } from './measure-run.js';
import type { ImageMeasureName } from './measures.js';
import { imageSpec, IMAGES, knnKey, loadImageTask, pretrain, type ImageTask } from './pretrain.js';
import { imageConfig, probeLayer, TRAINING_KEYS } from './settings.js';
import { STUDY_MEASURES } from './study-measures.js';
import { canTransfer, TRANSFER, transferData } from './transfer.js';

type Layer = Readonly<Record<string, Json>>;

/** Runs that belong together: every method with every seed, at every value of what is varied. */
export interface PlanPart {
  /** By this name figures find their runs, e.g. `main`. */
  readonly part: string;
  readonly methods: readonly ImageMethod[];
  readonly seeds: readonly number[];
  /** The data set. */
  readonly data: string;
  /** Settings over those of profile and preset; the user's go over them. */
  readonly values?: Layer;
  /** Settings that the part is about, over the user's too. */
  readonly fixed?: Layer;
  readonly variation?: { readonly setting: string; readonly values: readonly Json[] };
  readonly measures: readonly ImageMeasureName[];
  /** Settings of the measures over their defaults. */
  readonly measureValues?: Layer;
}

/** A run that an experiment needs. */
export interface ImageRun {
  readonly part: string;
  readonly method: ImageMethod;
  readonly seed: number;
  readonly variation: RunVariation | null;
  readonly label: string;
  readonly config: ImageConfig;
  /** What is looked at during training. */
  readonly monitor: ImageMeasureConfig;
  readonly measures: readonly ImageMeasureName[];
  readonly settings: MeasureSettings;
}

export interface ImagePlan {
  readonly experiment: string;
  readonly choice: StudyChoice;
  readonly runs: readonly ImageRun[];
}

export type ImageOutcome = Outcome<ImageRun>;

export interface ImageResults {
  readonly plan: ImagePlan;
  readonly outcomes: readonly ImageOutcome[];
}

/** A method's name in charts and tables. */
export function imageLabel(method: ImageMethod): string {
  return METHOD_LABELS[method];
}

/** Before the settings of the measures, in a plan's settings. */
const MEASURE_PREFIX = 'measure.';
const ALL_KEYS = [...TRAINING_KEYS, ...settingKeys(imageMeasureSchema, MEASURE_PREFIX)];

/** What plans set run by run. */
const PLANNED = ['method', 'seed', 'data.name'] as const;

function checkNotPlanned({ source, values }: ConfigLayer): void {
  const taken = PLANNED.filter((key) => key in values);
  if (taken.length === 0) return;
  throw new UserError(
    `${taken.join(' and ')} cannot be set (from ${source}): the plan has runs of several methods, seeds and sets of images, and compares them.`,
    'Leave it out; care train takes any method, seed and data.',
  );
}

interface UserLayers {
  readonly training: readonly ConfigLayer[];
  readonly measures: readonly ConfigLayer[];
}

/** The user's settings, apart: those behind `measure.` are of what is measured of finished runs. */
function userLayers({ overrides: given }: StudyChoice): UserLayers {
  if (given === undefined) return { training: [], measures: [] };
  const overrides = withWholeKeys(ALL_KEYS, given);
  checkNotPlanned(overrides);
  const entries = Object.entries(overrides.values);
  const training = entries.filter(([key]) => !key.startsWith(MEASURE_PREFIX));
  const measures = entries.flatMap(([key, value]) =>
    key.startsWith(MEASURE_PREFIX) ? [[key.slice(MEASURE_PREFIX.length), value] as const] : [],
  );
  return {
    training: [{ ...overrides, values: Object.fromEntries(training) }],
    measures: [{ ...overrides, values: Object.fromEntries(measures) }],
  };
}

/** Looked at as often as the kNN accuracy, so that figures over training have something to show. */
const LOOKS: Layer = { 'measures.geometryAugmentations': 6 };

/**
 * At most so many training images, of each class its share: these profiles are made for the samples that two cores can train on,
 * and the whole of a set would take ten times as long.
 */
const SAMPLE = 5000;
const SAMPLES: Readonly<Partial<Record<ProfileName, Layer>>> = {
  laptop: { 'data.limit': SAMPLE },
  overnight: { 'data.limit': SAMPLE },
};

function plannedRun(
  choice: StudyChoice,
  user: UserLayers,
  part: PlanPart,
  method: ImageMethod,
  seed: number,
  variation: RunVariation | null,
): ImageRun {
  const { profile, preset } = choice;
  const source = `the plan's part ${part.part}`;
  const values: Layer = { ...SAMPLES[profile], ...LOOKS, ...part.values };
  const fixed: Layer = {
    'data.name': part.data,
    ...part.fixed,
    method,
    seed,
    ...(variation === null ? {} : { [variation.setting]: variation.value }),
  };
  const overrides = settingsForMethod(user.training[0], method !== 'untrained' && hasCare(method));
  const { config, measures } = imageConfig({
    profile,
    preset,
    options: { source, values },
    fixed: { source, values: fixed },
    ...(overrides === undefined ? {} : { overrides }),
  });
  const settings = resolveConfig(
    imageMeasureSchema,
    probeLayer(profile, part.data),
    { source: `profile ${profile}`, values: STUDY_MEASURES[profile] },
    { source, values: part.measureValues ?? {} },
    ...user.measures,
  );
  const suffix = variation === null ? '' : `, ${variation.setting} ${JSON.stringify(variation.value)}`;
  return {
    part: part.part,
    method,
    seed,
    variation,
    label: `${imageLabel(method)} seed ${seed}${suffix}, ${part.part}`,
    config,
    monitor: measures,
    measures: part.measures,
    settings,
  };
}

/** All runs of a part; a value that is there without any variation varies nothing and is left out. */
function runsOf(choice: StudyChoice, user: UserLayers, part: PlanPart): readonly ImageRun[] {
  const { methods, seeds, variation } = part;
  const runsAt = (varied: RunVariation | null) =>
    seeds.flatMap((seed) => methods.map((method) => plannedRun(choice, user, part, method, seed, varied)));
  const plainRuns = runsAt(null);
  if (variation === undefined) return plainRuns;
  const known = new Set(plainRuns.map(({ config }) => canonicalJson(config)));
  return variation.values
    .flatMap((value) => runsAt({ setting: variation.setting, value }))
    .filter(({ config }) => !known.has(canonicalJson(config)));
}

/**
 * The plan of an experiment: the runs of all its parts, in order.
 *
 * @throws UserError for overrides that are no settings.
 */
export function imagePlan(experiment: string, choice: StudyChoice, parts: readonly PlanPart[]): ImagePlan {
  const user = userLayers(choice);
  return { experiment, choice, runs: parts.flatMap((part) => runsOf(choice, user, part)) };
}

/** Whether a run's data can be loaded. */
function hasData(run: ImageRun, dataDir: string | undefined): boolean {
  return isAtHand(imageData(run.config.data.name), dataDir);
}

/** What can be measured of a run: transfer needs a second set of images. */
function measuresOf({ measures, config, settings }: ImageRun, dataDir: string | undefined) {
  return measures.filter((name) => name !== TRANSFER || canTransfer(config, settings, dataDir));
}

function missingData(name: string): string {
  return `${imageData(name).title} was not found: what needs it stays not run (care data list says where it is looked for).`;
}

type TaskOf = (config: ImageConfig) => Promise<ImageTask>;

/** Loads each data set once: the runs of a plan share one or few. */
function taskLoader(options: StudyOptions): TaskOf {
  const tasks = new Map<string, Promise<ImageTask>>();
  return (config) => {
    const key = canonicalJson(config.data);
    const known = tasks.get(key) ?? loadImageTask(config, options);
    tasks.set(key, known);
    return known;
  };
}

function optionsOf(plan: ImagePlan, run: ImageRun, task: ImageTask, options: StudyOptions) {
  const { profile, preset } = plan.choice;
  const { dataDir, execution, signal, onRemark } = options;
  return {
    store: options.store,
    config: run.config,
    measures: run.monitor,
    profile,
    preset,
    task,
    ...(dataDir === undefined ? {} : { dataDir }),
    ...(execution === undefined ? {} : { execution }),
    ...(signal === undefined ? {} : { signal }),
    ...(onRemark === undefined ? {} : { onRemark }),
  };
}

async function carryOutRun(
  plan: ImagePlan,
  run: ImageRun,
  taskOf: TaskOf,
  options: StudyOptions,
  tell: (phase: StudyEvent['phase'], progress?: TrainProgress) => void,
): Promise<RunRecord> {
  const common = optionsOf(plan, run, await taskOf(run.config), options);
  const names = measuresOf(run, options.dataDir);
  const record = await pretrain({
    ...common,
    onPhase: (phase, progress) => {
      if (phase !== 'ready') tell(phase, progress);
    },
  });
  if (names.length === 0) return record;
  const measured = await measureImageRun({
    ...common,
    taskOf,
    record,
    names,
    layers: [],
    settings: run.settings,
    onMeasure: () => tell('measuring'),
  });
  return measured.record;
}

/**
 * Brings every run of the plan to its end: found in the store, trained, measured. Runs whose data are not there are left
 * out with a remark: their record is null.
 *
 * @throws InterruptedError when the signal came; UserError for data, settings or folders that do not serve.
 */
export async function runImages(plan: ImagePlan, options: StudyOptions): Promise<ImageResults> {
  const { signal = interruptSignal(), onEvent, onRemark } = options;
  await breathe();
  const taskOf = taskLoader(options);
  const outcomes: ImageOutcome[] = [];
  const without = new Set<string>();
  for (const [index, run] of plan.runs.entries()) {
    stopIfTold(signal, run.label);
    const tell = (phase: StudyEvent['phase'], progress?: TrainProgress) => {
      const event = { index, runs: plan.runs.length, label: run.label, phase };
      onEvent?.(progress === undefined ? event : { ...event, progress });
    };
    if (measuresOf(run, options.dataDir).length < run.measures.length)
      without.add(transferData(run.config, run.settings));
    if (!hasData(run, options.dataDir)) {
      without.add(run.config.data.name);
      outcomes.push({ ...run, record: null });
      continue;
    }
    const stop = signal === undefined ? {} : { signal };
    const record = await carryOutRun(plan, run, taskOf, { ...options, ...stop }, tell);
    tell('ready');
    outcomes.push({ ...run, record });
  }
  for (const name of without) onRemark?.(missingData(name));
  return { plan, outcomes };
}

/** What of a plan is there already. Loads the data, since its hash is part of a run's id, and writes nothing. */
export async function imageReadiness(plan: ImagePlan, options: StudyOptions): Promise<Readiness> {
  const taskOf = taskLoader(options);
  const data = new Map<string, DataProvenance>();
  const runs: RunReadiness[] = [];
  const steps: number[] = [];
  for (const run of plan.runs) {
    if (!hasData(run, options.dataDir)) {
      options.onRemark?.(missingData(run.config.data.name));
      runs.push('no data');
      steps.push(0);
      continue;
    }
    const task = await taskOf(run.config);
    data.set(task.train.provenance.sha256, task.train.provenance);
    const spec = imageSpec(optionsOf(plan, run, task, options), task);
    runs.push(await readinessOf(run, idOf(spec), options, taskOf));
    steps.push(spec.plannedSteps);
  }
  return { runs, steps, data: [...data.values()] };
}

async function readinessOf(
  run: ImageRun,
  id: string,
  { store, dataDir }: StudyOptions,
  taskOf: TaskOf,
): Promise<RunReadiness> {
  if (!store.has(id)) return 'to train';
  const record = store.read(id);
  if (record.status !== 'finished') return 'to continue';
  const names = measuresOf(run, dataDir);
  const elsewhere = await transferTask(names, run.config, run.settings, taskOf);
  const keys = [knnKey(run.monitor), ...measureKeys(names, run.settings, elsewhere)];
  return keys.every(({ name, key }) => record.measurements[name]?.key === key) ? 'ready' : 'to measure';
}

/** A configuration by which runs are found, without a limit on images. */
function keyWithoutLimit(config: ImageConfig): string {
  return canonicalJson({ ...config, data: { ...config.data, limit: null } });
}

/** A record with its configuration, which a file that somebody else wrote need not have. */
interface ConfiguredRecord {
  readonly record: RunRecord;
  readonly config: ImageConfig;
}

/** What tells the runs of one key apart that limits made different: a limit that the data do not reach limits nothing. */
function isWithin({ record, config }: ConfiguredRecord, limit: number | null): boolean {
  const own = config.data.limit;
  return own === limit || (own === null && limit !== null && record.data.items <= limit);
}

/** The record without measurements that were made with other settings than the plan's, such as fewer images: they are not compared. */
function asPlanned(record: RunRecord, { measures, settings }: ImageRun): RunRecord {
  const asked = new Set<string>(measures);
  const kept = Object.entries(record.measurements).filter(
    ([name, measurement]) => !asked.has(name) || isMadeWith(settings, measurement),
  );
  return { ...record, measurements: Object.fromEntries(kept) };
}

/**
 * What a store holds of a plan, without data, engine or training: each run is found by its configuration, the newest of
 * the finished ones; a missing run is null, and so is a measurement that was made with other settings.
 */
export function collectImages(plan: ImagePlan, records: readonly RunRecord[]): ImageResults {
  const byKey = new Map<string, ConfiguredRecord[]>();
  for (const record of finishedRecords(records, IMAGES)) {
    const config = trainingSchema.safeParse(record.config).data;
    if (config === undefined) continue;
    const key = keyWithoutLimit(config);
    byKey.set(key, [...(byKey.get(key) ?? []), { record, config }]);
  }
  const recordOf = (run: ImageRun) => {
    const found = byKey
      .get(keyWithoutLimit(run.config))
      ?.find((each) => isWithin(each, run.config.data.limit));
    return found === undefined ? null : asPlanned(found.record, run);
  };
  return { plan, outcomes: plan.runs.map((run) => ({ ...run, record: recordOf(run) })) };
}

/** A plan as `care reproduce` sees it. */
export function experimentPlan(plan: ImagePlan): ExperimentPlan {
  return {
    choice: plan.choice,
    runs: plan.runs,
    alike: (run, record) => {
      const found = trainingSchema.safeParse(record.config).data;
      if (found === undefined || record.experiment !== IMAGES) return false;
      const costOf = ({ method, model, data, training: { batch } }: ImageConfig) =>
        canonicalJson([method, model.architecture, model.width, data.size, batch]);
      return costOf(trainingSchema.parse(run.config)) === costOf(found);
    },
    readiness: (options) => imageReadiness(plan, options),
    carryOut: async (options) => {
      await runImages(plan, options);
    },
    only: (runs) => experimentPlan({ ...plan, runs: plan.runs.filter((_, i) => runs.includes(i)) }),
    recorded: (records) =>
      collectImages(plan, records).outcomes.filter(({ record }) => record !== null).length,
  };
}
