import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';

import { DataError } from './data-error.js';
import type { DataSet } from './data-set.js';
import { FLOWER_NAMES } from './flower-names.js';
import { listImages, type ListedImage } from './image-listing.js';
import {
  chooseImages,
  decodeChosen,
  type Choice,
  type ChoiceOptions,
  type ImageSetOptions,
} from './image-set.js';
import { readMatFile } from './mat-file.js';
import { readSourceFile } from './source-file.js';

export const FLOWERS_FOLDER = 'flowers-102';
export const FLOWERS_LABELS = 'imagelabels.mat';
export const FLOWERS_SPLITS = 'setid.mat';
/** Places of the images beside the label files: unpacked, or as they were fetched. */
const IMAGES = ['jpg', '102flowers.tgz'];

/**
 * Loads Flowers-102 (Nilsback and Zisserman 2008) from the folder `flowers-102`: the official files (`102flowers.tgz`
 * or the `jpg/` in it, `imagelabels.mat`, `setid.mat`), or an image folder `<class>/*.jpg`. Train is the official
 * training and validation images together, 2,040; test the official test images, 6,149.
 *
 * @throws DataError when files are missing or do not fit together, and as `loadImageSet` does.
 */
export async function loadFlowers102(
  root: string,
  split: 'train' | 'test',
  dataDir: string,
  options: ImageSetOptions,
): Promise<DataSet> {
  const { listing, chosen } = await chooseFlowers102(root, split, dataDir, options);
  return await decodeChosen(`Flowers-102 ${split}`, listing, chosen, options);
}

/** The images of a split of Flowers-102, before they are decoded. */
export async function chooseFlowers102(
  root: string,
  split: 'train' | 'test',
  dataDir: string,
  options: ChoiceOptions,
): Promise<Choice> {
  const isOfficial = [FLOWERS_LABELS, FLOWERS_SPLITS].some((file) => existsSync(join(root, file)));
  if (!isOfficial) return await chooseImages(root, split, dataDir, options);
  const { labels, members, files } = readTables(root, split, dataDir);
  const place = IMAGES.map((name) => join(root, name)).find((path) => existsSync(path));
  if (place === undefined) {
    throw new DataError(
      `${root}: there is neither ${IMAGES.join(' nor ')}.`,
      'Put the images beside the label files, or run care data fetch flowers102.',
    );
  }
  const listing = await listImages(place, dataDir);
  const byNumber = imagesByNumber(listing.images);
  const images = members.map((number) => {
    const image = byNumber.get(number);
    if (image !== undefined) return image;
    throw new DataError(
      `${listing.name}: image ${number} of ${FLOWERS_SPLITS} is missing.`,
      'Fetch the set again (care data fetch flowers102).',
    );
  });
  const chosen = {
    classNames: FLOWER_NAMES,
    images,
    labels: members.map((number) => labels[number - 1] ?? -1),
    settings: { split },
    furtherFiles: files,
  };
  return { listing, chosen };
}

/** Labels 0 to 101 of all images, and the numbers (from 1) of the images of a split, ascending. */
function readTables(root: string, split: 'train' | 'test', dataDir: string) {
  const labelFile = readSourceFile(join(root, FLOWERS_LABELS), dataDir);
  const splitFile = readSourceFile(join(root, FLOWERS_SPLITS), dataDir);
  const labels = Array.from(variable(labelFile.content, labelFile.file.name, 'labels'), (label, at) => {
    if (Number.isInteger(label) && label >= 1 && label <= FLOWER_NAMES.length) return label - 1;
    throw new DataError(
      `${labelFile.file.name}: label ${label} of image ${at + 1} is out of range; labels go from 1 to ${FLOWER_NAMES.length}.`,
      'Fetch the file again (care data fetch flowers102).',
    );
  });
  const parts = split === 'train' ? ['trnid', 'valid'] : ['tstid'];
  const members = parts.flatMap((part) => [...variable(splitFile.content, splitFile.file.name, part)]);
  const outside = members.find((number) => labels[number - 1] === undefined);
  if (outside !== undefined) {
    throw new DataError(
      `${splitFile.file.name}: image ${outside} has no label; ${labelFile.file.name} has ${labels.length}.`,
      'Fetch both files again (care data fetch flowers102).',
    );
  }
  return { labels, members: members.sort((a, b) => a - b), files: [labelFile.file, splitFile.file] };
}

function variable(content: Buffer, name: string, key: string): Float64Array {
  const matrix = readMatFile(content, name).get(key);
  if (matrix !== undefined) return matrix.values;
  throw new DataError(`${name}: there is no variable ${key}.`, 'Take the file from its official place.');
}

/** `image_00001.jpg` is image 1. */
function imagesByNumber(images: readonly ListedImage[]): Map<number, ListedImage> {
  return new Map(
    images.flatMap((image) => {
      const [, digits] = /^image_(\d+)\.jpg$/.exec(basename(image.path)) ?? [];
      return digits === undefined ? [] : [[Number(digits), image] as const];
    }),
  );
}
