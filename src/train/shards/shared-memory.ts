/**
 * Memory that processes of one machine share: a file in a file system that lies in memory, removed from its folder as soon
 * as it is open, so that it is gone with the last process that holds it, however that ends.
 */
import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readSync,
  rmSync,
  statfsSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { InputSpec } from '../../tensorflow/compile.js';
import { sizeOf } from '../../tensorflow/tensor-data.js';
import { UserError } from '../user-error.js';

type Specs = Readonly<Record<string, InputSpec>>;
type Values = Readonly<Record<string, Float32Array | Int32Array>>;

/** Both dtypes take 4 bytes a value. */
const BYTES = 4;
const IN_MEMORY = '/dev/shm';

/** What lies where: named groups of tensors, each written and read as a whole. */
export type Sections = Readonly<Record<string, Specs>>;

export interface SharedMemory {
  /** The open file, to be handed to another process. */
  readonly fd: number;
  /** Writes all tensors of a section. */
  readonly write: (section: string, values: Values) => void;
  /** The tensors of a section. The arrays are used again: they hold until the section is next read. */
  readonly read: (section: string) => Values;
  readonly close: () => void;
}

function bytesOf(specs: Specs): number {
  return BYTES * Object.values(specs).reduce((sum, { shape }) => sum + sizeOf(shape), 0);
}

/** A memory file system with room for `bytes` twice over; containers often have one of 64 MiB. */
function folderFor(bytes: number): string {
  if (!existsSync(IN_MEMORY)) return tmpdir();
  const { bavail, bsize } = statfsSync(IN_MEMORY);
  return bavail * bsize > 2 * bytes ? IN_MEMORY : tmpdir();
}

function openFile(bytes: number): number {
  const folder = mkdtempSync(join(folderFor(bytes), 'care-shard-'));
  try {
    return openSync(join(folder, 'memory'), 'wx+', 0o600);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Reads or writes all of `bytes`, which the system may do in parts. */
function whole(bytes: Uint8Array, part: (offset: number, length: number) => number): void {
  for (let done = 0; done < bytes.length;) {
    const count = part(done, bytes.length - done);
    if (count === 0) throw new Error('Shards: the shared memory ends too early; nothing was written there.');
    done += count;
  }
}

/**
 * Shared memory with room for the given sections.
 *
 * @param fd - of memory that another process made for the same sections; left out: a new one is made.
 * @throws UserError when there is no room for it, at the first writing.
 */
export function sharedMemory(sections: Sections, fd?: number): SharedMemory {
  const file = fd ?? openFile(Object.values(sections).reduce((sum, specs) => sum + bytesOf(specs), 0));
  const offsets = new Map<string, number>();
  let end = 0;
  for (const [name, specs] of Object.entries(sections)) {
    offsets.set(name, end);
    end += bytesOf(specs);
  }
  const place = (section: string): { readonly specs: Specs; readonly offset: number } => {
    const [specs, offset] = [sections[section], offsets.get(section)];
    if (specs === undefined || offset === undefined) {
      throw new Error(`Shards: there is no section "${section}".`);
    }
    return { specs, offset };
  };
  const buffers = new Map<string, ArrayBuffer>();

  return {
    fd: file,
    write(section, values) {
      const { specs, offset } = place(section);
      let at = offset;
      for (const [key, { shape, dtype }] of Object.entries(specs)) {
        const array = values[key];
        const fits = (dtype === 'float32') === array instanceof Float32Array;
        if (array === undefined || !fits || array.length !== sizeOf(shape)) {
          throw new Error(
            `Shards: "${key}" of ${section} must be ${dtype} [${shape.join(', ')}]; ${array?.length ?? 0} values were given.`,
          );
        }
        const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
        const start = at;
        try {
          whole(bytes, (done, length) => writeSync(file, bytes, done, length, start + done));
        } catch (error) {
          throw new UserError(
            `The processes cannot share ${Math.ceil(end / 2 ** 20)} MiB: ${(error as Error).message}.`,
            `Make room in ${IN_MEMORY} or ${tmpdir()}, or train in one process.`,
            { cause: error },
          );
        }
        at += bytes.length;
      }
    },
    read(section) {
      const { specs, offset } = place(section);
      const buffer = buffers.get(section) ?? new ArrayBuffer(bytesOf(specs));
      buffers.set(section, buffer);
      const bytes = new Uint8Array(buffer);
      whole(bytes, (done, length) => readSync(file, bytes, done, length, offset + done));
      let at = 0;
      return Object.fromEntries(
        Object.entries(specs).map(([key, { shape, dtype }]) => {
          const length = sizeOf(shape);
          const array =
            dtype === 'float32' ? new Float32Array(buffer, at, length) : new Int32Array(buffer, at, length);
          at += BYTES * length;
          return [key, array];
        }),
      );
    },
    close: () => closeSync(file),
  };
}
