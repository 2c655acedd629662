import { describe, expect, it, vi } from 'vitest';
import type { ImageConfig } from '../../../src/experiments/images/config.js';
import { imageMethod } from '../../../src/experiments/images/method.js';
import { imageAugmentation, imageModel, initialWeights } from '../../../src/experiments/images/model.js';
import { PURPOSE } from '../../../src/experiments/images/purpose.js';
import { checkShards } from '../../../src/experiments/images/sharded-training.js';
import { imageTraining, type ImageTraining } from '../../../src/experiments/images/training.js';
import { byolMomentum } from '../../../src/methods/byol.js';
import { QUEUE, QUEUE_PLACE } from '../../../src/methods/key-queue.js';
import { hasCare, METHOD_NAMES, type MethodName } from '../../../src/methods/methods.js';
import type { Execution } from '../../../src/tensorflow/compile.js';
import { nativeBackend, startEngine } from '../../../src/tensorflow/engine.js';
import { randomStream } from '../../../src/tensorflow/random.js';
import type { TensorDataMap } from '../../../src/tensorflow/tensor-data.js';
import { UserError } from '../../../src/train/user-error.js';
import { noiseImages, stateGap, tinyConfig, type TinyChange } from './tiny.js';

// Steps take milliseconds, but programs are made by the dozen, on machines that may be busy.
vi.setConfig({ testTimeout: 180_000 });

startEngine({ intraOpThreads: 1, interOpThreads: 1 });

const data = noiseImages(20);

function configOf(method: MethodName, change: TinyChange = {}): ImageConfig {
  const small = { moco: { queue: 24 }, byol: { hidden: 5 }, equimod: { hidden: 5 }, essl: { hidden: 5 } };
  return tinyConfig({ ...small, method, ...change });
}

function trainingOf(config: ImageConfig, execution: Execution = 'chained'): ImageTraining {
  return imageTraining(config, config.method as MethodName, data, execution);
}

/** Runs the steps from `from` to `to`; the last one's outputs. */
function run({ program, inputsAt }: ImageTraining, from: number, to: number): Record<string, number> {
  let outputs: Record<string, number> = {};
  for (let step = from; step < to; step++) {
    const found = program.run('step', inputsAt(step));
    outputs = Object.fromEntries(Object.entries(found).map(([name, { values }]) => [name, values[0] ?? NaN]));
  }
  return outputs;
}

function valuesOf(state: TensorDataMap, name: string): number[] {
  const found = state[name];
  if (found === undefined) throw new Error(`There is no ${name}.`);
  return Array.from(found.values);
}

const TERMS: Readonly<Record<string, readonly string[]>> = {
  simclr: ['infoNce'],
  care: ['infoNce', 'equivariance'],
  'moco-v2': ['infoNce'],
  byol: ['prediction'],
  'barlow-twins': ['barlowTwins'],
  equimod: ['infoNce', 'displacement'],
  'equimod-byol': ['prediction', 'displacement'],
  'e-ssl': ['infoNce', 'rotation'],
  'l-inv': ['alignment'],
  'l-unif': ['uniformity'],
  'l-inv+l-unif': ['alignment', 'uniformity'],
  'l-equi': ['equivariance'],
  'l-inv+l-equi': ['alignment', 'equivariance'],
  'l-unif+l-equi': ['uniformity', 'equivariance'],
  'l-inv+l-unif+l-equi': ['alignment', 'uniformity', 'equivariance'],
};

function termsOf(name: MethodName): readonly string[] {
  const base = name.endsWith('+care') ? name.slice(0, -'+care'.length) : name;
  return [...(TERMS[base] ?? []), ...(base === name ? [] : ['equivariance'])];
}

describe.each(METHOD_NAMES)('%s', (name) => {
  const config = configOf(name, { training: { lambda: 0.3, optimizer: 'sgd', learningRate: 0.02 } });

  it('trains in a recorded step that is the eager one, and goes on in the same bits from a state read back', () => {
    const [recorded, eager] = [trainingOf(config), trainingOf(config, 'eager')];
    const before = eager.program.readState();
    let state = before;
    for (let step = 0; step < 2; step++) {
      // Each step from one state: rounding of an earlier step may push a value over the kink of a rectifier.
      eager.program.writeState(state);
      const [found, expected] = [run(recorded, step, step + 1), run(eager, step, step + 1)];
      expect(Object.keys(found)).toEqual(['loss', ...termsOf(name)]);
      for (const [term, value] of Object.entries(expected)) {
        expect(Number.isFinite(value)).toBe(true);
        expect(Math.abs((found[term] ?? NaN) - value)).toBeLessThan(1e-4 * Math.max(1, Math.abs(value)));
      }
      state = recorded.program.readState();
      expect(stateGap(state, eager.program.readState())).toBeLessThan(2e-4);
    }
    for (const part of ['encoder.conv1.weight', 'head.3.weight']) {
      expect(valuesOf(state, part)).not.toEqual(valuesOf(before, part));
    }
    const left = run(recorded, 2, 4);
    const end = recorded.program.readState();
    recorded.program.writeState(state);
    expect(run(recorded, 2, 4)).toEqual(left);
    expect(stateGap(recorded.program.readState(), end)).toBe(0);
    recorded.program.dispose();
    eager.program.dispose();
  });

  it('is divided where its loss takes projections alone, and says what it needs where not', () => {
    const pieces = configOf(name, { training: { microBatch: 4 } });
    const divided = () => trainingOf(pieces);
    const sharded = () => checkShards(config, name, { count: 2 });
    const { network } = imageMethod(config, name, data);
    if (network === null) {
      const training = divided();
      expect(Object.keys(run(training, 0, 1))).toEqual(['loss', ...termsOf(name)]);
      training.program.dispose();
      expect(sharded).not.toThrow();
      return;
    }
    for (const refused of [divided, sharded]) {
      expect(refused).toThrow(UserError);
      expect(refused).toThrow(`its loss needs ${network.needs}`);
    }
    expect(divided).toThrow('into micro-batches of 4');
    expect(sharded).toThrow('over 2 processes');
  });
});

describe('a method with CARE', () => {
  it.each(METHOD_NAMES.filter((name) => hasCare(name) && name.endsWith('+care')))(
    '%s at lambda 0 is the method alone, and two more views',
    (name) => {
      const base = name.slice(0, -'+care'.length) as MethodName;
      const settings = { lambda: 0, optimizer: 'sgd' };
      const [care, plain] = [base, name]
        .reverse()
        .map((each) => trainingOf(configOf(each, { training: settings }))) as [ImageTraining, ImageTraining];
      expect(care.viewsPerStep - plain.viewsPerStep).toBe(16);
      const [withTerm, without] = [run(care, 0, 2), run(plain, 0, 2)];
      expect(withTerm['loss']).toBeCloseTo(without['loss'] ?? NaN, 4);
      expect(withTerm['equivariance']).toBeGreaterThan(0);
      const [a, b] = [care.program.readState(), plain.program.readState()];
      const weights = imageModel(configOf(base)).variables.filter(({ kind }) => kind === 'parameter');
      for (const { name: weight } of weights) {
        const other = valuesOf(b, weight);
        valuesOf(a, weight).forEach((value, i) => expect(value).toBeCloseTo(other[i] ?? NaN, 4));
      }
      care.program.dispose();
      plain.program.dispose();
    },
  );

  it('has the gradient of L_equi in it: another lambda gives other weights', () => {
    const states = [0, 1].map((lambda) => {
      const training = trainingOf(configOf('byol+care', { training: { lambda, optimizer: 'sgd' } }));
      run(training, 0, 1);
      const state = training.program.readState();
      training.program.dispose();
      return state;
    });
    expect(valuesOf(states[0] ?? {}, 'encoder.conv1.weight')).not.toEqual(
      valuesOf(states[1] ?? {}, 'encoder.conv1.weight'),
    );
  });
});

describe('a momentum encoder', () => {
  it.each([
    ['moco-v2', { moco: { momentum: 0.9, queue: 24 } }, () => 0.9],
    ['byol', { byol: { momentum: 0.8, hidden: 5 } }, (step: number) => byolMomentum(0.8, step, 8)],
    ['equimod-byol', { byol: { momentum: 0.8, hidden: 5 } }, (step: number) => byolMomentum(0.8, step, 8)],
  ] as const)('of %s starts as the encoder and follows its new weights', (method, change, momentumAt) => {
    const training = trainingOf(configOf(method, change));
    const before = training.program.readState();
    const parameters = imageModel(configOf(method)).variables.filter(({ kind }) => kind === 'parameter');
    expect(parameters.length).toBeGreaterThan(10);
    for (const { name } of parameters) {
      expect(valuesOf(before, `momentum.${name}`)).toEqual(valuesOf(before, name));
    }
    const slow = new Map(parameters.map(({ name }) => [name, valuesOf(before, `momentum.${name}`)]));
    for (let step = 0; step < 3; step++) {
      run(training, step, step + 1);
      const state = training.program.readState();
      const m = momentumAt(step);
      for (const { name } of parameters) {
        const fast = valuesOf(state, name);
        const expected = slow.get(name)?.map((value, i) => m * value + (1 - m) * (fast[i] ?? NaN)) ?? [];
        valuesOf(state, `momentum.${name}`).forEach((value, i) =>
          expect(Math.abs(value - (expected[i] ?? NaN))).toBeLessThan(1e-6),
        );
        slow.set(name, expected);
      }
    }
    training.program.dispose();
  });

  it("keeps running statistics of its own images, and none of the trained encoder's", () => {
    const training = trainingOf(configOf('moco-v2'));
    run(training, 0, 1);
    const state = training.program.readState();
    const buffer = 'encoder.bn1.running_mean';
    expect(valuesOf(state, `momentum.${buffer}`)).not.toEqual(valuesOf(state, buffer));
    expect(valuesOf(state, `momentum.${buffer}`).every((value) => value !== 0)).toBe(true);
    training.program.dispose();
  });
});

describe('the queue of MoCo', () => {
  it('takes the keys of each step in turn, and wraps', () => {
    // Three batches of 8 go in, then the first is written over.
    const training = trainingOf(configOf('moco-v2'));
    const rowsOf = (slot: number) =>
      valuesOf(training.program.readState(), QUEUE).slice(32 * slot, 32 * (slot + 1));
    const lengthsOf = (rows: readonly number[]) =>
      Array.from({ length: 8 }, (_, i) => Math.hypot(...rows.slice(4 * i, 4 * i + 4)));
    const seen: number[][] = [];
    for (let step = 0; step < 4; step++) {
      const before = [0, 1, 2].map(rowsOf);
      run(training, step, step + 1);
      const slot = step % 3;
      const after = [0, 1, 2].map(rowsOf);
      after.forEach((rows, i) =>
        i === slot ? expect(rows).not.toEqual(before[i]) : expect(rows).toEqual(before[i]),
      );
      for (const length of lengthsOf(after[slot] ?? [])) expect(length).toBeCloseTo(1, 5);
      expect(valuesOf(training.program.readState(), QUEUE_PLACE)).toEqual([(slot + 1) % 3]);
      seen.push(after[slot] ?? []);
    }
    expect(seen[3]).not.toEqual(seen[0]);
    training.program.dispose();
  });

  it('must be a multiple of the batch', () => {
    const refused = () => trainingOf(configOf('moco-v2', { moco: { queue: 20 } }));
    expect(refused).toThrow(UserError);
    expect(refused).toThrow('a queue of 20 keys is no multiple of the batch of 8');
  });
});

describe('shuffled batch norm', () => {
  const shuffled = (shuffleGroups: number) => configOf('moco-v2', { moco: { queue: 24, shuffleGroups } });

  it('puts the keys back in order: in groups of a random order, the queue is not that of one group', () => {
    const queues = [1, 2, 4].map((groups) => {
      const training = trainingOf(shuffled(groups));
      const inputs = training.inputsAt(0);
      if (groups > 1) {
        const [order, back] = [Array.from(inputs['moco.order'] ?? []), Array.from(inputs['moco.back'] ?? [])];
        expect(back.map((at) => order[at])).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
        expect(order).not.toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
      }
      run(training, 0, 1);
      const rows = valuesOf(training.program.readState(), QUEUE).slice(0, 32);
      training.program.dispose();
      return rows;
    });
    expect(queues[1]).not.toEqual(queues[0]);
    expect(queues[2]).not.toEqual(queues[1]);
  });

  it.each([3, 8])('refuses %d groups of a batch of 8', (groups) => {
    expect(() => trainingOf(shuffled(groups))).toThrow(
      `a batch of 8 cannot be shuffled into ${groups} groups of at least 2`,
    );
  });
});

describe('EquiMod', () => {
  it("is given every view's parameters, each standardised over a sample of draws", () => {
    const config = configOf('equimod');
    const training = trainingOf(config, 'eager');
    const augmentation = imageAugmentation(config, data);
    const sample = augmentation.describe(augmentation.draw(randomStream(0, PURPOSE.method), 4096));
    const count = sample.names.length;
    expect(count).toBeGreaterThan(10);
    const drawn = augmentation.describe(augmentation.draw(randomStream(config.seed, PURPOSE.views, 2, 1), 8));
    const given = training.inputsAt(2)['second.parameters'] ?? [];
    expect(given.length).toBe(8 * count);
    sample.names.forEach((_, k) => {
      const column = Array.from({ length: 4096 }, (_, i) => sample.values[i * count + k] ?? NaN);
      const mean = column.reduce((sum, value) => sum + value, 0) / 4096;
      const deviation = Math.sqrt(column.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 4096) || 1;
      for (let i = 0; i < 8; i++) {
        const expected = ((drawn.values[i * count + k] ?? NaN) - mean) / deviation;
        expect(given[i * count + k]).toBeCloseTo(expected, 4);
      }
    });
    training.program.dispose();
  });
});

describe.skipIf(nativeBackend() === null)('extra parts', () => {
  it.each([
    ['byol', 'predictor.0.weight'],
    ['equimod', 'equimod.head.0.weight'],
    ['equimod', 'equimod.parameters.0.weight'],
    ['equimod', 'equimod.predictor.0.weight'],
    ['equimod-byol', 'predictor.0.weight'],
    ['equimod-byol', 'equimod.predictor.0.weight'],
    ['e-ssl', 'essl.predictor.6.weight'],
  ] as const)('of %s are trained: %s', (method, part) => {
    const training = trainingOf(configOf(method));
    const before = valuesOf(training.program.readState(), part);
    run(training, 0, 1);
    const after = valuesOf(training.program.readState(), part);
    training.program.dispose();
    expect(after).toHaveLength(before.length);
    expect(after.filter((value, i) => value !== before[i]).length).toBeGreaterThan(0.9 * after.length);
    expect(initialWeights(configOf(method))).not.toHaveProperty(part);
  });
});
