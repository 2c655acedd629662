import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import {
  errorCode,
  removeAsides,
  syncFolder,
  writeError,
  writeFileAtomically,
} from '../../src/train/atomic-file.js';
import { UserError } from '../../src/train/user-error.js';

const dir = mkdtempSync(join(tmpdir(), 'care-atomic-'));
afterAll(() => {
  rmSync(dir, { recursive: true });
});

describe('writeFileAtomically', () => {
  it('makes the folder, replaces the content and leaves nothing aside', () => {
    const path = join(dir, 'deep', 'er', 'file.json');
    writeFileAtomically(path, 'old', 'the file');
    writeFileAtomically(path, Uint8Array.of(110, 101, 119), 'the file');
    expect(readFileSync(path, 'utf8')).toBe('new');
    expect(readdirSync(join(dir, 'deep', 'er'))).toEqual(['file.json']);
  });

  it('leaves what is there when the name belongs to a folder', () => {
    const path = join(dir, 'folder');
    mkdirSync(join(path, 'inside'), { recursive: true });
    expect(() => writeFileAtomically(path, 'x', 'the file')).toThrow(/Cannot write the file to .*folder: /);
    expect(readdirSync(path)).toEqual(['inside']);
    expect(readdirSync(dir).filter((name) => name.endsWith('.aside'))).toEqual([]);
  });
});

describe('writeError', () => {
  it.each([
    ['ENOSPC', /Free some space/],
    ['EROFS', /read-only/],
    ['EACCES', /change the permissions/],
    ['EIO', /Check the disk/],
  ])('says what to do about %s', (code, hint) => {
    const cause = Object.assign(new Error(`${code}: it failed`), { code });
    const error = writeError('the record', '/runs/a', cause);
    expect(error).toBeInstanceOf(UserError);
    expect(error.message).toBe(`Cannot write the record to /runs/a: ${code}: it failed`);
    expect(error.hint).toMatch(hint);
    expect(errorCode(error.cause)).toBe(code);
  });
});

describe('removeAsides', () => {
  it('removes what killed writers left and nothing else', () => {
    const place = join(dir, 'asides');
    mkdirSync(place);
    for (const name of ['record.json', '.record.json.12-ab.aside', '.hidden', 'x.aside'])
      writeFileSync(join(place, name), '');
    removeAsides(place);
    expect(readdirSync(place).sort()).toEqual(['.hidden', 'record.json', 'x.aside']);
  });
});

describe('syncFolder', () => {
  it('does not mind a folder that is gone', () => {
    expect(() => syncFolder(join(dir, 'gone'))).not.toThrow();
  });
});
