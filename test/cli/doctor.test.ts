import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';

import {
  describe as asText,
  examine,
  namedLibraryProblems,
  type DoctorReport,
} from '../../src/cli/doctor.js';
import { HEADERS, LIBRARIES } from '../../src/tensorflow/setup/wheels.js';
import { temporaryFolder } from '../tensorflow/setup/fakes.js';
import { care, notBuilt } from './program.js';

const REPORT: DoctorReport = {
  nativeWorks: true,
  problems: [],
  environment: {
    node: '20.19.0',
    platform: 'linux-x64',
    cpu: 'Some Very Long Processor Name That Manufacturers Like (R) (TM) CPU @ 2.50GHz with more',
    cores: 2,
    memoryBytes: 8e9,
    backend: 'tensorflow',
    tfjs: '4.22.0',
    tensorflow: '2.21.0',
    device: 'cpu',
    intraOpThreads: 0,
    interOpThreads: 3,
    oneDnn: true,
  },
  library: { kind: 'cpu', folder: '/cache/tensorflow' },
  training: {
    steps: 40,
    firstLoss: 3.2754,
    lastLoss: 2.7e-12,
    coefficientError: 1e-6,
    milliseconds: 70,
    passed: true,
  },
  matMul: { size: 1024, milliseconds: 25, gflops: 85.9 },
  cache: { folder: '/cache', bytes: 853_875_717 },
  dataFolder: null,
  tools: [{ name: 'compiler', version: null, purpose: 'for care setup', hint: 'apt-get install g++' }],
};

describe('the report on a terminal', () => {
  test('fits into 80 columns and names every finding', () => {
    const text = asText(REPORT);
    for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
    for (const finding of [
      'TensorFlow 2.21.0',
      'automatic within an op, 3 between',
      '/cache (0.85 GB)',
      '85.9 GFLOP/s',
    ]) {
      expect(text).toContain(finding);
    }
    expect(text).toMatch(/compiler +not found \(for care setup\)\. apt-get install g\+\+/);
    expect(text).toMatch(/The native library works\.\n$/);
  });

  test('shows what is wrong and what to do, and never calls plain TensorFlow.js native', () => {
    const text = asText({
      ...REPORT,
      nativeWorks: false,
      problems: [{ what: 'It is broken.', hint: 'Mend it.' }],
      environment: { ...REPORT.environment, backend: 'cpu', tensorflow: null },
      training: { ...REPORT.training, passed: false },
    });
    expect(text).toMatch(/plain TensorFlow\.js, slow/);
    expect(text).toMatch(/training +WRONG/);
    expect(text).toMatch(/does not work:\n {2}! It is broken\.\n {4}-> Mend it\./);
  });
});

describe('a library named by CARE_TENSORFLOW_DIR', () => {
  test('is a problem where there is none', () => {
    const empty = temporaryFolder();
    for (const folder of [empty, join(empty, 'nowhere')]) {
      const [problem, ...others] = namedLibraryProblems(folder, REPORT.library);
      expect(problem?.what).toContain(`CARE_TENSORFLOW_DIR: ${folder} is no TensorFlow library`);
      expect(problem?.hint).toContain('unset it');
      expect(others).toEqual([]);
    }
  });

  test('is a problem where another one is in use, and none where it is in use', () => {
    const folder = temporaryFolder();
    for (const file of [...LIBRARIES, ...HEADERS]) {
      mkdirSync(dirname(join(folder, file)), { recursive: true });
      writeFileSync(join(folder, file), '');
    }
    expect(namedLibraryProblems(folder, REPORT.library)[0]?.what).toContain('in use is /cache/tensorflow');
    expect(namedLibraryProblems(folder, { kind: 'own', folder })).toEqual([]);
    expect(namedLibraryProblems('', REPORT.library)).toEqual([]);
    expect(namedLibraryProblems(undefined, null)).toEqual([]);
  });

  test.skipIf(notBuilt !== null)('that is not there makes doctor fail', async () => {
    const folder = join(temporaryFolder(), 'nowhere');
    const { code, out } = await care(['doctor'], { env: { CARE_TENSORFLOW_DIR: folder } });
    expect(code).toBe(1);
    expect(out).toContain(`! CARE_TENSORFLOW_DIR: ${folder} is no TensorFlow library`);
  });
});

test('the examination of this machine trains and measures for real', async () => {
  const report = await examine();
  expect(report.training.passed).toBe(true);
  expect(report.matMul.gflops).toBeGreaterThan(0);
  expect(report.nativeWorks).toBe(report.environment.backend === 'tensorflow');
  // Where it does not work, a reader is told why.
  if (!report.nativeWorks) expect(report.problems).not.toEqual([]);
  expect(report.tools.map(({ name }) => name)).toEqual(['pip', 'compiler', 'chromium', 'jupyter']);
});
