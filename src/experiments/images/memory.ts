/** Whether training will fit into memory, told before it begins. */
import { CHANNELS, type ImageSize } from '../../augment/images.js';
import { dataSet, pixelsInMemory, type DataSet } from '../../data/data-set.js';
import type { MethodName } from '../../methods/methods.js';
import { recordFunction, type ProgramDefinition } from '../../tensorflow/compile.js';
import { startEngine } from '../../tensorflow/engine.js';
import { simplify } from '../../tensorflow/simplify.js';
import {
  peakEagerBytes,
  peakGraphBytes,
  recordingAt,
  type SizedRecording,
} from '../../tensorflow/step-memory.js';
import { sizeOf, type TensorDataMap } from '../../tensorflow/tensor-data.js';
import { UserError } from '../../train/user-error.js';
import type { ImageConfig } from './config.js';
import { EMBED_BATCH, embedFunction } from './embedding.js';
import { RESIDENT_LIMIT } from './pixels.js';
import { imageMethod } from './method.js';
import { trainingDefinition } from './training.js';

/** Batches with which the functions are recorded; what a larger one takes is told from these two. */
const RECORDED = [2, 4] as const;

/** State and data are there three times at most: in JavaScript, on the device, and on the way between. */
const COPIES = 3;

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

/** The program for so many images, all of them in one piece. */
function definitionFor(
  config: ImageConfig,
  objective: MethodName,
  size: ImageSize,
  items: number,
  inPieces: boolean,
): ProgramDefinition {
  const training = {
    ...config.training,
    batch: items,
    chunks: 1,
    negativeGroups: 1,
    microBatch: inPieces ? items : null,
  };
  // As many batches in the queue, so that at the batch itself it has its own length.
  const queue = items * Math.round(config.moco.queue / config.training.batch);
  const moco = { ...config.moco, queue, shuffleGroups: 1 };
  const definition = trainingDefinition({ ...config, training, moco }, objective, blankImages(items, size));
  return {
    ...definition,
    functions: { ...definition.functions, embed: embedFunction(config, size, items) },
  };
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

/**
 * Estimates the memory that training takes beyond what the process has already, in bytes, by size of the pieces in which
 * a batch goes through the network.
 *
 * Counted are the state and the resident data with their copies, and the most that any function holds at a time, be it
 * as a graph or op by op, as it is recorded. Not counted is what kernels need within an op.
 *
 * @param inPieces - whether the batch goes through in pieces.
 * @returns null without the native library, which alone can record.
 */
export function trainingMemory(
  config: ImageConfig,
  objective: MethodName,
  data: Pick<DataSet, 'height' | 'width' | 'length'>,
  inPieces: boolean,
): ((piece: number) => number) | null {
  const definitions = RECORDED.map((items) =>
    definitionFor(config, objective, data, items, inPieces),
  ) as unknown as readonly [ProgramDefinition, ProgramDefinition];
  const recorded = recordedFunctions(definitions);
  if (recorded === null) return null;
  const pixels = data.length * data.height * data.width * CHANNELS;
  const fixed = COPIES * (bytesOf(definitions[0].state) + (pixels <= RESIDENT_LIMIT ? pixels : 0));
  const { batch } = config.training;
  return (piece) => {
    const itemsOf = (name: string) => (name === 'embed' ? EMBED_BATCH : name === 'batchLoss' ? batch : piece);
    const peaks = Object.entries(recorded).map(([name, [first, second]]) => {
      const recording = recordingAt(itemsOf(name), first, second);
      return Math.max(peakGraphBytes(simplify(recording)), peakEagerBytes(recording));
    });
    return fixed + Math.max(...peaks);
  };
}

function gibibytes(bytes: number): string {
  return `${(bytes / 2 ** 30).toPrecision(2)} GiB`;
}

/** The largest smaller piece of the batch that fits, with what it takes. */
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

/**
 * Sees to it that training fits into the memory that is available. A GPU's memory is not looked at.
 *
 * @param available - bytes.
 * @throws UserError with the estimate, what is available, and the largest micro-batch that would fit.
 */
export function checkMemory(
  config: ImageConfig,
  objective: MethodName,
  data: Pick<DataSet, 'height' | 'width' | 'length'>,
  available: number,
): void {
  if (!isLarge(config, data) || startEngine().device === 'gpu') return;
  const { batch, microBatch } = config.training;
  const needed = trainingMemory(config, objective, data, microBatch !== null)?.(microBatch ?? batch);
  if (needed === undefined || needed <= available) return;
  const canBeDivided = imageMethod(config, objective, data).network === null;
  const inPieces = canBeDivided ? trainingMemory(config, objective, data, true) : null;
  const fitting = inPieces === null ? null : fittingPiece(config, inPieces, available);
  const override = ' Where more is available than is said, set CARE_MEMORY_BYTES to it.';
  const what = microBatch === null ? `a batch of ${batch}` : `a batch of ${batch} in pieces of ${microBatch}`;
  throw new UserError(
    `Training ${config.model.architecture} with ${what} on images of ${data.height} x ${data.width} needs about ` +
      `${gibibytes(needed)} of memory; ${gibibytes(available)} are available.`,
    (fitting === null
      ? `${canBeDivided ? 'Not even pieces of 2 images fit. Take' : 'This method takes a batch whole. Take a smaller -p training.batch,'} ` +
        'a smaller network (-p model.architecture) or smaller images (-p data.size).'
      : `Set -p training.microBatch=${fitting.piece}, which needs about ${gibibytes(fitting.bytes)}; batch norm then ` +
        'sees the statistics of a piece. Or take a smaller -p training.batch.') + override,
  );
}
