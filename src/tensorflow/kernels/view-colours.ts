/**
 * Jitter of colours, grayscale, normalisation and blur as one op of our own (`setup/native/view-colours.cc`): it reads and
 * writes a batch once, where some 60 ops of TensorFlow do it each. Its plain twin is the augmentation composed of them,
 * `augment/view-colours.ts`.
 */
import * as tf from '../tf.js';
import { hasOwnOp, rawOps, type RawOp } from './raw.js';

const OP = 'CareViewColours';

/** What is done to n images; `augment/color-jitter.ts` says what sorting, blends, means and hue are. */
export interface ViewColourTensors {
  /** int32 `[n]`: the place of each image in the sorting. */
  readonly back: tf.Tensor1D;
  /** `[6 n, 3, 3]`, slot after slot, sorted; as are means and hue. */
  readonly blends: tf.Tensor3D;
  /** `[6 n, 3, 1]` */
  readonly means: tf.Tensor3D;
  /** `[n, 1, 1]`, sextants from -3 to 3. */
  readonly hue: tf.Tensor3D;
  /** `[n, 3, 3]`, not sorted, or `[1, 3, 3]` for all: from intensities of planes to those of views. */
  readonly tones: tf.Tensor3D;
  /** `[3]`: added to each channel. */
  readonly offsets: tf.Tensor1D;
  /** `[n, taps]`, not sorted, or `[1, taps]` for all: weights of the blur for the middle pixel, its neighbours ... */
  readonly taps: tf.Tensor2D;
}

interface Size {
  readonly height: number;
  readonly width: number;
}

function run(
  op: RawOp,
  planes: tf.Tensor3D,
  tensors: ViewColourTensors,
  { height, width }: Size,
): tf.Tensor4D {
  const raw = rawOps();
  if (raw === null) throw new Error(`${OP}: there is no native backend.`);
  const { back, blends, means, hue, tones, offsets, taps } = tensors;
  const attributes = [raw.attributes.int('height', height), raw.attributes.int('width', width)];
  return op(OP, attributes, [planes, back, blends, means, hue, tones, offsets, taps]) as tf.Tensor4D;
}

/** One grey pixel that stays as it is. */
function trial(op: RawOp): tf.Tensor {
  return tf.tidy(() => {
    const tensors = {
      back: tf.tensor1d([0], 'int32'),
      blends: tf.zeros<tf.Rank.R3>([6, 3, 3]),
      means: tf.zeros<tf.Rank.R3>([6, 3, 1]),
      hue: tf.zeros<tf.Rank.R3>([1, 1, 1]),
      tones: tf.zeros<tf.Rank.R3>([1, 3, 3]),
      offsets: tf.zeros<tf.Rank.R1>([3]),
      taps: tf.ones<tf.Rank.R2>([1, 1]),
    };
    return run(op, tf.zeros([1, 3, 1]), tensors, { height: 1, width: 1 });
  });
}

/** Whether the op is there. */
export function hasViewColours(): boolean {
  return hasOwnOp(OP, trial);
}

/**
 * Views of planes. It has no gradient: it is for data.
 *
 * @param planes - `[n, 3, height * width]` from 0 to 6
 * @returns `[n, height, width, 3]`
 */
export function viewColours(planes: tf.Tensor3D, tensors: ViewColourTensors, size: Size): tf.Tensor4D {
  const raw = rawOps();
  if (raw === null) throw new Error(`${OP}: there is no native backend.`);
  return run(raw.op, planes, tensors, size);
}
