/** `care data list | fetch | verify`: image data on this machine. */
import { dirname, join, resolve } from 'node:path';
import type { Command } from 'commander';
import { closest } from '../data/closest.js';
import { findDataDir } from '../data/data-dir.js';
import { fetchImages } from '../data/fetch-images.js';
import { SHAPE_NAMES } from '../data/image-shapes.js';
import { findImageData, IMAGE_DATA, imageData, type ImageData } from '../data/images.js';
import {
  listImageData,
  verifyImageData,
  type ImageCheck,
  type ImageDataSummary,
} from '../data/inspect-images.js';
import { OFFICIAL_SETS, type OfficialSet } from '../data/official-archives.js';
import { UserError } from '../runs/user-error.js';
import { terminalReporter } from './setup.js';
import { textTable, wrapped, type TextColumn } from './text-table.js';

interface DataOptions {
  readonly dir?: string;
  readonly json?: boolean;
}

interface FetchOptions extends DataOptions {
  readonly mirror?: string;
  readonly keep?: boolean;
  readonly force?: boolean;
}

interface VerifyOptions extends DataOptions {
  readonly decode?: boolean;
}

const LAYOUTS = `
Layouts below the data folder (docs/data.md has more):
  cifar-10-batches-bin/, cifar-100-binary/, stl10_binary/   official binary files
  flowers-102/      102flowers.tgz, imagelabels.mat, setid.mat; or <class>/*.jpg
  imagenet100/      train/<class>/*.jpg and val/<class>/*.jpg
  flowers5-128.tar.gz, cifar10-jpeg.tar.gz                  archives of image folders
`;

const FETCH_EXAMPLES = `
Examples:
  care data fetch cifar10 --dir ~/data     then: export CARE_DATA_DIR=~/data
  care data fetch cifar10 cifar100         into the data folder that is set
  care data fetch stl10 --mirror https://example.org/stl10/
An interrupted download goes on where it stopped when the command is run again.
`;

const VERIFY_EXAMPLES = `
Examples:
  care data verify                         all that is found
  care data verify flowers5 --decode       every image of it is decoded, too
  care data verify folder:/some/images
`;

const LIST_COLUMNS: readonly TextColumn[] = [
  { title: 'name' },
  { title: 'where', shrinkTo: 12 },
  { title: 'split' },
  { title: 'images', align: 'right' },
  { title: 'classes', align: 'right' },
  { title: 'size', align: 'right' },
  { title: 'sha256' },
];

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

function count(value: number): string {
  return value.toLocaleString('en');
}

function listRows({ name, place, size, splits, problem }: ImageDataSummary): readonly (readonly string[])[] {
  if (problem !== undefined) return [[name, place, 'unusable', '', '', '', '']];
  return splits.map(({ split, images, classes, sha256 }, index) => [
    index === 0 ? name : '',
    index === 0 ? place : '',
    split,
    count(images),
    split === 'unlabeled' ? '-' : count(classes),
    String(size),
    sha256?.slice(0, 8) ?? '-',
  ]);
}

const GENERATED: ImageDataSummary = {
  name: 'generated',
  title: 'generated images',
  place: '(made when asked for)',
  size: 32,
  splits: [
    { split: 'train', images: 5000, classes: SHAPE_NAMES.length, sha256: null },
    { split: 'test', images: 1000, classes: SHAPE_NAMES.length, sha256: null },
  ],
};

async function list({ dir, json }: DataOptions): Promise<void> {
  const dataDir = findDataDir(dir);
  const found = dataDir === undefined ? [] : await listImageData(dataDir);
  if (json === true) {
    print(JSON.stringify({ dataDir: dataDir ?? null, found }, null, 2));
    return;
  }
  print(textTable(LIST_COLUMNS, [...found, GENERATED].flatMap(listRows)));
  print(`\nData folder: ${dataDir ?? 'none (set CARE_DATA_DIR, or give --dir)'}`);
  for (const { name, problem } of found) if (problem !== undefined) print(wrapped(`${name}: ${problem}`, ''));
  const absent = IMAGE_DATA.filter(
    (name) => name !== 'generated' && !found.some((summary) => summary.name === name),
  );
  if (absent.length === 0) return;
  const canFetch = absent.filter((name) => OFFICIAL_SETS.some((set) => set.name === name));
  const how = canFetch.length === 0 ? '' : ` (care data fetch ${canFetch.join(' ')})`;
  print(wrapped(`Not found: ${absent.join(', ')}${how}.`, ''));
}

function officialSet(name: string): OfficialSet {
  const names = OFFICIAL_SETS.map((set) => set.name);
  const set = OFFICIAL_SETS.find((each) => each.name === name);
  if (set !== undefined) return set;
  if (IMAGE_DATA.some((known) => known === name)) {
    throw new UserError(
      `${name} cannot be fetched: there is no official archive without an account.`,
      name === 'generated'
        ? 'Generated images need no files.'
        : `Put it into the data folder yourself (docs/data.md). To fetch there is ${names.join(', ')}.`,
    );
  }
  const near = closest(name, names);
  throw new UserError(
    `There is no data set "${name}" to fetch.`,
    `${near === null ? '' : `Did you mean "${near}"? `}There is ${names.join(', ')}.`,
  );
}

/** Where to fetch to. A folder that is named need not exist yet. */
function fetchDir(dir: string | undefined): string {
  if (dir !== undefined) return resolve(dir);
  const found = findDataDir();
  if (found !== undefined) return found;
  throw new UserError(
    'There is no data folder to fetch into.',
    'Name one: --dir <folder>, or set CARE_DATA_DIR to it.',
  );
}

async function fetchAll(names: readonly string[], options: FetchOptions): Promise<void> {
  const sets = names.map(officialSet);
  const dir = fetchDir(options.dir);
  for (const set of sets) {
    const result = await fetchImages(set, {
      dir,
      reporter: terminalReporter(),
      keepArchive: options.keep === true,
      force: options.force === true,
      ...(options.mirror === undefined ? {} : { mirror: options.mirror }),
    });
    const folder = join(dir, set.folder);
    print(result === 'fetched' ? `${set.name} is in ${folder}` : `${set.name} is already in ${folder}`);
    const checks = await verifyImageData(imageData(set.name), folder, dir);
    printChecks(checks);
    if (checks.some(({ result: each }) => each === 'wrong')) process.exitCode = 1;
    if (result === 'present' && checks.some((each) => each.name === 'official' && each.result !== 'ok')) {
      print('  --force fetches it anew and replaces the folder.');
    }
  }
}

const MARKS: Readonly<Record<ImageCheck['result'], string>> = { ok: 'ok', wrong: 'WRONG', absent: '-' };

function printChecks(checks: readonly ImageCheck[]): void {
  for (const { name, result, detail } of checks) {
    const indent = ' '.repeat(18);
    print(`  ${name.padEnd(8)}  ${MARKS[result].padEnd(5)} ${wrapped(detail, indent).slice(indent.length)}`);
  }
}

interface Found {
  readonly data: ImageData;
  readonly root: string;
  readonly dataDir: string;
}

/** The data sets to check: those that are named, which must be there, or all that are found. */
function chosenData(names: readonly string[], dir: string | undefined): readonly Found[] {
  const dataDir = findDataDir(dir);
  const wanted = names.length > 0 ? names : IMAGE_DATA;
  return wanted.flatMap((name) => {
    const data = imageData(name);
    const root = findImageData(data, dataDir);
    if (root !== undefined) {
      const isFolderOfItsOwn = data.name.startsWith('folder:') || dataDir === undefined;
      return [{ data, root, dataDir: isFolderOfItsOwn ? dirname(root) : dataDir }];
    }
    if (names.length === 0 || name === 'generated') return [];
    throw new UserError(
      `${name} was not found: none of ${data.places.join(', ')} is in ${dataDir ?? 'a data folder (CARE_DATA_DIR is not set)'}.`,
      data.canFetch ? `Fetch it: care data fetch ${name}.` : 'docs/data.md says where to put it.',
    );
  });
}

async function verify(names: readonly string[], options: VerifyOptions): Promise<void> {
  const chosen = chosenData(names, options.dir);
  const results: { name: string; place: string; checks: readonly ImageCheck[] }[] = [];
  for (const { data, root, dataDir } of chosen) {
    const checks = await verifyImageData(data, root, dataDir, { decode: options.decode === true });
    results.push({ name: data.name, place: root, checks });
    if (options.json === true) continue;
    const isWrong = checks.some(({ result }) => result === 'wrong');
    print(`${data.name}: ${isWrong ? 'WRONG' : 'ok'}`);
    printChecks(checks);
  }
  const wrong = results.filter(({ checks }) => checks.some(({ result }) => result === 'wrong')).length;
  if (options.json === true) print(JSON.stringify(results, null, 2));
  else {
    const sets = results.length === 1 ? '1 data set' : `${results.length} data sets`;
    print(`\n${sets} checked: ${wrong === 0 ? 'all ok' : `${wrong} wrong`}.`);
  }
  if (wrong > 0) process.exitCode = 1;
}

/** Adds `care data` with its commands to the program. */
export function registerData(program: Command): void {
  const data = program
    .command('data')
    .description('image data: what is here, fetch official archives, check');
  const add = (nameAndArguments: string, description: string): Command =>
    data
      .command(nameAndArguments)
      .description(description)
      .option('--dir <folder>', 'the data folder (default: CARE_DATA_DIR, then ../shared/data)');

  add('list', 'the data sets that are found, with splits and sizes')
    .option('--json', 'print JSON')
    .action(list);
  add('fetch <names...>', `fetch official archives: ${OFFICIAL_SETS.map(({ name }) => name).join(', ')}`)
    .option('--mirror <address>', 'take the files from there instead; checksums stay the official ones')
    .option('--keep', 'keep the archive after it was unpacked')
    .option('--force', 'fetch although the folder is there, and replace it')
    .addHelpText('after', FETCH_EXAMPLES)
    .action(fetchAll);
  add('verify [names...]', 'check sizes, labels and checksums; exit code 1 when something is wrong')
    .option('--decode', 'also decode every image of image folders and archives')
    .option('--json', 'print JSON')
    .addHelpText('after', VERIFY_EXAMPLES)
    .action(verify);
  data.addHelpText('after', LAYOUTS);
}
