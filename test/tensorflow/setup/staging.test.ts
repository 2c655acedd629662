import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect, test } from 'vitest';

import {
  cleanLeftovers,
  makeStagingFolder,
  publish,
  stagingPath,
} from '../../../src/tensorflow/setup/staging.js';
import { temporaryFolder } from './fakes.js';

test('a published folder replaces a full one and leaves nothing else behind', () => {
  const root = temporaryFolder();
  const target = join(root, 'library');
  mkdirSync(target);
  writeFileSync(join(target, 'old'), '');
  const staged = makeStagingFolder(target);
  writeFileSync(join(staged, 'new'), 'content');
  publish(staged, target);
  expect(readdirSync(root)).toEqual(['library']);
  expect(readdirSync(target)).toEqual(['new']);
});

test('a published file replaces the old one', () => {
  const root = temporaryFolder();
  const target = join(root, 'binding.node');
  writeFileSync(target, 'old');
  const staged = stagingPath(target);
  writeFileSync(staged, 'new');
  publish(staged, target);
  expect(readFileSync(target, 'utf8')).toBe('new');
  expect(readdirSync(root)).toEqual(['binding.node']);
});

test('leftovers of dead processes go; work of living ones, of other machines and other targets stays', () => {
  const root = temporaryFolder();
  const target = join(root, 'lib.so');
  const mine = makeStagingFolder(target);
  const dead = spawnSync(process.execPath, ['-e', '']).pid;
  const leftover = mine.replace(`-${process.pid}-`, `-${dead}-`);
  const elsewhere = join(root, `.lib.so.tmp-other_host-${dead}-1`);
  const stale = join(root, `.lib.so.tmp-other_host-${dead}-2`);
  // The dot of the name must not match any character.
  const foreign = join(root, basename(leftover).replace('lib.so', 'lib_so'));
  for (const folder of [leftover, elsewhere, stale, foreign]) mkdirSync(folder);
  writeFileSync(join(leftover, 'half'), 'of it');
  const twoDaysAgo = new Date(Date.now() - 48 * 3600 * 1000);
  utimesSync(stale, twoDaysAgo, twoDaysAgo);
  cleanLeftovers(target);
  expect([mine, elsewhere, foreign].map((path) => existsSync(path))).toEqual([true, true, true]);
  expect([leftover, stale].map((path) => existsSync(path))).toEqual([false, false]);
});

test('two staging paths for one target differ', () => {
  expect(stagingPath('/x/y')).not.toBe(stagingPath('/x/y'));
});
