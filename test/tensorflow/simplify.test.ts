import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Recording, Source } from '../../src/tensorflow/recording.js';
import { simplify } from '../../src/tensorflow/simplify.js';

const input = (name: string): Source => ({ from: 'input', name });
const result = (op: number, output = 0): Source => ({ from: 'op', op, output });
const constant = (number: number): Source => ({ from: 'constant', constant: number });
const op = (name: string, inputs: Source[], attributes: Recording['ops'][number]['attributes'] = []) => ({
  name,
  attributes,
  inputs,
  results: [{ shape: [], dtype: 'float32' as const }],
});
const scalar = (value: number) => ({
  shape: [],
  dtype: 'float32' as const,
  values: Float32Array.of(value),
});

describe('simplify', () => {
  it('computes once what is asked for twice, also where the askers were the same only then', () => {
    const recording: Recording = {
      ops: [
        op('Reverse', [input('w')]),
        op('Transpose', [result(0), constant(0)]),
        op('Reverse', [input('w')]),
        op('Transpose', [result(2), constant(1)]),
        op('Add', [result(1), result(3)]),
      ],
      constants: [scalar(3), scalar(3)],
      outputs: { sum: result(4) },
    };
    expect(simplify(recording)).toEqual({
      ops: [
        op('Reverse', [input('w')]),
        op('Transpose', [result(0), constant(0)]),
        op('Add', [result(1), result(1)]),
      ],
      constants: [scalar(3)],
      outputs: { sum: result(2) },
    });
  });

  it('keeps apart what differs in attributes, inputs, outputs or the bits of a constant', () => {
    const strides = (value: number) => [{ name: 'stride', type: 1, value }];
    const recording: Recording = {
      ops: [
        op('Pool', [input('x')], strides(1)),
        op('Pool', [input('x')], strides(2)),
        op('Pool', [input('y')], strides(1)),
        op('Add', [result(0), constant(0)]),
        op('Add', [result(0), constant(1)]),
        op('Add', [result(1), result(2, 1)]),
        op('Add', [result(1), result(2)]),
      ],
      constants: [scalar(0), scalar(-0)],
      outputs: { a: result(3), b: result(4), c: result(5), d: result(6) },
    };
    expect(simplify(recording)).toEqual(recording);
  });

  it('leaves out what no output needs', () => {
    const recording: Recording = {
      ops: [
        op('Neg', [constant(0)]),
        op('Abs', [input('x')]),
        op('Exp', [result(0)]),
        op('Sqrt', [result(1)]),
      ],
      constants: [scalar(1), scalar(2)],
      outputs: { y: result(3), again: input('x') },
    };
    expect(simplify(recording)).toEqual({
      ops: [op('Abs', [input('x')]), op('Sqrt', [result(0)])],
      constants: [],
      outputs: { y: result(1), again: input('x') },
    });
  });

  it('never shares ops that give another result each time', () => {
    const draws = [op('RandomUniform', [constant(0)]), op('RandomUniform', [constant(0)])];
    const recording: Recording = {
      ops: [...draws, op('Sub', [result(0), result(1)])],
      constants: [scalar(4)],
      outputs: { difference: result(2) },
    };
    expect(simplify(recording)).toEqual(recording);
  });

  it('computes the same as before, for any program of sums and products', () => {
    const program = fc.array(fc.tuple(fc.boolean(), fc.nat(), fc.nat()), { minLength: 1, maxLength: 25 });
    fc.assert(
      fc.property(program, fc.nat(), (steps, wanted) => {
        const sources = (count: number): Source[] => [
          input('x'),
          constant(0),
          constant(1),
          ...Array.from({ length: count }, (_, i) => result(i)),
        ];
        const pick = (count: number, which: number): Source => {
          const all = sources(count);
          return all[which % all.length] ?? input('x');
        };
        const recording: Recording = {
          ops: steps.map(([isSum, a, b], i) => op(isSum ? 'Add' : 'Mul', [pick(i, a), pick(i, b)])),
          constants: [scalar(0.5), scalar(0.5)],
          outputs: { y: pick(steps.length, wanted) },
        };
        const simple = simplify(recording);
        expect(valueOf(simple)).toBe(valueOf(recording));
        const keys = simple.ops.map((each) => JSON.stringify([each.name, each.inputs]));
        expect(new Set(keys).size).toBe(keys.length);
      }),
    );
  });
});

/** The output of a recording of sums and products, at x = 1.25. */
function valueOf({ ops, constants, outputs }: Recording): number {
  const values: number[] = [];
  const of = (source: Source | undefined): number => {
    if (source?.from === 'op') return values[source.op] ?? NaN;
    return source?.from === 'constant' ? (constants[source.constant]?.values[0] ?? NaN) : 1.25;
  };
  for (const { name, inputs } of ops) {
    const [a, b] = [of(inputs[0]), of(inputs[1])];
    values.push(name === 'Add' ? a + b : a * b);
  }
  return of(outputs['y']);
}
