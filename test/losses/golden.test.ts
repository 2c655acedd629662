import { readdirSync, readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { alignment } from '../../src/losses/alignment.js';
import { barlowTwins, type BarlowTwinsOptions } from '../../src/losses/barlow-twins.js';
import { bilinearEquivariance, type BilinearForm } from '../../src/losses/bilinear-equivariance.js';
import { crossEntropy } from '../../src/losses/cross-entropy.js';
import { equivariance, type EquivarianceOptions } from '../../src/losses/equivariance.js';
import { gaussianUniformity } from '../../src/losses/gaussian-uniformity.js';
import { infoNce, type InfoNceOptions } from '../../src/losses/info-nce.js';
import { isotropy } from '../../src/losses/isotropy.js';
import { predictionLoss } from '../../src/losses/prediction.js';
import { queueInfoNce } from '../../src/losses/queue-info-nce.js';
import { uniformity } from '../../src/losses/uniformity.js';
import { normalizeRows } from '../../src/nn/normalize-rows.js';
import { startEngine } from '../../src/tensorflow/engine.js';
import * as tf from '../../src/tensorflow/tf.js';
import { largestGap } from './reference.js';

type Options = Record<string, unknown>;

/** The queue of the script: unit rows of small whole numbers. */
function queueOf(size: number, dim: number): tf.Tensor2D {
  const rows = Array.from({ length: size }, (_, i) =>
    Array.from({ length: dim }, (_, j) => 1 + ((3 * i + 5 * j) % 7) - 3 * (j % 2)),
  );
  return normalizeRows(tf.tensor2d(rows));
}

/** Each row times its number, so that rows lie on no sphere. */
function offSphere(rows: tf.Tensor2D): tf.Tensor2D {
  return tf.mul(rows, tf.reshape(tf.range(1, rows.shape[0] + 1), [-1, 1]));
}

/** Every loss of two matrices, with its options as the script has them. */
const LOSSES = {
  infoNce: (a, b, options) => infoNce(a, b, options as unknown as InfoNceOptions),
  uniformity: (a, b, options) => uniformity(a, b, options),
  alignment: (a, b) => alignment(a, b),
  equivariance: (a, b, options) => equivariance(a, b, options as unknown as EquivarianceOptions),
  queueInfoNce: (a, b, options) =>
    queueInfoNce(a, b, queueOf(options['size'] as number, a.shape[1]), options as unknown as InfoNceOptions),
  prediction: (a, b) => predictionLoss(a, b),
  barlowTwins: (a, b, options) => barlowTwins(a, b, options as unknown as BarlowTwinsOptions),
  // The second matrix stands for nothing; its gradient is 0.
  crossEntropy: (a, b) => {
    const labels = tf.mod<tf.Tensor1D>(tf.range(0, a.shape[0], 1, 'int32'), tf.scalar(a.shape[1], 'int32'));
    return tf.add(crossEntropy(a, labels), tf.mul(tf.sum(b), 0));
  },
  gaussianUniformity: (a, b, options) =>
    tf.add(gaussianUniformity(offSphere(a), options['temperature'] as number), tf.mul(tf.sum(b), 0)),
  isotropy: (a, b) => tf.add(isotropy(offSphere(a)), tf.mul(tf.sum(b), 0)),
  bilinear: (a, b, options) =>
    bilinearEquivariance(a, b, options['form'] as BilinearForm, options as unknown as EquivarianceOptions),
} as const satisfies Readonly<
  Record<string, (a: tf.Tensor2D, b: tf.Tensor2D, options: Options) => tf.Scalar>
>;

/** Files of losses that are not named after them. */
const FILES: Readonly<Record<string, string>> = { bilinear: 'bilinear-equivariance' };
/** What is beside the losses: checks, a shared step, and CARE's loss, which is the sum of two of them. */
const SHARED = ['care', 'check-batch', 'check-weight', 'log-sum-exp'];

interface GoldenCase {
  readonly loss: keyof typeof LOSSES;
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
  return LOSSES[golden.loss](a, b, golden.options);
}

beforeAll(() => {
  startEngine();
});

describe("PyTorch's value and gradient (test/golden/losses.py)", () => {
  it('covers every loss', () => {
    const files = readdirSync(new URL('../../src/losses/', import.meta.url)).map((file) =>
      file.replace('.ts', ''),
    );
    const fileOf = (loss: string) =>
      FILES[loss] ?? loss.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    expect(files.filter((file) => !SHARED.includes(file)).sort()).toEqual(
      Object.keys(LOSSES).map(fileOf).sort(),
    );
    expect(new Set<string>(golden.cases.map((c) => c.loss))).toEqual(new Set(Object.keys(LOSSES)));
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
