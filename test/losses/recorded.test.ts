import { beforeAll, describe, expect, it } from 'vitest';
import { alignment } from '../../src/losses/alignment.js';
import { barlowTwins } from '../../src/losses/barlow-twins.js';
import { bilinearEquivariance } from '../../src/losses/bilinear-equivariance.js';
import { crossEntropy } from '../../src/losses/cross-entropy.js';
import { equivariance } from '../../src/losses/equivariance.js';
import { gaussianUniformity } from '../../src/losses/gaussian-uniformity.js';
import { infoNce } from '../../src/losses/info-nce.js';
import { isotropy } from '../../src/losses/isotropy.js';
import { predictionLoss } from '../../src/losses/prediction.js';
import { queueInfoNce } from '../../src/losses/queue-info-nce.js';
import { uniformity } from '../../src/losses/uniformity.js';
import { compileProgram, type Execution } from '../../src/tensorflow/compile.js';
import { startEngine } from '../../src/tensorflow/engine.js';
import * as tf from '../../src/tensorflow/tf.js';
import { largestGap, unitRows } from './reference.js';

beforeAll(() => {
  startEngine();
});

const losses = {
  infoNce: (a: tf.Tensor2D, b: tf.Tensor2D) => infoNce(a, b, { temperature: 0.2 }),
  alignment,
  uniformity,
  equivariance: (a: tf.Tensor2D, b: tf.Tensor2D) => equivariance(a, b, { chunks: 2, reduction: 'mean' }),
  queueInfoNce: (a: tf.Tensor2D, b: tf.Tensor2D) =>
    queueInfoNce(a, b, tf.neg(tf.onesLike(b)), { temperature: 0.2 }),
  prediction: predictionLoss,
  barlowTwins: (a: tf.Tensor2D, b: tf.Tensor2D) => barlowTwins(a, b, { offDiagonal: 0.3 }),
  crossEntropy: (a: tf.Tensor2D, b: tf.Tensor2D) =>
    tf.add<tf.Scalar>(
      crossEntropy(a, tf.range(0, 8, 1, 'int32').mod(tf.scalar(4, 'int32'))),
      tf.mean(tf.square(b)),
    ),
  gaussianUniformity: (a: tf.Tensor2D, b: tf.Tensor2D) =>
    tf.add<tf.Scalar>(gaussianUniformity(a, 0.4), tf.mean(tf.square(b))),
  isotropy: (a: tf.Tensor2D, b: tf.Tensor2D) => tf.add<tf.Scalar>(isotropy(a), tf.mean(tf.square(b))),
  minkowski: (a: tf.Tensor2D, b: tf.Tensor2D) =>
    bilinearEquivariance(a, b, 'minkowski', { chunks: 2, reduction: 'mean' }),
  symplectic: (a: tf.Tensor2D, b: tf.Tensor2D) =>
    bilinearEquivariance(a, b, 'symplectic', { chunks: 2, reduction: 'mean' }),
};

const inputs = {
  first: Float32Array.from(unitRows(1, 8, 4).flat()),
  second: Float32Array.from(unitRows(2, 8, 4).flat()),
};

function run(loss: (a: tf.Tensor2D, b: tf.Tensor2D) => tf.Scalar, execution: Execution): number[] {
  const spec = { shape: [8, 4], dtype: 'float32' } as const;
  const program = compileProgram(
    {
      name: 'loss',
      state: {},
      functions: {
        step: {
          inputs: { first: spec, second: spec },
          run: (_, given) => {
            const { value, grads } = tf.valueAndGrads((a, b) => loss(a as tf.Tensor2D, b as tf.Tensor2D))([
              given['first'] as tf.Tensor,
              given['second'] as tf.Tensor,
            ]);
            return { outputs: { value, first: grads[0] as tf.Tensor, second: grads[1] as tf.Tensor } };
          },
        },
      },
    },
    execution,
  );
  const found = program.run('step', inputs);
  return ['value', 'first', 'second'].flatMap((name) => Array.from(found[name]?.values ?? []));
}

describe('losses in a recorded step', () => {
  it.each(Object.entries(losses))('%s and its gradients are those of the eager step', (_, loss) => {
    const eager = run(loss, 'eager');
    expect(eager).toHaveLength(1 + 2 * 32);
    expect(Math.max(...eager.map(Math.abs))).toBeGreaterThan(0.01);
    expect(largestGap(run(loss, 'chained'), eager)).toBeLessThan(1e-6);
  });
});
