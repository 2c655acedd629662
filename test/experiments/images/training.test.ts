import { describe, expect, it, vi } from 'vitest';
import { imagesFromBytes } from '../../../src/augment/images.js';
import type { DataSet } from '../../../src/data/data-set.js';
import type { ImageConfig } from '../../../src/experiments/images/config.js';
import { EMBED_BATCH } from '../../../src/experiments/images/embedding.js';
import { imageAugmentation, imageModel, initialWeights } from '../../../src/experiments/images/model.js';
import { PURPOSE } from '../../../src/experiments/images/purpose.js';
import {
  checkBatch,
  imageTraining,
  objectiveOf,
  stepsPerEpoch,
  type ImageTraining,
} from '../../../src/experiments/images/training.js';
import type { MethodName } from '../../../src/methods/methods.js';
import { scopeOf } from '../../../src/nn/module.js';
import type { Execution } from '../../../src/tensorflow/compile.js';
import { nativeBackend, startEngine } from '../../../src/tensorflow/engine.js';
import { randomStream } from '../../../src/tensorflow/random.js';
import type { RecordableBackend } from '../../../src/tensorflow/recording.js';
import { fromTensor, toTensor, type TensorDataMap } from '../../../src/tensorflow/tensor-data.js';
import * as tf from '../../../src/tensorflow/tf.js';
import { UserError } from '../../../src/train/user-error.js';
import { equivarianceLoop, infoNceLoop, type Rows } from '../../losses/reference.js';
import { noiseImages, stateGap, tinyConfig } from './tiny.js';

// Steps take milliseconds, but programs are made by the dozen, on machines that may be busy.
vi.setConfig({ testTimeout: 180_000 });

// One thread each: tiny ops gain nothing by more, and lose much where others use the cores.
startEngine({ intraOpThreads: 1, interOpThreads: 1 });

const data = noiseImages(20);
const VIEWS = ['first', 'second', 'chunkedFirst', 'chunkedSecond'] as const;

function trainingOf(
  config: ImageConfig,
  execution: Execution = 'chained',
  images: DataSet = data,
): ImageTraining {
  return imageTraining(config, objectiveOf(config) as MethodName, images, execution);
}

/** Runs so many steps; the last step's outputs, and the state. */
function run(training: ImageTraining, steps: number) {
  let outputs: Record<string, number> = {};
  for (let step = 0; step < steps; step++) {
    const found = training.program.run('step', training.inputsAt(step));
    outputs = Object.fromEntries(Object.entries(found).map(([name, { values }]) => [name, values[0] ?? NaN]));
  }
  const state = training.program.readState();
  training.program.dispose();
  return { outputs, state };
}

/** The views of a step, drawn and made here one by one, `[batch, height, width, 3]` each. */
function viewsOf(
  config: ImageConfig,
  step: number,
  images: DataSet,
  chosen: readonly number[],
): tf.Tensor4D[] {
  const { batch, chunks, pairs } = config.training;
  const augmentation = imageAugmentation(config, images);
  const shape: [number, number, number, number] = [batch, images.height, images.width, 3];
  return VIEWS.map((_, view) =>
    tf.tidy(() => {
      const stream = randomStream(config.seed, PURPOSE.views, step, view);
      const drawn =
        view < 2
          ? augmentation.draw(stream, batch)
          : augmentation.drawChunked(stream, batch, pairs === 'per-batch' ? 1 : chunks);
      const specs = augmentation.inputs(batch);
      const tensors = Object.entries(augmentation.inputValues(drawn)).map(([key, values]) => {
        const { shape, dtype } = specs[key] ?? { shape: [], dtype: 'float32' as const };
        return [key, toTensor({ shape, dtype, values })] as const;
      });
      const pixels = imagesFromBytes(tf.tensor4d(Array.from(images.batch(chosen)), shape, 'int32'));
      return augmentation.apply(pixels, Object.fromEntries(tensors));
    }),
  );
}

function tensorsOf(state: TensorDataMap): Record<string, tf.Tensor> {
  return Object.fromEntries(Object.entries(state).map(([name, value]) => [name, toTensor(value)]));
}

function chosenAt(training: ImageTraining, step: number): number[] {
  return Array.from(training.inputsAt(step)['indices'] ?? []);
}

const CASES = (['care', 'simclr'] as const).flatMap((method) =>
  (['per-chunk', 'per-batch'] as const).flatMap((pairs) =>
    (['adam', 'sgd'] as const).map((optimizer) => [method, pairs, optimizer] as const),
  ),
);

describe('the recorded step', () => {
  it.each(CASES)('is the eager one: %s, %s, %s', (method, pairs, optimizer) => {
    const config = tinyConfig({ method, training: { pairs, optimizer, lambda: 0.3, weightDecay: 1e-3 } });
    const recorded = run(trainingOf(config, 'chained'), 3);
    const eager = run(trainingOf(config, 'eager'), 3);
    expect(Object.keys(recorded.outputs)).toEqual(Object.keys(eager.outputs));
    for (const [name, value] of Object.entries(eager.outputs)) {
      expect(Math.abs((recorded.outputs[name] ?? NaN) - value)).toBeLessThan(1e-4 * Math.max(1, value));
    }
    expect(stateGap(recorded.state, eager.state)).toBeLessThan(2e-4);
    // And it did train.
    const { state: before } = run(trainingOf(config, 'eager'), 0);
    expect(stateGap(before, eager.state)).toBeGreaterThan(1e-3);
  });

  it('is the same to the bit when it is made and run again', () => {
    const config = tinyConfig();
    const [first, second] = [run(trainingOf(config), 4), run(trainingOf(config), 4)];
    expect(second.outputs).toEqual(first.outputs);
    expect(stateGap(first.state, second.state)).toBe(0);
  });

  it.each([
    ['care', ['loss', 'infoNce', 'equivariance'], 32],
    ['simclr', ['loss', 'infoNce'], 16],
  ] as const)('of %s has its terms and its number of views', (method, names, views) => {
    const training = trainingOf(tinyConfig({ method }));
    expect(training.viewsPerStep).toBe(views);
    expect(training.stepsPerEpoch).toBe(2);
    expect(Object.keys(run(training, 1).outputs)).toEqual(names);
  });
});

describe.each<Execution>(['chained', 'eager'])('the four views, %s', (execution) => {
  const config = tinyConfig({ training: { lambda: 0.3 } });

  it('go through batch norm one after the other, and its running statistics take in each', () => {
    const training = trainingOf(config, execution);
    const chosen = chosenAt(training, 0);
    const { state } = run(training, 1);
    const model = imageModel(config);
    const held = tensorsOf(initialWeights(config));
    const views = viewsOf(config, 0, data, chosen);
    // One pass a view, each in a scope of its own that starts from the buffers of the one before.
    const updates: Record<string, tf.Tensor> = {};
    for (const view of views) tf.tidy(() => model.apply(scopeOf(held, true, updates), view));
    const together: Record<string, tf.Tensor> = {};
    tf.tidy(() => model.apply(scopeOf(held, true, together), tf.concat(views)));
    const buffers = model.variables.filter(({ kind }) => kind === 'buffer').map(({ name }) => name);
    expect(buffers.length).toBeGreaterThan(10);
    let differs = 0;
    for (const name of buffers) {
      const expected = fromTensor(updates[name] as tf.Tensor).values;
      const others = fromTensor(together[name] as tf.Tensor).values;
      (state[name]?.values as Float32Array).forEach((value, i) => {
        expect(Math.abs(value - (expected[i] ?? NaN))).toBeLessThan(1e-5);
        differs = Math.max(differs, Math.abs(value - (others[i] ?? NaN)));
      });
    }
    // All views in one batch would have given something else.
    expect(differs).toBeGreaterThan(0.05);
    tf.dispose([held, views, updates, together]);
  });

  it('go through it piece by piece in micro-batches, with the augmentations of the whole batch', () => {
    const inPieces = tinyConfig({ training: { lambda: 0.3, microBatch: 4 } });
    const training = trainingOf(inPieces, execution);
    const chosen = chosenAt(training, 0);
    const { state } = run(training, 1);
    const model = imageModel(inPieces);
    const held = tensorsOf(initialWeights(inPieces));
    const views = viewsOf(inPieces, 0, data, chosen);
    const updates: Record<string, tf.Tensor> = {};
    for (const view of views) {
      for (const piece of tf.tidy(() => tf.split(view, 2))) {
        tf.tidy(() => model.apply(scopeOf(held, true, updates), piece as tf.Tensor4D));
        piece.dispose();
      }
    }
    for (const [name, tensor] of Object.entries(updates)) {
      const expected = tensor.dataSync();
      (state[name]?.values as Float32Array).forEach((value, i) => {
        expect(Math.abs(value - (expected[i] ?? NaN))).toBeLessThan(1e-5);
      });
    }
    expect(Object.keys(updates).length).toBeGreaterThan(10);
    tf.dispose([held, views, updates]);
  });

  it('are the ordinary step where the piece is the whole batch', () => {
    const optimizer = { lambda: 0.3, optimizer: 'sgd' };
    const whole = run(trainingOf(tinyConfig({ training: optimizer }), execution), 3);
    const pieces = run(trainingOf(tinyConfig({ training: { ...optimizer, microBatch: 8 } }), execution), 3);
    expect(stateGap(whole.state, pieces.state)).toBeLessThan(1e-4);
    for (const [name, value] of Object.entries(whole.outputs)) {
      expect(pieces.outputs[name]).toBeCloseTo(value, 4);
    }
  });

  it("have the first layer's running statistics of a loop, as PyTorch counts them", () => {
    const training = trainingOf(config, execution);
    const chosen = chosenAt(training, 0);
    const { state } = run(training, 1);
    const filters = initialWeights(config)['encoder.conv1.weight'];
    const views = viewsOf(config, 0, data, chosen);
    const statistics = views.map((view) =>
      channelStatistics(convolved(view, Array.from(filters?.values ?? []), 2)),
    );
    tf.dispose(views);
    for (const channel of [0, 1]) {
      let [mean, variance] = [0, 1];
      for (const view of statistics) {
        mean = 0.9 * mean + 0.1 * (view[channel]?.mean ?? NaN);
        variance = 0.9 * variance + 0.1 * (view[channel]?.variance ?? NaN);
      }
      expect(state['encoder.bn1.running_mean']?.values[channel]).toBeCloseTo(mean, 4);
      expect(state['encoder.bn1.running_var']?.values[channel]).toBeCloseTo(variance, 4);
    }
  });

  it('give the loss of loops over their embeddings', () => {
    const training = trainingOf(config, execution);
    const chosen = chosenAt(training, 0);
    const { outputs } = run(training, 1);
    const { temperature, lambda, chunks } = config.training;
    const model = imageModel(config);
    const held = tensorsOf(initialWeights(config));
    const views = viewsOf(config, 0, data, chosen);
    const updates: Record<string, tf.Tensor> = {};
    const embedded = views.map((view) =>
      tf.tidy(() => model.apply(scopeOf(held, true, updates), view).arraySync()),
    ) as unknown as readonly [Rows, Rows, Rows, Rows];
    tf.dispose([held, views, updates]);
    const contrast = infoNceLoop(embedded[0], embedded[1], temperature);
    const equi = equivarianceLoop(embedded[2], embedded[3], chunks, 'official-sum');
    expect(outputs['infoNce']).toBeCloseTo(contrast, 4);
    expect(outputs['equivariance']).toBeCloseTo(equi, 4);
    expect(outputs['loss']).toBeCloseTo(contrast + lambda * equi, 4);
    expect(equi).toBeGreaterThan(0.01);
  });
});

/** A 3 x 3 convolution with a border of zeros, written out: the values of each channel. */
function convolved(view: tf.Tensor4D, filters: readonly number[], channels: number): number[][] {
  const images = view.arraySync();
  const found: number[][] = Array.from({ length: channels }, () => []);
  for (const image of images) {
    image.forEach((line, y) =>
      line.forEach((_, x) =>
        found.forEach((values, to) => {
          let sum = 0;
          for (let i = 0; i < 9; i++) {
            const pixel = image[y + Math.floor(i / 3) - 1]?.[x + (i % 3) - 1] ?? [0, 0, 0];
            pixel.forEach((value, from) => (sum += value * (filters[(3 * i + from) * channels + to] ?? NaN)));
          }
          values.push(sum);
        }),
      ),
    );
  }
  return found;
}

/** Mean and unbiased variance. */
function channelStatistics(channels: readonly (readonly number[])[]) {
  return channels.map((values) => {
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
    return { mean, variance };
  });
}

describe('the inputs of a step', () => {
  const inputsOf = (config: ImageConfig, steps: readonly number[]) => {
    const training = trainingOf(config, 'eager');
    const found = steps.map((step) => training.inputsAt(step));
    training.program.dispose();
    return found;
  };

  it('depend on the step alone: the same again, in any order, and in another instance', () => {
    const config = tinyConfig({ seed: 5 });
    const [a, b, c, again] = inputsOf(config, [0, 1, 6, 0]);
    expect(again).toEqual(a);
    const [c2, a2, b2] = inputsOf(config, [6, 0, 1]);
    expect([a2, b2, c2]).toEqual([a, b, c]);
  });

  it('are others for another step, seed and view', () => {
    const [first, second] = inputsOf(tinyConfig(), [0, 1]);
    const [other] = inputsOf(tinyConfig({ seed: 1 }), [0]);
    for (const key of ['indices', ...VIEWS.map((view) => `${view}.cropRows`)]) {
      expect(second?.[key]).not.toEqual(first?.[key]);
      expect(other?.[key]).not.toEqual(first?.[key]);
    }
    const crops = VIEWS.map((view) => Array.from(first?.[`${view}.cropRows`] ?? []).join());
    expect(new Set(crops).size).toBe(4);
  });

  it('go through the images in epochs: each at most once, in an order of its own', () => {
    // 20 images make two batches of 8; 4 are left over.
    const training = trainingOf(tinyConfig(), 'eager');
    const epochs = [0, 1, 2, 3, 4].map((epoch) =>
      [2 * epoch, 2 * epoch + 1].flatMap((step) => chosenAt(training, step)),
    );
    training.program.dispose();
    for (const order of epochs) {
      expect(order).toHaveLength(16);
      expect(new Set(order).size).toBe(16);
      expect(order.every((index) => Number.isInteger(index) && index >= 0 && index < 20)).toBe(true);
    }
    expect(new Set(epochs.map(String)).size).toBe(5);
    // What is left over is not always the same.
    expect(new Set(epochs.flat()).size).toBe(20);
  });

  it('go through all images where the batch divides their number', () => {
    const training = trainingOf(tinyConfig({ training: { batch: 10 } }), 'eager');
    const order = [...chosenAt(training, 2), ...chosenAt(training, 3)];
    training.program.dispose();
    expect(order.sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, i) => i));
  });
});

describe('chunks', () => {
  // Twenty times the same image: views differ exactly where the augmentations do.
  const one = noiseImages(1);
  const same: DataSet = {
    ...data,
    batch: (indices) => one.batch(Array.from(indices, () => 0)),
  };

  /** For each view, the number of the first image of the batch that looks the same. */
  function alike(config: ImageConfig): number[][] {
    const training = trainingOf(config, 'eager', same);
    const views = viewsThroughInputs(config, training, same);
    training.program.dispose();
    return views.map((images) =>
      images.map((image) =>
        images.findIndex((other) => other.every((value, i) => Math.abs(value - (image[i] ?? NaN)) < 1e-4)),
      ),
    );
  }

  it('share one augmentation in the chunked views, each its own', () => {
    const config = tinyConfig();
    const [first, second, chunkedFirst, chunkedSecond] = alike(config);
    expect(first).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(second).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(chunkedFirst).toEqual([0, 0, 0, 0, 4, 4, 4, 4]);
    expect(chunkedSecond).toEqual([0, 0, 0, 0, 4, 4, 4, 4]);
  });

  it('share one augmentation all together, per batch', () => {
    const [first, , chunkedFirst, chunkedSecond] = alike(tinyConfig({ training: { pairs: 'per-batch' } }));
    expect(first).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(chunkedFirst).toEqual(new Array(8).fill(0));
    expect(chunkedSecond).toEqual(new Array(8).fill(0));
  });

  it('share it also where the batch goes through in pieces that cut them', () => {
    const config = tinyConfig({ training: { microBatch: 2 } });
    const [first, , chunkedFirst] = alike(config);
    expect(first).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(chunkedFirst).toEqual([0, 0, 0, 0, 4, 4, 4, 4]);
  });
});

/** The views of step 0 as the step makes them of its inputs, piece by piece; rows of numbers for each image. */
function viewsThroughInputs(config: ImageConfig, training: ImageTraining, images: DataSet): number[][][] {
  const { batch, microBatch } = config.training;
  const piece = microBatch ?? batch;
  const pieces = batch / piece;
  const augmentation = imageAugmentation(config, images);
  const inputs = training.inputsAt(0);
  const chosen = Array.from(inputs['indices'] ?? []);
  return VIEWS.map((view) =>
    Array.from({ length: pieces }, (_, index) =>
      tf.tidy(() => {
        const tensors = Object.entries(augmentation.inputs(piece)).map(([key, { shape, dtype }]) => {
          const all = inputs[`${view}.${key}`] ?? new Float32Array(0);
          const length = all.length / pieces;
          return [
            key,
            toTensor({ shape, dtype, values: all.slice(index * length, (index + 1) * length) }),
          ] as const;
        });
        const bytes = Array.from(images.batch(chosen.slice(index * piece, (index + 1) * piece)));
        const pixels = imagesFromBytes(tf.tensor4d(bytes, [piece, images.height, images.width, 3], 'int32'));
        const views = augmentation.apply(pixels, Object.fromEntries(tensors));
        return tf.reshape(views, [piece, -1]).arraySync() as number[][];
      }),
    ).flat(),
  );
}

describe('a step', () => {
  it.each([
    [null, 200],
    [4, 60],
  ])('leaves no tensor behind, and memory flat (pieces of %s, %d steps)', (microBatch, steps) => {
    const training = trainingOf(tinyConfig({ training: { microBatch } }));
    const backend = nativeBackend();
    const counts = new Set<string>();
    let resident = 0;
    for (let step = 0; step < steps; step++) {
      training.program.run('step', training.inputsAt(step), step % 10 === 0 ? undefined : []);
      counts.add([tf.memory().numTensors, backend?.binding.getNumOfTensors()].join());
      if (step === Math.floor(steps / 3)) resident = process.memoryUsage.rss();
    }
    const grown = (process.memoryUsage.rss() - resident) / 2 ** 20;
    training.program.dispose();
    expect(counts.size).toBe(1);
    expect(grown).toBeLessThan(40);
  });

  it.skipIf(nativeBackend() === null)('reads nothing back but what is asked for', () => {
    const backend = nativeBackend() as RecordableBackend;
    const training = trainingOf(tinyConfig());
    const { binding } = backend;
    let raw = 0;
    const counting = Object.create(binding, {
      tensorDataSync: {
        value: (id: number) => {
          raw++;
          return binding.tensorDataSync(id);
        },
      },
    }) as typeof binding;
    const reads = vi.spyOn(backend, 'readSync');
    Reflect.set(backend, 'binding', counting);
    /** Tensors whose values come over to JavaScript meanwhile, as tfjs and as the native library count them. */
    const during = (what: () => void) => {
      reads.mockClear();
      raw = 0;
      what();
      expect(raw).toBe(reads.mock.calls.length);
      return raw;
    };
    const inputs = training.inputsAt(0);
    try {
      expect(during(() => training.program.run('step', inputs, []))).toBe(0);
      expect(during(() => training.program.run('step', inputs, ['loss']))).toBe(1);
      expect(during(() => training.program.run('step', inputs))).toBe(3);
      const words = { 'embed.pixels': new Int32Array((EMBED_BATCH * 16 * 16 * 3) / 4) };
      expect(during(() => training.program.run('embed', words))).toBe(2);
      expect(during(() => training.program.run('embed', words, ['features']))).toBe(1);
    } finally {
      Reflect.set(backend, 'binding', binding);
      reads.mockRestore();
      training.program.dispose();
    }
  });
});

describe('batches', () => {
  it.each([
    [{ batch: 21 }, 'The batch of 21 is larger than the 20 images to train on.', 'to at most 20'],
    [
      { batch: 4, chunks: 8 },
      'A batch of 4 is smaller than the number of chunks, 8.',
      'Set -p training.chunks to at most 2',
    ],
    [{ batch: 8, chunks: 8 }, 'A batch of 8 cannot be cut into 8 chunks of at least 2 images', 'a multiple'],
    [{ batch: 10, chunks: 4 }, 'A batch of 10 cannot be cut into 4 chunks', 'a multiple of training.chunks'],
    [{ batch: 8, microBatch: 3 }, 'A batch of 8 cannot be cut into pieces of 3.', 'a divisor'],
    [{ batch: 8, microBatch: 16 }, 'A batch of 8 cannot be cut into pieces of 16.', 'a divisor'],
  ])('%j are refused with what to do', (training, message, hint) => {
    const config = tinyConfig({ training });
    for (const refused of [() => checkBatch(config, 20), () => trainingOf(config)]) {
      expect(refused).toThrow(UserError);
      expect(refused).toThrow(message);
      let said = '';
      try {
        refused();
      } catch (error) {
        said = (error as UserError).hint;
      }
      expect(said).toContain(hint);
    }
  });

  it('need no chunks where there is no L_equi', () => {
    expect(() =>
      checkBatch(tinyConfig({ method: 'simclr', training: { batch: 7, chunks: 5 } }), 20),
    ).not.toThrow();
    expect(() => checkBatch(tinyConfig({ method: 'simclr', training: { batch: 21 } }), 20)).toThrow('larger');
  });

  it('make whole batches to an epoch', () => {
    const config = tinyConfig();
    expect([8, 15, 16, 20].map((images) => stepsPerEpoch(config, images))).toEqual([1, 1, 2, 2]);
    expect(stepsPerEpoch(config, 7)).toBe(0);
  });
});
