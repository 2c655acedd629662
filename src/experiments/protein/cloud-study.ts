/**
 * Runs on the point clouds of proteins: found in a store, trained, measured. What an experiment on them has of its own is
 * described by a {@link CloudStudy}.
 */
import { canonicalJson, hashJson } from '../../runs/canonical-json.js';
import { codeProvenance, runningCodeHash } from '../../runs/code-version.js';
import type { CodeProvenance, Json, Measurement, RunRecord } from '../../runs/record.js';
import { idOf, type RunSpec } from '../../runs/store.js';
import type { Execution } from '../../tensorflow/compile.js';
import type { TensorDataMap } from '../../tensorflow/tensor-data.js';
import type { TrainProgress } from '../../train/trainer.js';
import { ensureMeasured, ensureTrained, stopIfTold, type RunJob, type Training } from '../execute-run.js';
import { breathe, interruptSignal } from '../interrupt.js';
import type { Findings } from '../recorded-run.js';
import {
  finishedRecords,
  isMadeWith,
  type Outcome,
  type PlannedRun,
  type Readiness,
  type RunReadiness,
  type StudyChoice,
  type StudyOptions,
} from '../study.js';
import type { StudyEvent } from '../study-event.js';
import type { TrainingConfig } from './config.js';
import type { ProteinEncoder } from './encoder.js';
import { loadTask, type ProteinTask } from './task.js';

/** What the configuration of every run on point clouds says. */
type CloudConfig = PlannedRun['config'] & Pick<TrainingConfig, 'data'>;

export type CloudRun = PlannedRun & { readonly config: CloudConfig };

export interface CloudPlan<Run extends CloudRun, Settings> {
  readonly choice: StudyChoice;
  /** Settings of the measures. */
  readonly measures: Settings;
  readonly runs: readonly Run[];
}

/** A plan's runs with what a store holds of them. */
export interface CloudResults<Run extends CloudRun, Plan> {
  readonly plan: Plan;
  readonly outcomes: readonly Outcome<Run>[];
}

/** What an experiment on point clouds has of its own. */
export interface CloudStudy<Run extends CloudRun, Settings> {
  /** The name under which records keep its runs. */
  readonly experiment: string;
  /** The modules whose code decides what training and measuring give: their hashes are part of a run's identity. */
  readonly modules: { readonly training: URL; readonly measures: URL };
  /** Steps that a run trains; 0 for an encoder that is not trained. */
  readonly steps: (run: Run) => number;
  readonly weightNames: (run: Run) => readonly string[];
  readonly initialWeights: (run: Run) => TensorDataMap;
  /** Null for an encoder that is not trained. */
  readonly training: (run: Run, task: ProteinTask, execution: Execution) => (() => Training) | null;
  readonly encoder: (run: Run, weights: TensorDataMap, task: ProteinTask) => ProteinEncoder;
  readonly measures: Readonly<
    Record<string, (encoder: ProteinEncoder, task: ProteinTask, run: Run, settings: Settings) => Findings>
  >;
}

/** A measure, with the hash by which a measurement is known to be current. */
interface MeasureKey {
  readonly name: string;
  readonly key: string;
}

function trainingCode<Run extends CloudRun, Settings>({
  modules,
}: CloudStudy<Run, Settings>): CodeProvenance {
  return codeProvenance(runningCodeHash(modules.training));
}

function measureKeys<Run extends CloudRun, Settings>(
  { modules, measures }: CloudStudy<Run, Settings>,
  settings: Settings,
): readonly MeasureKey[] {
  const code = runningCodeHash(modules.measures);
  return Object.keys(measures).map((name) => ({
    name,
    key: hashJson({ name, config: settings, code }).slice(0, 16),
  }));
}

function specOf<Run extends CloudRun, Settings>(
  study: CloudStudy<Run, Settings>,
  { choice }: CloudPlan<Run, Settings>,
  run: Run,
  task: ProteinTask,
  code: CodeProvenance,
  execution: Execution,
): RunSpec {
  return {
    experiment: study.experiment,
    label: run.label,
    profile: choice.profile,
    preset: choice.preset,
    config: run.config,
    seeds: { pretraining: run.seed, data: run.config.data.seed },
    data: task.provenance,
    code,
    execution,
    plannedSteps: study.steps(run),
  };
}

function jobOf<Run extends CloudRun, Settings>(
  study: CloudStudy<Run, Settings>,
  spec: RunSpec,
  run: Run,
  task: ProteinTask,
  execution: Execution,
): RunJob {
  const steps = study.steps(run);
  return {
    spec,
    weightNames: study.weightNames(run),
    training: study.training(run, task, execution),
    initialWeights: () => study.initialWeights(run),
    metricsEvery: Math.max(1, Math.round(steps / 100)),
    checkpointEvery: Math.max(10, Math.round(steps / 10)),
  };
}

function* measured<Run extends CloudRun, Settings>(
  study: CloudStudy<Run, Settings>,
  run: Run,
  task: ProteinTask,
  settings: Settings & Measurement['settings'],
  wanted: readonly MeasureKey[],
  weights: TensorDataMap,
): Generator<Measurement> {
  const encoder = study.encoder(run, weights, task);
  try {
    for (const { name, key } of wanted) {
      const startedAt = performance.now();
      const findings = study.measures[name]?.(encoder, task, run, settings);
      if (findings === undefined) continue;
      const seconds = (performance.now() - startedAt) / 1000;
      yield { name, key, settings, measuredAt: new Date().toISOString(), seconds, ...findings };
    }
  } finally {
    encoder.dispose();
  }
}

/** Loads each data set once: the runs of a plan share one or few. */
function taskLoader(
  options: StudyOptions,
  onLoaded?: (task: ProteinTask) => void,
): (run: CloudRun) => ProteinTask {
  const tasks = new Map<string, ProteinTask>();
  return ({ config }) => {
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
 * Brings every run of a plan to its end: found in the store, trained, measured.
 *
 * @throws InterruptedError when the signal came; UserError for data, settings or folders that do not serve.
 */
export async function runCloudStudy<
  Run extends CloudRun,
  Settings extends Measurement['settings'],
  Plan extends CloudPlan<Run, Settings>,
>(study: CloudStudy<Run, Settings>, plan: Plan, options: StudyOptions): Promise<CloudResults<Run, Plan>> {
  const { store, execution = 'chained', signal = interruptSignal(), onEvent, onRemark } = options;
  await breathe();
  const code = trainingCode(study);
  const keys = measureKeys(study, plan.measures);
  const taskOf = taskLoader(options, ({ manifest }) => store.saveManifest(manifest));
  const stop = signal === undefined ? {} : { signal };
  const outcomes: Outcome<Run>[] = [];
  for (const [index, run] of plan.runs.entries()) {
    stopIfTold(signal, run.label);
    const tell = (phase: StudyEvent['phase'], progress?: TrainProgress) => {
      const event = { index, runs: plan.runs.length, label: run.label, phase };
      onEvent?.(progress === undefined ? event : { ...event, progress });
    };
    const task = taskOf(run);
    const job = jobOf(study, specOf(study, plan, run, task, code, execution), run, task, execution);
    await ensureTrained(store, job, {
      onProgress: (progress) => tell('training', progress),
      ...(onRemark === undefined ? {} : { onRemark }),
      ...stop,
    });
    const measure = (missing: readonly string[], weights: TensorDataMap) => {
      tell('measuring');
      const wanted = keys.filter(({ name }) => missing.includes(name));
      return measured(study, run, task, plan.measures, wanted, weights);
    };
    const record = await ensureMeasured(store, job, keys, measure, stop);
    tell('ready');
    outcomes.push({ ...run, record });
  }
  return { plan, outcomes };
}

/** What of a plan is there already. Loads the data, since its hash is part of a run's id, and writes nothing. */
export function cloudReadiness<Run extends CloudRun, Settings>(
  study: CloudStudy<Run, Settings>,
  plan: CloudPlan<Run, Settings>,
  options: StudyOptions,
): Readiness {
  const code = trainingCode(study);
  const keys = measureKeys(study, plan.measures);
  const taskOf = taskLoader(options);
  const [first] = plan.runs;
  const data = first === undefined ? [] : [taskOf(first).provenance];
  const runs = plan.runs.map((run): RunReadiness => {
    const id = idOf(specOf(study, plan, run, taskOf(run), code, options.execution ?? 'chained'));
    if (!options.store.has(id)) return 'to train';
    const record = options.store.read(id);
    if (record.status !== 'finished') return 'to continue';
    return keys.every(({ name, key }) => record.measurements[name]?.key === key) ? 'ready' : 'to measure';
  });
  return { runs, data, steps: plan.runs.map(study.steps) };
}

type MeasureSettings = Readonly<Record<string, Json>>;

/** The record without measurements that were made with other settings than the plan's: they are not compared. */
function asPlanned(record: RunRecord, settings: MeasureSettings): RunRecord {
  const kept = Object.entries(record.measurements).filter(([, measurement]) =>
    isMadeWith(settings, measurement),
  );
  return { ...record, measurements: Object.fromEntries(kept) };
}

/**
 * What a store holds of a plan, without data, engine or training: each run is found by its configuration, the newest of
 * the finished ones; a missing run is null, and a measurement that was made with other settings is left out.
 */
export function collectCloudStudy<
  Run extends CloudRun,
  Plan extends { readonly runs: readonly Run[]; readonly measures: MeasureSettings },
>(experiment: string, plan: Plan, records: readonly RunRecord[]): CloudResults<Run, Plan> {
  const byConfig = new Map<string, RunRecord[]>();
  for (const record of finishedRecords(records, experiment)) {
    const key = canonicalJson(record.config);
    byConfig.set(key, [...(byConfig.get(key) ?? []), record]);
  }
  return {
    plan,
    outcomes: plan.runs.map((run) => {
      const found = byConfig.get(canonicalJson(run.config)) ?? [];
      const [record = null, ...others] = found.map((each) => asPlanned(each, plan.measures));
      const earlier = others.filter(({ data }) => data.sha256 === record?.data.sha256);
      return { ...run, record, ...(earlier.length === 0 ? {} : { earlier }) };
    }),
  };
}
