import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

import type { Machine } from '../../../src/tensorflow/setup/machine.js';
import { setUp } from '../../../src/tensorflow/setup/setup.js';
import { libraryPlan, type Variant } from '../../../src/tensorflow/setup/wheels.js';
import {
  fakeCompiler,
  fakePip,
  recordingReporter,
  rejection,
  temporaryFolder,
  TINY_PLAN,
  tinyWheel,
} from './fakes.js';

const MACHINE: Machine = { os: 'linux', arch: 'x64', glibc: '2.36', cpuFlags: ['avx'] };

function scene() {
  const folder = temporaryFolder();
  const [bin, cache, packageFolder] = [join(folder, 'bin'), join(folder, 'cache'), join(folder, 'tfjs')];
  const [pipLog, compilerLog] = [join(folder, 'pip.log'), join(folder, 'g++.log')];
  mkdirSync(join(packageFolder, 'binding'), { recursive: true });
  for (const name of ['tfjs_backend.cc', 'tfjs_binding.cc'])
    writeFileSync(join(packageFolder, 'binding', name), '');
  fakePip(bin, tinyWheel(folder), pipLog);
  fakeCompiler(bin, compilerLog);
  const lines = (log: string) => (existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n').length : 0);
  const options = {
    env: { PATH: bin, CARE_CACHE_DIR: cache },
    packageFolder,
    machine: MACHINE,
    reporter: recordingReporter(),
    plan: (variant: Variant) => ({ ...TINY_PLAN, variant }),
    probe: () => Promise.resolve('2.21.0'),
  };
  return {
    folder,
    bin,
    cache,
    options,
    downloads: () => lines(pipLog),
    compilations: () => lines(compilerLog),
  };
}

describe('setUp', () => {
  test('first makes all, then nothing, and needs no other program then', async () => {
    const { options, cache, downloads } = scene();
    const first = await setUp(options);
    expect(first).toMatchObject({ tensorflow: '2.21.0', cache, made: ['library', 'binding'] });
    const began = performance.now();
    const again = await setUp({ ...options, env: { ...options.env, PATH: '' } });
    expect(performance.now() - began).toBeLessThan(500);
    expect(again).toEqual({ ...first, made: [] });
    expect(downloads()).toBe(1);
  });

  test('a second checkout with the same cache downloads nothing', async () => {
    const { options, downloads } = scene();
    await setUp(options);
    const clone = scene();
    const env = { ...clone.options.env, CARE_CACHE_DIR: options.env.CARE_CACHE_DIR };
    expect((await setUp({ ...clone.options, env })).made).toEqual(['binding']);
    expect([downloads(), clone.downloads()]).toEqual([1, 0]);
  });

  test('two at once in one checkout do the work once', async () => {
    const { options, downloads, compilations } = scene();
    await Promise.all([setUp(options), setUp({ ...options, reporter: recordingReporter() })]);
    expect(downloads()).toBe(1);
    // One call for the binding, one for the preload addon.
    expect(compilations()).toBe(2);
  });

  test('a missing compiler is found out before the download', async () => {
    const { bin, options, downloads } = scene();
    writeFileSync(join(bin, 'g++'), 'no program');
    const withoutCompiler = { ...options, env: { ...options.env, CXX: 'no-such-compiler' } };
    expect((await rejection(setUp(withoutCompiler))).message).toMatch(/no C\+\+ compiler/);
    expect(downloads()).toBe(0);
  });

  test('--gpu stays in force for later set-ups, until --cpu', async () => {
    const { options, cache } = scene();
    expect((await setUp({ ...options, variant: 'gpu' })).library.kind).toBe('gpu');
    expect(await setUp(options)).toMatchObject({ library: { kind: 'gpu' }, made: [] });
    expect((await setUp({ ...options, variant: 'cpu' })).library.kind).toBe('cpu');
    expect((await setUp(options)).library.kind).toBe('cpu');
    expect(readdirSync(join(cache, 'tensorflow')).sort()).toEqual(['1.0-cpu-x64', '1.0-gpu-x64']);
  });

  test("the user's own library is used as it is, and stays in use when the variable is gone", async () => {
    const { options, folder, downloads } = scene();
    const { library } = await setUp(options);
    const env = { ...options.env, CARE_TENSORFLOW_DIR: library.folder, CARE_CACHE_DIR: join(folder, 'none') };
    const own = await setUp({ ...options, env });
    expect(own).toMatchObject({ library: { kind: 'own', folder: library.folder }, made: ['binding'] });
    const later = await setUp({ ...options, env: { ...env, CARE_TENSORFLOW_DIR: '' } });
    expect(later).toMatchObject({ library: { kind: 'own' }, made: [] });
    expect(downloads()).toBe(1);
    expect(existsSync(join(folder, 'none'))).toBe(false);
  });

  test('force makes all anew', async () => {
    const { options, downloads, compilations } = scene();
    await setUp(options);
    expect((await setUp({ ...options, force: true })).made).toEqual(['library', 'binding']);
    expect([downloads(), compilations()]).toEqual([2, 4]);
  });

  test.skipIf(!existsSync('/proc/self'))(
    'a cache that can hold no folder is an error, not a hang',
    async () => {
      const { options } = scene();
      const env = { ...options.env, CARE_CACHE_DIR: '/proc/care-test' };
      const error = await rejection(setUp({ ...options, env }));
      expect(error.message).toBe('/proc/care-test cannot be made: no folder can be made there.');
      expect(error.hint).toMatch(/CARE_CACHE_DIR/);
    },
  );

  test('an unsupported machine is refused before anything is done', async () => {
    const { options, cache } = scene();
    const error = await rejection(setUp({ ...options, machine: { ...MACHINE, arch: 'ppc64' } }));
    expect(error.message).toContain('ppc64');
    expect(existsSync(cache)).toBe(false);
  });
});

describe('the pinned wheels', () => {
  const plans = [libraryPlan('cpu', 'x64'), libraryPlan('cpu', 'arm64'), libraryPlan('gpu', 'x64')];

  test('each is one exact file', () => {
    for (const { wheels } of plans) {
      for (const { sha256, version } of wheels) {
        expect(sha256).toMatch(/^[0-9a-f]{64}$/);
        expect(version).toMatch(/^[\d.]+$/);
      }
    }
    const hashes = plans.flatMap(({ wheels }) => wheels.map(({ sha256 }) => sha256));
    expect(new Set(hashes).size).toBe(hashes.length);
  });

  test('of TensorFlow, the two libraries and the headers of the C interface are taken', () => {
    const members = libraryPlan('cpu', 'x64').wheels[0]?.members ?? /$^/;
    for (const wanted of [
      'tensorflow/libtensorflow_cc.so.2',
      'tensorflow/libtensorflow_framework.so.2',
      'tensorflow/include/tensorflow/c/eager/c_api.h',
      'tensorflow/include/xla/tsl/c/tsl_status.h',
      'tensorflow/include/tsl/platform/ctstring_internal.h',
      'tensorflow/include/tensorflow/core/platform/ctstring.h',
    ]) {
      expect(wanted).toMatch(members);
    }
    for (const other of [
      'tensorflow/python/x.so',
      'tensorflow/include/Eigen/Core',
      'tensorflow/libtensorflow_cc.so.2.txt',
    ]) {
      expect(other).not.toMatch(members);
    }
  });

  test('of the NVIDIA wheels, the libraries go beside TensorFlow as its rpath expects', () => {
    const members = libraryPlan('gpu', 'x64').wheels[1]?.members ?? /$^/;
    expect('nvidia/cublas/lib/libcublas.so.12').toMatch(members);
    expect('nvidia/cuda_nvcc/bin/ptxas').toMatch(members);
    expect('nvidia/cublas/include/cublas.h').not.toMatch(members);
  });
});
