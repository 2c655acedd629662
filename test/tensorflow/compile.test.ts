import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileProgram, type Execution, type ProgramDefinition } from '../../src/tensorflow/compile.js';
import { nativeBackend, startEngine } from '../../src/tensorflow/engine.js';
import { RecordingError } from '../../src/tensorflow/recording.js';
import { gatherRows } from '../../src/tensorflow/kernels/gather-rows.js';
import * as tf from '../../src/tensorflow/tf.js';

startEngine();
const native = nativeBackend() !== null;
const executions: Execution[] = ['eager', 'chained', 'fast'];

/** A counter, a running sum of squares, and an output: w <- w + x, n <- n + 1. */
const accumulator: ProgramDefinition = {
  name: 'accumulator',
  state: {
    w: { shape: [2], dtype: 'float32', values: Float32Array.of(1, 2) },
    n: { shape: [], dtype: 'int32', values: Int32Array.of(0) },
  },
  frozen: { table: { shape: [3, 2], dtype: 'float32', values: Float32Array.of(1, 10, 2, 20, 3, 30) } },
  functions: {
    add: {
      inputs: { row: { shape: [1], dtype: 'int32' } },
      run: (state, inputs) => {
        const row = tf.reshape(gatherRows(state.table as tf.Tensor2D, inputs.row as tf.Tensor1D), [2]);
        const before = state.w as tf.Tensor1D;
        const w = tf.add(before, row);
        return {
          state: { w, n: tf.add(state.n as tf.Scalar, tf.scalar(1, 'int32')) },
          outputs: { sum: tf.sum(w), before },
        };
      },
    },
    twice: {
      inputs: {},
      run: (state) => ({ outputs: { twice: tf.mul(state.w as tf.Tensor1D, 2) } }),
    },
  },
};

describe.each(executions)('compileProgram, %s', (execution) => {
  it('keeps its state from call to call, shared by its functions', () => {
    const program = compileProgram(accumulator, execution);
    const first = program.run('add', { row: Int32Array.of(0) });
    expect([...(first.before?.values ?? [])]).toEqual([1, 2]);
    expect(first.sum?.values[0]).toBe(1 + 1 + 2 + 10);
    const second = program.run('add', { row: Int32Array.of(2) }, ['sum']);
    expect(Object.keys(second)).toEqual(['sum']);
    expect(second.sum?.values[0]).toBe(2 + 3 + 12 + 30);
    program.run('add', { row: Int32Array.of(1) }, []);
    expect([...(program.run('twice', {}).twice?.values ?? [])]).toEqual([2 * 7, 2 * 62]);
    expect(program.readState()).toEqual({
      w: { shape: [2], dtype: 'float32', values: Float32Array.of(7, 62) },
      n: { shape: [], dtype: 'int32', values: Int32Array.of(3) },
    });
    program.dispose();
  });

  it('takes up a state that was read, and refuses one of another program', () => {
    const program = compileProgram(accumulator, execution);
    program.run('add', { row: Int32Array.of(1) });
    const saved = program.readState();
    program.run('add', { row: Int32Array.of(2) });
    program.writeState(saved);
    expect(program.readState()).toEqual(saved);
    expect(() => program.writeState({ w: saved.w as never })).toThrow(/"n" is missing/);
    const wrong = { ...saved, w: { shape: [3], dtype: 'float32', values: new Float32Array(3) } } as const;
    expect(() => program.writeState(wrong)).toThrow(/"w" is float32 \[3\], expected float32 \[2\]/);
    program.dispose();
  });

  it('says which input, output or function is wrong', () => {
    const program = compileProgram(accumulator, execution);
    expect(() => program.run('add', {})).toThrow(/input "row" \(int32 \[1\]\) is missing/);
    expect(() => program.run('add', { row: Int32Array.of(0, 1) })).toThrow(
      /holds 1 values; 2 values of int32/,
    );
    expect(() => program.run('add', { row: Float32Array.of(0) })).toThrow(/1 values of float32 were given/);
    expect(() => program.run('add', { row: Int32Array.of(0), lambda: Float32Array.of(0) })).toThrow(
      /no input is called lambda/,
    );
    expect(() => program.run('subtract', {})).toThrow(/no function "subtract", only add, twice/);
    expect(() => program.run('twice', {}, ['thrice'])).toThrow(/no output "thrice", only twice/);
    program.dispose();
  });

  it('refuses a step that changes the shape of its state or names an entry that is not there', () => {
    const broken = (state: Record<string, tf.Tensor>): ProgramDefinition => ({
      ...accumulator,
      functions: { go: { inputs: {}, run: () => ({ state, outputs: {} }) } },
    });
    const run = (definition: ProgramDefinition) => compileProgram(definition, execution).run('go', {});
    expect(() => run(broken({ w: tf.zeros([3]) }))).toThrow(/new value of "w" is float32 \[3\]/);
    expect(() => run(broken({ v: tf.zeros([2]) }))).toThrow(/"v" is no entry of the state/);
  });

  it('leaves no tensor behind', () => {
    const before = tf.memory().numTensors;
    const program = compileProgram(accumulator, execution);
    const compiled = tf.memory().numTensors;
    for (let i = 0; i < 5; i++) program.run('add', { row: Int32Array.of(i % 3) });
    program.readState();
    expect(tf.memory().numTensors).toBe(compiled);
    program.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe.runIf(native)('recording', () => {
  const compile = (run: ProgramDefinition['functions'][string]['run'], inputs = {}) =>
    compileProgram({ name: 'test', state: {}, functions: { step: { inputs, run } } });
  const x = { x: { shape: [4], dtype: 'float32' } } as const;

  it('refuses a tensor from outside', () => {
    const outside = tf.tensor1d([1, 2, 3, 4]);
    expect(() =>
      compile((_state, inputs) => ({ outputs: { y: tf.mul(inputs.x as tf.Tensor, outside) } }), x),
    ).toThrow(/uses a float32 tensor of shape \[4\] that the step did not make/);
    expect(() => compile(() => ({ outputs: { y: outside } }))).toThrow(RecordingError);
  });

  it('refuses a step that reads values', () => {
    const reading = (_state: unknown, inputs: Readonly<Record<string, tf.Tensor>>) => {
      const sum = tf.sum(inputs.x as tf.Tensor);
      return { outputs: { y: tf.mul(inputs.x as tf.Tensor, sum.dataSync()[0] ?? 0) } };
    };
    expect(() => compile(reading, x)).toThrow(/reads the values of a tensor/);
  });

  it('refuses what changes from call to call without being an input', () => {
    let count = 0;
    const counting = () => ({ outputs: { y: tf.add(tf.scalar(1), tf.scalar(++count)) } });
    expect(() => compile(counting)).toThrow(/had other values the second time/);
    expect(() => compile(() => ({ outputs: { y: tf.neg(tf.randomUniform([3])) } }))).toThrow(
      /must be an input/,
    );
    let odd = false;
    const alternating = () => {
      odd = !odd;
      return { outputs: { y: odd ? tf.exp(tf.scalar(1)) : tf.log(tf.scalar(1)) } };
    };
    expect(() => compile(alternating)).toThrow(/another one the second time/);
  });

  it('works again after a refusal', () => {
    expect(() =>
      compile(() => ({ outputs: { y: tf.tensor1d([1]).dataSync() as unknown as tf.Tensor } })),
    ).toThrow();
    const program = compile((_state, inputs) => ({ outputs: { y: tf.square(inputs.x as tf.Tensor) } }), x);
    expect([...(program.run('step', { x: Float32Array.of(1, 2, 3, 4) }).y?.values ?? [])]).toEqual([
      1, 4, 9, 16,
    ]);
    program.dispose();
  });

  it('gives the values of the eager function for random compositions of ops', () => {
    const unary = [
      tf.tanh,
      tf.square,
      tf.neg,
      tf.relu,
      (t: tf.Tensor) => tf.squeeze(tf.expandDims(t, 0)),
      (t: tf.Tensor) => tf.reshape(tf.transpose(tf.reshape(t, [2, 2])), [4]),
    ];
    fc.assert(
      fc.property(
        fc.array(fc.nat(unary.length - 1), { minLength: 1, maxLength: 6 }),
        fc.array(fc.float({ min: -2, max: 2, noNaN: true }), { minLength: 4, maxLength: 4 }),
        (indices, values) => {
          const apply = (t: tf.Tensor) =>
            indices.reduce((result, i) => tf.add((unary[i] as (t: tf.Tensor) => tf.Tensor)(result), t), t);
          const step = (tensor: tf.Tensor) => ({ y: apply(tensor), sum: tf.sum(apply(tensor)) });
          const program = compile((_state, inputs) => ({ outputs: step(inputs.x as tf.Tensor) }), x);
          const given = Float32Array.from(values);
          const result = program.run('step', { x: given });
          program.dispose();
          const expected = tf.tidy(() => [...step(tf.tensor1d(given)).y.dataSync()]);
          expected.forEach((value, i) => expect(result.y?.values[i]).toBeCloseTo(value, 4));
        },
      ),
      { numRuns: 25 },
    );
  });
});
