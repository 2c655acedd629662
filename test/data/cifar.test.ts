import { existsSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, describe, expect, it } from 'vitest';

import { CIFAR_10, CIFAR_100, loadCifar } from '../../src/data/cifar.js';
import { findDataDir } from '../../src/data/data-dir.js';
import { cifarRecord, newFolder, patternByte, writeCifar10, writeFiles } from './image-files.js';

const root = newFolder('cifar');
afterAll(() => rmSync(root, { recursive: true }));

describe('CIFAR-10 in its binary version', () => {
  it('is read record by record, planes to interleaved pixels', () => {
    const dataDir = join(root, 'good');
    writeCifar10(dataDir, [[3, 9], [0], [1], [2], [4], [7, 8]]);
    const train = loadCifar(CIFAR_10, 'train', dataDir);
    expect([...train.labels]).toEqual([3, 9, 0, 1, 2, 4]);
    expect(train.classNames[9]).toBe('class9');
    const pixels = train.batch([4]);
    for (const [y, x, channel] of [
      [0, 0, 0],
      [31, 31, 2],
      [5, 17, 1],
      [17, 5, 2],
    ] as const) {
      expect(pixels[(y * 32 + x) * 3 + channel]).toBe(patternByte(4, channel, y, x));
    }
    const test = loadCifar(CIFAR_10, 'test', dataDir);
    expect([...test.labels]).toEqual([7, 8]);
    expect(test.batch([1])[0]).toBe(patternByte(7, 0, 0, 0));
    expect(test.provenance.sha256).not.toBe(train.provenance.sha256);
    expect(test.files.map(({ name }) => name)).toEqual([
      'cifar-10-batches-bin/batches.meta.txt',
      'cifar-10-batches-bin/test_batch.bin',
    ]);
  });

  it('refuses a file that is no whole number of records, and names the byte', () => {
    const dataDir = join(root, 'short');
    writeCifar10(dataDir, [[1], [1, 2], [1], [1], [1], [1]]);
    truncateSync(join(dataDir, 'cifar-10-batches-bin/data_batch_2.bin'), 6000);
    expect(() => loadCifar(CIFAR_10, 'train', dataDir)).toThrow(
      'cifar-10-batches-bin/data_batch_2.bin: its 6000 bytes are no whole number of records of 3073 bytes: the last one, at byte 3073, is cut off.',
    );
    writeFileSync(join(dataDir, 'cifar-10-batches-bin/data_batch_2.bin'), '');
    expect(() => loadCifar(CIFAR_10, 'train', dataDir)).toThrow('data_batch_2.bin: the file is empty');
    rmSync(join(dataDir, 'cifar-10-batches-bin/data_batch_2.bin'));
    expect(() => loadCifar(CIFAR_10, 'train', dataDir)).toThrow('there is no such file');
  });

  it('refuses a label out of range, and names the byte', () => {
    const dataDir = join(root, 'label');
    writeCifar10(dataDir, [[1], [1], [1, 2, 10], [1], [1], [1]]);
    expect(() => loadCifar(CIFAR_10, 'train', dataDir)).toThrow(
      'data_batch_3.bin: label 10 at byte 6146 is out of range; labels go from 0 to 9.',
    );
  });

  it('refuses a list of names that is not ten', () => {
    const dataDir = join(root, 'names');
    writeCifar10(dataDir, [[1], [1], [1], [1], [1], [1]]);
    writeFiles(dataDir, { 'cifar-10-batches-bin/batches.meta.txt': 'a\nb\n' });
    expect(() => loadCifar(CIFAR_10, 'test', dataDir)).toThrow('2 class names were found; CIFAR-10 has 10');
  });
});

describe('CIFAR-100 in its binary version', () => {
  const names = Array.from({ length: 100 }, (_, at) => `fine${at}`).join('\n');

  it('takes the fine label, the second byte', () => {
    writeFiles(root, {
      'cifar-100-binary/fine_label_names.txt': names,
      'cifar-100-binary/train.bin': Buffer.concat([cifarRecord([19, 99], 0), cifarRecord([4, 0], 1)]),
    });
    const set = loadCifar(CIFAR_100, 'train', root);
    expect([...set.labels]).toEqual([99, 0]);
    expect(set.batch([1])[4]).toBe(patternByte(1, 1, 0, 1));
  });

  it('refuses a coarse label out of range: the file is then another one', () => {
    const dataDir = join(root, 'coarse');
    writeFiles(dataDir, {
      'cifar-100-binary/fine_label_names.txt': names,
      'cifar-100-binary/test.bin': Buffer.concat([cifarRecord([19, 99], 0), cifarRecord([20, 5], 1)]),
    });
    expect(() => loadCifar(CIFAR_100, 'test', dataDir)).toThrow(
      'test.bin: label 20 at byte 3074 is out of range',
    );
  });
});

const shared = findDataDir();
const sample = shared !== undefined && existsSync(join(shared, CIFAR_10.folder)) ? shared : undefined;
describe.skipIf(sample === undefined)('the CIFAR sample (skipped without data)', () => {
  it('agrees with a loop over the bytes of the files', () => {
    const dataDir = sample ?? '';
    const set = loadCifar(CIFAR_10, 'train', dataDir);
    const raw = [1, 2, 3, 4, 5].map((number) =>
      readFileSync(join(dataDir, CIFAR_10.folder, `data_batch_${number}.bin`)),
    );
    const whole = Buffer.concat(raw);
    expect(set.length).toBe(whole.length / 3073);
    for (const index of [0, 999, 1000, set.length - 1]) {
      const record = whole.subarray(index * 3073, (index + 1) * 3073);
      expect(set.labels[index]).toBe(record[0]);
      const expected = Array.from(
        { length: 3072 },
        (_, at) => record[1 + (at % 3) * 1024 + Math.floor(at / 3)],
      );
      expect([...set.batch([index])]).toEqual(expected);
    }
    // The first training image of CIFAR-10 is a frog, the first test image a cat.
    expect(set.classNames[set.labels[0] ?? -1]).toBe('frog');
    const test = loadCifar(CIFAR_10, 'test', dataDir);
    expect(test.classNames[test.labels[0] ?? -1]).toBe('cat');
  });
});
