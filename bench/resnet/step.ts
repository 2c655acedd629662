/** Our side of the ResNet benchmark: `node step.js DEPTH BATCH chained|fast|eager`; answers as step.py does. */
import type { Execution } from 'care';
import { answerLines } from '../answer.js';
import { resNetStep, type Depth } from './program.js';

const { run } = resNetStep(
  Number(process.argv[2]) as Depth,
  Number(process.argv[3]),
  process.argv[4] as Execution,
);

answerLines(run);
