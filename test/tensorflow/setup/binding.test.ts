import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

import { bindingPath } from '../../../src/tensorflow/engine.js';
import {
  buildBinding,
  currentBinding,
  findCompiler,
  probeBinding,
  readStamp,
} from '../../../src/tensorflow/setup/binding.js';
import { SetupError } from '../../../src/tensorflow/setup/error.js';
import type { Library } from '../../../src/tensorflow/setup/library.js';
import { fakeCompiler, fakeProgram, rejection, temporaryFolder } from './fakes.js';

const probe = () => Promise.resolve('9.9.9');

function scene() {
  const folder = temporaryFolder();
  const [bin, packageFolder, libraryFolder] = ['bin', 'tfjs', 'tensorflow'].map((name) =>
    join(folder, name),
  ) as [string, string, string];
  mkdirSync(join(packageFolder, 'binding'), { recursive: true });
  for (const name of ['tfjs_backend.cc', 'tfjs_binding.cc', 'utils.h']) {
    writeFileSync(join(packageFolder, 'binding', name), `// ${name}`);
  }
  mkdirSync(libraryFolder);
  for (const name of ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2']) {
    writeFileSync(join(libraryFolder, name), name);
  }
  fakeCompiler(bin, join(folder, 'log'));
  const library: Library = { kind: 'cpu', folder: libraryFolder };
  const built = bindingPath(packageFolder);
  return {
    folder,
    bin,
    packageFolder,
    library,
    built,
    options: { packageFolder, env: { PATH: bin }, probe },
  };
}

describe('buildBinding', () => {
  test('compiles both sources against the library, finds it again at run time, and stamps the result', async () => {
    const { packageFolder, library, built, options } = scene();
    const stamp = await buildBinding(library, options);
    const call = readFileSync(built, 'utf8').split('\n');
    expect(call).toContain(`-Wl,-rpath,${library.folder}`);
    expect(call).toContain(`-I${join(library.folder, 'include')}`);
    expect(call).toContain(join(packageFolder, 'binding/tfjs_backend.cc'));
    expect(call).toContain(join(packageFolder, 'binding/tfjs_binding.cc'));
    expect(call).toContain('-DNAPI_VERSION=8');
    expect(stamp).toMatchObject({ tensorflow: '9.9.9', library });
    expect(currentBinding(packageFolder, library)).toEqual(stamp);
  });

  test('leaves only the binding, its stamp and the one preload addon that goes with it', async () => {
    const { packageFolder, library, built, options } = scene();
    const files = () => readdirSync(join(built, '..')).sort();
    const { sha256 } = await buildBinding(library, options);
    const expected = (hash: string) => [
      `care_preload-${hash.slice(0, 16)}.node`,
      'tfjs_binding.node',
      'tfjs_binding.node.stamp.json',
    ];
    expect(files()).toEqual(expected(sha256));
    // Another library gives another binding; the preload addon of the first must go, since it names the old library.
    const other = { ...library, folder: `${library.folder}2` };
    mkdirSync(other.folder);
    for (const name of readdirSync(library.folder)) writeFileSync(join(other.folder, name), name);
    const second = await buildBinding(other, options);
    expect(second.sha256).not.toBe(sha256);
    expect(files()).toEqual(expected(second.sha256));
    expect(currentBinding(packageFolder, library)).toBeNull();
  });

  test.each<[string, (at: ReturnType<typeof scene>) => void]>([
    ['a source changed', ({ packageFolder }) => appendFileSync(join(packageFolder, 'binding/utils.h'), 'x')],
    [
      'the library changed',
      ({ library }) => appendFileSync(join(library.folder, 'libtensorflow_cc.so.2'), 'x'),
    ],
    ['somebody replaced the binding', ({ built }) => writeFileSync(built, 'another')],
    ['the stamp is torn', ({ built }) => writeFileSync(`${built}.stamp.json`, '{"format": 1, "ke')],
  ])('is not current any more when %s', async (_, change) => {
    const at = scene();
    await buildBinding(at.library, at.options);
    change(at);
    expect(currentBinding(at.packageFolder, at.library)).toBeNull();
  });

  test('a binding that does not load never takes the place of one that does', async () => {
    const { packageFolder, library, built, options } = scene();
    const good = await buildBinding(library, options);
    appendFileSync(join(packageFolder, 'binding/utils.h'), 'changed');
    const broken = () => Promise.reject(new SetupError('does not load', 'try'));
    await rejection(buildBinding(library, { ...options, probe: broken }));
    expect(readStamp(packageFolder)).toEqual(good);
    expect(readdirSync(join(built, '..')).filter((name) => name.includes('tmp'))).toEqual([]);
  });

  test("a failing compiler's own words are shown", async () => {
    const { bin, library, built, options } = scene();
    fakeProgram(
      bin,
      'g++',
      `if (args.includes('--version')) { console.log('g++ 4'); process.exit(0); }
       console.error('x.cc:1: error: c_api.h: No such file'); process.exit(1);`,
    );
    const error = await rejection(buildBinding(library, options));
    expect(error.name).toBe('SetupError');
    expect(error.message).toMatch(/g\+\+ could not compile.*c_api\.h: No such file/s);
    expect(existsSync(built)).toBe(false);
  });
});

describe('findCompiler', () => {
  test('none: how to get one', async () => {
    const error = await rejection(findCompiler({ PATH: temporaryFolder() }));
    expect(error.message).toMatch(/no C\+\+ compiler: g\+\+, c\+\+, clang\+\+ not found/);
    expect(error.hint).toMatch(/apt-get install g\+\+/);
  });

  test('clang++ will do, and CXX goes before all', async () => {
    const bin = temporaryFolder();
    fakeProgram(bin, 'clang++', `console.log('clang 17');`);
    expect(await findCompiler({ PATH: bin })).toEqual({ program: 'clang++', version: 'clang 17' });
    fakeProgram(bin, 'mine', `console.log('mine 1');`);
    expect((await findCompiler({ PATH: bin, CXX: 'mine' })).program).toBe('mine');
    const error = await rejection(findCompiler({ PATH: bin, CXX: 'gone' }));
    expect(error.message).toMatch(/gone not found \(from the variable CXX\)/);
  });
});

test('a file that is no addon does not load, and the loader says why', async () => {
  const file = join(temporaryFolder(), 'x.node');
  writeFileSync(file, 'no addon');
  const error = await rejection(probeBinding(file, process.env));
  expect(error.name).toBe('SetupError');
  expect(error.message).toMatch(/does not load.*x\.node/s);
});
