/** `care train`: pretrains one encoder on images, and says what its neighbours know. */
import { relative } from 'node:path';
import { Option, type Command } from 'commander';
import { InterruptedError } from '../experiments/execute-run.js';
import { IMAGE_METHODS } from '../experiments/images/config.js';
import { ARCHITECTURES } from '../models/architectures.js';
import { pretrain } from '../experiments/images/pretrain.js';
import { imageConfig } from '../experiments/images/settings.js';
import { defaultImageData } from '../data/images.js';
import { parseOverrides } from '../runs/configuration.js';
import { DEFAULT_PRESET, parsePreset, PRESET_NAMES } from '../runs/presets.js';
import { DEFAULT_PROFILE, parseProfile, PROFILE_NAMES } from '../runs/profiles.js';
import type { Json, RunRecord } from '../runs/record.js';
import { openStore } from '../runs/store.js';
import { UserError } from '../runs/user-error.js';
import { environmentFacts, startEngine } from '../tensorflow/engine.js';
import { parseShardPlan, shardEnvironment } from '../train/shards/plan.js';
import { collect, eagerOption, executionOf, fastOption, type ExecutionOptions } from './run-options.js';
import { stopSignal } from './signals.js';
import { studyProgress } from './study-progress.js';
import { durationText } from './text-table.js';

interface TrainOptions extends ExecutionOptions {
  readonly method?: string;
  readonly data?: string;
  readonly model?: string;
  readonly epochs?: string;
  readonly batch?: string;
  readonly seed?: string;
  readonly profile: string;
  readonly preset: string;
  readonly parameter: readonly string[];
  readonly runs: string;
  readonly dataDir?: string;
  readonly shards?: string;
  readonly gpus?: string;
}

const EXAMPLES = `
Examples:
  care train                                               CARE on the data that is found, small network
  care train --method simclr --data cifar10                the same without L_equi
  care train --method moco-v2+care -p moco.queue=2048      CARE's term on another method
  care train --preset official-code                        as the official code has it (care presets diff)
  care train --model resnet18 --data cifar10 --epochs 1    the paper's smaller network
  care train -p training.lambda=0.1 -p training.chunks=4   other settings, another run
  care train --model resnet50 -p training.microBatch=32    a batch in pieces, where memory does not suffice
  care train --model resnet50 --gpus 0,1,2,3               one process a GPU, the loss over all views

A run that was stopped, also by kill -9, goes on when the same command is given again.
`;

/** Adds `care train`. */
export function registerTrain(program: Command): void {
  program
    .command('train')
    .description('pretrain an encoder on images, and classify by nearest neighbours')
    .addOption(new Option('--method <name>', 'how it is trained').choices(IMAGE_METHODS))
    .option(
      '--data <name>',
      'data set of `care data list`, or folder:<path> (default: the first that is found)',
    )
    .addOption(new Option('--model <name>', 'the network').choices(ARCHITECTURES))
    .option('--epochs <n>', 'passes over the training images')
    .option('--batch <n>', 'images in a step')
    .option('--seed <n>', 'of weights, order and augmentations')
    .option('--profile <name>', `how big: ${PROFILE_NAMES.join(', ')}`, DEFAULT_PROFILE)
    .option('--preset <name>', `which method settings: ${PRESET_NAMES.join(', ')}`, DEFAULT_PRESET)
    .option(
      '-p, --parameter <key=value>',
      'change a setting, e.g. -p training.lambda=0.1, or lambda=0.1 where no other setting ends so (repeatable)',
      collect,
      [],
    )
    .option('--runs <folder>', 'where the runs are kept', process.env.CARE_RUNS_DIR ?? 'runs')
    .option('--data-dir <folder>', 'the data folder (default: CARE_DATA_DIR, then ../shared/data)')
    .addOption(fastOption())
    .addOption(eagerOption())
    .option(
      '--shards <n>',
      'divide the views of a step over so many processes: 1, 2 or 4 (two views: 1 or 2); for methods of projections alone',
    )
    .option('--gpus <list>', 'GPUs to train on, e.g. 0,1,2,3: one process for each')
    .addHelpText('after', EXAMPLES)
    .action(train);
}

/** The options that are settings too, under the settings' names. */
function optionLayer(options: TrainOptions): { source: string; values: Record<string, Json>; isText: true } {
  const given: Readonly<Record<string, string | undefined>> = {
    method: options.method,
    'data.name': options.data ?? defaultImageData(options.dataDir),
    'model.architecture': options.model,
    'training.epochs': options.epochs,
    'training.batch': options.batch,
    seed: options.seed,
  };
  const values = Object.entries(given).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]]));
  return { source: 'the options', values: Object.fromEntries(values) as Record<string, Json>, isText: true };
}

function percent(record: RunRecord, name: string): string {
  const estimate = record.measurements['knn']?.estimates[name];
  if (estimate === undefined) return 'not measured';
  const spread = estimate.sd === undefined ? '' : ` \u00b1 ${estimate.sd.toFixed(1)}`;
  return `${estimate.value.toFixed(1)}${spread} %`;
}

function printResult(record: RunRecord, folder: string): void {
  const { knn } = record.measurements;
  const n = knn?.estimates['accuracy']?.n ?? 0;
  console.log(`\n${record.label}, ${record.data.name}, profile ${record.profile}`);
  console.log(
    `  kNN accuracy   ${percent(record, 'accuracy')}  (\u00b1 standard error over ${n} test images)`,
  );
  if (knn?.estimates['best'] !== undefined) {
    console.log(`  best on the way  ${percent(record, 'best')}  (chosen on these test images)`);
  }
  console.log(`  before training  ${percent(record, 'untrained')}`);
  console.log(`  chance           ${percent(record, 'chance')}`);
  if (record.trainingSeconds > 0) {
    const views = Math.round(record.viewsPerSecond ?? 0);
    console.log(`  training         ${durationText(record.trainingSeconds)}, ${views} views/s`);
  }
  console.log(`Run: ${relative('.', folder) || '.'}/${record.id}  (care runs show ${record.id.slice(0, 8)})`);
}

async function train(options: TrainOptions): Promise<void> {
  const choice = {
    profile: parseProfile(options.profile),
    preset: parsePreset(options.preset),
    options: optionLayer(options),
    overrides: parseOverrides(options.parameter),
  };
  const { config, measures } = imageConfig(choice);
  const shards = parseShardPlan(options);
  // Read once, when TensorFlow is loaded.
  Object.assign(process.env, shardEnvironment(shards, 0));
  const store = openStore(options.runs);
  startEngine();
  if (shards.gpus !== undefined && environmentFacts().device !== 'gpu') {
    throw new UserError(
      `--gpus ${shards.gpus.join(',')}: TensorFlow finds no GPU here.`,
      'Leave --gpus out to train on the CPU; care doctor says what it finds, care setup --gpu fetches the library for GPUs.',
    );
  }
  const signal = stopSignal(() =>
    process.stderr.write('\nStopping after this step, with a checkpoint; once more ends at once.\n'),
  );
  const progress = studyProgress();
  const label = `${config.method} ${config.model.architecture}`;
  try {
    const record = await pretrain({
      store,
      config,
      measures,
      profile: choice.profile,
      preset: choice.preset,
      execution: executionOf(options),
      shards,
      signal,
      ...(options.dataDir === undefined ? {} : { dataDir: options.dataDir }),
      onRemark: (remark) => process.stderr.write(`note: ${remark}\n`),
      onPhase: (phase, at) =>
        progress.onEvent({ index: 0, runs: 1, label, phase, ...(at === undefined ? {} : { progress: at }) }),
    });
    progress.stop();
    printResult(record, store.dir);
  } catch (error) {
    if (!(error instanceof InterruptedError)) throw error;
    process.exitCode = 130;
    throw new UserError(error.message, 'Nothing is lost: the last checkpoint is kept.', { cause: error });
  } finally {
    progress.stop();
  }
}
