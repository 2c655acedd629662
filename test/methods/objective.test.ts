import { describe, expect, it } from 'vitest';
import { equivariance } from '../../src/losses/equivariance.js';
import { infoNce } from '../../src/losses/info-nce.js';
import { OBJECTIVES, objectiveLoss, viewsPerItem, type ObjectiveName } from '../../src/methods/objective.js';
import { normalizeRows } from '../../src/nn/normalize-rows.js';
import { startEngine } from '../../src/tensorflow/engine.js';
import { randomStream } from '../../src/tensorflow/random.js';
import * as tf from '../../src/tensorflow/tf.js';

startEngine();

function sphere(seed: number): tf.Tensor2D {
  return normalizeRows(tf.tensor2d(Float32Array.from({ length: 8 * 3 }, randomStream(seed).normal), [8, 3]));
}
const each = [sphere(1), sphere(2)] as const;
const chunked = [sphere(3), sphere(4)] as const;
const options = { temperature: 0.5, lambda: 0.3, chunks: 2, reduction: 'mean' } as const;

function run(name: ObjectiveName) {
  const asked: string[] = [];
  const views = {
    each: () => (asked.push('each'), each),
    chunked: () => (asked.push('chunked'), chunked),
  };
  const { total, terms } = objectiveLoss(name, views, options);
  return { asked, total: total.dataSync()[0], terms: Object.keys(terms) };
}

describe('objectiveLoss', () => {
  it('is InfoNCE + lambda L_equi for CARE and InfoNCE alone for SimCLR', () => {
    const contrast = infoNce(...each, options).dataSync()[0] ?? NaN;
    const equi = equivariance(...chunked, options).dataSync()[0] ?? NaN;
    expect(run('care').total).toBeCloseTo(contrast + 0.3 * equi, 5);
    expect(run('simclr').total).toBeCloseTo(contrast, 5);
  });

  it('embeds only the views that its terms need', () => {
    expect(run('simclr').asked).toEqual(['each']);
    expect(run('care').asked).toEqual(['each', 'chunked']);
    expect(run('l-inv').terms).toEqual(['alignment']);
    expect(run('l-unif').terms).toEqual(['uniformity']);
    expect(run('l-unif+l-equi').terms).toEqual(['uniformity', 'equivariance']);
  });

  it('counts the views of a step', () => {
    expect(Object.keys(OBJECTIVES).map((name) => viewsPerItem(name as ObjectiveName))).toEqual([
      4, 2, 2, 4, 2, 2, 2, 4, 4,
    ]);
  });
});
