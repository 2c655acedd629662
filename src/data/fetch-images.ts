import { existsSync, mkdirSync, rmSync, statfsSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { silentReporter, type Reporter } from '../tensorflow/setup/reporter.js';
import { cleanLeftovers, makeStagingFolder, publish } from '../tensorflow/setup/staging.js';
import { DataError } from './data-error.js';
import { download, hasChecksum, type DownloadOptions } from './download.js';
import type { OfficialSet, RemoteFile } from './official-archives.js';
import { hashFile } from './source-file.js';
import { readTar } from './tar.js';

/** File in a folder that was unpacked here, with the sha256 of its files as `sha256sum` writes them. */
export const SUMS_FILE = 'SHA256SUMS';

export interface FetchImagesOptions {
  /** The data folder; made where it does not exist. */
  readonly dir: string;
  readonly reporter?: Reporter;
  /** Address of a folder with the same files instead of the official one; checksums stay. */
  readonly mirror?: string;
  /** Keep the archive after it was unpacked. */
  readonly keepArchive?: boolean;
  /** Fetch although the folder is there, and replace it. */
  readonly force?: boolean;
  readonly download?: DownloadOptions;
}

/** `present`: the folder was there and was left alone. */
export type Fetched = 'present' | 'fetched';

/**
 * Fetches an official data set into the data folder: free space is checked, the archive downloaded (going on with what
 * had arrived before), checked, unpacked beside its place and moved there when it is whole.
 *
 * @throws DataError when there is too little space, the network or server fails, a checksum is wrong, or the archive
 * holds what it should not.
 */
export async function fetchImages(set: OfficialSet, options: FetchImagesOptions): Promise<Fetched> {
  const folder = join(options.dir, set.folder);
  makeFolder(options.dir);
  if (set.source.kind === 'files') return await fetchFiles(set.source.files, folder, options);
  if (existsSync(folder) && options.force !== true) return 'present';
  const { archive, unpackedBytes } = set.source;
  const path = join(options.dir, archive.file);
  demandSpace(options.dir, missingBytes(archive, path) + unpackedBytes);
  await fetchFile(archive, path, options);
  await unpackArchive(set, path, folder, options.reporter ?? silentReporter);
  if (options.keepArchive !== true) rmSync(path);
  return 'fetched';
}

async function fetchFiles(
  files: readonly RemoteFile[],
  folder: string,
  options: FetchImagesOptions,
): Promise<Fetched> {
  makeFolder(folder);
  demandSpace(
    folder,
    files.reduce((sum, remote) => sum + missingBytes(remote, join(folder, remote.file)), 0),
  );
  let result: Fetched = 'present';
  for (const remote of files) {
    if ((await fetchFile(remote, join(folder, remote.file), options)) === 'fetched') result = 'fetched';
  }
  return result;
}

async function fetchFile(remote: RemoteFile, path: string, options: FetchImagesOptions): Promise<Fetched> {
  const address = options.mirror === undefined ? remote.address : mirrored(options.mirror, remote.file);
  const reporter = options.reporter ?? silentReporter;
  const work = reporter.begin(`Fetching ${remote.file}`, remote.bytes);
  try {
    const onBytes = (bytes: number): void => work.update(Math.min(bytes, remote.bytes));
    return await download({ ...remote, address }, path, { ...options.download, onBytes });
  } finally {
    work.end();
  }
}

function mirrored(mirror: string, file: string): string {
  try {
    return new URL(file, mirror.endsWith('/') ? mirror : `${mirror}/`).href;
  } catch {
    throw new DataError(`"${mirror}" is no address.`, 'Give one such as https://example.org/data/.');
  }
}

function missingBytes({ bytes }: RemoteFile, path: string): number {
  const sizeOf = (name: string): number => statSync(name, { throwIfNoEntry: false })?.size ?? 0;
  return Math.max(0, bytes - Math.max(sizeOf(path), sizeOf(`${path}.part`)));
}

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new DataError(`${folder} cannot be made (${reason}).`, 'Choose another data folder with --dir.');
  }
}

/** @throws DataError unless so many bytes, and a twentieth more, are free where `folder` is. */
export function demandSpace(folder: string, bytes: number): void {
  const { bavail, bsize } = statfsSync(folder);
  const needed = 1.05 * bytes;
  if (bavail * bsize >= needed) return;
  const gigabytes = (value: number): string => `${(value / 1e9).toFixed(2)} GB`;
  throw new DataError(
    `${folder}: ${gigabytes(needed)} are needed, and ${gigabytes(bavail * bsize)} are free.`,
    'Free some space, or choose a data folder on a larger disk with --dir.',
  );
}

async function unpackArchive(
  set: OfficialSet,
  archive: string,
  folder: string,
  reporter: Reporter,
): Promise<void> {
  cleanLeftovers(folder);
  const staging = makeStagingFolder(folder);
  const work = reporter.begin(`Unpacking ${set.folder}`, null);
  const sums: string[] = [];
  let bytes = 0;
  try {
    await readTar(archive, archive, async (entry) => {
      const [top, ...rest] = entry.path.split('/');
      if (entry.kind !== 'file' || top !== set.folder || rest.length === 0) return;
      const target = join(staging, ...rest);
      mkdirSync(dirname(target), { recursive: true });
      await entry.save(target);
      const { digest } = await hashFile(target, 'sha256');
      sums.push(`${digest}  ${rest.join('/')}\n`);
      await checkInside(set, rest.join('/'), target);
      work.update((bytes += entry.bytes));
    });
    if (sums.length === 0) {
      throw new DataError(
        `${archive}: the archive has no folder ${set.folder}.`,
        'It is another one; remove it.',
      );
    }
    writeFileSync(join(staging, SUMS_FILE), sums.sort().join(''), { flush: true });
    publish(staging, folder);
  } finally {
    work.end();
    rmSync(staging, { recursive: true, force: true });
  }
}

async function checkInside(set: OfficialSet, name: string, path: string): Promise<void> {
  const checksum = set.inside[name];
  if (checksum === undefined || (await hasChecksum(path, checksum))) return;
  throw new DataError(
    `${set.folder}/${name}: the unpacked file has a wrong ${checksum.algorithm}.`,
    'Remove the archive and fetch it again.',
  );
}
