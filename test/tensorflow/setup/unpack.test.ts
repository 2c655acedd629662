import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import { silentReporter, type Reporter } from '../../../src/tensorflow/setup/reporter.js';
import { unpack } from '../../../src/tensorflow/setup/unpack.js';
import { rejection, temporaryFolder, zipOf } from './fakes.js';

const BIG = Array.from({ length: 40_000 }, (_, i) => String(i * 7919)).join(' ');

function archiveIn(folder: string): string {
  const file = join(folder, 'a.whl');
  writeFileSync(
    file,
    zipOf({ 'pkg/lib/big.so': BIG, 'pkg/bin/tool*': 'run', 'pkg/doc.txt': 'no', 'pkg/lib/': '' }),
  );
  return file;
}

test('takes out exactly the matching files, whole, programs executable, and counts the bytes', async () => {
  const folder = temporaryFolder();
  const seen: number[] = [];
  let total: number | null = null;
  const reporter: Reporter = {
    note: () => undefined,
    begin: (_, bytes) => {
      total = bytes;
      return { update: (done) => void seen.push(done), end: () => undefined };
    },
  };
  const files = await unpack(archiveIn(folder), join(folder, 'out'), /^pkg\/(lib|bin)\//, reporter);
  expect(files).toEqual([
    { path: 'pkg/lib/big.so', bytes: BIG.length },
    { path: 'pkg/bin/tool', bytes: 3 },
  ]);
  expect(readFileSync(join(folder, 'out/pkg/lib/big.so'), 'utf8')).toBe(BIG);
  expect(statSync(join(folder, 'out/pkg/bin/tool')).mode & 0o111).toBe(0o111);
  expect(existsSync(join(folder, 'out/pkg/doc.txt'))).toBe(false);
  expect(total).toBe(BIG.length + 3);
  expect(seen.at(-1)).toBe(BIG.length + 3);
});

test.each([
  ['cut off', (bytes: Buffer) => bytes.subarray(0, bytes.length - 60)],
  ['with broken compressed data', (bytes: Buffer) => bytes.fill(0xff, 100, 5000)],
  ['that is no zip at all', () => Buffer.from('<html>proxy error</html>')],
])('an archive %s is an error that names it', async (_, damage) => {
  const folder = temporaryFolder();
  const file = archiveIn(folder);
  writeFileSync(file, damage(readFileSync(file)));
  const error = await rejection(unpack(file, join(folder, 'out'), /./, silentReporter));
  expect(error.name).toBe('SetupError');
  expect(error.message).toContain(file);
  expect(error.hint).toContain('setup');
});

test('an archive without any wanted file is an error', async () => {
  const folder = temporaryFolder();
  const error = await rejection(unpack(archiveIn(folder), folder, /^nothing/, silentReporter));
  expect(error.message).toMatch(/nothing in it matches/);
});
