import { readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';

import { loadFlowers102 } from '../../src/data/flowers102.js';
import { loadImageSet } from '../../src/data/image-set.js';
import { loadImages } from '../../src/data/images.js';
import golden from '../golden/image_decode.json' with { type: 'json' };
import mats from '../golden/mat_file.json' with { type: 'json' };
import { newFolder, solidPng, tarGzOf, writeFiles } from './image-files.js';

const root = newFolder('images');
const cacheDir = join(root, 'cache');
const options = { size: 16, seed: 0, cacheDir };
afterAll(() => rmSync(root, { recursive: true }));

/** Images of two classes, told apart by their colours: red is 10 x number, green 50 or 200. */
async function twoClasses(prefix: string, each: number): Promise<Record<string, Buffer>> {
  const files: Record<string, Buffer> = {};
  for (let number = 0; number < each; number++) {
    files[`${prefix}cat/${number}.png`] = await solidPng(10 * number, 50, 0);
    files[`${prefix}ant/${number}.PNG`] = await solidPng(10 * number, 200, 0);
  }
  return files;
}

function colours(set: { length: number; batch: (indices: number[]) => Uint8Array }): number[][] {
  return Array.from({ length: set.length }, (_, index) => [...set.batch([index]).slice(0, 2)]);
}

describe('an image folder with splits', () => {
  it('has the classes in order of their names, as torchvision', async () => {
    const dataDir = join(root, 'splits');
    writeFiles(join(dataDir, 'set'), {
      ...(await twoClasses('train/', 3)),
      ...(await twoClasses('val/', 2)),
      'train/.DS_Store': 'x',
      'README.txt': 'x',
    });
    const remarks: string[] = [];
    const onRemark = (remark: string): void => void remarks.push(remark);
    const train = await loadImageSet('Set', join(dataDir, 'set'), 'train', dataDir, { ...options, onRemark });
    expect(train.classNames).toEqual(['ant', 'cat']);
    expect([...train.labels]).toEqual([0, 0, 0, 1, 1, 1]);
    expect(colours(train)).toEqual([
      [0, 200],
      [10, 200],
      [20, 200],
      [0, 50],
      [10, 50],
      [20, 50],
    ]);
    expect(train.files[3]?.name).toBe('set/train/cat/0.png');
    expect(train.files[3]?.bytes).toBe(statSync(join(dataDir, 'set/train/cat/0.png')).size);
    expect(remarks).toEqual(['set: 1 files are no JPEG or PNG and were left out.']);
    const test = await loadImageSet('Set', join(dataDir, 'set'), 'test', dataDir, options);
    expect(test.length).toBe(4);
    rmSync(join(dataDir, 'set/val'), { recursive: true });
    await expect(loadImageSet('Set', join(dataDir, 'set'), 'test', dataDir, options)).rejects.toThrow(
      'set: there is no folder test or testing or val or valid or validation, only train.',
    );
  });

  it('refuses an empty class, a loose image and an empty folder by name', async () => {
    const dataDir = join(root, 'bad');
    const load = (name: string) => loadImageSet('Set', join(dataDir, name), 'train', dataDir, options);
    const image = await solidPng(1, 2, 3);
    writeFiles(dataDir, { 'a/train/cat/1.png': image, 'a/train/dog/notes.txt': 'x' });
    await expect(load('a')).rejects.toThrow('a/train/dog: the class folder holds no JPEG or PNG image.');
    writeFiles(dataDir, { 'b/cat/1.png': image, 'b/2.png': image });
    await expect(load('b')).rejects.toThrow('b/2.png: the image is in no class folder.');
    writeFiles(dataDir, { 'c/x.gif': 'GIF89a' });
    await expect(load('c')).rejects.toThrow(
      'c: there are no JPEG or PNG images, but 1 files of other kinds.',
    );
    await expect(load('none')).rejects.toThrow('none: there is no such folder.');
  });

  it('names the image that cannot be used, and leaves no cache behind', async () => {
    const dataDir = join(root, 'corrupt');
    const own = join(root, 'corrupt-cache');
    const good = Buffer.from(golden.cases['rgb.jpg'].file, 'base64');
    writeFiles(dataDir, {
      'set/train/cat/1.jpg': good,
      'set/train/cat/2.jpg': good.subarray(0, 600),
      'set/train/cat/3.jpg': good,
    });
    const load = () =>
      loadImageSet('Set', join(dataDir, 'set'), 'train', dataDir, { ...options, cacheDir: own });
    await expect(load()).rejects.toThrow('set/train/cat/2.jpg: the image is damaged (');
    expect(readdirSync(own)).toEqual([]);
    writeFiles(dataDir, { 'set/train/cat/2.jpg': good });
    expect((await load()).length).toBe(3);
  });

  it('counts what was converted', async () => {
    const dataDir = join(root, 'kinds');
    const names = ['grey.jpg', 'grey.png', 'deep.png', 'alpha.png', 'rgb.png'] as const;
    writeFiles(dataDir, {
      ...Object.fromEntries(
        names.map((name) => [`set/train/all/${name}`, Buffer.from(golden.cases[name].file, 'base64')]),
      ),
      'set/train/all/cmyk.jpg': Buffer.from(golden.cmyk.file, 'base64'),
    });
    const remarks: string[] = [];
    const onRemark = (remark: string): void => void remarks.push(remark);
    for (const time of ['decoded', 'from the cache']) {
      remarks.length = 0;
      await loadImageSet('Set', join(dataDir, 'set'), 'train', dataDir, { ...options, onRemark });
      expect([time, ...remarks]).toEqual([
        time,
        'Set train: 1 image in CMYK: converted to sRGB.',
        'Set train: 3 images in greyscale: written three times as RGB.',
        'Set train: 1 image of more than 8 bits a channel: brought to 8 bits.',
        'Set train: 1 image with transparency: it was dropped.',
      ]);
    }
  });
});

describe('images without a split', () => {
  const dataDir = join(root, 'plain');
  beforeAll(async () => {
    const files = await twoClasses('top/', 10);
    writeFiles(join(dataDir, 'set'), files);
    const parts = Object.entries(files).map(([path, content]) => ({ path: `./${path}`, content }));
    writeFileSync(join(dataDir, 'set.tar.gz'), tarGzOf(parts));
  });

  it('are split by the seed, and the archive gives the images of the folder', async () => {
    const load = (name: string, split: 'train' | 'test', seed = 0) =>
      loadImageSet('Set', join(dataDir, name), split, dataDir, { ...options, seed });
    const [train, test] = [await load('set', 'train'), await load('set', 'test')];
    expect([train.length, test.length]).toEqual([16, 4]);
    expect([...test.labels]).toEqual([0, 0, 1, 1]);
    const all = [...colours(train), ...colours(test)].map(String);
    expect(new Set(all).size).toBe(20);
    const packed = await load('set.tar.gz', 'train');
    expect(colours(packed)).toEqual(colours(train));
    expect(packed.files).toHaveLength(1);
    expect(packed.files[0]?.name).toBe('set.tar.gz');
    expect(packed.provenance.sha256).not.toBe((await load('set.tar.gz', 'test')).provenance.sha256);
    expect(colours(await load('set', 'test', 5))).not.toEqual(colours(test));
  });

  it('are limited before they are decoded', async () => {
    vi.stubEnv('CARE_CACHE_DIR', join(root, 'limited'));
    const progress = vi.fn<(done: number, total: number) => void>();
    const set = await loadImages(`folder:${join(dataDir, 'set.tar.gz')}`, 'train', {
      size: 12,
      limit: 4,
      onProgress: progress,
    });
    expect([...set.labels]).toEqual([0, 0, 1, 1]);
    expect(set).toMatchObject({ height: 12, name: 'set.tar.gz train' });
    expect(progress.mock.calls).toHaveLength(4);
    expect(progress.mock.calls.at(-1)).toEqual([4, 4]);
    vi.unstubAllEnvs();
  });
});

describe('the cache of decoded images', () => {
  it('is used until a file, the size or the cache itself changes', async () => {
    const dataDir = join(root, 'cached');
    const own = join(root, 'own-cache');
    writeFiles(join(dataDir, 'set'), await twoClasses('train/', 2));
    const load = async (size = 16) => {
      const progress = vi.fn();
      const more = { ...options, size, cacheDir: own, onProgress: progress };
      const set = await loadImageSet('Set', join(dataDir, 'set'), 'train', dataDir, more);
      return { first: colours(set)[2], decoded: progress.mock.calls.length };
    };
    expect(await load()).toEqual({ first: [0, 50], decoded: 4 });
    expect(await load()).toEqual({ first: [0, 50], decoded: 0 });
    expect((await load(20)).decoded).toBe(4);
    const changed = join(dataDir, 'set/train/cat/0.png');
    writeFileSync(changed, await solidPng(99, 50, 0));
    utimesSync(changed, new Date(), new Date(Date.now() + 5000));
    expect(await load()).toEqual({ first: [99, 50], decoded: 4 });
    // A bit that fell over on the disk: the hash no longer fits, and the images are decoded again.
    for (const name of readdirSync(own)) {
      const path = join(own, name, 'pixels.bin');
      const content = readFileSync(path);
      content[5] = (content[5] ?? 0) ^ 1;
      writeFileSync(path, content);
    }
    expect(await load()).toEqual({ first: [99, 50], decoded: 4 });
    expect((await load()).decoded).toBe(0);
  });

  it('is read image by image where it is large', async () => {
    const dataDir = join(root, 'large');
    writeFiles(join(dataDir, 'set'), await twoClasses('train/', 3));
    const load = (more: { memoryLimit?: number }) =>
      loadImageSet('Set', join(dataDir, 'set'), 'train', dataDir, { ...options, ...more });
    const [whole, onDisk] = [await load({}), await load({ memoryLimit: 1000 })];
    expect(onDisk.batch([5, 0, 5])).toEqual(whole.batch([5, 0, 5]));
    expect(onDisk.provenance).toEqual(whole.provenance);
  });

  it('that cannot be written is an error with what to do', async () => {
    const dataDir = join(root, 'blocked');
    writeFiles(dataDir, { ...(await twoClasses('set/train/', 1)), cache: 'a file' });
    const blocked = { ...options, cacheDir: join(dataDir, 'cache') };
    await expect(loadImageSet('Set', join(dataDir, 'set'), 'train', dataDir, blocked)).rejects.toMatchObject({
      message: expect.stringContaining('decoded images cannot be kept there') as string,
      hint: expect.stringContaining('CARE_CACHE_DIR') as string,
    });
  });
});

describe('Flowers-102', () => {
  const labels = Buffer.from(mats.labels, 'base64');
  const splits = Buffer.from(mats.splits, 'base64');

  it('takes labels and splits from its official files, unpacked or not', async () => {
    const dataDir = join(root, 'flowers');
    const images: Record<string, Buffer> = {};
    for (let number = 1; number <= 12; number++)
      images[`jpg/image_${String(number).padStart(5, '0')}.jpg`] = await solidPng(10 * number, 0, 0);
    const parts = Object.entries(images).map(([path, content]) => ({ path, content }));
    writeFiles(join(dataDir, 'packed'), {
      'imagelabels.mat': labels,
      'setid.mat': splits,
      '102flowers.tgz': tarGzOf(parts),
    });
    writeFiles(join(dataDir, 'open'), { 'imagelabels.mat': labels, 'setid.mat': splits, ...images });
    for (const place of ['packed', 'open']) {
      const train = await loadFlowers102(join(dataDir, place), 'train', dataDir, options);
      // Images 2, 3, 4, 6, 11 with labels 1, 2, 102, 3, 3.
      expect(colours(train).map(([red]) => red)).toEqual([20, 30, 40, 60, 110]);
      expect([...train.labels]).toEqual([0, 1, 101, 2, 2]);
      expect(train.classNames[101]).toBe('blackberry lily');
      const test = await loadFlowers102(join(dataDir, place), 'test', dataDir, options);
      expect([...test.labels]).toEqual([0, 1, 2, 101, 0, 1, 101]);
      expect(test.files.at(-1)?.name).toBe(`${place}/setid.mat`);
    }
    rmSync(join(dataDir, 'open/jpg/image_00004.jpg'));
    await expect(loadFlowers102(join(dataDir, 'open'), 'train', dataDir, options)).rejects.toThrow(
      'open/jpg: image 4 of setid.mat is missing.',
    );
    rmSync(join(dataDir, 'open/jpg'), { recursive: true });
    await expect(loadFlowers102(join(dataDir, 'open'), 'train', dataDir, options)).rejects.toThrow(
      'there is neither jpg nor 102flowers.tgz',
    );
  });
});
