import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { EXPERIMENT_NAMES } from '../../src/experiments/experiments.js';
import { openStore } from '../../src/runs/store.js';
import { TINY } from '../experiments/protein/tiny.js';
import { parse } from '../report/fixtures/html.js';
import { care, notBuilt, start } from './program.js';

const folder = mkdtempSync(join(tmpdir(), 'care-reproduce-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
/** A data folder without structures: generated ones are used everywhere. */
const data = join(folder, 'data');
mkdirSync(data);
const file = join(folder, 'a-file');
writeFileSync(file, 'kept');

/** What lies in the folder of a whole reproduction. */
const FILES = ['index.html', 'index.ipynb', 'protein.html', 'protein.ipynb'];

/** The arguments of a tiny experiment in folders of its own. */
function tiny(name: string, ...more: string[]): string[] {
  const settings = TINY.flatMap((setting) => ['-p', setting]);
  const folders = [
    '--data-dir',
    data,
    '--runs',
    join(folder, name, 'runs'),
    '--out',
    join(folder, name, 'out'),
  ];
  return ['reproduce', 'protein', '--profile', 'smoke', ...folders, ...settings, ...more];
}

/** A file that Node loads before all else: the first kernel that reads a record ends at once. */
function dyingKernel(): string {
  const preload = join(folder, 'dying-kernel.cjs');
  writeFileSync(
    preload,
    `const fs = require('node:fs');
const read = fs.readFileSync;
const once = ${JSON.stringify(join(folder, 'a-kernel-died'))};
if (process.argv.some((argument) => argument.includes('tslab'))) {
  fs.readFileSync = (file, ...rest) => {
    if (String(file).endsWith('record.json') && !fs.existsSync(once)) {
      fs.writeFileSync(once, '');
      process.kill(process.pid, 'SIGKILL');
    }
    return read(file, ...rest);
  };
  require('node:module').syncBuiltinESMExports();
}
`,
  );
  return preload;
}

describe.skipIf(notBuilt !== null)(`care reproduce${notBuilt === null ? '' : `: ${notBuilt}`}`, () => {
  it.each([
    [['protien'], 'There is no experiment "protien".\nDid you mean "protein"?'],
    [['protein', 'cifar10'], `There is no experiment "cifar10".\nThere is ${EXPERIMENT_NAMES.join(', ')}.`],
    [['--profile', 'labtop'], 'There is no profile "labtop".\nDid you mean "laptop"?'],
    [['--preset', 'papr'], 'There is no preset "papr".\nDid you mean "paper"?'],
    [['-p', 'training.lambda'], '"training.lambda" is no setting (from -p).\nWrite key=value'],
    [
      ['-p', 'training.lambda=3'],
      'Settings (-p) belong to one experiment, and several would run.\nName the one that is meant',
    ],
    [
      ['protein', '-p', 'training.lamda=3'],
      'training.lamda: unknown key (from -p); did you mean training.lambda?',
    ],
    [
      ['protein', '-p', 'training.steps=soon'],
      'training.steps: given "soon" (from -p), allowed is a whole number at least 0',
    ],
    [
      ['protein', '-p', 'measures.angles=2'],
      'measures.angles: given "2" (from -p), allowed is a whole number at least 8',
    ],
    [
      ['protein', '-p', 'seed=4'],
      'seed cannot be set (from -p): the plan trains every encoder with every seed',
    ],
    [['--out', file], `Reports cannot be written to ${file}: `],
    // Where Node's own way of making folders never comes back.
    [['--out', '/proc/care-test'], 'Reports cannot be written to /proc/care-test: ENOENT'],
    [['--data-dir', join(folder, 'nowhere')], `${join(folder, 'nowhere')}: the data folder does not exist`],
    [['--jobs', '0'], '--jobs is "0"; it is the number of runs at the same time.'],
    [['--fast', '--eager'], "option '--fast' cannot be used with option '--eager'"],
  ])('%j is an error that says what to do', async (args, message) => {
    const cwd = mkdtempSync(join(folder, 'cwd-'));
    const { code, out, err } = await care(['reproduce', '--profile', 'smoke', ...args], { cwd });
    expect(code).toBe(1);
    expect(err).toContain(message);
    // A sentence on what to do, and no stack.
    expect(err.trim().split('\n').length).toBeGreaterThan(1);
    expect(err).not.toContain('    at ');
    expect(out).toBe('');
    expect(existsSync(join(cwd, 'runs'))).toBe(false);
    expect(readFileSync(file, 'utf8')).toBe('kept');
  });

  it('--plan prints what would be done and writes nothing', async () => {
    const cwd = mkdtempSync(join(folder, 'cwd-'));
    const { code, out, err } = await care(
      ['reproduce', 'protein', '--plan', '--profile', 'smoke', '--data-dir', data, '-p', 'data.limit=24'],
      {
        cwd,
      },
    );
    expect([code, err]).toEqual([0, '']);
    expect(out).toContain(
      'protein, profile smoke, preset paper: does the embedding turn when a protein turns?',
    );
    expect(out).toContain('data: generated chains, 24');
    expect(out).toContain('runs: 13, of which 13 to train (in runs)');
    // By the runs that the package brings.
    expect(out).toMatch(/needs: .+; about \d+ MB of disk/);
    expect(out).toContain('note: Generated data, no real proteins');
    expect(readdirSync(cwd)).toEqual([]);
  });

  it('makes a report that needs no network, and the next call trains and measures nothing', async () => {
    const first = await care(tiny('whole'));
    expect(first.err).toContain('[1/13] CARE seed 0: step 1/4');
    expect([first.code, first.signal], first.err.slice(-2000)).toEqual([0, null]);
    const out = join(folder, 'whole', 'out');
    expect(readdirSync(out).sort()).toEqual(FILES);
    const html = readFileSync(join(out, 'protein.html'), 'utf8');
    checkPage(html);
    // What the terminal tells is what the page tells.
    const answer = /^Does .+\?\n(.+)\n/m.exec(first.out)?.[1] ?? 'no answer';
    expect(html).toContain(answer.split('.')[0]);
    const store = openStore(join(folder, 'whole', 'runs'));
    const ids = store.list().map(({ id }) => id);
    expect(ids).toHaveLength(13);
    for (const id of ids) expect(html).toContain(id.slice(0, 8));
    const records = ids.map((id) => store.read(id));

    const second = await care(tiny('whole'));
    expect(second.code).toBe(0);
    expect(second.out).toContain('runs: 13, of which 13 ready');
    expect(second.err).not.toMatch(/step|measuring/);
    expect(second.err).toContain('[13/13]');
    expect(ids.map((id) => store.read(id))).toEqual(records);

    // With nobody left to read what it prints, as after `| head`, it works on all the same.
    rmSync(out, { recursive: true });
    const unread = start(tiny('whole'));
    unread.child.stdout?.destroy();
    unread.child.stderr?.destroy();
    expect((await unread.ended).code).toBe(0);
    expect(readdirSync(out).sort()).toEqual(FILES);

    // A number that is none, in a record: it is refused, and nothing is rendered from it.
    const [care0] = records.filter(({ label }) => label === 'CARE seed 0');
    const file = join(store.dir, care0?.id ?? '', 'record.json');
    const value = care0?.measurements.trajectories?.estimates.roundness?.value;
    const whole = readFileSync(file, 'utf8');
    writeFileSync(file, whole.replace(`"value": ${value ?? 'none'}`, '"value": 1e999'));
    rmSync(out, { recursive: true });
    const refused = await care(tiny('whole'));
    expect(refused.code).toBe(1);
    expect(refused.err).toMatch(/record\.json does not fit the schema:\n.*roundness\/value: must be number/);
    expect(refused.err).not.toContain('    at ');
    expect(readdirSync(out)).toEqual([]);
    writeFileSync(file, whole);

    // A kernel that dies while it reads the records, as where memory runs out: the notebook fails, the exit code tells, and the
    // index is rendered all the same.
    const broken = await care(tiny('whole'), { env: { NODE_OPTIONS: `--require ${dyingKernel()}` } });
    expect(broken.code).toBe(1);
    expect(broken.err).toContain('The notebook protein.ipynb failed.');
    expect(broken.err).toMatch(/Failed: protein[^.]*\.\n/);
    expect(broken.err).not.toContain('    at ');
    expect(readdirSync(out)).toContain('protein.ipynb');
    expect(readdirSync(out)).not.toContain('protein.html');
    expect(readdirSync(out)).toContain('index.html');
  }, 600_000);

  it('looks over all experiments at the end, with the settings that were chosen', async () => {
    const out = join(folder, 'jobs', 'out');
    const { code, err, out: said } = await care(tiny('jobs', '--jobs', '2'));
    expect([code, err.match(/failed/)], err.slice(-2000)).toEqual([0, null]);
    // Every run in a process of its own, none of them twice.
    const ended = [...err.matchAll(/^\[(\d+)\/13\] .+: done$/gm)].map(([, number]) => Number(number));
    expect(ended.sort((a, b) => a - b)).toEqual(Array.from({ length: 13 }, (_, i) => i + 1));
    const entries = openStore(join(folder, 'jobs', 'runs')).list();
    expect(entries.map(({ state }) => state)).toEqual(entries.map(() => 'finished'));
    expect(entries).toHaveLength(13);

    const html = readFileSync(join(out, 'index.html'), 'utf8');
    const { problems, elements } = parse(html);
    expect(problems).toEqual([]);
    expect(said).toMatch(/Index: .*index\.html/);
    // Runs with settings of one's own are found, and lead into the report beside.
    for (const { id } of entries.slice(0, 1)) expect(html).toContain(`href="protein.html#run-${id}"`);
    const marks = elements.filter(({ classes }) => classes.includes('from')).map(({ inner }) => inner);
    expect(marks.filter((inner) => inner.includes('href="protein.html#claim-')).length).toBeGreaterThan(7);
    // What was set for the run can be read without unfolding code.
    expect(readFileSync(join(out, 'protein.html'), 'utf8')).toContain('Set for this run: profile = ');

    const again = await care(tiny('jobs', '--jobs', '2'));
    expect([again.code, again.out.includes('13 ready'), /: done$/m.test(again.err)]).toEqual([
      0,
      true,
      false,
    ]);
  }, 600_000);

  it('stops in order with several runs at a time, and goes on from there', async () => {
    const args = tiny('stopped-jobs', '--jobs', '2', '-p', 'training.steps=200000');
    const running = start(args);
    await running.says('[1/13] CARE seed 0: step');
    await running.says('[2/13] SimCLR seed 0: step');
    running.child.kill('SIGINT');
    const { code, err } = await running.ended;
    expect(code).toBe(130);
    expect(err).toMatch(/Stopped with 1[123] of 13 runs to do/);
    expect(err).toContain('Nothing is lost');
    const entries = openStore(join(folder, 'stopped-jobs', 'runs')).list();
    expect(entries.map(({ state }) => state)).toEqual(['stopped', 'stopped']);
    const plan = await care([...args, '--plan']);
    expect(plan.out).toContain('of which 2 to continue, 11 to train');
  }, 120_000);

  it('stops in order on Ctrl-C, says how far it came, and keeps it', async () => {
    const running = start(tiny('stopped', '-p', 'training.steps=200000'));
    await running.says('CARE seed 0: step');
    running.child.kill('SIGINT');
    const { code, err } = await running.ended;
    expect(code).toBe(130);
    expect(err).toContain('Stopping after this step, with a checkpoint');
    const step = Number(/Stopped CARE seed 0 at step (\d+) of 200000/.exec(err)?.[1]);
    expect(step).toBeGreaterThan(0);
    expect(err).toContain('Nothing is lost');
    const [entry, ...others] = openStore(join(folder, 'stopped', 'runs')).list();
    expect(others).toEqual([]);
    expect(entry).toMatchObject({
      state: 'stopped',
      step,
      record: { steps: { done: step, planned: 200000 } },
    });
    // No report of half an experiment.
    expect(readdirSync(join(folder, 'stopped', 'out'))).toEqual([]);

    // The same command goes on from that step.
    const again = start(tiny('stopped', '-p', 'training.steps=200000'));
    await again.says('CARE seed 0: step');
    again.child.kill('SIGINT');
    const further = await again.ended;
    expect(Number(/Stopped CARE seed 0 at step (\d+) of 200000/.exec(further.err)?.[1])).toBeGreaterThan(
      step,
    );
    const sessions = openStore(join(folder, 'stopped', 'runs')).list()[0];
    expect(sessions).toMatchObject({ record: { sessions: [{ fromStep: 0 }, { fromStep: step }] } });
  }, 120_000);
});

/** Attributes through which a browser fetches something, and what may stand there: what the page itself holds. */
function checkPage(html: string): void {
  const { elements, problems } = parse(html);
  expect(problems).toEqual([]);
  const loads = elements.flatMap(({ name, attributes }) => [
    ...['src', 'srcset', 'poster', 'data', 'xlink:href'].flatMap((key) => attributes[key] ?? []),
    ...(name === 'link' ? [attributes.href ?? ''] : []),
  ]);
  for (const address of loads) expect(address).toMatch(/^(data:|#)/);
  const styles = elements.filter(({ name }) => name === 'style').map(({ inner }) => inner);
  for (const style of styles) expect(style).not.toMatch(/@import|url\((?!["']?data:)/);
  // The first line says what the numbers are not about.
  const text = html.slice(html.indexOf('<main')).replace(/<[^>]+>/g, ' ');
  expect(text).toContain('These proteins were generated');
  expect(elements.filter(({ name }) => name === 'svg').length).toBeGreaterThan(10);
}
