import { existsSync, openSync } from 'node:fs';
import { join } from 'node:path';

import { DataError } from './data-error.js';
import { CHANNELS, dataSet, pixelsInMemory, type DataSet, type PixelSource } from './data-set.js';
import {
  countRecords,
  describeFile,
  nameInDataDir,
  readFully,
  readRecords,
  readSourceFile,
} from './source-file.js';

export const STL_FOLDER = 'stl10_binary';
/** The splits that come with the set. */
export type StlSplit = 'train' | 'test' | 'unlabeled';

const CLASSES = 10;
const SIDE = 96;
const PLANE = SIDE * SIDE;
const RECORD = CHANNELS * PLANE;
/** Above this size images are read when they are asked for. */
const MEMORY_LIMIT = 2 ** 30;

/**
 * Loads STL-10 (Coates et al. 2011) from its official binary files. A record of `<split>_X.bin` is three planes of
 * 96 x 96 bytes, **column**-major; `<split>_y.bin` holds a label a byte, 1 to 10, given here as 0 to 9.
 *
 * @param size - 96, or a divisor of it: images are then the exact means of whole boxes of pixels, rounded half up.
 * @param memoryLimit - bytes above which images are read when they are asked for.
 * @throws DataError when a file is missing, sizes do not fit together, or a label is out of range.
 */
export async function loadStl10(
  split: StlSplit,
  dataDir: string,
  size: number = SIDE,
  memoryLimit = MEMORY_LIMIT,
): Promise<DataSet> {
  checkSize(size);
  const folder = join(dataDir, STL_FOLDER);
  const names = readSourceFile(join(folder, 'class_names.txt'), dataDir);
  const images = join(folder, `${split}_X.bin`);
  const count = countRecords(images, nameInDataDir(images, dataDir), RECORD);
  const labels =
    split === 'unlabeled' ? undefined : readLabels(join(folder, `${split}_y.bin`), count, dataDir);
  const { pixels, file } = await readImages(images, count, size, dataDir, memoryLimit);
  return dataSet({
    name: `STL-10 ${split}`,
    classNames: names.content.toString('utf8').trim().split(/\s+/),
    labels: labels?.labels ?? new Int32Array(count).fill(-1),
    pixels,
    files: [names.file, file, ...(labels === undefined ? [] : [labels.file])],
    settings: size === SIDE ? {} : { size, resize: 'box mean' },
  });
}

/** The splits that are there, with their number of images by the size of their file. */
export function stlSplits(dataDir: string): readonly { readonly split: StlSplit; readonly images: number }[] {
  const splits = (['train', 'test', 'unlabeled'] as const).flatMap((split) => {
    const path = join(dataDir, STL_FOLDER, `${split}_X.bin`);
    if (!existsSync(path)) return [];
    return [{ split, images: countRecords(path, nameInDataDir(path, dataDir), RECORD) }];
  });
  if (splits.length > 0) return splits;
  throw new DataError(
    `${STL_FOLDER}: there is none of train_X.bin, test_X.bin, unlabeled_X.bin.`,
    'Complete the copy, or fetch it (care data fetch stl10).',
  );
}

function checkSize(size: number): void {
  if (Number.isInteger(size) && size > 0 && SIDE % size === 0) return;
  throw new DataError(
    `STL-10 was asked for at size ${size}.`,
    'Give 96, 48, 32, 24 or another divisor of 96.',
  );
}

function readLabels(path: string, count: number, dataDir: string) {
  const { content, file } = readSourceFile(path, dataDir);
  if (content.length !== count) {
    throw new DataError(
      `${file.name}: ${content.length} labels for ${count} images.`,
      'Fetch the set again (care data fetch stl10): the files do not belong together, or one is cut off.',
    );
  }
  const labels = Int32Array.from(content, (label, at) => {
    if (label >= 1 && label <= CLASSES) return label - 1;
    throw new DataError(
      `${file.name}: label ${label} at byte ${at} is out of range; labels go from 1 to ${CLASSES}.`,
      'Fetch the set again (care data fetch stl10).',
    );
  });
  return { labels, file };
}

async function readImages(path: string, count: number, size: number, dataDir: string, memoryLimit: number) {
  const imageBytes = CHANNELS * size * size;
  if (count * imageBytes > memoryLimit) {
    return { file: await describeFile(path, dataDir), pixels: imagesOnDisk(path, size) };
  }
  const bytes = new Uint8Array(count * imageBytes);
  const file = readRecords(path, dataDir, RECORD, (record, index) =>
    convertRecord(record, size, bytes, index * imageBytes),
  );
  return { file, pixels: pixelsInMemory(bytes, size, size) };
}

/** Images read at their place in the file whenever they are asked for. The file stays open while the process lives. */
function imagesOnDisk(path: string, size: number): PixelSource {
  const file = openSync(path, 'r');
  const record = new Uint8Array(RECORD);
  return {
    height: size,
    width: size,
    copyImage: (index, target, offset) => {
      readFully(file, record, index * RECORD, path);
      convertRecord(record, size, target, offset);
    },
  };
}

/**
 * A record `[3, column, row]` to `[size, size, 3]`: pixel (y, x) is the mean over the k x k box of pixels that it
 * covers, k = 96 / size, rounded half up.
 */
export function convertRecord(record: Uint8Array, size: number, target: Uint8Array, offset: number): void {
  const box = SIDE / size;
  const half = Math.floor((box * box) / 2);
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      for (let channel = 0; channel < CHANNELS; channel++) {
        let sum = half;
        for (let column = x * box; column < (x + 1) * box; column++) {
          const first = channel * PLANE + column * SIDE + y * box;
          for (let row = 0; row < box; row++) sum += record[first + row] ?? 0;
        }
        target[offset + (y * size + x) * CHANNELS + channel] = Math.floor(sum / (box * box));
      }
    }
  }
}
