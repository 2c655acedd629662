import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import { care, notBuilt, start } from './program.js';

describe.skipIf(notBuilt !== null)(`care${notBuilt === null ? '' : `: ${notBuilt}`}`, () => {
  it('lists every command, with examples, in 80 columns', async () => {
    const { code, out, err } = await care(['--help']);
    expect(code).toBe(0);
    expect(err).toBe('');
    const commands = [...out.matchAll(/^ {2}([a-z]+)(?: |$)/gm)].map(([, name]) => name);
    for (const name of [
      'setup',
      'doctor',
      'reproduce',
      'report',
      'runs',
      'export',
      'import',
      'notebook',
      'kernel',
    ])
      expect(commands).toContain(name);
    for (const example of out.matchAll(/^ {2}care ([a-z]+)/gm)) expect(commands).toContain(example[1]);
    const [usage = ''] = out.split('\nExamples:');
    for (const line of usage.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  });

  it('shows the same help, and fails, without a command', async () => {
    const { code, out, err } = await care([]);
    expect(code).toBe(1);
    expect(out + err).toContain('Usage: care [options] [command]');
  });

  it.each(['setup', 'doctor', 'reproduce', 'report', 'runs', 'export', 'import', 'notebook', 'kernel'])(
    'explains %s',
    async (name) => {
      const { code, out } = await care([name, '--help']);
      expect(code).toBe(0);
      expect(out).toMatch(new RegExp(`^Usage: care ${name} `));
      expect(out.split('\n').length).toBeGreaterThan(5);
    },
  );

  it('suggests the command and the option that were meant', async () => {
    const command = await care(['reprodce']);
    expect([command.code, command.out]).toEqual([1, '']);
    expect(command.err).toContain("unknown command 'reprodce'\n(Did you mean reproduce?)");
    const option = await care(['reproduce', '--profil', 'smoke']);
    expect(option.code).toBe(1);
    expect(option.err).toContain("unknown option '--profil'\n(Did you mean --profile?)");
    expect(option.err).toContain('--help');
  });

  it.each(['stdout', 'stderr'] as const)('goes on quietly when nobody reads %s any more', async (name) => {
    const running = start(['runs', 'list', '--runs', name === 'stdout' ? 'reports/runs' : 'no-such-folder']);
    running.child[name]?.destroy();
    const { code, err } = await running.ended;
    expect([code, err]).toEqual([name === 'stdout' ? 0 : 1, '']);
  });

  it('tells its version', async () => {
    const { version } = createRequire(import.meta.url)('../../package.json') as { version: string };
    expect(await care(['--version'])).toEqual({ code: 0, signal: null, out: `${version}\n`, err: '' });
  });

  it('shows where an error came from only when asked to', async () => {
    const args = ['reproduce', 'nothing'];
    expect((await care(args)).err).not.toContain('    at ');
    expect((await care(args, { env: { CARE_DEBUG: '1' } })).err).toContain('    at ');
  });
});
