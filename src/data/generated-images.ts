/** Generated images with known factors, for machines without data, and for measures that need to know the factors. */
import { randomStream, type RandomStream } from '../tensorflow/random.js';
import { DataError } from './data-error.js';
import { CHANNELS, dataSet, pixelsInMemory, type DataSet } from './data-set.js';
import { SHAPE_NAMES, SHAPES } from './image-shapes.js';

/** Raise it with every change that alters the images: it goes into their hash. */
export const GENERATOR_VERSION = 1;
/** Counter that keeps the draws of generation apart from other uses of the seed. */
const GENERATION = 0x19a6;
const MAX_IMAGES = 1_000_000;

/** Kinds of background, by number. */
export const BACKGROUNDS = ['plain', 'stripes', 'checks', 'waves'] as const;

/** All that decides an image. Lengths are in units of the image's side, so that the size does not matter. */
export interface ImageFactors {
  /** Number of the shape in `SHAPE_NAMES`: the label. */
  readonly shape: number;
  /** Hue of the shape in [0, 1), independent of everything else. */
  readonly hue: number;
  /** Centre of the shape, in [0, 1]; y points down. */
  readonly x: number;
  readonly y: number;
  /** Radius of the shape; drawn from 0.2 to 0.36. */
  readonly scale: number;
  /** Rotation of the shape in radians, clockwise; drawn from -0.35 to 0.35, so that no shape becomes another. */
  readonly rotation: number;
  /** Direction that the light comes from, in radians, and its brightness (0.55 to 1.15, 1: as painted). */
  readonly lightAngle: number;
  readonly brightness: number;
  /** Number of the background in `BACKGROUNDS`, its hue in [0, 1), direction in radians, and period. */
  readonly background: number;
  readonly backgroundHue: number;
  readonly backgroundAngle: number;
  readonly backgroundPeriod: number;
}

/** How many images to generate, and which. */
export interface GeneratedImageOptions {
  /** Train and test are drawn from different streams of the seed. */
  readonly split: 'train' | 'test';
  /** Default 5,000 for training and 1,000 for testing. */
  readonly count?: number;
  /** Height and width in pixels, 8 to 1,024; default 32. */
  readonly size?: number;
  readonly seed?: number;
}

/** Generated images with what they were made of. */
export interface GeneratedImages {
  readonly set: DataSet;
  /** Of every image. */
  readonly factors: readonly ImageFactors[];
}

/**
 * Generates images of one shape before a background, the same for the same options: `GENERATOR_VERSION`, seed, split
 * and number of the image decide its factors, whatever the count. Labels go round the shapes, so classes have equal
 * sizes; every other factor is drawn independently of the label, so neither colour, position nor light tells the class.
 *
 * @throws DataError when count or size is out of range.
 */
export function generateImages(options: GeneratedImageOptions): GeneratedImages {
  const { split, size = 32, seed = 0 } = options;
  const { count = split === 'train' ? 5000 : 1000 } = options;
  if (!Number.isInteger(count) || count < 1 || count > MAX_IMAGES) {
    throw new DataError(
      `${count} generated images were asked for.`,
      `Give an integer from 1 to ${MAX_IMAGES.toLocaleString('en')}.`,
    );
  }
  const factors = Array.from({ length: count }, (_, index) =>
    drawFactors(randomStream(seed, GENERATION, split === 'train' ? 0 : 1, index), index % SHAPE_NAMES.length),
  );
  const set = dataSet({
    name: `generated images ${split}`,
    classNames: SHAPE_NAMES,
    labels: Int32Array.from(factors, ({ shape }) => shape),
    pixels: pixelsInMemory(renderImages(factors, size), size, size),
    files: [],
    settings: { generator: GENERATOR_VERSION, split, count, size, seed },
    generated: true,
  });
  return { set, factors };
}

function drawFactors(random: RandomStream, shape: number): ImageFactors {
  const between = (low: number, high: number): number => low + (high - low) * random.uniform();
  const scale = between(0.2, 0.36);
  const hue = random.uniform();
  return {
    shape,
    hue,
    scale,
    // The shape may reach over the edge by a fifth of its radius.
    x: between(0.8 * scale, 1 - 0.8 * scale),
    y: between(0.8 * scale, 1 - 0.8 * scale),
    rotation: between(-0.35, 0.35),
    lightAngle: between(0, 2 * Math.PI),
    brightness: between(0.55, 1.15),
    background: random.integer(BACKGROUNDS.length),
    // Far enough from the shape's hue that the outline can be seen.
    backgroundHue: (hue + between(0.2, 0.8)) % 1,
    backgroundAngle: between(0, Math.PI),
    backgroundPeriod: between(0.2, 0.5),
  };
}

/**
 * Images of given factors, uint8 `[factors.length, size, size, 3]`: what a change of one factor looks like.
 *
 * A pixel is c * shape + (1 - c) * background with c the share of it that the shape covers, max(0, min(1, 1/2 - d)) for
 * the signed distance d of its centre in pixels; light multiplies both.
 *
 * @throws DataError when the size is out of range, or a shape or background has a number that there is not.
 */
export function renderImages(factors: readonly ImageFactors[], size: number): Uint8Array {
  if (!Number.isInteger(size) || size < 8 || size > 1024) {
    throw new DataError(
      `Generated images of size ${size} were asked for.`,
      'Give an integer from 8 to 1024.',
    );
  }
  const imageBytes = size * size * CHANNELS;
  const pixels = new Uint8Array(factors.length * imageBytes);
  factors.forEach((each, index) =>
    renderInto(pixels.subarray(index * imageBytes, (index + 1) * imageBytes), each, size),
  );
  return pixels;
}

function renderInto(target: Uint8Array, factors: ImageFactors, size: number): void {
  const { hue, backgroundHue, lightAngle, brightness } = factors;
  const coverage = coverageOf(factors, size);
  const shade = shadeOf(factors, size);
  const [red, green, blue] = rgbOfHue(hue, 0.75, 0.95);
  const [backRed, backGreen, backBlue] = rgbOfHue(backgroundHue, 0.45, 0.8);
  const lightX = Math.cos(lightAngle) / size;
  const lightY = Math.sin(lightAngle) / size;
  for (let row = 0, at = 0; row < size; row++) {
    for (let column = 0; column < size; column++, at += CHANNELS) {
      const covered = coverage(column, row);
      const open = (1 - covered) * shade(column, row);
      // From 0.7 to 1.3 of the brightness across the image, towards the light.
      const ramp = 1 + 0.6 * ((column + 0.5 - size / 2) * lightX + (row + 0.5 - size / 2) * lightY);
      const light = 255 * brightness * ramp;
      target[at] = byteOf(light * (covered * red + open * backRed));
      target[at + 1] = byteOf(light * (covered * green + open * backGreen));
      target[at + 2] = byteOf(light * (covered * blue + open * backBlue));
    }
  }
}

function byteOf(value: number): number {
  return value >= 254.5 ? 255 : Math.floor(value + 0.5);
}

/** Share of a pixel that the shape covers, by its column and row. */
export function coverageOf(factors: ImageFactors, size: number): (column: number, row: number) => number {
  const distance = SHAPES[SHAPE_NAMES[factors.shape] ?? ''];
  if (distance === undefined) {
    throw new DataError(
      `Shape ${factors.shape} was asked for.`,
      `Give an integer from 0 to ${SHAPE_NAMES.length - 1}.`,
    );
  }
  const radius = factors.scale * size;
  const cos = Math.cos(factors.rotation) / radius;
  const sin = Math.sin(factors.rotation) / radius;
  const reach = 1.2 + 1 / radius;
  return (column, row) => {
    const dx = column + 0.5 - factors.x * size;
    const dy = row + 0.5 - factors.y * size;
    const x = cos * dx + sin * dy;
    const y = cos * dy - sin * dx;
    if (Math.abs(x) > reach || Math.abs(y) > reach) return 0;
    return Math.max(0, Math.min(1, 0.5 - radius * distance(x, y)));
  };
}

/** Factor on the background's colour, 0.55 to 1, by column and row. */
function shadeOf(factors: ImageFactors, size: number): (column: number, row: number) => number {
  const turn = (2 * Math.PI) / (factors.backgroundPeriod * size);
  const cos = turn * Math.cos(factors.backgroundAngle);
  const sin = turn * Math.sin(factors.backgroundAngle);
  const along = (column: number, row: number): number => cos * (column + 0.5) + sin * (row + 0.5);
  const across = (column: number, row: number): number => cos * (row + 0.5) - sin * (column + 0.5);
  switch (BACKGROUNDS[factors.background]) {
    case 'plain':
      return () => 0.8;
    case 'stripes':
      return (column, row) => 0.775 + 0.225 * softSign(Math.sin(along(column, row)));
    case 'checks':
      return (column, row) =>
        0.775 + 0.225 * softSign(2 * Math.sin(along(column, row)) * Math.sin(across(column, row)));
    case 'waves':
      return (column, row) =>
        0.775 + 0.225 * Math.sin(along(column, row) + 1.5 * Math.sin(across(column, row)));
    default:
      throw new DataError(
        `Background ${factors.background} was asked for.`,
        `Give an integer from 0 to ${BACKGROUNDS.length - 1}.`,
      );
  }
}

/** A step from -1 to 1 that is smooth over about a pixel. */
function softSign(value: number): number {
  return Math.max(-1, Math.min(1, 3 * value));
}

/** Red, green and blue in [0, 1] of a hue, saturation and value in [0, 1]. */
export function rgbOfHue(hue: number, saturation: number, value: number): readonly [number, number, number] {
  const channel = (shift: number): number => {
    const place = (shift + hue * 6) % 6;
    return value - value * saturation * Math.max(0, Math.min(place, 4 - place, 1));
  };
  return [channel(5), channel(3), channel(1)];
}
