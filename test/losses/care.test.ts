import { beforeAll, describe, expect, it } from 'vitest';
import { careLoss, type CareOptions } from '../../src/losses/care.js';
import { startEngine } from '../../src/tensorflow/engine.js';
import * as tf from '../../src/tensorflow/tf.js';
import { equivarianceLoop, infoNceLoop, matrix, unitRows } from './reference.js';

beforeAll(() => {
  startEngine();
});

const options: CareOptions = { temperature: 0.5, lambda: 0.3, chunks: 2, reduction: 'mean' };
const [a, b, c, d] = [unitRows(1, 6, 4), unitRows(2, 6, 4), unitRows(3, 6, 4), unitRows(4, 6, 4)];

const views = (): Parameters<typeof careLoss>[0] => ({
  first: matrix(a),
  second: matrix(b),
  chunkedFirst: matrix(c),
  chunkedSecond: matrix(d),
});

describe('careLoss', () => {
  it('is InfoNCE of the first pair plus lambda times L_equi of the second', () => {
    const terms = careLoss(views(), options);
    const contrast = infoNceLoop(a, b, 0.5);
    const equivariant = equivarianceLoop(c, d, 2, 'mean');
    expect(terms.infoNce.dataSync()[0]).toBeCloseTo(contrast, 5);
    expect(terms.equivariance.dataSync()[0]).toBeCloseTo(equivariant, 5);
    expect(terms.total.dataSync()[0]).toBeCloseTo(contrast + 0.3 * equivariant, 5);
  });

  it('passes lambda times the gradient to the chunked views, and none at lambda 0', () => {
    const gradientAt = (lambda: number): Float32Array =>
      tf.tidy(() => {
        const fixed = views();
        const loss = (x: tf.Tensor): tf.Scalar =>
          careLoss({ ...fixed, chunkedFirst: x as tf.Tensor2D }, { ...options, lambda }).total;
        return tf.grad(loss)(fixed.chunkedFirst).dataSync() as Float32Array;
      });
    const [one, third, none] = [gradientAt(1), gradientAt(0.25), gradientAt(0)];
    expect(Math.max(...one)).toBeGreaterThan(1e-3);
    one.forEach((g, i) => expect(third[i]).toBeCloseTo(0.25 * g, 6));
    expect(none.every((g) => g === 0)).toBe(true);
  });

  it('refuses a lambda that is negative or no number', () => {
    expect(() => careLoss(views(), { ...options, lambda: -0.1 })).toThrow(/lambda is -0.1/);
    expect(() => careLoss(views(), { ...options, lambda: NaN })).toThrow(/lambda is NaN/);
  });
});
