/** Stand-ins for the programs and files that the set-up works with; nothing here needs a network. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32, deflateRawSync } from 'node:zlib';
import { onTestFinished } from 'vitest';

import type { Reporter } from '../../../src/tensorflow/setup/reporter.js';
import type { LibraryPlan } from '../../../src/tensorflow/setup/wheels.js';

/** A folder that goes when the test ends. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'care-setup-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Puts a program written in JavaScript into a folder; `args` are its arguments, `fs` and `path` are at hand. */
export function fakeProgram(folder: string, name: string, body: string): void {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, name);
  const head = `#!${process.execPath}\nconst fs = require('fs'), path = require('path'), args = process.argv.slice(2);\n`;
  writeFileSync(file, `${head}${body}\n`);
  chmodSync(file, 0o755);
}

export const PIP_VERSION = `if (args.includes('--version')) { console.log('pip 23.2 from /x (python 3.11)'); process.exit(0); }`;

/** A python3 whose pip "downloads" the file `wheel`, and notes each download in `log`. */
export function fakePip(folder: string, wheel: string, log: string, before = ''): void {
  fakeProgram(
    folder,
    'python3',
    `${PIP_VERSION}
     fs.appendFileSync(${JSON.stringify(log)}, args.join(' ') + '\\n');
     ${before}
     const dest = args[args.indexOf('--dest') + 1];
     fs.copyFileSync(${JSON.stringify(wheel)}, path.join(dest, path.basename(${JSON.stringify(wheel)})));`,
  );
}

/** A g++ that "compiles" by writing its arguments to the output file. */
export function fakeCompiler(folder: string, log: string): void {
  fakeProgram(
    folder,
    'g++',
    `if (args.includes('--version')) { console.log('g++ (Fake) 1.0'); process.exit(0); }
     fs.appendFileSync(${JSON.stringify(log)}, args.join(' ') + '\\n');
     fs.writeFileSync(args[args.indexOf('-o') + 1], args.join('\\n'));`,
  );
}

/** Bytes of a zip archive with these members; names that end in `*` are programs. */
export function zipOf(members: Readonly<Record<string, string>>): Buffer {
  const locals: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [key, text] of Object.entries(members)) {
    const name = Buffer.from(key.replace(/\*$/, ''));
    const data = Buffer.from(text);
    const packed = deflateRawSync(data);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(8, 4);
    common.writeUInt32LE(crc32(data), 10);
    common.writeUInt32LE(packed.length, 14);
    common.writeUInt32LE(data.length, 18);
    common.writeUInt16LE(name.length, 22);
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), common, name, packed]);
    const rest = Buffer.alloc(14);
    rest.writeUInt32LE(((key.endsWith('*') ? 0o100755 : 0o100644) << 16) >>> 0, 6);
    rest.writeUInt32LE(offset, 10);
    directory.push(Buffer.concat([Buffer.from('PK\x01\x02\x14\x03'), common, rest, name]));
    locals.push(local);
    offset += local.length;
  }
  const central = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 0, 'latin1');
  end.writeUInt16LE(directory.length, 8);
  end.writeUInt16LE(directory.length, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...locals, central, end]);
}

/** A wheel with all that the binding asks of a library, and some that it does not. */
export function tinyWheel(folder: string): string {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'tiny-1.0-cp311-cp311-manylinux_2_27_x86_64.whl');
  writeFileSync(
    file,
    zipOf({
      'tensorflow/libtensorflow_cc.so.2': 'cc '.repeat(5000),
      'tensorflow/libtensorflow_framework.so.2': 'framework',
      'tensorflow/include/tensorflow/c/c_api.h': '// c',
      'tensorflow/include/tensorflow/c/eager/c_api.h': '// eager',
      'tensorflow/python/keras.py': 'not wanted',
    }),
  );
  return file;
}

/** A plan of one wheel that the fake pip serves. */
export const TINY_PLAN: LibraryPlan = {
  variant: 'cpu',
  version: '1.0',
  arch: 'x64',
  spaceBytes: 1000,
  wheels: [
    {
      name: 'tiny',
      version: '1.0',
      sha256: 'ab'.repeat(32),
      platform: 'manylinux_2_27_x86_64',
      members: /^tensorflow\/(lib|include\/)/,
    },
  ],
};

/** Keeps what is said. */
export function recordingReporter(): Reporter & { readonly said: string[]; readonly ended: string[] } {
  const said: string[] = [];
  const ended: string[] = [];
  return {
    said,
    ended,
    note: (line) => void said.push(line),
    begin: (title) => {
      said.push(title);
      return { update: () => undefined, end: () => void ended.push(title) };
    },
  };
}

/** The error that a promise was rejected with. */
export async function rejection(promise: Promise<unknown>): Promise<Error & { hint?: string }> {
  const value = await promise.then(
    () => 'fulfilled',
    (error: unknown) => error,
  );
  if (value instanceof Error) return value;
  throw new Error(`expected a rejection, but the promise was ${String(value)}`);
}
