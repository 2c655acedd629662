import { existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { makeFolder } from '../../../src/tensorflow/setup/folders.js';
import { temporaryFolder } from './fakes.js';

function errorOf(path: string): NodeJS.ErrnoException {
  try {
    makeFolder(path);
  } catch (error) {
    return error as NodeJS.ErrnoException;
  }
  throw new Error(`${path} could be made`);
}

describe('makeFolder', () => {
  test('makes all levels, and leaves what is there', () => {
    const root = temporaryFolder();
    mkdirSync(join(root, 'there'));
    writeFileSync(join(root, 'there', 'file'), '');
    makeFolder(join(root, 'there', 'a', 'b', 'c'));
    makeFolder(join(root, 'there', 'a', 'b', 'c'));
    makeFolder(join(root, 'there'));
    expect(readdirSync(join(root, 'there')).sort()).toEqual(['a', 'file']);
    expect(existsSync(join(root, 'there', 'a', 'b', 'c'))).toBe(true);
    symlinkSync(join(root, 'there'), join(root, 'link'));
    makeFolder(join(root, 'link', 'd'));
    expect(readdirSync(join(root, 'there')).sort()).toEqual(['a', 'd', 'file']);
  });

  test.skipIf(!existsSync('/proc/self'))(
    'comes back where no folder can be made (Node’s own does not)',
    () => {
      expect(errorOf('/proc/care-test')).toMatchObject({ code: 'ENOENT', path: '/proc/care-test' });
      expect(errorOf('/proc/care-test/runs/x')).toMatchObject({ code: 'ENOENT', path: '/proc/care-test' });
    },
  );

  test('says which file, or which link to nowhere, is in the way', () => {
    const root = temporaryFolder();
    const file = join(root, 'file');
    writeFileSync(file, '');
    expect(errorOf(file).code).toBe('EEXIST');
    expect(errorOf(join(file, 'a', 'b'))).toMatchObject({ code: 'ENOTDIR', path: join(file, 'a') });
    const link = join(root, 'link');
    symlinkSync(join(root, 'nowhere'), link);
    expect(errorOf(join(link, 'a'))).toMatchObject({ code: 'EEXIST', path: link });
  });
});
