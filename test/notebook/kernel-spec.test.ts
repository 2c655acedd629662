import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { checkKernel } from '../../src/notebook/check-kernel.js';
import {
  installedKernels,
  installKernel,
  uninstallKernel,
  userDataFolder,
} from '../../src/notebook/kernel-spec.js';
import { temporaryFolder } from './notebook-files.js';

afterEach(() => vi.unstubAllEnvs());

test('the user’s folder is Jupyter’s own, on each platform', () => {
  expect(userDataFolder({ HOME: '/home/a' }, 'linux')).toBe('/home/a/.local/share/jupyter');
  expect(userDataFolder({ HOME: '/home/a', XDG_DATA_HOME: '/data' }, 'linux')).toBe('/data/jupyter');
  expect(userDataFolder({ HOME: '/Users/a' }, 'darwin')).toBe('/Users/a/Library/Jupyter');
  expect(userDataFolder({ HOME: '/home/a', JUPYTER_DATA_DIR: '/elsewhere' }, 'darwin')).toBe('/elsewhere');
});

describe('install', () => {
  test('writes a kernel.json whose files exist, under a prefix or for the user', () => {
    const prefix = temporaryFolder();
    const folder = installKernel({ prefix, name: 'care' }, 'CARE', '0.1.0');
    expect(folder).toBe(join(prefix, 'share', 'jupyter', 'kernels', 'care'));
    const spec = JSON.parse(readFileSync(join(folder, 'kernel.json'), 'utf8')) as { argv: string[] };
    expect(spec).toMatchObject({ display_name: 'CARE', language: 'typescript', interrupt_mode: 'signal' });
    const [node = '', flag, preload = '', tslab = '', ...rest] = spec.argv;
    expect([flag, ...rest]).toEqual(['--require', 'kernel', '--config-path', '{connection_file}']);
    expect([node, preload, tslab].every((path) => existsSync(path))).toBe(true);

    vi.stubEnv('JUPYTER_DATA_DIR', join(prefix, 'user'));
    expect(installKernel({ name: 'mine' }, 'Mine', '0.1.0')).toBe(join(prefix, 'user', 'kernels', 'mine'));
    expect(installedKernels().map(({ name, missing }) => [name, missing])).toEqual([['mine', []]]);
  });

  test('a second time replaces, a foreign kernel is left alone', () => {
    const prefix = temporaryFolder();
    const folder = installKernel({ prefix, name: 'care' }, 'Old', '0.1.0');
    installKernel({ prefix, name: 'care' }, 'New', '0.1.0');
    expect(installedKernels(prefix).map(({ spec }) => spec.display_name)).toEqual(['New']);
    const foreign = join(folder, '..', 'python3');
    mkdirSync(foreign);
    writeFileSync(join(foreign, 'kernel.json'), '{"argv": ["python3"], "display_name": "Python"}');
    expect(() => installKernel({ prefix, name: 'python3' }, 'X', '0.1.0')).toThrow(
      'a kernel that is not ours',
    );
    expect(() => uninstallKernel({ prefix, name: 'python3' })).toThrow('left alone');
    expect(uninstallKernel({ prefix, name: 'care' })).toBe(folder);
    expect(existsSync(folder)).toBe(false);
    expect(() => uninstallKernel({ prefix, name: 'care' })).toThrow('no kernel "care"');
    expect(installedKernels(prefix)).toEqual([]);
  });

  test('a kernel whose files are gone is told', () => {
    const prefix = temporaryFolder();
    const file = join(installKernel({ prefix, name: 'care' }, 'CARE', '0.1.0'), 'kernel.json');
    writeFileSync(file, readFileSync(file, 'utf8').replace('preload.cjs', 'moved/preload.cjs'));
    expect(installedKernels(prefix)[0]?.missing).toEqual([expect.stringContaining('moved/preload.cjs')]);
  });

  test('a bad name and a folder that cannot be written are clear errors', () => {
    const prefix = temporaryFolder();
    expect(() => installKernel({ prefix, name: 'a b' }, 'X', '0')).toThrow('"a b" is no name for a kernel');
    const file = join(prefix, 'file');
    writeFileSync(file, '');
    expect(() => installKernel({ prefix: file, name: 'care' }, 'X', '0')).toThrow(
      /cannot write the kernel to .*ENOTDIR.*--prefix DIR/,
    );
    // Root may write anywhere.
    if (process.getuid?.() === 0) return;
    chmodSync(prefix, 0o500);
    expect(() => installKernel({ prefix, name: 'care' }, 'X', '0')).toThrow(/EACCES/);
  });
});

test('the kernel runs a cell here', async () => {
  const check = await checkKernel();
  expect(check.node).toBe(process.version);
  expect(check.typescript).toMatch(/^5\./);
  expect(check.seconds).toBeGreaterThan(0);
});

test('a kernel whose parent is gone ends', async () => {
  const preload = join(import.meta.dirname, '../../src/notebook/preload.cjs');
  // The shell starts Node, tells its number and is gone at once.
  const script = `"${process.execPath}" --require "${preload}" -e "setInterval(() => {}, 1000)" >/dev/null 2>&1 & echo $!; sleep 1`;
  const env = { ...process.env, JPY_PARENT_PID: '1' };
  const pid = Number(execFileSync('sh', ['-c', script], { encoding: 'utf8', env }));
  await expect.poll(() => isAlive(pid), { timeout: 10_000 }).toBe(false);
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
