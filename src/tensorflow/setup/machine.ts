/** Which machines TensorFlow's published library runs on. */
import { readFileSync } from 'node:fs';

import { SetupError } from './error.js';

/** What decides whether the published library runs here. */
export interface Machine {
  /** As `process.platform`. */
  readonly os: string;
  /** As `process.arch`. */
  readonly arch: string;
  /** Version of the GNU C library, or null where there is another one (Alpine's musl). */
  readonly glibc: string | null;
  /** Instruction set extensions of the processor, or null where they cannot be read. */
  readonly cpuFlags: readonly string[] | null;
}

/** Processors that there are wheels for. */
export type Architecture = 'x64' | 'arm64';

const SUPPORTED =
  'Supported are Linux on x86-64 with AVX (CPU and GPU) and Linux on aarch64 (CPU), with glibc 2.27 or newer: ' +
  'use such a machine, or a Linux container. Without it everything still runs on plain TensorFlow.js, far slower.';

/** Oldest glibc of the `manylinux_2_27` wheels. */
const OLDEST_GLIBC = [2, 27] as const;

export function thisMachine(): Machine {
  return { os: process.platform, arch: process.arch, glibc: glibcVersion(), cpuFlags: cpuFlags() };
}

/**
 * Checks that TensorFlow's published library runs on a machine.
 * @throws SetupError that says what is not supported and what is.
 */
export function checkMachine(machine: Machine, gpu: boolean): Architecture {
  const { os, arch, glibc, cpuFlags: flags } = machine;
  if (os !== 'linux') throw new SetupError(`There is no TensorFlow library for ${os} here.`, SUPPORTED);
  if (arch !== 'x64' && arch !== 'arm64') {
    throw new SetupError(
      `There is no TensorFlow library for Linux on the processor type '${arch}'.`,
      SUPPORTED,
    );
  }
  if (glibc === null)
    throw new SetupError('This Linux has no GNU C library (musl, as in Alpine?).', SUPPORTED);
  if (isOlder(glibc, OLDEST_GLIBC))
    throw new SetupError(`The C library here, glibc ${glibc}, is too old.`, SUPPORTED);
  if (arch === 'x64' && flags !== null && !flags.includes('avx')) {
    throw new SetupError(
      'This processor has no AVX instructions, which TensorFlow was compiled for.',
      SUPPORTED,
    );
  }
  if (gpu && arch !== 'x64') {
    throw new SetupError(
      'There is no TensorFlow library with GPU support for aarch64.',
      `Leave --gpu out. ${SUPPORTED}`,
    );
  }
  return arch;
}

function isOlder(version: string, [major, minor]: readonly [number, number]): boolean {
  const [ours = 0, oursMinor = 0] = version.split('.').map(Number);
  return ours < major || (ours === major && oursMinor < minor);
}

function glibcVersion(): string | null {
  const report = process.report.getReport() as { header?: { glibcVersionRuntime?: string } };
  return report.header?.glibcVersionRuntime ?? null;
}

function cpuFlags(): readonly string[] | null {
  try {
    const line = /^(?:flags|Features)\s*:\s*(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'));
    return line?.[1]?.split(/\s+/) ?? null;
  } catch {
    return null;
  }
}
