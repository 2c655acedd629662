/** Our side of the linear probe: `node step.js ROWS DIM CLASSES EPOCHS BATCH`. */
import { linearProbe, randomStream, startEngine } from 'care';
import { answerLines } from '../answer.js';

const [rows = 0, dim = 0, classes = 0, epochs = 0, batch = 0] = process.argv.slice(2).map(Number);

if (startEngine().backend !== 'tensorflow')
  throw new Error('The native library is not there: run `npm run care -- setup`.');

const random = randomStream(1);
const set = {
  embeddings: { rows, dim, values: Float32Array.from({ length: rows * dim }, random.normal) },
  labels: Int32Array.from({ length: rows }, () => random.integer(classes)),
};

answerLines(() => {
  const startedAt = performance.now();
  const { accuracy } = linearProbe(set, set, { epochs, batch, seeds: [0] });
  if (!(accuracy.value > 1.2 / classes))
    throw new Error(`An accuracy of ${accuracy.value} on what it learnt.`);
  return (performance.now() - startedAt) / 1000;
});
