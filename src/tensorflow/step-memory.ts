/** How much memory a recorded function needs, told from its recording alone. */
import type { RawRecording, RecordedOp, Recording, Source, TensorType } from './recording.js';
import { sizeOf } from './tensor-data.js';
import * as tf from './tf.js';

/** Ops whose output is their first input under another shape: they take no memory of their own. */
const ALIASING = new Set(['Reshape', 'Identity', 'ExpandDims', 'Squeeze', 'StopGradient']);

/** A piece of memory: its bytes, the op that makes it, and the last op at which it is there. */
interface Piece {
  readonly bytes: number;
  readonly from: number;
  until: number;
}

const bytesOf = ({ shape, dtype }: TensorType): number => sizeOf(shape) * tf.util.bytesPerElement(dtype);

/** The piece of memory behind each output of each op; undefined for what lies in an input or a constant. */
function piecesOf({ ops }: Recording): (Piece | undefined)[][] {
  const pieces: (Piece | undefined)[][] = [];
  const pieceOf = (source: Source | undefined) =>
    source?.from === 'op' ? pieces[source.op]?.[source.output] : undefined;
  ops.forEach((op, at) => {
    pieces.push(
      ALIASING.has(op.name)
        ? [pieceOf(op.inputs[0])]
        : op.results.map((result) => ({ bytes: bytesOf(result), from: at, until: at })),
    );
  });
  return pieces;
}

/** The largest sum of bytes that are there at one op. */
function peakOf(pieces: readonly (readonly (Piece | undefined)[])[]): number {
  const change = new Float64Array(pieces.length + 1);
  for (const piece of new Set(pieces.flat())) {
    if (piece === undefined) continue;
    const end = Math.min(piece.until, pieces.length - 1) + 1;
    change[piece.from] = (change[piece.from] ?? 0) + piece.bytes;
    change[end] = (change[end] ?? 0) - piece.bytes;
  }
  let [live, peak] = [0, 0];
  for (const step of change) {
    live += step;
    peak = Math.max(peak, live);
  }
  return peak;
}

function extend(piece: Piece | undefined, until: number): void {
  if (piece !== undefined) piece.until = Math.max(piece.until, until);
}

/**
 * Peak bytes of intermediate results when the function runs as a graph: each is there from the op that makes it to the
 * last that uses it, in recorded order; outputs stay to the end. Inputs, state and constants are not counted, nor what
 * kernels need within one op.
 */
export function peakGraphBytes(recording: Recording): number {
  const pieces = piecesOf(recording);
  const use = (source: Source, at: number) => {
    if (source.from === 'op') extend(pieces[source.op]?.[source.output], at);
  };
  recording.ops.forEach((op, at) => op.inputs.forEach((source) => use(source, at)));
  for (const source of Object.values(recording.outputs)) use(source, recording.ops.length);
  return peakOf(pieces);
}

/** Peak bytes of intermediate results when the function runs op by op: each is there until tfjs frees it. */
export function peakEagerBytes(recording: RawRecording): number {
  const pieces = piecesOf(recording);
  recording.freedAfter.forEach((outputs, op) =>
    outputs.forEach((freedAfter, output) => extend(pieces[op]?.[output], freedAfter - 1)),
  );
  return peakOf(pieces);
}

/** A recording of a function for so many items. */
export interface SizedRecording {
  readonly items: number;
  readonly recording: RawRecording;
}

function resultAt(first: TensorType, second: TensorType, share: number): TensorType {
  const shape = first.shape.map((length, axis) =>
    Math.max(0, Math.round(length + share * ((second.shape[axis] ?? length) - length))),
  );
  return { shape, dtype: first.dtype };
}

function opAt(first: RecordedOp, second: RecordedOp | undefined, share: number): RecordedOp {
  const ranks = ({ results }: RecordedOp) => results.map(({ shape }) => shape.length).join();
  if (second?.name !== first.name || ranks(second) !== ranks(first)) {
    throw new RangeError(`Step memory: op ${first.name} is another one in the second recording.`);
  }
  const results = first.results.map((result, i) => resultAt(result, second.results[i] ?? result, share));
  return { ...first, results };
}

/**
 * The recording of a function for `items` items, told from two recordings for fewer: every length of every output grows
 * evenly with the number of items. Only its sizes are right, not its attributes and constants.
 *
 * @throws RangeError when the two are not of one function.
 */
export function recordingAt(items: number, first: SizedRecording, second: SizedRecording): RawRecording {
  if (first.recording.ops.length !== second.recording.ops.length) {
    throw new RangeError(
      `Step memory: ${first.recording.ops.length} ops for ${first.items} items, ` +
        `${second.recording.ops.length} for ${second.items}.`,
    );
  }
  const share = (items - first.items) / (second.items - first.items);
  const ops = first.recording.ops.map((op, i) => opAt(op, second.recording.ops[i], share));
  return { ...first.recording, ops };
}
