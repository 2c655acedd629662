import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { demandSpace, fetchImages, SUMS_FILE } from '../../src/data/fetch-images.js';
import { imageData } from '../../src/data/images.js';
import { listImageData, verifyImageData } from '../../src/data/inspect-images.js';
import { OFFICIAL_SETS, type OfficialSet } from '../../src/data/official-archives.js';
import { fileServer, type FileServer } from './file-server.js';
import {
  cifarRecord,
  newFolder,
  solidPng,
  tarGzOf,
  writeCifar10,
  writeFiles,
  type TarPart,
} from './image-files.js';

const root = newFolder('fetch');
let server: FileServer;
beforeAll(async () => {
  server = await fileServer();
});
afterAll(async () => {
  await server.close();
  rmSync(root, { recursive: true });
});

const meta = Buffer.from(Array.from({ length: 10 }, (_, at) => `class${at}`).join('\n'));
const parts: readonly TarPart[] = [
  { path: 'cifar-10-batches-bin/', type: '5' },
  { path: 'cifar-10-batches-bin/batches.meta.txt', content: meta },
  ...[1, 2, 3, 4, 5].map((number) => ({
    path: `cifar-10-batches-bin/data_batch_${number}.bin`,
    content: cifarRecord([number], number),
  })),
  { path: 'cifar-10-batches-bin/test_batch.bin', content: cifarRecord([9], 0) },
];

const hashOf = (bytes: Uint8Array, algorithm = 'sha256'): string =>
  createHash(algorithm).update(bytes).digest('hex');

/** A small set with an archive on the server. */
function setOf(archive: Uint8Array, change: Partial<OfficialSet> = {}): OfficialSet {
  server.serve(archive);
  return {
    name: 'cifar10',
    folder: 'cifar-10-batches-bin',
    source: {
      kind: 'archive',
      unpackedBytes: 20_000,
      archive: {
        address: `${server.address}small.tar.gz`,
        file: 'small.tar.gz',
        bytes: archive.length,
        checksum: { algorithm: 'sha256', digest: hashOf(archive) },
      },
    },
    inside: {},
    images: { train: 5, test: 1 },
    ...change,
  };
}

describe('fetching a set', () => {
  it('ends in its folder with the hashes of its files, and is then left alone', async () => {
    const dir = join(root, 'new', 'folder');
    const set = setOf(tarGzOf(parts));
    expect(await fetchImages(set, { dir })).toBe('fetched');
    expect(readdirSync(dir)).toEqual(['cifar-10-batches-bin']);
    const sums = readFileSync(join(dir, set.folder, SUMS_FILE), 'utf8');
    expect(sums).toContain(`${hashOf(cifarRecord([9], 0))}  test_batch.bin\n`);
    expect(await fetchImages(set, { dir })).toBe('present');
    expect(server.requests).toHaveLength(1);
    expect(await fetchImages(set, { dir, force: true, keepArchive: true })).toBe('fetched');
    expect(readdirSync(dir).sort()).toEqual(['cifar-10-batches-bin', 'small.tar.gz']);
    const [summary] = await listImageData(dir);
    expect(summary?.splits.map(({ split, images }) => [split, images])).toEqual([
      ['train', 5],
      ['test', 1],
    ]);
  });

  it('takes files from a mirror, and refuses one that is no address', async () => {
    const archive = tarGzOf(parts);
    const set = setOf(archive, {
      source: {
        kind: 'archive',
        unpackedBytes: 1,
        // Nothing answers at this address.
        archive: {
          address: 'http://127.0.0.1:9/small.tar.gz',
          file: 'small.tar.gz',
          bytes: archive.length,
          checksum: { algorithm: 'sha256', digest: hashOf(archive) },
        },
      },
    });
    const mirror = server.address.slice(0, -1);
    expect(await fetchImages(set, { dir: join(root, 'mirror'), mirror })).toBe('fetched');
    await expect(fetchImages(set, { dir: join(root, 'mirror2'), mirror: 'nonsense' })).rejects.toThrow(
      '"nonsense" is no address',
    );
  });

  it('leaves nothing half unpacked when the archive holds a link, and keeps no wrong file', async () => {
    const dir = join(root, 'evil');
    const evil = tarGzOf([...parts, { path: 'cifar-10-batches-bin/x', type: '2', link: '/etc/passwd' }]);
    await expect(fetchImages(setOf(evil), { dir })).rejects.toThrow(
      '"cifar-10-batches-bin/x" is a link to /etc/passwd, and is refused',
    );
    expect(readdirSync(dir)).toEqual(['small.tar.gz']);
    const inside = { 'test_batch.bin': { algorithm: 'md5' as const, digest: '00' } };
    await expect(
      fetchImages(setOf(tarGzOf(parts), { inside }), { dir: join(root, 'inside') }),
    ).rejects.toThrow('cifar-10-batches-bin/test_batch.bin: the unpacked file has a wrong md5');
    const other = tarGzOf([{ path: 'other/a.bin', content: meta }]);
    await expect(fetchImages(setOf(other), { dir: join(root, 'other') })).rejects.toThrow(
      'the archive has no folder cifar-10-batches-bin',
    );
  });

  it('brings loose files into the folder, each once', async () => {
    const dir = join(root, 'files');
    const content = Buffer.from('labels');
    server.serve(content);
    const files = ['a.mat', 'b.mat'].map((file) => ({
      address: `${server.address}${file}`,
      file,
      bytes: content.length,
      checksum: { algorithm: 'md5' as const, digest: hashOf(content, 'md5') },
    }));
    const set = setOf(content, { folder: 'flowers-102', source: { kind: 'files', files } });
    expect(await fetchImages(set, { dir })).toBe('fetched');
    expect(readdirSync(join(dir, 'flowers-102'))).toEqual(['a.mat', 'b.mat']);
    expect(await fetchImages(set, { dir })).toBe('present');
    expect(server.requests).toHaveLength(2);
  });

  it('is refused where there is too little space, or no folder can be made', async () => {
    expect(() => demandSpace(root, 1e18)).toThrow(/1050000000\.00 GB are needed, and [\d.]+ GB are free/);
    expect(() => demandSpace(root, 1)).not.toThrow();
    writeFileSync(join(root, 'a-file'), '');
    await expect(fetchImages(setOf(meta), { dir: join(root, 'a-file', 'x') })).rejects.toThrow(
      'cannot be made',
    );
  });

  it('knows the official archives by checksums of the right form', () => {
    expect(OFFICIAL_SETS.map(({ name }) => name)).toEqual(['cifar10', 'cifar100', 'stl10', 'flowers102']);
    for (const { source, inside } of OFFICIAL_SETS) {
      const files = source.kind === 'archive' ? [source.archive] : source.files;
      for (const { algorithm, digest } of [
        ...files.map(({ checksum }) => checksum),
        ...Object.values(inside),
      ])
        expect(digest).toMatch(algorithm === 'md5' ? /^[0-9a-f]{32}$/ : /^[0-9a-f]{64}$/);
      for (const { address, file } of files) expect(address.endsWith(`/${file}`)).toBe(true);
    }
  });
});

describe('checking a set', () => {
  const verify = async (
    dataDir: string,
    name = 'cifar10',
    place = 'cifar-10-batches-bin',
    decode = false,
  ) => {
    const checks = await verifyImageData(imageData(name), join(dataDir, place), dataDir, { decode });
    return Object.fromEntries(
      checks.map(({ name: check, result, detail }) => [check, `${result}: ${detail}`]),
    );
  };

  it('finds changed bytes, labels out of range and missing files', async () => {
    const dir = join(root, 'checked');
    await fetchImages(setOf(tarGzOf(parts)), { dir });
    expect(await verify(dir)).toEqual({
      content: 'ok: 5 train, 1 test images of 10 classes',
      sums: 'ok: 7 files as in SHA256SUMS',
      official: 'absent: not the whole official set: 5 of 50,000 train images, 1 of 10,000 test images',
    });
    writeFiles(dir, { 'cifar-10-batches-bin/test_batch.bin': cifarRecord([8], 0) });
    expect((await verify(dir)).sums).toBe(
      'wrong: cifar-10-batches-bin/test_batch.bin has another sha256 (SHA256SUMS)',
    );
    writeFiles(dir, { 'cifar-10-batches-bin/test_batch.bin': cifarRecord([77], 0) });
    expect((await verify(dir)).content).toContain(
      'wrong: cifar-10-batches-bin/test_batch.bin: label 77 at byte 0',
    );
    rmSync(join(dir, 'cifar-10-batches-bin/test_batch.bin'));
    expect((await verify(dir)).sums).toBe(
      'wrong: cifar-10-batches-bin/test_batch.bin is missing (SHA256SUMS)',
    );
    const [summary] = await listImageData(dir);
    expect(summary?.problem).toContain('test_batch.bin: there is no such file');
  });

  it('takes the sums of the data folder too, and says when there are none', async () => {
    const dir = join(root, 'sums');
    writeCifar10(dir, [[1], [1], [1], [1], [1], [1]]);
    expect((await verify(dir)).sums).toBe('absent: no SHA256SUMS names its files');
    const batch = readFileSync(join(dir, 'cifar-10-batches-bin/test_batch.bin'));
    writeFiles(dir, {
      [SUMS_FILE]: `${hashOf(batch)}  ./cifar-10-batches-bin/test_batch.bin\n${'0'.repeat(64)}  ./other.bin\n`,
    });
    expect((await verify(dir)).sums).toBe('ok: 1 file as in SHA256SUMS');
  });

  it('decodes every image where that is asked for', async () => {
    const dir = join(root, 'decode');
    const image = await solidPng(1, 2, 3);
    writeFiles(dir, {
      'imagenet100/train/a/1.png': image,
      'imagenet100/train/a/2.png': image.subarray(0, 50),
      'imagenet100/val/a/1.png': image,
    });
    expect((await verify(dir, 'imagenet100', 'imagenet100')).content).toBe(
      'ok: 2 train, 1 test images of 1 classes',
    );
    expect((await verify(dir, 'imagenet100', 'imagenet100', true)).images).toMatch(
      /^wrong: 1 cannot be used: imagenet100\/train\/a\/2\.png: the image is damaged \(/,
    );
    writeFiles(dir, { 'imagenet100/train/a/2.png': image });
    expect((await verify(dir, 'imagenet100', 'imagenet100', true)).images).toBe('ok: 3 images were decoded');
    expect(existsSync(join(dir, 'cache'))).toBe(false);
  });
});
