import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { openStore } from '../../../src/runs/store.js';
import { randomStream } from '../../../src/tensorflow/random.js';

const script = fileURLToPath(new URL('./fixtures/train-once.mjs', import.meta.url));
const isBuilt = existsSync(
  fileURLToPath(new URL('../../../dist/experiments/execute-run.js', import.meta.url)),
);
const folder = mkdtempSync(join(tmpdir(), 'care-kill-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly lastLine: string;
}

/** Runs the script on a store; kills it that long after training began, or lets it end. */
function run(store: string, killAfter?: number): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [script, store], { stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      if (output === '' && killAfter !== undefined) setTimeout(() => child.kill('SIGKILL'), killAfter);
      output += text;
    });
    child.on('error', reject);
    child.on('close', (code, signal) =>
      resolve({ code, signal, lastLine: output.trim().split('\n').at(-1) ?? '' }),
    );
  });
}

interface Outcome {
  readonly sha256: string;
  readonly sessions: number;
}

const KILLS = 20;
const LANES = 2;

describe.runIf(isBuilt)('a run that is killed', () => {
  it(`ends in the same bits after SIGKILL at ${KILLS} random moments`, async () => {
    const left = await run(join(folder, 'undisturbed'));
    const expected = (JSON.parse(left.lastLine) as Outcome).sha256;
    const metrics = (store: string) => {
      const [entry] = openStore(store).list();
      return readFileSync(join(entry?.dir ?? '', 'metrics.jsonl'), 'utf8');
    };
    const moments = randomStream(2026);
    const delays = Array.from({ length: KILLS }, () => 1500 * moments.uniform());
    let killed = 0;
    let resumed = 0;
    const one = async (delay: number, i: number): Promise<void> => {
      const store = join(folder, `killed-${i}`);
      const first = await run(store, delay);
      if (first.signal === 'SIGKILL') killed++;
      const second = await run(store);
      expect(second.code).toBe(0);
      const outcome = JSON.parse(second.lastLine) as Outcome;
      expect(outcome.sha256).toBe(expected);
      expect(metrics(store)).toBe(metrics(join(folder, 'undisturbed')));
      if (outcome.sessions > 1) resumed++;
    };
    for (let i = 0; i < KILLS; i += LANES) {
      await Promise.all(delays.slice(i, i + LANES).map((delay, lane) => one(delay, i + lane)));
    }
    // The test means nothing unless most kills found the run at work, some of them after a checkpoint.
    expect(killed).toBeGreaterThan(KILLS / 2);
    expect(resumed).toBeGreaterThan(KILLS / 4);
  }, 300_000);
});
