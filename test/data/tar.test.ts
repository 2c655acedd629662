import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, describe, expect, it } from 'vitest';

import { readTar } from '../../src/data/tar.js';
import { newFolder, tarGzOf, tarOf, type TarPart } from './image-files.js';

const root = newFolder('tar');
afterAll(() => rmSync(root, { recursive: true }));
const bytes = (text: string): Uint8Array => Buffer.from(text);

function archive(name: string, content: Uint8Array): string {
  const path = join(root, name);
  writeFileSync(path, content);
  return path;
}

async function contents(path: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  await readTar(path, 'x.tar', async (entry) => {
    const content = entry.kind === 'file' ? (await entry.content()).toString() : '';
    // Slower than the parser: the last entry must still be waited for.
    await sleep(2);
    found[`${entry.kind} ${entry.path}`] = content;
  });
  return found;
}

describe('a tar archive', () => {
  const parts: readonly TarPart[] = [
    { path: './top/', type: '5' },
    { path: './top/a.txt', content: bytes('first') },
    { path: 'top//b.txt', content: bytes('x'.repeat(5000)) },
    { path: 'top/last.txt', content: bytes('last') },
  ];
  const expected = {
    'folder top': '',
    'file top/a.txt': 'first',
    'file top/b.txt': 'x'.repeat(5000),
    'file top/last.txt': 'last',
  };

  it('is read in full, gzipped or not', async () => {
    expect(await contents(archive('plain.tar', tarOf(parts)))).toEqual(expected);
    expect(await contents(archive('packed.tar.gz', tarGzOf(parts)))).toEqual(expected);
  });

  it('writes entries to files, and passes over those that nobody reads', async () => {
    const target = join(root, 'saved');
    await readTar(archive('some.tar', tarOf(parts)), 'x', async (entry) => {
      if (entry.path === 'top/b.txt') await entry.save(target);
    });
    expect(readFileSync(target, 'utf8')).toBe('x'.repeat(5000));
  });

  it.each<[string, TarPart, string]>([
    ['a path with ..', { path: 'a/../../evil' }, '"a/../../evil" is a path that leads out of its folder'],
    ['a backslash path', { path: 'a\\..\\..\\evil' }, 'leads out of its folder'],
    ['an absolute path', { path: '/etc/passwd' }, '"/etc/passwd" is an absolute path'],
    ['a drive', { path: 'C:/evil' }, 'is an absolute path'],
    [
      'a symbolic link',
      { path: 'a/link', type: '2', link: '/etc/passwd' },
      '"a/link" is a link to /etc/passwd',
    ],
    ['a hard link', { path: 'a/hard', type: '1', link: 'a/b' }, '"a/hard" is a link to a/b'],
    ['a device', { path: 'a/dev', type: '3' }, '"a/dev" is of type CharacterDevice'],
  ])('with %s is refused by its name', async (name, part, message) => {
    const path = archive('evil.tar.gz', tarGzOf([{ path: 'good', content: bytes('1') }, part]));
    await expect(contents(path)).rejects.toThrow(message);
    expect(existsSync('/tmp/evil')).toBe(false);
    expect(name).not.toBe('');
  });

  it('that is cut off, damaged or none is an error', async () => {
    const whole = tarGzOf(
      Array.from({ length: 50 }, (_, at) => ({ path: `f${at}`, content: bytes(`${at * 7919}`) })),
    );
    const cut = archive('cut.tar.gz', whole.subarray(0, whole.length / 2));
    await expect(contents(cut)).rejects.toThrow('x.tar: the archive is cut off');
    const plain = archive('cut.tar', tarOf(parts).subarray(0, 2500));
    await expect(contents(plain)).rejects.toThrow('x.tar: the archive is cut off');
    const damaged = Buffer.from(whole);
    damaged.fill(0xaa, 40, 60);
    await expect(contents(archive('damaged.tar.gz', damaged))).rejects.toThrow('damaged or no tar archive');
    await expect(contents(archive('text.tar', bytes('hello'.repeat(500))))).rejects.toThrow('no tar archive');
    await expect(contents(join(root, 'none.tar'))).rejects.toThrow('there is no such archive');
  });
});
