import { beforeAll, describe, expect, it } from 'vitest';
import { uniformity } from '../../src/losses/uniformity.js';
import { embeddingsFrom } from '../../src/measure/embeddings.js';
import { uniformityOf } from '../../src/measure/uniformity-of.js';
import { startEngine } from '../../src/tensorflow/engine.js';
import * as tf from '../../src/tensorflow/tf.js';
import { golden, goldenEmbeddings, onSphere } from './helpers.js';

beforeAll(() => {
  startEngine();
});

describe('uniformityOf', () => {
  it("is numpy's", () => {
    const { values, temperature, uniformity: expected } = golden.uniformity;
    const found = uniformityOf(goldenEmbeddings(golden.uniformity, values), { temperature });
    expect(found).toBeCloseTo(expected, 6);
  });

  it('is the loss of the same name on the same embeddings', () => {
    const embeddings = onSphere(3, 12, 5);
    const loss = tf.tidy(() => uniformity(tf.tensor2d(embeddings.values, [12, 5])).dataSync()[0]);
    expect(uniformityOf(embeddings)).toBeCloseTo(loss ?? NaN, 5);
  });

  it('is 1/t for a collapsed encoder, whatever the lengths, and 0 for orthogonal items', () => {
    const collapsed = embeddingsFrom([
      [3, 4],
      [0.6, 0.8],
      [6, 8],
    ]);
    expect(uniformityOf(collapsed, { temperature: 0.01 })).toBeCloseTo(100, 6);
    expect(
      uniformityOf(
        embeddingsFrom([
          [1, 0, 0],
          [0, 1, 0],
          [0, 0, 1],
        ]),
      ),
    ).toBeCloseTo(0, 12);
  });

  it('can be estimated from sampled pairs', () => {
    const embeddings = onSphere(3, 200, 4);
    const sampled = uniformityOf(embeddings, { maxPairs: 5000, seed: 1 });
    expect(sampled).not.toBe(uniformityOf(embeddings));
    expect(Math.abs(sampled - uniformityOf(embeddings))).toBeLessThan(0.03);
  });

  it('says what is wrong with its input', () => {
    expect(() =>
      uniformityOf(
        embeddingsFrom([
          [1, 0],
          [0, 0],
        ]),
      ),
    ).toThrow(/row 1 of embeddings is zero/);
    expect(() => uniformityOf(onSphere(1, 3, 2), { temperature: 0 })).toThrow(/temperature is 0/);
  });
});
