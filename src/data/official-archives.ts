/** Where the official archives are, and how to tell that they are whole. */
import { CIFAR_10, CIFAR_100 } from './cifar.js';
import { FLOWERS_FOLDER, FLOWERS_LABELS, FLOWERS_SPLITS } from './flowers102.js';
import type { ImageDataName } from './images.js';
import { STL_FOLDER } from './stl10.js';

/** What a file's content must hash to. */
export interface Checksum {
  readonly algorithm: 'sha256' | 'md5';
  /** Hexadecimal. */
  readonly digest: string;
}

/** A file on a server. */
export interface RemoteFile {
  readonly address: string;
  /** Name here. */
  readonly file: string;
  /** Size, for the check of free space; the checksum decides whether a file is whole. */
  readonly bytes: number;
  readonly checksum: Checksum;
}

/** A data set that can be fetched. */
export interface OfficialSet {
  readonly name: ImageDataName;
  /** Folder below the data folder in which it ends up. */
  readonly folder: string;
  /** The archive that holds that folder, or files that go into it as they are. */
  readonly source:
    | { readonly kind: 'archive'; readonly archive: RemoteFile; readonly unpackedBytes: number }
    | { readonly kind: 'files'; readonly files: readonly RemoteFile[] };
  /** Known checksums of files in the folder. */
  readonly inside: Readonly<Record<string, Checksum>>;
  /** Images of each split of the whole set. */
  readonly images: Readonly<Record<string, number>>;
}

const md5 = (digest: string): Checksum => ({ algorithm: 'md5', digest });
const TORONTO = 'https://www.cs.toronto.edu/~kriz/';
const OXFORD = 'https://www.robots.ox.ac.uk/~vgg/data/flowers/102/';
const FLOWER_IMAGES = '102flowers.tgz';
const FLOWER_SUMS = {
  [FLOWER_IMAGES]: md5('52808999861908f626f3c1f4e79d11fa'),
  [FLOWERS_LABELS]: md5('e0620be6f572b9609742df49c70aed4d'),
  [FLOWERS_SPLITS]: md5('a5357ecc9cb78c4bef273ce3793fc85c'),
};

/** The sets that `care data fetch` brings. */
export const OFFICIAL_SETS: readonly OfficialSet[] = [
  {
    name: 'cifar10',
    folder: CIFAR_10.folder,
    source: {
      kind: 'archive',
      unpackedBytes: 60_000 * 3073,
      archive: {
        address: `${TORONTO}cifar-10-binary.tar.gz`,
        file: 'cifar-10-binary.tar.gz',
        bytes: 170_052_171,
        checksum: {
          algorithm: 'sha256',
          digest: 'c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd',
        },
      },
    },
    inside: {},
    images: { train: 50_000, test: 10_000 },
  },
  {
    name: 'cifar100',
    folder: CIFAR_100.folder,
    source: {
      kind: 'archive',
      unpackedBytes: 60_000 * 3074,
      archive: {
        address: `${TORONTO}cifar-100-binary.tar.gz`,
        file: 'cifar-100-binary.tar.gz',
        bytes: 168_513_733,
        checksum: md5('03b5dce01913d631647c71ecec9e9cb8'),
      },
    },
    inside: {},
    images: { train: 50_000, test: 10_000 },
  },
  {
    name: 'stl10',
    folder: STL_FOLDER,
    source: {
      kind: 'archive',
      unpackedBytes: 113_000 * 27_649,
      archive: {
        address: 'http://ai.stanford.edu/~acoates/stl10/stl10_binary.tar.gz',
        file: 'stl10_binary.tar.gz',
        bytes: 2_700_000_000,
        checksum: md5('91f7769df0f17e558f3565bffb0c7dfb'),
      },
    },
    inside: {
      'train_X.bin': md5('918c2871b30a85fa023e0c44e0bee87f'),
      'train_y.bin': md5('5a34089d4802c674881badbb80307741'),
      'unlabeled_X.bin': md5('5242ba1fed5e4be9e1e742405eb56ca4'),
      'test_X.bin': md5('7f263ba9f9e0b06b93213547f721ac82'),
      'test_y.bin': md5('36f9794fa4beb8a2c72628de14fa638e'),
    },
    images: { train: 5000, test: 8000, unlabeled: 100_000 },
  },
  {
    name: 'flowers102',
    folder: FLOWERS_FOLDER,
    source: {
      kind: 'files',
      files: [
        [FLOWER_IMAGES, 350_000_000] as const,
        [FLOWERS_LABELS, 10_000] as const,
        [FLOWERS_SPLITS, 20_000] as const,
      ].map(([file, bytes]) => ({
        address: `${OXFORD}${file}`,
        file,
        bytes,
        checksum: FLOWER_SUMS[file],
      })),
    },
    inside: FLOWER_SUMS,
    images: { train: 2040, test: 6149 },
  },
];
