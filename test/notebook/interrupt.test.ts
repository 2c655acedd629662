import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startKernel, type Kernel } from '../../src/notebook/kernel-process.js';
import { openStore } from '../../src/runs/store.js';
import { notBuilt } from '../cli/program.js';
import { TINY } from '../experiments/protein/tiny.js';
import { temporaryFolder } from './notebook-files.js';

interface Ran {
  readonly status: unknown;
  readonly evalue: unknown;
  readonly printed: string;
}

/** Runs cells in one kernel; `onPrint` is called with all that a cell has printed so far. */
function cellsOf(kernel: Kernel): (code: string, onPrint?: (printed: string) => void) => Promise<Ran> {
  const running = new Map<string, (type: string, content: Readonly<Record<string, unknown>>) => void>();
  kernel.onMessage((_, { type, parent, content }) => running.get(parent)?.(type, content));
  return async (code, onPrint) => {
    const id = randomUUID();
    const ended = new Promise<Ran>((resolve) => {
      let printed = '';
      let reply: Readonly<Record<string, unknown>> | undefined;
      let idle = false;
      running.set(id, (type, content) => {
        if (type === 'stream') {
          printed += String(content.text);
          onPrint?.(printed);
        }
        if (type === 'execute_reply') reply = content;
        idle ||= type === 'status' && content.execution_state === 'idle';
        if (reply && idle) resolve({ status: reply.status, evalue: reply.evalue, printed });
      });
    });
    await kernel.request('execute_request', { code, silent: false, store_history: true }, id);
    const ran = await ended;
    // After a failing cell the kernel calls off what is sent in the next 200 ms, so that "run all" stops there.
    if (ran.status !== 'ok') await sleep(300);
    return ran;
  };
}

/** An interrupt when a cell has printed a text for the first time. */
function interruptAt(kernel: Kernel, text: string): (printed: string) => void {
  let done = false;
  return (printed) => {
    if (done || !printed.includes(text)) return;
    done = true;
    kernel.interrupt();
  };
}

describe('an interrupt', () => {
  let kernel: Kernel;
  let run: ReturnType<typeof cellsOf>;
  beforeAll(async () => {
    kernel = await startKernel({ cwd: temporaryFolder() });
    run = cellsOf(kernel);
  });
  afterAll(() => kernel.stop());

  const WORK = [
    'async function work(kind: string) {',
    "  const signal = (globalThis as any)[Symbol.for('care.notebook.interrupt')]();",
    '  let steps = 0;',
    '  await new Promise((done) => setTimeout(done, 50));',
    "  console.log('begun');",
    '  while (!signal.aborted && steps < 2000) {',
    '    await new Promise((done) => setTimeout(done, 5));',
    '    (globalThis as any).steps = ++steps;',
    '  }',
    "  if (kind === 'tells') throw Object.assign(new Error(`stopped`), { name: 'InterruptedError' });",
    "  if (kind === 'hangs') await new Promise(() => {});",
    '}',
  ].join('\n');
  // V8 breaks off the part of a cell that runs at once by itself; these tests are about what comes after it.
  const WAIT = 'await new Promise(() => setTimeout(() => console.log("waiting"), 50));';
  const STEPS = 'console.log((globalThis as any).steps);';

  test('ends the work behind a cell, whose last words are shown; the next cell has a fresh signal', async () => {
    expect((await run(WORK)).status).toBe('ok');
    for (let time = 0; time < 2; time++) {
      const stopped = await run("await work('tells');", interruptAt(kernel, 'begun'));
      expect(stopped).toMatchObject({ status: 'error', evalue: 'stopped' });
      const { printed } = await run(STEPS);
      await sleep(100);
      expect((await run(STEPS)).printed).toBe(printed);
      expect(Number(printed)).toBeLessThan(2000);
    }
  });

  test('ends work that an earlier cell did not wait for', async () => {
    await run("void work('quiet');");
    await run(WAIT, interruptAt(kernel, 'waiting'));
    const { printed } = await run(STEPS);
    expect(printed).toMatch(/^\d+\n$/);
    await sleep(100);
    expect((await run(STEPS)).printed).toBe(printed);
  });

  test('is over at once where nobody listens, and soon where the listener does not come to an end', async () => {
    const started = Date.now();
    expect((await run(WAIT, interruptAt(kernel, 'waiting'))).evalue).toBe('the cell was interrupted');
    expect(Date.now() - started).toBeLessThan(1500);
    const hung = await run("await work('hangs');", interruptAt(kernel, 'begun'));
    expect(hung.evalue).toBe('the cell was interrupted');
    expect((await run('console.log("alive");')).printed).toBe('alive\n');
  }, 120_000);
});

describe.skipIf(notBuilt !== null)(
  `an interrupted experiment${notBuilt === null ? '' : `: ${notBuilt}`}`,
  () => {
    const settings = JSON.stringify([...TINY, 'training.steps=1200']);

    test('stops with a checkpoint, gives its run back, and goes on when the cell is run again', async () => {
      const folder = temporaryFolder();
      mkdirSync(join(folder, 'data'));
      const kernel = await startKernel({
        cwd: fileURLToPath(new URL('../../', import.meta.url)),
        env: { CARE_DATA_DIR: join(folder, 'data') },
      });
      try {
        const run = cellsOf(kernel);
        const runs = JSON.stringify(join(folder, 'runs'));
        const prepared = await run(
          [
            "import * as care from 'care';",
            `const store = care.openStore(${runs});`,
            `const all = care.planProtein({ profile: 'smoke', preset: 'paper', overrides: care.parseOverrides(${settings}) });`,
            "const plan = { ...all, runs: all.runs.filter(({ encoder }) => encoder === 'simclr').slice(0, 1) };",
            'care.startEngine();',
          ].join('\n'),
        );
        expect(prepared.status).toBe('ok');
        const cell =
          "await care.runProtein(plan, { store: store, onEvent: ({ progress }) => { if (progress?.step === 40) console.log('at 40'); } });\n" +
          "console.log('done');";
        const stopped = await run(cell, interruptAt(kernel, 'at 40'));
        expect(stopped.status).toBe('error');
        expect(stopped.evalue).toMatch(/^Stopped SimCLR seed 0 at step \d+ of 1200; /);
        const [entry] = openStore(join(folder, 'runs')).list();
        expect(entry).toMatchObject({ state: 'stopped', holder: null });
        const again = await run(cell);
        expect(again).toMatchObject({ status: 'ok', printed: 'done\n' });
        const [finished] = openStore(join(folder, 'runs')).list();
        const sessions = finished?.state === 'finished' ? finished.record.sessions : [];
        expect(sessions.map(({ outcome }) => outcome)).toEqual(['interrupted', 'finished']);
      } finally {
        await kernel.stop();
      }
    });
  },
);
