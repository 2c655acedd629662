/**
 * Batch normalisation (Ioffe and Szegedy, ICML 2015) with PyTorch's running statistics: one TensorFlow op forwards, one
 * backwards, where tfjs composes some 25.
 */
import * as tf from '../tf.js';
import { rawOps } from './raw.js';

export interface BatchNormOptions {
  /** Whether to normalise by the batch's own statistics, or by the running ones. */
  readonly training: boolean;
  /** Weight of the batch in the new running statistics, as PyTorch counts it; 0.1 where left out. */
  readonly momentum?: number;
  /** Added to the variance; 1e-5 where left out. */
  readonly epsilon?: number;
}

export interface BatchNormResult {
  /** `[batch, height, width, channels]` */
  readonly y: tf.Tensor4D;
  /** The new running mean `[channels]`; the one given where not training. */
  readonly mean: tf.Tensor1D;
  /** The new running variance `[channels]`, of unbiased batch variances. */
  readonly variance: tf.Tensor1D;
}

/** Share of a batch's statistics in the running ones. */
export const MOMENTUM = 0.1;
const EPSILON = 1e-5;

function valuesPerChannel(x: tf.Tensor4D, training: boolean): number {
  const [batch, height, width] = x.shape;
  const count = batch * height * width;
  if (training && count < 2) {
    throw new Error(
      `Batch norm: an input of shape [${x.shape.join(', ')}] has ${count} value a channel, of which no variance can be ` +
        'taken. Train with a batch of 2 or more.',
    );
  }
  return count;
}

/** The plain twin of {@link batchNorm}. */
export function batchNormPlain(
  x: tf.Tensor4D,
  scale: tf.Tensor1D,
  offset: tf.Tensor1D,
  runningMean: tf.Tensor1D,
  runningVariance: tf.Tensor1D,
  options: BatchNormOptions,
): BatchNormResult {
  const { training, momentum = MOMENTUM, epsilon = EPSILON } = options;
  const count = valuesPerChannel(x, training);
  const { mean, variance } = training
    ? tf.moments(x, [0, 1, 2])
    : { mean: runningMean, variance: runningVariance };
  const normalised = tf.div(tf.sub(x, mean), tf.sqrt(tf.add(variance, epsilon)));
  const y = tf.add<tf.Tensor4D>(tf.mul(normalised, scale), offset);
  if (!training) return { y, mean: runningMean, variance: runningVariance };
  const blend = (running: tf.Tensor1D, batch: tf.Tensor, factor: number) =>
    tf.add<tf.Tensor1D>(tf.mul(running, 1 - momentum), tf.mul(batch, momentum * factor));
  return {
    y,
    mean: blend(runningMean, mean, 1),
    variance: blend(runningVariance, variance, count / (count - 1)),
  };
}

/**
 * Batch normalisation, `y = scale (x - m) / sqrt(v + epsilon) + offset` for each channel. In training, m and v are mean
 * and biased variance of the batch, and the new running statistics are
 * `(1 - momentum) running + momentum (mean or unbiased variance)`, as in PyTorch; else m and v are the running ones.
 *
 * @param x - `[batch, height, width, channels]`
 * @param scale - `[channels]`, as are the others
 * @throws Error in training, where a channel has a single value.
 */
export function batchNorm(
  x: tf.Tensor4D,
  scale: tf.Tensor1D,
  offset: tf.Tensor1D,
  runningMean: tf.Tensor1D,
  runningVariance: tf.Tensor1D,
  options: BatchNormOptions,
): BatchNormResult {
  const raw = rawOps();
  if (raw === null) return batchNormPlain(x, scale, offset, runningMean, runningVariance, options);
  const { training, momentum = MOMENTUM, epsilon = EPSILON } = options;
  valuesPerChannel(x, training);
  const { ops, attributes } = raw;
  const shared = [
    attributes.type('T', 'float32'),
    attributes.type('U', 'float32'),
    attributes.float('epsilon', epsilon),
    attributes.string('data_format', 'NHWC'),
    attributes.bool('is_training', training),
  ];
  const kept: tf.Tensor[] = [];
  const normalise = tf.customGrad((...args) => {
    const [input, gamma, beta, save] = args as unknown as [
      tf.Tensor4D,
      tf.Tensor1D,
      tf.Tensor1D,
      tf.GradSaveFunc,
    ];
    // With this factor TensorFlow blends the statistics itself; its batch variance is the unbiased one already.
    const factor = attributes.float('exponential_avg_factor', training ? momentum : 1);
    const outputs = ops(
      'FusedBatchNormV3',
      [...shared, factor],
      [input, gamma, beta, runningMean, runningVariance],
      6,
    );
    const [value, mean, variance, batchMean, batchVariance, extra] = outputs as [
      tf.Tensor,
      tf.Tensor,
      tf.Tensor,
      tf.Tensor,
      tf.Tensor,
      tf.Tensor,
    ];
    // The gradient function frees what is made in here; the running statistics have to outlive it.
    if (training) kept.push(tf.keep(mean), tf.keep(variance));
    const statistics = training ? [batchMean, batchVariance] : [runningMean, runningVariance];
    save([input, gamma, ...statistics, extra]);
    const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]) =>
      ops('FusedBatchNormGradV3', shared, [dy, ...saved], 5).slice(0, 3);
    return { value, gradFunc };
  });
  const y = normalise(x, scale, offset) as tf.Tensor4D;
  if (!training) return { y, mean: runningMean, variance: runningVariance };
  const [mean, variance] = kept.map((tensor) => tf.clone(tensor)) as [tf.Tensor1D, tf.Tensor1D];
  tf.dispose(kept);
  return { y, mean, variance };
}
