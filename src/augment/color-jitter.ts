/**
 * Colour jitter: brightness, contrast, saturation and hue, each changed by a random amount, in random order
 * (torchvision's ColorJitter within RandomApply).
 *
 * Brightness, contrast and saturation are all `clamp(A x + k)` with a 3 x 3 matrix A of the channels and a number k of
 * the image, so that any order is up to three such *blends*, one turn of the hue, and up to three blends more. Images
 * are sorted by how many blends come before the hue: then those that need a blend lie next to each other, and only they
 * get it.
 */
import { gatherRows } from '../tensorflow/kernels/gather-rows.js';
import { rawOps } from '../tensorflow/kernels/raw.js';
import { splitRows } from '../tensorflow/kernels/split-rows.js';
import type { RandomStream } from '../tensorflow/random.js';
import * as tf from '../tensorflow/tf.js';
import {
  CHANNELS,
  GREY,
  checkImages,
  checkInterval,
  checkProbability,
  imagesFromPlanes,
  planesFromImages,
  type InputSpecs,
} from './images.js';

export interface ColorJitterOptions {
  /** Probability that an image is jittered at all. */
  readonly p: number;
  /** The factor is uniform in `[max(0, 1 - x), 1 + x]`. */
  readonly brightness: number;
  readonly contrast: number;
  readonly saturation: number;
  /** The shift is uniform in `[-x, x]`, in turns of the colour circle; at most .5. */
  readonly hue: number;
}

/** The numbers by which `order` names what is done; torchvision's. */
export const JITTER_STEPS = ['brightness', 'contrast', 'saturation', 'hue'] as const;

const CONTRAST = 1;
const SATURATION = 2;
const HUE = 3;
const STEPS = JITTER_STEPS.length;

/** What is done to each image; factors 1, hue 0 and the order 0 1 2 3 where it is left alone. */
export interface JitterParameters {
  /** 1 for images that are jittered, 0 for others. */
  readonly jittered: Uint8Array;
  readonly brightness: Float32Array;
  readonly contrast: Float32Array;
  readonly saturation: Float32Array;
  /** In turns of the colour circle. */
  readonly hue: Float32Array;
  /** `[n, 4]`: numbers of {@link JITTER_STEPS}, first to last. */
  readonly order: Uint8Array;
}

/** @throws RangeError for a probability outside 0..1, a negative strength, or a hue above .5. */
export function checkColorJitter({ p, brightness, contrast, saturation, hue }: ColorJitterOptions): void {
  checkProbability(p, 'Colour jitter');
  for (const [name, strength] of Object.entries({ brightness, contrast, saturation })) {
    checkInterval([0, strength], [0, Infinity], `Colour jitter: ${name}`);
  }
  checkInterval([0, hue], [0, 0.5], 'Colour jitter: hue (turns)');
}

/**
 * Draws what is done to each of `count` images.
 *
 * @throws RangeError as {@link checkColorJitter}.
 */
export function drawColorJitter(
  random: RandomStream,
  count: number,
  options: ColorJitterOptions,
): JitterParameters {
  checkColorJitter(options);
  const drawn = {
    jittered: new Uint8Array(count),
    brightness: new Float32Array(count).fill(1),
    contrast: new Float32Array(count).fill(1),
    saturation: new Float32Array(count).fill(1),
    hue: new Float32Array(count),
    order: new Uint8Array(count * STEPS),
  };
  const between = (low: number, high: number) => low + (high - low) * random.uniform();
  for (let i = 0; i < count; i++) {
    for (let step = 0; step < STEPS; step++) drawn.order[i * STEPS + step] = step;
    if (random.uniform() >= options.p) continue;
    drawn.jittered[i] = 1;
    for (let step = STEPS - 1; step > 0; step--) {
      const other = random.integer(step + 1);
      const held = drawn.order[i * STEPS + step] ?? 0;
      drawn.order[i * STEPS + step] = drawn.order[i * STEPS + other] ?? 0;
      drawn.order[i * STEPS + other] = held;
    }
    for (const name of ['brightness', 'contrast', 'saturation'] as const) {
      drawn[name][i] = between(Math.max(0, 1 - options[name]), 1 + options[name]);
    }
    drawn.hue[i] = between(-options.hue, options.hue);
  }
  return drawn;
}

/** Blends before the hue, and after it, at most. */
const SLOTS = 3;
const MATRIX = CHANNELS * CHANNELS;
/** Images by how many blends come before the hue: 3, 2, 1, 0; last, images left alone. */
const GROUPS = SLOTS + 2;

/**
 * The sizes of all cuts that {@link jitterPlanes} makes, for so many images with 3, 2, 1 and 0 blends before the hue, of
 * `count` in all.
 */
function cutsOf(groups: readonly number[], count: number) {
  const [three = 0, two = 0, one = 0, none = 0] = groups;
  const some = three + two + one + none;
  const rest = count - some;
  return {
    images: [three + two + one, none, rest],
    afterFirst: [three + two, one],
    afterSecond: [three, two],
    turned: [three, two + one + none],
    afterFourth: [two, one + none],
    afterFifth: [one, none],
    hue: [some, rest],
    // Slot after slot: the images in it, and those before and after them.
    blends: [
      ...[three + two + one, none + rest],
      ...[three + two, one + none + rest],
      ...[three, two + one + none + rest],
      ...[three, two + one + none, rest],
      ...[three + two, one + none, rest],
      ...[three + two + one, none, rest],
    ],
  } satisfies Record<string, number[]>;
}

/** Which pieces of `blends` are those in the slots. */
const BLEND_PIECES = [0, 2, 4, 7, 10, 13];

type Cuts = ReturnType<typeof cutsOf>;

/** All cuts behind one another, less those of a batch that is left alone: zeros are then a right input, too. */
function packedCuts(groups: readonly number[], count: number): Int32Array {
  const alone = Object.values(cutsOf([], count)).flat();
  const sizes = Object.values(cutsOf(groups, count)).flat();
  return Int32Array.from(sizes, (size, i) => size - (alone[i] ?? 0));
}

function unpackedCuts(packed: tf.Tensor1D, count: number): Record<keyof Cuts, tf.Tensor1D> {
  const alone = cutsOf([], count);
  const sizes = tf.add(packed, tf.tensor1d(Object.values(alone).flat(), 'int32'));
  const lengths = Object.values(alone).map((cut) => cut.length);
  const parts = tf.split(sizes, lengths);
  return Object.fromEntries(Object.keys(alone).map((key, i) => [key, parts[i]])) as Record<
    keyof Cuts,
    tf.Tensor1D
  >;
}

/** The inputs by which jitter enters a program. */
export function colorJitterInputs(count: number): InputSpecs {
  return {
    jitterOrder: { shape: [count], dtype: 'int32' },
    jitterBack: { shape: [count], dtype: 'int32' },
    jitterCuts: { shape: [packedCuts([], count).length], dtype: 'int32' },
    jitterBlends: { shape: [2 * SLOTS * count, CHANNELS, CHANNELS], dtype: 'float32' },
    jitterMeans: { shape: [2 * SLOTS * count, CHANNELS, 1], dtype: 'float32' },
    jitterHue: { shape: [count, 1, 1], dtype: 'float32' },
  };
}

type JitterValues = Record<'jitterOrder' | 'jitterBack' | 'jitterCuts', Int32Array> &
  Record<'jitterBlends' | 'jitterMeans' | 'jitterHue', Float32Array>;

/**
 * Values of the inputs: the sorting and its inverse, the cuts, and for each of six slots and each image in sorted order
 * the blend (one that changes nothing where the image is not in the slot).
 */
export function colorJitterValues(drawn: JitterParameters): JitterValues {
  const count = drawn.jittered.length;
  const before = (i: number) => drawn.order.indexOf(HUE, i * STEPS) - i * STEPS;
  const groupOf = (i: number) => (drawn.jittered[i] === 1 ? SLOTS - before(i) : GROUPS - 1);
  const sizes = new Array<number>(GROUPS).fill(0);
  for (let i = 0; i < count; i++) sizes[groupOf(i)] = (sizes[groupOf(i)] ?? 0) + 1;
  const next = sizes.map((_, group) => sizes.slice(0, group).reduce((sum, size) => sum + size, 0));

  const values: JitterValues = {
    jitterOrder: new Int32Array(count),
    jitterBack: new Int32Array(count),
    jitterCuts: packedCuts(sizes, count),
    jitterBlends: new Float32Array(2 * SLOTS * count * MATRIX),
    jitterMeans: new Float32Array(2 * SLOTS * count * CHANNELS),
    jitterHue: new Float32Array(count),
  };
  for (let i = 0; i < 2 * SLOTS * count; i++) writeBlend(values, i, -1, 1);
  for (let i = 0; i < count; i++) {
    const group = groupOf(i);
    const place = next[group] ?? 0;
    next[group] = place + 1;
    values.jitterOrder[place] = i;
    values.jitterBack[i] = place;
    if (drawn.jittered[i] !== 1) continue;
    // Hue in sextants of the colour circle, as the formula of `turnHue` counts.
    values.jitterHue[place] = 6 * (drawn.hue[i] ?? 0);
    let slot = 0;
    for (let k = 0; k < STEPS; k++) {
      const step = drawn.order[i * STEPS + k] ?? 0;
      if (step === HUE) slot = SLOTS;
      else writeBlend(values, slot++ * count + place, step, drawn[BLENDS[step] ?? 'brightness'][i] ?? 1);
    }
  }
  return values;
}

const BLENDS = ['brightness', 'contrast', 'saturation'] as const;

/** `x -> f x` for brightness, `f x + (1 - f) mean(grey(x))` for contrast, `f x + (1 - f) grey(x)` for saturation. */
function writeBlend(
  { jitterBlends, jitterMeans }: JitterValues,
  at: number,
  step: number,
  factor: number,
): void {
  for (let to = 0; to < CHANNELS; to++) {
    const row = at * MATRIX + to * CHANNELS;
    if (step === SATURATION) {
      for (let from = 0; from < CHANNELS; from++) jitterBlends[row + from] = (1 - factor) * (GREY[from] ?? 0);
    }
    jitterBlends[row + to] = (jitterBlends[row + to] ?? 0) * Number(step === SATURATION) + factor;
    if (step === CONTRAST) jitterMeans[at * CHANNELS + to] = (1 - factor) * (GREY[to] ?? 0);
  }
}

/** The tensors that {@link colorJitterInputs} describes. */
export interface JitterTensors {
  readonly jitterOrder: tf.Tensor1D;
  readonly jitterBack: tf.Tensor1D;
  readonly jitterCuts: tf.Tensor1D;
  readonly jitterBlends: tf.Tensor3D;
  readonly jitterMeans: tf.Tensor3D;
  readonly jitterHue: tf.Tensor3D;
}

/** `clamp(A x + c . mean(x))`: planes `[n, 3, pixels]`, A `[n, 3, 3]`, c `[n, 3, 1]`. */
function blend(planes: tf.Tensor3D, matrix: tf.Tensor3D, ofMean: tf.Tensor3D): tf.Tensor3D {
  // Not a product of matrices: one so small takes TensorFlow seven times as long.
  const constant = tf.sum<tf.Tensor3D>(tf.mul(ofMean, tf.mean(planes, 2, true)), 1, true);
  return tf.relu6(tf.add<tf.Tensor3D>(tf.matMul(matrix, planes), constant));
}

/** Below this a chroma counts as none, in intensities of planes: only what is exactly grey has less. */
const NO_CHROMA = 1e-20;

/**
 * Turns the hue at constant value and saturation, as from RGB to HSV and back, in closed form.
 *
 * With m and M the least and greatest channel and d = M - m, the angle in sextants is h = +-(G + B - R - m + d) / d, its
 * sign that of G - B. A channel is m + d clamp(||h - h0| - 3| - 1, 0, 1), where h0 is the angle of its pure colour: 0, 2
 * and -2. That holds for |h - h0| up to 6, so for h from -4 to 4.
 *
 * @param planes - `[n, 3, pixels]`
 * @param shift - sextants, `[n, 1, 1]`, from -3 to 3
 * @param atMost - the largest shift that can come; above 1 the angle is brought back to -3..3 first.
 */
function turnHue(planes: tf.Tensor3D, shift: tf.Tensor3D, atMost: number): tf.Tensor3D {
  if (atMost === 0) return planes;
  const [r, g, b] = tf.split(planes, CHANNELS, 1) as [tf.Tensor3D, tf.Tensor3D, tf.Tensor3D];
  const least = tf.minimum(tf.minimum(r, g), b);
  const chroma = tf.sub<tf.Tensor3D>(tf.maximum(tf.maximum(r, g), b), least);
  const below = tf.sub<tf.Tensor3D>(least, chroma);
  const size = tf.div(tf.sub(tf.add(g, b), tf.add(r, below)), tf.maximum(chroma, NO_CHROMA));
  const turned = tf.add(tf.where(tf.greater(b, g), tf.neg(size), size), shift);
  const angle = atMost <= 1 ? turned : tf.sub(turned, tf.mul(6, tf.floor(tf.add(tf.div(turned, 6), 0.5))));
  const channel = (share: tf.Tensor) =>
    tf.add<tf.Tensor3D>(below, tf.mul(chroma, tf.clipByValue(share, 1, 2)));
  const shareAt = (fromPure: tf.Tensor) => tf.abs(tf.sub(tf.abs(fromPure), 3));
  // Red's angle stays below 4, where what is left of 3 is the share, and below 1 beyond 3, too.
  const red = tf.sub(3, tf.abs(angle));
  return tf.concat([channel(red), channel(shareAt(tf.sub(angle, 2))), channel(shareAt(tf.add(angle, 2)))], 1);
}

/** The plain twin of {@link jitterPlanes}: every image goes through every slot. */
export function jitterPlanesPlain(planes: tf.Tensor3D, tensors: JitterTensors, hue: number): tf.Tensor3D {
  const matrices = tf.split(tensors.jitterBlends, 2 * SLOTS);
  const means = tf.split(tensors.jitterMeans, 2 * SLOTS);
  const through = (x: tf.Tensor3D, slots: readonly number[]) =>
    slots.reduce((y, slot) => blend(y, matrices[slot] as tf.Tensor3D, means[slot] as tf.Tensor3D), x);
  const sorted = tf.gather(planes, tensors.jitterOrder);
  const turned = turnHue(through(sorted, [0, 1, 2]), tensors.jitterHue, 6 * hue);
  return tf.gather(through(turned, [3, 4, 5]), tensors.jitterBack);
}

/**
 * Jitters planes.
 *
 * @param planes - `[n, 3, pixels]`
 * @param hue - the largest hue shift that can come, in turns.
 * @returns `[n, 3, pixels]`
 */
export function jitterPlanes(planes: tf.Tensor3D, tensors: JitterTensors, hue: number): tf.Tensor3D {
  if (rawOps() === null) return jitterPlanesPlain(planes, tensors, hue);
  // From here on the number of rows of a piece is known only when the graph runs: no op may be given a shape.
  const cuts = unpackedCuts(tensors.jitterCuts, planes.shape[0]);
  const piecesOf = (coefficients: tf.Tensor3D) => {
    const pieces = splitRows(coefficients, cuts.blends);
    return BLEND_PIECES.map((i) => pieces[i] as tf.Tensor3D);
  };
  const matrices = piecesOf(tensors.jitterBlends);
  const means = piecesOf(tensors.jitterMeans);
  const inSlot = (slot: number, x: tf.Tensor3D) =>
    blend(x, matrices[slot] as tf.Tensor3D, means[slot] as tf.Tensor3D);
  const cut = (x: tf.Tensor3D, at: keyof Cuts) =>
    splitRows(x, cuts[at]) as [tf.Tensor3D, tf.Tensor3D, tf.Tensor3D];

  const [some, none, rest] = cut(gatherRows(planes, tensors.jitterOrder), 'images');
  const [twoOrMore, one] = cut(inSlot(0, some), 'afterFirst');
  const [three, two] = cut(inSlot(1, twoOrMore), 'afterSecond');
  const ready = tf.concat([inSlot(2, three), two, one, none], 0);

  const [shift] = cut(tensors.jitterHue, 'hue');
  const [noneLeft, left] = cut(turnHue(ready, shift, 6 * hue), 'turned');
  const [oneDone, leftAfter] = cut(inSlot(3, left), 'afterFourth');
  const [twoDone, last] = cut(inSlot(4, leftAfter), 'afterFifth');
  return gatherRows(tf.concat([noneLeft, oneDone, twoDone, inSlot(5, last), rest], 0), tensors.jitterBack);
}

/**
 * Jitters images.
 *
 * @param images - `[n, height, width, 3]` from 0 to 1
 * @param hue - the largest hue shift that can come, in turns.
 */
export function applyColorJitter(images: tf.Tensor4D, tensors: JitterTensors, hue = 0.5): tf.Tensor4D {
  checkImages(images, 'Colour jitter');
  const [, height, width] = images.shape;
  return imagesFromPlanes(jitterPlanes(planesFromImages(images), tensors, hue), { height, width });
}
