import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, test } from 'vitest';

import { downloadWheel, findPip } from '../../../src/tensorflow/setup/python.js';
import { silentReporter } from '../../../src/tensorflow/setup/reporter.js';
import type { Wheel } from '../../../src/tensorflow/setup/wheels.js';
import { fakePip, fakeProgram, PIP_VERSION, rejection, temporaryFolder, tinyWheel, zipOf } from './fakes.js';

const WHEEL: Wheel = {
  name: 'tiny',
  version: '1.0',
  sha256: 'ab'.repeat(32),
  platform: 'manylinux_2_27_x86_64',
  members: /./,
};

describe('findPip', () => {
  test('finds python3, and says which pip', async () => {
    const bin = temporaryFolder();
    fakeProgram(bin, 'python3', PIP_VERSION);
    expect(await findPip({ PATH: bin })).toEqual({ program: 'python3', version: 'pip 23.2 (python 3.11)' });
  });

  test('takes python where python3 has no pip, but no Python 2', async () => {
    const bin = temporaryFolder();
    fakeProgram(bin, 'python3', `console.error('No module named pip'); process.exit(1);`);
    fakeProgram(bin, 'python', PIP_VERSION);
    expect((await findPip({ PATH: bin })).program).toBe('python');
    fakeProgram(bin, 'python', `console.log('pip 20.3 from /x (python 2.7)');`);
    expect((await rejection(findPip({ PATH: bin }))).message).toMatch(/pip is not installed/);
  });

  test('no Python at all', async () => {
    const error = await rejection(findPip({ PATH: temporaryFolder() }));
    expect(error.name).toBe('SetupError');
    expect(error.message).toMatch(/Python is not installed.*python3/);
    expect(error.hint).toMatch(/apt-get install python3-pip/);
  });

  test('Python without pip: its own words, and how to get pip', async () => {
    const bin = temporaryFolder();
    fakeProgram(bin, 'python3', `console.error('/usr/bin/python3: No module named pip'); process.exit(1);`);
    const error = await rejection(findPip({ PATH: bin }));
    expect(error.message).toMatch(/pip is not installed.*No module named pip/s);
    expect(error.hint).toMatch(/python3-pip/);
  });
});

describe('downloadWheel with a pip that fails', () => {
  const failing = async (words: string) => {
    const bin = temporaryFolder();
    fakeProgram(bin, 'python3', `console.error(${JSON.stringify(words)}); process.exit(1);`);
    const python = { program: 'python3', version: 'pip 23.2 (python 3.11)' };
    return rejection(downloadWheel(python, WHEEL, temporaryFolder(), { PATH: bin }, silentReporter));
  };

  test.each([
    [
      "WARNING: Retrying (Retry(total=0)) after connection broken by 'NewConnectionError'\nERROR: No matching distribution found for tiny==1.0",
      /cannot be reached/,
      /HTTPS_PROXY.*CARE_TENSORFLOW_DIR/,
    ],
    ['ERROR: No matching distribution found for tiny==1.0', /has no tiny 1\.0 for manylinux/, /index/],
    ['OSError: [Errno 28] No space left on device', /disk is full/, /CARE_CACHE_DIR/],
    ['ERROR: something new', /failed with status 1.*something new/s, /pip complains/],
  ])('%s', async (words, message, hint) => {
    const error = await failing(words);
    expect(error.name).toBe('SetupError');
    expect(error.message).toMatch(message);
    expect(error.hint).toMatch(hint);
  });
});

test('of the many times that pip tried again, the first is shown', async () => {
  const bin = temporaryFolder();
  const retries = [4, 3, 2].map((left) => `WARNING: Retrying (Retry(total=${left}, ${'x'.repeat(300)}`);
  const words = [...retries, 'ERROR: none'].join('\n');
  fakeProgram(bin, 'python3', `console.error(${JSON.stringify(words)}); process.exit(1);`);
  const python = { program: 'python3', version: 'pip' };
  const { message } = await rejection(
    downloadWheel(python, WHEEL, temporaryFolder(), { PATH: bin }, silentReporter),
  );
  expect(message.match(/total=\d/g)).toEqual(['total=4']);
  expect(message).toContain('ERROR: none');
  for (const line of message.split('\n')) expect(line.length).toBeLessThan(250);
});

test('pip gets one exact file to fetch, and its temporary files stay in the given folder', async () => {
  const folder = temporaryFolder();
  const bin = join(folder, 'bin');
  const log = join(folder, 'log');
  const note = `fs.writeFileSync(${JSON.stringify(join(folder, 'seen.json'))}, JSON.stringify({
    tmp: process.env.TMPDIR, venv: process.env.PIP_REQUIRE_VIRTUALENV,
    requirements: fs.readFileSync(args[args.indexOf('--requirement') + 1], 'utf8') }));`;
  fakePip(bin, tinyWheel(folder), log, note);
  const work = join(folder, 'work');
  mkdirSync(work);
  const python = { program: 'python3', version: '' };
  const env = { PATH: bin, PIP_REQUIRE_VIRTUALENV: '1' };
  const file = await downloadWheel(python, WHEEL, work, env, silentReporter);
  expect(readFileSync(file)).toEqual(readFileSync(join(folder, basename(file))));
  const seen = JSON.parse(readFileSync(join(folder, 'seen.json'), 'utf8')) as Record<string, string>;
  expect(seen).toEqual({
    tmp: join(work, 'pip'),
    venv: 'false',
    requirements: `tiny==1.0 --hash=sha256:${'ab'.repeat(32)}\n`,
  });
  expect(readFileSync(log, 'utf8')).toMatch(/--require-hashes.*--platform manylinux_2_27_x86_64/);
});

const realPip = spawnSync('python3', ['-m', 'pip', '--version']).status === 0;

describe.runIf(realPip)('with the real pip and a wheel on disk', () => {
  /** A wheel that pip itself accepts, in a folder that serves as its only index. */
  function index(): { folder: string; env: NodeJS.ProcessEnv; sha256: string } {
    const folder = temporaryFolder();
    const wheel = zipOf({
      'tiny.py': 'x = 1',
      'tiny-1.0.dist-info/METADATA': 'Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n',
      'tiny-1.0.dist-info/WHEEL':
        'Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: false\nTag: cp311-cp311-manylinux_2_27_x86_64\n',
      'tiny-1.0.dist-info/RECORD': '',
    });
    writeFileSync(join(folder, 'tiny-1.0-cp311-cp311-manylinux_2_27_x86_64.whl'), wheel);
    const env = { ...process.env, PIP_NO_INDEX: '1', PIP_FIND_LINKS: folder };
    return { folder, env, sha256: createHash('sha256').update(wheel).digest('hex') };
  }

  test('the pinned file comes, whatever Python runs pip', async () => {
    const { env, sha256 } = index();
    const python = await findPip(env);
    const file = await downloadWheel(python, { ...WHEEL, sha256 }, temporaryFolder(), env, silentReporter);
    expect(createHash('sha256').update(readFileSync(file)).digest('hex')).toBe(sha256);
  });

  test('a file with another hash is refused, with both hashes', async () => {
    const { env, sha256 } = index();
    const work = temporaryFolder();
    const error = await rejection(downloadWheel(await findPip(env), WHEEL, work, env, silentReporter));
    expect(error.message).toContain(`expected sha256 ${WHEEL.sha256}`);
    expect(error.message).toContain(`got      sha256 ${sha256}`);
    expect(error.hint).toMatch(/proxy or mirror/);
    expect(existsSync(join(work, 'wheel', 'tiny-1.0-cp311-cp311-manylinux_2_27_x86_64.whl'))).toBe(false);
  });
});
