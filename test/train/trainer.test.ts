import { describe, expect, it } from 'vitest';
import { compileProgram, type ProgramDefinition } from '../../src/tensorflow/compile.js';
import { startEngine } from '../../src/tensorflow/engine.js';
import * as tf from '../../src/tensorflow/tf.js';
import type { CheckpointState } from '../../src/train/checkpoint-state.js';
import { DivergedError, train, type TrainProgress } from '../../src/train/trainer.js';

startEngine();

/** w <- w + x; the loss is the new w. */
const adder: ProgramDefinition = {
  name: 'adder',
  state: { w: { shape: [], dtype: 'float32', values: Float32Array.of(0) } },
  functions: {
    step: {
      inputs: { x: { shape: [], dtype: 'float32' } },
      run: (state, inputs) => {
        const w = tf.add(state.w as tf.Scalar, inputs.x as tf.Scalar);
        return { state: { w }, outputs: { loss: w } };
      },
    },
  },
};

const base = () => ({
  program: compileProgram(adder),
  from: 0,
  steps: 10,
  inputsAt: (step: number) => ({ x: Float32Array.of(step + 1) }),
  viewsPerStep: 4,
  metricsEvery: 4,
  checkpointEvery: 3,
});

describe('train', () => {
  it('runs every step once, reads metrics and saves checkpoints when due', async () => {
    const metrics: [number, number | undefined][] = [];
    const checkpoints: CheckpointState[] = [];
    const options = base();
    const result = await train({
      ...options,
      onMetrics: (step, values) => metrics.push([step, values.loss]),
      onCheckpoint: (state) => checkpoints.push(state),
    });
    expect(result).toEqual({ outcome: 'finished', step: 10 });
    expect(options.program.readState().w?.values[0]).toBe(55);
    // After step s the sum is (s + 1)(s + 2) / 2.
    expect(metrics).toEqual([
      [0, 1],
      [4, 15],
      [8, 45],
      [9, 55],
    ]);
    expect(checkpoints.map(({ step, tensors }) => [step, tensors.w?.values[0]])).toEqual([
      [3, 6],
      [6, 21],
      [9, 45],
    ]);
  });

  it('stops in order when told to, with a checkpoint, and goes on from it', async () => {
    const controller = new AbortController();
    const checkpoints: CheckpointState[] = [];
    const options = base();
    const stopped = await train({
      ...options,
      signal: controller.signal,
      onCheckpoint: (state) => checkpoints.push(state),
      onProgress: ({ step }) => step === 5 && controller.abort(),
    });
    expect(stopped).toEqual({ outcome: 'interrupted', step: 5 });
    const last = checkpoints.at(-1);
    expect(last?.step).toBe(5);
    const again = base();
    again.program.writeState(last?.tensors ?? {});
    await train({ ...again, from: 5 });
    expect(again.program.readState().w?.values[0]).toBe(55);
  });

  it('tells progress with steps, time and views a second', async () => {
    const seen: TrainProgress[] = [];
    await train({ ...base(), onProgress: (progress) => seen.push(progress) });
    expect(seen.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(seen.every(({ viewsPerSecond, secondsLeft }) => viewsPerSecond > 0 && secondsLeft >= 0)).toBe(
      true,
    );
    expect(seen.at(-1)?.secondsLeft).toBe(0);
  });

  it('stops at a loss that is not a number, naming the step, and keeps the last good state', async () => {
    const checkpoints: CheckpointState[] = [];
    const run = train({
      ...base(),
      metricsEvery: 1,
      inputsAt: (step) => ({ x: Float32Array.of(step === 7 ? NaN : 1) }),
      onCheckpoint: (state) => checkpoints.push(state),
    });
    await expect(run).rejects.toThrow(DivergedError);
    await expect(run).rejects.toThrow(/diverged at step 7: loss is NaN/);
    expect(checkpoints.map(({ step }) => step)).toEqual([3, 6]);
  });

  it('refuses a checkpoint of weights that are not finite', async () => {
    const checkpoints: CheckpointState[] = [];
    const run = train({
      ...base(),
      metricsEvery: 100,
      inputsAt: (step) => ({ x: Float32Array.of(step === 4 ? Infinity : 1) }),
      onCheckpoint: (state) => checkpoints.push(state),
    });
    await expect(run).rejects.toThrow(/diverged before step 6: w holds values/);
    expect(checkpoints.map(({ step }) => step)).toEqual([3]);
  });

  it('leaves no tensor behind between steps, and memory flat over 1,000 of them', async () => {
    const options = { ...base(), steps: 1000, metricsEvery: 10, checkpointEvery: 100 };
    const before = tf.memory().numTensors;
    const counts = new Set<number>();
    const resident: number[] = [];
    await train({
      ...options,
      onProgress: () => {
        counts.add(tf.memory().numTensors);
        resident.push(process.memoryUsage.rss());
      },
    });
    expect([...counts]).toEqual([before]);
    const megabytes = ((resident.at(-1) ?? 0) - (resident[200] ?? 0)) / 2 ** 20;
    expect(megabytes).toBeLessThan(30);
  });

  it('looks at the model every so many steps and after the last, and adds what it sees to the metrics', async () => {
    const metrics: [number, Record<string, number>][] = [];
    const seen: [number, number | undefined][] = [];
    const options = base();
    await train({
      ...options,
      // The look sees the state after the step: w = done (done + 1) / 2.
      evaluation: { every: 4, run: () => ({ seen: options.program.readState().w?.values[0] ?? NaN }) },
      onMetrics: (step, values) => metrics.push([step, { ...values }]),
      onProgress: ({ step, values }) => seen.push([step, values.seen]),
    });
    expect(metrics).toEqual([
      [0, { loss: 1 }],
      [3, { loss: 10, seen: 10 }],
      [4, { loss: 15 }],
      [7, { loss: 36, seen: 36 }],
      [8, { loss: 45 }],
      [9, { loss: 55, seen: 55 }],
    ]);
    // The display keeps the last look until the next.
    expect(seen.map(([, value]) => value)).toEqual([
      undefined,
      undefined,
      undefined,
      10,
      10,
      10,
      10,
      36,
      36,
      55,
    ]);
  });

  it('looks at the same steps when it goes on from the middle', async () => {
    const looks: number[] = [];
    await train({
      ...base(),
      from: 5,
      evaluation: { every: 4, run: () => ({ seen: 0 }) },
      onMetrics: (step, { seen }) => seen === undefined || looks.push(step),
    });
    expect(looks).toEqual([7, 9]);
  });

  it('refuses a look that finds no number', async () => {
    const run = train({ ...base(), evaluation: { every: 2, run: () => ({ knn: NaN }) } });
    await expect(run).rejects.toThrow(/diverged at step 1: knn is NaN/);
  });

  it('counts epochs from 1, a step belonging to the epoch in which it ran', async () => {
    const epochs: (number | undefined)[] = [];
    const totals = new Set<number | undefined>();
    const onProgress = (progress: TrainProgress) => {
      epochs.push(progress.epoch);
      totals.add(progress.epochs);
    };
    await train({ ...base(), stepsPerEpoch: 4, onProgress });
    expect(epochs).toEqual([1, 1, 1, 1, 2, 2, 2, 2, 3, 3]);
    expect([...totals]).toEqual([3]);
    epochs.length = 0;
    await train({ ...base(), from: 7, onProgress });
    expect(epochs).toEqual([undefined, undefined, undefined]);
  });

  it('reads nothing back in steps without metrics', async () => {
    const options = base();
    const fetched: (readonly string[] | undefined)[] = [];
    await train({
      ...options,
      program: {
        ...options.program,
        run: (name, inputs, fetch) => {
          fetched.push(fetch);
          return options.program.run(name, inputs, fetch);
        },
      },
    });
    expect(fetched.map((names) => names?.length)).toEqual([
      undefined,
      0,
      0,
      0,
      undefined,
      0,
      0,
      0,
      undefined,
      undefined,
    ]);
  });
});
