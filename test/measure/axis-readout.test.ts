import { Matrix } from 'ml-matrix';
import { beforeAll, describe, expect, it } from 'vitest';
import { axisBaselines, axisReadout, type AxisReadoutData } from '../../src/measure/axis-readout.js';
import { embeddingsFrom } from '../../src/measure/embeddings.js';
import { encodeLine, type Line } from '../../src/measure/lines.js';
import { randomStream } from '../../src/tensorflow/random.js';
import { startEngine } from '../../src/tensorflow/engine.js';
import * as tf from '../../src/tensorflow/tf.js';

beforeAll(() => {
  startEngine();
});

const STRUCTURES = 60;
const VIEWS = 5;

/** Random lines of `STRUCTURES` structures seen `VIEWS` times each, with an embedding made from each line. */
function dataFrom(embed: (line: Line, normal: () => number) => number[]): AxisReadoutData {
  const stream = randomStream(11);
  const lines = Array.from({ length: STRUCTURES * VIEWS }, (): Line => {
    const v = [stream.normal(), stream.normal(), stream.normal()] as const;
    const length = Math.hypot(...v);
    return [v[0] / length, v[1] / length, v[2] / length];
  });
  const structures = lines.map((_, k) => `S${Math.floor(k / VIEWS)}`);
  const items = lines.map((_, k) => k);
  return {
    embeddings: embeddingsFrom(lines.map((line) => embed(line, stream.normal))),
    axes: lines.flat(),
    structures,
    train: items.filter((k) => k < 40 * VIEWS),
    test: items.filter((k) => k >= 40 * VIEWS),
  };
}

const mixing = (() => {
  const stream = randomStream(5);
  return new Matrix(Array.from({ length: 6 }, () => Array.from({ length: 16 }, () => stream.normal())));
})();

describe('axisReadout', () => {
  it('linear: finds the line when the embedding holds v v^T in a linear form', () => {
    const data = dataFrom((line) => new Matrix([encodeLine(line)]).mmul(mixing).to1DArray());
    const found = axisReadout(data, { readout: 'linear', seeds: [0, 1, 2] });
    expect(found.error.value).toBeLessThan(0.1);
    expect(found.error).toMatchObject({ unit: 'degrees', n: 3, kind: 'classifier seeds' });
    expect(found.acrossStructures).toMatchObject({ unit: 'degrees', n: 20, kind: 'structures' });
    expect(found.perStructure.map((one) => one.structure)).toContain('S59');
  });

  it('an embedding that holds v itself needs the MLP: its square is not linear in it', () => {
    const data = dataFrom((line) => [...line]);
    const linear = axisReadout(data, { readout: 'linear', seeds: [0] });
    const mlp = axisReadout(data, { readout: 'mlp', seeds: [0, 1] });
    expect(linear.error.value).toBeGreaterThan(35);
    expect(mlp.error.value).toBeLessThan(8);
    expect(mlp.error.sd).toBeGreaterThan(0);
  });

  it('finds nothing in noise: the error is that of chance', () => {
    const data = dataFrom((_, normal) => Array.from({ length: 8 }, normal));
    for (const readout of ['linear', 'mlp'] as const) {
      const { error } = axisReadout(data, { readout, seeds: [0, 1] });
      // 100 items with a standard deviation of 21.6 degrees each.
      expect(Math.abs(error.value - 57.3)).toBeLessThan(4 * 2.2);
    }
  });

  it('gives the constant prediction for a collapsed encoder, rounding noise or not', () => {
    const data = dataFrom((_, normal) => [0.6 + 1e-8 * normal(), 0.8]);
    const { error, baselines } = axisReadout(data, { readout: 'linear', seeds: [0] });
    expect(error.value).toBeCloseTo(baselines.constant, 6);
  });

  it('does not depend on the sign or length of the axes', () => {
    const data = dataFrom((line) => new Matrix([encodeLine(line)]).mmul(mixing).to1DArray());
    const flipped = {
      ...data,
      axes: Array.from(data.axes, (x, k) => (Math.floor(k / 3) % 2 ? -3 : 0.5) * x),
    };
    const of = (d: AxisReadoutData): number => axisReadout(d, { readout: 'linear', seeds: [3] }).error.value;
    expect(of(flipped)).toBeCloseTo(of(data), 6);
  });

  it('is the same again for the same seed, and leaves no tensor behind', () => {
    const data = dataFrom((line, normal) => [...line, normal()]);
    const run = (): number =>
      axisReadout(data, { readout: 'mlp', seeds: [4], mlp: { maxSteps: 60 } }).error.value;
    const first = run();
    const before = tf.memory().numTensors;
    expect(run()).toBe(first);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('computes its baselines from the axes', () => {
    const data = dataFrom((line) => [...line]);
    const baselines = axisBaselines(data);
    expect(baselines.random).toBeCloseTo(57.29578, 5);
    expect(baselines.perfect).toBeLessThan(1e-5);
    expect(Math.abs(baselines.permuted - 57.3)).toBeLessThan(4);
    expect(Math.abs(baselines.constant - 57.3)).toBeLessThan(9);
    // Axes that all lie in one cone: constant and permuted predictions are good then, and the reader must see it.
    const aligned = { ...data, axes: Array.from(data.axes, (x, k) => (k % 3 === 2 ? 1 : 0.05 * x)) };
    expect(axisBaselines(aligned).constant).toBeLessThan(3);
    expect(axisBaselines(aligned).permuted).toBeLessThan(5);
  });

  it('says what is wrong with its input', () => {
    const data = dataFrom((line) => [...line]);
    const options = { readout: 'linear', seeds: [0] } as const;
    expect(() => axisReadout({ ...data, test: [...data.test, 0] }, options)).toThrow(
      /S0 \(item 0\) is in train and in test/,
    );
    expect(() => axisReadout({ ...data, test: [999] }, options)).toThrow(/item 999/);
    expect(() => axisReadout({ ...data, axes: [1, 2, 3] }, options)).toThrow(
      /300 embeddings came with 1 axes/,
    );
    const zero = Array.from(data.axes, (x, k) => (k >= 21 && k < 24 ? 0 : x));
    expect(() => axisReadout({ ...data, axes: zero }, options)).toThrow(/axis of item 7/);
    expect(() => axisReadout({ ...data, train: [0, 1] }, options)).toThrow(/at least two structures/);
    expect(() => axisReadout(data, { readout: 'linear', seeds: [] })).toThrow(/no seeds/);
    expect(() => axisReadout(data, { ...options, validationShare: 1 })).toThrow(/validationShare is 1/);
  });
});
