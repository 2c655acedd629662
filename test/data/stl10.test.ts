import { rmSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, describe, expect, it } from 'vitest';

import { loadImages } from '../../src/data/images.js';
import { convertRecord, loadStl10 } from '../../src/data/stl10.js';
import { newFolder, patternByte, writeFiles } from './image-files.js';

const root = newFolder('stl');
afterAll(() => rmSync(root, { recursive: true }));

/** A record as the official description has it: channel, then column by column. */
function stlRecord(image: number): Buffer {
  const bytes: number[] = [];
  for (let channel = 0; channel < 3; channel++)
    for (let column = 0; column < 96; column++)
      for (let row = 0; row < 96; row++) bytes.push(patternByte(image, channel, row, column));
  return Buffer.from(bytes);
}

function writeStl(dataDir: string, labels: readonly number[], images = labels.length): void {
  writeFiles(dataDir, {
    'stl10_binary/class_names.txt': 'airplane\nbird\ncar\ncat\ndeer\ndog\nhorse\nmonkey\nship\ntruck\n',
    'stl10_binary/train_X.bin': Buffer.concat(Array.from({ length: images }, (_, image) => stlRecord(image))),
    'stl10_binary/train_y.bin': Buffer.from(labels),
    'stl10_binary/unlabeled_X.bin': Buffer.concat([stlRecord(5), stlRecord(6), stlRecord(7)]),
  });
}

describe('STL-10 in its binary version', () => {
  it('is column-major with labels from 1', async () => {
    writeStl(root, [1, 10, 4]);
    const set = await loadStl10('train', root);
    expect(set).toMatchObject({ length: 3, height: 96, width: 96, name: 'STL-10 train' });
    expect([...set.labels]).toEqual([0, 9, 3]);
    expect(set.classNames).toHaveLength(10);
    const pixels = set.batch([2]);
    for (let y = 0; y < 96; y += 5)
      for (let x = 0; x < 96; x += 7)
        for (let channel = 0; channel < 3; channel++)
          expect(pixels[(y * 96 + x) * 3 + channel]).toBe(patternByte(2, channel, y, x));
  });

  it.each([32, 48, 24])('comes to %i x %i as the means of boxes', async (size) => {
    writeStl(root, [1, 2]);
    const pixels = (await loadStl10('train', root, size)).batch([1]);
    const box = 96 / size;
    for (let y = 0; y < size; y += 3)
      for (let x = 0; x < size; x += 5) {
        let sum = 0;
        for (let row = 0; row < box; row++)
          for (let column = 0; column < box; column++)
            sum += patternByte(1, 1, y * box + row, x * box + column);
        expect(pixels[(y * size + x) * 3 + 1]).toBe(Math.round(sum / box ** 2));
      }
  });

  it('gives the same images read one by one from the disk', async () => {
    writeStl(root, [1, 2, 3]);
    for (const size of [96, 32]) {
      const whole = await loadStl10('train', root, size);
      const onDisk = await loadStl10('train', root, size, 1000);
      expect(onDisk.batch([2, 0])).toEqual(whole.batch([2, 0]));
      expect(onDisk.provenance).toEqual(whole.provenance);
    }
  });

  it('leaves a plain image plain at every size', () => {
    const target = new Uint8Array(32 * 32 * 3);
    convertRecord(new Uint8Array(3 * 96 * 96).fill(255), 32, target, 0);
    expect(target.every((byte) => byte === 255)).toBe(true);
  });

  it('has unlabeled images, with a limit too', async () => {
    writeStl(root, [1]);
    const set = await loadImages('stl10', 'unlabeled', { dataDir: root, size: 32 });
    expect([...set.labels]).toEqual([-1, -1, -1]);
    const part = await loadImages('stl10', 'unlabeled', { dataDir: root, size: 32, limit: 2 });
    expect(part.length).toBe(2);
    expect(part.provenance.sha256).not.toBe(set.provenance.sha256);
  });

  it('refuses labels and files that do not fit', async () => {
    const dataDir = join(root, 'bad');
    writeStl(dataDir, [1, 11]);
    await expect(loadStl10('train', dataDir)).rejects.toThrow(
      'stl10_binary/train_y.bin: label 11 at byte 1 is out of range; labels go from 1 to 10.',
    );
    writeStl(dataDir, [1, 0]);
    await expect(loadStl10('train', dataDir)).rejects.toThrow('label 0 at byte 1');
    writeStl(dataDir, [1, 2], 3);
    await expect(loadStl10('train', dataDir)).rejects.toThrow('2 labels for 3 images');
    await expect(loadStl10('test', dataDir)).rejects.toThrow('test_X.bin: there is no such file');
    await expect(loadStl10('train', dataDir, 40)).rejects.toThrow('STL-10 was asked for at size 40');
  });
});
