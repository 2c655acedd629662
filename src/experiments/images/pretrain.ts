/** Pretraining on images as a run of the store: found again, gone on with, or begun; then measured. */
import { join } from 'node:path';
import type { ImageSize } from '../../augment/images.js';
import { imageData, loadImages, type ImageSplit, type LoadImagesOptions } from '../../data/images.js';
import type { DataSet } from '../../data/data-set.js';
import type { KnnResult } from '../../measure/knn.js';
import type { MethodName } from '../../methods/methods.js';
import { hashJson } from '../../runs/canonical-json.js';
import { runningCodeHash, siblingModule, codeProvenance } from '../../runs/code-version.js';
import type { PresetName } from '../../runs/presets.js';
import type { ProfileName } from '../../runs/profiles.js';
import type { Measurement, RunRecord } from '../../runs/record.js';
import { idOf, type RunSpec, type RunStore } from '../../runs/store.js';
import { availableMemory } from '../../tensorflow/available-memory.js';
import type { Execution, Program } from '../../tensorflow/compile.js';
import type { TensorDataMap } from '../../tensorflow/tensor-data.js';
import type { ShardPlan } from '../../train/shards/plan.js';
import type { TrainProgress } from '../../train/trainer.js';
import { ensureMeasured, ensureTrained, type RunJob, type Training } from '../execute-run.js';
import { BEST_WEIGHTS_FILE, keepBestWeights, readBestWeights } from './best-weights.js';
import type { ImageConfig, ImageMeasureConfig } from './config.js';
import { embeddingProgram } from './embedding.js';
import { checkMemory } from './memory.js';
import { geometryOf } from './geometry-monitor.js';
import { imageMethod } from './method.js';
import { imageModel, initialWeights } from './model.js';
import { checkShards, shardedImageTraining } from './sharded-training.js';
import { knnOf, neighboursOf, type ImageTask } from './monitor.js';
import { checkBatch, divisibleLoss, imageTraining, objectiveOf, stepsPerEpoch } from './training.js';

export { knnOf, type ImageTask };
export const IMAGES = 'images';

export interface PretrainOptions {
  readonly store: RunStore;
  readonly config: ImageConfig;
  readonly measures: ImageMeasureConfig;
  readonly profile: ProfileName;
  readonly preset: PresetName;
  readonly dataDir?: string;
  /** The data, where they were loaded before. */
  readonly task?: ImageTask;
  readonly execution?: Execution;
  /** Processes over which the views of a step are divided; left out: this one alone. */
  readonly shards?: ShardPlan;
  readonly signal?: AbortSignal;
  /** Bytes that training may take; what the machine has available where left out. */
  readonly availableMemory?: number;
  readonly onPhase?: (phase: 'training' | 'measuring' | 'ready', progress?: TrainProgress) => void;
  /** Things that a person should read, such as what was left out of the data. */
  readonly onRemark?: (remark: string) => void;
}

/** Loads the data of a configuration; sets without a labelled test split do not serve. */
export async function loadImageTask(
  config: ImageConfig,
  options: Pick<PretrainOptions, 'dataDir' | 'onRemark'> = {},
): Promise<ImageTask> {
  const { name, size, limit, seed } = config.data;
  const load = (split: ImageSplit, more: LoadImagesOptions) =>
    loadImages(imageData(name).name, split, {
      seed,
      ...(size === null ? {} : { size }),
      ...(options.dataDir === undefined ? {} : { dataDir: options.dataDir }),
      ...(options.onRemark === undefined ? {} : { onRemark: options.onRemark }),
      ...more,
    });
  const limited = limit === null ? {} : { limit };
  return { train: await load('train', limited), test: await load('test', limited) };
}

function labelOf(config: ImageConfig, image: ImageSize): string {
  const objective = objectiveOf(config);
  return objective === null ? 'untrained' : imageMethod(config, objective, image).label;
}

/** The run that a configuration asks for, on data that are loaded. */
export function imageSpec(
  options: Pick<PretrainOptions, 'config' | 'profile' | 'preset' | 'execution'>,
  { train }: ImageTask,
): RunSpec {
  const { config, profile, preset, execution = 'chained' } = options;
  const perEpoch = stepsPerEpoch(config, train.length);
  return {
    experiment: IMAGES,
    label: `${labelOf(config, train)} ${config.model.architecture} seed ${config.seed}`,
    profile,
    preset,
    config,
    seeds: { pretraining: config.seed, data: config.data.seed },
    data: train.provenance,
    code: codeProvenance(runningCodeHash(siblingModule(import.meta.url, 'training'))),
    execution,
    plannedSteps: config.method === 'untrained' ? 0 : config.training.epochs * perEpoch,
  };
}

/** Sees to it that batch, method and pieces fit each other, before anything is written. */
function checkMethod(config: ImageConfig, objective: MethodName, data: DataSet): void {
  checkBatch(config, data.length);
  const method = imageMethod(config, objective, data);
  const { microBatch } = config.training;
  if (microBatch !== null) divisibleLoss({ method }, `into micro-batches of ${microBatch}`);
}

function isFinished(store: RunStore, spec: RunSpec): boolean {
  const id = idOf(spec);
  return store.has(id) && store.read(id).status === 'finished';
}

/** Name and key of the measurement that every run gets. */
export function knnKey(measures: ImageMeasureConfig): { readonly name: string; readonly key: string } {
  const code = runningCodeHash(siblingModule(import.meta.url, 'monitor'));
  return { name: 'knn', key: hashJson({ name: 'knn', measures, code }).slice(0, 16) };
}

interface Wanted {
  readonly name: string;
  readonly key: string;
  /** Where the best weights on the way are kept, or null. */
  readonly bestFile: string | null;
}

function* measured(
  { config, measures }: PretrainOptions,
  task: ImageTask,
  { name, key, bestFile }: Wanted,
  weights: TensorDataMap,
): Generator<Measurement> {
  const startedAt = performance.now();
  const accuracyOf = (values: TensorDataMap): KnnResult => {
    const program = embeddingProgram(config, values, task.train);
    try {
      return knnOf(program, task, measures);
    } finally {
      program.dispose();
    }
  };
  const estimate = ({ accuracy, standardError, n }: KnnResult) => ({
    value: 100 * accuracy,
    unit: '%',
    sd: 100 * standardError,
    n,
    kind: 'standard error over samples' as const,
  });
  const classes = task.train.classNames.length;
  const best = bestFile === null ? null : readBestWeights(bestFile);
  yield {
    name,
    key,
    settings: { ...measures, k: neighboursOf(measures, task) },
    measuredAt: new Date().toISOString(),
    estimates: {
      accuracy: estimate(accuracyOf(weights)),
      // The same network before training, which already tells some classes apart.
      untrained: estimate(accuracyOf(initialWeights(config))),
      chance: { value: 100 / classes, unit: '%' },
      // Chosen on the images that it is taken on.
      ...(best === null ? {} : { best: estimate(accuracyOf(best.weights)) }),
    },
    seconds: (performance.now() - startedAt) / 1000,
  };
}

/** The weights of encoder and head among a program's state. */
function weightsIn(program: Program, names: readonly string[]): TensorDataMap {
  return Object.fromEntries(Object.entries(program.readState()).filter(([name]) => names.includes(name)));
}

/**
 * Trains an encoder, or finds it, and measures it.
 *
 * @throws InterruptedError when the signal came; UserError for data or settings that do not serve, or that need more memory
 *   than there is.
 */
export async function pretrain(options: PretrainOptions): Promise<RunRecord> {
  const { store, config, measures, signal, onPhase } = options;
  const task = options.task ?? (await loadImageTask(config, options));
  const objective = objectiveOf(config);
  if (objective !== null) checkMethod(config, objective, task.train);
  const { shards = { count: 1 } } = options;
  if (objective !== null && shards.count > 1) checkShards(config, objective, shards);
  const neighbours = neighboursOf(measures, task);
  if (neighbours < measures.k) {
    options.onRemark?.(`measures.k is ${measures.k}, but ${neighbours} images can vote; all of them do.`);
  }
  const { provenance, files } = task.train;
  const { name, generated, sha256, items } = provenance;
  const spec = imageSpec(options, task);
  if (objective !== null && !isFinished(store, spec)) {
    checkMemory(config, objective, task.train, options.availableMemory ?? availableMemory(), {
      execution: spec.execution,
      processes: shards.count,
    });
  }
  store.saveManifest({ name, generated, sha256, items, files });
  const perEpoch = stepsPerEpoch(config, task.train.length);
  const steps = spec.plannedSteps;
  const weightNames = imageModel(config).variables.map((variable) => variable.name);
  const bestFile = config.training.kept === 'last' ? null : join(store.dir, idOf(spec), BEST_WEIGHTS_FILE);
  const job: RunJob = {
    spec,
    weightNames,
    initialWeights: () => initialWeights(config),
    metricsEvery: Math.max(1, Math.min(perEpoch, Math.round(steps / 200))),
    checkpointEvery: Math.max(1, Math.min(perEpoch, 100)),
    training:
      objective === null
        ? null
        : () => {
            const execution = options.execution ?? 'chained';
            const training: Training =
              shards.count === 1
                ? imageTraining(config, objective, task.train, execution)
                : shardedImageTraining(config, objective, task.train, execution, shards);
            const every = measures.knnEvery * perEpoch;
            const look = () => {
              const { accuracy } = knnOf(training.program, task, measures);
              if (bestFile !== null)
                keepBestWeights(bestFile, accuracy, () => weightsIn(training.program, weightNames));
              if (measures.geometryAugmentations === 0) return { knn: accuracy };
              const weights = weightsIn(training.program, weightNames);
              return { knn: accuracy, ...geometryOf(config, weights, task.test, measures) };
            };
            return every === 0 ? training : { ...training, evaluation: { every, run: look } };
          },
  };
  await ensureTrained(store, job, {
    onProgress: (progress) => onPhase?.('training', progress),
    ...(options.onRemark === undefined ? {} : { onRemark: options.onRemark }),
    ...(signal === undefined ? {} : { signal }),
  });
  const key = knnKey(measures);
  const record = await ensureMeasured(store, job, [key], (_, weights) => {
    onPhase?.('measuring');
    return measured(options, task, { ...key, bestFile }, weights);
  });
  onPhase?.('ready');
  return record;
}
