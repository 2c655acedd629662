/**
 * Our side of the ResNet benchmark with its views divided over processes:
 * `node sharded-step.js DEPTH BATCH chained|fast|eager [PROCESSES]` (2 where left out); answers as step.py does, the peak
 * memory being that of this process alone.
 */
import { createInterface } from 'node:readline';
import type { Execution } from 'care';
import { shardedResNetStep, type Depth } from './program.js';

const { program, run } = shardedResNetStep(
  Number(process.argv[2]) as Depth,
  Number(process.argv[3]),
  process.argv[4] as Execution,
  Number(process.argv[5] ?? 2),
);

process.stdout.write('ready\n');
createInterface({ input: process.stdin })
  .on('line', (line) => {
    const answer =
      line === 'memory' ? [process.resourceUsage().maxRSS * 1024] : Array.from({ length: Number(line) }, run);
    process.stdout.write(`${JSON.stringify(answer)}\n`);
  })
  .on('close', () => program.dispose());
