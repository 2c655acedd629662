/** What of the image data is there, and whether it is sound. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';

import { CIFAR_10, CIFAR_100, loadCifar } from './cifar.js';
import { isFolder } from './data-dir.js';
import { DataError } from './data-error.js';
import { decodePool } from './decode-pool.js';
import { hasChecksum } from './download.js';
import { SUMS_FILE } from './fetch-images.js';
import { chooseFlowers102 } from './flowers102.js';
import { feedImages } from './image-cache.js';
import { chooseImages, type Choice } from './image-set.js';
import { IMAGE_DATA, imageData, findImageData, type ImageData, type ImageSplit } from './images.js';
import { OFFICIAL_SETS } from './official-archives.js';
import { hashFile, nameInDataDir } from './source-file.js';
import { loadStl10, stlSplits } from './stl10.js';

/** One split of a data set that was found. */
export interface SplitSummary {
  readonly split: ImageSplit;
  readonly images: number;
  readonly classes: number;
  /** Of the files; null where it would take long. `verify` computes all. */
  readonly sha256: string | null;
}

/** A data set that was found. */
export interface ImageDataSummary {
  readonly name: string;
  readonly title: string;
  /** Below the data folder. */
  readonly place: string;
  /** Height and width that it is loaded with unless another size is asked for. */
  readonly size: number;
  readonly splits: readonly SplitSummary[];
  /** What is wrong with it, where it cannot be listed. */
  readonly problem?: string;
}

/** One check of a data set. */
export interface ImageCheck {
  readonly name: 'content' | 'images' | 'sums' | 'official';
  readonly result: 'ok' | 'wrong' | 'absent';
  readonly detail: string;
}

/** The data sets that are in a data folder, with their splits. Images are not decoded. */
export async function listImageData(dataDir: string): Promise<readonly ImageDataSummary[]> {
  const found: ImageDataSummary[] = [];
  for (const name of IMAGE_DATA) {
    const data = imageData(name);
    const root = findImageData(data, dataDir);
    if (root !== undefined) found.push(await summarise(data, root, dataDir));
  }
  return found;
}

async function summarise(data: ImageData, root: string, dataDir: string): Promise<ImageDataSummary> {
  const facts = { name: data.name, title: data.title, place: nameInDataDir(root, dataDir), size: data.size };
  try {
    return { ...facts, splits: await splitsOf(data, root, dataDir) };
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    return { ...facts, splits: [], problem: error.message };
  }
}

async function splitsOf(data: ImageData, root: string, dataDir: string): Promise<readonly SplitSummary[]> {
  if (data.name === 'stl10') {
    return stlSplits(dataDir).map(({ split, images }) => ({ split, images, classes: 10, sha256: null }));
  }
  const splits: SplitSummary[] = [];
  for (const split of ['train', 'test'] as const) {
    const layout = cifarLayout(data);
    if (layout !== undefined) {
      const { length, classNames, provenance } = loadCifar(layout, split, dataDir);
      splits.push({ split, images: length, classes: classNames.length, sha256: provenance.sha256 });
    } else {
      const { listing, chosen } = await choose(data, root, split, dataDir);
      splits.push({
        split,
        images: chosen.images.length,
        classes: chosen.classNames.length,
        sha256: listing.archive?.sha256 ?? null,
      });
    }
  }
  return splits;
}

function cifarLayout({ name }: ImageData) {
  if (name === 'cifar10') return CIFAR_10;
  return name === 'cifar100' ? CIFAR_100 : undefined;
}

function choose(data: ImageData, root: string, split: 'train' | 'test', dataDir: string): Promise<Choice> {
  const pick = data.name === 'flowers102' ? chooseFlowers102 : chooseImages;
  return pick(root, split, dataDir, { seed: 0 });
}

export interface VerifyOptions {
  /** Also decode every image of image folders and archives; without it only their names are read. */
  readonly decode?: boolean;
  readonly onProgress?: (done: number, total: number) => void;
}

/**
 * Checks a data set: sizes of files and range of labels (or names and classes of images), the images themselves where
 * that is asked for, checksums of `SHA256SUMS` files in it or in the data folder, and official ones.
 */
export async function verifyImageData(
  data: ImageData,
  root: string,
  dataDir: string,
  options: VerifyOptions = {},
): Promise<readonly ImageCheck[]> {
  return [
    await check('content', () => checkContent(data, root, dataDir)),
    ...(options.decode === true && data.resizing === 'any'
      ? [await check('images', () => checkImages(data, root, dataDir, options))]
      : []),
    await check('sums', () => checkSums(root, dataDir)),
    ...(OFFICIAL_SETS.some(({ name }) => name === data.name)
      ? [await check('official', () => checkOfficial(data, root, dataDir))]
      : []),
  ];
}

type Outcome = Omit<ImageCheck, 'name'>;

async function check(name: ImageCheck['name'], test: () => Promise<Outcome>): Promise<ImageCheck> {
  try {
    return { name, ...(await test()) };
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    return { name, result: 'wrong', detail: `${error.message} ${error.hint}` };
  }
}

async function checkContent(data: ImageData, root: string, dataDir: string): Promise<Outcome> {
  if (data.name === 'stl10') {
    // At 32 x 32 the largest split fits into memory, and every byte is read.
    for (const { split } of stlSplits(dataDir)) await loadStl10(split, dataDir, 32);
  }
  const splits = await splitsOf(data, root, dataDir);
  const texts = splits.map(({ split, images }) => `${images.toLocaleString('en')} ${split}`);
  const classes = Math.max(...splits.map((split) => split.classes));
  return { result: 'ok', detail: `${texts.join(', ')} images of ${classes} classes` };
}

async function checkImages(
  data: ImageData,
  root: string,
  dataDir: string,
  { onProgress }: VerifyOptions,
): Promise<Outcome> {
  const pool = decodePool();
  const problems: string[] = [];
  let done = 0;
  try {
    const choices = [await choose(data, root, 'train', dataDir), await choose(data, root, 'test', dataDir)];
    const total = choices.reduce((sum, { chosen }) => sum + chosen.images.length, 0);
    for (const { listing, chosen } of choices) {
      const running = new Set<Promise<void>>();
      const submit = (encoded: Parameters<typeof pool.decode>[0], index: number): void => {
        const task = pool
          .decode(encoded, `${listing.name}/${chosen.images[index]?.path ?? ''}`, CHECK_SIZE)
          .then(
            () => undefined,
            (error: unknown) => void problems.push(error instanceof Error ? error.message : String(error)),
          )
          .finally(() => {
            running.delete(task);
            done += 1;
            onProgress?.(done, total);
          });
        running.add(task);
      };
      await feedImages(listing, chosen.images, submit, pool.ready);
      await Promise.all(running);
    }
  } finally {
    await pool.close();
  }
  if (problems.length === 0)
    return { result: 'ok', detail: `${done.toLocaleString('en')} images were decoded` };
  return {
    result: 'wrong',
    detail: `${problems.length} cannot be used: ${problems.sort().slice(0, 5).join(' ')}`,
  };
}

/** Images are decoded whole whatever size they are brought to. */
const CHECK_SIZE = 8;

/** Checks the files at `root` that a `SHA256SUMS` in the data folder, or in `root` itself, names. */
async function checkSums(root: string, dataDir: string): Promise<Outcome> {
  const sums = new Map([...readSums(dataDir), ...(isFolder(root) ? readSums(root) : [])]);
  const wrong: string[] = [];
  let checked = 0;
  for (const [path, digest] of sums) {
    const below = relative(root, path);
    const isInside = below === '' || (!below.startsWith('..') && !below.startsWith(sep));
    if (!isInside) continue;
    const name = nameInDataDir(path, dataDir);
    if (!existsSync(path)) wrong.push(`${name} is missing`);
    else if ((await hashFile(path, 'sha256')).digest !== digest) wrong.push(`${name} has another sha256`);
    checked += 1;
  }
  if (wrong.length > 0) return { result: 'wrong', detail: `${wrong.slice(0, 5).join('; ')} (${SUMS_FILE})` };
  if (checked === 0) return { result: 'absent', detail: `no ${SUMS_FILE} names its files` };
  return { result: 'ok', detail: `${checked} ${checked === 1 ? 'file' : 'files'} as in ${SUMS_FILE}` };
}

/** Path and digest of each line `<sha256>  <path>` of a `SHA256SUMS`. */
function readSums(folder: string): readonly (readonly [string, string])[] {
  const path = join(folder, SUMS_FILE);
  if (!existsSync(path)) return [];
  return readFileSync(path, 'utf8')
    .split('\n')
    .flatMap((line) => {
      const [, digest, name] = /^([0-9a-f]{64}) [ *](.+)$/i.exec(line) ?? [];
      return digest === undefined || name === undefined
        ? []
        : [[join(folder, name), digest.toLowerCase()] as const];
    });
}

/** Known checksums of files, and whether all images of the official set are there. */
async function checkOfficial(data: ImageData, root: string, dataDir: string): Promise<Outcome> {
  const official = OFFICIAL_SETS.find(({ name }) => name === data.name);
  if (official === undefined) return { result: 'absent', detail: 'there is no official archive' };
  const splits = await splitsOf(data, root, dataDir);
  const missing = splits.flatMap(({ split, images }) => {
    const all = official.images[split] ?? images;
    return images === all
      ? []
      : [`${images.toLocaleString('en')} of ${all.toLocaleString('en')} ${split} images`];
  });
  if (missing.length > 0) {
    return { result: 'absent', detail: `not the whole official set: ${missing.join(', ')}` };
  }
  const wrong: string[] = [];
  let checked = 0;
  for (const [file, checksum] of Object.entries(official.inside)) {
    const path = join(isFolder(root) ? root : dirname(root), file);
    if (!existsSync(path)) continue;
    checked += 1;
    if (!(await hasChecksum(path, checksum))) wrong.push(`${file} has another ${checksum.algorithm}`);
  }
  if (wrong.length > 0) return { result: 'wrong', detail: wrong.join('; ') };
  const sums = checked === 0 ? '' : `; ${checked} files have the official checksum`;
  return { result: 'ok', detail: `all images of the official set${sums}` };
}
