/** Whether training will fit into memory, told before it begins. */
import { CHANNELS, type ImageSize } from '../../augment/images.js';
import { dataSet, pixelsInMemory, type DataSet } from '../../data/data-set.js';
import type { MethodName } from '../../methods/methods.js';
import {
  recordFunction,
  type Execution,
  type ProgramDefinition,
  type ProgramFunction,
} from '../../tensorflow/compile.js';
import { startEngine } from '../../tensorflow/engine.js';
import type { RawRecording } from '../../tensorflow/recording.js';
import { simplify } from '../../tensorflow/simplify.js';
import {
  peakEagerBytes,
  peakGraphBytes,
  recordingAt,
  type SizedRecording,
} from '../../tensorflow/step-memory.js';
import { sizeOf, type TensorDataMap } from '../../tensorflow/tensor-data.js';
import { embeddingLossFunction } from '../../train/embedding-loss.js';
import { viewsByShard } from '../../train/shards/plan.js';
import { shardFunction } from '../../train/shards/shard-model.js';
import { UserError } from '../../train/user-error.js';
import type { ImageConfig } from './config.js';
import { EMBED_BATCH, embedFunction } from './embedding.js';
import { imageMethod } from './method.js';
import { imageModel } from './model.js';
import { RESIDENT_LIMIT, streamedPixels } from './pixels.js';
import { imageShardModel } from './shard-model.js';
import { divisibleLoss, stepParts, trainingDefinition, type StepParts } from './training.js';

/** Batches with which the functions are recorded; what a larger one takes is told from these two. */
const RECORDED = [2, 4] as const;

/** State and data are there three times at most: in JavaScript, on the device, and on the way between. */
const COPIES = 3;

/** Weights that another process is sent and gradients that it sends back lie in memory that is shared with it. */
const SHARED = 2;

/** Values in the first layer of a small network above which it is worth looking. */
const LARGE_LAYER = 2 ** 22;

/** Whether a step may need more memory than any machine has, so that it is worth the seconds to find out. */
export function isLarge({ model, training }: ImageConfig, { height, width }: ImageSize): boolean {
  return model.architecture !== 'small' || training.batch * height * width * model.width > LARGE_LAYER;
}

function blankImages(count: number, { height, width }: ImageSize): DataSet {
  return dataSet({
    name: 'blank',
    classNames: ['none'],
    labels: new Int32Array(count),
    pixels: pixelsInMemory(new Uint8Array(count * height * width * CHANNELS), height, width),
    files: [],
    settings: {},
  });
}

function bytesOf(tensors: TensorDataMap): number {
  return Object.values(tensors).reduce((sum, { shape }) => sum + 4 * sizeOf(shape), 0);
}

/** How a step is run, as far as memory depends on it. */
export interface StepExecution {
  /** Op by op, what tfjs has not freed yet is there besides. */
  readonly execution: Execution;
  /** Processes over which the views are divided; 1: this one alone. */
  readonly processes: number;
  /** Whether the batch goes through the network in pieces. */
  readonly inPieces: boolean;
}

/** Forwards and backwards through the views of one process, and the loss of the whole batch in the first. */
function dividedFunctions(
  config: ImageConfig,
  image: ImageSize,
  parts: StepParts,
  processes: number,
): Readonly<Record<string, ProgramFunction>> {
  const { batch } = config.training;
  const { names: views } = parts.views;
  const [own = []] = viewsByShard(views, processes);
  const step = shardFunction(imageShardModel({ config, image }), own, (_state, { gradient, buffers }) => ({
    outputs: { gradient, ...buffers },
  }));
  const batchLoss = embeddingLossFunction({
    views,
    batch,
    dim: config.model.dim,
    loss: divisibleLoss(parts, `over ${processes} processes`),
  });
  return { step, batchLoss };
}

/** The configuration for a batch of so many images. */
function shrunk(config: ImageConfig, items: number, inPieces: boolean): ImageConfig {
  const training = {
    ...config.training,
    batch: items,
    chunks: 1,
    negativeGroups: 1,
    microBatch: inPieces ? items : null,
  };
  // As many batches in the queue, so that at the batch itself it has its own length.
  const queue = items * Math.round(config.moco.queue / config.training.batch);
  return { ...config, training, moco: { ...config.moco, queue, shuffleGroups: 1 } };
}

/** The program for so many images, all of them in one piece. */
function definitionFor(
  config: ImageConfig,
  objective: MethodName,
  size: ImageSize,
  items: number,
  { processes, inPieces }: StepExecution,
): ProgramDefinition {
  const small = shrunk(config, items, inPieces);
  const data = blankImages(items, size);
  const embed = embedFunction(config, size, items);
  if (processes === 1) {
    const definition = trainingDefinition(small, objective, data);
    return { ...definition, functions: { ...definition.functions, embed } };
  }
  const parts = stepParts(small, objective, data, streamedPixels(data));
  const functions = { ...dividedFunctions(small, size, parts, processes), embed };
  return { name: parts.name, state: parts.state, functions };
}

/** Bytes of the state at a batch; all but a queue is the same at any. */
function stateBytes(definitions: readonly [ProgramDefinition, ProgramDefinition], batch: number): number {
  const [first, second] = definitions.map(({ state }) => bytesOf(state)) as [number, number];
  return first + ((second - first) * (batch - RECORDED[0])) / (RECORDED[1] - RECORDED[0]);
}

type Recorded = Readonly<Record<string, readonly [SizedRecording, SizedRecording]>>;

/** Every function of the program, recorded for a few images; null without the native library. */
function recordedFunctions(definitions: readonly [ProgramDefinition, ProgramDefinition]): Recorded | null {
  const recorded: Record<string, [SizedRecording, SizedRecording]> = {};
  for (const name of Object.keys(definitions[0].functions)) {
    const [first, second] = definitions.map((definition) => recordFunction(definition, name));
    if (first == null || second == null) return null;
    recorded[name] = [
      { items: RECORDED[0], recording: first },
      { items: RECORDED[1], recording: second },
    ];
  }
  return recorded;
}

/** What the processes but the first take: a process without a step, the weights, and a step of their views. */
function otherProcesses(config: ImageConfig, processes: number, step: number): number {
  const weights = imageModel(config).variables.reduce((sum, { shape }) => sum + 4 * sizeOf(shape), 0);
  return (processes - 1) * (process.memoryUsage.rss() + (COPIES + SHARED) * weights + step);
}

/**
 * Estimates the memory that training takes beyond what the process has already, in bytes, by size of the pieces in which
 * a batch goes through the network. That of all processes is added up.
 *
 * Counted are the state and the resident data with their copies, and the most that any function holds at a time. Not
 * counted is what kernels need within an op, nor what the allocator keeps.
 *
 * @returns null without the native library, which alone can record.
 */
export function trainingMemory(
  config: ImageConfig,
  objective: MethodName,
  data: Pick<DataSet, 'height' | 'width' | 'length'>,
  how: StepExecution,
): ((piece: number) => number) | null {
  const { execution, processes } = how;
  const definitions = RECORDED.map((items) =>
    definitionFor(config, objective, data, items, how),
  ) as unknown as readonly [ProgramDefinition, ProgramDefinition];
  const recorded = recordedFunctions(definitions);
  if (recorded === null) return null;
  const pixels = data.length * data.height * data.width * CHANNELS;
  const isResident = processes === 1 && pixels <= RESIDENT_LIMIT;
  const { batch } = config.training;
  const fixed = COPIES * (stateBytes(definitions, batch) + (isResident ? pixels : 0));
  const peakOf = (recording: RawRecording) =>
    execution === 'eager' ? peakEagerBytes(recording) : peakGraphBytes(simplify(recording));
  return (piece) => {
    const itemsOf = (name: string) => (name === 'embed' ? EMBED_BATCH : name === 'batchLoss' ? batch : piece);
    const peaks = new Map(
      Object.entries(recorded).map(([name, [first, second]]) => [
        name,
        peakOf(recordingAt(itemsOf(name), first, second)),
      ]),
    );
    const others = processes === 1 ? 0 : otherProcesses(config, processes, peaks.get('step') ?? 0);
    return fixed + Math.max(...peaks.values()) + others;
  };
}

function gibibytes(bytes: number): string {
  return `${(bytes / 2 ** 30).toPrecision(2)} GiB`;
}

/** Something to do instead that needs less memory, in the words of a hint. */
interface Alternative {
  readonly advice: string;
  readonly bytes: number;
}

/** The largest smaller piece of the batch that fits, in one process. */
function fittingPiece(
  config: ImageConfig,
  memory: (piece: number) => number,
  available: number,
): { readonly piece: number; readonly bytes: number } | null {
  const { batch, microBatch } = config.training;
  for (let piece = (microBatch ?? batch) - 1; piece >= 2; piece--) {
    if (batch % piece !== 0) continue;
    const bytes = memory(piece);
    if (bytes <= available) return { piece, bytes };
  }
  return null;
}

/** Options to leave out, in the order in which they are tried. */
function lessCostly(how: StepExecution): readonly (readonly [string, StepExecution])[] {
  const asGraph: StepExecution = { ...how, execution: 'chained' };
  const alone: StepExecution = { ...asGraph, processes: 1 };
  return [
    ...(how.execution === 'eager' ? [['Leave --eager out', asGraph] as const] : []),
    ...(how.processes > 1 ? [['Leave --shards out', alone] as const] : []),
  ];
}

/** The first thing to do instead that fits. */
function alternativeFor(
  config: ImageConfig,
  objective: MethodName,
  data: Pick<DataSet, 'height' | 'width' | 'length'>,
  available: number,
  how: StepExecution,
): Alternative | null {
  const { batch, microBatch } = config.training;
  const leftOut = lessCostly(how);
  for (const [advice, less] of leftOut) {
    const bytes = trainingMemory(config, objective, data, less)?.(microBatch ?? batch) ?? Infinity;
    if (bytes <= available) return { advice, bytes };
  }
  if (!canBeDivided(config, objective, data)) return null;
  const inPieces = trainingMemory(config, objective, data, {
    execution: 'chained',
    processes: 1,
    inPieces: true,
  });
  const fitting = inPieces === null ? null : fittingPiece(config, inPieces, available);
  if (fitting === null) return null;
  const options = leftOut.map(([advice]) => advice.slice('Leave '.length, -' out'.length));
  const first = options.length === 0 ? 'Set' : `Leave ${options.join(' and ')} out and set`;
  return { advice: `${first} -p training.microBatch=${fitting.piece}`, bytes: fitting.bytes };
}

function canBeDivided(config: ImageConfig, objective: MethodName, image: ImageSize): boolean {
  return imageMethod(config, objective, image).network === null;
}

function hintOf(alternative: Alternative | null, divisible: boolean): string {
  const override = 'Where more is available than is said, set CARE_MEMORY_BYTES to it.';
  if (alternative === null) {
    const first = divisible
      ? 'Not even pieces of 2 images fit. Take'
      : 'This method takes a batch whole. Take a smaller -p training.batch,';
    return `${first} a smaller network (-p model.architecture) or smaller images (-p data.size). ${override}`;
  }
  const { advice, bytes } = alternative;
  const pieces = advice.includes('microBatch') ? '; batch norm then sees the statistics of a piece' : '';
  return `${advice}, which needs about ${gibibytes(bytes)}${pieces}. Or take a smaller -p training.batch. ${override}`;
}

/**
 * Sees to it that training fits into the memory that is available. A GPU's memory is not looked at.
 *
 * @param available - bytes.
 * @param how - one process and a graph where left out.
 * @throws UserError with the estimate, what is available, and what would fit instead: leaving out an option, or the largest
 *   micro-batch.
 */
export function checkMemory(
  config: ImageConfig,
  objective: MethodName,
  data: Pick<DataSet, 'height' | 'width' | 'length'>,
  available: number,
  { execution = 'chained', processes = 1 }: Partial<Omit<StepExecution, 'inPieces'>> = {},
): void {
  if (!isLarge(config, data) || startEngine().device === 'gpu') return;
  const { batch, microBatch } = config.training;
  const how = { execution, processes, inPieces: microBatch !== null };
  const needed = trainingMemory(config, objective, data, how)?.(microBatch ?? batch);
  if (needed === undefined || needed <= available) return;
  const pieces = microBatch === null ? '' : ` in pieces of ${microBatch}`;
  const where = processes === 1 ? '' : `, divided over ${processes} processes,`;
  throw new UserError(
    `Training ${config.model.architecture} with a batch of ${batch}${pieces} on images of ` +
      `${data.height} x ${data.width}${where} needs about ${gibibytes(needed)} of memory; ` +
      `${gibibytes(available)} are available.`,
    hintOf(alternativeFor(config, objective, data, available, how), canBeDivided(config, objective, data)),
  );
}
