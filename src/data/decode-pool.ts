import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';

import { DataError } from './data-error.js';

/** What was converted on the way to 8-bit RGB. */
export type ImageTrait = 'cmyk' | 'grey' | 'deep' | 'alpha';

/** A decoded image. */
export interface Decoded {
  /** `[size, size, 3]`, sRGB. */
  readonly pixels: Uint8Array;
  /** Of the encoded bytes. */
  readonly sha256: string;
  readonly length: number;
  readonly traits: readonly ImageTrait[];
}

/** An encoded image: its bytes, or the file that holds them. */
export type Encoded = { readonly bytes: Uint8Array } | { readonly path: string };

/** Worker threads that decode images. */
export interface DecodePool {
  /** Resolves when another image can be handed in without a queue growing. */
  readonly ready: () => Promise<void>;
  /**
   * Decodes one image to `size` x `size`. The bytes are handed over: do not use them afterwards.
   *
   * @param name - of the image, for messages.
   * @throws DataError when the image is damaged, empty, animated, or neither JPEG nor PNG.
   */
  readonly decode: (image: Encoded, name: string, size: number) => Promise<Decoded>;
  /** Ends the threads. */
  readonly close: () => Promise<void>;
}

type Reply =
  | ({ readonly id: number } & Decoded)
  | { readonly id: number; readonly problem: string; readonly hint: string };

interface Waiting {
  readonly name: string;
  readonly resolve: (decoded: Decoded) => void;
  readonly reject: (error: Error) => void;
}

/** Images under way in one thread: the next is at hand when one is done, and memory stays small. */
const PER_THREAD = 3;

/** Starts worker threads that decode images, as many as there are cores to use. */
export function decodePool(threads: number = availableParallelism()): DecodePool {
  const waiting = new Map<number, Waiting>();
  const wakers: (() => void)[] = [];
  const workers = Array.from(
    { length: threads },
    () => new Worker(new URL('./decode-worker.mjs', import.meta.url)),
  );
  let next = 0;
  for (const worker of workers) {
    worker.on('message', (reply: Reply) => {
      const task = waiting.get(reply.id);
      waiting.delete(reply.id);
      wakers.shift()?.();
      if (task === undefined) return;
      if ('problem' in reply) task.reject(new DataError(`${task.name}: ${reply.problem}.`, reply.hint));
      else task.resolve(reply);
    });
    worker.on('error', (error) => {
      for (const { name, reject } of waiting.values()) reject(workerError(name, error));
      waiting.clear();
      for (const wake of wakers.splice(0)) wake();
    });
  }
  return {
    ready: async () => {
      while (waiting.size >= PER_THREAD * threads) await new Promise<void>((wake) => wakers.push(wake));
    },
    decode: (image, name, size) =>
      new Promise((resolve, reject) => {
        const id = next++;
        waiting.set(id, { name, resolve, reject });
        const worker = workers[id % threads];
        // A small buffer may be a slice of a larger one that others still use; then it is copied.
        const own = 'bytes' in image && image.bytes.byteLength === image.bytes.buffer.byteLength;
        worker?.postMessage({ id, ...image, size }, own ? [image.bytes.buffer as ArrayBuffer] : []);
      }),
    close: async () => {
      await Promise.all(workers.map((worker) => worker.terminate()));
    },
  };
}

function workerError(name: string, cause: Error): DataError {
  return new DataError(
    `${name}: the thread that decodes images failed (${cause.message}).`,
    'Run npm ci again: the image library sharp may not be installed for this machine.',
  );
}
