import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

import { explainFileError, SetupError } from '../../../src/tensorflow/setup/error.js';
import {
  cachedLibrary,
  cacheFolder,
  fetchLibrary,
  ownLibrary,
} from '../../../src/tensorflow/setup/library.js';
import { stagingPath } from '../../../src/tensorflow/setup/staging.js';
import {
  fakePip,
  fakeProgram,
  PIP_VERSION,
  recordingReporter,
  rejection,
  temporaryFolder,
  TINY_PLAN,
  tinyWheel,
} from './fakes.js';

function scene(before = '') {
  const folder = temporaryFolder();
  const [bin, cache, log] = [join(folder, 'bin'), join(folder, 'cache'), join(folder, 'log')];
  fakePip(bin, tinyWheel(folder), log, before);
  const reporter = recordingReporter();
  const downloads = () => (existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n').length : 0);
  return { folder, bin, cache, reporter, downloads, options: { cache, reporter, env: { PATH: bin } } };
}

test.each([
  [{ CARE_CACHE_DIR: '/a', XDG_CACHE_HOME: '/b', HOME: '/c' }, '/a'],
  [{ XDG_CACHE_HOME: '/b', HOME: '/c' }, '/b/care'],
  [{ HOME: '/c' }, '/c/.cache/care'],
])('the cache folder of %o is %s', (env, expected) => {
  expect(cacheFolder(env)).toBe(expected);
});

describe('fetchLibrary', () => {
  test('leaves the wanted files and the manifest, and nothing else', async () => {
    const { cache, options } = scene();
    const library = await fetchLibrary(TINY_PLAN, options);
    expect(library).toEqual({ kind: 'cpu', folder: join(cache, 'tensorflow/1.0-cpu-x64/tensorflow') });
    expect(readFileSync(join(library.folder, 'libtensorflow_cc.so.2'), 'utf8')).toBe('cc '.repeat(5000));
    expect(existsSync(join(library.folder, 'python'))).toBe(false);
    expect(readdirSync(join(cache, 'tensorflow'))).toEqual(['1.0-cpu-x64']);
    expect(readdirSync(join(cache, 'tensorflow/1.0-cpu-x64')).sort()).toEqual([
      'manifest.json',
      'tensorflow',
    ]);
    expect(ownLibrary(library.folder).folder).toBe(library.folder);
  });

  test('downloads once; a second call and a look at the cache need no program', async () => {
    const { cache, options, downloads } = scene();
    const library = await fetchLibrary(TINY_PLAN, options);
    expect(await fetchLibrary(TINY_PLAN, { ...options, env: { PATH: '' } })).toEqual(library);
    expect(cachedLibrary(TINY_PLAN, cache)).toEqual(library);
    expect(downloads()).toBe(1);
    await fetchLibrary(TINY_PLAN, { ...options, force: true });
    expect(downloads()).toBe(2);
  });

  test.each([
    ['a file cut short', (root: string) => truncateSync(join(root, 'tensorflow/libtensorflow_cc.so.2'), 10)],
    ['a manifest cut short', (root: string) => truncateSync(join(root, 'manifest.json'), 30)],
    [
      'a manifest of another pin',
      (root: string) => {
        const file = join(root, 'manifest.json');
        writeFileSync(file, readFileSync(file, 'utf8').replaceAll('ab', 'cd'));
      },
    ],
  ])('%s is not taken for complete, and is fetched anew', async (_, damage) => {
    const { cache, options, downloads } = scene();
    await fetchLibrary(TINY_PLAN, options);
    damage(join(cache, 'tensorflow/1.0-cpu-x64'));
    expect(cachedLibrary(TINY_PLAN, cache)).toBeNull();
    await fetchLibrary(TINY_PLAN, options);
    expect(cachedLibrary(TINY_PLAN, cache)).not.toBeNull();
    expect(downloads()).toBe(2);
  });

  test('two at once download once; the second waits and says so', async () => {
    const { options, downloads } = scene(
      'Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 800);',
    );
    const second = recordingReporter();
    const [a, b] = await Promise.all([
      fetchLibrary(TINY_PLAN, options),
      fetchLibrary(TINY_PLAN, { ...options, reporter: second }),
    ]);
    expect(a).toEqual(b);
    expect(downloads()).toBe(1);
    expect(second.said).toEqual([expect.stringMatching(new RegExp(`Waiting for process ${process.pid}`))]);
  });

  test('after one that was killed: its lock and its half of the work are cleared away', async () => {
    const { cache, options } = scene();
    const dead = spawnSync(process.execPath, ['-e', '']).pid;
    const root = join(cache, 'tensorflow/1.0-cpu-x64');
    const leftover = stagingPath(root).replace(`-${process.pid}-`, `-${dead}-`);
    mkdirSync(join(leftover, 'tensorflow'), { recursive: true });
    writeFileSync(join(leftover, 'tensorflow/libtensorflow_cc.so.2'), 'half');
    writeFileSync(`${root}.lock`, JSON.stringify({ pid: dead, host: hostname(), start: null }));
    await fetchLibrary(TINY_PLAN, options);
    expect(readdirSync(join(cache, 'tensorflow'))).toEqual(['1.0-cpu-x64']);
  });

  test('a failed download leaves nothing', async () => {
    const { cache, bin, options, reporter } = scene();
    fakeProgram(
      bin,
      'python3',
      `${PIP_VERSION} console.error('THESE PACKAGES DO NOT MATCH THE HASHES'); process.exit(1);`,
    );
    const error = await rejection(fetchLibrary(TINY_PLAN, options));
    expect(error.message).toMatch(/not the pinned one/);
    expect(readdirSync(join(cache, 'tensorflow'))).toEqual([]);
    // The progress display was closed all the same, so the message is not written into a bar.
    expect(reporter.ended).toEqual(['Downloading tiny 1.0']);
  });

  test('a failed forced fetch keeps the library that is there', async () => {
    const { cache, bin, options } = scene();
    await fetchLibrary(TINY_PLAN, options);
    fakeProgram(bin, 'python3', `${PIP_VERSION} process.exit(1);`);
    await rejection(fetchLibrary(TINY_PLAN, { ...options, force: true }));
    expect(cachedLibrary(TINY_PLAN, cache)).not.toBeNull();
  });

  test('too little room is found out before the download', async () => {
    const { options, downloads } = scene();
    const error = await rejection(fetchLibrary({ ...TINY_PLAN, spaceBytes: 1e18 }, options));
    expect(error.message).toMatch(/disk is too full.*1000000000\.0 GB/);
    expect(error.hint).toContain('CARE_CACHE_DIR');
    expect(downloads()).toBe(0);
  });

  test('a cache that is a file is a clear error', async () => {
    const { folder, options } = scene();
    const file = join(folder, 'a-file');
    writeFileSync(file, '');
    const error = await rejection(fetchLibrary(TINY_PLAN, { ...options, cache: file }));
    expect(error.name).toBe('SetupError');
    expect(error.message).toContain(file);
  });
});

test('file system errors say what is wrong and where', () => {
  const failure = (code: string) => Object.assign(new Error(code), { code, path: '/c/x' });
  const explained = (code: string) => explainFileError(failure(code), '/c') as SetupError;
  expect(explained('ENOSPC').message).toMatch(/disk is full.*\/c\/x/);
  expect(explained('EROFS').message).toMatch(/\/c\/x.*read-only/);
  expect(explained('EACCES').message).toMatch(/\/c\/x.*may not write/);
  expect(explained('EACCES').hint).toContain('CARE_CACHE_DIR');
  const other = failure('EIO');
  expect(explainFileError(other, '/c')).toBe(other);
});

test('a folder of the user without the library is refused with what is missing', () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'libtensorflow_cc.so.2'), '');
  expect(() => ownLibrary(folder)).toThrow(/libtensorflow_framework\.so\.2.*c_api\.h not found/);
  expect(() => ownLibrary(folder)).not.toThrow(/libtensorflow_cc/);
});
