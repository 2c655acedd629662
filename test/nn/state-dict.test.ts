import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { imageEncoder } from '../../src/models/image-encoder.js';
import { projectionHead } from '../../src/models/projection-head.js';
import { resNet, smallResNet } from '../../src/models/resnet.js';
import { initialise, type Module } from '../../src/nn/module.js';
import { fromStateDict, StateDictError, toStateDict } from '../../src/nn/state-dict.js';
import { randomStream } from '../../src/tensorflow/random.js';
import type { TensorData, TensorDataMap } from '../../src/tensorflow/tensor-data.js';

const zeros = (shape: readonly number[]): TensorData => ({
  shape,
  dtype: 'float32',
  values: new Float32Array(shape.reduce((a, b) => a * b, 1)),
});

function problemOf(module: Module<never>, stateDict: TensorDataMap): StateDictError {
  try {
    fromStateDict(module, stateDict);
  } catch (error) {
    if (error instanceof StateDictError) return error;
    throw error;
  }
  throw new Error('The state dict was accepted.');
}

describe('a filter in a state dict', () => {
  it('is [out, in, rows, columns], value by value', () => {
    const length = fc.integer({ min: 1, max: 5 });
    fc.assert(
      fc.property(length, length, length, length, (rows, columns, inputs, outputs) => {
        const shape = [rows, columns, inputs, outputs];
        const values = Float32Array.from({ length: rows * columns * inputs * outputs }, (_, i) => i);
        const { w } = toStateDict({ w: { shape, dtype: 'float32', values } });
        expect(w?.shape).toEqual([outputs, inputs, rows, columns]);
        let at = 0;
        for (let o = 0; o < outputs; o++)
          for (let i = 0; i < inputs; i++)
            for (let r = 0; r < rows; r++)
              for (let c = 0; c < columns; c++)
                expect(w?.values[at++]).toBe(((r * columns + c) * inputs + i) * outputs + o);
      }),
      { numRuns: 20 },
    );
  });

  it('comes back as it was, with all else untouched', () => {
    const model = imageEncoder({
      encoder: smallResNet({ width: 3 }),
      head: projectionHead({ inputs: 12, hidden: 5, outputs: 4 }),
    });
    const weights = initialise(model, randomStream(3));
    const stateDict = toStateDict(weights);
    expect(stateDict['encoder.conv1.weight']?.shape).toEqual([3, 3, 3, 3]);
    expect(stateDict['encoder.layer2.0.downsample.0.weight']?.shape).toEqual([6, 3, 1, 1]);
    expect(stateDict['head.0.weight']).toEqual(weights['head.0.weight']);
    expect(fromStateDict(model, stateDict)).toEqual({ weights, left: [] });
  });
});

describe('a state dict that does not fit', () => {
  const small = smallResNet({ width: 4 });
  const stateDict = toStateDict(initialise(small, randomStream(1)));

  it('is refused with the first differing parameter and both shapes', () => {
    const wide = problemOf(smallResNet({ width: 8 }), stateDict);
    expect(wide.message).toMatch(
      /conv1\.weight is \[4, 3, 3, 3\], the model has \[8, 3, 3, 3\]; bn1\.weight is \[4\], the model has \[8\];.*and \d+ more/,
    );
    expect(wide.hint).toMatch(/architecture and stem/);
    const stem = problemOf(resNet({ depth: 18, stem: 'imagenet' }), {
      'conv1.weight': zeros([64, 3, 3, 3]),
    });
    expect(stem.message).toMatch(/conv1\.weight is \[64, 3, 3, 3\], the model has \[64, 3, 7, 7\]/);
  });

  it('is refused where a parameter is missing, and where the model has none of that name', () => {
    const deeper = problemOf(smallResNet({ width: 4, blocks: 2 }), stateDict);
    expect(deeper.message).toMatch(/layer1\.1\.conv1\.weight \[4, 4, 3, 3\] is missing/);
    const extra = problemOf(small, { ...stateDict, 'layer4.0.conv1.weight': zeros([2, 2, 3, 3]) });
    expect(extra.message).toMatch(/layer4\.0\.conv1\.weight \[2, 2, 3, 3\] is none of the model's/);
  });

  it('may have batch counters and a classifier, which are left out and named', () => {
    const { left } = fromStateDict(small, {
      ...stateDict,
      'bn1.num_batches_tracked': zeros([]),
      'fc.weight': zeros([10, 16]),
      'fc.bias': zeros([10]),
    });
    expect(left).toEqual(['bn1.num_batches_tracked', 'fc.weight', 'fc.bias']);
  });
});
