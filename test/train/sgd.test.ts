import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { compileProgram } from '../../src/tensorflow/compile.js';
import { startEngine } from '../../src/tensorflow/engine.js';
import type { TensorDataMap } from '../../src/tensorflow/tensor-data.js';
import * as tf from '../../src/tensorflow/tf.js';
import { adam } from '../../src/train/adam.js';
import type { Optimizer } from '../../src/train/optimizer.js';
import { sgd } from '../../src/train/sgd.js';

startEngine();

type Case = 'plain' | 'momentum' | 'decay' | 'nesterov' | 'decayWeights' | 'adam' | 'adamDecayWeights';
// Made by test/golden/sgd.py.
const golden = JSON.parse(readFileSync(new URL('../golden/sgd.json', import.meta.url), 'utf8')) as {
  readonly weight: number[][];
  readonly bias: number[];
  readonly rates: number[];
} & Record<Case, [number[], number[]]>;

const parameters: TensorDataMap = {
  weight: { shape: [2, 3], dtype: 'float32', values: Float32Array.from(golden.weight.flat()) },
  bias: { shape: [2], dtype: 'float32', values: Float32Array.from(golden.bias) },
};
const learningRate = (step: number) => golden.rates[step] ?? NaN;

/** The parameters after the steps of the golden script, whose gradient is sin(3 p + step). */
function trained(optimizer: Optimizer): [number[], number[]] {
  const program = compileProgram({
    name: 'optimizer',
    state: { ...parameters, ...optimizer.slots(parameters) },
    functions: {
      step: {
        inputs: { step: { shape: [], dtype: 'float32' }, ...optimizer.inputs },
        run: (state, inputs) => {
          const gradient = (name: string) =>
            tf.sin(tf.add(tf.mul(state[name] as tf.Tensor, 3), inputs.step as tf.Tensor));
          const gradients = { weight: gradient('weight'), bias: gradient('bias') };
          return { state: optimizer.update(state, gradients, inputs), outputs: {} };
        },
      },
    },
  });
  golden.rates.forEach((_, step) =>
    program.run('step', { step: Float32Array.of(step), ...optimizer.inputsAt(step) }),
  );
  const { weight, bias } = program.readState();
  program.dispose();
  return [[...(weight?.values ?? [])], [...(bias?.values ?? [])]];
}

describe('an optimizer against PyTorch, over a changing learning rate', () => {
  const common = { learningRate, momentum: 0.9 };
  it.each<[Case, Optimizer]>([
    ['plain', sgd({ learningRate })],
    ['momentum', sgd(common)],
    ['decay', sgd({ ...common, weightDecay: 0.2 })],
    ['nesterov', sgd({ learningRate, momentum: 0.8, weightDecay: 0.1, nesterov: true })],
    ['decayWeights', sgd({ ...common, weightDecay: 0.2, decayed: 'weights' })],
    ['adam', adam({ learningRate, weightDecay: 0.2 })],
    ['adamDecayWeights', adam({ learningRate, weightDecay: 0.2, decayed: 'weights' })],
  ])('ends at the same parameters: %s', (name, optimizer) => {
    const found = trained(optimizer);
    golden[name].forEach((expected, i) =>
      expected.forEach((value, j) => expect(found[i]?.[j]).toBeCloseTo(value, 5)),
    );
  });

  it('tells the cases apart', () => {
    const ends = (['plain', 'momentum', 'decay', 'nesterov', 'decayWeights'] as const).map((name) =>
      JSON.stringify(golden[name]),
    );
    expect(new Set(ends).size).toBe(ends.length);
  });
});

describe('sgd', () => {
  it('keeps nothing without momentum', () => {
    expect(sgd({ learningRate: 1 }).slots(parameters)).toEqual({});
    expect(Object.keys(sgd({ learningRate: 1, momentum: 0.9 }).slots(parameters))).toEqual([
      'sgd.momentum.weight',
      'sgd.momentum.bias',
    ]);
  });

  it('refuses a momentum of 1 and Nesterov without momentum', () => {
    expect(() => sgd({ learningRate: 1, momentum: 1 })).toThrow(/momentum is 1/);
    expect(() => sgd({ learningRate: 1, nesterov: true })).toThrow(/nesterov needs/);
  });
});
