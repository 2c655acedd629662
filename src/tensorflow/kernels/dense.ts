/**
 * A fully connected layer with its activation, `y = a(x W^T + b)`, and its gradient in as few ops as TensorFlow has.
 *
 * tfjs composes the rectifier's gradient of five ops and the bias gradient of a reduction over a reshaped tensor; on the
 * millions of rows of a point cloud batch those passes over memory cost as much as the products.
 */
import * as tf from '../tf.js';
import { rawOps } from './raw.js';

export type DenseActivation = 'relu' | 'none';

/**
 * The plain twin of {@link dense}: what it is tested against, and what runs without the native library.
 */
export function densePlain(
  x: tf.Tensor2D,
  weight: tf.Tensor2D,
  bias: tf.Tensor1D | null,
  activation: DenseActivation,
): tf.Tensor2D {
  const product: tf.Tensor2D = tf.matMul(x, weight, false, true);
  const sum = bias === null ? product : tf.add<tf.Tensor2D>(product, bias);
  return activation === 'relu' ? tf.relu(sum) : sum;
}

/**
 * A fully connected layer: `a(x W^T + b)`, with `a` the rectifier or nothing.
 *
 * @param x - `[rows, in]`
 * @param weight - `[out, in]`, as PyTorch keeps it
 * @param bias - `[out]`, or null for none
 * @returns `[rows, out]`
 */
export function dense(
  x: tf.Tensor2D,
  weight: tf.Tensor2D,
  bias: tf.Tensor1D | null,
  activation: DenseActivation,
): tf.Tensor2D {
  const raw = rawOps();
  if (raw === null) return densePlain(x, weight, bias, activation);
  const { op, attributes } = raw;
  const T = attributes.type('T', 'float32');
  const matMul = (a: tf.Tensor, b: tf.Tensor, transposeA: boolean, transposeB: boolean) =>
    op(
      'MatMul',
      [T, attributes.bool('transpose_a', transposeA), attributes.bool('transpose_b', transposeB)],
      [a, b],
    );

  const forward = tf.customGrad((...args) => {
    const save = args.pop() as unknown as tf.GradSaveFunc;
    const [input, w, b] = args as [tf.Tensor2D, tf.Tensor2D, tf.Tensor1D | undefined];
    const product = matMul(input, w, false, true);
    const sum = b === undefined ? product : op('BiasAdd', [T], [product, b]);
    const value = activation === 'relu' ? op('Relu', [T], [sum]) : sum;
    save([input, w, value]);
    const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]) => {
      const [savedInput, savedWeight, y] = saved as [tf.Tensor2D, tf.Tensor2D, tf.Tensor2D];
      const dSum = activation === 'relu' ? op('ReluGrad', [T], [dy, y]) : dy;
      return [
        matMul(dSum, savedWeight, false, false),
        matMul(dSum, savedInput, true, false),
        ...(b === undefined ? [] : [op('BiasAddGrad', [T], [dSum])]),
      ];
    };
    return { value, gradFunc };
  });
  return forward(...(bias === null ? [x, weight] : [x, weight, bias])) as tf.Tensor2D;
}
