import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { fileServer, type FileServer } from '../data/file-server.js';
import { newFolder, solidPng, writeCifar10, writeFiles } from '../data/image-files.js';
import { care, notBuilt } from './program.js';

const root = newFolder('cli-data');
const dataDir = join(root, 'data');
const env = { CARE_DATA_DIR: dataDir, CARE_CACHE_DIR: join(root, 'cache') };
let server: FileServer;
beforeAll(async () => {
  writeCifar10(dataDir, [[0, 1], [2], [3], [4], [5], [6, 7, 8]]);
  const image = await solidPng(10, 20, 30);
  writeFiles(dataDir, { 'flowers5/rose/1.png': image, 'flowers5/rose/2.png': image });
  server = await fileServer();
});
afterAll(async () => {
  await server.close();
  rmSync(root, { recursive: true });
});

function expectNarrow(text: string): void {
  for (const line of text.split('\n')) if (!line.includes(root)) expect(line.length).toBeLessThanOrEqual(80);
}

describe.skipIf(notBuilt !== null)(`care data${notBuilt === null ? '' : ` (skipped: ${notBuilt})`}`, () => {
  it('list says what is found and what is not', async () => {
    const { code, out } = await care(['data', 'list'], { env });
    expect(code).toBe(0);
    expectNarrow(out);
    expect(out).toMatch(/^name +where +split +images +classes +size +sha256\n/);
    expect(out).toMatch(
      /\ncifar10 +cifar-10-batches-bin +train +6 +10 +32 {2}[0-9a-f]{8}\n +test +3 +10 +32 /,
    );
    expect(out).toMatch(/\nflowers5 +flowers5 +train +1 +1 +128 {2}-\n/);
    expect(out).toMatch(/\ngenerated +\(made when asked for\) +train +5,000 +12 +32 {2}-\n/);
    expect(out).toContain(`Data folder: ${dataDir}`);
    expect(out).toContain('Not found: cifar100, stl10, flowers102, imagenet100, cifar10-jpeg (care data');
    const json = JSON.parse((await care(['data', 'list', '--json'], { env })).out) as {
      found: { name: string; splits: { images: number }[] }[];
    };
    expect(json.found.map(({ name, splits }) => [name, splits[0]?.images])).toEqual([
      ['cifar10', 6],
      ['flowers5', 1],
    ]);
  });

  it('verify is content with sound data, and exits with 1 when one file is not', async () => {
    const sound = await care(['data', 'verify', 'cifar10', 'flowers5', '--decode'], { env });
    expect(sound.code).toBe(0);
    expectNarrow(sound.out);
    expect(sound.out).toContain('2 images were decoded');
    expect(sound.out).toContain('2 data sets checked: all ok.');
    const bad = join(root, 'bad');
    writeCifar10(bad, [[0], [0], [0], [0], [0], [10]]);
    const wrong = await care(['data', 'verify', '--dir', bad], { env });
    expect(wrong.code).toBe(1);
    expect(wrong.out).toMatch(
      /^cifar10: WRONG\n {2}content +WRONG cifar-10-batches-bin\/test_batch.bin: label 10 at byte 0/,
    );
    expect(wrong.out).toContain('1 data set checked: 1 wrong.');
    const absent = await care(['data', 'verify', 'stl10'], { env });
    expect([absent.code, absent.err]).toEqual([
      1,
      `care: stl10 was not found: none of stl10_binary is in ${dataDir}.\nFetch it: care data fetch stl10.\n`,
    ]);
  });

  it('fetch leaves a folder that is there alone, and says what of the set it holds', async () => {
    const { code, out } = await care(['data', 'fetch', 'cifar10'], { env });
    expect(code).toBe(0);
    expect(out).toContain(`cifar10 is already in ${join(dataDir, 'cifar-10-batches-bin')}`);
    expect(out).toContain('6 of 50,000 train images');
    expect(out).toContain('--force fetches it anew');
  });

  it('fetch refuses a file with a wrong checksum in two lines, and keeps nothing of it', async () => {
    const dir = join(root, 'fetched');
    server.serve(Buffer.from('not the archive'));
    const { code, err } = await care(['data', 'fetch', 'cifar10', '--dir', dir, '--mirror', server.address], {
      env,
    });
    expect(code).toBe(1);
    expect(err).toContain('15 bytes with sha256 ');
    expect(err).toContain('it should be c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd.');
    expect(err).not.toContain('    at ');
    expect(readdirSync(dir)).toEqual([]);
    writeFileSync(join(root, 'file'), '');
    const blocked = await care(['data', 'fetch', 'cifar10', '--dir', join(root, 'file')], { env });
    expect([blocked.code, blocked.err.includes('cannot be made')]).toEqual([1, true]);
  });

  it('fetch says what can be fetched', async () => {
    const near = await care(['data', 'fetch', 'cifar-10'], { env });
    expect(near.code).toBe(1);
    expect(near.err).toContain('Did you mean "cifar10"? There is cifar10, cifar100, stl10, flowers102.');
    const own = await care(['data', 'fetch', 'imagenet100'], { env });
    expect(own.err).toContain('imagenet100 cannot be fetched');
    const help = await care(['data', 'fetch', '--help'], { env });
    expect(help.out).toContain('care data fetch cifar10 --dir ~/data');
    expectNarrow(help.out);
    expect(existsSync(join(dataDir, 'cifar-10-binary.tar.gz.part'))).toBe(false);
  });
});
