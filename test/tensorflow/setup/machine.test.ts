import { describe, expect, test } from 'vitest';

import { checkMachine, thisMachine, type Machine } from '../../../src/tensorflow/setup/machine.js';

const GOOD: Machine = { os: 'linux', arch: 'x64', glibc: '2.36', cpuFlags: ['sse4_2', 'avx'] };

describe('checkMachine', () => {
  test.each([
    [GOOD, false, 'x64'],
    [GOOD, true, 'x64'],
    [{ ...GOOD, glibc: '2.27' }, false, 'x64'],
    [{ ...GOOD, glibc: '3.0' }, false, 'x64'],
    [{ ...GOOD, cpuFlags: null }, false, 'x64'],
    [{ ...GOOD, arch: 'arm64', cpuFlags: ['asimd'] }, false, 'arm64'],
  ] as const)('takes %o (gpu: %s)', (machine, gpu, expected) => {
    expect(checkMachine(machine, gpu)).toBe(expected);
  });

  test.each([
    [{ ...GOOD, os: 'darwin' }, false, /darwin/],
    [{ ...GOOD, os: 'win32' }, false, /win32/],
    [{ ...GOOD, arch: 'riscv64' }, false, /riscv64/],
    [{ ...GOOD, arch: 'ia32' }, false, /ia32/],
    [{ ...GOOD, glibc: null }, false, /musl/],
    [{ ...GOOD, glibc: '2.9' }, false, /glibc 2\.9/],
    [{ ...GOOD, glibc: '2.26' }, false, /glibc 2\.26/],
    [{ ...GOOD, cpuFlags: ['sse4_2', 'avx512_fake'] }, false, /AVX/],
    [{ ...GOOD, arch: 'arm64' }, true, /GPU support for aarch64/],
  ] as const)('refuses %o (gpu: %s) and says what is supported', (machine, gpu, message) => {
    expect(() => checkMachine(machine, gpu)).toThrow(
      expect.objectContaining({
        name: 'SetupError',
        message: expect.stringMatching(message) as string,
        hint: expect.stringMatching(/x86-64.*aarch64.*plain TensorFlow\.js/s) as string,
      }),
    );
  });
});

test('this machine is described by what Node and the kernel say', () => {
  const machine = thisMachine();
  expect(machine.os).toBe(process.platform);
  expect(machine.arch).toBe(process.arch);
  if (process.platform === 'linux') expect(machine.cpuFlags?.length).toBeGreaterThan(5);
});
