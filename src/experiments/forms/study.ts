/** L_equi with other bilinear forms as a whole: which runs it needs, how to get them, and what records hold of them. */
import { canonicalJson, hashJson } from '../../runs/canonical-json.js';
import { runningCodeHash, siblingModule, codeProvenance } from '../../runs/code-version.js';
import { resolveConfig, type ConfigLayer } from '../../runs/configuration.js';
import type { CodeProvenance, Measurement, RunRecord } from '../../runs/record.js';
import { idOf, type RunSpec } from '../../runs/store.js';
import type { Execution } from '../../tensorflow/compile.js';
import type { TensorDataMap } from '../../tensorflow/tensor-data.js';
import type { TrainProgress } from '../../train/trainer.js';
import { ensureMeasured, ensureTrained, stopIfTold, type RunJob } from '../execute-run.js';
import { breathe, interruptSignal } from '../interrupt.js';
import { cloudEncoder } from '../protein/encoder.js';
import { loadTask, type ProteinTask } from '../protein/task.js';
import {
  finishedRecords,
  type Outcome,
  type PlannedRun,
  type Readiness,
  type RunReadiness,
  type StudyChoice,
  type StudyOptions,
} from '../study.js';
import type { StudyEvent } from '../study-event.js';
import {
  FORMS,
  formsMeasureSchema,
  FORMS_PROFILES,
  formsSchema,
  type FormsConfig,
  type FormsMeasureConfig,
} from './config.js';
import { FORMS_MEASURES, type FormsMeasureName } from './measures.js';
import { formsModel, formsTraining, initialWeights } from './training.js';

/** The name under which records keep these runs. */
export const FORMS_EXPERIMENT = 'forms';

/** Names of the two encoders that are compared for each form: those that charts have for L_unif with L_equi and without. */
export const FORM_LABELS = { with: 'L_unif+L_equi', without: 'L_unif' } as const;

export interface FormsRun extends PlannedRun {
  readonly config: FormsConfig;
}

export interface FormsPlan {
  readonly choice: StudyChoice;
  readonly measures: FormsMeasureConfig;
  readonly runs: readonly FormsRun[];
}

export type FormsOutcome = Outcome<FormsRun>;

export interface FormsResults {
  readonly plan: FormsPlan;
  readonly outcomes: readonly FormsOutcome[];
}

/** The user's settings of training, and those of the measures, which begin with `measures.`. */
function userLayers({ overrides }: StudyChoice): Record<'training' | 'measures', readonly ConfigLayer[]> {
  if (overrides === undefined) return { training: [], measures: [] };
  const prefix = 'measures.';
  const entries = Object.entries(overrides.values);
  const training = Object.fromEntries(entries.filter(([key]) => !key.startsWith(prefix)));
  const measures = Object.fromEntries(
    entries.flatMap(([key, value]) =>
      key.startsWith(prefix) ? [[key.slice(prefix.length), value] as const] : [],
    ),
  );
  return { training: [{ ...overrides, values: training }], measures: [{ ...overrides, values: measures }] };
}

/**
 * Every form with L_equi and without, with every seed.
 *
 * @throws UserError for overrides that are no settings.
 */
export function planForms(choice: StudyChoice): FormsPlan {
  const { training, measures, seeds } = FORMS_PROFILES[choice.profile];
  const user = userLayers(choice);
  const profile = (values: typeof training): ConfigLayer => ({ source: `profile ${choice.profile}`, values });
  const runs = seeds.flatMap((seed) =>
    FORMS.flatMap((form) =>
      ([{}, { 'training.lambda': 0 }] as const).map((own): FormsRun => {
        const plan: ConfigLayer = { source: 'the plan', values: { form, seed, ...own } };
        const config = resolveConfig(formsSchema, profile(training), ...user.training, plan);
        const method = FORM_LABELS[config.training.lambda === 0 ? 'without' : 'with'];
        return { seed, variation: null, config, label: `${method} seed ${seed}, form ${form}` };
      }),
    ),
  );
  return {
    choice,
    measures: resolveConfig(formsMeasureSchema, profile(measures), ...user.measures),
    runs,
  };
}

function codeOfTraining(): CodeProvenance {
  return codeProvenance(runningCodeHash(siblingModule(import.meta.url, 'training')));
}

function specOf(
  { choice }: FormsPlan,
  { config, seed, label }: FormsRun,
  task: ProteinTask,
  code: CodeProvenance,
  execution: Execution,
): RunSpec {
  return {
    experiment: FORMS_EXPERIMENT,
    label,
    profile: choice.profile,
    preset: choice.preset,
    config,
    seeds: { pretraining: seed, data: config.data.seed },
    data: task.provenance,
    code,
    execution,
    plannedSteps: config.training.steps,
  };
}

function jobOf(spec: RunSpec, { config }: FormsRun, task: ProteinTask, execution: Execution): RunJob {
  const { steps } = config.training;
  return {
    spec,
    weightNames: formsModel(config).variables.map(({ name }) => name),
    training: () => formsTraining(config, task.clouds, task.train, execution),
    initialWeights: () => initialWeights(config),
    metricsEvery: Math.max(1, Math.round(steps / 100)),
    checkpointEvery: Math.max(10, Math.round(steps / 10)),
  };
}

function measureKeys(
  config: FormsMeasureConfig,
): { readonly name: FormsMeasureName; readonly key: string }[] {
  const code = runningCodeHash(siblingModule(import.meta.url, 'measures'));
  const names = Object.keys(FORMS_MEASURES) as FormsMeasureName[];
  return names.map((name) => ({ name, key: hashJson({ name, config, code }).slice(0, 16) }));
}

function* measured(
  { config }: FormsRun,
  task: ProteinTask,
  settings: FormsMeasureConfig,
  wanted: ReturnType<typeof measureKeys>,
  weights: TensorDataMap,
): Generator<Measurement> {
  const encoder = cloudEncoder(formsModel(config), config.model.dim, weights, task.clouds);
  try {
    for (const { name, key } of wanted) {
      const startedAt = performance.now();
      const findings = FORMS_MEASURES[name](encoder, task, config, settings);
      const seconds = (performance.now() - startedAt) / 1000;
      yield { name, key, settings, measuredAt: new Date().toISOString(), seconds, ...findings };
    }
  } finally {
    encoder.dispose();
  }
}

/** The one data set of all runs; null without a run. */
function taskOf({ runs }: FormsPlan, { dataDir, onRemark }: StudyOptions): ProteinTask | null {
  const [first] = runs;
  if (first === undefined) return null;
  const task = loadTask(first.config, dataDir);
  task.set.remarks.forEach((remark) => onRemark?.(remark));
  return task;
}

/**
 * Brings every run of the plan to its end: found in the store, trained, measured.
 *
 * @throws InterruptedError when the signal came; UserError for data, settings or folders that do not serve.
 */
export async function runForms(plan: FormsPlan, options: StudyOptions): Promise<FormsResults> {
  const { store, execution = 'chained', signal = interruptSignal(), onEvent } = options;
  await breathe();
  const task = taskOf(plan, options);
  if (task === null) return { plan, outcomes: [] };
  store.saveManifest(task.manifest);
  const code = codeOfTraining();
  const keys = measureKeys(plan.measures);
  const stop = signal === undefined ? {} : { signal };
  const outcomes: FormsOutcome[] = [];
  for (const [index, run] of plan.runs.entries()) {
    stopIfTold(signal, run.label);
    const tell = (phase: StudyEvent['phase'], progress?: TrainProgress) => {
      const event = { index, runs: plan.runs.length, label: run.label, phase };
      onEvent?.(progress === undefined ? event : { ...event, progress });
    };
    const job = jobOf(specOf(plan, run, task, code, execution), run, task, execution);
    await ensureTrained(store, job, { onProgress: (progress) => tell('training', progress), ...stop });
    const measure = (missing: readonly string[], weights: TensorDataMap) => {
      tell('measuring');
      const wanted = keys.filter(({ name }) => missing.includes(name));
      return measured(run, task, plan.measures, wanted, weights);
    };
    const record = await ensureMeasured(store, job, keys, measure, stop);
    tell('ready');
    outcomes.push({ ...run, record });
  }
  return { plan, outcomes };
}

/** What of a plan is there already. Loads the data, since its hash is part of a run's id, and writes nothing. */
export function formsReadiness(plan: FormsPlan, options: StudyOptions): Readiness {
  const task = taskOf(plan, options);
  if (task === null) return { runs: [], steps: [], data: [] };
  const code = codeOfTraining();
  const keys = measureKeys(plan.measures);
  const runs = plan.runs.map((run): RunReadiness => {
    const id = idOf(specOf(plan, run, task, code, options.execution ?? 'chained'));
    if (!options.store.has(id)) return 'to train';
    const record = options.store.read(id);
    if (record.status !== 'finished') return 'to continue';
    return keys.every(({ name, key }) => record.measurements[name]?.key === key) ? 'ready' : 'to measure';
  });
  return { runs, steps: plan.runs.map(({ config }) => config.training.steps), data: [task.provenance] };
}

/**
 * What a store holds of a plan, without data, engine or training: each run is found by its configuration, the newest of
 * the finished ones; a missing run is null.
 */
export function collectForms(plan: FormsPlan, records: readonly RunRecord[]): FormsResults {
  const sorted = finishedRecords(records, FORMS_EXPERIMENT);
  return {
    plan,
    outcomes: plan.runs.map((run) => {
      const config = canonicalJson(run.config);
      return { ...run, record: sorted.find((record) => canonicalJson(record.config) === config) ?? null };
    }),
  };
}

/** Whether a step of a recorded run costs what a step of the planned one does. */
export function alikeForms({ config }: PlannedRun, record: RunRecord): boolean {
  const [planned, found] = [formsSchema.safeParse(config).data, formsSchema.safeParse(record.config).data];
  if (planned === undefined || found === undefined || record.experiment !== FORMS_EXPERIMENT) return false;
  const costOf = ({ data, model, training }: FormsConfig) =>
    canonicalJson([data.points, model, training.batch, training.lambda === 0]);
  return costOf(planned) === costOf(found);
}
