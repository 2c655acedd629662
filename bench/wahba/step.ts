/** Our side of the Wahba benchmark: `node step.js ROWS DIM TRIALS`. */
import { randomStream, startEngine, wahbaTrials, type EmbeddingPair, type Embeddings } from 'care';
import { answerLines } from '../answer.js';

const [rows = 0, dim = 0, trials = 0] = process.argv.slice(2).map(Number);
const NOISE = 0.05;

if (startEngine().backend !== 'tensorflow')
  throw new Error('The native library is not there: run `npm run care -- setup`.');

function onSphere(values: Float32Array): Embeddings {
  for (let i = 0; i < rows; i++) {
    const row = values.subarray(i * dim, (i + 1) * dim);
    const length = Math.hypot(...row);
    for (let j = 0; j < dim; j++) row[j] = (row[j] ?? 0) / length;
  }
  return { rows, dim, values };
}

/** A reflection at a random plane and one at another: a rotation that is cheap to make and to apply. */
function turned({ values }: Embeddings, trial: number): Embeddings {
  const random = randomStream(2, trial);
  const other = values.slice();
  for (let k = 0; k < 2; k++) {
    const normal = Float64Array.from({ length: dim }, random.normal);
    const size = normal.reduce((sum, x) => sum + x * x, 0);
    for (let i = 0; i < rows; i++) {
      const row = other.subarray(i * dim, (i + 1) * dim);
      const along = (2 * row.reduce((sum, x, j) => sum + x * (normal[j] ?? 0), 0)) / size;
      for (let j = 0; j < dim; j++) row[j] = (row[j] ?? 0) - along * (normal[j] ?? 0);
    }
  }
  return onSphere(other.map((x) => x + NOISE * random.normal()));
}

const random = randomStream(1);
const from = onSphere(Float32Array.from({ length: rows * dim }, random.normal));
const pairs: EmbeddingPair[] = Array.from({ length: trials }, (_, trial) => ({
  from,
  to: turned(from, trial),
}));

answerLines(() => {
  const startedAt = performance.now();
  const { relative } = wahbaTrials(pairs, { group: 'SO' });
  if (!(relative.value > 0 && relative.value < 1)) throw new Error(`A relative error of ${relative.value}.`);
  return (performance.now() - startedAt) / 1000;
});
