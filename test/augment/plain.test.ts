/** The whole augmentation without the native library: the same views, by the plain twins. */
import { expect, it } from 'vitest';
import { imagesFromWords, packBytes } from '../../src/augment/images.js';
import { simclrAugmentation } from '../../src/augment/simclr.js';
import { startEngine } from '../../src/tensorflow/engine.js';
import * as tf from '../../src/tensorflow/tf.js';
import golden from '../golden/augment.json' with { type: 'json' };
import { formulaBytes, largestGap } from './formula.js';
import { goldenDraws } from './golden-draws.js';

it('gives the views of torchvision on plain TensorFlow.js, from bytes', () => {
  expect(startEngine({ backend: 'cpu' }).backend).toBe('cpu');
  const size = { height: 32, width: 32 };
  const augmentation = simclrAugmentation({ image: size });
  const drawn = goldenDraws();
  const { count } = drawn;
  const bytes = Array.from({ length: count }, (_, i) => formulaBytes(i, 32, 32)).flat();
  const words = tf.tensor2d(packBytes(Uint8Array.from(bytes)), [count, 768], 'int32');
  const values = augmentation.inputValues(drawn);
  const inputs = Object.fromEntries(
    Object.entries(augmentation.inputs(count)).map(([name, { shape, dtype }]) => [
      name,
      tf.tensor(values[name] ?? [], [...shape], dtype),
    ]),
  );
  const views = augmentation.apply(imagesFromWords(words, size), inputs).dataSync();
  const kept = views.filter((_, i) => i % golden.whole.every === 0);
  expect(largestGap(kept, golden.whole.pixels)).toBeLessThan(2e-5);
});
