/** Fetching one file over HTTP so that an interruption costs nothing that had arrived. */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { ReadableStream } from 'node:stream/web';
import { setTimeout as sleep } from 'node:timers/promises';

import { DataError } from './data-error.js';
import type { Checksum, RemoteFile } from './official-archives.js';
import { hashFile } from './source-file.js';

/** How to go about a download. */
export interface DownloadOptions {
  /** Called with the bytes that are there so far. */
  readonly onBytes?: (bytes: number) => void;
  /** Attempts in a row that may bring nothing new; default 4. */
  readonly attempts?: number;
  /** Milliseconds before the second attempt; doubled each time; default 1,000. */
  readonly pauseMs?: number;
  /** Milliseconds without a byte after which a connection counts as dead; default 30,000. */
  readonly silenceMs?: number;
}

/** `present`: it was there and whole; `fetched`: it was brought. */
export type Downloaded = 'present' | 'fetched';

/**
 * Brings a file to `target`. It grows in `<target>.part`, goes on there after an interruption (HTTP Range, with
 * If-Range so that no two versions are joined), is checked, and only then gets its name. A file that is there already
 * and has the right checksum is not fetched again; one with a wrong checksum is replaced.
 *
 * @throws DataError when the server cannot be reached or refuses (what has arrived is kept), or the checksum is wrong
 * (what has arrived is removed).
 */
export async function download(
  remote: RemoteFile,
  target: string,
  options: DownloadOptions = {},
): Promise<Downloaded> {
  if (existsSync(target) && (await hasChecksum(target, remote.checksum))) return 'present';
  mkdirSync(dirname(target), { recursive: true });
  const part = `${target}.part`;
  // A whole file whose last step was interrupted needs no server.
  if (!existsSync(part) || !(await hasChecksum(part, remote.checksum))) {
    await fetchPersistently(remote, part, options);
    await demandChecksum(part, remote);
  }
  renameSync(part, target);
  rmSync(validatorPath(part), { force: true });
  return 'fetched';
}

/** Whether a file has a checksum. */
export async function hasChecksum(path: string, { algorithm, digest }: Checksum): Promise<boolean> {
  return (await hashFile(path, algorithm)).digest === digest;
}

async function demandChecksum(part: string, { address, checksum }: RemoteFile): Promise<void> {
  const { algorithm, digest } = checksum;
  const found = await hashFile(part, algorithm);
  if (found.digest === digest) return;
  rmSync(part, { force: true });
  rmSync(validatorPath(part), { force: true });
  throw new DataError(
    `${address}: ${found.bytes} bytes with ${algorithm} ${found.digest} arrived; it should be ${digest}.`,
    'They were removed. Try again; if it stays so, the file on the server is another one: do not use it.',
  );
}

/** Attempts until the server has sent all; an attempt that brought something does not count. */
async function fetchPersistently(remote: RemoteFile, part: string, options: DownloadOptions): Promise<void> {
  const { attempts = 4, pauseMs = 1000 } = options;
  for (let failed = 0; ;) {
    const before = sizeOf(part);
    try {
      await fetchOnce(remote, part, options);
      return;
    } catch (error) {
      if (error instanceof DataError || isDiskError(error)) throw diskError(error, part);
      failed = sizeOf(part) > before ? 0 : failed + 1;
      if (failed >= attempts) throw unreachable(remote, part, error);
      await sleep(pauseMs * 2 ** failed);
    }
  }
}

async function fetchOnce(remote: RemoteFile, part: string, options: DownloadOptions): Promise<void> {
  const watch = silenceWatch(options.silenceMs ?? 30_000);
  try {
    const have = sizeOf(part);
    const response = await fetch(remote.address, { headers: rangeHeaders(part, have), signal: watch.signal });
    if (response.status === 416) {
      // All of it is here already, or the file on the server is another one: the checksum will tell, or it starts anew.
      rmSync(part, { force: true });
      throw new Error('the server has no such range');
    }
    const isContinued = response.status === 206 && startOfRange(response) === have;
    if (!isContinued && response.status !== 200) throw refusal(remote, response);
    if (response.body === null) throw new Error('the answer is empty');
    if (!isContinued) saveValidator(part, response);
    // Opened and closed here: a stream that is torn down may still open, and empty, the file afterwards.
    const file = await open(part, isContinued ? 'a' : 'w');
    try {
      let bytes = isContinued ? have : 0;
      for await (const chunk of response.body as ReadableStream<Uint8Array>) {
        watch.touch();
        await file.appendFile(chunk);
        bytes += chunk.length;
        options.onBytes?.(bytes);
      }
    } finally {
      await file.close();
    }
  } finally {
    watch.end();
  }
}

/** Aborts when nothing has happened for a while. */
function silenceWatch(milliseconds: number) {
  const controller = new AbortController();
  const abort = (): void => controller.abort(new Error(`no byte came for ${milliseconds / 1000} s`));
  let timer = setTimeout(abort, milliseconds);
  return {
    signal: controller.signal,
    touch: () => {
      clearTimeout(timer);
      timer = setTimeout(abort, milliseconds);
    },
    end: () => clearTimeout(timer),
  };
}

function rangeHeaders(part: string, have: number): Record<string, string> {
  // The bytes that count are those of the file, not of a transfer that compresses them once more.
  const plain = { 'accept-encoding': 'identity' };
  if (have === 0) return plain;
  const validator = existsSync(validatorPath(part)) ? readFileSync(validatorPath(part), 'utf8') : '';
  return { ...plain, range: `bytes=${have}-`, ...(validator === '' ? {} : { 'if-range': validator }) };
}

/** Beside the part: by what the server recognises the version of its file. */
function validatorPath(part: string): string {
  return `${part}.version`;
}

function saveValidator(part: string, { headers }: Response): void {
  const tag = headers.get('etag');
  // A weak tag is not allowed in If-Range.
  const validator = tag !== null && !tag.startsWith('W/') ? tag : headers.get('last-modified');
  writeFileSync(validatorPath(part), validator ?? '');
}

function startOfRange({ headers }: Response): number | undefined {
  const [, start] = /^bytes (\d+)-/.exec(headers.get('content-range') ?? '') ?? [];
  return start === undefined ? undefined : Number(start);
}

/** A server that is overloaded is asked again; one that says no is not. */
function refusal({ address }: RemoteFile, { status, statusText }: Response): Error {
  if (status >= 500 || status === 429 || status === 408 || status === 206) {
    return new Error(`the server answered ${status} ${statusText}`);
  }
  return new DataError(
    `${address}: the server answered ${status} ${statusText}.`,
    'Look whether the file has moved, fetch it by other means into the data folder, or name a mirror (--mirror).',
  );
}

function unreachable({ address }: RemoteFile, part: string, cause: unknown): DataError {
  const bytes = sizeOf(part);
  const kept = bytes === 0 ? '' : ` ${bytes} bytes that have arrived are kept in ${part}.`;
  return new DataError(
    `${address}: the download failed (${reasonOf(cause)}).${kept}`,
    bytes === 0
      ? 'Check the network connection and run the command again.'
      : 'Run the command again: it goes on where it stopped.',
  );
}

/** `fetch failed` says nothing; its cause does. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.cause instanceof Error) return reasonOf(error.cause);
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  return error.message === '' ? code : error.message;
}

const DISK_CODES = ['ENOSPC', 'EDQUOT', 'EROFS', 'EACCES', 'EPERM', 'EISDIR', 'ENOTDIR'];

function isDiskError(error: unknown): boolean {
  return error instanceof Error && 'code' in error && DISK_CODES.includes(String(error.code));
}

function diskError(error: unknown, part: string): unknown {
  if (!isDiskError(error)) return error;
  return new DataError(
    `${part} cannot be written (${reasonOf(error)}).`,
    'Free some space, or choose another folder with --dir; what has arrived is kept.',
  );
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
