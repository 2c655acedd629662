/** The one entry to all image data: `loadImages('cifar10', 'train', { limit: 1000 })`. */
import { existsSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';

import { CIFAR_10, CIFAR_100, loadCifar } from './cifar.js';
import { closest } from './closest.js';
import { findDataDir } from './data-dir.js';
import { DataError } from './data-error.js';
import { subset, type DataSet } from './data-set.js';
import { FLOWERS_FOLDER, loadFlowers102 } from './flowers102.js';
import { generateImages } from './generated-images.js';
import type { OnProgress } from './image-cache.js';
import { loadImageSet } from './image-set.js';
import { loadStl10, STL_FOLDER } from './stl10.js';
import { checkLimit, stratifiedLimit } from './stratified.js';

/** Names of the data sets that are known. */
export const IMAGE_DATA = [
  'cifar10',
  'cifar100',
  'stl10',
  'flowers5',
  'flowers102',
  'imagenet100',
  'cifar10-jpeg',
  'generated',
] as const;

type KnownName = (typeof IMAGE_DATA)[number];
/** A data set by name, or `folder:<path>` for an image folder or tar archive anywhere. */
export type ImageDataName = KnownName | `folder:${string}`;
export type ImageSplit = 'train' | 'test' | 'unlabeled';

/** What of a data set to load, and how. */
export interface LoadImagesOptions {
  /** See `findDataDir` for the default. */
  readonly dataDir?: string;
  /** Height and width in pixels; default: see {@link ImageData.size}. */
  readonly size?: number;
  /** At most so many images, each class with its share; of generated images, how many. */
  readonly limit?: number;
  /** Decides what a limit takes, a split that the data do not bring, and generated images; default 0. */
  readonly seed?: number;
  /** Called with what was left out, converted or decided, one sentence each. */
  readonly onRemark?: (remark: string) => void;
  /** Called while images are decoded. */
  readonly onProgress?: OnProgress;
}

/** What is known of a data set before it is loaded. */
export interface ImageData {
  readonly name: ImageDataName;
  readonly title: string;
  /** Places below the data folder, in the order in which they are looked for. */
  readonly places: readonly string[];
  readonly splits: readonly ImageSplit[];
  /** Height and width of the images unless another size is asked for. */
  readonly size: number;
  /** How images come to another size. */
  readonly resizing: 'none' | 'divisors' | 'any';
  /** Whether `care data fetch` can bring it. */
  readonly canFetch: boolean;
}

const LABELLED = ['train', 'test'] as const;
const archives = (name: string): string[] => [`${name}.tar.gz`, `${name}.tgz`, `${name}.tar`];

const KNOWN: Readonly<Record<KnownName, Omit<ImageData, 'name'>>> = {
  cifar10: {
    title: CIFAR_10.title,
    places: [CIFAR_10.folder],
    splits: LABELLED,
    size: 32,
    resizing: 'none',
    canFetch: true,
  },
  cifar100: {
    title: CIFAR_100.title,
    places: [CIFAR_100.folder],
    splits: LABELLED,
    size: 32,
    resizing: 'none',
    canFetch: true,
  },
  stl10: {
    title: 'STL-10',
    places: [STL_FOLDER],
    splits: ['train', 'test', 'unlabeled'],
    size: 96,
    resizing: 'divisors',
    canFetch: true,
  },
  flowers5: {
    title: 'Flowers (5 classes)',
    places: ['flowers5', 'flowers5-128', ...archives('flowers5'), ...archives('flowers5-128')],
    splits: LABELLED,
    size: 128,
    resizing: 'any',
    canFetch: false,
  },
  flowers102: {
    title: 'Flowers-102',
    places: [FLOWERS_FOLDER, ...archives(FLOWERS_FOLDER)],
    splits: LABELLED,
    size: 224,
    resizing: 'any',
    canFetch: true,
  },
  imagenet100: {
    title: 'ImageNet100',
    places: ['imagenet100', ...archives('imagenet100')],
    splits: LABELLED,
    size: 224,
    resizing: 'any',
    canFetch: false,
  },
  'cifar10-jpeg': {
    title: 'CIFAR-10 as JPEG',
    places: ['cifar10-jpeg', ...archives('cifar10-jpeg')],
    splits: LABELLED,
    size: 32,
    resizing: 'any',
    canFetch: false,
  },
  generated: {
    title: 'generated images',
    places: [],
    splits: LABELLED,
    size: 32,
    resizing: 'any',
    canFetch: false,
  },
};

const FOLDER = 'folder:';

/**
 * What is known of a data set.
 *
 * @throws DataError for a name that is not known, with the nearest one.
 */
export function imageData(name: string): ImageData {
  if (isFolderName(name)) {
    const path = name.slice(FOLDER.length);
    return {
      name: `folder:${path}`,
      title: basename(path),
      places: [path],
      splits: LABELLED,
      size: 224,
      resizing: 'any',
      canFetch: false,
    };
  }
  const known = IMAGE_DATA.find((each) => each === name);
  if (known !== undefined) return { name: known, ...KNOWN[known] };
  const near = closest(name, IMAGE_DATA);
  const hint = `There is ${IMAGE_DATA.join(', ')}, and folder:<path>.`;
  throw new DataError(
    `There is no image data "${name}".`,
    near === null ? hint : `Did you mean "${near}"? ${hint}`,
  );
}

/** Whether images can be loaded: they are generated, or found in the data folder (see `findDataDir` for its default). */
export function isAtHand(data: ImageData, dataDir: string | undefined): boolean {
  return data.name === 'generated' || findImageData(data, findDataDir(dataDir)) !== undefined;
}

/** Where a data set lies, or undefined where it is not found (or generated). */
export function findImageData(data: ImageData, dataDir: string | undefined): string | undefined {
  const paths = data.places.flatMap((place) => {
    if (isFolderName(data.name)) return resolve(place);
    return dataDir === undefined ? [] : join(dataDir, place);
  });
  return paths.find((path) => existsSync(path));
}

/**
 * The data to use where none was asked for: the first of `wanted` that is found, else `generated`.
 *
 * @throws DataError when the data folder that was given, or `CARE_DATA_DIR`, is no folder.
 */
export function defaultImageData(
  dataDir?: string,
  wanted: readonly ImageDataName[] = ['cifar10', 'cifar10-jpeg', 'stl10', 'cifar100', 'flowers5'],
): ImageDataName {
  const root = findDataDir(dataDir);
  return wanted.find((name) => findImageData(imageData(name), root) !== undefined) ?? 'generated';
}

/**
 * Loads a split of an image data set.
 *
 * | name | where | default size |
 * | --- | --- | --- |
 * | `cifar10`, `cifar100` | `cifar-10-batches-bin/`, `cifar-100-binary/` | 32 |
 * | `stl10` | `stl10_binary/` | 96, or a divisor |
 * | `cifar10-jpeg`, `flowers5`, `flowers102`, `imagenet100` | image folders or archives | 32, 128, 224, 224 |
 * | `folder:<path>` | any image folder or tar archive | 224 |
 * | `generated` | nowhere | 32 |
 *
 * @throws DataError for an unknown name, data that are not found (with the places), a split or size that the set does
 * not have, and for files that cannot be used.
 */
export async function loadImages(
  name: ImageDataName,
  split: ImageSplit,
  options: LoadImagesOptions = {},
): Promise<DataSet> {
  const data = imageData(name);
  checkSplit(data, split);
  if (options.limit !== undefined) checkLimit(options.limit);
  const { size = data.size, seed = 0, limit } = options;
  if (data.name === 'generated') {
    return generateImages({
      split: labelled(split),
      size,
      seed,
      ...(limit === undefined ? {} : { count: limit }),
    }).set;
  }
  const dataDir = isFolderName(data.name)
    ? dirname(resolve(data.places[0] ?? ''))
    : findDataDir(options.dataDir);
  const root = findImageData(data, dataDir);
  if (root === undefined || dataDir === undefined) throw notFound(data, dataDir);
  if (data.resizing === 'none' && size !== data.size) throw wrongSize(data, size);
  const decoding = { ...options, size, seed };
  switch (data.name) {
    case 'cifar10':
      return limited(loadCifar(CIFAR_10, labelled(split), dataDir), limit, seed);
    case 'cifar100':
      return limited(loadCifar(CIFAR_100, labelled(split), dataDir), limit, seed);
    case 'stl10':
      return limited(await loadStl10(split, dataDir, size), limit, seed);
    case 'flowers102':
      return await loadFlowers102(root, labelled(split), dataDir, decoding);
    default:
      return await loadImageSet(data.title, root, labelled(split), dataDir, decoding);
  }
}

function isFolderName(name: string): boolean {
  return name.startsWith(FOLDER) && name.length > FOLDER.length;
}

function limited(set: DataSet, limit: number | undefined, seed: number): DataSet {
  if (limit === undefined || limit >= set.length) return set;
  return subset(set, stratifiedLimit(set.labels, limit, seed), { limit, seed });
}

function checkSplit(data: ImageData, split: ImageSplit): void {
  if (data.splits.includes(split)) return;
  throw new DataError(
    `${data.name} has no split "${split}".`,
    `There is ${data.splits.join(', ')}; stl10 has unlabeled images.`,
  );
}

/** The split, which `checkSplit` has let through: only STL-10 has a third. */
function labelled(split: ImageSplit): 'train' | 'test' {
  if (split !== 'unlabeled') return split;
  throw new DataError('These data have no unlabeled images.', 'stl10 has unlabeled images.');
}

function notFound(data: ImageData, dataDir: string | undefined): DataError {
  const where =
    dataDir === undefined
      ? 'there is no data folder (CARE_DATA_DIR is not set)'
      : `none of ${data.places.join(', ')} is in ${dataDir}`;
  const hint = data.canFetch
    ? `Fetch it: care data fetch ${data.name}. Or set CARE_DATA_DIR to the folder that has it.`
    : 'Put it there, or set CARE_DATA_DIR to the folder that has it; docs/data.md describes the layouts.';
  return new DataError(`${data.title} was not found: ${where}.`, hint);
}

function wrongSize(data: ImageData, size: number): DataError {
  return new DataError(
    `${data.name} was asked for at size ${size}; its images are ${data.size} x ${data.size}.`,
    `Leave the size out, or give ${data.size}.`,
  );
}
