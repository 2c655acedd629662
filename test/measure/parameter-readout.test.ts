import { beforeAll, describe, expect, it } from 'vitest';
import { embeddingsFrom } from '../../src/measure/embeddings.js';
import { parameterReadout, type ParameterData } from '../../src/measure/parameter-readout.js';
import { startEngine } from '../../src/tensorflow/engine.js';
import { randomStream } from '../../src/tensorflow/random.js';
import { onSphere } from './helpers.js';

beforeAll(() => {
  startEngine();
});

const ROWS = 400;
const train = Array.from({ length: 300 }, (_, i) => i);
const test = Array.from({ length: 100 }, (_, i) => 300 + i);
const random = randomStream(9);
const shifts = Array.from({ length: ROWS }, () => [random.normal(), random.normal()] as const);
const from = onSphere(1, ROWS, 4);
const rowOf = (i: number) => Array.from(from.values.subarray(4 * i, 4 * i + 4));
const parameters = shifts.flatMap(([a, b]) => [a, b, 7]);
const names = ['a', 'b', 'fixed'];

/** Embeddings that moved by `a` along the first axis, plus `noise`. */
const moved = (noise: number) =>
  embeddingsFrom(
    shifts.map(([a], i) => rowOf(i).map((x, k) => x + (k === 0 ? a : 0) + noise * random.normal())),
  );
const data = (to = moved(0)): ParameterData => ({ from, to, names, parameters, train, test });

describe('parameterReadout', () => {
  it('reads what the pair holds, and only that', () => {
    const found = parameterReadout(data());
    expect(found.perParameter['a']?.value).toBeGreaterThan(0.999);
    expect(Math.abs(found.perParameter['b']?.value ?? 1)).toBeLessThan(0.1);
    expect(found.constant).toEqual(['fixed']);
    expect(found.perParameter['a']).toMatchObject({ n: 3, kind: 'classifier seeds' });
    expect(found.mean.value).toBeCloseTo(
      ((found.perParameter['a']?.value ?? 0) + (found.perParameter['b']?.value ?? 0)) / 2,
      9,
    );
  });

  it('explains the share of the variance that noise leaves', () => {
    // The target is x'_0 - x_0 less noise of variance 1: R^2 is at best var / (var + 1) = 1/2.
    const found = parameterReadout(data(moved(1)));
    expect(Math.abs((found.perParameter['a']?.value ?? 0) - 0.5)).toBeLessThan(0.15);
  });

  it('is 1 less squared errors over those of the mean, worked out by hand where embeddings tell nothing', () => {
    // Of equal embeddings every readout gives the mean to learn from, 1; the items to judge by have 3 and 5.
    const still = embeddingsFrom(Array.from({ length: 8 }, () => [1, 2]));
    const strength = [0, 2, 0, 2, 0, 2, 3, 5];
    const items = { train: [0, 1, 2, 3, 4, 5], test: [6, 7] };
    const found = parameterReadout({ from: still, to: still, names: ['s'], parameters: strength, ...items });
    // 1 - ((3 - 1)^2 + (5 - 1)^2) / ((3 - 4)^2 + (5 - 4)^2)
    expect(found.mean.value).toBeCloseTo(-9, 5);
  });

  it('reads what few items have, though none of them be held back', () => {
    // One item of ten has the parameter: most parts held back of 30 items hold none.
    const rare = Array.from({ length: 400 }, (_, i) => (i % 10 === 0 ? 1 : 0));
    const to = embeddingsFrom(rare.map((has, i) => rowOf(i).map((x, k) => x + (k === 0 ? has : 0))));
    const few = { train: train.slice(0, 30), test, names: ['rare'], parameters: rare, from, to };
    for (const readout of ['linear', 'mlp'] as const) {
      const { perParameter } = parameterReadout(few, { readout, validationShare: 0.1 });
      expect(perParameter['rare']?.value).toBeGreaterThan(0.5);
    }
  });

  it('reads nothing from an invariant encoder', () => {
    const found = parameterReadout(data(from));
    expect(found.perParameter['a']?.value).toBeLessThan(0.05);
  });

  it('needs the MLP for what is not linear in the pair', () => {
    const squared = embeddingsFrom(
      shifts.map(([a], i) => [...rowOf(i).slice(1), a > 0 ? a * a : -3 * a * a]),
    );
    const linear = parameterReadout(data(squared), { seeds: [0] });
    const mlp = parameterReadout(data(squared), { seeds: [0], readout: 'mlp', mlp: { hidden: 32 } });
    expect(mlp.perParameter['a']?.value).toBeGreaterThan((linear.perParameter['a']?.value ?? 1) + 0.05);
    expect(mlp.perParameter['a']?.value).toBeGreaterThan(0.8);
  });

  it('says what is wrong', () => {
    expect(() => parameterReadout({ ...data(), parameters: [1] })).toThrow(
      /400 pairs came with 1 numbers for 3/,
    );
    expect(() => parameterReadout({ ...data(), test: [0, 301] })).toThrow(/item 0 is in train and in test/);
    expect(() => parameterReadout({ ...data(), test: [301, 999] })).toThrow(/test holds item 999/);
    expect(() => parameterReadout({ ...data(), train: [0, 1] })).toThrow(/2 items to learn from/);
    const constant = parameters.map(() => 1);
    expect(() => parameterReadout({ ...data(), parameters: constant })).toThrow(/no parameter varies/);
    const bad = parameters.map((x, i) => (i === 4 ? NaN : x));
    expect(() => parameterReadout({ ...data(), parameters: bad })).toThrow(/b of pair 1 is NaN/);
    expect(() => parameterReadout(data(), { seeds: [] })).toThrow(/no seeds/);
    expect(() => parameterReadout(data(onSphere(1, 3, 4)))).toThrow(/400 x 4 and to is 3 x 4/);
  });
});
