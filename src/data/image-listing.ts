/** Which images a folder or archive holds, and the class and split of each, before any is decoded. */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { isFolder } from './data-dir.js';
import { DataError } from './data-error.js';
import type { SourceFile } from './point-clouds.js';
import { describeFile, nameInDataDir } from './source-file.js';
import { readTar } from './tar.js';

/** One image that was found. */
export interface ListedImage {
  /** Path below the root, with forward slashes. */
  readonly path: string;
  readonly bytes: number;
  /** Milliseconds since 1970; 0 in an archive, whose own time counts. */
  readonly modified: number;
}

/** What is below a root. */
export interface ImageListing {
  readonly kind: 'folder' | 'archive';
  /** Path of the folder or archive, and how messages call it. */
  readonly root: string;
  readonly name: string;
  readonly images: readonly ListedImage[];
  /** Folders below the root, in which there may be nothing. */
  readonly folders: readonly string[];
  /** Files that are no JPEG or PNG by their name. */
  readonly others: number;
  /** The archive itself. */
  readonly archive?: SourceFile;
}

/** Images of one split, sorted by class and path. */
export interface ClassedImages {
  readonly classNames: readonly string[];
  readonly images: readonly ListedImage[];
  readonly labels: readonly number[];
}

const IMAGE = /\.(jpe?g|png)$/i;
const ARCHIVE = /\.(tar|tgz|tar\.gz)$/i;
/** Names of the folders that stand for a split, in the order in which they are looked for. */
const SPLIT_FOLDERS = {
  train: ['train', 'training'],
  test: ['test', 'testing', 'val', 'valid', 'validation'],
} as const;
const ALL_SPLIT_FOLDERS: readonly string[] = [...SPLIT_FOLDERS.train, ...SPLIT_FOLDERS.test];

/** Whether a path names a tar archive. */
export function isArchive(path: string): boolean {
  return ARCHIVE.test(path);
}

/**
 * Lists the images of a folder, or of a tar archive, which is read through once for its names and hash.
 *
 * @throws DataError when there is no such folder or archive, or an entry of the archive is refused (see `readTar`).
 */
export async function listImages(root: string, dataDir: string): Promise<ImageListing> {
  const name = nameInDataDir(root, dataDir);
  return isArchive(root) ? await listArchive(root, name, dataDir) : listFolder(root, name);
}

function listFolder(root: string, name: string): ImageListing {
  if (!isFolder(root)) {
    throw new DataError(
      `${root}: there is no such folder.`,
      'Check the path: a folder, .tar, .tar.gz or .tgz.',
    );
  }
  const images: ListedImage[] = [];
  const folders: string[] = [];
  let others = 0;
  const walk = (below: string): void => {
    for (const entry of readdirSync(join(root, below), { withFileTypes: true })) {
      if (isHidden(entry.name)) continue;
      const path = below === '' ? entry.name : `${below}/${entry.name}`;
      const facts = statSync(join(root, path), { throwIfNoEntry: false });
      if (facts === undefined)
        throw new DataError(`${name}/${path}: the link leads nowhere.`, 'Repair or remove it.');
      if (facts.isDirectory()) {
        folders.push(path);
        walk(path);
      } else if (IMAGE.test(path)) images.push({ path, bytes: facts.size, modified: facts.mtimeMs });
      else others += 1;
    }
  };
  walk('');
  return { kind: 'folder', root, name, images, folders, others };
}

async function listArchive(root: string, name: string, dataDir: string): Promise<ImageListing> {
  const images: ListedImage[] = [];
  const folders: string[] = [];
  let others = 0;
  const [archive] = await Promise.all([
    describeFile(root, dataDir),
    readTar(root, name, ({ path, kind, bytes }) => {
      if (path.split('/').some(isHidden)) return Promise.resolve();
      if (kind === 'folder') folders.push(path);
      else if (IMAGE.test(path)) images.push({ path, bytes, modified: 0 });
      else others += 1;
      return Promise.resolve();
    }),
  ]);
  checkUnique(images, name);
  return {
    kind: 'archive',
    root,
    name,
    images,
    folders: folders.filter((path) => path !== ''),
    others,
    archive,
  };
}

/** `.DS_Store`, `._photo.jpg` of macOS archives, and the like. */
function isHidden(name: string): boolean {
  return name.startsWith('.') || name === '__MACOSX';
}

function checkUnique(images: readonly ListedImage[], name: string): void {
  const seen = new Set<string>();
  for (const { path } of images) {
    if (seen.has(path)) {
      throw new DataError(`${name}: ${path} is in the archive twice.`, 'Pack the folder again.');
    }
    seen.add(path);
  }
}

/** Whether the folders below the root (or below its only folder) are splits rather than classes. */
export function hasSplits(listing: ImageListing): boolean {
  const { images } = rooted(listing);
  return images.length > 0 && images.every(({ path }) => ALL_SPLIT_FOLDERS.includes(firstPart(path)));
}

/**
 * The images of a split with their classes: `<split>/<class>/...`, or all of `<class>/...` where there are no splits.
 * A folder that alone holds everything is passed over. Classes are the sorted names of the folders, as in torchvision.
 *
 * @throws DataError when there are no images, an image is in no class folder, the split is missing, or a class folder
 * is empty.
 */
export function classedImages(listing: ImageListing, split: 'train' | 'test'): ClassedImages {
  const { images, folders, prefix } = rooted(listing);
  if (images.length === 0) throw noImages(listing);
  if (!hasSplits(listing)) return byClass(listing, prefix, images, folders);
  const chosen = SPLIT_FOLDERS[split].find((name) => images.some(({ path }) => firstPart(path) === name));
  if (chosen === undefined) {
    throw new DataError(
      `${listing.name}: there is no folder ${SPLIT_FOLDERS[split].join(' or ')}, only ${[...new Set(images.map(({ path }) => firstPart(path)))].join(', ')}.`,
      `Put the ${split} images into ${split}/<class>/, or put all images into <class>/ for a split by the seed.`,
    );
  }
  const inside = `${chosen}/`;
  return byClass(
    listing,
    prefix + inside,
    images.filter(({ path }) => path.startsWith(inside)).map((image) => below(image, inside)),
    folders.filter((path) => path.startsWith(inside)).map((path) => path.slice(inside.length)),
  );
}

type Below = ListedImage & { readonly whole: ListedImage };

function below(image: Below, prefix: string): Below {
  return { ...image, path: image.path.slice(prefix.length) };
}

/** Images and folders below the folders that alone hold everything, such as `flowers/` in flowers5. */
function rooted(listing: ImageListing) {
  let images: readonly Below[] = listing.images.map((image) => ({ ...image, whole: image }));
  let folders = listing.folders;
  let prefix = '';
  for (;;) {
    const first = images[0] === undefined ? '' : firstPart(images[0].path);
    const inside = `${first}/`;
    const isAlone =
      images.length > 0 &&
      !ALL_SPLIT_FOLDERS.includes(first) &&
      images.every(({ path }) => path.startsWith(inside) && path.split('/').length > 2) &&
      folders.every((path) => path === first || path.startsWith(inside));
    if (!isAlone) return { images, folders, prefix };
    images = images.map((image) => below(image, inside));
    folders = folders.filter((path) => path !== first).map((path) => path.slice(inside.length));
    prefix += inside;
  }
}

function byClass(
  listing: ImageListing,
  prefix: string,
  images: readonly Below[],
  folders: readonly string[],
): ClassedImages {
  const loose = images.find(({ path }) => !path.includes('/'));
  if (loose !== undefined) {
    throw new DataError(
      `${listing.name}/${prefix}${loose.path}: the image is in no class folder.`,
      'Put every image into a folder with the name of its class.',
    );
  }
  const filled = new Set(images.map(({ path }) => firstPart(path)));
  const empty = folders.find((path) => !path.includes('/') && !filled.has(path));
  if (empty !== undefined) {
    throw new DataError(
      `${listing.name}/${prefix}${empty}: the class folder holds no JPEG or PNG image.`,
      'Put its images there, or remove the folder: every folder counts as a class.',
    );
  }
  const classNames = [...filled].sort();
  const numbers = new Map(classNames.map((className, index) => [className, index]));
  const sorted = [...images].sort(
    (a, b) => compareText(firstPart(a.path), firstPart(b.path)) || compareText(a.path, b.path),
  );
  return {
    classNames,
    images: sorted.map(({ whole }) => whole),
    labels: sorted.map(({ path }) => numbers.get(firstPart(path)) ?? -1),
  };
}

function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function firstPart(path: string): string {
  return path.slice(0, Math.max(0, path.indexOf('/')));
}

function noImages({ name, others }: ImageListing): DataError {
  const found = others === 0 ? 'nothing' : `${others} files of other kinds`;
  return new DataError(
    `${name}: there are no JPEG or PNG images, but ${found}.`,
    'Put the images into <class>/*.jpg, or train/<class>/*.jpg and test/<class>/*.jpg.',
  );
}
