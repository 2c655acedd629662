import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileProgram, type Execution, type HalvedFunction } from '../../src/tensorflow/compile.js';
import { nativeBackend, startEngine } from '../../src/tensorflow/engine.js';
import { cutRecording } from '../../src/tensorflow/halves.js';
import type { Recording, Source } from '../../src/tensorflow/recording.js';
import * as tf from '../../src/tensorflow/tf.js';

startEngine({ intraOpThreads: 1, interOpThreads: 1 });

const DIM = 3;
const ROWS = 4;
const matrix = (seed: number, length: number) =>
  Float32Array.from({ length }, (_, i) => Math.sin(1 + seed + 1.7 * i));

/**
 * A layer `z = tanh(x w + b)` with a running mean of z, and its gradients by w and b for a given dz. Everything that halves
 * can hand over is in it: a result, an input, a comparison (bool), a constant, state that both need.
 */
function layer(): HalvedFunction {
  return {
    halves: ['forward', 'backward'],
    later: ['dz'],
    early: ['z'],
    inputs: {
      x: { shape: [ROWS, DIM], dtype: 'float32' },
      dz: { shape: [ROWS, DIM], dtype: 'float32' },
    },
    run(state, inputs) {
      const [w, b] = [state['w'] as tf.Tensor2D, state['b'] as tf.Tensor1D];
      const x = inputs['x'] as tf.Tensor2D;
      const isPositive = tf.greater(x, 0);
      let z: tf.Tensor = x;
      const weighted = (...tensors: tf.Tensor[]) => {
        const y = tf.add(tf.matMul(x, tensors[0] as tf.Tensor2D), tensors[1] as tf.Tensor1D);
        z = tf.keep(tf.tanh(tf.where(isPositive, y, tf.mul(y, 0.5))));
        return tf.sum<tf.Scalar>(tf.mul(z, inputs['dz'] as tf.Tensor));
      };
      const { grads } = tf.valueAndGrads(weighted)([w, b]);
      const [dw, db] = grads as [tf.Tensor2D, tf.Tensor1D];
      const early = tf.clone(z);
      const mean = tf.add(tf.mul(state['mean'] as tf.Tensor, 0.9), tf.mul(tf.mean(z, 0), 0.1));
      z.dispose();
      return {
        state: { mean, w: tf.sub(w, tf.mul(dw, 0.1)) },
        outputs: { z: early, db, shift: tf.add(b, 1) },
      };
    },
  };
}

const state = {
  w: { shape: [DIM, DIM], dtype: 'float32' as const, values: matrix(0, DIM * DIM) },
  b: { shape: [DIM], dtype: 'float32' as const, values: matrix(1, DIM) },
  mean: { shape: [DIM], dtype: 'float32' as const, values: new Float32Array(DIM) },
};

const EXECUTIONS: readonly Execution[] = nativeBackend() === null ? ['eager'] : ['chained', 'fast', 'eager'];

describe.each(EXECUTIONS)('a function in two halves, %s', (execution) => {
  const halved = () => compileProgram({ name: 'halved', state, functions: {}, halved: [layer()] }, execution);

  it('gives what it gives in one, over several steps', () => {
    const whole = compileProgram({ name: 'whole', state, functions: { step: layer() } }, execution);
    const program = halved();
    for (let step = 0; step < 3; step++) {
      const [x, dz] = [matrix(step, ROWS * DIM), matrix(10 + step, ROWS * DIM)];
      const expected = whole.run('step', { x, dz });
      const { z, ...others } = program.run('forward', { x });
      expect(Object.keys(others)).toEqual([]);
      expect(z).toEqual(expected['z']);
      const late = program.run('backward', { dz }, ['db', 'shift']);
      for (const name of ['db', 'shift']) expect(late[name]).toEqual(expected[name]);
      expect(program.readState()).toEqual(whole.readState());
    }
    whole.dispose();
    program.dispose();
  });

  it('can be run forward again before it goes back, and takes the last', () => {
    const [program, other] = [halved(), halved()];
    const [x, dz] = [matrix(3, ROWS * DIM), matrix(4, ROWS * DIM)];
    program.run('forward', { x: matrix(9, ROWS * DIM) });
    program.run('forward', { x });
    other.run('forward', { x });
    program.run('backward', { dz }, []);
    other.run('backward', { dz }, []);
    expect(program.readState()).toEqual(other.readState());
    program.dispose();
    other.dispose();
  });

  it('does not go back without having gone forward, nor twice', () => {
    const program = halved();
    const dz = matrix(4, ROWS * DIM);
    expect(() => program.run('backward', { dz })).toThrow(
      'halved: "backward" is the second half of "forward", which has to be run before it.',
    );
    program.run('forward', { x: matrix(3, ROWS * DIM) }, []);
    program.run('backward', { dz }, []);
    expect(() => program.run('backward', { dz })).toThrow('has to be run before it');
    expect(() => program.run('sideways', {})).toThrow('only forward, backward');
    program.dispose();
  });

  it('leaves no tensor behind', () => {
    const program = halved();
    const counts = new Set<number>();
    for (let step = 0; step < 5; step++) {
      program.run('forward', { x: matrix(step, ROWS * DIM) });
      program.run('backward', { dz: matrix(step, ROWS * DIM) }, []);
      counts.add(tf.memory().numTensors);
    }
    expect(counts.size).toBe(1);
    program.dispose();
  });
});

describe.skipIf(nativeBackend() === null)('a cut', () => {
  it('is refused where the first half would need a later input', () => {
    const late: HalvedFunction = { ...layer(), early: ['z', 'db'] };
    expect(() => compileProgram({ name: 'late', state, functions: {}, halved: [late] })).toThrow(
      'depend on input dz, which only the second half has',
    );
    const unknown: HalvedFunction = { ...layer(), early: ['y'] };
    expect(() => compileProgram({ name: 'late', state, functions: {}, halved: [unknown] })).toThrow(
      'which is no output',
    );
  });
});

describe('the two recordings of a cut', () => {
  const type = { shape: [], dtype: 'float32' as const };
  /** Ops that add up all their inputs and a number of their own. */
  const recordingOf = (inputs: readonly (readonly number[])[]): Recording => ({
    ops: inputs.map((from, i) => ({
      name: `Add${i}`,
      attributes: [],
      // -1 is the input that comes at once, -2 the one that comes later.
      inputs: from.map((source): Source =>
        source >= 0
          ? { from: 'op', op: source, output: 0 }
          : { from: 'input', name: source === -1 ? 'now' : 'later' },
      ),
      results: [type],
    })),
    constants: [],
    outputs: {},
  });
  function evaluate(recording: Recording, inputs: Readonly<Record<string, number>>): Record<string, number> {
    const values: number[] = [];
    const valueOf = (source: Source) =>
      source.from === 'op'
        ? (values[source.op] ?? NaN)
        : source.from === 'input'
          ? (inputs[source.name] ?? NaN)
          : NaN;
    for (const op of recording.ops) {
      const own = Number(op.name.slice(3));
      values.push(op.inputs.reduce((sum, source) => (sum + valueOf(source)) % 1009, own * own + 1));
    }
    return Object.fromEntries(Object.entries(recording.outputs).map(([name, from]) => [name, valueOf(from)]));
  }

  it('compute together what one computed, each op in one of them', () => {
    const graph = fc
      .array(fc.array(fc.nat({ max: 40 }), { minLength: 1, maxLength: 3 }), { minLength: 2, maxLength: 25 })
      .map((ops) => ops.map((from, i) => from.map((n) => (n % (i + 2)) - 2)));
    fc.assert(
      fc.property(graph, fc.nat(), fc.nat(), (inputs, a, b) => {
        const recording = recordingOf(inputs);
        const depends: boolean[] = [];
        for (const from of inputs) depends.push(from.some((n) => n === -2 || depends[n] === true));
        const independent = depends.flatMap((is, i) => (is ? [] : [i]));
        fc.pre(independent.length > 0);
        const early = independent[a % independent.length] ?? 0;
        const outputs: Record<string, Source> = {
          early: { from: 'op', op: early, output: 0 },
          late: { from: 'op', op: b % inputs.length, output: 0 },
          last: { from: 'op', op: inputs.length - 1, output: 0 },
        };
        const whole = { ...recording, outputs };
        const cut = cutRecording('sum', whole, {
          early: ['early'],
          later: ['later'],
          inputs: { now: type, later: type },
          kept: 'kept ',
        });
        const expected = evaluate(whole, { now: 5, later: 7 });
        const { early: found, ...kept } = evaluate(cut.first, { now: 5 });
        expect(found).toBe(expected['early']);
        expect(Object.keys(kept).sort()).toEqual(Object.keys(cut.kept).sort());
        expect(evaluate(cut.second, { ...kept, later: 7 })).toEqual({
          late: expected['late'],
          last: expected['last'],
        });
        const shared = cut.first.ops.filter(({ name }) => cut.second.ops.some((op) => op.name === name));
        expect(shared).toEqual([]);
      }),
    );
  });
});
