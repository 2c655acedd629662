import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { recordFunction, type ProgramDefinition } from '../../src/tensorflow/compile.js';
import { nativeBackend, startEngine } from '../../src/tensorflow/engine.js';
import type { RawRecording, RecordedOp, Source } from '../../src/tensorflow/recording.js';
import { peakEagerBytes, peakGraphBytes, recordingAt } from '../../src/tensorflow/step-memory.js';
import * as tf from '../../src/tensorflow/tf.js';

startEngine();

const from = (op: number, output = 0): Source => ({ from: 'op', op, output });
const INPUT: Source = { from: 'input', name: 'x' };

/** An op with outputs of so many floats. */
function op(name: string, inputs: readonly Source[], ...lengths: readonly number[]): RecordedOp {
  const results = lengths.map((length) => ({ shape: [length], dtype: 'float32' as const }));
  return { name, attributes: [], inputs, results };
}

function recordingOf(
  ops: readonly RecordedOp[],
  outputs: Readonly<Record<string, Source>>,
  freedAfter: readonly (readonly number[])[] = ops.map(({ results }) => results.map(() => ops.length)),
): RawRecording {
  return { ops, constants: [], outputs, freedAfter };
}

describe('peak memory of a graph', () => {
  // x -> A (25 floats) -> B (10) -> C = f(A, B) (3) -> D (5)
  const ops = [
    op('A', [INPUT], 25),
    op('B', [from(0)], 10),
    op('Reshape', [from(1), INPUT], 10),
    op('C', [from(0), from(2)], 3),
    op('D', [from(3)], 5),
  ];

  it('is that of the op with the most results that are still needed', () => {
    // A; A B; A B; A B C = 38 floats; C D.
    expect(peakGraphBytes(recordingOf(ops, { y: from(4) }))).toBe(4 * 38);
  });

  it('counts outputs to the end', () => {
    // A stays: the last op has A, C and D; the one before, A, B and C, is still the largest.
    expect(peakGraphBytes(recordingOf(ops, { y: from(4), a: from(0) }))).toBe(4 * 38);
    // B under its other shape stays as well: A B C D.
    expect(peakGraphBytes(recordingOf(ops, { y: from(4), a: from(0), b: from(2) }))).toBe(4 * 43);
  });

  it('counts what is never used while its op runs', () => {
    const unused = [op('A', [INPUT], 2, 30), op('B', [from(0)], 4)];
    expect(peakGraphBytes(recordingOf(unused, { y: from(1) }))).toBe(4 * 32);
  });

  it('has none for shapes of inputs, and none without ops', () => {
    const shapes = [op('Reshape', [INPUT, INPUT], 50), op('Identity', [from(0)], 50)];
    expect(peakGraphBytes(recordingOf(shapes, { y: from(1) }))).toBe(0);
    expect(peakGraphBytes(recordingOf([], { y: INPUT }))).toBe(0);
  });

  it('op by op is counted to where each was freed', () => {
    expect(peakEagerBytes(recordingOf(ops, { y: from(4) }))).toBe(4 * 43);
    // A and C are freed after the fourth op, when all of A, B and C were there.
    const freed = [[4], [5], [5], [4], [5]];
    expect(peakEagerBytes(recordingOf(ops, { y: from(4) }, freed))).toBe(4 * 38);
    // The other shape of B is freed later than B itself.
    const late = [[1], [2], [5], [4], [5]];
    expect(peakEagerBytes(recordingOf(ops, { y: from(4) }, late))).toBe(4 * 25);
  });

  it('is never below the largest op nor above the sum of all, over random graphs', () => {
    const graph = fc.array(
      fc.record({ length: fc.nat(50), inputs: fc.array(fc.nat(100), { maxLength: 3 }) }),
      { minLength: 1, maxLength: 20 },
    );
    fc.assert(
      fc.property(graph, (nodes) => {
        const ops = nodes.map(({ length, inputs }, i) =>
          op(
            'Op',
            inputs.map((input) => (i === 0 ? INPUT : from(input % i))),
            length,
          ),
        );
        const outputs = { y: from(ops.length - 1) };
        // The definition as a loop: at each op, what was made by then and is used then or later.
        const lastUse = nodes.map((_, i) =>
          i === nodes.length - 1
            ? Infinity
            : Math.max(
                i,
                ...ops.flatMap((o, at) => (o.inputs.some((s) => s.from === 'op' && s.op === i) ? [at] : [])),
              ),
        );
        const live = nodes.map((_, at) =>
          nodes.reduce(
            (sum, { length }, i) => sum + (i <= at && (lastUse[i] ?? 0) >= at ? 4 * length : 0),
            0,
          ),
        );
        expect(peakGraphBytes(recordingOf(ops, outputs))).toBe(Math.max(...live));
        const all = nodes.reduce((sum, { length }) => sum + 4 * length, 0);
        expect(peakEagerBytes(recordingOf(ops, outputs))).toBe(all);
      }),
    );
  });
});

/** y_i = sum_j exp(x_ij^2), and the products of all rows; the exponentials are tidied away. */
function definitionFor(rows: number): ProgramDefinition {
  return {
    name: 'memory',
    state: {},
    functions: {
      f: {
        inputs: { x: { shape: [rows, 4], dtype: 'float32' } },
        run: (_state, inputs) => {
          const squares = tf.square(inputs['x'] as tf.Tensor2D);
          const sums = tf.tidy(() => tf.sum(tf.exp(squares), 1));
          return { outputs: { sums, products: tf.matMul(squares, squares, false, true) } };
        },
      },
    },
  };
}

describe.skipIf(nativeBackend() === null)('a recording', () => {
  const recorded = (rows: number) => recordFunction(definitionFor(rows), 'f') as RawRecording;

  it('knows the sizes of results, and when tfjs freed them', () => {
    const { ops, freedAfter } = recorded(3);
    const at = (name: string) => ops.findIndex((each) => each.name === name);
    expect(ops[at('Exp')]?.results).toEqual([{ shape: [3, 4], dtype: 'float32' }]);
    expect(ops[at('Sum')]?.results).toEqual([{ shape: [3], dtype: 'float32' }]);
    // The exponentials are gone as soon as they were added up, the squares at the end.
    expect(freedAfter[at('Exp')]).toEqual([at('Sum') + 1]);
    expect(freedAfter[at('Square')]).toEqual([ops.length]);
  });

  it('tells the peak that was worked out by hand', () => {
    const recording = recorded(3);
    // 12 squares and 12 exponentials, against 12 squares, 3 sums and 9 products.
    expect(peakGraphBytes(recording)).toBe(4 * (12 + 12 + 3));
    expect(peakEagerBytes(recording)).toBe(4 * (12 + 12 + 3));
    // With 20 rows the products are 400.
    expect(peakGraphBytes(recorded(20))).toBe(4 * (80 + 20 + 400));
  });

  it('leaves the backend as it was', () => {
    const backend = nativeBackend();
    recorded(2);
    expect(Object.hasOwn(backend ?? {}, 'disposeData')).toBe(false);
  });

  it('of many items is told from two of few', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), (rows) => {
        const small = { items: 2, recording: recorded(2) };
        const larger = { items: 5, recording: recorded(5) };
        const told = recordingAt(rows, small, larger);
        const real = recorded(rows);
        expect(told.ops.map(({ results }) => results)).toEqual(real.ops.map(({ results }) => results));
        expect(peakGraphBytes(told)).toBe(peakGraphBytes(real));
        expect(peakEagerBytes(told)).toBe(peakEagerBytes(real));
      }),
      { numRuns: 15 },
    );
  });

  it('of another function is refused', () => {
    const small = { items: 2, recording: recorded(2) };
    const others = recordingOf([op('A', [INPUT], 1)], {});
    expect(() => recordingAt(3, small, { items: 4, recording: others })).toThrow('ops for 2 items, 1 for 4');
    const renamed = { ...small.recording, ops: small.recording.ops.map((each) => ({ ...each, name: 'A' })) };
    expect(() => recordingAt(3, small, { items: 4, recording: renamed })).toThrow('is another one');
  });
});
