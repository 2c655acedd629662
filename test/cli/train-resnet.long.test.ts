import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { openStore } from '../../src/runs/store.js';
import { randomStream } from '../../src/tensorflow/random.js';
import { care, notBuilt, start } from './program.js';

const data = process.env['CARE_DATA_DIR'] ?? fileURLToPath(new URL('../../../shared/data', import.meta.url));
const missing =
  notBuilt ??
  (existsSync(join(data, 'cifar-10-batches-bin')) ? null : `there is no CIFAR-10 in ${data} (CARE_DATA_DIR)`);

const folder = mkdtempSync(join(tmpdir(), 'care-train-resnet-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const EPOCHS = 5;
const KILLS = 3;

/** ResNet-18 on 16 images of CIFAR-10: two steps and a checkpoint an epoch. */
const run = (runs: string) => [
  ...['train', '--model', 'resnet18', '--data', 'cifar10', '--method', 'care', '--data-dir', data],
  ...['--epochs', String(EPOCHS), '--batch', '8', '--runs', join(folder, runs)],
  ...['data.limit=16', 'training.chunks=2', 'measures.k=5'].flatMap((setting) => ['-p', setting]),
];

const entryOf = (runs: string) => {
  const store = openStore(join(folder, runs));
  const [entry] = store.list();
  return { dir: entry?.dir ?? '', record: store.read(entry?.id ?? '') };
};

/** Steps up to the last checkpoint. */
const stepsIn = (runs: string): number => {
  const [entry] = openStore(join(folder, runs)).list();
  return entry === undefined || entry.state === 'unreadable' ? 0 : entry.record.steps.done;
};

describe.skipIf(missing !== null)(
  `care train --model resnet18${missing === null ? '' : `: ${missing}`}`,
  () => {
    it(`killed ${KILLS} times at random moments ends in the bits of a run that was left alone`, async () => {
      const left = start(run('left'));
      await left.says('care resnet18: epoch');
      const beganAt = performance.now();
      const undisturbed = await left.ended;
      expect(undisturbed.code, undisturbed.err).toBe(0);
      const duration = performance.now() - beganAt;
      const moments = randomStream(18);
      let killed = 0;
      for (let i = 0; i < KILLS; i++) {
        const running = start(run('killed'));
        const isAlive = () => running.child.exitCode === null && running.child.signalCode === null;
        // The first while it starts; the others at some time in the epoch that follows so many steps.
        while (isAlive() && stepsIn('killed') < 2 * i) await sleep(50);
        const timer = setTimeout(
          () => running.child.kill('SIGKILL'),
          (duration / EPOCHS) * moments.uniform(),
        );
        if ((await running.ended).signal === 'SIGKILL') killed++;
        clearTimeout(timer);
      }
      const last = await care(run('killed'));
      expect(last.code, last.err).toBe(0);
      const [expected, found] = [entryOf('left'), entryOf('killed')];
      for (const name of ['weights.safetensors', 'metrics.jsonl']) {
        const [a, b] = [expected, found].map(({ dir }) => readFileSync(join(dir, name)));
        expect(a !== undefined && b !== undefined && a.equals(b), name).toBe(true);
      }
      expect(found.record.weights?.sha256).toBe(expected.record.weights?.sha256);
      // The test means nothing unless kills found the program at work, and at least one a checkpoint to go on from.
      expect(killed).toBeGreaterThan(KILLS / 2);
      expect(Math.max(...found.record.sessions.map(({ fromStep }) => fromStep))).toBeGreaterThan(0);
      process.stdout.write(
        `sessions from steps ${found.record.sessions.map(({ fromStep }) => fromStep).join(', ')}\n`,
      );
    });
  },
);
