import { join } from 'node:path';

import { DataError } from './data-error.js';
import { CHANNELS, dataSet, pixelsInMemory, type DataSet } from './data-set.js';
import { countRecords, nameInDataDir, readRecords, readSourceFile } from './source-file.js';

/** One of the two CIFAR sets in its official binary version. */
export interface CifarLayout {
  readonly title: string;
  readonly folder: string;
  readonly train: readonly string[];
  readonly test: readonly string[];
  /** File with a class name a line. */
  readonly classNames: string;
  readonly classes: number;
  /** Bytes before the pixels; the last of them is the label that counts. */
  readonly labelBytes: number;
}

export const CIFAR_10: CifarLayout = {
  title: 'CIFAR-10',
  folder: 'cifar-10-batches-bin',
  train: [1, 2, 3, 4, 5].map((number) => `data_batch_${number}.bin`),
  test: ['test_batch.bin'],
  classNames: 'batches.meta.txt',
  classes: 10,
  labelBytes: 1,
};

/** Labels are the 100 fine ones; the 20 coarse ones stand before them in each record and are checked only. */
export const CIFAR_100: CifarLayout = {
  title: 'CIFAR-100',
  folder: 'cifar-100-binary',
  train: ['train.bin'],
  test: ['test.bin'],
  classNames: 'fine_label_names.txt',
  classes: 100,
  labelBytes: 2,
};

const COARSE_CLASSES = 20;
const SIDE = 32;
const PLANE = SIDE * SIDE;

/**
 * Loads CIFAR-10 or CIFAR-100 (Krizhevsky 2009) from its official binary files. A record is the label byte(s) and
 * 3,072 bytes, the planes of red, green and blue, row-major; the number of records is taken from each file's size.
 *
 * @throws DataError when a file is missing, its size is no whole number of records, or a label is out of range: the
 * message names file and byte.
 */
export function loadCifar(layout: CifarLayout, split: 'train' | 'test', dataDir: string): DataSet {
  const folder = join(dataDir, layout.folder);
  const names = readClassNames(layout, dataDir);
  const recordBytes = layout.labelBytes + CHANNELS * PLANE;
  const paths = layout[split].map((file) => join(folder, file));
  const counts = paths.map((path) => countRecords(path, nameInDataDir(path, dataDir), recordBytes));
  const count = counts.reduce((sum, records) => sum + records, 0);
  const labels = new Int32Array(count);
  const pixels = new Uint8Array(count * CHANNELS * PLANE);
  let first = 0;
  const files = paths.map((path, index) => {
    const file = readRecords(path, dataDir, recordBytes, (record, at) => {
      labels[first + at] = checkedLabel(layout, record, at * recordBytes, nameInDataDir(path, dataDir));
      interleave(record.subarray(layout.labelBytes), pixels, (first + at) * CHANNELS * PLANE);
    });
    first += counts[index] ?? 0;
    return file;
  });
  return dataSet({
    name: `${layout.title} ${split}`,
    classNames: names.classes,
    labels,
    pixels: pixelsInMemory(pixels, SIDE, SIDE),
    files: [names.file, ...files],
    settings: {},
  });
}

function readClassNames(layout: CifarLayout, dataDir: string) {
  const { content, file } = readSourceFile(join(dataDir, layout.folder, layout.classNames), dataDir);
  const classes = content
    .toString('utf8')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  if (classes.length === layout.classes) return { classes, file };
  throw new DataError(
    `${file.name}: ${classes.length} class names were found; ${layout.title} has ${layout.classes}.`,
    'Take the file from the official archive: one name a line.',
  );
}

function checkedLabel(layout: CifarLayout, record: Uint8Array, position: number, name: string): number {
  const fine = layout.labelBytes - 1;
  for (let at = 0; at < layout.labelBytes; at++) {
    const classes = at === fine ? layout.classes : COARSE_CLASSES;
    const label = record[at] ?? 0;
    if (label < classes) continue;
    throw new DataError(
      `${name}: label ${label} at byte ${position + at} is out of range; labels go from 0 to ${classes - 1}.`,
      `This is no file of ${layout.title}'s binary version, or it is damaged: fetch it again (care data fetch).`,
    );
  }
  return record[fine] ?? 0;
}

/** Planes `[3, n]` to interleaved `[n, 3]`. */
function interleave(planes: Uint8Array, target: Uint8Array, offset: number): void {
  for (let at = 0; at < PLANE; at++) {
    const to = offset + CHANNELS * at;
    target[to] = planes[at] ?? 0;
    target[to + 1] = planes[PLANE + at] ?? 0;
    target[to + 2] = planes[2 * PLANE + at] ?? 0;
  }
}
