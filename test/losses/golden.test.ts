import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { alignment } from '../../src/losses/alignment.js';
import { equivariance, type EquivarianceOptions } from '../../src/losses/equivariance.js';
import { infoNce, type InfoNceOptions } from '../../src/losses/info-nce.js';
import { uniformity } from '../../src/losses/uniformity.js';
import { startEngine } from '../../src/tensorflow/engine.js';
import * as tf from '../../src/tensorflow/tf.js';
import { largestGap } from './reference.js';

interface GoldenCase {
  readonly loss: 'infoNce' | 'uniformity' | 'alignment' | 'equivariance';
  readonly options: Record<string, unknown>;
  readonly batch: number;
  readonly dim: number;
  readonly first: number[];
  readonly second: number[];
  readonly value: number;
  readonly gradFirst: number[];
  readonly gradSecond: number[];
}

const golden = JSON.parse(readFileSync(new URL('../golden/losses.json', import.meta.url), 'utf8')) as {
  readonly cases: readonly GoldenCase[];
};

function lossOf(golden: GoldenCase, a: tf.Tensor2D, b: tf.Tensor2D): tf.Scalar {
  switch (golden.loss) {
    case 'infoNce':
      return infoNce(a, b, golden.options as unknown as InfoNceOptions);
    case 'uniformity':
      return uniformity(a, b, golden.options);
    case 'alignment':
      return alignment(a, b);
    case 'equivariance':
      return equivariance(a, b, golden.options as unknown as EquivarianceOptions);
  }
}

beforeAll(() => {
  startEngine();
});

describe("PyTorch's value and gradient (test/golden/losses.py)", () => {
  it('covers every loss', () => {
    expect(new Set(golden.cases.map((c) => c.loss)).size).toBe(4);
  });

  it.each(
    golden.cases.map((c) => [`${c.loss} ${c.batch}x${c.dim} ${JSON.stringify(c.options)}`, c] as const),
  )('%s', (_, c) => {
    tf.tidy(() => {
      const shape: [number, number] = [c.batch, c.dim];
      const { value, grads } = tf.valueAndGrads((a, b) => lossOf(c, a as tf.Tensor2D, b as tf.Tensor2D))([
        tf.tensor2d(c.first, shape),
        tf.tensor2d(c.second, shape),
      ]);
      const scale = Math.max(1, ...c.gradFirst.map(Math.abs), ...c.gradSecond.map(Math.abs));
      expect(Math.abs((value.dataSync()[0] ?? NaN) - c.value)).toBeLessThan(2e-6 * Math.max(1, c.value));
      expect(largestGap(grads[0]?.dataSync() ?? [], c.gradFirst) / scale).toBeLessThan(2e-6);
      expect(largestGap(grads[1]?.dataSync() ?? [], c.gradSecond) / scale).toBeLessThan(2e-6);
    });
  });
});
