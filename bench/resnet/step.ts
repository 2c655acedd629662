/** Our side of the ResNet benchmark: `node step.js DEPTH BATCH chained|fast|eager`; answers as step.py does. */
import { createInterface } from 'node:readline';
import type { Execution } from 'care';
import { resNetStep, type Depth } from './program.js';

const { run } = resNetStep(
  Number(process.argv[2]) as Depth,
  Number(process.argv[3]),
  process.argv[4] as Execution,
);

process.stdout.write('ready\n');
createInterface({ input: process.stdin }).on('line', (line) => {
  const answer =
    line === 'memory' ? [process.resourceUsage().maxRSS * 1024] : Array.from({ length: Number(line) }, run);
  process.stdout.write(`${JSON.stringify(answer)}\n`);
});
