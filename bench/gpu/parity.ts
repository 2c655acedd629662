/** One ResNet-18 step on whatever device there is: `node parity.js WEIGHTS`; prints the loss and the device as JSON. */
import { environmentFacts } from 'care';
import { saveWeights } from 'care/internal/train/checkpoint';
import { resNetStep } from '../resnet/program.js';

/** Images of a view. */
const BATCH = 32;

const [file] = process.argv.slice(2);
if (file === undefined) throw new Error('Give the file that the state is to be written to.');
const { program, run, loss } = resNetStep(18, BATCH, 'chained', { resident: true });
run();
saveWeights(file, program.readState());
console.log(JSON.stringify({ loss: loss(), environment: environmentFacts() }));
