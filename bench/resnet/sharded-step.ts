/**
 * Our side of the ResNet benchmark with its views divided over processes:
 * `node sharded-step.js DEPTH BATCH [PROCESSES [chained|fast|eager]]`, 2 and chained where left out. It answers as step.py
 * does; the peak memory is that of this process alone.
 */
import type { Execution } from 'care';
import { answerLines } from '../answer.js';
import { shardedResNetStep, type Depth } from './program.js';

const [depth, batch, processes = '2', execution = 'chained'] = process.argv.slice(2);
const { program, run } = shardedResNetStep(
  Number(depth) as Depth,
  Number(batch),
  execution as Execution,
  Number(processes),
);

process.on('exit', () => program.dispose());
answerLines(run);
