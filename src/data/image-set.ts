/** Data sets from image folders and archives of them. */
import { basename } from 'node:path';

import { DataError } from './data-error.js';
import { dataSet, type DataSet, type DataSetParts } from './data-set.js';
import { decodedImages, RESIZE_RULE, type OnProgress } from './image-cache.js';
import {
  classedImages,
  hasSplits,
  listImages,
  type ClassedImages,
  type ImageListing,
} from './image-listing.js';
import type { SourceFile } from './point-clouds.js';
import { checkLimit, stratifiedLimit, stratifiedSplit, TEST_SHARE } from './stratified.js';

/** How to load images that have to be decoded. */
export interface ImageSetOptions {
  /** Height and width in pixels. */
  readonly size: number;
  /** At most so many images, each class with its share. */
  readonly limit?: number;
  /** Decides the split, where the folder has none, and which images a limit takes. */
  readonly seed: number;
  readonly onRemark?: (remark: string) => void;
  readonly onProgress?: OnProgress;
  readonly cacheDir?: string;
  readonly memoryLimit?: number;
}

/** Images that were chosen, before they are decoded. */
export interface ChosenImages extends ClassedImages {
  /** What was chosen by other means than the files' places. */
  readonly settings: DataSetParts['settings'];
  /** Files beside the images that were read, such as labels. */
  readonly furtherFiles?: readonly SourceFile[];
}

/** A folder or archive with what was chosen of it. */
export interface Choice {
  readonly listing: ImageListing;
  readonly chosen: ChosenImages;
}

/** What of the options decides the choice. */
export type ChoiceOptions = Pick<ImageSetOptions, 'seed' | 'onRemark'>;

/**
 * Loads a split of an image folder or tar archive at `root`: `<split>/<class>/*.jpg` (or `.png`), or `<class>/*.jpg`,
 * which is then split by the seed, 80 % to train and 20 % to test of each class.
 *
 * @throws DataError for a missing or empty folder, an archive that is refused, or an image that cannot be used.
 */
export async function loadImageSet(
  title: string,
  root: string,
  split: 'train' | 'test',
  dataDir: string,
  options: ImageSetOptions,
): Promise<DataSet> {
  const { listing, chosen } = await chooseImages(root, split, dataDir, options);
  return await decodeChosen(`${title} ${split}`, listing, chosen, options);
}

/** The images of a split of an image folder or archive, before they are decoded. */
export async function chooseImages(
  root: string,
  split: 'train' | 'test',
  dataDir: string,
  options: ChoiceOptions,
): Promise<Choice> {
  const listing = await listImages(root, dataDir);
  return { listing, chosen: chooseSplit(listing, split, options) };
}

/** The images of a split, by folder or by the seed. */
function chooseSplit(listing: ImageListing, split: 'train' | 'test', options: ChoiceOptions): ChosenImages {
  const all = classedImages(listing, split);
  if (hasSplits(listing)) return { ...all, settings: { split } };
  const indices = stratifiedSplit(all.labels, options.seed)[split];
  options.onRemark?.(
    `${listing.name} has no split of its own: ${100 * (1 - TEST_SHARE)} % of each class are for training, the rest for ` +
      `testing, drawn with seed ${options.seed}.`,
  );
  return { ...pick(all, indices), settings: { split, testShare: TEST_SHARE, seed: options.seed } };
}

/** Decodes images that were chosen, within the limit, and makes a set of them. */
export async function decodeChosen(
  name: string,
  listing: ImageListing,
  chosen: ChosenImages,
  options: ImageSetOptions,
): Promise<DataSet> {
  const { limit, seed, size } = options;
  if (limit !== undefined) checkLimit(limit);
  const isLimited = limit !== undefined && limit < chosen.images.length;
  const taken = isLimited ? pick(chosen, stratifiedLimit(chosen.labels, limit, seed)) : chosen;
  if (taken.images.length === 0) {
    throw new DataError(`${name}: no images are left.`, 'Give every class at least two images.');
  }
  const { pixels, files, remarks } = await decodedImages(listing, taken, options);
  if (listing.others > 0) {
    options.onRemark?.(
      `${basename(listing.root)}: ${listing.others} files are no JPEG or PNG and were left out.`,
    );
  }
  for (const remark of remarks) options.onRemark?.(`${name}: ${remark}`);
  return dataSet({
    name,
    classNames: taken.classNames,
    labels: Int32Array.from(taken.labels),
    pixels,
    files: [...files, ...(chosen.furtherFiles ?? [])],
    settings: { ...chosen.settings, size, resize: RESIZE_RULE, ...(isLimited ? { limit, seed } : {}) },
  });
}

function pick({ classNames, images, labels }: ClassedImages, indices: readonly number[]): ClassedImages {
  return {
    classNames,
    images: indices.flatMap((index) => images[index] ?? []),
    labels: indices.flatMap((index) => labels[index] ?? []),
  };
}
