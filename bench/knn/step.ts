/** Our side of the kNN benchmark: `node step.js QUERIES BANK DIM K [BLOCK]`. */
import { knn, randomStream, startEngine } from 'care';
import { answerLines } from '../answer.js';

const CLASSES = 10;
const [queries = 0, bank = 0, dim = 0, k = 0, block] = process.argv.slice(2).map(Number);

if (startEngine().backend !== 'tensorflow')
  throw new Error('The native library is not there: run `npm run care -- setup`.');

function randomSet(seed: number, rows: number) {
  const random = randomStream(seed);
  const values = Float32Array.from({ length: rows * dim }, random.normal);
  const labels = Int32Array.from({ length: rows }, () => random.integer(CLASSES));
  return { embeddings: { rows, dim, values }, labels };
}

const votes = randomSet(1, bank);
const asked = randomSet(2, queries);

answerLines(() => {
  const startedAt = performance.now();
  const { n } = knn(votes, asked, { k, temperature: 0.5, ...(block === undefined ? {} : { block }) });
  if (n !== queries) throw new Error(`${n} of ${queries} queries were classified.`);
  return (performance.now() - startedAt) / 1000;
});
