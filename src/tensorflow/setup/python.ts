/** Downloading wheels with the user's own pip, which knows the user's mirrors, proxies and certificates. */
import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { SetupError } from './error.js';
import { makeFolder } from './folders.js';
import { type Outcome, runProgram, tail } from './processes.js';
import type { Reporter } from './reporter.js';
import type { Wheel } from './wheels.js';

/** Programs that may be Python 3, in order. */
const PYTHONS = ['python3', 'python'] as const;
const POLL_MS = 500;

/** A Python that has pip. */
export interface Python {
  readonly program: string;
  /** What `pip --version` says, in short: `pip 23.2 (python 3.11)`. */
  readonly version: string;
}

/**
 * Finds a Python 3 with pip on `env.PATH`.
 * @throws SetupError if there is no Python, or none that has pip.
 */
export async function findPip(env: NodeJS.ProcessEnv): Promise<Python> {
  let found: string | undefined;
  for (const program of PYTHONS) {
    const outcome = await runProgram(program, ['-m', 'pip', '--version'], env, 60_000);
    if (outcome.missing) continue;
    const version = /^(pip \S+) .*\((python 3\S*)\)/m.exec(outcome.stdout);
    if (outcome.status === 0 && version)
      return { program, version: `${version[1] ?? ''} (${version[2] ?? ''})` };
    found ??= `${program} -m pip --version said:\n${tail(outcome.stderr || outcome.stdout)}`;
  }
  if (found === undefined) {
    throw new SetupError(
      'Python is not installed: neither python3 nor python was found on the PATH.',
      "Install Python 3 with pip (Debian, Ubuntu: apt-get install python3-pip; Fedora: dnf install python3-pip). It only downloads TensorFlow's library.",
    );
  }
  throw new SetupError(
    `pip is not installed for the Python here. ${found}`,
    'Install it: apt-get install python3-pip (Debian, Ubuntu), dnf install python3-pip (Fedora), or python3 -m ensurepip --user.',
  );
}

/**
 * Downloads one wheel into `folder` and returns its path. pip refuses any file whose sha256 is not the pinned one.
 * Its temporary files go to `folder` as well, so that nothing is left behind elsewhere.
 */
export async function downloadWheel(
  python: Python,
  wheel: Wheel,
  folder: string,
  env: NodeJS.ProcessEnv,
  reporter: Reporter,
): Promise<string> {
  const target = join(folder, 'wheel');
  const temporary = join(folder, 'pip');
  for (const path of [target, temporary]) makeFolder(path);
  const requirements = join(folder, 'requirements.txt');
  writeFileSync(requirements, `${wheel.name}==${wheel.version} --hash=sha256:${wheel.sha256}\n`);

  const work = reporter.begin(`Downloading ${wheel.name} ${wheel.version}`, wheel.bytes ?? null);
  const poll = setInterval(
    () => work.update(Math.min(folderBytes(folder), wheel.bytes ?? Infinity)),
    POLL_MS,
  );
  try {
    const outcome = await runProgram(python.program, pipArguments(wheel, target, requirements), {
      ...env,
      TMPDIR: temporary,
      // A download into a folder concerns no environment, so a user's guard against installing outside one is not meant.
      PIP_REQUIRE_VIRTUALENV: 'false',
    });
    if (outcome.status !== 0) throw explainPip(outcome, wheel, python);
  } finally {
    clearInterval(poll);
    work.end();
  }
  const file = readdirSync(target).find((name) => name.endsWith('.whl'));
  if (file !== undefined) return join(target, file);
  throw new SetupError(
    `${python.program} -m pip download ended well but left no wheel of ${wheel.name} ${wheel.version} in ${target}.`,
    'Run `npm run care -- setup` again; if it persists, update pip (python3 -m pip install --upgrade pip).',
  );
}

/** One exact file, whatever Python the user has: the library does not depend on it. */
function pipArguments(wheel: Wheel, target: string, requirements: string): string[] {
  return [
    ...['-m', 'pip', 'download', '--no-deps', '--require-hashes', '--only-binary=:all:'],
    ...['--platform', wheel.platform, '--python-version', '3.11', '--implementation', 'cp', '--abi', 'cp311'],
    ...['--no-cache-dir', '--disable-pip-version-check', '--no-input', '--progress-bar', 'off'],
    ...['--dest', target, '--requirement', requirements],
  ];
}

const NETWORK =
  /Retrying \(Retry|NewConnectionError|ConnectTimeout|ReadTimeout|Read timed out|Temporary failure in name resolution|Network is unreachable|ProxyError|SSLError|CERTIFICATE_VERIFY_FAILED|Connection (?:refused|reset|aborted|broken)|IncompleteRead/;

/** Turns pip's words into what is wrong and what to do. */
function explainPip(outcome: Outcome, wheel: Wheel, python: Python): SetupError {
  const text = `${outcome.stdout}\n${outcome.stderr}`;
  const what = `${wheel.name} ${wheel.version}`;
  const said = `${python.version} said:\n${tail(withoutRetries(outcome.stderr || outcome.stdout))}`;
  if (/DO NOT MATCH THE HASHES/.test(text)) {
    const expected = /Expected sha256 ([0-9a-f]+)/.exec(text)?.[1] ?? wheel.sha256;
    const got = /Got\s+([0-9a-f]+)/.exec(text)?.[1] ?? 'another';
    return new SetupError(
      `The downloaded file of ${what} is not the pinned one and was refused.\n    expected sha256 ${expected}\n    got      sha256 ${got}`,
      'A proxy or mirror changed the file, or the download was cut off. Run `npm run care -- setup` again, or with another package index.',
    );
  }
  if (/No space left on device|Disk quota exceeded|Errno 28\b/.test(text)) {
    return new SetupError(
      `The disk is full: ${what} could not be downloaded.`,
      'Make room, or set CARE_CACHE_DIR to a folder on another disk, and run `npm run care -- setup` again.',
    );
  }
  if (NETWORK.test(text)) {
    return new SetupError(
      `${what} could not be downloaded: the package index cannot be reached. ${said}`,
      'Check the network and the proxy settings (pip uses HTTPS_PROXY and its own pip.conf), or point CARE_TENSORFLOW_DIR at a library that is already on this machine.',
    );
  }
  if (/No matching distribution found|Could not find a version/.test(text)) {
    return new SetupError(
      `The package index has no ${what} for ${wheel.platform}. ${said}`,
      'Use an index that mirrors PyPI in full (pip.conf, PIP_INDEX_URL), or point CARE_TENSORFLOW_DIR at a library that is already on this machine.',
    );
  }
  const how = outcome.signal === null ? `status ${outcome.status ?? 'none'}` : `signal ${outcome.signal}`;
  return new SetupError(
    `pip download of ${what} failed with ${how}. ${said}`,
    'Mend what pip complains of, and run `npm run care -- setup` again.',
  );
}

/** pip's words with only the first of its notices that it tries again: they say the same. */
function withoutRetries(text: string): string {
  const isRetry = (line: string) => line.includes('Retrying (Retry');
  const lines = text.split('\n');
  const first = lines.findIndex(isRetry);
  return lines.filter((line, index) => index === first || !isRetry(line)).join('\n');
}

function folderBytes(folder: string): number {
  let bytes = 0;
  try {
    for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
      if (entry.isFile()) bytes += statSync(join(entry.parentPath, entry.name)).size;
    }
  } catch {
    // pip moves files about meanwhile; the next look will do.
  }
  return bytes;
}
