import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { trainingMemory } from '../../../src/experiments/images/memory.js';
import { shardedImageTraining } from '../../../src/experiments/images/sharded-training.js';
import { nativeBackend, startEngine } from '../../../src/tensorflow/engine.js';
import { noiseImages, tinyConfig } from './tiny.js';

process.env['TF_NUM_INTRAOP_THREADS'] = '1';
process.env['NODE_OPTIONS'] = `--import=${new URL('../../typescript-loader.mjs', import.meta.url).href}`;
startEngine({ intraOpThreads: 1, interOpThreads: 1 });

const MIB = 2 ** 20;
const BATCH = 16;
const PROCESSES = 2;

/** Peak resident memory of a process, in bytes. */
function peakOf(pid: number): number {
  const kilobytes = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return 1024 * Number(kilobytes);
}

describe.skipIf(nativeBackend() === null || process.platform !== 'linux')(
  'the memory of a divided step',
  () => {
    // Alone in its file, since it looks at the peak of this process.
    it('is estimated within a factor of 1.6: ResNet-18, batch 16, two processes', () => {
      const config = tinyConfig({
        model: { architecture: 'resnet18', hidden: 512, dim: 128 },
        training: { batch: BATCH },
      });
      const images = noiseImages(2 * BATCH, { size: 32 });
      const how = { execution: 'chained', processes: PROCESSES, inPieces: false } as const;
      const before = process.memoryUsage.rss();
      const training = shardedImageTraining(config, 'care', images, 'chained', { count: PROCESSES });
      let measured = NaN;
      try {
        for (let step = 0; step < 2; step++) training.program.run('step', training.inputsAt(step), []);
        const others = training.program.pids().reduce((sum, pid) => sum + peakOf(pid), 0);
        measured = peakOf(process.pid) - before + others;
      } finally {
        training.program.dispose();
      }
      const estimated = trainingMemory(config, 'care', images, how)?.(BATCH) ?? NaN;
      const told = `estimated ${Math.round(estimated / MIB)} MiB, measured ${Math.round(measured / MIB)} MiB`;
      process.stdout.write(`${told}\n`);
      expect(estimated / measured, told).toBeGreaterThan(1 / 1.6);
      expect(estimated / measured, told).toBeLessThan(1.6);
    });
  },
);
