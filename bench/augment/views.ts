/** Our side of the augmentation benchmark: `node views.js chained|fast`. */
import * as tf from '@tensorflow/tfjs';
import {
  compileProgram,
  imagesFromWords,
  packBytes,
  randomStream,
  simclrAugmentation,
  startEngine,
  type Execution,
} from 'care';
import { answerLines } from '../answer.js';

const BATCH = 256;
const VIEWS = ['first', 'second'] as const;
const image = { height: 32, width: 32 };

const execution = process.argv[2] as Execution;
const facts = startEngine();
if (facts.backend !== 'tensorflow')
  throw new Error('The native library is not there: run `npm run care -- setup`.');

const augmentation = simclrAugmentation({ image });
const specs = augmentation.inputs(BATCH);

/** An object with an entry for every view and every input of the augmentation. */
function forViews<T>(of: (name: string, view: number) => T): Record<string, T> {
  return Object.fromEntries(
    VIEWS.flatMap((view, i) => Object.keys(specs).map((name) => [`${view}/${name}`, of(name, i)])),
  );
}

const program = compileProgram(
  {
    name: 'augment',
    state: {},
    functions: {
      views: {
        inputs: {
          words: { shape: [BATCH, (image.height * image.width * 3) / 4], dtype: 'int32' },
          ...forViews((name) => specs[name] ?? { shape: [], dtype: 'float32' }),
        },
        run: (_, inputs) => {
          const images = imagesFromWords(inputs['words'] as tf.Tensor2D, image);
          const meanOf = (view: string) => {
            const own = Object.keys(specs).map((name) => [name, inputs[`${view}/${name}`] as tf.Tensor]);
            return tf.mean(augmentation.apply(images, Object.fromEntries(own) as Record<string, tf.Tensor>));
          };
          return { outputs: { first: meanOf('first'), second: meanOf('second') } };
        },
      },
    },
  },
  execution,
);

/** Coarse squares with some noise, as in views.py. */
function pictures(): Uint8Array {
  const random = randomStream(0);
  const { height, width } = image;
  const coarse = Array.from({ length: BATCH * 4 * 4 * 3 }, () => random.integer(256));
  return Uint8Array.from({ length: BATCH * height * width * 3 }, (_, i) => {
    const pixel = Math.floor(i / 3);
    const [x, y] = [pixel % width, Math.floor(pixel / width) % height];
    const square = (Math.floor(pixel / width / height) * 4 + (y >> 3)) * 4 + (x >> 3);
    return Math.max(0, Math.min(255, (coarse[square * 3 + (i % 3)] ?? 0) + 20 * random.normal()));
  });
}

const words = packBytes(pictures());
let done = 0;

/** Both views of a batch with all that belongs to them: drawing, bytes to float, the views, their means read back. */
function makeViews(): number {
  const startedAt = performance.now();
  const drawn = VIEWS.map((_, view) =>
    augmentation.inputValues(augmentation.draw(randomStream(1, 0, done, view), BATCH)),
  );
  done++;
  const outputs = program.run('views', {
    words,
    ...forViews((name, view) => drawn[view]?.[name] ?? new Float32Array()),
  });
  if (!VIEWS.every((view) => Number.isFinite(outputs[view]?.values[0])))
    throw new Error('The views are not finite.');
  return (performance.now() - startedAt) / 1000;
}

answerLines(makeViews);
