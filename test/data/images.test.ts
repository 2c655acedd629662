import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';

import { findDataDir } from '../../src/data/data-dir.js';
import { defaultImageData, imageData, loadImages } from '../../src/data/images.js';
import { newFolder, writeCifar10 } from './image-files.js';

const root = newFolder('load-images');
const shared = findDataDir();
const empty = join(root, 'empty');
beforeAll(() => {
  mkdirSync(empty);
  writeCifar10(join(root, 'data'), [[0, 1], [0, 1], [0, 1], [0, 1], [0, 1], [5]]);
});
afterAll(() => rmSync(root, { recursive: true }));
afterEach(() => vi.unstubAllEnvs());

describe('loadImages', () => {
  it('loads by name, all or a stratified part', async () => {
    const dataDir = join(root, 'data');
    const all = await loadImages('cifar10', 'train', { dataDir });
    expect(all.length).toBe(10);
    const part = await loadImages('cifar10', 'train', { dataDir, limit: 4 });
    expect([...part.labels].sort()).toEqual([0, 0, 1, 1]);
    expect((await loadImages('cifar10', 'train', { dataDir, limit: 99 })).provenance).toEqual(all.provenance);
    const other = await loadImages('cifar10', 'train', { dataDir, limit: 4, seed: 1 });
    expect(other.provenance.sha256).not.toBe(part.provenance.sha256);
  });

  it('generates where that is asked for', async () => {
    const set = await loadImages('generated', 'test', { limit: 20, size: 16 });
    expect(set).toMatchObject({ length: 20, height: 16, name: 'generated images test' });
    expect(set.provenance.generated).toBe(true);
  });

  it('suggests the name that was meant', () => {
    expect(() => imageData('cifar-10')).toThrow('There is no image data "cifar-10".');
    for (const [wrong, right] of [
      ['cifar-10', 'cifar10'],
      ['Cifar100', 'cifar100'],
      ['imagenet', 'imagenet100'],
    ])
      expect(() => imageData(wrong ?? '')).toThrow(
        expect.objectContaining({ hint: expect.stringContaining(`Did you mean "${right}"?`) as string }),
      );
    expect(() => imageData('folder:')).toThrow('There is no image data');
    expect(imageData('folder:/a/b').title).toBe('b');
  });

  it('says where it looked for what is missing, and how to get it', async () => {
    await expect(loadImages('cifar100', 'train', { dataDir: empty })).rejects.toMatchObject({
      message: `CIFAR-100 was not found: none of cifar-100-binary is in ${empty}.`,
      hint: expect.stringContaining('care data fetch cifar100') as string,
    });
    await expect(loadImages('imagenet100', 'train', { dataDir: empty })).rejects.toMatchObject({
      hint: expect.stringContaining('docs/data.md') as string,
    });
    vi.stubEnv('CARE_DATA_DIR', join(root, 'nowhere'));
    await expect(loadImages('cifar10', 'train')).rejects.toThrow(
      'the data folder in CARE_DATA_DIR does not exist',
    );
    await expect(loadImages('folder:/no/such/set', 'train')).rejects.toThrow('set was not found');
  });

  it('refuses splits, sizes and limits that there are not', async () => {
    const dataDir = join(root, 'data');
    await expect(loadImages('cifar10', 'unlabeled', { dataDir })).rejects.toThrow(
      'cifar10 has no split "unlabeled"',
    );
    await expect(loadImages('cifar10', 'train', { dataDir, size: 64 })).rejects.toThrow(
      'its images are 32 x 32',
    );
    await expect(loadImages('cifar10', 'train', { dataDir, limit: 0 })).rejects.toThrow(
      'A limit of 0 images',
    );
    await expect(loadImages('generated', 'train', { size: 4 })).rejects.toThrow('size 4');
  });

  it('has a default: what is found first, else generated images', () => {
    expect(defaultImageData(join(root, 'data'))).toBe('cifar10');
    expect(defaultImageData(empty)).toBe('generated');
    expect(defaultImageData(join(root, 'data'), ['stl10'])).toBe('generated');
  });
});

const archive = shared !== undefined && existsSync(join(shared, 'flowers5-128.tar.gz'));
describe.skipIf(!archive)('the archives of the sample (skipped without data)', () => {
  it('give flowers of five classes', async () => {
    vi.stubEnv('CARE_CACHE_DIR', join(root, 'cache'));
    const remarks: string[] = [];
    const onRemark = (remark: string): void => void remarks.push(remark);
    const train = await loadImages('flowers5', 'train', { limit: 100, size: 32, onRemark });
    expect(train.classNames).toEqual(['daisy', 'dandelion', 'rose', 'sunflower', 'tulip']);
    // 764, 1052, 784, 733, 984 of 4,317 images: shares of a hundred.
    const counts = [0, 1, 2, 3, 4].map((label) => train.labels.filter((each) => each === label).length);
    [17.7, 24.4, 18.2, 17, 22.8].forEach((share, at) =>
      expect(Math.abs((counts[at] ?? 0) - share)).toBeLessThan(1.5),
    );
    expect(remarks[0]).toContain('flowers5-128.tar.gz has no split of its own');
    const pixels = train.batch([0, 50, 99]);
    expect(new Set(pixels).size).toBeGreaterThan(100);
  });

  it('give CIFAR-10 as JPEG near to the lossless images', async () => {
    vi.stubEnv('CARE_CACHE_DIR', join(root, 'cache'));
    const jpeg = await loadImages('cifar10-jpeg', 'test', { limit: 300 });
    const exact = await loadImages('cifar10', 'test');
    const all = Array.from({ length: exact.length }, (_, at) => [...exact.batch([at])]);
    let near = 0;
    for (let index = 0; index < jpeg.length; index++) {
      const pixels = jpeg.batch([index]);
      const best = all.findIndex((other, at) => {
        if (exact.classNames[exact.labels[at] ?? -1] !== jpeg.classNames[jpeg.labels[index] ?? -1])
          return false;
        return other.reduce((sum, value, byte) => sum + Math.abs(value - (pixels[byte] ?? 0)), 0) / 3072 < 8;
      });
      if (best >= 0) near += 1;
    }
    // A tenth of the official test images are in the lossless sample.
    expect(near).toBeGreaterThan(10);
  });
});
