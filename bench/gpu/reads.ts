/** Training steps as `care train` runs them, with what they read back counted: `node reads.js BATCH`; prints JSON. */
import { loadImages, startEngine } from 'care';
import { imageConfig } from 'care/internal/experiments/images/settings';
import { imageTraining } from 'care/internal/experiments/images/training';
import { nativeBackend } from 'care/internal/tensorflow/engine';
import { median } from '../turns.js';

const IMAGES = 2048;
const STEPS = 10;
const WARM_UP = 3;

const batch = Number(process.argv[2]);
const { device } = startEngine();
const backend = nativeBackend();
if (backend === null) throw new Error('The native library is not there: run `npm run care -- setup`.');
const { config } = imageConfig({
  profile: 'laptop',
  preset: 'paper',
  options: {
    source: 'the benchmark',
    values: { 'model.architecture': 'resnet18', 'training.batch': batch, 'training.chunks': 4 },
  },
});
const data = await loadImages('generated', 'train', { seed: 0, limit: IMAGES });
const { program, inputsAt, viewsPerStep } = imageTraining(config, 'care', data, 'chained');

// Every `dataSync` of tfjs ends here.
const readable = backend as unknown as { readSync: (id: object) => unknown };
const readSync = readable.readSync.bind(backend);
let reads = 0;
readable.readSync = (id) => {
  reads++;
  return readSync(id);
};

const times: number[] = [];
for (let step = 0; step < STEPS + WARM_UP; step++) {
  const startedAt = performance.now();
  program.run('step', inputsAt(step), []);
  if (step >= WARM_UP) times.push((performance.now() - startedAt) / 1000);
}
const whileTraining = reads;
program.run('step', inputsAt(STEPS + WARM_UP), ['loss']);
console.log(
  JSON.stringify({
    device,
    batch,
    steps: STEPS + WARM_UP,
    resident: 'indices' in inputsAt(0),
    reads: whileTraining,
    readsForTheLoss: reads - whileTraining,
    secondsPerStep: median(times),
    viewsPerSecond: viewsPerStep / median(times),
  }),
);
program.dispose();
