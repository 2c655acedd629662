import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { recordFunction, type ProgramDefinition } from '../../src/tensorflow/compile.js';
import { nativeBackend, startEngine, type NativeBackend } from '../../src/tensorflow/engine.js';
import { gatherRows } from '../../src/tensorflow/kernels/gather-rows.js';
import { conv2d } from '../../src/tensorflow/kernels/conv2d.js';
import { splitRows } from '../../src/tensorflow/kernels/split-rows.js';
import { record, type RawRecording, type RecordableBackend } from '../../src/tensorflow/recording.js';
import { shapeRunner } from '../../src/tensorflow/shape-run.js';
import * as tf from '../../src/tensorflow/tf.js';

startEngine();

const MIB = 2 ** 20;

function definition(run: (x: tf.Tensor) => tf.Tensor, shape: readonly number[]): ProgramDefinition {
  return {
    name: 'shapes',
    state: {},
    functions: {
      f: {
        inputs: { x: { shape, dtype: 'float32' } },
        run: (_state, inputs) => ({ outputs: { y: run(inputs['x'] as tf.Tensor) } }),
      },
    },
  };
}

const recorded = (run: (x: tf.Tensor) => tf.Tensor, shape: readonly number[]) =>
  recordFunction(definition(run, shape), 'f') as RawRecording;

/** The type of the only output. */
const outputOf = ({ ops, outputs }: RawRecording) => {
  const source = Object.values(outputs)[0];
  return source?.from === 'op' ? ops[source.op]?.results[source.output] : undefined;
};

describe.skipIf(nativeBackend() === null)('running ops for shapes', () => {
  const backend = nativeBackend() as NativeBackend;
  const { binding } = backend;

  // First, since it looks at the peak of this process.
  it('needs no memory for values: 40 results of 32 MiB, all of them kept to the end', () => {
    const peak = () => process.resourceUsage().maxRSS * 1024;
    const side = 2048;
    const before = peak();
    const recording = recorded(
      (x) => {
        const results = Array.from({ length: 40 }, (_, i) => tf.mul(x, tf.scalar(i)));
        return tf.addN(results.map((result) => tf.sum(result)));
      },
      [2, side, side],
    );
    expect(recording.ops.filter(({ name }) => name === 'Mul')).toHaveLength(40);
    // The input lies there as an array and, while an op takes it, as a tensor; besides, one result.
    expect((peak() - before) / MIB).toBeLessThan(5 * 32);
  });

  it('gives the shapes and dtypes that running gives, for random compositions', () => {
    const ops: readonly ((t: tf.Tensor) => tf.Tensor)[] = [
      tf.exp,
      (t) => tf.sum(t, 0, true),
      (t) => tf.concat([t, t], 1),
      (t) => tf.transpose(t),
      (t) => tf.tile(t, [2, 1]),
      (t) => tf.matMul(t, t, false, true),
      (t) => tf.cast(tf.greater(t, 0), 'float32'),
      (t) => tf.where(tf.less(t, 1), t, tf.zerosLike(t)),
      (t) => tf.cast(tf.argMax(t, 1), 'float32').expandDims(1),
      (t) => gatherRows(t, tf.argMax<tf.Tensor1D>(t, 0)),
      (t) => tf.slice(t, [0, 0], [1, -1]),
      (t) => tf.reshape(t, [-1, 1]),
    ];
    fc.assert(
      fc.property(
        fc.array(fc.nat(ops.length - 1), { minLength: 1, maxLength: 6 }),
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 1, max: 4 }),
        (chosen, rows, columns) => {
          const run = (x: tf.Tensor) => chosen.reduce((t, i) => (ops[i] ?? tf.exp)(t), x);
          const { shape, dtype } = tf.tidy(() => run(tf.zeros([rows, columns])));
          expect(outputOf(recorded(run, [rows, columns]))).toEqual({ shape, dtype });
        },
      ),
      { numRuns: 60 },
    );
  });

  it('keeps whole numbers, which may be the lengths of what follows', () => {
    const run = (x: tf.Tensor) => {
      // 1 row and 3 rows: lengths that ops compute of constants.
      const lengths: tf.Tensor1D = tf.add(tf.tensor1d([0, 2], 'int32'), tf.scalar(1, 'int32'));
      return splitRows(x, lengths)[1] as tf.Tensor;
    };
    expect(outputOf(recorded(run, [4, 2]))?.shape).toEqual([3, 2]);
  });

  /** A runner, and how often it has run an op of that name. */
  function countingRunner() {
    const run: string[] = [];
    const counting = Object.create(binding, {
      executeOp: {
        value: (...args: Parameters<NativeBackend['binding']['executeOp']>) => {
          run.push(args[0]);
          return binding.executeOp(...args);
        },
      },
    }) as NativeBackend['binding'];
    const around = Object.create(backend, { binding: { value: counting } }) as NativeBackend;
    return {
      runOp: shapeRunner(around),
      runs: (name?: string) => run.filter((op) => op === (name ?? op)).length,
    };
  }

  it('runs an op once for inputs of the same shapes, and again where shapes or few constants differ', () => {
    const { runOp, runs } = countingRunner();
    const sum = (x: tf.Tensor, axis: number) =>
      tf.tidy(() => {
        const attributes = [
          { name: 'keep_dims', type: binding.TF_ATTR_BOOL, value: false },
          { name: 'T', type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT },
          { name: 'Tidx', type: binding.TF_ATTR_TYPE, value: binding.TF_INT32 },
        ];
        return runOp('Sum', attributes, [x, tf.tensor1d([axis], 'int32')], 1)[0]?.shape;
      });
    const [x, y] = [tf.zeros([20, 30]), tf.zeros([20, 31])];
    expect([sum(x, 0), sum(x, 1), sum(x, 0), sum(y, 0), sum(y, 0)]).toEqual([[30], [20], [30], [31], [31]]);
    expect(runs('Sum')).toBe(3);
    tf.dispose([x, y]);
  });

  it('runs nothing the second time that a function is recorded', () => {
    const { runOp, runs } = countingRunner();
    const [x, filter] = [tf.zeros<tf.Rank.R4>([2, 8, 8, 2]), tf.zeros<tf.Rank.R4>([3, 3, 2, 5])];
    const options = { stride: 1, padding: 1 };
    const loss = (w: tf.Tensor): tf.Scalar => tf.sum(conv2d(x, w as tf.Tensor4D, options));
    const once = () =>
      record(
        backend as RecordableBackend,
        'convolution',
        { x, filter },
        () => ({ gradient: tf.grad(loss)(filter) }),
        runOp,
      );
    const first = once();
    const runsOfFirst = runs();
    // Forwards, and for the gradient by the input.
    expect(runs('Conv2D')).toBe(2);
    expect(once()).toEqual(first);
    expect(runs()).toBe(runsOfFirst);
    tf.dispose([x, filter]);
  });

  it('leaves no tensor behind, in JavaScript or in TensorFlow, and none after an error', () => {
    const counts = () => [tf.memory().numTensors, binding.getNumOfTensors()];
    const before = counts();
    const run = (x: tf.Tensor) => tf.matMul(tf.relu(x), tf.transpose(x));
    recorded(run, [3, 4]);
    expect(counts()).toEqual(before);
    const wrong = (x: tf.Tensor) =>
      backend.executeSingleOutput(
        'MatMul',
        [{ name: 'T', type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT }],
        [tf.exp(x), x],
      );
    // What TensorFlow refuses is refused while the function is recorded.
    expect(() => recorded(wrong, [3, 4])).toThrow(/Matrix size-incompatible/);
    expect(counts()).toEqual(before);
  });
});
