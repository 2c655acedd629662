/** A side of MoCo's benchmark: `node step.js PART DEPTH BATCH QUEUE`; answers as the others do. */
import { answerLines } from '../answer.js';
import type { Depth } from '../resnet/program.js';
import { mocoPart, PARTS } from './program.js';

const [name, depth, batch, queue] = process.argv.slice(2);
const part = PARTS.find((known) => known === name);
if (part === undefined) throw new Error(`There is no part "${name}"; choose from ${PARTS.join(', ')}.`);

answerLines(mocoPart(part, { depth: Number(depth) as Depth, batch: Number(batch), queue: Number(queue) }));
