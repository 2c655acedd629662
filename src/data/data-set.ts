import type { DataProvenance } from '../runs/record.js';
import type { SourceFile } from './point-clouds.js';
import { filesSha256, sha256Text } from './provenance.js';

/** Channels of every image: red, green, blue. */
export const CHANNELS = 3;

/** Labelled images, all of one size, as raw bytes. */
export interface DataSet {
  /** E.g. `CIFAR-10 test`. */
  readonly name: string;
  /** Number of images. */
  readonly length: number;
  /** Size of every image in pixels; channels are always 3, RGB. */
  readonly height: number;
  readonly width: number;
  readonly classNames: readonly string[];
  /** Class of every image; -1 where a set has no labels (STL-10 unlabeled). */
  readonly labels: Int32Array;
  /**
   * Pixels of the images at `indices`, uint8 `[count, height, width, 3]`, row-major, channels last.
   *
   * @throws RangeError for an index out of range.
   */
  readonly batch: (indices: ArrayLike<number>) => Uint8Array;
  /** For a run's record; its `sha256` changes with the files and with whatever was chosen or computed from them. */
  readonly provenance: DataProvenance;
  /** The files that were read. With the provenance they make the manifest that the run store keeps. */
  readonly files: readonly SourceFile[];
}

/** Images by number, as `[height, width, 3]` bytes; `dataSet` makes batches of them. */
export interface PixelSource {
  readonly height: number;
  readonly width: number;
  /** Writes image `index` into `target` at `offset`. The index is in range. */
  readonly copyImage: (index: number, target: Uint8Array, offset: number) => void;
}

/** What {@link dataSet} makes a set of. */
export interface DataSetParts {
  readonly name: string;
  readonly classNames: readonly string[];
  readonly labels: Int32Array;
  readonly pixels: PixelSource;
  readonly files: readonly SourceFile[];
  /**
   * What was chosen or computed beyond the bytes of the files (split, resizing, limit): in the provenance's hash, so
   * that two sets of one archive are told apart.
   */
  readonly settings: Readonly<Record<string, string | number>>;
  readonly generated?: boolean;
}

/** A data set of its parts. */
export function dataSet(parts: DataSetParts): DataSet {
  const { name, classNames, labels, pixels, files } = parts;
  const { height, width } = pixels;
  return {
    name,
    length: labels.length,
    height,
    width,
    classNames,
    labels,
    batch: (indices) => readBatch(pixels, labels.length, indices),
    provenance: {
      name,
      generated: parts.generated ?? false,
      sha256: settingsSha256(files, parts.settings),
      files: files.length,
      items: labels.length,
    },
    files,
  };
}

/** The images of a set at `indices`, in that order, as a set of its own. */
export function subset(
  set: DataSet,
  indices: readonly number[],
  settings: DataSetParts['settings'],
  name = set.name,
): DataSet {
  checkIndices(indices, set.length);
  const labels = Int32Array.from(indices, (index) => set.labels[index] ?? -1);
  const sha256 = sha256Text(`${set.provenance.sha256}\n${canonical(settings)}`);
  return {
    ...set,
    name,
    length: indices.length,
    labels,
    batch: (chosen) => {
      checkIndices(chosen, indices.length);
      return set.batch(Array.from(chosen, (index) => indices[index] ?? -1));
    },
    provenance: { ...set.provenance, name, sha256, items: indices.length },
  };
}

/** Images that lie in memory one after another, `[count, height, width, 3]`. */
export function pixelsInMemory(bytes: Uint8Array, height: number, width: number): PixelSource {
  const size = height * width * CHANNELS;
  return {
    height,
    width,
    copyImage: (index, target, offset) =>
      target.set(bytes.subarray(index * size, (index + 1) * size), offset),
  };
}

function readBatch(pixels: PixelSource, length: number, indices: ArrayLike<number>): Uint8Array {
  checkIndices(indices, length);
  const size = pixels.height * pixels.width * CHANNELS;
  const target = new Uint8Array(indices.length * size);
  for (let at = 0; at < indices.length; at++) pixels.copyImage(indices[at] ?? -1, target, at * size);
  return target;
}

function checkIndices(indices: ArrayLike<number>, length: number): void {
  for (let at = 0; at < indices.length; at++) {
    const index = indices[at] ?? NaN;
    if (Number.isInteger(index) && index >= 0 && index < length) continue;
    throw new RangeError(`Image ${index} was asked for; the set has ${length} images, numbered from 0.`);
  }
}

/** The files' own hash where nothing was chosen, so that it can be compared with that of other sets of the files. */
function settingsSha256(files: readonly SourceFile[], settings: DataSetParts['settings']): string {
  const own = filesSha256(files);
  return Object.keys(settings).length === 0 ? own : sha256Text(`${own}\n${canonical(settings)}`);
}

function canonical(settings: DataSetParts['settings']): string {
  const sorted = Object.entries(settings).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify(sorted);
}
