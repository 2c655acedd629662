import { expect, test } from 'vitest';
import { runProgram } from '../../../src/tensorflow/setup/processes.js';

const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;

test('a program that is missing leaves no timer that would keep this process', async () => {
  const before = timers();
  const outcome = await runProgram('care-no-such-program', ['--version'], process.env, 30_000);
  expect(outcome).toMatchObject({ status: null, missing: true });
  expect(timers()).toBeLessThanOrEqual(before);
});

test('a program that ends leaves none either, and its output is whole', async () => {
  const before = timers();
  const code = 'process.stdout.write("out"); console.error("err"); process.exitCode = 3';
  const outcome = await runProgram(process.execPath, ['-e', code], process.env, 30_000);
  expect(outcome).toEqual({ status: 3, signal: null, missing: false, stdout: 'out', stderr: 'err\n' });
  expect(timers()).toBeLessThanOrEqual(before);
});

test('a program that takes too long is ended', async () => {
  const started = Date.now();
  const outcome = await runProgram(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], process.env, 300);
  expect(outcome).toMatchObject({ status: null, signal: 'SIGTERM', missing: false });
  expect(Date.now() - started).toBeLessThan(10_000);
});
