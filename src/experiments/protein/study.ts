/** The protein experiment as a whole: which runs it needs, how to get them, and what they found. */
import { canonicalJson, hashJson } from '../../runs/canonical-json.js';
import { runningCodeHash, siblingModule, codeProvenance } from '../../runs/code-version.js';
import type { CodeProvenance, Measurement, RunRecord } from '../../runs/record.js';
import { idOf, type RunSpec } from '../../runs/store.js';
import type { Execution } from '../../tensorflow/compile.js';
import type { TensorDataMap } from '../../tensorflow/tensor-data.js';
import type { TrainProgress } from '../../train/trainer.js';
import { ensureMeasured, ensureTrained, stopIfTold, type RunJob } from '../execute-run.js';
import { breathe, interruptSignal } from '../interrupt.js';
import {
  finishedRecords,
  type Experiment,
  type ExperimentPlan,
  type Outcome,
  type Readiness,
  type RunReadiness,
  type RunVariation,
  type StudyOptions,
} from '../study.js';
import type { StudyEvent } from '../study-event.js';
import { objectiveOf, trainingSchema, type EncoderName, type TrainingConfig } from './config.js';
import { proteinEncoder } from './encoder.js';
import { ENCODER_LABELS } from './labels.js';
import { PROTEIN_MEASURES, type ProteinMeasureName } from './measures.js';
import {
  measureConfig,
  PROTEIN_PROFILES,
  trainingConfig,
  type MeasureConfig,
  type ProteinChoice,
} from './settings.js';
import { loadTask, type ProteinTask } from './task.js';
import { initialWeights, proteinModel, proteinTraining } from './training.js';

export const PROTEIN = 'protein';

/** A run that the experiment needs. */
export interface ProteinRun {
  readonly encoder: EncoderName;
  readonly seed: number;
  readonly variation: RunVariation | null;
  readonly label: string;
  readonly config: TrainingConfig;
}

export interface ProteinPlan {
  readonly choice: ProteinChoice;
  readonly measures: MeasureConfig;
  readonly runs: readonly ProteinRun[];
}

function plannedRun(
  choice: ProteinChoice,
  encoder: EncoderName,
  seed: number,
  variation: RunVariation | null,
): ProteinRun {
  const varied = variation === null ? {} : { [variation.setting]: variation.value };
  const suffix = variation === null ? '' : `, ${variation.setting} ${JSON.stringify(variation.value)}`;
  return {
    encoder,
    seed,
    variation,
    label: `${ENCODER_LABELS[encoder]} seed ${seed}${suffix}`,
    config: trainingConfig(choice, { encoder, seed, ...varied }),
  };
}

/**
 * The runs of the experiment for a profile and preset: every encoder with every pretraining seed, then the variations of
 * settings that the paper leaves open, with the first seed.
 *
 * @throws UserError for overrides that are no settings.
 */
export function planProtein(choice: ProteinChoice): ProteinPlan {
  const { seeds, encoders, variations } = PROTEIN_PROFILES[choice.profile];
  const main = seeds.flatMap((seed) => encoders.map((encoder) => plannedRun(choice, encoder, seed, null)));
  const [firstSeed = 0] = seeds;
  const varied = variations.flatMap(({ setting, values, encoders: which }) =>
    values.flatMap((value) =>
      which.map((encoder) => plannedRun(choice, encoder, firstSeed, { setting, value })),
    ),
  );
  // A value that the user chose for all runs varies nothing.
  const known = new Set(main.map(({ config }) => canonicalJson(config)));
  const others = varied.filter(({ config }) => !known.has(canonicalJson(config)));
  return { choice, measures: measureConfig(choice), runs: [...main, ...others] };
}

/** A planned run with its record, or null where it was not run. */
export type ProteinOutcome = Outcome<ProteinRun>;

export interface ProteinResults {
  readonly plan: ProteinPlan;
  readonly outcomes: readonly ProteinOutcome[];
}

const trainingEntry = siblingModule(import.meta.url, 'training');
const measuresEntry = siblingModule(import.meta.url, 'measures');

function plannedSteps({ encoder, config }: ProteinRun): number {
  return encoder === 'untrained' ? 0 : config.training.steps;
}

function specOf(
  plan: ProteinPlan,
  run: ProteinRun,
  task: ProteinTask,
  code: CodeProvenance,
  execution: Execution,
): RunSpec {
  return {
    experiment: PROTEIN,
    label: run.label,
    profile: plan.choice.profile,
    preset: plan.choice.preset,
    config: run.config,
    seeds: { pretraining: run.seed, data: run.config.data.seed },
    data: task.provenance,
    code,
    execution,
    plannedSteps: plannedSteps(run),
  };
}

function jobOf(spec: RunSpec, run: ProteinRun, task: ProteinTask, execution: Execution): RunJob {
  const objective = objectiveOf(run.encoder);
  const { steps } = run.config.training;
  return {
    spec,
    weightNames: proteinModel(run.config).variables.map(({ name }) => name),
    training:
      objective === null
        ? null
        : () => proteinTraining(run.config, objective, task.clouds, task.train, execution),
    initialWeights: () => initialWeights(run.config),
    metricsEvery: Math.max(1, Math.round(steps / 100)),
    checkpointEvery: Math.max(10, Math.round(steps / 10)),
  };
}

/** Settings of a measurement as a record keeps them, with the hash by which it is known to be current. */
function measureKeys(config: MeasureConfig): { readonly name: ProteinMeasureName; readonly key: string }[] {
  const code = runningCodeHash(measuresEntry);
  const names = Object.keys(PROTEIN_MEASURES) as ProteinMeasureName[];
  return names.map((name) => ({ name, key: hashJson({ name, config, code }).slice(0, 16) }));
}

function* measureRun(
  run: ProteinRun,
  task: ProteinTask,
  config: MeasureConfig,
  wanted: readonly { readonly name: ProteinMeasureName; readonly key: string }[],
  weights: TensorDataMap,
): Generator<Measurement> {
  const encoder = proteinEncoder(run.config, weights, task.clouds);
  try {
    for (const { name, key } of wanted) {
      const startedAt = performance.now();
      const findings = PROTEIN_MEASURES[name](encoder, task, config);
      const seconds = (performance.now() - startedAt) / 1000;
      yield { name, key, settings: config, measuredAt: new Date().toISOString(), seconds, ...findings };
    }
  } finally {
    encoder.dispose();
  }
}

/** Loads each data set once: the runs of a plan share one or few. */
function taskLoader(
  options: StudyOptions,
  onLoaded?: (task: ProteinTask) => void,
): (config: TrainingConfig) => ProteinTask {
  const tasks = new Map<string, ProteinTask>();
  return (config) => {
    const key = canonicalJson(config.data);
    const known = tasks.get(key);
    if (known !== undefined) return known;
    const task = loadTask(config, options.dataDir);
    if (tasks.size === 0) task.set.remarks.forEach((remark) => options.onRemark?.(remark));
    tasks.set(key, task);
    onLoaded?.(task);
    return task;
  };
}

/**
 * Brings every run of the plan to its end: found in the store, trained, measured.
 *
 * @throws InterruptedError when the signal came; UserError for data, settings or folders that do not serve.
 */
export async function runProtein(plan: ProteinPlan, options: StudyOptions): Promise<ProteinResults> {
  const { store, execution = 'chained', signal = interruptSignal() } = options;
  await breathe();
  const code = codeProvenance(runningCodeHash(trainingEntry));
  const keys = measureKeys(plan.measures);
  const taskOf = taskLoader(options, ({ manifest }) => store.saveManifest(manifest));
  const outcomes: ProteinOutcome[] = [];
  for (const [index, run] of plan.runs.entries()) {
    stopIfTold(signal, run.label);
    const tell = (phase: StudyEvent['phase'], progress?: TrainProgress) => {
      const event = { index, runs: plan.runs.length, label: run.label, phase };
      options.onEvent?.(progress === undefined ? event : { ...event, progress });
    };
    const task = taskOf(run.config);
    const job = jobOf(specOf(plan, run, task, code, execution), run, task, execution);
    const stop = signal === undefined ? {} : { signal };
    const onProgress = (progress: TrainProgress) => tell('training', progress);
    await ensureTrained(store, job, { onProgress, ...stop });
    const measure = (missing: readonly string[], weights: TensorDataMap) => {
      tell('measuring');
      const wanted = keys.filter(({ name }) => missing.includes(name));
      return measureRun(run, task, plan.measures, wanted, weights);
    };
    const record = await ensureMeasured(store, job, keys, measure, stop);
    tell('ready');
    outcomes.push({ ...run, record });
  }
  return { plan, outcomes };
}

/** What of a plan is there already. Loads the data, since its hash is part of a run's id, and writes nothing. */
export function readiness(plan: ProteinPlan, options: StudyOptions): Readiness {
  const code = codeProvenance(runningCodeHash(trainingEntry));
  const keys = measureKeys(plan.measures);
  const taskOf = taskLoader(options);
  const [first] = plan.runs;
  const data = first === undefined ? [] : [taskOf(first.config).provenance];
  const runs = plan.runs.map((run): RunReadiness => {
    const id = idOf(specOf(plan, run, taskOf(run.config), code, options.execution ?? 'chained'));
    if (!options.store.has(id)) return 'to train';
    const record = options.store.read(id);
    if (record.status !== 'finished') return 'to continue';
    return keys.every(({ name, key }) => record.measurements[name]?.key === key) ? 'ready' : 'to measure';
  });
  return { runs, data, steps: plan.runs.map(plannedSteps) };
}

/**
 * What a store holds of a plan, without data, engine or training: each run is found by its configuration, the newest of
 * the finished ones; a missing run is null.
 */
export function collectProtein(plan: ProteinPlan, records: readonly RunRecord[]): ProteinResults {
  const sorted = finishedRecords(records, PROTEIN);
  return {
    plan,
    outcomes: plan.runs.map((run) => {
      const config = canonicalJson(run.config);
      return { ...run, record: sorted.find((record) => canonicalJson(record.config) === config) ?? null };
    }),
  };
}

/** A plan as `care reproduce` sees it. */
function experimentPlan(plan: ProteinPlan): ExperimentPlan {
  return {
    choice: plan.choice,
    runs: plan.runs,
    alike: (run, record) => {
      const planned = trainingSchema.parse(run.config);
      const found = trainingSchema.safeParse(record.config).data;
      const costOf = ({ encoder, data, model, training }: TrainingConfig) =>
        canonicalJson([encoder, data.points, model, training.batch]);
      return found !== undefined && record.experiment === PROTEIN && costOf(planned) === costOf(found);
    },
    readiness: (options) => Promise.resolve(readiness(plan, options)),
    carryOut: async (options) => {
      await runProtein(plan, options);
    },
    only: (runs) => experimentPlan({ ...plan, runs: plan.runs.filter((_, i) => runs.includes(i)) }),
    recorded: (records) =>
      collectProtein(plan, records).outcomes.filter(({ record }) => record !== null).length,
  };
}

export const proteinExperiment: Experiment = {
  name: PROTEIN,
  about: 'does the embedding turn when a protein turns?',
  plan: (choice) => experimentPlan(planProtein(choice)),
};
