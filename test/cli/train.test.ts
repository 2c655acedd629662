import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { openStore } from '../../src/runs/store.js';
import { randomStream } from '../../src/tensorflow/random.js';
import { care, notBuilt, start, type Ended } from './program.js';

// Steps take milliseconds, but programs are made by the dozen, on machines that may be busy.
vi.setConfig({ testTimeout: 180_000 });

const folder = mkdtempSync(join(tmpdir(), 'care-train-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
/** A data folder without data: generated images are used unless others are asked for. */
const data = join(folder, 'data');
mkdirSync(data);
// One thread each: tiny ops gain nothing by more.
const env = { TF_NUM_INTRAOP_THREADS: '1', TF_NUM_INTEROP_THREADS: '1' };

let refused = 0;

/** The arguments of a tiny run: 32 generated images of 16 x 16 pixels, four steps an epoch. */
function tiny(runs: string, ...more: readonly string[]): string[] {
  const settings = ['data.size=16', 'data.limit=32', 'model.width=2', 'model.hidden=6', 'model.dim=4'];
  return [
    ...['train', '--profile', 'smoke', '--data-dir', data, '--runs', runs, '--epochs', '3', '--batch', '8'],
    ...['training.chunks=2', 'measures.k=5', ...settings].flatMap((setting) => ['-p', setting]),
    ...more,
  ];
}

const train = (name: string, ...more: readonly string[]): Promise<Ended> =>
  care(tiny(join(folder, name), ...more), { env });

describe.skipIf(notBuilt !== null)(`care train${notBuilt === null ? '' : `: ${notBuilt}`}`, () => {
  it('tells its options, their choices and examples', async () => {
    const { code, out, err } = await care(['train', '--help']);
    expect([code, err]).toEqual([0, '']);
    for (const text of [
      '"care", "simclr", "moco-v2", "moco-v2+care", "byol", "byol+care"',
      '"small", "resnet18", "resnet34", "resnet50"',
      '--epochs <n>',
      'smoke, laptop, overnight, workstation, paper',
      'care train --model resnet18 --data cifar10 --epochs 1',
      'also by kill -9',
    ]) {
      expect(out.replace(/\s+/g, ' ')).toContain(text);
    }
  });

  it('trains, says what came of it, and finds it again', async () => {
    const first = await train('whole');
    expect([first.code, first.signal], first.err).toEqual([0, null]);
    expect(first.err).toMatch(
      /\[1\/1\] care small: epoch 1\/3 {2}step 1\/12 {2}infoNce [\d.]+ {2}equivariance/,
    );
    expect(first.out).toMatch(
      /CARE small seed 0, generated images train, profile smoke\n {2}kNN accuracy {3}\d+\.\d \u00b1 \d+\.\d % {2}\(\u00b1 standard error over 32 test images\)\n {2}before training {2}\d+\.\d \u00b1 \d+\.\d %\n {2}chance {11}\d+\.\d %\n {2}training {9}.+, \d+ views\/s\nRun: .+\/whole\/[0-9a-f]{12} {2}\(care runs show [0-9a-f]{8}\)\n$/,
    );
    const store = openStore(join(folder, 'whole'));
    const [entry, ...others] = store.list();
    expect(others).toEqual([]);
    expect(entry).toMatchObject({
      state: 'finished',
      record: { experiment: 'images', execution: 'chained' },
    });
    const record = store.read(entry?.id ?? '');
    const again = await train('whole');
    expect(again.out).toBe(first.out);
    expect(again.err).not.toContain('step');
    expect(store.read(record.id)).toEqual(record);
    const shown = await care(['runs', 'show', record.id, '--runs', join(folder, 'whole')]);
    expect([shown.code, shown.err]).toEqual([0, '']);
    expect(shown.out).toContain('CARE small seed 0');
  }, 120_000);

  it('says when k is larger than the data', async () => {
    const { code, err } = await train('neighbours', '--method', 'untrained', '-p', 'measures.k=200');
    expect(code).toBe(0);
    expect(err).toContain('note: measures.k is 200, but 32 images can vote; all of them do.');
  });

  it('runs op by op when told to, and the record says so', async () => {
    const { code, err } = await train('eager', '--eager', '--epochs', '1', '--method', 'simclr');
    expect(code, err).toBe(0);
    expect(openStore(join(folder, 'eager')).list()[0]).toMatchObject({ record: { execution: 'eager' } });
  }, 120_000);

  it.each<[readonly string[], string]>([
    [['--method', 'simclrr'], "argument 'simclrr' is invalid. Allowed choices are care, simclr, moco-v2, "],
    [
      ['--method', 'moco-v2', '-p', 'moco.queue=20'],
      'MoCo: a queue of 20 keys is no multiple of the batch of 8, which goes into it whole; give 24, say.',
    ],
    [
      ['--method', 'byol', '-p', 'training.microBatch=4'],
      'A step of BYOL cannot be divided into micro-batches of 4: its loss needs a momentum encoder',
    ],
    [
      ['--method', 'e-ssl+care', '--shards', '2'],
      'A step of CARE (E-SSL) cannot be divided over 2 processes: its loss needs features of turned images',
    ],
    [['-p', 'training.negativeGroups=3'], 'A batch of 8 cannot be cut into 3 groups of at least 2 images'],
    [
      ['-p', 'training.temperature=0'],
      'training.temperature: given "0" (from -p), allowed is a number above 0',
    ],
    [['-p', 'training.lambda=-1'], 'training.lambda: given "-1" (from -p), allowed is a number at least 0'],
    [['--model', 'resnet19'], 'Allowed choices are small, resnet18, resnet34, resnet50.'],
    [['--data', 'cifar-10'], 'There is no image data "cifar-10".\nDid you mean "cifar10"?'],
    [['--data', 'cifar100'], 'CIFAR-100 was not found: none of cifar-100-binary is in '],
    [['--data', 'folder:nowhere'], 'nowhere was not found'],
    [['--data-dir', join(folder, 'no')], 'the data folder does not exist'],
    [['--profile', 'smok'], 'There is no profile "smok".\nDid you mean "smoke"?'],
    [['--preset', 'offical-code'], 'There is no preset "offical-code".\nDid you mean "official-code"?'],
    [['--batch', '33'], 'The batch of 33 is larger than the 32 images to train on.'],
    [['--batch', '2', '-p', 'training.chunks=4'], 'A batch of 2 is smaller than the number of chunks, 4.'],
    [['-p', 'training.chunks=8'], 'A batch of 8 cannot be cut into 8 chunks of at least 2 images'],
    [['-p', 'training.chunks=3'], 'A batch of 8 cannot be cut into 3 chunks'],
    [['-p', 'training.microBatch=3'], 'A batch of 8 cannot be cut into pieces of 3.'],
    [['-p', 'data.size=17'], 'data.size: given "17" (from -p), allowed is'],
    [
      ['--epochs', '1.5'],
      'training.epochs: given "1.5" (from the options), allowed is a whole number at least 0',
    ],
    [
      ['--batch', 'many'],
      'training.batch: given "many" (from the options), allowed is a whole number at least 2',
    ],
    [['--seed', '-1'], 'seed: given "-1" (from the options), allowed is a whole number at least 0'],
    [['-p', 'training.lamda=3'], 'training.lamda: unknown key (from -p); did you mean training.lambda?'],
    [['-p', 'training.lambda'], '"training.lambda" is no setting (from -p).\nWrite key=value'],
    [['--gpus', '0'], '--gpus 0: TensorFlow finds no GPU here.\nLeave --gpus out to train on the CPU'],
    [['--fast', '--eager'], "option '--fast' cannot be used with option '--eager'"],
    [['--epoch', '3'], "unknown option '--epoch'\n(Did you mean --epochs?)"],
  ])('%j is an error that says what to do, and nothing is written', async (args, message) => {
    const name = `refused-${refused++}`;
    const { code, out, err } = await train(name, ...args);
    expect(err.replaceAll(/ +/g, ' ')).toContain(message);
    expect(code).toBe(1);
    expect(err.trim().split('\n').length).toBeGreaterThan(1);
    expect(err).not.toContain('    at ');
    expect(out).toBe('');
    expect(existsSync(join(folder, name))).toBe(false);
    expect(readdirSync(data)).toEqual([]);
  });

  it('stops in order on Ctrl-C, and says how to go on', async () => {
    const runs = join(folder, 'stopped');
    const running = start(tiny(runs, '--epochs', '50000'), { env });
    await running.says('care small: epoch');
    running.child.kill('SIGINT');
    const { code, err } = await running.ended;
    expect(code).toBe(130);
    expect(err).toContain('Stopping after this step, with a checkpoint');
    expect(Number(/at step (\d+) of 200000/.exec(err)?.[1])).toBeGreaterThan(0);
    expect(err).toContain('Nothing is lost');
    expect(openStore(runs).list()[0]).toMatchObject({ state: 'stopped' });
  }, 120_000);
});

const KILLS = 4;

describe.skipIf(notBuilt !== null)('a run of care train that is killed', () => {
  /** The files whose bytes count. */
  const filesOf = (runs: string) => {
    const [entry] = openStore(runs).list();
    return ['weights.safetensors', 'metrics.jsonl'].map((name) => readFileSync(join(entry?.dir ?? '', name)));
  };

  it(`ends in the same bits after SIGKILL at ${KILLS} random moments`, async () => {
    const settings = ['--epochs', '24'];
    const left = start(tiny(join(folder, 'left'), ...settings), { env });
    await left.says('care small: epoch');
    const beganAt = performance.now();
    expect((await left.ended).code).toBe(0);
    const duration = performance.now() - beganAt;
    const expected = filesOf(join(folder, 'left'));
    const moments = randomStream(77);
    let killed = 0;
    let resumed = 0;
    for (let i = 0; i < KILLS; i++) {
      const runs = join(folder, `killed-${i}`);
      const running = start(tiny(runs, ...settings), { env });
      // One while it starts, the others after its first step, up to shortly before its end.
      if (i > 0) await running.says('care small: epoch');
      const timer = setTimeout(() => running.child.kill('SIGKILL'), 0.8 * duration * moments.uniform());
      const { signal } = await running.ended;
      clearTimeout(timer);
      if (signal === 'SIGKILL') killed++;
      const second = await care(tiny(runs, ...settings), { env });
      expect(second.code, second.err).toBe(0);
      const found = filesOf(runs);
      found.forEach((bytes, file) => expect(bytes.equals(expected[file] ?? Buffer.alloc(0))).toBe(true));
      const [entry] = openStore(runs).list();
      if (openStore(runs).read(entry?.id ?? '').sessions.length > 1) resumed++;
    }
    // The test means nothing unless most kills found the program at work, and some a run to go on with.
    expect(killed).toBeGreaterThan(KILLS / 2);
    expect(resumed).toBeGreaterThan(1);
  }, 400_000);
});
