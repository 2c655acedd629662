import { beforeAll, describe, expect, it } from 'vitest';
import { alignment } from '../../src/losses/alignment.js';
import { equivariance } from '../../src/losses/equivariance.js';
import { infoNce } from '../../src/losses/info-nce.js';
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
