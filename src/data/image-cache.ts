/**
 * Decoded images, kept. Decoding JPEGs takes minutes for a large set and gives the same pixels every time, so they are
 * kept as raw bytes in the cache folder (`CARE_CACHE_DIR`), in `images/<key>/`: `pixels.bin`, `[count, size, size, 3]`,
 * and `index.json`. The key is a hash of all that the pixels depend on: names, sizes and times of the files (or the
 * archive's sha256), the image size, and the versions of the decoder. Both files are written aside and get their name
 * when they are complete. The folder may be deleted at any time.
 *
 * Node has no memory mapping. A set below 1 GiB is read into memory as a whole and its hash checked; of a larger one
 * each image is read at its position when it is asked for, and the system's page cache does what a mapping would.
 */
import { createHash } from 'node:crypto';
import {
  closeSync,
  existsSync,
  openSync,
  readFileSync,
  rmSync,
  statfsSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';

import { makeFolder } from '../tensorflow/setup/folders.js';
import { cacheFolder } from '../tensorflow/setup/library.js';
import { withLock } from '../tensorflow/setup/lock.js';
import { cleanLeftovers, makeStagingFolder, publish } from '../tensorflow/setup/staging.js';
import { DataError } from './data-error.js';
import { CHANNELS, pixelsInMemory, type PixelSource } from './data-set.js';
import { decodePool, type Decoded, type DecodePool, type Encoded, type ImageTrait } from './decode-pool.js';
import type { ClassedImages, ImageListing, ListedImage } from './image-listing.js';
import type { SourceFile } from './point-clouds.js';
import { hashFile, readFully } from './source-file.js';
import { readTar } from './tar.js';

/** Raise it with every change to what decoding gives. */
const DECODER_VERSION = 1;
const MEMORY_LIMIT = 2 ** 30;

/** How the resizing is called in the provenance. */
export const RESIZE_RULE = 'shorter side, triangle filter, centre';

/** Called now and then while images are decoded. */
export type OnProgress = (done: number, total: number) => void;

/** Decoded images with what is to be told of them. */
export interface DecodedImages {
  readonly pixels: PixelSource;
  readonly files: readonly SourceFile[];
  readonly remarks: readonly string[];
}

export interface DecodeOptions {
  /** Height and width of the images in pixels. */
  readonly size: number;
  readonly onProgress?: OnProgress;
  /** Default: `images` in the cache folder. */
  readonly cacheDir?: string;
  /** Bytes above which images are read when they are asked for; default 1 GiB. */
  readonly memoryLimit?: number;
}

interface Index {
  readonly format: 1;
  readonly count: number;
  /** Of `pixels.bin`. */
  readonly sha256: string;
  readonly traits: Readonly<Record<ImageTrait, number>>;
  readonly files: readonly SourceFile[];
}

/**
 * The images as `[size, size, 3]` bytes, from the cache where they are there, else decoded and kept.
 *
 * @throws DataError for an image that cannot be used, and when the cache cannot be written.
 */
export async function decodedImages(
  listing: ImageListing,
  { images }: Pick<ClassedImages, 'images'>,
  options: DecodeOptions,
): Promise<DecodedImages> {
  checkSize(options.size);
  const root = options.cacheDir ?? join(cacheFolder(), 'images');
  const folder = join(root, await cacheKey(listing, images, options.size));
  const found = openCache(folder, images.length, options);
  if (found !== null) return found;
  try {
    return await withLock(
      `${folder}.lock`,
      () => undefined,
      async () => {
        // Another process may have decoded them while this one waited.
        const now = openCache(folder, images.length, options);
        if (now !== null) return now;
        await fillCache(folder, listing, images, options);
        return demandCache(folder, images.length, options);
      },
    );
  } catch (error) {
    throw error instanceof DataError ? error : cacheError(error, root);
  }
}

function checkSize(size: number): void {
  if (Number.isInteger(size) && size >= 8 && size <= 4096) return;
  throw new DataError(`Images of size ${size} were asked for.`, 'Give an integer from 8 to 4096.');
}

async function cacheKey(
  { kind, root, archive }: ImageListing,
  images: readonly ListedImage[],
  size: number,
): Promise<string> {
  // Loaded here, since most data sets need no decoder.
  const { default: sharp } = await import('sharp');
  const { sharp: version = '', vips } = sharp.versions as { readonly sharp?: string; readonly vips: string };
  const hash = createHash('sha256');
  hash.update(
    JSON.stringify([DECODER_VERSION, version, vips, kind, archive?.sha256 ?? root, size, RESIZE_RULE]),
  );
  for (const { path, bytes, modified } of images) hash.update(`${path}\0${bytes}\0${modified}\n`);
  return hash.digest('hex').slice(0, 24);
}

function openCache(folder: string, count: number, options: DecodeOptions): DecodedImages | null {
  const { size, memoryLimit = MEMORY_LIMIT } = options;
  const index = readIndex(folder);
  const path = join(folder, 'pixels.bin');
  const bytes = count * size * size * CHANNELS;
  if (index?.count !== count || !existsSync(path) || statSync(path).size !== bytes) return null;
  const pixels = bytes > memoryLimit ? pixelsOnDisk(path, size) : checkedPixels(path, index.sha256, size);
  return pixels === null ? null : { pixels, files: index.files, remarks: traitRemarks(index.traits) };
}

function readIndex(folder: string): Index | null {
  try {
    const index = JSON.parse(readFileSync(join(folder, 'index.json'), 'utf8')) as Partial<Index>;
    return index.format === 1 ? (index as Index) : null;
  } catch {
    // Absent or damaged: the images are decoded again.
    return null;
  }
}

function checkedPixels(path: string, sha256: string, size: number): PixelSource | null {
  const content = readFileSync(path);
  if (createHash('sha256').update(content).digest('hex') !== sha256) return null;
  return pixelsInMemory(content, size, size);
}

/** The file stays open while the process lives. */
function pixelsOnDisk(path: string, size: number): PixelSource {
  const file = openSync(path, 'r');
  const bytes = size * size * CHANNELS;
  return {
    height: size,
    width: size,
    copyImage: (index, target, offset) =>
      readFully(file, target.subarray(offset, offset + bytes), index * bytes, path),
  };
}

function demandCache(folder: string, count: number, options: DecodeOptions): DecodedImages {
  const made = openCache(folder, count, options);
  if (made !== null) return made;
  throw new DataError(
    `${folder}: the decoded images read back are not those that were written.`,
    'Check the disk, or set CARE_CACHE_DIR to a folder on another one.',
  );
}

async function fillCache(
  folder: string,
  listing: ImageListing,
  images: readonly ListedImage[],
  options: DecodeOptions,
): Promise<void> {
  makeFolder(dirname(folder));
  cleanLeftovers(folder);
  demandSpace(dirname(folder), images.length * options.size ** 2 * CHANNELS);
  const staging = makeStagingFolder(folder);
  try {
    const index = await decodeInto(join(staging, 'pixels.bin'), listing, images, options);
    writeFileSync(join(staging, 'index.json'), `${JSON.stringify(index)}\n`, { flush: true });
    publish(staging, folder);
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
}

function demandSpace(folder: string, bytes: number): void {
  const { bavail, bsize } = statfsSync(folder);
  if (bavail * bsize > bytes) return;
  const gigabytes = (value: number): string => `${(value / 1e9).toFixed(1)} GB`;
  throw new DataError(
    `${folder}: the decoded images need ${gigabytes(bytes)}, and ${gigabytes(bavail * bsize)} are free.`,
    'Free some space, set CARE_CACHE_DIR to a folder on a larger disk, or ask for a smaller size or a limit.',
  );
}

async function decodeInto(
  target: string,
  listing: ImageListing,
  images: readonly ListedImage[],
  options: DecodeOptions,
): Promise<Index> {
  const pool = decodePool();
  const file = openSync(target, 'wx');
  const bytes = options.size ** 2 * CHANNELS;
  const files: SourceFile[] = [];
  const traits: Record<ImageTrait, number> = { cmyk: 0, grey: 0, deep: 0, alpha: 0 };
  let done = 0;
  try {
    await decodeAll(pool, listing, images, options.size, (decoded, index) => {
      writeSync(file, decoded.pixels, 0, bytes, index * bytes);
      for (const trait of decoded.traits) traits[trait] += 1;
      const name = `${listing.name}/${images[index]?.path ?? ''}`;
      files[index] = { name, bytes: decoded.length, sha256: decoded.sha256 };
      done += 1;
      options.onProgress?.(done, images.length);
    });
  } finally {
    closeSync(file);
    await pool.close();
  }
  if (done !== images.length) {
    throw new DataError(
      `${listing.name}: ${images.length - done} of ${images.length} images were gone when they were to be decoded.`,
      'Something else changed the data at the same time; try again.',
    );
  }
  const { digest: sha256 } = await hashFile(target, 'sha256');
  return {
    format: 1,
    count: images.length,
    sha256,
    traits,
    files: listing.archive === undefined ? files : [listing.archive],
  };
}

/** Hands every image to the pool; after the first that fails no more are begun. */
async function decodeAll(
  pool: DecodePool,
  listing: ImageListing,
  images: readonly ListedImage[],
  size: number,
  onDecoded: (decoded: Decoded, index: number) => void,
): Promise<void> {
  const running = new Set<Promise<void>>();
  const failures: unknown[] = [];
  const submit = (encoded: Encoded, index: number): void => {
    const name = `${listing.name}/${images[index]?.path ?? ''}`;
    const task = pool
      .decode(encoded, name, size)
      .then((decoded) => onDecoded(decoded, index))
      .catch((error: unknown) => void failures.push(error))
      .finally(() => running.delete(task));
    running.add(task);
  };
  const check = (): void => {
    if (failures.length > 0) throw failures[0];
  };
  await feedImages(listing, images, submit, async () => {
    await pool.ready();
    check();
  });
  await Promise.all(running);
  check();
}

/** Goes through the images in the order in which they are read, handing each to `submit` when `ready` lets it. */
export async function feedImages(
  listing: ImageListing,
  images: readonly ListedImage[],
  submit: (encoded: Encoded, index: number) => void,
  ready: () => Promise<void>,
): Promise<void> {
  if (listing.kind === 'folder') {
    for (const [index, { path }] of images.entries()) {
      await ready();
      submit({ path: join(listing.root, path) }, index);
    }
    return;
  }
  const wanted = new Map(images.map(({ path }, index) => [path, index]));
  await readTar(listing.root, listing.name, async (entry) => {
    const index = wanted.get(entry.path);
    if (index === undefined) return;
    await ready();
    submit({ bytes: await entry.content() }, index);
  });
}

/** What was converted, added up; only what occurred. */
function traitRemarks(traits: Readonly<Record<ImageTrait, number>>): string[] {
  const tell = (trait: ImageTrait, sentence: string): string[] => {
    const count = traits[trait];
    return count === 0 ? [] : [`${count} ${count === 1 ? 'image' : 'images'} ${sentence}.`];
  };
  return [
    ...tell('cmyk', 'in CMYK: converted to sRGB'),
    ...tell('grey', 'in greyscale: written three times as RGB'),
    ...tell('deep', 'of more than 8 bits a channel: brought to 8 bits'),
    ...tell('alpha', 'with transparency: it was dropped'),
  ];
}

function cacheError(error: unknown, root: string): unknown {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (!['ENOSPC', 'EDQUOT', 'EROFS', 'EACCES', 'EPERM', 'ENOTDIR', 'EEXIST'].includes(code)) return error;
  return new DataError(
    `${root}: decoded images cannot be kept there (${code}).`,
    'Set CARE_CACHE_DIR to a folder that can be written and has room.',
  );
}
