import { trainingSchema, type ImageConfig } from '../../../src/experiments/images/config.js';
import { dataSet, pixelsInMemory, type DataSet } from '../../../src/data/data-set.js';
import { randomStream } from '../../../src/tensorflow/random.js';
import type { TensorDataMap } from '../../../src/tensorflow/tensor-data.js';

type Input = Record<string, unknown>;

export interface TinyChange {
  readonly seed?: number;
  readonly method?: ImageConfig['method'];
  readonly training?: Input;
  readonly augmentation?: Input;
  readonly model?: Input;
  readonly moco?: Input;
  readonly byol?: Input;
  readonly equimod?: Input;
  readonly essl?: Input;
}

/** A configuration under which a step takes milliseconds: 8 images a batch in 2 chunks, 2 to 8 channels. */
export function tinyConfig({ seed = 0, method = 'care', ...change }: TinyChange = {}): ImageConfig {
  return trainingSchema.parse({
    method,
    seed,
    model: { width: 2, hidden: 6, dim: 4, ...change.model },
    augmentation: change.augmentation ?? {},
    moco: change.moco ?? {},
    byol: change.byol ?? {},
    equimod: change.equimod ?? {},
    essl: change.essl ?? {},
    training: { epochs: 4, batch: 8, chunks: 2, learningRate: 0.01, ...change.training },
  });
}

/** Images of noise, 16 x 16 unless another size is given, with labels that go round. */
export function noiseImages(length: number, { size = 16, classes = 3, seed = 1 } = {}): DataSet {
  const stream = randomStream(seed, length, size);
  const bytes = Uint8Array.from({ length: length * size * size * 3 }, () => stream.integer(256));
  return dataSet({
    name: 'noise',
    classNames: Array.from({ length: classes }, (_, i) => `class ${i}`),
    labels: Int32Array.from({ length }, (_, i) => i % classes),
    pixels: pixelsInMemory(bytes, size, size),
    files: [],
    settings: { length, size, seed },
    generated: true,
  });
}

/** The largest difference between two states of the same names. */
export function stateGap(a: TensorDataMap, b: TensorDataMap): number {
  const names = Object.keys(a).sort();
  if (names.join() !== Object.keys(b).sort().join()) throw new Error('The states have different entries.');
  return Math.max(
    ...names.map((name) =>
      Array.from(a[name]?.values ?? []).reduce(
        (worst, value, i) => Math.max(worst, Math.abs(value - (b[name]?.values[i] ?? NaN))),
        0,
      ),
    ),
  );
}
